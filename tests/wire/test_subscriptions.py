"""Subscriptions, upgrades and conversions as the contract's pages show them (contract 3.10, 4.11)."""

import asyncio
import base64
import json
from typing import Any

import pytest

from agreegate.services.orders.renewal import run_renewals
from tests import personas as cast
from tests.wire.requests import OFFER, SUBSCRIPTIONS, TARGET, buy, patch, read
from tests.world import API_ENFORCED, AUGUST, EVE_OF_API, World


def etag(subscription: dict[str, Any], version: int) -> str:
    return base64.b64encode(json.dumps({"id": subscription["id"], "version": version}).encode()).decode()


async def test_a_subscription_as_it_is_read(world: World) -> None:
    body = await buy(world)
    id_, order = body["id"], body["orderId"]
    assert json.loads(base64.b64decode(body["attributes"]["etag"])) == {"id": id_, "version": 1}
    assert body == {
        "id": id_,
        "offerId": OFFER,
        "entitlementId": id_,
        "offerName": "Office",
        "friendlyName": "Office",
        "quantity": 5,
        "unitType": "Licenses",
        "hasPurchasableAddons": True,
        "creationDate": "2018-08-15T00:00:00Z",
        "effectiveStartDate": "2018-08-15T00:00:00Z",
        "commitmentEndDate": "2019-08-15T00:00:00Z",
        "status": "active",
        "autoRenewEnabled": True,
        "isTrial": False,
        "billingType": "license",
        "billingCycle": "monthly",
        "termDuration": "P1Y",
        "renewalTermDuration": "P1Y",
        "actions": ["Cancel", "Edit"],
        "attentionNeeded": False,
        "actionTaken": False,
        "contractType": "subscription",
        "links": {
            "offer": {"uri": f"/offers/{OFFER}", "method": "GET", "headers": []},
            "self": {"uri": f"/customers/{cast.CEDAR}/subscriptions/{id_}", "method": "GET", "headers": []},
        },
        "orderId": order,
        "attributes": {"etag": body["attributes"]["etag"], "objectType": "Subscription"},
    }
    listed = await world.send(cast.ALDER_HELPDESK, "GET", SUBSCRIPTIONS)
    assert listed.json() == {
        "totalCount": 1,
        "items": [body],
        "links": {"self": {"uri": f"/customers/{cast.CEDAR}/subscriptions", "method": "GET", "headers": []}},
        "attributes": {"objectType": "Collection"},
    }


async def test_subscriptions_of_an_order_and_of_a_reseller(world: World) -> None:
    first, second = await buy(world), await buy(world, partnerIdOnRecord="1000002")
    for query, found in [
        (f"order_id={first['orderId'].upper()}", [first]),
        ("mpn_id=1000002", [second]),
        (f"order_id={first['orderId']}&mpn_id=1000002", []),
        ("order_id=nobody", []),
        ("", [first, second]),
    ]:
        listed = (await world.send(cast.ALDER, "GET", f"{SUBSCRIPTIONS}?{query}")).json()
        assert sorted(one["id"] for one in listed["items"]) == sorted(one["id"] for one in found)
    assert second["partnerId"] == "1000002"


async def test_addons_as_a_list(world: World) -> None:
    base = await buy(world)
    addon = await buy(world, parentSubscriptionId=base["id"])
    assert addon["links"]["parentSubscription"]["uri"] == f"/customers/{cast.CEDAR}/subscriptions/{base['id']}"
    assert (addon["parentSubscriptionId"], addon["hasPurchasableAddons"]) == (base["id"], False)
    listed = await world.send(cast.ALDER, "GET", f"{SUBSCRIPTIONS}/{base['id']}/addons")
    assert listed.json()["items"] == [addon]


@pytest.mark.rule("R4", "R7", "R10")
@pytest.mark.parametrize("quantity", [4, 6])
async def test_seats_are_gated_in_both_directions_and_with_all_that_comes_along(world: World, quantity: int) -> None:
    stored = await buy(world)
    world.clock.now = EVE_OF_API
    assert (await patch(world, stored, {"quantity": 7})).status_code == 200
    assert (await patch(world, stored, {"quantity": 5})).status_code == 200
    stored = (await read(world, stored)).json()
    world.clock.now = API_ENFORCED
    change = stored | {"quantity": quantity, "friendlyName": "Renamed", "autoRenewEnabled": False}
    refused = await patch(world, stored, change)
    assert (refused.status_code, refused.json()["code"]) == (403, 13605)
    assert (await read(world, stored)).json() == stored
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    done = await patch(world, stored, change)
    assert done.status_code == 200
    assert done.json() == change | {"attributes": done.json()["attributes"]}
    assert (await read(world, stored)).json() == done.json()


@pytest.mark.rule("R11", "R12", "R40")
@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"friendlyName": "Renamed"}, {"friendlyName": "Renamed"}),
        ({"autoRenewEnabled": False}, {"autoRenewEnabled": False}),
        ({"partnerId": "1000002"}, {"partnerId": "1000002"}),
        ({"status": "suspended"}, {"status": "suspended", "suspensionReasons": ["CustomerCancellation"]}),
        ({"status": "Suspended"}, {"status": "suspended"}),
        ({"status": "deleted"}, {"status": "deleted", "actions": []}),
    ],
)
async def test_the_whole_resource_with_a_change_that_needs_no_confirmation(
    world: World, change: dict[str, Any], shown: dict[str, Any]
) -> None:
    stored = await buy(world)
    world.clock.now = API_ENFORCED
    answer = await patch(world, stored, stored | change)
    assert answer.status_code == 200
    assert answer.json() | shown == answer.json()


async def test_the_resource_sent_back_unchanged_changes_nothing(world: World) -> None:
    stored = await buy(world)
    world.clock.now = API_ENFORCED
    for body in (stored, {}, {"quantity": 5}):
        answer = await patch(world, stored, body)
        assert (answer.status_code, answer.json()) == (200, stored)
    assert world.rows("select count(*) from audit_record") == [(1,)]


@pytest.mark.parametrize("where", ["body", "quoted", "bare", "weak"])
async def test_an_etag_is_taken_wherever_it_stands(world: World, where: str) -> None:
    stored = await buy(world)

    async def send(version: int, seats: int) -> Any:
        tag = etag(stored, version)
        header = {"quoted": f'"{tag}"', "bare": tag, "weak": f'W/"{tag}"'}.get(where)
        if header is None:
            return await patch(world, stored, {"quantity": seats, "attributes": {"etag": tag}})
        return await patch(world, stored, {"quantity": seats}, **{"If-Match": header})

    assert (await send(1, 6)).status_code == 200
    stale = await send(1, 7)
    assert (stale.status_code, stale.json()["code"]) == (400, 2055)
    assert (await send(2, 7)).json()["quantity"] == 7


@pytest.mark.parametrize(
    "tag",
    [
        "nonsense",
        "<etag>",
        "bnVsbA==",
        "W10=",
        base64.b64encode(b'{"id":1}').decode(),
        etag({"id": cast.NOBODY}, 1),
        base64.b64encode(b"[" * 50_000).decode(),
        "é",
    ],
)
async def test_an_etag_that_is_not_ours_is_stale(world: World, tag: str) -> None:
    stored = await buy(world)
    answer = await patch(world, stored, {"friendlyName": "x", "attributes": {"etag": tag}})
    assert (answer.status_code, answer.json()["code"]) == (400, 2055)


async def test_no_etag_in_either_place_asks_for_nothing(world: World) -> None:
    stored = await buy(world)
    answer = await patch(world, stored, {"friendlyName": "x", "attributes": {"etag": ""}}, **{"If-Match": "*"})
    assert answer.status_code == 200


async def test_checks_come_in_the_contracts_order(world: World) -> None:
    """Caller, shape, etag, gate, limits: each request breaks every rule after the one that answers."""
    stored = await buy(world)
    world.clock.now = API_ENFORCED
    limits, stale = {"quantity": 100_001, "billingCycle": "annual"}, {"If-Match": f'"{etag(stored, 9)}"'}
    steps: list[tuple[str, Any, dict[str, str], int]] = [
        (cast.ALDER_HELPDESK, {"quantity": "x"}, stale, 900150),
        (cast.ALDER_SALES, limits | {"autoRenewEnabled": "x"}, stale, 3000),
        (cast.ALDER_SALES, limits, stale, 2055),
        (cast.ALDER_SALES, limits, {}, 13605),
    ]
    for who, body, headers, code in steps:
        answer = await world.send(who, "PATCH", f"{SUBSCRIPTIONS}/{stored['id']}", body, headers)
        assert answer.json()["code"] == code
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    assert (await patch(world, stored, {"quantity": 100_001})).json()["code"] == 2002


@pytest.mark.parametrize(
    ("before", "body", "status", "code"),
    [
        ({}, b"", 400, 3000),
        ({}, b"[]", 400, 3000),
        ({}, {"quantity": "6"}, 400, 3000),
        ({}, {"quantity": 6.5}, 400, 3000),
        ({}, {"status": "frozen"}, 400, 3000),
        ({}, {"status": "expired"}, 400, 3000),
        ({}, {"status": "pending"}, 400, 3000),
        ({}, {"friendlyName": "x" * 257}, 400, 3000),
        ({}, {"partnerId": "1000003"}, 400, 3000),
        ({}, {"quantity": 0}, 400, 2002),
        ({}, {"quantity": 100_001}, 400, 2002),
        ({}, {"billingCycle": "annual"}, 400, 2054),
        ({"status": "suspended"}, {"quantity": 6}, 400, 2001),
        ({"status": "deleted"}, {"friendlyName": "x"}, 400, 2011),
        ({"status": "deleted"}, {"status": "active"}, 400, 2011),
    ],
)
async def test_changes_that_are_refused(
    world: World, before: dict[str, Any], body: object, status: int, code: int
) -> None:
    stored = await buy(world)
    if before:
        stored = (await patch(world, stored, before)).json()
    answer = await patch(world, stored, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await read(world, stored)).json() == stored


async def test_a_deleted_subscription_is_named_in_the_error(world: World) -> None:
    stored = await buy(world)
    await patch(world, stored, {"status": "deleted"})
    answer = await patch(world, stored, {"quantity": 6})
    sentence = f"Subscription with id {stored['id']} and deleted status cannot be updated."
    assert answer.json()["description"] == sentence


async def test_an_addon_does_not_come_back_before_its_subscription(world: World) -> None:
    base = await buy(world)
    addon = await buy(world, parentSubscriptionId=base["id"])
    await patch(world, base, {"status": "suspended"})
    assert (await read(world, addon)).json()["status"] == "suspended"
    answer = await patch(world, addon, {"status": "active"})
    assert (answer.status_code, answer.json()["code"]) == (409, 27009)


@pytest.mark.rule("R47")
async def test_reactivation_is_refused_once_the_customer_no_longer_agrees(world: World) -> None:
    stored = await buy(world)
    await patch(world, stored, {"status": "suspended"})
    ended = await world.send(
        cast.ALDER_SALES,
        "POST",
        f"/api/customers/{cast.CEDAR}/standing/end",
        {"reason": "no_longer_agrees", "note": "said so"},
    )
    assert ended.status_code in (200, 201), ended.text
    refused = await patch(world, stored, {"status": "active"})
    assert (refused.status_code, refused.json()["code"]) == (403, 13605)
    assert refused.json()["data"] == ["confirmation.ended"]
    world.clock.now = API_ENFORCED
    both = await patch(world, stored, {"status": "active", "quantity": 7})
    assert both.json()["data"] == ["confirmation.ended", "confirmation.missing"]
    assert both.json()["description"] == refused.json()["description"]
    assert world.rows(
        "select action, verdict from decision where decided_at = (select max(decided_at) from decision) order by action"
    ) == [("reactivate", "deny"), ("seat_change", "deny")]
    assert (await patch(world, stored, {"status": "deleted"})).status_code == 200


@pytest.mark.rule("R11")
async def test_an_unconfirmed_customers_subscription_renews_by_itself(world: World) -> None:
    stored = await buy(world)
    world.clock.now = API_ENFORCED.replace(year=2020)
    await run_renewals(world.store, world.clock.now)
    renewed = (await read(world, stored)).json()
    assert (renewed["commitmentEndDate"], renewed["status"]) == ("2020-08-15T00:00:00Z", "active")
    assert renewed["attributes"]["etag"] != stored["attributes"]["etag"]
    assert world.rows("select count(*) from decision") == [(1,)]


async def test_what_is_not_there(world: World) -> None:
    base = f"{SUBSCRIPTIONS}/{cast.NOBODY}"
    for method, path, body in [
        ("GET", base, None),
        ("PATCH", base, {"quantity": 6}),
        ("GET", f"{base}/addons", None),
        ("GET", f"{base}/upgrades", None),
        ("POST", f"{base}/upgrades", {"targetOffer": {"id": TARGET}}),
        ("GET", f"{base}/conversions", None),
        ("POST", f"{base}/conversions", {"targetOfferId": TARGET}),
    ]:
        answer = await world.send(cast.ALDER_SALES, method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (404, 20003), path
    malformed = await world.send(cast.ALDER_SALES, "GET", f"{SUBSCRIPTIONS}/nobody")
    assert (malformed.status_code, malformed.json()["code"]) == (400, 2000)


async def test_a_reseller_sees_an_addon_only_with_what_it_was_bought_for(world: World) -> None:
    for reseller, stranger, mpn_id in [
        (cast.BIRCH_SALES, cast.HORNBEAM_SALES, "1000002"),
        (cast.HORNBEAM_SALES, cast.BIRCH_SALES, "1000007"),
    ]:
        base = await buy(world, partnerIdOnRecord=mpn_id)
        addon = await buy(world, parentSubscriptionId=base["id"])
        assert (await read(world, addon, reseller)).json() == addon
        assert (await read(world, addon, stranger)).json()["code"] == 20003
        assert base["id"] not in (await world.send(stranger, "GET", SUBSCRIPTIONS)).text


async def test_eight_different_changes_of_one_version_are_one(world: World) -> None:
    stored = await buy(world)
    changes = [stored | {"quantity": 10 + number} for number in range(8)]
    answers = await asyncio.gather(*(patch(world, stored, body) for body in changes))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert {answer.json()["code"] for answer in answers if answer.status_code == 400} == {2055}


@pytest.mark.parametrize("path", ["", "/{id}", "/{id}/addons", "/{id}/upgrades", "/{id}/conversions"])
@pytest.mark.rule("R11")
async def test_no_answer_shows_a_subscription_whose_renewal_is_overdue(path: str, world: World) -> None:
    bought = await buy(world)
    world.clock.now = AUGUST.replace(year=2019)
    answer = await world.send(cast.ALDER_SALES, "GET", SUBSCRIPTIONS + path.format(id=bought["id"]))
    assert answer.status_code == 200, answer.text
    assert world.rows("select term, outcome from renewal") == [(2, "renewed")]
    if not path:
        assert answer.json()["items"][0]["commitmentEndDate"].startswith("2020-08-15")
