"""A connection lost during a commit: what became of the unit is found out before anything is answered (decision 0005)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from agreegate.domain.error import StoreUnavailable
from agreegate.storage.engine.postgresql import REPEATS, PostgresStore
from agreegate.storage.engine.unit_of_work import UnitOfWork, first_id, machine_clock, new_id
from agreegate.storage.kept_unit import KEPT, forget_units
from tests.postgresql import Connection, drop_databases, new_database, schema_template
from tests.relay import Cut, Relay


@pytest.fixture
def database() -> Iterator[Connection]:
    connection = Connection(new_database(schema_template()))
    connection.execute("create table mark (name text)")
    yield connection
    connection.close()
    drop_databases([connection.url])


@pytest.fixture
async def relay(database: Connection) -> AsyncIterator[Relay]:
    async with Relay(database.url) as made:
        yield made


@pytest.fixture
async def store(relay: Relay) -> AsyncIterator[PostgresStore]:
    made = PostgresStore(relay.url)
    yield made
    await made.finish()


class Unit:
    """Puts a mark, which nothing keeps from being put twice, and counts how often it ran."""

    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self, uow: UnitOfWork) -> str:
        self.runs += 1
        await uow.execute("insert into mark values ('a')")
        return f"run {self.runs}"


def marks(database: Connection) -> int:
    return database.execute("select count(*) from mark").get


async def test_a_commit_that_was_kept_is_answered_as_done(
    store: PostgresStore, relay: Relay, database: Connection
) -> None:
    relay.cut = Cut.AFTER
    assert await store.write(Unit()) == "run 1"
    assert relay.is_cut.is_set()
    assert marks(database) == 1


async def test_a_commit_that_did_not_arrive_is_done_again(
    store: PostgresStore, relay: Relay, database: Connection
) -> None:
    relay.cut = Cut.BEFORE
    assert await store.write(Unit()) == "run 2"
    assert relay.is_cut.is_set()
    assert marks(database) == 1


async def test_a_commit_under_way_is_waited_for(store: PostgresStore, relay: Relay, database: Connection) -> None:
    database.execute("create function holds() returns trigger language plpgsql as"
        " $$ begin perform pg_advisory_xact_lock(1); return new; end $$")  # fmt: skip
    database.execute("create constraint trigger holds after insert on mark deferrable initially deferred"
        " for each row execute function holds()")  # fmt: skip
    relay.cut, unit = Cut.MEANWHILE, Unit()
    with database:
        database.execute("select pg_advisory_xact_lock(1)")
        written = asyncio.ensure_future(store.write(unit))
        await relay.is_cut.wait()
        while database.execute("select count(*) from pg_locks where not granted").get < 2:  # noqa: ASYNC110 - the server's
            await asyncio.sleep(0)
    assert await written == "run 1"
    assert marks(database) == 1


@pytest.mark.parametrize(("cut", "kept"), [(Cut.AFTER, 1), (Cut.BEFORE, 0)])
async def test_what_cannot_be_known_is_unavailable(
    cut: Cut, kept: int, store: PostgresStore, relay: Relay, database: Connection
) -> None:
    relay.cut, relay.refusing, unit = cut, True, Unit()
    with pytest.raises(StoreUnavailable):
        await store.write(unit)
    assert unit.runs == 1
    assert marks(database) == kept


async def test_a_commit_after_it_was_given_up_is_refused(store: PostgresStore, database: Connection) -> None:
    """A message that was delayed on the way arrives after the unit was looked up and repeated."""
    database.execute("insert into kept_unit values ('late', 'given up')")
    late = Connection(database.url)
    late.execute("begin")
    late.execute("insert into mark values ('a')")
    with pytest.raises(Exception, match="kept_unit_pkey"):
        late.execute("insert into kept_unit values ('late', 'kept')")
    late.close()
    assert marks(database) == 0


async def test_a_unit_that_never_gets_through_is_unavailable(store: PostgresStore, database: Connection) -> None:
    database.execute("create function ends() returns trigger language plpgsql as"
        " $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$")  # fmt: skip
    database.execute("create constraint trigger ends after insert on mark deferrable initially deferred"
        " for each row execute function ends()")  # fmt: skip
    unit = Unit()
    with pytest.raises(StoreUnavailable):
        await store.write(unit)
    assert unit.runs == 1 + REPEATS
    assert marks(database) == 0


async def test_a_unit_that_changes_nothing_leaves_no_row_and_old_rows_are_deleted(
    store: PostgresStore, database: Connection
) -> None:
    await store.write(lambda uow: uow.fetch_all("select 1"))
    assert database.execute("select count(*) from kept_unit").get == 0
    old = first_id(machine_clock() - KEPT - timedelta(minutes=1))
    database.execute("insert into kept_unit values (?, 'kept'), (?, 'kept')", (f"{old}-a", new_id()))
    assert await store.write(lambda uow: forget_units(uow, 5)) == 0
    assert database.execute("select count(*) from kept_unit where unit_id like ?", (f"{old}%",)).get == 0
    assert database.execute("select count(*) from kept_unit").get == 2, "the other one, and the unit that deleted"
