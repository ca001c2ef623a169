"""The contract's rate limit: a setting, off by default, on the resources it names (contract 3.8, section 8, 7)."""

import json
from collections.abc import Callable

import pytest

from agreegate.api.throttle import Throttle
from agreegate.app import WIRE_ROUTES
from tests import personas as cast
from tests.operations import OPERATIONS, Operation, case_for, named
from tests.world import World, agreement

ONE = "/v1/customers/{customer_id}"
LIMITED = {
    ONE,
    f"{ONE}/orders",
    f"{ONE}/orders/{{order_id}}",
    f"{ONE}/carts",
    f"{ONE}/carts/{{cart_id}}",
    f"{ONE}/carts/{{cart_id}}/checkout",
    f"{ONE}/subscriptions/{{subscription_id}}",
    f"{ONE}/subscriptions/{{subscription_id}}/upgrades",
    f"{ONE}/subscriptions/{{subscription_id}}/conversions",
}
"""Orders, upgrades, carts and checkout, conversions, customer by id, subscription by id."""


class Machine:
    """The machine's clock, as tests set it."""

    def __init__(self) -> None:
        self.now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


def test_the_limit_lies_on_the_resources_that_the_contract_names() -> None:
    assert {route.path for route in WIRE_ROUTES if route.throttled} == LIMITED
    assert all(route.throttled for route in WIRE_ROUTES if route.path in LIMITED)


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.path.startswith("/v1")], ids=named)
async def test_only_what_is_limited_is_refused_beyond_the_limit(
    make_world: Callable[..., World], operation: Operation
) -> None:
    world = make_world(throttle=Throttle(3, Machine()))
    case = await case_for(world, cast.MAPLE_ADMIN, operation)  # places two limited requests at most
    codes = [
        (await world.send(cast.MAPLE_ADMIN, operation.method, operation.at(case), operation.body(case))).status_code
        for _ in range(4)
    ]
    assert (429 in codes) == (operation.path in LIMITED)


async def test_beyond_the_limit_the_answer_says_when_to_come_again(make_world: Callable[..., World]) -> None:
    machine = Machine()
    world = make_world(throttle=Throttle(2, machine))
    path = f"/v1/customers/{cast.CEDAR}"

    async def statuses(who: str, times: int) -> list[int]:
        return [(await world.send(who, "GET", path)).status_code for _ in range(times)]

    assert await statuses(cast.ALDER_SALES, 3) == [200, 200, 429]
    assert await statuses(cast.ALDER_ADMIN, 1) == [429], "counted per partner, not per user"
    assert await statuses(cast.HAZEL_ADMIN, 2) == [200, 200]
    machine.now += 10
    refused = await world.send(cast.ALDER_SALES, "GET", path, headers={"MS-RequestId": cast.NOBODY})
    wait = int(refused.headers["Retry-After"])
    assert 1 <= wait <= 60
    assert (
        refused.content
        == json.dumps(
            {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {wait} seconds."},
            separators=(",", ":"),
        ).encode()
    )
    assert refused.headers["content-type"] == "application/json"
    assert refused.headers["MS-RequestId"] == cast.NOBODY
    french = await world.send(cast.ALDER_SALES, "GET", path, headers={"X-Locale": "fr-FR"})
    assert french.json()["message"] == f"La limite de fréquence est dépassée. Réessayez dans {wait} secondes."
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR)).status_code == 201, "agreements are not limited"
    machine.now += wait
    assert await statuses(cast.ALDER_SALES, 3) == [200, 200, 429]


async def test_refused_requests_count_too(make_world: Callable[..., World]) -> None:
    world = make_world(throttle=Throttle(2, Machine()))
    for _ in range(2):
        refused = await world.send(cast.ALDER_HELPDESK, "PATCH", f"/v1/customers/{cast.CEDAR}", {})
        assert refused.status_code == 403
    assert (await world.send(cast.ALDER_SALES, "GET", f"/v1/customers/{cast.CEDAR}")).status_code == 429


async def test_there_is_no_limit_unless_it_is_set(world: World) -> None:
    for _ in range(600):
        assert (await world.send(cast.ALDER_SALES, "GET", f"/v1/customers/{cast.CEDAR}")).status_code == 200
    assert (
        await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.CEDAR}/agreements", agreement())
    ).is_success
