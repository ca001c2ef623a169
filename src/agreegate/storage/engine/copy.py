"""Moves a record into another place: the rows of every table in the order of its key, and the files of texts.

Until all rows are compared, the target has the table `unfinished_copy`, and no store but this module's opens it. Each unit of
work adds a portion of rows, so the last row of each table says how far a killed copy came; the next one goes on behind it.

Foreign keys and triggers of the target stay in force: tables come in an order in which every row passes. Switching them off
takes a superuser on PostgreSQL, and a killed copy would leave them off. A row that they refuse is broken in the source too.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import cache, partial
from graphlib import TopologicalSorter
from operator import itemgetter
from typing import NamedTuple

import msgspec

from agreegate.domain.agreements.text import Digest
from agreegate.domain.error import Rejected
from agreegate.storage.agreements.text import published_digests
from agreegate.storage.agreements.text_file import TextDamaged
from agreegate.storage.engine.folder import key_files
from agreegate.storage.engine.key_file import kept_key
from agreegate.storage.engine.location import Location
from agreegate.storage.engine.schema import UNFINISHED_COPY, upgrade
from agreegate.storage.engine.sqlite import connect
from agreegate.storage.engine.unit_of_work import Row, Store, UnitOfWork, Value
from agreegate.storage.statement import portions

PORTION = 2_000
"""Rows of one unit of work."""
_NOT_COPIED = frozenset({"commit_count"})
"""Tables of SQLite that say something about the file. Those that PostgreSQL alone has are not copied either."""
_SEEDED = "person_progress"
"""The table whose one row every new record has."""
_AFTER = {"current_confirmation": {"ending"}}
"""Tables that a trigger reads beside those that foreign keys name: a voided confirmation cannot count."""
_MARK = f"create table if not exists {UNFINISHED_COPY} (source text primary key)"

Advance = Callable[[int], None]
"""Is called with a number of rows that are done."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the record."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    """The columns of the primary key, in its order."""

    def key_of(self, row: Row) -> Row:
        """Return the values of a row's key."""
        return tuple(itemgetter(self.columns.index(column))(row) for column in self.key)


class _State(NamedTuple):
    """How many rows a table has, and the key of the last one; () without rows."""

    rows: int
    last: Row


@cache
def tables() -> tuple[Table, ...]:
    """Return the tables that both engines have, each behind those that its rows refer to."""
    found: dict[str, Table] = {}
    before: dict[str, set[str]] = {}
    with closing(connect(":memory:")) as connection:
        upgrade(connection)
        names = {str(name) for (name,) in connection.execute("select name from sqlite_schema where type = 'table'")}
        for name in sorted(names - _NOT_COPIED):
            described = connection.execute("select name, pk from pragma_table_info(?)", (name,))
            columns = [(str(column), place) for column, place in described]
            key = sorted((place, column) for column, place in columns if place)
            found[name] = Table(name, tuple(column for column, _ in columns), tuple(column for _, column in key))
            named = {str(to) for (to,) in connection.execute('select "table" from pragma_foreign_key_list(?)', (name,))}
            before[name] = (named | _AFTER.get(name, set())) - {name}
    return tuple(found[name] for name in TopologicalSorter(before).static_order())


class Copy:
    """A copy under way, between two places that no server uses."""

    def __init__(self, source: Store, target: Store, to: Location, states: dict[str, _State], texts: int) -> None:
        self._source = source
        self._target = target
        self._to = to
        self._states = states
        self.rows = sum(state.rows for state in states.values())
        """The number of rows of the source."""
        self.texts = texts
        """The number of files of texts that were copied."""

    async def run(self, advance: Advance) -> None:
        """Copy the rows that the target does not have yet.

        Args:
            advance: also gets the number of rows that an earlier copy had done.

        Raises:
            `data.copy-refused`: the target's constraints refuse a row.
            StoreUnavailable: one of the two does not answer; what was copied stays.
        """
        for table in tables():
            copied, last = await self._target.read_slow(partial(_state, table=table))
            advance(copied)
            while rows := await self._source.read(partial(_rows_after, table=table, last=last)):
                await self._add(table, rows)
                *_, newest = rows
                last = table.key_of(newest)
                advance(len(rows))

    async def finish(self, advance: Advance) -> str:
        """Compare both, then let servers and commands open the target; return the digest of all rows.

        Args:
            advance: gets the rows of both.

        Raises:
            `data.copy-differs`: a row was changed meanwhile, in the source or the target. The target stays unfinished.
        """
        whole = hashlib.sha256()
        for table in tables():
            ours = await _digest(self._source, table, advance)
            if await _digest(self._target, table, advance) != ours:
                raise Rejected("data.copy-differs", table=table.name, folder=str(self._to))
            whole.update(ours)
        await self._to.complete_copy()
        await self._target.write(lambda uow: uow.fetch_all(f"drop table {UNFINISHED_COPY}"))
        return whole.hexdigest()

    async def _add(self, table: Table, rows: Sequence[Row]) -> None:
        try:
            await self._target.write(partial(_add, table=table, rows=rows))
        except self._to.refusals as error:
            reason = type(error).__name__
            raise Rejected("data.copy-refused", table=table.name, folder=str(self._to), reason=reason) from error


@asynccontextmanager
async def copying(source: Location, target: Location) -> AsyncIterator[Copy]:
    """Open both, and copy the texts and the keys of a data folder; the block copies the rows.

    Raises:
        `data.copy-text-damaged`: a text of the source is missing or damaged. Nothing was changed.
        `copy.no-record`, `copy.onto-itself`, `copy.not-empty`, `copy.other-source`: a place is not usable. Nothing was changed.
        Rejected: a server runs in one of the places, or one is not ours, damaged or at another schema.
        StoreUnavailable: one of the two does not answer.
    """
    if source.folder is not None and target.folder is not None:
        if source.folder.resolve() == target.folder.resolve():
            raise Rejected("copy.onto-itself", folder=str(target))
        keys = key_files(source.folder)
        if any(keys.get(name, key) != key for name, key in key_files(target.folder).items()):
            raise Rejected("copy.not-empty", folder=str(target))
    else:
        keys = {}
    if not await source.exists():
        raise Rejected("copy.no-record", folder=str(source))
    async with source.without_servers():
        from_store = source.open()
        try:
            states = {table.name: await from_store.read_slow(partial(_state, table=table)) for table in tables()}
            digests = sorted(await from_store.read(published_digests))
            for digest in digests:
                await _require_whole(source, from_store, digest)
            if not await target.exists():
                await target.upgrade()
            async with target.without_servers():
                to_store = target.open(unfinished=True)
                try:
                    await _begin(to_store, target, _fingerprint(states))
                    for name, key in keys.items():
                        _keep(target, name, key)
                    for digest in digests:
                        with await source.texts(from_store).opened(digest) as file:
                            await target.texts(to_store).keep(file, digest)
                    yield Copy(from_store, to_store, target, states, len(digests))
                finally:
                    await to_store.finish()
        finally:
            await from_store.finish()


async def _require_whole(source: Location, store: Store, digest: Digest) -> None:
    try:
        (await source.texts(store).opened(digest)).close()
    except TextDamaged:
        raise Rejected("data.copy-text-damaged", digest=digest, folder=str(source)) from None


def _keep(target: Location, name: str, key: bytes) -> None:
    if target.folder is not None:
        kept_key(target.folder / name, lambda: key)


def _fingerprint(states: dict[str, _State]) -> str:
    """Return a text that another record, or the same one after a change, hardly has."""
    return hashlib.sha256(msgspec.msgpack.encode(sorted(states.items()))).hexdigest()


async def _begin(store: Store, target: Location, source: str) -> None:
    """Mark an empty target, or find the mark of an earlier copy of the same source."""

    async def work(uow: UnitOfWork) -> None:
        await uow.fetch_all(_MARK)
        marks = await uow.fetch_all(f"select source from {UNFINISHED_COPY}")
        if marks and (source,) not in marks:
            raise Rejected("copy.other-source", folder=str(target))
        if not marks:
            for table in tables():
                if table.name != _SEEDED and await uow.fetch_one(f"select 1 from {table.name} limit 1") is not None:
                    raise Rejected("copy.not-empty", folder=str(target))
            await uow.execute(f"delete from {_SEEDED}")
            await uow.execute(f"insert into {UNFINISHED_COPY} (source) values ($1)", source)

    try:
        await store.write(work)
    except target.refusals:
        raise Rejected("schema.no-rights", database=str(target)) from None


async def _state(uow: UnitOfWork, *, table: Table) -> _State:
    key = ", ".join(table.key)
    newest_first = ", ".join(f"{column} desc" for column in table.key)
    [(rows,)] = await uow.fetch_all(f"select count(*) from {table.name}")
    last = await uow.fetch_one(f"select {key} from {table.name} order by {newest_first} limit 1")
    return _State(int(rows), last or ())


async def _rows_after(uow: UnitOfWork, *, table: Table, last: Row) -> list[Row]:
    """Return the next rows in the order of the key, behind the row with the key `last`; () is before the first one."""
    key = ", ".join(table.key)
    places = ", ".join(f"${place}" for place in range(1, len(last) + 1))
    behind = f" where ({key}) > ({places})" if last else ""
    sql = f"select {', '.join(table.columns)} from {table.name}{behind} order by {key} limit {PORTION}"
    return await uow.fetch_all(sql, *last)


async def _add(uow: UnitOfWork, *, table: Table, rows: Sequence[Row]) -> None:
    for some in portions(rows):
        values: list[Value] = [value for row in some for value in row]
        await uow.execute(_insert(table, len(some)), *values)


@cache
def _insert(table: Table, rows: int) -> str:
    width = len(table.columns)
    row = [", ".join(f"${first + place}" for place in range(1, width + 1)) for first in range(0, rows * width, width)]
    return f"insert into {table.name} ({', '.join(table.columns)}) values ({'), ('.join(row)})"


async def _digest(store: Store, table: Table, advance: Advance) -> bytes:
    """Return the SHA-256 of a table's rows in the order of the key: the same on both engines."""
    hashed = hashlib.sha256(table.name.encode())
    last: Row = ()
    while rows := await store.read(partial(_rows_after, table=table, last=last)):
        for row in rows:
            hashed.update(msgspec.msgpack.encode(row))
        *_, newest = rows
        last = table.key_of(newest)
        advance(len(rows))
    return hashed.digest()
