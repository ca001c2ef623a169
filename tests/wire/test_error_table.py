"""Every row of the contract's table of errors (3.7) is answered here, or docs/contract-choices.md says why it is not."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests import personas as cast
from tests.operations import OFFER, customer
from tests.world import API_ENFORCED, AUGUST, World, agreement

CHOICES = Path(__file__).resolve().parents[2] / "docs" / "contract-choices.md"
CEDAR = f"/v1/customers/{cast.CEDAR}"

CONTRACT = """
501/0 401/400 404/1000 400/2000 400/2001 400/2002 400/2006 403/2006 400/2011 403/2030 403/2032 400/2054 400/2055 403/2085
403/2091 400/3000 400/4018 403/13605 404/20000 403/20002 404/20003 409/27009 400/600002 403/600006 400/600049 400/600050
400/600051 409/600061 404/60002 404/60003 401/800001 400/800002 400/800004 404/800008 400/800009 400/800018 409/800060
409/800064 400/800065 400/800071 400/800090 400/800091 400/800093 400/900118 403/900123 403/900124 403/900150 401/900421
"""
"""The rows of contract 3.7, status and code."""

Ask = Callable[[World], Awaitable[httpx2.Response]]


def line(**changes: Any) -> dict[str, Any]:
    return {"lineItemNumber": 0, "offerId": OFFER, "quantity": 2, **changes}


def order(*lines: dict[str, Any], of: str = cast.CEDAR) -> dict[str, Any]:
    return {"referenceCustomerId": of, "lineItems": list(lines or [line()])}


def asks(method: str, path: str, body: object = None, who: str | None = cast.ALDER_SALES) -> Ask:
    async def ask(world: World) -> httpx2.Response:
        return await world.send(who, method, path, body)

    return ask


def buys(*lines: dict[str, Any]) -> Ask:
    return asks("POST", f"{CEDAR}/orders", order(*lines))


def creates(country: str, number: str | None, **profile: Any) -> Ask:
    body = customer("new.example")
    body["billingProfile"]["defaultAddress"]["country"] = country
    body["companyProfile"]["organizationRegistrationNumber"] = number
    return asks("POST", "/v1/customers", body)


async def bought(world: World, **changes: Any) -> str:
    """The path of a subscription."""
    placed = await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/orders", order(line(**changes)))
    return f"{CEDAR}/subscriptions/{placed.json()['lineItems'][0]['subscriptionId']}"


def patches(*bodies: dict[str, Any], headers: dict[str, str] | None = None, **changes: Any) -> Ask:
    """The answer to the last of several changes to a new subscription."""

    async def ask(world: World) -> httpx2.Response:
        path = await bought(world, **changes)
        for body in bodies[:-1]:
            assert (await world.send(cast.ALDER_SALES, "PATCH", path, body)).status_code == 200
        return await world.send(cast.ALDER_SALES, "PATCH", path, bodies[-1], headers=headers)

    return ask


async def at_a_defect(world: World) -> httpx2.Response:
    await world.send(cast.ALDER_SALES, "GET", "/v1/agreements")
    world.change("drop table customer_contact")
    return await world.send(cast.ALDER_SALES, "GET", CEDAR)


async def of_a_cancelled_order(world: World) -> httpx2.Response:
    maple = (
        "/v1/customers/"
        + (await world.send(cast.MAPLE_ADMIN, "POST", "/v1/customers", customer("m.example"))).json()["id"]
    )
    placed = await world.send(cast.MAPLE_ADMIN, "POST", f"{maple}/orders", order(of=maple[-36:]))
    path = f"{maple}/orders/{placed.json()['id']}"
    assert (await world.send(cast.MAPLE_ADMIN, "PATCH", path, {"status": "cancelled"})).status_code == 200
    return await world.send(cast.MAPLE_ADMIN, "PATCH", path, {"billingCycle": "annual"})


async def beyond_the_sandbox(world: World) -> httpx2.Response:
    made = await world.send(cast.MAPLE_ADMIN, "POST", "/v1/customers", customer("m.example"))
    lines = [line(lineItemNumber=number) for number in range(6)]
    path = f"/v1/customers/{made.json()['id']}/orders"
    return await world.send(cast.MAPLE_ADMIN, "POST", path, order(*lines, of=made.json()["id"]))


async def after_the_date(world: World) -> httpx2.Response:
    world.clock.now = API_ENFORCED
    return await buys()(world)


async def an_addon_alone(world: World) -> httpx2.Response:
    base = await bought(world)
    addon = await bought(world, parentSubscriptionId=base[-36:])
    await world.send(cast.ALDER_SALES, "PATCH", base, {"status": "suspended"})
    return await world.send(cast.ALDER_SALES, "PATCH", addon, {"status": "active"})


async def confirmed_twice(world: World) -> httpx2.Response:
    world.clock.now = AUGUST.replace(year=2021)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, templateId=cast.CUSTOMER_AGREEMENT)
    return await world.confirm(cast.ALDER_SALES, cast.CEDAR, templateId=cast.CUSTOMER_AGREEMENT)


async def cart_of(world: World, **changes: Any) -> str:
    body = {"lineItems": [{"id": 0, "catalogItemId": OFFER, "quantity": 1, **changes}]}
    made = await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/carts", body)
    return f"{CEDAR}/carts/{made.json()['id']}/checkout"


async def a_faulty_cart(world: World) -> httpx2.Response:
    return await world.send(cast.ALDER_SALES, "POST", await cart_of(world, currencyCode="12"))


async def a_cart_twice(world: World) -> httpx2.Response:
    checkout = await cart_of(world)
    assert (await world.send(cast.ALDER_SALES, "POST", checkout)).status_code == 201
    return await world.send(cast.ALDER_SALES, "POST", checkout)


async def an_upgrade_of_a_suspended_one(world: World) -> httpx2.Response:
    path = await bought(world)
    await world.send(cast.ALDER_SALES, "PATCH", path, {"status": "suspended"})
    return await world.send(cast.ALDER_SALES, "POST", f"{path}/upgrades", {"targetOffer": {"id": cast.NOBODY}})


async def a_conversion_of_no_trial(world: World) -> httpx2.Response:
    return await world.send(
        cast.ALDER_SALES, "POST", f"{await bought(world)}/conversions", {"targetOfferId": cast.NOBODY}
    )


ANSWERED: dict[str, Ask] = {
    "501/0": at_a_defect,
    "401/400": asks("GET", "/v1/customers", who=None),
    "404/1000": asks("GET", "/v1/nothing"),
    "400/2000": asks("GET", "/v1/customers/none/agreements"),
    "400/2001": patches({"status": "suspended"}, {"quantity": 6}),
    "400/2002": patches({"quantity": 0}),
    "400/2006": a_conversion_of_no_trial,
    "400/2011": patches({"status": "deleted"}, {"friendlyName": "x"}),
    "403/2032": asks("GET", f"{CEDAR}/agreements", who=cast.ALDER),
    "400/2054": patches({"billingCycle": "annual"}),
    "400/2055": patches({"quantity": 6}, headers={"If-Match": '"c3RhbGU="'}),
    "400/3000": asks("POST", f"{CEDAR}/agreements", agreement(templateId=None)),
    "400/4018": of_a_cancelled_order,
    "403/13605": after_the_date,
    "404/20000": asks("GET", f"{CEDAR}/orders/none"),
    "403/20002": asks("GET", f"/v1/customers/{cast.NOBODY}"),
    "404/20003": asks("GET", f"{CEDAR}/subscriptions/{cast.NOBODY}"),
    "409/27009": an_addon_alone,
    "400/600002": asks("POST", f"{CEDAR}/agreements", agreement(dateAgreed="2019-01-01T00:00:00Z")),
    "403/600006": asks("DELETE", CEDAR),
    "400/600049": creates("AM", None),
    "400/600050": creates("AM", "1234567"),
    "400/600051": creates("AM", "12345678"),
    "409/600061": confirmed_twice,
    "404/60002": asks("POST", f"{CEDAR}/agreements", agreement(userId=cast.HAZEL_ADMIN)),
    "400/800004": buys(line(offerId="nonsense")),
    "404/800008": asks("GET", f"{CEDAR}/carts/{cast.NOBODY}"),
    "400/800009": a_faulty_cart,
    "400/800018": beyond_the_sandbox,
    "400/800065": a_cart_twice,
    "400/800071": buys(line(lineItemNumber=1)),
    "400/800091": an_upgrade_of_a_suspended_one,
    "400/800093": patches({"autoRenewEnabled": True}, provisioningContext={"isTrial": "true"}),
    "403/900150": asks("POST", f"{CEDAR}/agreements", agreement(), who=cast.ALDER_HELPDESK),
}


@pytest.mark.fault("F9")
@pytest.mark.parametrize("row", ANSWERED)
async def test_a_row_of_the_contract_is_answered(make_world: Callable[..., World], row: str) -> None:
    world = make_world()
    answer = await ANSWERED[row](world)
    assert f"{answer.status_code}/{answer.json()['code']}" == row
    assert answer.json()["description"]


@pytest.mark.fault("F9")
def test_every_row_is_answered_or_its_absence_explained() -> None:
    section = CHOICES.read_text(encoding="utf-8").partition("\n## Error codes that we do not answer\n")[2]
    explained = re.findall(r"^\| (\d{3}) / (\d+) \|[^|\n]+\|[^|\n]+\|$", section.partition("\n## ")[0], re.MULTILINE)
    left_out = {f"{status}/{code}" for status, code in explained}
    assert sorted({*ANSWERED} & left_out) == []
    assert sorted({*ANSWERED} | left_out) == sorted(CONTRACT.split())
