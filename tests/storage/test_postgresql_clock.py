"""The clock of a unit of work on PostgreSQL: the database's, read once the customer is locked (decision 0005)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agreegate.domain.clock import TOLERANCE
from agreegate.domain.partner import PartnerId
from agreegate.services.clock import is_behind
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.engine.location import location_of
from agreegate.storage.engine.ordered_unit import OrderedUnit
from agreegate.storage.engine.postgresql import PostgresStore
from agreegate.storage.engine.sqlite import InlineStore
from agreegate.storage.engine.trusted import FRESH_SECONDS, TrustedInstants
from agreegate.storage.engine.unit_of_work import MICROSECOND, Clock, Lock, UnitOfWork, from_micros, new_id, to_micros
from tests import personas as cast
from tests.cast_rows import populate
from tests.postgresql import Connection, drop_databases, new_database, schema_template

ALDER = PartnerId(cast.ALDER)
SET = datetime(2019, 2, 14, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
READ = "select cast(floor(extract(epoch from clock_timestamp()) * 1000000) as bigint)"


@pytest.fixture
def database() -> Iterator[Connection]:
    connection = Connection(new_database(schema_template()))
    populate(connection)
    yield connection
    connection.close()
    drop_databases([connection.url])


@pytest.fixture
async def opened(database: Connection) -> AsyncIterator[Callable[..., PostgresStore]]:
    stores = []

    def open_(*clock: Clock) -> PostgresStore:
        store = location_of(Path(), database.url).open(*clock)
        assert isinstance(store, PostgresStore)
        stores.append(store)
        return store

    yield open_
    for store in stores:
        await store.finish()


async def locked(uow: UnitOfWork) -> datetime:
    """The clock of a unit that locks two customers."""
    await lock_customers(uow, ALDER, cast.CEDAR, cast.DOGWOOD)
    return uow.now


def database_clock(database: Connection) -> datetime:
    return from_micros(database.execute(READ).get)


def decided(database: Connection, at: datetime, customer: str = cast.CEDAR) -> None:
    """Records a decision about a customer, with an instant of its own."""
    database.execute(
        "insert into decision values (?, ?, ?, 'new_purchase', 'api', null, 'allow', '[]', '[]', '{}', 'public', 'p', 'u',"
        " 'r', 'f', null, ?)",
        (cast.ALDER, new_id(), customer, to_micros(at)),
    )


async def until_it_waits(database: Connection) -> None:
    """Wait until a unit of work waits for a lock."""
    while database.execute("select count(*) from pg_locks where not granted").get == 0:  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0)


async def test_the_clock_is_the_databases(database: Connection, opened: Callable[..., PostgresStore]) -> None:
    before = database_clock(database)
    assert before <= await opened().write(locked) <= database_clock(database)


async def test_the_clock_is_read_after_the_wait_and_is_later_than_what_was_waited_for(
    database: Connection, opened: Callable[..., PostgresStore]
) -> None:
    ahead = database_clock(database) + MINUTE
    for instant in (None, ahead):
        database.execute("begin")
        database.execute(
            "select 1 from customer where partner_id = ? and customer_id = ? for no key update", (ALDER, cast.CEDAR)
        )
        waiting = asyncio.ensure_future(opened().write(locked))
        await until_it_waits(database)
        released = database_clock(database)
        if instant is not None:
            decided(database, instant)
        database.execute("commit")
        now = await waiting
        assert now == ahead + MICROSECOND if instant else now >= released


@pytest.mark.parametrize("customer", [cast.CEDAR, cast.DOGWOOD])
async def test_the_clock_is_raised_beyond_the_newest_record_of_each_customer(
    customer: str, database: Connection, opened: Callable[..., PostgresStore]
) -> None:
    ahead = database_clock(database) + MINUTE
    decided(database, ahead, customer)
    assert await opened().write(locked) == ahead + MICROSECOND


async def test_a_relationship_counts_as_a_record(database: Connection, opened: Callable[..., PostgresStore]) -> None:
    ahead = database_clock(database) + MINUTE
    database.execute("update relationship set started_at = ? where customer_id = ?", (to_micros(ahead), cast.CEDAR))
    assert await opened().write(locked) == ahead + MICROSECOND


async def test_the_clock_is_not_raised_to_a_record_that_closes_the_gate(
    database: Connection, opened: Callable[..., PostgresStore]
) -> None:
    decided(database, database_clock(database) + TOLERANCE + MINUTE)
    assert await opened().write(locked) <= database_clock(database)


async def test_a_customer_that_does_not_exist_has_the_databases_clock_too(
    database: Connection, opened: Callable[..., PostgresStore]
) -> None:
    async def work(uow: UnitOfWork) -> datetime:
        await lock_customers(uow, ALDER, new_id())
        return uow.now

    before = database_clock(database)
    assert before <= await opened().write(work) <= database_clock(database)


async def test_a_clock_that_is_set_stays(database: Connection, opened: Callable[..., PostgresStore]) -> None:
    decided(database, SET + MINUTE)
    assert await opened(lambda: SET).write(locked) == SET


async def refuses(store: PostgresStore | InlineStore, *locks: tuple[Lock, str]) -> bool:
    async def work(uow: UnitOfWork) -> None:
        for lock, key in locks:
            await uow.lock(lock, "select cast(0 as bigint) where $1 <> ''", key)

    try:
        await store.write(work)
    except RuntimeError:
        return True
    return False


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_a_lock_out_of_order_is_refused(engine: str, opened: Callable[..., PostgresStore]) -> None:
    store = opened() if engine == "postgresql" else InlineStore.in_memory()
    assert not await refuses(store, (Lock.CUSTOMER, "a"), (Lock.CUSTOMER, "b"), (Lock.CUSTOMER, "a"), (Lock.TEXTS, "a"))
    assert await refuses(store, (Lock.CUSTOMER, "b"), (Lock.CUSTOMER, "a"))
    assert await refuses(store, (Lock.TEXTS, "a"), (Lock.CUSTOMER, "b"))


def test_a_customer_is_locked_before_the_clock_is_read() -> None:
    unit = OrderedUnit(SET, SET, new_id)
    unit.note_lock(Lock.CUSTOMER, "a")
    assert unit.now == SET
    assert not unit.note_lock(Lock.CUSTOMER, "a"), "the unit has that lock"
    with pytest.raises(RuntimeError, match="read the clock"):
        unit.note_lock(Lock.CUSTOMER, "b")


async def test_what_another_process_recorded_is_known_a_second_later(
    database: Connection, opened: Callable[..., PostgresStore]
) -> None:
    store, seconds = opened(), [0.0]
    store.trusted = TrustedInstants(alone=False, clock=lambda: seconds[0])
    assert not await is_behind(store, ALDER, SET), "nothing is recorded"
    decided(database, SET + timedelta(days=365))
    seconds[0] = FRESH_SECONDS / 2
    assert not await is_behind(store, ALDER, SET), "known from before"
    seconds[0] = FRESH_SECONDS
    assert await is_behind(store, ALDER, SET)
