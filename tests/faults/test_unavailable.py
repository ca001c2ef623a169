"""SQLite's file is locked, read-only, full or gone: writes wait, the operator reads what to do, and service resumes by itself."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from agreegate.deployment.watched_store import HOLD_SECONDS
from agreegate.storage.engine.folder import DATABASE
from tests import personas as cast
from tests.diagnostics import read_only
from tests.faults.server import Server
from tests.operations import confirmation
from tests.world import World, agreement

pytestmark = pytest.mark.sqlite
CEDAR = f"/v1/customers/{cast.CEDAR}"
SALES = "sales@alder.example"
WRITES: tuple[tuple[str, Any], ...] = (
    (f"{CEDAR}/agreements", agreement()),
    (f"{CEDAR}/orders", {"lineItems": [{"lineItemNumber": 0, "offerId": cast.NOBODY, "quantity": 1}]}),
    (f"/api/customers/{cast.CEDAR}/standing/end", {"reason": "no_longer_agrees"}),
    (f"/api/customers/{cast.CEDAR}/confirmations", confirmation()),
)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process has the file."""
    with closing(apsw.Connection(str(path))) as holder:
        holder.set_busy_timeout(10_000)
        holder.execute("begin immediate")
        yield


@contextmanager
def gone(path: Path, name: str = DATABASE) -> Iterator[None]:
    """A file is out of the folder, as after a wrong `mv`."""
    path.with_name(name).rename(path.with_name("elsewhere"))
    yield
    path.with_name("elsewhere").rename(path.with_name(name))


@contextmanager
def locked_for_a_moment(world: World) -> Iterator[None]:
    world.store._writer.set_busy_timeout(100)
    with locked(world.path):
        yield


async def confirmed(world: World, name: str) -> int:
    """The status of the answer to a confirmation by somebody of that name."""
    return (await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__firstName=name)).status_code


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


FAULTS: dict[str, tuple[Callable[[World], AbstractContextManager[None]], str]] = {
    "locked": (locked_for_a_moment, "BusyError: end the other process"),
    "read-only": (read_only, "ReadOnlyError: agreegate.db was made read-only"),
    "gone": (lambda world: gone(world.path), "FileGoneError: agreegate.db or its journal was taken out"),
    "journal gone": (lambda world: gone(world.path, f"{DATABASE}-wal"), "FileGoneError: agreegate.db or its journal"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_writes_are_unavailable_and_the_operator_reads_why(
    world: World, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    begin, line = FAULTS[fault]
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR)).status_code == 201
    assert (await world.send(None, "GET", "/readyz")).status_code == 200
    world.seconds_later += HOLD_SECONDS
    with begin(world):
        for path, body in WRITES:
            answer = await world.send(cast.ALDER_SALES, "POST", path, body)
            assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), (path, answer.text)
        assert (await world.send(None, "GET", "/readyz")).status_code == 503
        assert (await world.send(None, "GET", "/healthz")).status_code == 200
        assert (await world.ask(cast.ALDER_SALES, cast.CEDAR))["verdict"] == "allow"
    world.seconds_later += HOLD_SECONDS
    assert (await world.send(None, "GET", "/readyz")).status_code == 200
    assert await confirmed(world, "Later") == 201
    [said] = warned(caplog)
    assert line in said


async def test_a_full_disk_counts_though_small_writes_find_some_space(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.store._writer.execute("pragma max_page_count = 1")
    recorded = 0
    while await confirmed(world, f"N{recorded}") == 201:
        recorded += 1
    world.seconds_later += HOLD_SECONDS / 2
    assert (await world.send(None, "GET", "/readyz")).status_code == 503
    world.seconds_later += HOLD_SECONDS / 2
    assert (await world.send(None, "GET", "/readyz")).status_code == 200
    assert await confirmed(world, "Full") == 503
    world.store._writer.execute("pragma max_page_count = 1000000")
    assert await confirmed(world, "Later") == 201
    [said] = warned(caplog)
    assert "FullError: free space on the disk" in said


async def test_a_server_is_not_ready_while_a_write_waits(world: World) -> None:
    with locked(world.path):
        assert (await world.send(None, "GET", "/readyz")).status_code == 503
    world.seconds_later += HOLD_SECONDS
    while (await world.send(None, "GET", "/readyz")).status_code != 200:  # the writer asks again now and then
        pass


@pytest.mark.faults
@pytest.mark.parametrize("fault", [locked, gone])
def test_a_server_survives_a_record_that_is_taken_away(
    tmp_path: Path, fault: Callable[[Path], AbstractContextManager[None]]
) -> None:
    with Server(tmp_path) as server:
        assert server.send(SALES, "POST", f"{CEDAR}/agreements", agreement()).status_code == 201
        with fault(tmp_path / DATABASE):
            for path, body in WRITES[:2]:
                answer = server.send(SALES, "POST", path, body)
                assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), (path, answer.text)
            assert server.client.get("/readyz").status_code == 503
            assert server.client.get("/healthz").status_code == 200
        server.become_ready()
        later = agreement(primaryContact__firstName="Later")
        assert server.send(SALES, "POST", f"{CEDAR}/agreements", later).status_code == 201
        server.restart()
        assert server.send(SALES, "GET", f"{CEDAR}/agreements").json()["totalCount"] == 2
        assert server.output.count("the record is unavailable") == 1, server.output
