"""Upgrades and trial conversions as the contract's pages show them (contract 4.11)."""

from datetime import timedelta

import pytest

from agreegate.domain.orders.subscription import MOST_SEATS
from agreegate.services.orders.renewal import run_renewals
from tests import personas as cast
from tests.wire.requests import OFFER, SUBSCRIPTIONS, TARGET, buy, patch, read
from tests.world import API_ENFORCED, EVE_OF_API, World

TRIAL_OFFER = "C0BD2E08-11AC-4836-BDC7-3712E744922F"
"""The trial of the contract's conversion page."""


@pytest.mark.rule("R9")
async def test_the_upgrade_that_is_listed_can_be_chosen(world: World) -> None:
    stored = await buy(world)
    listed = (await world.send(cast.ALDER, "GET", f"{SUBSCRIPTIONS}/{stored['id']}/upgrades")).json()
    [chosen] = listed["items"]
    assert listed == {"totalCount": 1, "items": [chosen], "attributes": {"objectType": "Collection"}}
    assert chosen == {
        "targetOffer": {
            "id": chosen["targetOffer"]["id"],
            "name": stored["offerName"],
            "minimumQuantity": 1,
            "maximumQuantity": MOST_SEATS,
            "isAddOn": False,
            "isAvailableForPurchase": True,
            "billing": "license",
            "isAutoRenewable": True,
            "unitType": "Licenses",
            "attributes": {"objectType": "Offer"},
        },
        "upgradeType": "upgrade_only",
        "isEligible": True,
        "quantity": 5,
        "upgradeErrors": [],
        "attributes": {"objectType": "Upgrade"},
    }
    world.clock.now = API_ENFORCED
    path = f"{SUBSCRIPTIONS}/{stored['id']}/upgrades"
    refused = await world.send(cast.ALDER_SALES, "POST", path, chosen)
    assert (refused.status_code, refused.json()["code"]) == (403, 13605)
    assert (await read(world, stored)).json() == stored
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    done = await world.send(cast.ALDER_SALES, "POST", path, chosen)
    assert done.status_code == 200
    target = done.json()["targetSubscriptionId"]
    assert done.json() == {
        "sourceSubscriptionId": stored["id"],
        "targetSubscriptionId": target,
        "upgradeType": "upgrade_only",
        "upgradeErrors": [],
        "licenseErrors": [],
        "attributes": {"objectType": "UpgradeResult"},
    }
    assert (await read(world, stored)).json()["status"] == "deleted"
    new = (await read(world, {"id": target})).json()
    assert (new["offerId"], new["quantity"], new["status"]) == (chosen["targetOffer"]["id"], 5, "active")


async def test_a_suspended_subscription_is_not_upgraded(world: World) -> None:
    stored = await buy(world)
    await patch(world, stored, {"status": "suspended"})
    path = f"{SUBSCRIPTIONS}/{stored['id']}/upgrades"
    [upgrade] = (await world.send(cast.ALDER, "GET", path)).json()["items"]
    assert upgrade["isEligible"] is False
    assert upgrade["upgradeErrors"][0]["code"] == "subscription_status_not_active"
    answer = await world.send(cast.ALDER_SALES, "POST", path, {"targetOffer": {"id": TARGET}})
    assert (answer.status_code, answer.json()["code"]) == (400, 800091)


@pytest.mark.rule("R9")
async def test_a_trial_is_converted_under_its_own_id(world: World) -> None:
    trial = await buy(world, provisioningContext={"isTrial": "true"})
    assert (trial["isTrial"], trial["autoRenewEnabled"], trial["commitmentEndDate"]) == (
        True,
        False,
        "2018-09-15T00:00:00Z",
    )
    assert (await patch(world, trial, {"autoRenewEnabled": True})).json()["code"] == 800093
    path = f"{SUBSCRIPTIONS}/{trial['id']}/conversions"
    listed = (await world.send(cast.ALDER, "GET", path)).json()
    [chosen] = listed["items"]
    assert chosen == {
        "offerId": OFFER,
        "targetOfferId": chosen["targetOfferId"],
        "orderId": trial["orderId"],
        "quantity": 5,
        "billingCycle": "monthly",
        "attributes": {"objectType": "Conversion"},
    }
    done = await world.send(cast.ALDER_SALES, "POST", path, chosen | {"quantity": 25})
    assert done.status_code == 200
    assert done.json() == {
        "subscriptionId": trial["id"],
        "offerId": OFFER,
        "targetOfferId": chosen["targetOfferId"],
        "attributes": {"objectType": "ConversionResult"},
    }
    paid = (await read(world, trial)).json()
    assert (paid["isTrial"], paid["quantity"], paid["commitmentEndDate"]) == (False, 25, "2019-08-15T00:00:00Z")
    assert (await world.send(cast.ALDER, "GET", path)).json()["items"] == []
    again = await world.send(cast.ALDER_SALES, "POST", path, chosen)
    assert (again.status_code, again.json()["code"]) == (400, 2006)


@pytest.mark.rule("R9")
@pytest.mark.fault("D12")
@pytest.mark.parametrize("case", [str.upper, str.lower])
@pytest.mark.parametrize("by_cart", [False, True])
async def test_the_trial_offer_is_a_trial_without_saying_so_and_is_converted(world: World, case, by_cart) -> None:
    offer = case(TRIAL_OFFER)
    if by_cart:
        line = {"id": 0, "catalogItemId": offer, "quantity": 1, "billingCycle": "monthly"}
        path = f"/v1/customers/{cast.CEDAR}/carts"
        cart = (await world.send(cast.ALDER_SALES, "POST", path, {"lineItems": [line]})).json()
        done = (await world.send(cast.ALDER_SALES, "POST", f"{path}/{cart['id']}/checkout")).json()
        trial = (await read(world, {"id": done["orders"][0]["lineItems"][0]["subscriptionId"]})).json()
    else:
        trial = await buy(world, offerId=offer, quantity=1)
    term = (trial["isTrial"], trial["autoRenewEnabled"], trial["commitmentEndDate"])
    assert term == (True, False, "2018-09-15T00:00:00Z")
    path = f"{SUBSCRIPTIONS}/{trial['id']}/conversions"
    again = await world.send(cast.ALDER_SALES, "POST", path, {"targetOfferId": TRIAL_OFFER})
    assert (again.status_code, again.json()["code"]) == (400, 800004)
    conversion = {
        "OfferId": offer,
        "TargetOfferId": TARGET,
        "OrderId": trial["orderId"],
        "Quantity": 25,
        "BillingCycle": "monthly",
    }
    done = await world.send(cast.ALDER_SALES, "POST", path, conversion)
    assert done.status_code == 200
    paid = (await read(world, trial)).json()
    assert (paid["isTrial"], paid["autoRenewEnabled"], paid["offerId"], paid["quantity"]) == (False, True, TARGET, 25)


@pytest.mark.rule("R9")
async def test_a_conversion_is_gated_and_a_trial_ends_by_itself(world: World) -> None:
    world.clock.now = EVE_OF_API
    trial = await buy(world, provisioningContext={"isTrial": "true"})
    world.clock.now = API_ENFORCED
    path = f"{SUBSCRIPTIONS}/{trial['id']}/conversions"
    refused = await world.send(cast.ALDER_SALES, "POST", path, {"targetOfferId": TARGET})
    assert (refused.status_code, refused.json()["code"]) == (403, 13605)
    world.clock.now += timedelta(days=40)
    await run_renewals(world.store, world.clock.now)
    assert (await read(world, trial)).json()["status"] == "expired"
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    late = await world.send(cast.ALDER_SALES, "POST", path, {"targetOfferId": TARGET})
    assert (late.status_code, late.json()["code"]) == (400, 2011)


@pytest.mark.parametrize(
    ("what", "body", "code"),
    [
        ("upgrades", {}, 3000),
        ("upgrades", {"targetOffer": {}}, 3000),
        ("upgrades", {"targetOffer": {"id": "E3"}}, 800004),
        ("upgrades", {"targetOffer": {"id": TARGET}, "quantity": 100_001}, 2002),
        ("conversions", {}, 3000),
        ("conversions", {"targetOfferId": "E3"}, 800004),
        ("conversions", {"targetOfferId": TARGET, "billingCycle": "weekly"}, 3000),
    ],
)
async def test_upgrades_and_conversions_that_are_refused(world: World, what: str, body: object, code: int) -> None:
    stored = await buy(world)
    answer = await world.send(cast.ALDER_SALES, "POST", f"{SUBSCRIPTIONS}/{stored['id']}/{what}", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert (await read(world, stored)).json() == stored
