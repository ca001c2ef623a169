"""The SQLite store: shared commits, units that undo themselves alone, and what the database itself refuses (decision 0004, decision 0006)."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import apsw
import pytest

from agreegate.domain.error import StoreUnavailable
from agreegate.storage.engine.schema import migrations, upgrade
from agreegate.storage.engine.sqlite import InlineStore, SqliteStore, connect
from agreegate.storage.engine.unit_of_work import Row, Store, UnitOfWork
from tests import personas as cast
from tests.cast_rows import populate

T = TypeVar("T")

NOW = datetime(2019, 2, 14, tzinfo=UTC)
KEY = f"'{cast.ALDER}', '{cast.CEDAR}'"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A file with a table of marks beside the schema."""
    path = tmp_path / "agreegate.db"
    connection = connect(path)
    upgrade(connection)
    populate(connection)
    connection.execute("create table mark (name text primary key)")
    connection.close()
    made = SqliteStore(path, clock=lambda: NOW)
    yield made
    made.close()


def put(name: str) -> Callable[[UnitOfWork], Awaitable[str]]:
    async def work(uow: UnitOfWork) -> str:
        await uow.execute("insert into mark values ($1)", name)
        return name

    return work


async def marks(store: Store) -> set[str]:
    return {row[0] for row in await store.fetch_all("select name from mark")}


class Gate:
    """Holds the writer up, so that everything handed in meanwhile shares the next commit."""

    def __init__(self, store: SqliteStore) -> None:
        self._held = threading.Event()
        self._open = threading.Event()
        self._holder = asyncio.ensure_future(store.write(self._hold))

    async def _hold(self, _: UnitOfWork) -> None:
        self._held.set()
        self._open.wait(10)

    async def together(self, *units: Awaitable[object]) -> list[object]:
        """What became of each unit: its result, or its error."""
        assert await asyncio.to_thread(self._held.wait, 10)
        results = asyncio.gather(*units, return_exceptions=True)
        await asyncio.sleep(0)  # all are handed in
        self._open.set()
        await self._holder
        return await results


async def fails(uow: UnitOfWork) -> None:
    await uow.execute("insert into mark values ('undone')")
    raise LookupError("no")


async def breaks_the_commit(uow: UnitOfWork) -> None:
    """Leaves a foreign key hanging, which is only noticed at the end."""
    await uow.fetch_one("pragma defer_foreign_keys = on")
    await uow.execute("insert into reseller_link values ('nobody', 'nobody', 0, null)")


async def test_a_unit_that_fails_undoes_itself_alone(store: SqliteStore) -> None:
    results = await Gate(store).together(store.write(put("a")), store.write(fails), store.write(put("b")))
    assert (results[0], results[2]) == ("a", "b")
    assert isinstance(results[1], LookupError)
    assert await marks(store) == {"a", "b"}


async def test_a_unit_that_fails_in_a_commit_of_its_own_is_undone(store: SqliteStore) -> None:
    await store.write(put("a"))
    with pytest.raises(LookupError):
        await store.write(fails)
    with pytest.raises(apsw.ConstraintError):
        await store.write(put("a"))
    await store.write(put("b"))
    assert await marks(store) == {"a", "b"}


async def test_a_commit_that_fails_fails_every_unit_of_it_and_the_next_one_works(store: SqliteStore) -> None:
    results = await Gate(store).together(
        store.write(put("a")), store.write(breaks_the_commit), store.write(fails), store.write(put("b"))
    )
    assert [type(result) for result in results] == [StoreUnavailable] * 4
    assert await marks(store) == set()
    assert await store.write(put("c")) == "c"
    assert await marks(store) == {"c"}


async def test_a_statement_refused_by_a_constraint_undoes_its_unit_alone(store: SqliteStore) -> None:
    results = await Gate(store).together(store.write(put("a")), store.write(put("a")), store.write(put("b")))
    assert isinstance(results[1], apsw.ConstraintError)
    assert await marks(store) == {"a", "b"}


async def test_a_full_disk_is_said_to_be_one_and_service_resumes_when_there_is_room(store: SqliteStore) -> None:
    async def fill(uow: UnitOfWork) -> None:
        await uow.execute("insert into mark values ($1)", "x" * 1_000_000)

    async def room(uow: UnitOfWork, pages: str) -> None:
        await uow.fetch_one(f"pragma max_page_count = {pages}")

    await store.write(put("before"))
    await store.write(lambda uow: room(uow, "1"))
    with pytest.raises(StoreUnavailable):
        await store.write(fill)
    await store.write(lambda uow: room(uow, "1000000"))
    await store.write(put("after"))
    assert await marks(store) == {"before", "after"}


async def test_the_answer_comes_after_the_write_is_there_for_all_to_read(store: SqliteStore, tmp_path: Path) -> None:
    other = connect(tmp_path / "agreegate.db", read_only=True)
    try:
        for number in range(20):
            await store.write(put(str(number)))
            sql = "select count(*) from mark"
            assert (await store.fetch_all(sql), other.execute(sql).fetchall()) == ([(number + 1,)], [(number + 1,)])
    finally:
        other.close()


async def test_many_at_once_all_find_their_own_write(store: SqliteStore) -> None:
    async def client(name: int) -> bool:
        for turn in range(10):
            mark = await store.write(put(f"{name}.{turn}"))
            if mark not in await marks(store):
                return False
        return True

    assert all(await asyncio.gather(*(client(name) for name in range(32))))
    assert len(await marks(store)) == 320


async def test_a_read_sees_one_state(store: SqliteStore) -> None:
    counts: list[Row | None] = []

    async def twice(uow: UnitOfWork) -> None:
        counts.append(await uow.fetch_one("select count(*) from mark"))
        with connect(store_path(store)) as other:
            other.execute("insert into mark values ('meanwhile')")
        other.close()
        counts.append(await uow.fetch_one("select count(*) from mark"))

    await store.read(twice)
    assert counts == [(0,), (0,)]
    assert await marks(store) == {"meanwhile"}


async def test_a_read_changes_nothing(store: SqliteStore) -> None:
    with pytest.raises(StoreUnavailable):
        await store.read(put("a"))
    assert await marks(store) == set()


async def test_a_caller_that_goes_away_leaves_its_work_done(store: SqliteStore) -> None:
    gate = Gate(store)
    gone = asyncio.ensure_future(store.write(put("a")))
    await asyncio.sleep(0)
    gone.cancel()
    assert await gate.together(store.write(put("b"))) == ["b"]
    assert await marks(store) == {"a", "b"}


async def test_work_that_waits_for_anything_but_its_store_is_undone(store: SqliteStore) -> None:
    async def waits(uow: UnitOfWork) -> None:
        await uow.execute("insert into mark values ('a')")
        await asyncio.sleep(0)

    for attempt in (store.write(waits), InlineStore.in_memory().write(lambda _: asyncio.sleep(0))):
        with pytest.raises(RuntimeError, match="awaited something other than its store"):
            await attempt
    assert await marks(store) == set()


async def test_closing_finishes_what_was_handed_in(store: SqliteStore, tmp_path: Path) -> None:
    units = asyncio.gather(*(store.write(put(str(number))) for number in range(50)))
    await asyncio.sleep(0)
    await asyncio.to_thread(store.close)
    await units
    reader = connect(tmp_path / "agreegate.db", read_only=True)
    assert reader.execute("select count(*) from mark").get == 50
    reader.close()


def test_migrations_are_numbered_without_a_gap_or_a_number_twice() -> None:
    assert [migration.number for migration in migrations()] == list(range(1, len(migrations()) + 1))


async def test_parameters_are_bound_by_their_number_whichever_comes_first(store: SqliteStore) -> None:
    """SQLite numbers `$2` first when it stands first: bound by position, the two would change places."""
    twisted = "select company_name from customer where customer_id = $2 and partner_id = $1"
    for found in (
        await store.fetch_all(twisted, cast.ALDER, cast.CEDAR),
        await store.read(lambda uow: uow.fetch_all(twisted, cast.ALDER, cast.CEDAR)),
        await InlineStore(connect(store_path(store))).fetch_all(twisted, cast.ALDER, cast.CEDAR),
    ):
        assert found == [("Cedar Bakery",)]

    async def work(uow: UnitOfWork) -> Row | None:
        assert await uow.execute("update customer set country = $3 where customer_id = $2 and partner_id = $1",
                             cast.ALDER, cast.CEDAR, "FR") == 1  # fmt: skip
        return await uow.fetch_one("select $11, $2, $1", *range(1, 12))

    assert await store.write(work) == (11, 2, 1)
    assert await store.fetch_all("select country from customer where partner_id = $1 and customer_id = $2",
                            cast.ALDER, cast.CEDAR) == [("FR",)]  # fmt: skip


def store_path(store: SqliteStore) -> str:
    return store.reader.filename


@pytest.fixture
def record() -> apsw.Connection:
    """One confirmation that counts, an earlier one taken back, a decision, a renewal and an audit record."""
    connection = connect(":memory:")
    upgrade(connection)
    populate(connection)
    for number in (1, 2, 3):
        connection.execute(confirmation(number))
    connection.execute(ending(4, 3))
    connection.execute(current(2))
    connection.execute(
        "insert into decision values ('p', 'd', 'c', 'renewal', 'api', null, 'deny', '[]', '[]', 'null', 'public', '@1',"
        " 'u', 'r', 'f', null, 0)"
    )
    connection.execute(
        f"insert into order_ values ({KEY}, 'o', 'monthly', 'USD', 'completed', 0);"
        " insert into subscription (partner_id, customer_id, subscription_id, order_id, offer_id, offer_name,"
        " friendly_name, quantity, billing_cycle, term_duration, renewal_term_duration, status, auto_renew, created_at,"
        f" started_at, months, commitment_end_at) values ({KEY}, 's', 'o', 'x', 'x', 'x', 1, 'monthly', 'P1M', 'P1M',"
        " 'active', 1, 0, 0, 1, 0);"
        f" insert into renewal values ({KEY}, 's', 2, 'renewed', 0, 0)"
    )
    connection.execute(
        "insert into audit_record (partner_id, audit_id, resource_type, operation_type, operation_status, channel,"
        " operation_at) values ('p', 'a', 'agreement', 'create_agreement', 'succeeded', 'api', 0)"
    )
    return connection


def confirmation(sequence: int, period: int = 1, kind: str = "Cloud") -> str:
    return (
        f"insert into confirmation values (null, {KEY}, {sequence}, 'id{sequence}', {period}, 't', '{kind}', 0, 'u', 'u',"
        " 'api', null, 0)"
    )


def ending(sequence: int, of: int) -> str:
    return (
        f"insert into ending values (null, {KEY}, {sequence}, 'e{sequence}', 1, 'recorded_in_error', {of}, '', 'u', 'api',"
        " null, 0)"
    )


def current(sequence: int, kind: str = "Cloud", template: str = "t", period: int = 1) -> str:
    return f"insert into current_confirmation values ({KEY}, '{kind}', {period}, {sequence}, '{template}', 0, 0, null, 0, 0)"


APPEND_ONLY = ("confirmation", "ending", "decision", "renewal", "audit_record")


@pytest.mark.rule("R36")
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_was_recorded_is_never_changed_deleted_or_replaced(record: apsw.Connection, table: str) -> None:
    before = record.execute(f"select * from {table}").fetchall()
    assert before
    column = record.execute(f"select name from pragma_table_info('{table}') where pk = 0").get[0]
    for statement in (
        f"delete from {table}",
        f"update {table} set {column} = {column}",
        f"insert or replace into {table} select * from {table}",
        f"replace into {table} select * from {table}",
    ):
        with pytest.raises(apsw.ConstraintError, match="append only"):
            record.execute(statement)
    assert record.execute(f"select * from {table}").fetchall() == before


@pytest.mark.rule("R27")
def test_a_key_has_one_current_confirmation(record: apsw.Connection) -> None:
    with pytest.raises(apsw.ConstraintError):
        record.execute(current(2))


@pytest.mark.rule("R17", "R27", "R47")
@pytest.mark.parametrize(
    ("after", "requested"),
    [
        ("", current(1)),  # a newer one counts
        ("", current(3)),  # taken back
        ("", current(9)),  # never recorded
        ("", current(2, kind="Customer")),  # of another agreement type
        ("", current(2, template="another")),
        ("", current(2, period=2)),
        ("update relationship set ended_at = 1", current(2)),
        ("update relationship set period = 2", current(2)),
        ("update relationship set no_longer_agrees_at = 1, no_longer_agrees_sequence = 5", current(2)),
    ],
)
def test_what_does_not_count_cannot_be_made_current(record: apsw.Connection, after: str, requested: str) -> None:
    record.execute("delete from current_confirmation")
    if after:
        record.execute(f"{after} where partner_id = '{cast.ALDER}' and customer_id = '{cast.CEDAR}'")
    for statement in (requested, requested.replace("insert into", "insert or replace into")):
        with pytest.raises(apsw.ConstraintError):
            record.execute(statement)
    assert record.execute("select * from current_confirmation").fetchall() == []


def test_one_that_counts_cannot_be_moved_to_one_that_does_not(record: apsw.Connection) -> None:
    for sequence in (1, 3, 9):
        with pytest.raises(apsw.ConstraintError):
            record.execute(f"update current_confirmation set sequence = {sequence}")
    assert record.execute("select sequence from current_confirmation").get == 2


@pytest.mark.rule("R47")
@pytest.mark.parametrize(
    "statement",
    [
        "update relationship set ended_at = 1",
        "update relationship set period = 2",
        "update relationship set no_longer_agrees_at = 1, no_longer_agrees_sequence = 5",
        ending(5, 2),
    ],
)
def test_what_ends_a_confirmation_leaves_none_counting(record: apsw.Connection, statement: str) -> None:
    with pytest.raises(apsw.ConstraintError, match="still counts"):
        record.execute(statement)
    record.execute("delete from current_confirmation")
    record.execute(statement)


def test_a_confirmation_is_voided_once(record: apsw.Connection) -> None:
    with pytest.raises(apsw.ConstraintError):
        record.execute(ending(5, 3))
