"""`python -m bench.inside`: prints the cost of a check inside the process, without a network, in microseconds."""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from agreegate.domain.actor import Channel
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.services.gate import ask
from tests import personas as cast
from tests.world import API_ENFORCED, World, token

TIMES = 20_000
TOGETHER = 16
"""Checks in one iteration of the event loop: one for each client."""


async def cost(work: Callable[[], Awaitable[object]]) -> float:
    """Return the average microseconds of a check."""
    began = time.perf_counter()
    for number in range(TIMES):
        await work()
        if number % TOGETHER == 0:
            await asyncio.sleep(0)
    return (time.perf_counter() - began) / TIMES * 1e6


async def measure(folder: Path) -> None:
    """Print the cost of the whole application, and of the question to the gate alone."""
    world = World(folder, API_ENFORCED)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    await world.ask(cast.ALDER_SALES, cast.CEDAR)
    body = json.dumps({"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api"}).encode()
    authorization = f"Bearer {token(cast.ALDER_SALES)}".encode()
    headers = [(b"host", b"x"), (b"authorization", authorization), (b"content-type", b"application/json")]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(_: Any) -> None:
        pass

    async def whole() -> None:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/gate/decisions",
            "query_string": b"",
            "headers": headers,
        }
        await world.app(scope, receive, send)

    actor = await world.deployment.callers.actor_of(authorization)

    async def alone() -> object:
        return await ask(world.store, actor, world.deployment.programme, cast.CEDAR, asked, API_ENFORCED)

    asked = Transaction(Action.NEW_PURCHASE, Channel.API)
    for name, work in (("the whole application", whole), ("the question alone", alone)):
        await cost(work)
        print(f"{name:22} {await cost(work):5.1f} µs")
    await world.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        uvloop.run(measure(Path(made)))
