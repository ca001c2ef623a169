"""A customer's subscriptions have a bound, since clients list them whole: orders, carts, add-ons and upgrades keep to it."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests import personas as cast
from tests.dashboard.visitor import visitor
from tests.operations import OFFER
from tests.world import World

pytestmark = pytest.mark.fault("A6")
ELM = f"/v1/customers/{cast.ELM}"


def lines(count: int, **more: Any) -> dict[str, Any]:
    return {"lineItems": [{"lineItemNumber": n, "offerId": OFFER, "quantity": 1, **more} for n in range(count)]}


async def order(world: World, count: int, **more: Any) -> httpx2.Response:
    return await world.send(cast.HAZEL_ADMIN, "POST", f"{ELM}/orders", lines(count, **more))


def check_refused(answer: httpx2.Response, most: int = 3) -> None:
    assert (answer.status_code, answer.json()["code"]) == (400, 4018)
    assert f"more than {most} subscriptions" in answer.json()["description"]


def counted(world: World) -> int:
    return int(world.rows("select count(*) from subscription where customer_id = ?", cast.ELM)[0][0])


async def test_an_order_beyond_the_bound_buys_nothing(make_world: Callable[..., World]) -> None:
    world = make_world(most_subscriptions=3)
    assert (await order(world, 2)).status_code == 201
    before = [world.rows(f"select count(*) from {table}") for table in ("order_", "audit_record", "order_line")]
    check_refused(await order(world, 2))
    french = await world.send(cast.HAZEL_ADMIN, "POST", f"{ELM}/orders", lines(2), headers={"X-Locale": "fr-FR"})
    assert "le client aurait plus de 3 abonnements" in french.json()["description"]
    assert before == [world.rows(f"select count(*) from {table}") for table in ("order_", "audit_record", "order_line")]
    last = await order(world, 1)
    assert last.status_code == 201, "up to the bound"
    check_refused(await order(world, 1))
    renewed = last.json()["lineItems"][0]["subscriptionId"]
    renewal = lines(1, subscriptionId=renewed, renewsTo={"termDuration": "P1Y"})
    assert (await world.send(cast.HAZEL_ADMIN, "POST", f"{ELM}/orders", renewal)).status_code == 201, "adds none"


async def test_add_ons_upgrades_and_carts_keep_to_the_bound(make_world: Callable[..., World]) -> None:
    world = make_world(most_subscriptions=3)
    placed = (await order(world, 1)).json()
    parent = placed["lineItems"][0]["subscriptionId"]
    cart = {"lineItems": [{"id": 0, "catalogItemId": OFFER, "quantity": 1, "orderGroup": "a"},
                          {"id": 1, "catalogItemId": OFFER, "quantity": 1, "orderGroup": "b"}]}  # fmt: skip
    first = (await world.send(cast.HAZEL_ADMIN, "POST", f"{ELM}/carts", cart)).json()["id"]
    second = (await world.send(cast.HAZEL_ADMIN, "POST", f"{ELM}/carts", cart)).json()["id"]
    assert (await world.send(cast.HAZEL_ADMIN, "POST", f"{ELM}/carts/{first}/checkout")).status_code == 201
    assert counted(world) == 3
    check_refused(await world.send(cast.HAZEL_ADMIN, "POST", f"{ELM}/carts/{second}/checkout"))
    addon = lines(1, parentSubscriptionId=parent)
    check_refused(await world.send(cast.HAZEL_ADMIN, "PATCH", f"{ELM}/orders/{placed['id']}", addon))
    upgrade = {"targetOffer": {"id": cast.NOBODY}}
    check_refused(await world.send(cast.HAZEL_ADMIN, "POST", f"{ELM}/subscriptions/{parent}/upgrades", upgrade))
    assert counted(world) == 3
    one = (await world.send(cast.HAZEL_ADMIN, "GET", f"{ELM}/subscriptions/{parent}")).json()
    assert one["status"] == "active", "the upgrade that was refused left it as it was"


async def test_a_cart_whose_second_order_passes_the_bound_buys_nothing(make_world: Callable[..., World]) -> None:
    world = make_world(most_subscriptions=1)
    cart = {"lineItems": [{"id": n, "catalogItemId": OFFER, "quantity": 1, "orderGroup": str(n)} for n in range(2)]}
    made = (await world.send(cast.HAZEL_ADMIN, "POST", f"{ELM}/carts", cart)).json()["id"]
    check_refused(await world.send(cast.HAZEL_ADMIN, "POST", f"{ELM}/carts/{made}/checkout"), 1)
    assert counted(world) == 0


async def test_the_bound_is_each_partners_own_and_ended_subscriptions_count(make_world: Callable[..., World]) -> None:
    world = make_world(most_subscriptions=1)
    path = f"/v1/customers/{cast.CEDAR}/orders"
    for partner in (cast.HAZEL_ADMIN, cast.ALDER_SALES):
        assert (await world.send(partner, "POST", path, lines(1))).status_code == 201
    ended = (await order(world, 1)).json()["lineItems"][0]["subscriptionId"]
    cancelled = await world.send(cast.HAZEL_ADMIN, "PATCH", f"{ELM}/subscriptions/{ended}", {"status": "deleted"})
    assert cancelled.status_code == 200
    check_refused(await order(world, 1), 1)


async def test_an_order_on_a_page_keeps_to_the_bound_too(make_world: Callable[..., World]) -> None:
    world = make_world(most_subscriptions=1)
    person = await visitor(world, cast.HAZEL_ADMIN)
    path = f"/customers/{cast.ELM}/order"
    filled = {"offer-0": OFFER, "quantity-0": "1", "step": "skip"}
    assert (await person.fill(path, **filled)).path == f"/customers/{cast.ELM}"
    refused = await person.fill(path, **filled)
    assert (refused.status, refused.path) == (422, path)
    assert "more than 1 subscriptions" in refused.text
    await person.close()
