"""The dates of the process, through the dashboard beside the API: the same customer, the same purchase, day by day."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from tests import personas as cast
from tests.dashboard.acceptor import ACCEPTOR, confirmed, subscribed
from tests.dashboard.visitor import Reply, Visitor, visitor
from tests.world import API_ENFORCED, DASHBOARD_ENFORCED, EVE_OF_API, EVE_OF_DASHBOARD, World

OFFER = "bd938f12-058f-4927-bba3-ae36b1d2501c"
CUSTOMER = f"/v1/customers/{cast.DOGWOOD}"


@dataclass(frozen=True)
class Purchase:
    """One kind of transaction, on both channels. Each time it is one that was not done before."""

    world: World
    someone: Visitor
    page: str
    fields: Callable[[int], dict[str, str]]
    by_api: Callable[[int], Awaitable[int]]
    """The status of its answer."""

    async def on_the_page(self, turn: int, step: str | None = None, **typed: str) -> Reply:
        """Begun on the page; then, when it is held, the button `step` is pressed."""
        reply = await self.someone.fill(self.page, **self.fields(turn))
        return reply if step is None else await self.someone.send(self.page, reply.page.form(), step=step, **typed)


def order(seats: int) -> dict[str, object]:
    return {"lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "friendlyName": "Office", "quantity": seats}]}


async def new_purchase(world: World) -> Purchase:
    async def by_api(turn: int) -> int:
        return (await world.send(cast.ALDER_SALES, "POST", f"{CUSTOMER}/orders", order(turn))).status_code

    def fields(turn: int) -> dict[str, str]:
        return {"offer-0": OFFER, "quantity-0": str(turn)}

    return Purchase(world, await visitor(world), f"/customers/{cast.DOGWOOD}/order", fields, by_api)


async def seat_change(world: World) -> Purchase:
    placed = (await world.send(cast.ALDER_SALES, "POST", f"{CUSTOMER}/orders", order(8))).json()
    path = f"subscriptions/{placed['lineItems'][0]['subscriptionId']}"

    async def by_api(turn: int) -> int:
        change = {"quantity": 100 + turn}
        return (await world.send(cast.ALDER_SALES, "PATCH", f"{CUSTOMER}/{path}", change)).status_code

    def fields(turn: int) -> dict[str, str]:
        return {"quantity": str(200 + turn)}

    return Purchase(world, await visitor(world), f"/customers/{cast.DOGWOOD}/{path}/seats", fields, by_api)


@pytest.mark.rule("R2")
@pytest.mark.rule("R3")
@pytest.mark.rule("R4")
@pytest.mark.rule("R5")
@pytest.mark.rule("R6")
@pytest.mark.rule("R7")
@pytest.mark.rule("R9")
@pytest.mark.rule("R10")
@pytest.mark.rule("R41")
@pytest.mark.rule("R42")
@pytest.mark.parametrize(("kind", "accepted"), [(new_purchase, 201), (seat_change, 200)])
async def test_day_by_day_one_customer_on_both_channels(
    world: World, kind: Callable[[World], Awaitable[Purchase]], accepted: int
) -> None:
    purchase = await kind(world)
    here = f"/customers/{cast.DOGWOOD}"

    world.clock.now = EVE_OF_DASHBOARD
    assert (await purchase.on_the_page(1, "skip")).path == here
    assert await purchase.by_api(1) == accepted

    for now in (DASHBOARD_ENFORCED, EVE_OF_API):
        world.clock.now = now
        before = subscribed(world)
        for step in (None, "skip"):
            held = await purchase.on_the_page(2, step)
            assert "This cannot be completed yet" in held.text
        assert subscribed(world) == before
        assert await purchase.by_api(2 + now.month) == accepted

    world.clock.now = API_ENFORCED
    before = subscribed(world)
    assert "This cannot be completed yet" in (await purchase.on_the_page(4)).text
    assert await purchase.by_api(20) == 403
    assert subscribed(world) == before
    assert confirmed(world) == []

    assert (await purchase.on_the_page(5, "confirm", **ACCEPTOR)).path == here
    assert confirmed(world) == [(cast.DOGWOOD, "Berg", "dashboard")]
    assert (await purchase.on_the_page(6)).path == here
    assert await purchase.by_api(20) == accepted
    assert len(confirmed(world)) == 1
