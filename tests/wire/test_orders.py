"""Orders as the contract's pages show them, and every way in which one is refused (contract 3.7, 4.9)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests import personas as cast
from tests.operations import customer as customer_body
from tests.texts import AMERICA, publish
from tests.world import API_ENFORCED, EVE_OF_API, World

OFFER = "BD938F12-058F-4927-BBA3-AE36B1D2501C"
REQUEST = "f931348a-6312-47d0-a8dd-31a386dedb8f"
NEWER = datetime(2019, 5, 1, tzinfo=UTC)
ORDERS = f"/v1/customers/{cast.CEDAR}/orders"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def order(**changes: Any) -> dict[str, Any]:
    """An order of five seats."""
    line = {"lineItemNumber": 0, "offerId": OFFER, "friendlyName": "Office", "quantity": 5}
    return {"referenceCustomerId": cast.CEDAR, "billingCycle": "monthly", "lineItems": [line]} | changes


def of(*lines: dict[str, Any]) -> dict[str, Any]:
    """An order of these lines, each five seats of the same unless it says otherwise."""
    return order(
        lineItems=[{"lineItemNumber": at, "offerId": OFFER, "quantity": 5} | one for at, one in enumerate(lines)]
    )


async def place(world: World, body: object = None, who: str = cast.ALDER_SALES, **headers: str) -> Any:
    return await world.send(who, "POST", ORDERS, order() if body is None else body, headers)


async def test_an_order_is_echoed_with_its_subscription_and_read_back(world: World) -> None:
    answer = await place(world)
    assert answer.status_code == 201
    body = answer.json()
    id_, subscription = body["id"], body["lineItems"][0]["subscriptionId"]
    assert GUID.fullmatch(id_)
    assert GUID.fullmatch(subscription)
    assert body == {
        "id": id_,
        "referenceCustomerId": cast.CEDAR,
        "billingCycle": "monthly",
        "currencyCode": "USD",
        "currencySymbol": "$",
        "lineItems": [
            {
                "lineItemNumber": 0,
                "offerId": OFFER,
                "subscriptionId": subscription,
                "friendlyName": "Office",
                "quantity": 5,
                "termDuration": "P1Y",
                "transactionType": "New",
                "links": {
                    "subscription": {
                        "uri": f"/customers/{cast.CEDAR}/subscriptions/{subscription}",
                        "method": "GET",
                        "headers": [],
                    }
                },
            }
        ],
        "creationDate": "2018-08-15T00:00:00Z",
        "status": "completed",
        "transactionType": "UserPurchase",
        "links": {"self": {"uri": f"/customers/{cast.CEDAR}/orders/{id_}", "method": "GET", "headers": []}},
        "attributes": {"objectType": "Order"},
    }
    read = await world.send(cast.ALDER_HELPDESK, "GET", f"{ORDERS}/{id_}")
    assert (read.status_code, read.json()) == (200, body)
    listed = await world.send(cast.ALDER, "GET", ORDERS)
    assert listed.json() == {
        "totalCount": 1,
        "items": [body],
        "links": {"self": {"uri": f"/customers/{cast.CEDAR}/orders", "method": "GET", "headers": []}},
        "attributes": {"objectType": "Collection"},
    }
    assert listed.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ({"termDuration": "P1M"}, {"termDuration": "P1M"}),
        ({"termDuration": "p3y"}, {"termDuration": "P3Y"}),
        ({"quantity": 100_000}, {"quantity": 100_000}),
        ({"quantity": 5.0}, {"quantity": 5}),
        ({"partnerIdOnRecord": "1000002"}, {"partnerIdOnRecord": "1000002"}),
        ({"renewsTo": {"termDuration": "P1M"}}, {"renewsTo": {"termDuration": "P1M"}, "termDuration": "P1Y"}),
        ({"renewsTo": [{"TermDuration": "P1Y"}]}, {"renewsTo": {"termDuration": "P1Y"}}),
        ({"renewsTo": {}}, {"renewsTo": {"termDuration": "P1Y"}}),
        ({"renewsTo": {}, "termDuration": "P1M"}, {"renewsTo": {"termDuration": "P1M"}}),
        ({"provisioningContext": {"a": None, "b": "1"}}, {"provisioningContext": {"b": "1"}}),
        ({"friendlyName": "  Büro 名 "}, {"friendlyName": "Büro 名"}),
    ],
)
async def test_what_a_line_may_say(world: World, line: dict[str, Any], shown: dict[str, Any]) -> None:
    answer = await place(world, of(line))
    assert answer.status_code == 201, answer.text
    [made] = answer.json()["lineItems"]
    assert made | shown == made


@pytest.mark.parametrize(("given", "shown"), [("OneTime", "one_time"), ("Annual", "annual"), ("none", "none")])
async def test_billing_cycles_in_any_spelling(world: World, given: str, shown: str) -> None:
    assert (await place(world, order(billingCycle=given))).json()["billingCycle"] == shown


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        (b"", 3000, []),
        (b"nonsense", 3000, []),
        (b"[]", 3000, []),
        ({}, 3000, ["lineItems"]),
        (order(lineItems=[]), 3000, ["lineItems"]),
        (order(lineItems=None), 3000, ["lineItems"]),
        (order(lineItems=[{"quantity": 1}]), 3000, ["lineItems[0].offerId"]),
        (order(lineItems=[{"offerId": OFFER}]), 3000, ["lineItems[0].quantity"]),
        (of({"quantity": "5"}), 3000, ["lineItems[0].quantity"]),
        (of({"quantity": 1.5}), 3000, ["lineItems[0].quantity"]),
        (of({"quantity": True}), 3000, ["lineItems[0].quantity"]),
        (of({}, {"termDuration": "P2Y"}), 3000, ["lineItems[1].termDuration"]),
        (of({"renewsTo": [{}, {}]}), 3000, ["lineItems[0].renewsTo.termDuration"]),
        (of({"parentSubscriptionId": "nobody"}), 3000, ["lineItems[0].parentSubscriptionId"]),
        (of({"partnerIdOnRecord": "1000003"}), 3000, ["lineItems[0].partnerIdOnRecord"]),
        (of({"friendlyName": "a\x00b"}), 3000, []),
        (of({"friendlyName": "a\nb"}), 3000, ["lineItems[0].friendlyName"]),
        (of({"provisioningContext": {"a": 1}}), 3000, None),
        (order(billingCycle="weekly"), 3000, ["billingCycle"]),
        (order(currencyCode="dollars"), 3000, ["currencyCode"]),
        (order(referenceCustomerId=cast.DOGWOOD), 3000, ["referenceCustomerId"]),
        (of({"offerId": "MS-AZR-0144P"}), 800004, ["lineItems[0].offerId"]),
        (of({}, {"offerId": "DZH318Z0BQ36:004G"}), 800004, ["lineItems[1].offerId"]),
        (of({"offerId": ""}), 800004, ["lineItems[0].offerId"]),
        (of({"lineItemNumber": 1}), 800071, ["lineItems"]),
        (of({"lineItemNumber": 0}, {"lineItemNumber": 0}), 800071, ["lineItems"]),
        (of({"quantity": 0}), 2002, []),
        (of({"quantity": -1}), 2002, []),
        (of({"quantity": 100_001}), 2002, []),
        (of({"quantity": 9_223_372_036_854_775_807}), 2002, []),
    ],
)
async def test_orders_that_are_refused(world: World, body: object, code: int, named: list[str] | None) -> None:
    answer = await place(world, body)
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text
    assert named is None or answer.json()["data"] == named
    assert world.rows("select count(*) from order_") == [(0,)]
    assert world.rows("select count(*) from decision") == [(0,)]


@pytest.mark.rule("R4", "R7", "R9", "R50")
async def test_from_the_day_of_enforcement_an_order_needs_the_confirmation(world: World) -> None:
    world.clock.now = EVE_OF_API
    assert (await place(world)).status_code == 201
    world.clock.now = API_ENFORCED
    refused = await place(world, **{"MS-RequestId": REQUEST})
    assert refused.status_code == 403
    sentence = (
        "A partner confirmation of the customer's acceptance of the Microsoft Cloud Agreement must be provided"
        " before you can complete this transaction."
    )
    assert refused.json() | {"code": 13605, "description": sentence, "data": ["confirmation.missing"]} == refused.json()
    assert refused.headers["ms-requestid"] == REQUEST
    assert world.rows("select count(*) from order_") == [(1,)]
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR)).status_code == 201
    assert (await place(world, **{"MS-RequestId": REQUEST})).status_code == 201
    assert world.rows("select verdict, count(*) from decision group by verdict") == [("allow", 2), ("deny", 1)]


@pytest.mark.rule("R7", "R33")
async def test_a_reason_of_two_actions_is_named_once(world: World) -> None:
    """A purchase and a renewal need the confirmation by two rules, R9 and R33."""
    world.clock.now = API_ENFORCED
    refused = await place(world, of({}, {"renewsTo": {}}))
    assert (refused.status_code, refused.json()["data"]) == (403, ["confirmation.missing"])


async def test_the_denial_speaks_french(world: World) -> None:
    world.clock.now = API_ENFORCED
    refused = await place(world, **{"X-Locale": "fr-FR"})
    assert refused.json()["description"].startswith("Le partenaire doit confirmer que le client a accepté")


@pytest.mark.rule("R33", "R37", "X5")
async def test_an_order_refused_for_an_older_text_says_so(tmp_path: Path, make_world: Callable[..., World]) -> None:
    strict = tmp_path / "strict.toml"
    rules = (files("agreegate") / "programmes" / "microsoft-cloud-agreement.toml").read_text(encoding="utf-8")
    strict.write_text(
        rules.replace('name = "microsoft-cloud-agreement"', 'name = "strict"\nstale_rule = "refuse"'), encoding="utf-8"
    )
    world = make_world(programme_name=str(strict))
    world.clock.now = API_ENFORCED
    await publish(world, {AMERICA: ("text.md", b"# Sample\n")})
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    await publish(world, {AMERICA: ("text.md", b"# Sample\n")}, "2", effective_from=NEWER)
    world.clock.now = NEWER
    refused = (await place(world)).json()
    assert (refused["code"], refused["data"]) == (13605, ["confirmation.outdated"])
    assert refused["description"].startswith("The customer accepted an older text of the Microsoft Cloud Agreement.")
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, dateAgreed="2019-05-01T00:00:00Z")
    assert (await place(world)).status_code == 201


@pytest.mark.rule("R27")
async def test_one_confirmation_serves_every_reseller(world: World) -> None:
    world.clock.now = API_ENFORCED
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    for mpn_id in ("1000002", "1000007"):
        assert (await place(world, of({"partnerIdOnRecord": mpn_id}))).status_code == 201


@pytest.mark.rule("R31")
async def test_in_a_national_cloud_nothing_is_gated(world: World) -> None:
    world.clock.now = API_ENFORCED
    body = order(referenceCustomerId=cast.GINKGO)
    answer = await world.send(cast.FIR_ADMIN, "POST", f"/v1/customers/{cast.GINKGO}/orders", body)
    assert answer.status_code == 201


@pytest.mark.parametrize("id_", [cast.NOBODY, "Cs_jyTxubLpvdJXdo8xcQZN6I2RsLrgZ1"])
async def test_an_order_that_is_not_there(world: World, id_: str) -> None:
    for method in ("GET", "PATCH"):
        answer = await world.send(cast.ALDER_SALES, method, f"{ORDERS}/{id_}", {"status": "cancelled"})
        assert (answer.status_code, answer.json()["code"]) == (404, 20000)


async def test_an_order_that_is_not_there_is_named_with_64_characters(world: World) -> None:
    answer = await world.send(cast.ALDER_SALES, "GET", f"{ORDERS}/{'x' * 200}")
    assert re.findall("x{9,}", answer.json()["description"]) == ["x" * 64]


@pytest.mark.fault("D3")
async def test_orders_by_billing_cycle(world: World) -> None:
    every = ["annual", "monthly", "none", "one_time"]
    for cycle in every:
        await place(world, order(billingCycle=cycle))
    for query, found in [
        ("", every),
        ("?billingType=", every),
        ("?billingType=unknown", every),
        ("?billingType=Unknown", every),
        ("?billingType=monthly", ["monthly"]),
        ("?billingtype=MONTHLY", ["monthly"]),
        ("?billingType=Annual", ["annual"]),
        ("?billingType=none", ["none"]),
        ("?billingType=oneTime", ["one_time"]),
        ("?billingType=OneTime", ["one_time"]),
        ("?billingType=onetime", ["one_time"]),
        ("?billingType=one_time", ["one_time"]),
        ("?billingType=ONE_TIME", ["one_time"]),
        ("?billingType=triennial", []),
        ("?include_price=true", every),
        ("?include_price=False&billingType=annual", ["annual"]),
    ]:
        listed = (await world.send(cast.ALDER, "GET", ORDERS + query)).json()
        assert sorted(one["billingCycle"] for one in listed["items"]) == found, query
        assert listed["totalCount"] == len(found), query


@pytest.mark.fault("D3")
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("billingType=barter", "billingType"),
        ("billingType=license", "billingType"),
        ("billingType=usage", "billingType"),
        ("include_price=1", "include_price"),
    ],
)
async def test_a_query_for_orders_that_cannot_be_answered(world: World, query: str, named: str) -> None:
    answer = await world.send(cast.ALDER, "GET", f"{ORDERS}?{query}")
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (400, 2000, [named])


async def test_an_addon_as_the_contracts_page_buys_it(world: World) -> None:
    made = (await place(world)).json()
    base = made["lineItems"][0]["subscriptionId"]
    addon = {
        "LineItemNumber": 0,
        "OfferId": "2828BE95-46BA-4F91-B2FD-0BEF192ECF60",
        "SubscriptionId": None,
        "ParentSubscriptionId": base.upper(),
        "FriendlyName": "Some friendly name",
        "Quantity": 2,
    }
    body = {"Id": None, "ReferenceCustomerId": cast.CEDAR, "LineItems": [addon], "CreationDate": None}
    answer = await world.send(cast.ALDER_SALES, "PATCH", f"{ORDERS}/{made['id']}", body)
    assert answer.status_code == 200
    first, second = answer.json()["lineItems"]
    assert first == made["lineItems"][0]
    assert (second["lineItemNumber"], second["parentSubscriptionId"], second["quantity"]) == (1, base, 2)
    # The whole order may be sent back: what it has is not bought again.
    again = await world.send(cast.ALDER_SALES, "PATCH", f"{ORDERS}/{made['id']}", answer.json())
    assert again.json() == answer.json()


async def test_the_billing_cycle_is_changed_on_the_order(world: World) -> None:
    made = (await place(world)).json()
    answer = await world.send(cast.ALDER_SALES, "PATCH", f"{ORDERS}/{made['id']}", made | {"billingCycle": "Annual"})
    assert (answer.status_code, answer.json()["billingCycle"]) == (200, "annual")
    subscription = await world.send(
        cast.ALDER, "GET", f"/v1/customers/{cast.CEDAR}/subscriptions/{made['lineItems'][0]['subscriptionId']}"
    )
    assert subscription.json()["billingCycle"] == "annual"


@pytest.mark.rule("R9")
@pytest.mark.parametrize(
    "change",
    [
        lambda made: made | {"billingCycle": "annual"},
        lambda made: {
            "lineItems": [
                {"offerId": OFFER, "quantity": 1, "parentSubscriptionId": made["lineItems"][0]["subscriptionId"]}
            ]
        },
    ],
    ids=["billing cycle", "add-on"],
)
async def test_changes_of_an_order_are_gated(world: World, change: Callable[[dict[str, Any]], Any]) -> None:
    made = (await place(world)).json()
    world.clock.now = API_ENFORCED
    answer = await world.send(cast.ALDER_SALES, "PATCH", f"{ORDERS}/{made['id']}", change(made))
    assert (answer.status_code, answer.json()["code"]) == (403, 13605)
    assert (await world.send(cast.ALDER, "GET", f"{ORDERS}/{made['id']}")).json() == made


@pytest.mark.fault("D16")
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"lineItems": []},
        {"lineItems": None},
        {"lineItems": "none"},
        {"lineItems": [{"quantity": "many"}]},
        {"lineItems": [{"offerId": "x", "quantity": 0, "termDuration": "P2Y"}]},
        {"billingCycle": "weekly"},
        {"Status": "Cancelled", "status": None},
    ],
)
async def test_a_production_account_cancels_no_order_whatever_its_lines_are(world: World, more: dict[str, Any]) -> None:
    made = (await place(world)).json()
    for body in ({"id": made["id"], "status": "cancelled"} | more, made | {"status": "CANCELLED"} | more):
        body = {name: value for name, value in body.items() if name != "status" or value}
        answer = await world.send(cast.ALDER_SALES, "PATCH", f"{ORDERS}/{made['id']}", body)
        assert (answer.status_code, answer.json()["code"]) == (403, 600006)
    assert (await world.send(cast.ALDER, "GET", f"{ORDERS}/{made['id']}")).json() == made


@pytest.mark.fault("D16")
async def test_a_sandbox_account_cancels_an_order_without_looking_at_its_lines(world: World) -> None:
    made = await world.send(cast.MAPLE_ADMIN, "POST", "/v1/customers", customer_body("x.example"))
    customer = made.json()["id"]
    orders = f"/v1/customers/{customer}/orders"
    made = (await world.send(cast.MAPLE_ADMIN, "POST", orders, order(referenceCustomerId=customer))).json()
    body = made | {"status": "cancelled", "lineItems": [{"quantity": 1}]}
    answer = await world.send(cast.MAPLE_ADMIN, "PATCH", f"{orders}/{made['id']}", body)
    assert (answer.status_code, answer.json()) == (200, made | {"status": "cancelled"})
    other = made | {"status": "cancelled", "referenceCustomerId": cast.NOBODY}
    refused = await world.send(cast.MAPLE_ADMIN, "PATCH", f"{orders}/{made['id']}", other)
    assert (refused.status_code, refused.json()["code"]) == (400, 3000)


@pytest.mark.fault("D4")
@pytest.mark.parametrize(
    "offer",
    [
        "MS-AZR-0145P",
        "ms-azr-0145p",
        "MS-AZR-USGOV-0145P",
        "MS-AZR-DE-0145P",
        "DZH318Z0BQ36:004G:DZH318Z08C0S",
        " DZH318Z0BQ3Q:0001:DZH318Z08JS2 ",
        OFFER,
        OFFER.lower(),
    ],
)
async def test_what_a_cart_can_buy_an_order_can_buy_too(world: World, offer: str) -> None:
    answer = await place(world, of({"offerId": offer}))
    assert answer.status_code == 201, answer.text
    assert answer.json()["lineItems"][0]["offerId"] == offer.strip()
    lines = {"lineItems": [{"id": 0, "catalogItemId": offer, "quantity": 1}]}
    cart = (await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.CEDAR}/carts", lines)).json()
    assert "error" not in cart["lineItems"][0]


@pytest.mark.fault("D4")
async def test_an_order_that_our_checkout_wrote_is_sent_back_whole(world: World) -> None:
    reseller, carts = [{"key": "transaction_reseller", "value": "1000002"}], f"/v1/customers/{cast.CEDAR}/carts"
    addon = {"catalogItemId": "DZH318Z0BQ36:004H:DZH318Z08C0T", "quantity": 2}
    first = {"catalogItemId": "DZH318Z0BQ36:004G:DZH318Z08C0S", "quantity": 3, "addonItems": [addon | {"id": 1}]}
    second = {"catalogItemId": "MS-AZR-0145P", "quantity": 1, "participants": reseller, "termDuration": "P1M"}
    lines = {"lineItems": [first | {"id": 0}, second | {"id": 2}]}
    cart = (await world.send(cast.ALDER_SALES, "POST", carts, lines)).json()
    bought = await world.send(cast.ALDER_SALES, "POST", f"{carts}/{cart['id']}/checkout")
    [written] = bought.json()["orders"]
    read = (await world.send(cast.ALDER_SALES, "GET", f"{ORDERS}/{written['id']}")).json()
    assert read == written
    unchanged = await world.send(cast.ALDER_SALES, "PATCH", f"{ORDERS}/{read['id']}", read)
    assert (unchanged.status_code, unchanged.json()) == (200, read)
    yearly = await world.send(cast.ALDER_SALES, "PATCH", f"{ORDERS}/{read['id']}", read | {"billingCycle": "annual"})
    assert (yearly.status_code, yearly.json()) == (200, read | {"billingCycle": "annual"})
    again = await place(world, read)
    assert again.status_code == 201, again.text
    new = ("subscriptionId", "links")
    assert [{name: value for name, value in line.items() if name not in new} for line in again.json()["lineItems"]] == [
        {name: value for name, value in line.items() if name not in new} for line in read["lineItems"]
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"status": "torn"}, 3000),
        ({"lineItems": [{"offerId": OFFER, "quantity": 1}]}, 3000),
        ({"lineItems": [{"offerId": OFFER, "quantity": 1, "subscriptionId": cast.NOBODY}]}, 3000),
        ({"lineItems": [{"offerId": "x", "quantity": 1, "parentSubscriptionId": cast.NOBODY}]}, 800004),
        (b"", 3000),
    ],
)
async def test_changes_of_an_order_that_are_refused(world: World, body: object, code: int) -> None:
    made = (await place(world)).json()
    answer = await world.send(cast.ALDER_SALES, "PATCH", f"{ORDERS}/{made['id']}", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_an_addon_to_a_subscription_that_is_not_there(world: World) -> None:
    answer = await place(world, of({"parentSubscriptionId": cast.NOBODY}))
    assert (answer.status_code, answer.json()["code"]) == (404, 20003)


async def test_without_a_request_id_every_order_is_another(world: World) -> None:
    await place(world)
    await place(world)
    assert world.rows("select count(*) from order_") == [(2,)]
