"""Orders and carts as rows: those that were written before their columns held words of our own read as they did."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agreegate.storage.engine.schema import APPLICATION_ID, migrations
from agreegate.storage.engine.sqlite import connect
from agreegate.storage.engine.unit_of_work import to_micros
from tests import personas as cast
from tests.cast_rows import populate
from tests.dashboard.visitor import visitor
from tests.world import AUGUST, World

BEFORE = 11
"""A schema whose orders and carts held words of the wire."""
WRITTEN = to_micros(AUGUST)
OFFER = "DG7GMGF0DWTL:0001:DG7GMGF0DSJB"
ORDER, SUBSCRIPTION, CART, BOUGHT_CART = (f"0{kind}000000-0000-4000-8000-000000000001" for kind in range(1, 5))
KEY = (cast.ALDER, cast.CEDAR)
HERE = f"/v1/customers/{cast.CEDAR}"
LINES = [(0, "Office", "New", None), (1, "Office", "renew", "P1Y"), (2, 'Named "New"', "convert", None)]
"""Number, name, transaction type and terms to renew to, as they were written."""
SAID = '"error":10001'
"""The name that the caller gave to a cart's line."""
ERRORS = (10000, 10001, 10004, 10007, 10009, 10010)


def line(number: int, error: int | None, **changes: Any) -> dict[str, Any]:
    """A line of a cart as it was kept."""
    written = {
        "id": number, "catalog_item_id": OFFER, "quantity": 2, "friendly_name": SAID, "currency_code": "USD",
        "billing_cycle": "monthly", "term": None, "renews_to": None, "participants": [["transaction_reseller", "1000002"]],
        "provisioning_context": {"error": "10001"}, "order_group": "0", "addons": [], "error": error,
    }  # fmt: skip
    return written | changes


def write_orders_of_before(path: Path) -> None:
    """A record at the schema of before, with an order and two carts as that version wrote them."""
    connection = connect(path)
    with connection:
        for migration in migrations():
            if migration.number <= BEFORE:
                connection.execute(migration.sql)
        connection.pragma("user_version", BEFORE)
        connection.pragma("application_id", APPLICATION_ID)
        populate(connection)
        connection.execute(
            "insert into order_ (partner_id, customer_id, order_id, billing_cycle, currency_code, status, created_at)"
            " values (?, ?, ?, 'monthly', 'USD', 'completed', ?)", (*KEY, ORDER, WRITTEN))  # fmt: skip
        connection.executemany(
            "insert into order_line (partner_id, customer_id, order_id, line_number, offer_id, subscription_id,"
            " friendly_name, quantity, partner_id_on_record, transaction_type, term_duration, renews_to,"
            " provisioning_context) values (?, ?, ?, ?, ?, ?, ?, 5, '1000002', ?, 'P1Y', ?, '{\"isTrial\": \"false\"}')",
            [(*KEY, ORDER, number, OFFER, SUBSCRIPTION, name, kind, renews) for number, name, kind, renews in LINES],
        )
        faulty = [line(number, error) for number, error in enumerate(ERRORS)]
        faulty.append(line(6, None, addons=[line(7, 10001)]))
        for id_, status, lines in ((CART, "Active", faulty), (BOUGHT_CART, "Ordered", [line(0, None)])):
            connection.execute(
                "insert into cart (partner_id, customer_id, cart_id, status, last_modified_user, line_items, created_at,"
                " modified_at, expires_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*KEY, id_, status, cast.ALDER_SALES, json.dumps(lines, separators=(",", ":")), WRITTEN, WRITTEN,
                 WRITTEN + 900_000_000))  # fmt: skip
    connection.close()


@pytest.fixture
async def upgraded(tmp_path: Path) -> AsyncIterator[World]:
    """A server on the record of before, upgraded."""
    write_orders_of_before(tmp_path / "agreegate.db")
    world = World(tmp_path, AUGUST)
    yield world
    await world.close()


async def test_an_order_of_before_reads_as_it_did(upgraded: World) -> None:
    answer = await upgraded.send(cast.ALDER_SALES, "GET", f"{HERE}/orders/{ORDER}")
    assert answer.status_code == 200
    bought = {"uri": f"/customers/{cast.CEDAR}/subscriptions/{SUBSCRIPTION}", "method": "GET", "headers": []}
    assert answer.json()["lineItems"] == [
        {
            "lineItemNumber": number,
            "offerId": OFFER,
            "subscriptionId": SUBSCRIPTION,
            "friendlyName": name,
            "quantity": 5,
            "termDuration": "P1Y",
            "transactionType": kind,
            "partnerIdOnRecord": "1000002",
            "provisioningContext": {"isTrial": "false"},
            "links": {"subscription": bought},
        }
        | ({} if renews is None else {"renewsTo": {"termDuration": renews}})
        for number, name, kind, renews in LINES
    ]
    listed = (await upgraded.send(cast.ALDER_SALES, "GET", f"{HERE}/orders")).json()
    assert listed["items"] == [answer.json()]
    shown = await (await visitor(upgraded)).get(f"/customers/{cast.CEDAR}")
    assert 'Named "New"' in shown.text


async def test_carts_of_before_read_as_they_did(upgraded: World) -> None:
    open_, bought = [
        (await upgraded.send(cast.ALDER_SALES, "GET", f"{HERE}/carts/{id_}")).json() for id_ in (CART, BOUGHT_CART)
    ]
    assert (open_["status"], bought["status"]) == ("Active", "Ordered")
    assert (open_["lastModifiedUser"], open_["expirationTimestamp"]) == (cast.ALDER_SALES, "2018-08-15T00:15:00Z")
    *faulty, last = open_["lineItems"]
    assert [one["error"]["errorCode"] for one in faulty] == list(ERRORS)
    assert "error" not in last
    assert last["addonItems"][0]["error"]["errorCode"] == 10001
    assert {one["friendlyName"] for one in open_["lineItems"]} == {SAID}
    assert {one["provisioningContext"]["error"] for one in open_["lineItems"]} == {"10001"}
    assert bought["lineItems"] == [{name: value for name, value in faulty[0].items() if name != "error"}]


async def test_a_cart_of_before_is_put_right_and_bought_once(upgraded: World) -> None:
    path = f"{HERE}/carts/{CART}"
    put = await upgraded.send(
        cast.ALDER_SALES, "PUT", path, {"lineItems": [{"id": 0, "catalogItemId": OFFER, "quantity": 3}]}
    )
    assert put.status_code == 200
    for cart, status in ((CART, 201), (CART, 400), (BOUGHT_CART, 400)):
        answer = await upgraded.send(cast.ALDER_SALES, "POST", f"{HERE}/carts/{cart}/checkout")
        assert answer.status_code == status, answer.text


def test_the_columns_admit_words_of_our_own_alone(upgraded: World) -> None:
    made = upgraded.rows(
        "select sql from sqlite_schema where tbl_name in ('order_', 'order_line', 'cart', 'subscription')"
    )
    words = {word for (sql,) in made if sql for word in re.findall("'([^']*)'", sql)}
    assert {"new", "active", "ordered", "completed"} <= words
    assert words - {"P1M", "P1Y", "P3Y"} == {word.lower() for word in words} - {"p1m", "p1y", "p3y"}
    assert upgraded.rows("pragma foreign_key_check") == []
    assert upgraded.rows("select name from sqlite_schema where tbl_name in ('cart', 'order_line') and type = 'index'"
                         " and sql is not null order by 1") == [("cart_by_age",), ("cart_open",)]  # fmt: skip
