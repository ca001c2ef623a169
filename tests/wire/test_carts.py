"""Carts and checkout as the contract's pages show them (contract 4.10)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests import personas as cast
from tests.world import API_ENFORCED, World

CARTS = f"/v1/customers/{cast.CEDAR}/carts"
ITEM = "DG7GMGF0DWTL:0001:DG7GMGF0DSJB"
REQUEST = "4fa6dad6-a89f-4875-8247-8294a10ae1cf"


def of(*lines: dict[str, Any]) -> dict[str, Any]:
    """A cart of these lines, two of one item each unless it says otherwise."""
    return {"lineItems": [{"catalogItemId": ITEM, "quantity": 2} | line for line in lines]}


async def begin(world: World, *lines: dict[str, Any], **headers: str) -> Any:
    return await world.send(cast.ALDER_SALES, "POST", CARTS, of(*(lines or ({},))), headers)


async def buy(world: World, cart: str, body: object = None, **headers: str) -> Any:
    return await world.send(cast.ALDER_SALES, "POST", f"{CARTS}/{cart}/checkout", body, headers)


async def test_a_cart_as_the_contracts_page_creates_it(world: World) -> None:
    body = {
        "Id": None,
        "CreationTimestamp": None,
        "LastModifiedTimestamp": None,
        "ExpirationTimestamp": "0001-01-01T00:00:00",
        "LastModifiedUser": None,
        "LineItems": [
            {
                "Id": 0,
                "CatalogItemId": "91FD106F-4B2C-4938-95AC-F54F74E9A239",
                "FriendlyName": "Myofferpurchase",
                "Quantity": 3,
                "CurrencyCode": None,
                "BillingCycle": "monthly",
                "Participants": [{"Key": "transaction_reseller", "Value": "1000002"}],
                "ProvisioningContext": None,
                "OrderGroup": None,
                "AddonItems": [
                    {
                        "Id": 1,
                        "CatalogItemId": ITEM,
                        "FriendlyName": None,
                        "Quantity": 2,
                        "BillingCycle": "monthly",
                        "AddonItems": None,
                        "Error": None,
                    }
                ],
                "Error": None,
            }
        ],
        "Attributes": {"ObjectType": "Cart"},
    }
    answer = await world.send(cast.ALDER_SALES, "POST", CARTS, body)
    assert answer.status_code == 201
    id_ = answer.json()["id"]
    assert answer.json() == {
        "id": id_,
        "creationTimestamp": "2018-08-15T00:00:00Z",
        "lastModifiedTimestamp": "2018-08-15T00:00:00Z",
        "expirationTimestamp": "2018-08-15T00:15:00Z",
        "lastModifiedUser": cast.ALDER_SALES,
        "status": "Active",
        "lineItems": [
            {
                "id": 0,
                "catalogItemId": "91FD106F-4B2C-4938-95AC-F54F74E9A239",
                "friendlyName": "Myofferpurchase",
                "quantity": 3,
                "currencyCode": "USD",
                "billingCycle": "monthly",
                "orderGroup": "0",
                "participants": [{"key": "transaction_reseller", "value": "1000002"}],
                "addonItems": [
                    {
                        "id": 1,
                        "catalogItemId": ITEM,
                        "quantity": 2,
                        "currencyCode": "USD",
                        "billingCycle": "monthly",
                        "orderGroup": "0",
                    }
                ],
            }
        ],
        "links": {"self": {"uri": f"/customers/{cast.CEDAR}/carts/{id_}", "method": "GET", "headers": []}},
        "attributes": {"objectType": "Cart"},
    }
    read = await world.send(cast.ALDER_HELPDESK, "GET", f"{CARTS}/{id_}")
    assert (read.status_code, read.json()) == (200, answer.json())


async def test_checkout_answers_with_the_orders(world: World) -> None:
    cart = (
        await begin(world, {"addonItems": [{"catalogItemId": ITEM, "quantity": 1}]}, {"billingCycle": "annual"})
    ).json()
    answer = await buy(world, cart["id"])
    assert answer.status_code == 201
    body = answer.json()
    assert (body["orderErrors"], body["attributes"]) == ([], {"objectType": "CartCheckoutResult"})
    monthly, annual = body["orders"]
    assert [line["quantity"] for line in monthly["lineItems"]] == [2, 1]
    assert monthly["lineItems"][1]["parentSubscriptionId"] == monthly["lineItems"][0]["subscriptionId"]
    assert (annual["billingCycle"], annual["lineItems"][0]["offerId"]) == ("annual", ITEM)
    listed = await world.send(cast.ALDER, "GET", f"/v1/customers/{cast.CEDAR}/orders")
    assert {order["id"] for order in listed.json()["items"]} == {monthly["id"], annual["id"]}
    assert (await world.send(cast.ALDER, "GET", f"{CARTS}/{cart['id']}")).json()["status"] == "Ordered"


@pytest.mark.rule("R4", "R7", "R12")
async def test_the_gate_fires_at_checkout_and_only_there(world: World) -> None:
    world.clock.now = API_ENFORCED
    begun = await begin(world, {}, {"billingCycle": "annual"})
    assert begun.status_code == 201
    cart = begun.json()
    changed = await world.send(cast.ALDER_SALES, "PUT", f"{CARTS}/{cart['id']}", cart)
    assert changed.status_code == 200
    refused = await buy(world, cart["id"], **{"MS-RequestId": REQUEST})
    assert (refused.status_code, refused.json()["code"]) == (403, 13605)
    assert world.rows("select count(*) from order_") == [(0,)]
    assert (await world.send(cast.ALDER, "GET", f"{CARTS}/{cart['id']}")).json() == changed.json()
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    assert (await buy(world, cart["id"], **{"MS-RequestId": REQUEST})).status_code == 201


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ({"currencyCode": "12"}, 10000),
        ({"catalogItemId": "nonsense"}, 10001),
        ({"participants": [{"key": "transaction_reseller", "value": "1000003"}]}, 10004),
        ({"provisioningContext": {"ParentSubscriptionId": cast.NOBODY}}, 10007),
        ({"participants": [{"key": "a", "value": "1000002"}, {"key": "b", "value": "1000007"}]}, 10010),
    ],
)
async def test_what_is_wrong_with_a_line_stands_with_it(world: World, line: dict[str, Any], number: int) -> None:
    begun = await begin(world, {}, line, **{"X-Locale": "fr-FR"})
    assert begun.status_code == 201
    right, wrong = begun.json()["lineItems"]
    assert "error" not in right
    assert wrong["error"]["errorCode"] == number
    assert wrong["error"]["errorDescription"].startswith("L")
    refused = await buy(world, begun.json()["id"])
    assert (refused.status_code, refused.json()["code"]) == (400, 800009)
    fixed = await world.send(cast.ALDER_SALES, "PUT", f"{CARTS}/{begun.json()['id']}", of({}, {}))
    assert fixed.status_code == 200
    assert (await buy(world, begun.json()["id"])).status_code == 201


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 3000),
        ({}, 3000),
        ({"lineItems": []}, 3000),
        (of({"quantity": None}), 3000),
        (of({"catalogItemId": None}), 3000),
        (of({"termDuration": "P1D"}), 3000),
        (of({"billingCycle": "weekly"}), 3000),
        (of({"addonItems": [{"catalogItemId": ITEM, "quantity": 1, "addonItems": [{"catalogItemId": ITEM, "quantity": 1}]}]}),
         3000),
        (of({"id": 1}), 800071),
        (of({"id": 0}, {"id": 0}), 800071),
        (of({"quantity": 0}), 2002),
        (of({"quantity": 100_001}), 2002),
    ],
)  # fmt: skip
async def test_carts_that_are_refused(world: World, body: object, code: int) -> None:
    answer = await world.send(cast.ALDER_SALES, "POST", CARTS, body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert world.rows("select count(*) from cart") == [(0,)]


async def test_a_cart_is_bought_once(world: World) -> None:
    cart = (await begin(world)).json()["id"]
    assert (await buy(world, cart)).status_code == 201
    for answer in (await buy(world, cart), await world.send(cast.ALDER_SALES, "PUT", f"{CARTS}/{cart}", of({}))):
        assert (answer.status_code, answer.json()["code"]) == (400, 800065)


async def test_after_fifteen_minutes_it_is_gone(world: World) -> None:
    cart = (await begin(world)).json()["id"]
    world.clock.now += timedelta(minutes=15)
    for answer in (
        await world.send(cast.ALDER_SALES, "GET", f"{CARTS}/{cart}"),
        await world.send(cast.ALDER_SALES, "PUT", f"{CARTS}/{cart}", of({})),
        await buy(world, cart),
        await buy(world, cast.NOBODY),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, 800008)


async def test_eight_different_checkouts_at_once_buy_it_once(world: World) -> None:
    cart = (await begin(world)).json()["id"]
    answers = await asyncio.gather(*(buy(world, cart) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 7
    assert {answer.json()["code"] for answer in answers if answer.status_code == 400} == {800065}
    assert world.rows("select count(*) from order_") == [(1,)]
