"""What has expired is deleted until nothing is left, in portions between which other writers are served (B10)."""

import asyncio
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from agreegate.deployment.watched_store import WatchedStore
from agreegate.domain.agreements.text import Digest
from agreegate.domain.error import StoreUnavailable
from agreegate.services.orders.renewal import SUBSCRIPTIONS, run_renewals
from agreegate.storage.agreements.text import published_digests
from agreegate.storage.agreements.text_file import TextFiles
from agreegate.storage.engine.sqlite import SqliteStore
from agreegate.storage.engine.unit_of_work import machine_clock, to_micros
from agreegate.upkeep import PORTION_SECONDS, STEP, PersonIndex, forget_expired, upkeep
from tests import personas as cast
from tests.world import AUGUST, World

pytestmark = pytest.mark.fault("B10")
LONG_AGO = to_micros(machine_clock() - timedelta(days=40))
JUST_NOW = to_micros(machine_clock())


class Counted:
    """A store that counts the rows which each unit of work changes."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.clock = store.clock
        self.units: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, work: Any) -> Any:
        async def counted(uow: Any) -> Any:
            changed = 0

            class Unit:
                def __getattr__(self, name: str) -> Any:
                    return getattr(uow, name)

                async def execute(self, sql: str, *parameters: Any) -> int:
                    nonlocal changed
                    rows: int = await uow.execute(sql, *parameters)
                    changed += rows
                    return rows

            result = await work(Unit())
            self.units.append(changed)
            return result

        return await self._store.write(counted)


@pytest.fixture
def counted(world: World) -> Counted:
    return Counted(world.store)


def fill(world: World, rows: int, at: int) -> None:
    """Answers, carts and sessions of that age."""
    numbers = "with n(n) as (values (1) union all select n + 1 from n where n < ?)"
    world.change(
        f"{numbers} insert into idempotency (partner_id, method, path, request_id, fingerprint, status, body, kept_at)"
        " select ?, 'POST', '/', printf('%d-%d', ?, n), '', 200, zeroblob(n * 7 % 4000), ? from n",
        rows, cast.ALDER, at, at,
    )  # fmt: skip
    world.change(
        f"{numbers} insert into session (session_key, data, began_at, seen_at)"
        """ select printf('%d-%d', ?, n), '{"user":{}}', ?, ? from n""",
        rows, at, at, at,
    )  # fmt: skip
    world.change(
        f"{numbers} insert into cart (partner_id, customer_id, cart_id, status, modified_by, lines,"
        " created_at, modified_at, expires_at) select ?, ?, printf('%d-%d', ?, n), 'active', '', '[]', 0, 0, ? from n",
        rows, cast.ALDER, cast.CEDAR, at, to_micros(AUGUST + timedelta(days=-1 if at == LONG_AGO else 1)),
    )  # fmt: skip


def left(world: World) -> list[int]:
    return [world.rows(f"select count(*) from {table}")[0][0] for table in ("idempotency", "cart", "session")]


async def test_everything_that_has_expired_goes_and_nothing_else(world: World, counted: Counted) -> None:
    fill(world, 150, LONG_AGO)
    fill(world, 30, JUST_NOW)
    await forget_expired(counted, count(0, PORTION_SECONDS).__next__)
    assert left(world) == [30, 30, 30]
    assert sum(counted.units) == 450


async def test_a_portion_ends_when_its_time_is_over(world: World, counted: Counted) -> None:
    fill(world, 200, LONG_AGO)
    await forget_expired(counted, count(0, PORTION_SECONDS / 2.5).__next__)
    assert max(counted.units) == 3 * STEP
    assert left(world) == [0, 0, 0]


async def test_other_writers_are_served_between_two_portions(world: World) -> None:
    fill(world, 100, LONG_AGO)
    upkeep_under_way = asyncio.create_task(forget_expired(world.store, count(0, PORTION_SECONDS).__next__))
    served = 0
    while not upkeep_under_way.done():
        assert (
            await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__firstName=f"N{served}")
        ).status_code == 201
        served += 1
    assert served > 5
    assert left(world)[1:] == [0, 0]


async def test_a_server_that_starts_deletes_what_expired_while_nothing_ran(world: World) -> None:
    fill(world, 300, LONG_AGO)
    async with (
        asyncio.timeout(60),
        upkeep(world.deployment.store, world.deployment.texts, PersonIndex(world.store))(None),
    ):
        while left(world) != [0, 0, 0]:
            await world.store.write(lambda uow: uow.execute("update deployment set demo = demo"))


@pytest.mark.fault("C5")
async def test_a_server_that_starts_deletes_what_killed_publications_left(world: World) -> None:
    texts = world.deployment.texts
    part = TextFiles(world.path.parent / "texts").path_of(Digest("ab" + 62 * "0")).with_name(f".{cast.NOBODY}")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half of a text")
    async with asyncio.timeout(60), upkeep(world.deployment.store, texts, PersonIndex(world.store))(None):
        while part.exists():
            await world.store.read_slow(published_digests)


async def confirm_many(world: World, rows: int) -> None:
    for number in range(rows):
        answer = await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__firstName=f"Nora{number}")
        assert answer.status_code == 201


def known(world: World) -> set[str]:
    return {word for (word,) in world.rows("select word from person_word where word like 'nora%'")}


async def test_a_server_that_starts_takes_over_the_persons_that_wait(world: World) -> None:
    await confirm_many(world, 12)
    async with (
        asyncio.timeout(60),
        upkeep(world.deployment.store, world.deployment.texts, PersonIndex(world.store))(None),
    ):
        while known(world) != {f"nora{number}" for number in range(12)}:
            await world.store.read_slow(published_digests)


@pytest.mark.fault("C1")
async def test_persons_are_taken_over_from_where_a_killed_server_stopped(world: World) -> None:
    class Killed(Counted):
        async def write(self, work: Any) -> Any:
            if self.units:
                raise StoreUnavailable("IOError")
            return await super().write(work)

    await confirm_many(world, 12)
    stopped = Killed(world.store)
    ticks = count(0, PORTION_SECONDS)
    with pytest.raises(StoreUnavailable):
        await PersonIndex(stopped, ticks.__next__).catch_up()
    some = known(world)
    assert some == {f"nora{number}" for number in range(len(some))}
    assert 0 < len(some) < 12
    going_on = Counted(world.store)
    await PersonIndex(going_on).catch_up()
    assert known(world) == {f"nora{number}" for number in range(12)}
    written = sum(stopped.units) + sum(going_on.units)
    assert written < 12 * 6 + 12, "no person is written twice"


async def test_the_lag_counts_from_when_nothing_waited(world: World) -> None:
    now = 100.0
    index = PersonIndex(world.store, lambda: now)
    now = 107.0
    assert index.lag() == 7, "nothing is known at the start"
    await index.catch_up()
    assert index.lag() == 0
    await confirm_many(world, 1)
    now = 109.5
    assert index.lag() == 2.5
    await index.catch_up()
    assert index.lag() == 0


async def test_upkeep_that_cannot_write_is_reported_and_goes_on(world: World, caplog: pytest.LogCaptureFixture) -> None:
    class Full(Counted):
        async def write(self, work: Any, turn: Any = None) -> Any:
            raise StoreUnavailable("FullError")

    fill(world, 1, LONG_AGO)
    store = WatchedStore(Full(world.store))
    async with asyncio.timeout(60), upkeep(store, world.deployment.texts, PersonIndex(world.store))(None):
        while "FullError" not in caplog.text:
            await asyncio.to_thread(left, world)
    assert caplog.text.count("FullError") == 1
    assert left(world) == [1, 1, 1]


async def test_renewals_hold_other_writers_for_a_few_subscriptions_at_a_time(tmp_path: Path) -> None:
    world = World(tmp_path, AUGUST)
    lines = [{"lineItemNumber": n, "offerId": cast.NOBODY, "quantity": 1} for n in range(35)]
    bought = await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.CEDAR}/orders", {"lineItems": lines})
    assert bought.status_code == 201, bought.text
    units = await run_renewals(world.store, AUGUST.replace(year=2021))
    assert units >= 35 / SUBSCRIPTIONS
    assert world.rows("select count(*) from renewal") == [(35 * 3,)]
    assert await run_renewals(world.store, AUGUST.replace(year=2021)) == 0
    await world.close()


async def test_a_server_is_ready_before_its_renewals_are_done(world: World) -> None:
    bought = await world.send(
        cast.ALDER_SALES,
        "POST",
        f"/v1/customers/{cast.CEDAR}/orders",
        {"lineItems": [{"lineItemNumber": 0, "offerId": cast.NOBODY, "quantity": 1}]},
    )
    assert bought.status_code == 201, bought.text
    world.clock.now = AUGUST.replace(year=2021)

    def renewed() -> list[Any]:
        return world.rows("select term from renewal order by term")

    store = world.deployment.store
    async with asyncio.timeout(60), upkeep(store, world.deployment.texts, PersonIndex(world.store))(None):
        assert renewed() == [], "the first request does not wait for them"
        while renewed() != [(2,), (3,), (4,)]:  # noqa: ASYNC110 - of upkeep, which has no event for it
            await asyncio.sleep(0)
