"""Lists that no client pages: whole, in order, and sent in pieces (A6)."""

import json
from typing import Any

import pytest

from agreegate.api.pagination import ITEMS
from tests import personas as cast
from tests.asgi import call
from tests.large_tenant import MANY, enlarge, id_of
from tests.world import World, token

pytestmark = pytest.mark.fault("A6")
CEDAR = f"/v1/customers/{cast.CEDAR}"


@pytest.fixture
async def large(world: World) -> World:
    enlarge(world)
    return world


async def listed(world: World, who: str, path: str) -> dict[str, Any]:
    answer = await world.send(who, "GET", path)
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    found: dict[str, Any] = answer.json()
    assert found["totalCount"] == len(found["items"])
    assert found["attributes"] == {"objectType": "Collection"}
    return found


@pytest.mark.parametrize("who", [cast.ALDER_SALES, cast.BIRCH_SALES])
async def test_subscriptions_and_add_ons_are_whole_and_in_order(large: World, who: str) -> None:
    every = await listed(large, who, f"{CEDAR}/subscriptions")
    assert [one["id"] for one in every["items"]] == [id_of(4, n) for n in range(MANY)]
    assert every["links"]["self"]["uri"] == f"/customers/{cast.CEDAR}/subscriptions"
    addons = await listed(large, who, f"{CEDAR}/subscriptions/{id_of(4, 0)}/addons")
    assert [one["id"] for one in addons["items"]] == [id_of(4, n) for n in range(1, MANY, 2)]
    ordered = await listed(large, who, f"{CEDAR}/subscriptions?order_id={id_of(3, 7).upper()}")
    assert [one["id"] for one in ordered["items"]] == [id_of(4, 7)]


async def test_orders_agreements_and_resellers_are_whole_and_in_order(large: World) -> None:
    orders = await listed(large, cast.ALDER_SALES, f"{CEDAR}/orders")
    assert [one["id"] for one in orders["items"]] == [id_of(3, n) for n in range(MANY)]
    agreements = await listed(large, cast.ALDER_SALES, f"{CEDAR}/agreements")
    assert len(agreements["items"]) == MANY // 2
    names = [one["name"] for one in (await listed(large, cast.ALDER_SALES, f"{CEDAR}/relationships"))["items"]]
    assert len(names) == MANY // 4 + 2
    assert names == sorted(names)
    linked = "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf"
    assert len((await listed(large, cast.ALDER_SALES, linked))["items"]) == MANY // 4 + 2


async def test_a_long_list_goes_out_in_pieces_and_a_short_one_in_one(large: World) -> None:
    for path, pieces in ((f"{CEDAR}/subscriptions", MANY // ITEMS + 2), (f"/v1/customers/{cast.ELM}/subscriptions", 1)):
        sent: list[dict[str, Any]] = []

        async def app(scope: Any, receive: Any, send: Any, sent: list[dict[str, Any]] = sent) -> None:
            async def note(message: dict[str, Any]) -> None:
                sent.append(message)
                await send(message)

            await large.app(scope, receive, note)

        who = cast.HAZEL_ADMIN if pieces == 1 else cast.ALDER_SALES
        answer = await call(app, "GET", path.encode(), [(b"authorization", f"Bearer {token(who)}".encode())])
        assert json.loads(answer.body)["totalCount"] == (MANY if pieces > 1 else 0)
        assert len(sent) == 1 + pieces
