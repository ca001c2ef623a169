"""Requests that several tests of the wire send."""

import json
from typing import Any
from urllib.parse import quote

from tests import personas as cast
from tests.operations import customer
from tests.world import World, changed

SELF = {"method": "GET", "headers": []}


def contoso(**changes: Any) -> dict[str, Any]:
    """A customer as a client posts it; `billingProfile__email=…` changes a member inside."""
    body = customer("contoso.example")
    body["billingProfile"]["defaultAddress"]["phoneNumber"] = ""
    return changed(body, **changes)


async def create(world: World, who: str, body: Any = None, **headers: str) -> Any:
    return await world.send(who, "POST", "/v1/customers", body or contoso(), headers)


OFFER = "BD938F12-058F-4927-BBA3-AE36B1D2501C"

TARGET = "796B6B5F-613C-4E24-A17C-EBA730D49C02"

SUBSCRIPTIONS = f"/v1/customers/{cast.CEDAR}/subscriptions"


async def buy(world: World, who: str = cast.ALDER_SALES, **line: Any) -> dict[str, Any]:
    """A subscription of five seats, as it is read."""
    lines = [{"offerId": OFFER, "quantity": 5, "friendlyName": "Office"} | line]
    order = await world.send(who, "POST", f"/v1/customers/{cast.CEDAR}/orders", {"lineItems": lines})
    assert order.status_code == 201, order.text
    read = await world.send(who, "GET", f"{SUBSCRIPTIONS}/{order.json()['lineItems'][0]['subscriptionId']}")
    found: dict[str, Any] = read.json()
    return found


async def patch(world: World, subscription: dict[str, Any], body: object, **headers: str) -> Any:
    return await world.send(cast.ALDER_SALES, "PATCH", f"{SUBSCRIPTIONS}/{subscription['id']}", body, headers)


async def read(world: World, subscription: dict[str, Any], who: str = cast.ALDER_SALES) -> Any:
    return await world.send(who, "GET", f"{SUBSCRIPTIONS}/{subscription['id']}")


async def items(world: World, query: str = "", who: str = cast.ALDER_ADMIN) -> list[dict]:
    answer = await world.send(who, "GET", f"/v1/auditrecords{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict] = answer.json()["items"]
    return found


def filtered(field: str, value: str, operator: str | int) -> str:
    return "?filter=" + quote(json.dumps({"Field": field, "Value": value, "Operator": operator}))
