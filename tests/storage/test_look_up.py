"""Look-ups of concurrent callers on PostgreSQL: one round trip, and the answers that each would have got alone."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from agreegate.domain.error import StoreUnavailable
from agreegate.storage.engine.look_up import MOST, LookUps
from agreegate.storage.engine.unit_of_work import Row
from tests.postgresql import drop_databases, new_database

SERIES = "select n, $2 || n from generate_series(1, $1) n order by n desc"


class Counted:
    """Runs statements on one connection, and counts them."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.round_trips = 0
        self.fails = False
        self._lock = asyncio.Lock()

    async def fetch(self, sql: str, *parameters: Any) -> list[Row]:
        self.round_trips += 1
        if self.fails:
            raise StoreUnavailable("away")
        async with self._lock:
            return [tuple(row) for row in await self.connection.fetch(sql, *parameters)]


@pytest.fixture
async def counted() -> AsyncIterator[Counted]:
    url = new_database()
    connection = await asyncpg.connect(url)
    yield Counted(connection)
    await connection.close()
    drop_databases([url])


async def test_callers_share_round_trips_and_each_gets_its_own_rows_in_order(counted: Counted) -> None:
    look_ups = LookUps(counted.fetch)
    found = await asyncio.gather(*(look_ups.fetch_all(SERIES, count % 4, f"{count}:") for count in range(60)))
    assert found == [[(n, f"{count}:{n}") for n in range(count % 4, 0, -1)] for count in range(60)]
    assert counted.round_trips <= 4


async def test_statements_are_not_mixed_and_a_round_trip_is_bounded(counted: Counted) -> None:
    look_ups = LookUps(counted.fetch)
    numbers = [look_ups.fetch_all("select $1 + 1", count) for count in range(2 * MOST + 1)]
    texts = [look_ups.fetch_all("select $1 || '!'", f"{count}") for count in range(3)]
    found = await asyncio.gather(*numbers, *texts)
    assert found[:-3] == [[(count + 1,)] for count in range(2 * MOST + 1)]
    assert found[-3:] == [[("0!",)], [("1!",)], [("2!",)]]
    assert counted.round_trips == 4


async def test_what_was_committed_before_a_question_is_seen(counted: Counted) -> None:
    look_ups = LookUps(counted.fetch)
    await counted.connection.execute("create table kept (n bigint)")
    for count in range(20):
        waiting = [asyncio.ensure_future(look_ups.fetch_all("select n from kept where n >= $1", 0)) for _ in range(3)]
        await counted.fetch("insert into kept values ($1)", count)
        assert len(await look_ups.fetch_all("select n from kept where n >= $1", 0)) == count + 1
        await asyncio.gather(*waiting)


async def test_a_failure_is_reported_to_every_caller_and_the_next_question_is_answered(counted: Counted) -> None:
    look_ups = LookUps(counted.fetch)
    counted.fails = True
    found = await asyncio.gather(*(look_ups.fetch_all(SERIES, 1, "") for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in found] == [StoreUnavailable] * 5
    counted.fails = False
    assert await look_ups.fetch_all(SERIES, 1, "a") == [(1, "a1")]


async def test_a_caller_that_goes_away_takes_nothing_from_the_others(counted: Counted) -> None:
    look_ups = LookUps(counted.fetch)
    asked = [asyncio.ensure_future(look_ups.fetch_all(SERIES, 1, f"{count}:")) for count in range(5)]
    await asyncio.sleep(0)
    asked[2].cancel()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(found.pop(2), asyncio.CancelledError)
    assert found == [[(1, f"{count}:1")] for count in (0, 1, 3, 4)]
