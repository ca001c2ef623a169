"""One tenant cannot stop the others: what takes long is done on another thread than the one that answers the gate (A6)."""

import re
import subprocess
import sys
import threading
from collections import UserDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw
import pytest
from litestar import Litestar, get
from litestar.datastructures import State

from agreegate.api.body import READ_AT_ONCE, off_the_loop
from agreegate.dashboard.frame.page import DashboardRequest, page
from agreegate.server import SWITCH_SECONDS
from tests import personas as cast
from tests.asgi import call, handlers
from tests.dashboard.visitor import visitor
from tests.large_tenant import enlarge, id_of
from tests.operations import OPERATIONS, Case
from tests.world import World

pytestmark = pytest.mark.fault("A6")
MOST_STEPS = 20_000
"""Of SQLite's machine for one request: some hundred rows."""
CASE = Case(
    cast.ALDER, cast.CEDAR, "cedar.example", id_of(3, 0), id_of(4, 0), cast.NOBODY, id_of(7, 1), cast.CUSTOMER_AGREEMENT
)  # fmt: skip


PLACES = {
    "customer": cast.CEDAR, "subscription": id_of(4, 0), "confirmation": id_of(7, 1), "reseller": cast.BIRCH,
    "partner": cast.ALDER, "country": "US", "culture": "en-US", "version": cast.NOBODY, "id_": cast.NOBODY,
    "decision": cast.NOBODY,
}  # fmt: skip
"""What stands in the addresses of pages."""
ELSEWHERE = ("/v1", "/api", "/texts", "/static", "/sign", "/healthz", "/readyz", "/metrics")
MOST_ROWS = 600
"""Of all tables of a page together: two lists of 250 at most, and a head for each."""


@pytest.fixture
async def large(world: World) -> World:
    enlarge(world)
    return world


@contextmanager
def steps_on_the_loop(world: World) -> Iterator[list[int]]:
    """The steps of every statement that the event loop runs meanwhile."""
    counted: list[int] = []
    world.store.reader.trace_v2(
        apsw.SQLITE_TRACE_PROFILE, lambda event: counted.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])
    )
    yield counted
    world.store.reader.trace_v2(0, None)


async def test_no_read_of_a_large_tenant_is_long_on_the_event_loop(large: World) -> None:
    for who in (cast.ALDER_SALES, cast.BIRCH_SALES):
        for operation in OPERATIONS:
            if operation.method == "GET":
                with steps_on_the_loop(large) as counted:
                    await large.send(who, "GET", operation.at(CASE))
                assert sum(counted) <= MOST_STEPS, operation.path


@pytest.mark.parametrize("who", [cast.ALDER_SALES, cast.BIRCH_SALES])
async def test_no_page_of_a_large_tenant_is_long_nor_read_on_the_event_loop(large: World, who: str) -> None:
    person = await visitor(large, who)
    for path, handler in handlers(large.framework):
        if "GET" in handler.http_methods and not path.startswith(ELSEWHERE):
            with steps_on_the_loop(large) as counted:
                shown = await person.get(re.sub(r"\{(\w+):\w+\}", lambda part: PLACES[part[1]], path))
            assert sum(counted) <= MOST_STEPS, path
            if not path.endswith(".csv"):
                assert shown.page.html.count("<tr") <= MOST_ROWS, path
    await person.close()


async def test_a_large_body_is_read_on_another_thread() -> None:
    here = threading.get_ident()
    assert await off_the_loop(lambda _: threading.get_ident(), b"x" * READ_AT_ONCE) == here
    assert await off_the_loop(lambda _: threading.get_ident(), b"x" * (READ_AT_ONCE + 1)) != here


async def test_a_page_is_rendered_on_another_thread(world: World) -> None:
    rendered_by: list[int] = []

    class Noting(UserDict[str, str]):
        def keys(self) -> Any:
            rendered_by.append(threading.get_ident())
            return super().keys()

    @get("/")
    async def show(request: DashboardRequest) -> Any:
        return page(request, "refused.html", 404, sentence_key="request.not-found", parameters=Noting())

    app = Litestar([show], state=State({"deployment": world.deployment}), logging_config=None)
    assert (await call(app, "GET", b"/")).status == 404
    assert rendered_by
    assert threading.get_ident() not in rendered_by


SERVER = """
import os, signal, sys
from agreegate.server import listen, run

async def app(scope, receive, send):
    while (message := await receive())["type"].startswith("lifespan."):
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return

def ready():
    print(sys.getswitchinterval(), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)

run(app, listen("127.0.0.1", 0), ready)
"""


def test_no_thread_keeps_the_interpreter_long_from_the_event_loop() -> None:
    done = subprocess.run([sys.executable, "-c", SERVER], capture_output=True, text=True, timeout=60, check=False)
    assert float(done.stdout) == SWITCH_SECONDS <= 0.001, done.stderr
