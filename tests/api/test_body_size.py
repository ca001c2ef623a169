"""How large a body may be: what its route takes, and no larger (contract 3.5)."""

import json
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from tests import personas as cast
from tests.garbage.doors import BODIES, check_error, largest_body, rows_of
from tests.operations import Case, Operation, case_for, named, order
from tests.world import World, token


@pytest.mark.fault("A6")
@pytest.mark.parametrize("operation", {(one.method, one.path): one for one in BODIES}.values(), ids=named)
async def test_a_body_may_be_as_large_as_its_route_takes_and_no_larger(world: World, operation: Operation) -> None:
    case = await case_for(world, cast.MAPLE_ADMIN, operation)
    before, body = rows_of(world), json.dumps(operation.body(case)).encode()
    path, largest = operation.at(case), largest_body(operation)
    refused = await world.send(cast.MAPLE_ADMIN, operation.method, path, body.ljust(largest + 1))
    check_error(refused, 413)
    assert str(largest) in refused.text
    assert rows_of(world) == before
    taken = await world.send(cast.MAPLE_ADMIN, operation.method, path, body.ljust(largest))
    assert taken.status_code == operation.status, taken.text


@pytest.mark.fault("A6")
async def test_an_order_of_500_lines_with_long_names_is_taken(world: World) -> None:
    case = Case(cast.MAPLE, cast.CEDAR, "x.example")
    line = order(case)["lineItems"][0] | {"friendlyName": "\u540d" * 256, "attributes": {"objectType": "OrderLineItem"}}
    lines = [line | {"lineItemNumber": number} for number in range(500)]
    path = f"/v1/customers/{cast.ELM}/orders"
    body = {"lineItems": lines, "billingCycle": "monthly"}
    placed = await world.send(cast.HAZEL_ADMIN, "POST", path, json.dumps(body, ensure_ascii=False).encode())
    assert placed.status_code == 201, placed.text
    assert len(placed.json()["lineItems"]) == 500
    whole = await world.send(cast.HAZEL_ADMIN, "PATCH", f"{path}/{placed.json()['id']}", placed.content)
    assert whole.status_code == 200, "what was answered can be sent back"


@pytest.mark.fault("A6")
@pytest.mark.parametrize("many", [b"{}," * 40_000, b"[]," * 40_000, b"1," * 40_000, b'"",' * 40_000])
async def test_a_body_of_too_many_values_is_refused_before_it_is_read(world: World, many: bytes) -> None:
    body = b'{"lineItems":[' + many + b"{}]}"
    check_error(await world.send(cast.HAZEL_ADMIN, "POST", f"/v1/customers/{cast.ELM}/orders", body), 400)


@pytest.mark.fault("A6")
@pytest.mark.parametrize("operation", {(one.method, one.path): one for one in BODIES}.values(), ids=named)
async def test_a_body_of_10_megabytes_without_a_length_is_refused_and_not_held(
    world: World, operation: Operation
) -> None:
    case = await case_for(world, cast.MAPLE_ADMIN, operation)
    before, headers = rows_of(world), {"Authorization": f"Bearer {token(cast.MAPLE_ADMIN)}"}

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b"x" * 65_536

    tracemalloc.start()
    try:
        request = world.client.build_request(operation.method, operation.at(case), content=pieces(), headers=headers)
        answer = await world.client.send(request)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    check_error(answer, 413)
    assert most < 5_000_000
    assert rows_of(world) == before
