"""The PostgreSQL store: units that are kept or undone, units that meet, and a server that goes away (decision 0005)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from agreegate.domain.error import Rejected, StoreUnavailable
from agreegate.storage.engine.location import location_of
from agreegate.storage.engine.postgresql import REPEATS, WRITERS, PostgresStore
from agreegate.storage.engine.unit_of_work import Lock, Row, Store, UnitOfWork
from tests.postgresql import Connection, drop_databases, new_database, schema_template

NOW = datetime(2019, 2, 14, tzinfo=UTC)


@pytest.fixture
def database() -> "AsyncIterator[Connection]":
    """A database of the latest schema with a table of marks beside it."""
    connection = Connection(new_database(schema_template()))
    connection.execute("create table mark (name text primary key, number bigint not null default 0)")
    yield connection
    connection.close()
    drop_databases([connection.url])


@pytest.fixture
async def store(database: Connection) -> AsyncIterator[PostgresStore]:
    made = location_of(Path(), database.url).open(lambda: NOW)
    assert isinstance(made, PostgresStore)
    yield made
    await made.finish()


def put(name: str) -> Callable[[UnitOfWork], Awaitable[str]]:
    async def work(uow: UnitOfWork) -> str:
        assert await uow.execute("insert into mark values ($1)", name) == 1
        return name

    return work


async def marks(store: Store) -> set[str]:
    return {row[0] for row in await store.fetch_all("select name from mark")}


async def fails(uow: UnitOfWork) -> None:
    await uow.execute("insert into mark values ('undone')")
    raise LookupError("no")


async def numbers(store: Store) -> int:
    [(total,)] = await store.fetch_all("select cast(sum(number) as bigint) from mark")
    return total


async def add_one(uow: UnitOfWork) -> None:
    """Counts as services do: lock, read, write what follows."""
    await uow.lock(Lock.TEXTS, "select 1 from mark where name = 'a' for no key update")
    row = await uow.fetch_one("select number from mark where name = 'a'")
    assert row is not None
    await uow.execute("update mark set number = $1 where name = 'a'", row[0] + 1)


async def test_a_unit_is_kept_unless_it_fails(store: PostgresStore) -> None:
    assert await store.write(put("a")) == "a"
    with pytest.raises(LookupError):
        await store.write(fails)
    assert await marks(store) == {"a"}


async def test_a_unit_has_one_clock_reading_and_what_the_store_knows(store: PostgresStore) -> None:
    async def work(uow: UnitOfWork) -> bool:
        return uow.now == NOW and uow.trusted is store.trusted and uow.new_id() != uow.new_id()

    assert await store.write(work)


async def test_rows_are_tuples_and_changes_are_counted(store: PostgresStore) -> None:
    async def work(uow: UnitOfWork) -> list[object]:
        await uow.execute("insert into mark values ('a', 1), ('b', 2)")
        insert = "insert into mark values ('b', 3) on conflict (name) do nothing"
        return [
            await uow.fetch_one("select name, number from mark where name = $1", "b"),
            await uow.fetch_one("select name from mark where name = 'c'"),
            await uow.fetch_all("select number from mark order by name"),
            await uow.execute(insert),
            await uow.execute("update mark set number = number + 1"),
            await uow.execute("delete from mark where name = $2 and number = $1", 2, "a"),
        ]

    assert await store.write(work) == [("b", 2), None, [(1,), (2,)], 0, 2, 1]


async def test_many_at_once_all_find_their_own_write(store: PostgresStore) -> None:
    async def client(name: int) -> bool:
        for turn in range(5):
            mark = await store.write(put(f"{name}.{turn}"))
            if mark not in await marks(store):
                return False
        return True

    assert all(await asyncio.gather(*(client(name) for name in range(3 * WRITERS))))
    assert len(await marks(store)) == 15 * WRITERS


@pytest.mark.parametrize("kind", ["read", "read_slow"])
async def test_a_read_sees_one_state(store: PostgresStore, database: Connection, kind: str) -> None:
    counts: list[Row | None] = []

    async def twice(uow: UnitOfWork) -> None:
        for _ in range(2):
            counts.append(await uow.fetch_one("select count(*) from mark"))
            database.execute("insert into mark values (cast(random() as text))")

    await getattr(store, kind)(twice)
    assert counts == [(0,), (0,)]
    assert len(await marks(store)) == 2


@pytest.mark.parametrize("kind", ["read", "read_slow"])
async def test_a_read_changes_nothing(store: PostgresStore, kind: str) -> None:
    with pytest.raises(StoreUnavailable):
        await getattr(store, kind)(put("a"))
    assert await marks(store) == set()


async def test_no_change_is_lost_where_the_row_is_locked_first(store: PostgresStore) -> None:
    await store.write(put("a"))
    await asyncio.gather(*(store.write(add_one) for _ in range(3 * WRITERS)))
    assert await numbers(store) == 3 * WRITERS


async def test_a_key_that_a_concurrent_unit_took_is_seen_by_the_repeat(store: PostgresStore) -> None:
    """Both look for it, neither finds it, both insert it."""
    both_read, reads = asyncio.Event(), 0

    async def claim(uow: UnitOfWork) -> str:
        nonlocal reads
        if await uow.fetch_one("select 1 from mark where name = 'a'"):
            return "found"
        reads += 1
        if reads == 2:
            both_read.set()
        await both_read.wait()
        return await put("a")(uow)

    assert sorted(await asyncio.gather(store.write(claim), store.write(claim))) == ["a", "found"]


async def test_units_that_wait_for_each_other_are_both_done(store: PostgresStore) -> None:
    await store.write(put("a"))
    await store.write(put("b"))
    both_locked, locked = asyncio.Event(), 0

    def crossing(first: str, second: str) -> Callable[[UnitOfWork], Awaitable[None]]:
        async def work(uow: UnitOfWork) -> None:
            nonlocal locked
            await uow.execute("update mark set number = number + 1 where name = $1", first)
            locked += 1
            if locked == 2:
                both_locked.set()
            await both_locked.wait()
            await uow.execute("update mark set number = number + 1 where name = $1", second)

        return work

    await asyncio.gather(store.write(crossing("a", "b")), store.write(crossing("b", "a")))
    assert await numbers(store) == 4
    assert locked >= 3  # one of them was done again, on a busy machine both


async def test_a_wait_that_ends_is_unavailable(store: PostgresStore, database: Connection) -> None:
    async def soon(uow: UnitOfWork) -> None:
        await uow.fetch_one("select set_config('lock_timeout', '20ms', true)")
        await add_one(uow)

    await store.write(put("a"))
    with database:
        database.execute("update mark set number = 1")
        with pytest.raises(StoreUnavailable, match="LockNotAvailable"):
            await store.write(soon)
    await store.write(soon)
    assert await numbers(store) == 2


async def test_a_statement_that_takes_too_long_is_unavailable(store: PostgresStore) -> None:
    async def slow(uow: UnitOfWork) -> None:
        await uow.fetch_one("select set_config('statement_timeout', '20ms', true)")
        await uow.fetch_one("select pg_sleep(10)")

    for unit in (store.write, store.read, store.read_slow):
        with pytest.raises(StoreUnavailable, match="QueryCanceled"):
            await unit(slow)
    await store.write(put("a"))


async def test_a_caller_that_goes_away_leaves_its_work_done(store: PostgresStore) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(uow: UnitOfWork) -> None:
        await put("a")(uow)
        begun.set()
        await go_on.wait()

    gone = asyncio.ensure_future(store.write(work))
    await begun.wait()
    gone.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await store.finish()
    assert await marks(store) == {"a"}


async def test_a_reader_that_goes_away_leaves_the_connection_to_others(store: PostgresStore) -> None:
    async def forever(uow: UnitOfWork) -> None:
        begun.set()
        await uow.fetch_one("select pg_sleep(100)")

    for _ in range(20):
        begun = asyncio.Event()
        gone = asyncio.ensure_future(store.read(forever))
        await begun.wait()
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
    assert await marks(store) == set()


async def test_a_connection_that_is_lost_undoes_the_unit_and_the_next_one_works(store: PostgresStore) -> None:
    async def loses(uow: UnitOfWork) -> None:
        await put("a")(uow)
        await uow.fetch_one("select pg_terminate_backend(pg_backend_pid())")

    for unit in (store.write, store.read):
        with pytest.raises(StoreUnavailable):
            await unit(loses if unit == store.write else lambda uow: uow.fetch_one("select pg_terminate_backend(pg_backend_pid())"))  # fmt: skip
    assert await store.write(put("b")) == "b"
    assert await marks(store) == {"b"}


@pytest.mark.parametrize("steps", range(5))
async def test_an_idle_connection_that_the_server_ended_is_unavailable_once_at_most(
    store: PostgresStore, database: Connection, steps: int
) -> None:
    process = await store.write(lambda uow: uow.fetch_one("select pg_backend_pid()"))
    database.execute("select pg_terminate_backend(?, 5000)", process)
    for _ in range(steps):  # how much of the end the driver has read
        await asyncio.sleep(0)
    with suppress(StoreUnavailable):
        await store.write(put("a"))
    assert await store.write(put("b")) == "b"


AT_COMMIT = """
    create function at_commit() returns trigger language plpgsql as $$ begin {does}; return new; end $$;
    create constraint trigger at_commit after insert on mark deferrable initially deferred
        for each row execute function at_commit();"""


@pytest.mark.parametrize(
    "does",
    [
        "perform pg_terminate_backend(pg_backend_pid())",  # lost while it commits: nobody knows what became of it
        "raise warning 'canceled wait for synchronous replication'",  # kept here, perhaps nowhere else
    ],
)
async def test_a_commit_that_is_not_known_to_be_kept_is_not_acknowledged(
    store: PostgresStore, database: Connection, does: str
) -> None:
    database.execute(AT_COMMIT.format(does=does))
    with pytest.raises(StoreUnavailable):
        await store.write(put("a"))
    assert await store.read(lambda uow: uow.fetch_all("select 1")) == [(1,)]


async def test_a_unit_that_goes_on_after_a_statement_failed_is_not_acknowledged(store: PostgresStore) -> None:
    async def goes_on(uow: UnitOfWork) -> None:
        with pytest.raises(asyncpg.NotNullViolationError):
            await uow.execute("insert into mark values (null)")

    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await store.write(goes_on)


async def test_a_server_that_cannot_be_reached_is_unavailable(database: Connection) -> None:
    gone = PostgresStore(database.url.replace("host=", "host=/nowhere"))
    for unit in (gone.write, gone.read, gone.read_slow):
        with pytest.raises(StoreUnavailable):
            await unit(lambda uow: uow.fetch_one("select 1"))
    with pytest.raises(StoreUnavailable):
        await gone.fetch_all("select 1")


async def test_a_database_at_another_schema_is_refused(store: PostgresStore, database: Connection) -> None:
    database.execute("delete from migration")
    with pytest.raises(Rejected, match=r"schema\.older"):
        await store.read(lambda uow: uow.fetch_all("select 1"))
    database.execute("drop table migration")
    with pytest.raises(Rejected, match=r"schema\.foreign"):
        await store.write(put("a"))


async def test_through_a_pooler_no_statement_is_prepared(database: Connection) -> None:
    pooled = PostgresStore(database.url, pooler=True)

    async def prepared(uow: UnitOfWork) -> Row | None:
        await uow.fetch_all("select name from mark where name = $1", "a")
        return await uow.fetch_one("select count(*) from pg_prepared_statements where name <> ''")

    assert await pooled.read(prepared) == (0,)
    await pooled.finish()


async def test_units_that_wait_for_their_turn_leave_the_connections_to_others(store: PostgresStore) -> None:
    first, go_on, running = asyncio.Event(), asyncio.Event(), 0

    async def work(uow: UnitOfWork) -> int:
        nonlocal running
        running += 1
        most, _ = running, first.set()
        await go_on.wait()
        await uow.fetch_one("select 1")
        running -= 1
        return most

    equal = [asyncio.ensure_future(store.write(work, "turn")) for _ in range(32)]
    await first.wait()
    assert await asyncio.gather(*(store.write(put(str(number)), number) for number in range(32)))
    go_on.set()
    assert await asyncio.gather(*equal) == [1] * 32


async def test_a_unit_whose_work_fails_gives_its_turn_to_the_next(store: PostgresStore) -> None:
    with pytest.raises(LookupError):
        await store.write(fails, "turn")
    assert await store.write(put("a"), "turn") == "a"


@pytest.mark.parametrize(
    ("sql", "raised"),
    [
        ("insert into mark values ('a'), ('a')", asyncpg.UniqueViolationError),  # no other unit's doing: a defect
        ("do $$ begin raise exception 'met' using errcode = '40001'; end $$", StoreUnavailable),
    ],
)
async def test_a_unit_is_repeated_a_few_times_each_time_from_its_beginning(
    sql: str, raised: type[Exception], store: PostgresStore
) -> None:
    units: list[UnitOfWork] = []

    async def work(uow: UnitOfWork) -> None:
        units.append(uow)
        await put("of this run")(uow)
        await uow.execute(sql)

    with pytest.raises(raised):
        await store.write(work)
    assert len(set(map(id, units))) == 1 + REPEATS
    assert await marks(store) == set()
