"""Each worker measures the offset of its clock to PostgreSQL's: it warns, is not ready, and is ready again (decision 0005)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from agreegate.deployment.clock_offset import ClockOffset
from agreegate.storage.clock import MeasuredOffset, measure_offset
from agreegate.storage.engine.postgresql import PostgresStore
from agreegate.storage.engine.sqlite import InlineStore
from agreegate.storage.engine.unit_of_work import machine_clock
from agreegate.upkeep import PersonIndex, upkeep
from tests.postgresql import drop_databases, new_database, schema_template
from tests.world import World

SECOND = timedelta(seconds=1)


@pytest.fixture
async def store() -> AsyncIterator[PostgresStore]:
    url = new_database(schema_template())
    opened = PostgresStore(url)
    yield opened
    await opened.finish()
    drop_databases([url])


@pytest.mark.parametrize("ahead", [0, 3, -3])
async def test_the_offset_is_measured(ahead: int, store: PostgresStore) -> None:
    offset = ClockOffset(store, lambda: machine_clock() + ahead * SECOND)
    assert offset.seconds is None, "nothing is measured yet"
    await offset.measure()
    assert offset.seconds == pytest.approx(ahead, abs=0.9)


async def test_half_the_round_trip_is_taken_off(store: PostgresStore) -> None:
    measured = await measure_offset(store, machine_clock, count(0, 40).__next__)
    assert measured is not None
    assert measured.error == 20
    assert measured.seconds == pytest.approx(20, abs=0.9)
    assert measured.certain < 1


@pytest.mark.parametrize(("seconds", "error", "certain"), [(31, 0.5, 30.5), (-31, 0.5, 30.5), (3, 5, 0)])
def test_what_the_round_trip_can_explain_does_not_count(seconds: float, error: float, certain: float) -> None:
    assert MeasuredOffset(seconds, error).certain == certain


class Ahead:
    """The machine's clock, ahead by some seconds."""

    seconds = 0.0

    def __call__(self) -> datetime:
        return machine_clock() + self.seconds * SECOND


@pytest.fixture
def own() -> Ahead:
    return Ahead()


@pytest.fixture
def observed(own: Ahead, store: PostgresStore, make_world: Callable[..., World]) -> World:
    """A server that measures its own clock."""
    offset = ClockOffset(store, own)
    made = make_world(clock_offset=offset)
    made.deployment.metrics.clock_offset = lambda: offset.seconds
    return made


async def test_a_server_is_not_ready_while_its_clock_is_off(
    own: Ahead, observed: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    offset = observed.deployment.clock_offset
    assert offset is not None

    async def ready() -> tuple[int, str]:
        answer = await observed.send(None, "GET", "/readyz")
        return answer.status_code, answer.json()["status"]

    assert await ready() == (200, "ready")
    for own.seconds, status, words in ((1, 200, ""), (5, 200, "ahead of"), (40, 503, "ahead of"), (-40, 503, "behind")):
        caplog.clear()
        await offset.measure()
        code, reason = await ready()
        assert code == status
        if status == 503:
            assert reason.startswith("clock ")
            assert reason.endswith(f"{words} the database's")
        assert len(caplog.messages) == bool(words)
        assert all(words in line and "time synchronisation" in line for line in caplog.messages)
        assert all(("/readyz" in line) == (status == 503) for line in caplog.messages)
    metrics = await observed.send(None, "GET", "/metrics")
    [value] = [
        line.split()[1] for line in metrics.text.splitlines() if line.startswith("agreegate_clock_offset_seconds ")
    ]
    assert float(value) == pytest.approx(-40, abs=0.9)
    own.seconds = 0
    await offset.measure()
    assert await ready() == (200, "ready")


async def test_upkeep_measures_from_the_start(store: PostgresStore, world: World) -> None:
    offset = ClockOffset(store)
    kept_up: Any = upkeep(
        world.deployment.store, world.deployment.texts, PersonIndex(world.store), measure_clock=offset.measure
    )
    async with asyncio.timeout(60), kept_up(None):
        while offset.seconds is None:  # noqa: ASYNC110 - of upkeep, which has no event for it
            await asyncio.sleep(0)
    assert offset.not_ready() is None


async def test_on_one_machine_nothing_is_measured(world: World) -> None:
    offset = ClockOffset(InlineStore.in_memory(), lambda: machine_clock() + 3600 * SECOND)
    await offset.measure()
    assert (offset.seconds, offset.not_ready()) == (None, None)
    assert "clock_offset" not in (await world.send(None, "GET", "/metrics")).text
