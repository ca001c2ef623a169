"""The engine that a run of the tests is on: SQLite, or PostgreSQL with `--engine postgresql`.

Databases of the cast are made here. A database on PostgreSQL is dropped when nothing refers to it any more.
"""

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import apsw
import asyncpg
import pytest

from agreegate.storage.engine.postgresql import PostgresStore
from agreegate.storage.engine.schema import upgrade
from agreegate.storage.engine.sqlite import InlineStore, SqliteStore, connect
from agreegate.storage.engine.sqlite_unit import drive
from agreegate.storage.engine.unit_of_work import Clock, Store, machine_clock, new_id
from tests.cast_rows import populate, tables_of
from tests.postgresql import Connection, database_name, drop_databases, new_database, schema_template

T = TypeVar("T")

chosen = "sqlite"
"""Set once, from the command line."""


REFUSED = (apsw.ConstraintError, asyncpg.IntegrityConstraintViolationError)
"""What a statement raises that breaks a constraint, or that a trigger refuses."""


class Record:
    """A database of the chosen engine: its store, and a connection for what no service does."""

    def __init__(
        self,
        clock: Clock = machine_clock,
        *,
        cast: bool = False,
        path: Path | None = None,
        ids: Callable[[], str] = new_id,
    ) -> None:
        """Make the database, empty but for the cast.

        Args:
            path: of SQLite's file, which may hold a record already; None: in memory.
        """
        self._clock, self._ids, self._path = clock, ids, path
        self.connection: Any
        if chosen == "postgresql":
            _drop_unused()
            self.connection = Connection(new_database(_cast_template() if cast else schema_template()))
            _databases[self.connection.url] = weakref.ref(self), self.connection, []
        else:
            self.connection = connect(path or ":memory:")
            upgrade(self.connection)
            if cast and not self.connection.execute("select 1 from partner").fetchall():
                populate(self.connection)
            if path is not None:
                self.connection.close()
        self.store = self.opened()

    @contextmanager
    def connected(self, *, read_only: bool = False) -> Iterator[Any]:
        """A connection to read or change rows behind the store's back: to a file, one of its own."""
        if self._path is None or isinstance(self.connection, Connection):
            yield self.connection
            return
        with closing(connect(self._path, read_only=read_only)) as connection:
            yield connection

    def another_connection(self) -> Any:
        """A connection to a file; on PostgreSQL the record's, which opens again after it was closed."""
        return self.connection if self._path is None or isinstance(self.connection, Connection) else connect(self._path)

    def opened(self) -> Store:
        """Another store on the same database, as a process has it that starts now."""
        if isinstance(self.connection, Connection):
            store = PostgresStore(self.connection.url, self._clock, self._ids)
            _databases[self.connection.url][2].append(store)
            return store
        if self._path is not None:
            return SqliteStore(self._path, self._clock, self._ids)
        return InlineStore(self.connection, self._clock, self._ids)

    def begin(self) -> None:
        """Have all that happens from here on undone by `undo`."""
        if not isinstance(self.connection, Connection):
            self.connection.execute("begin")
        elif not self.connection.execute("select 1 from pg_namespace where nspname = 'begun'"):
            tables = "".join(f"create table begun.{name} as table {name};" for name in tables_of(self.connection))
            self.connection.execute(f"create schema begun; {tables}")

    def undo(self) -> None:
        """Undo all that happened since `begin`. On PostgreSQL the rows are written again: other connections have committed."""
        if not isinstance(self.connection, Connection):
            self.connection.execute("rollback")
            return
        self.connection.execute(
            "set session_replication_role = replica;"
            + "".join(
                f"delete from {name}; insert into {name} overriding system value table begun.{name};"
                for name in tables_of(self.connection)
            )
            + "set session_replication_role = origin;"
        )


_databases: dict[str, "tuple[weakref.ref[Record], Connection, list[PostgresStore]]"] = {}
"""Those on PostgreSQL, by their URLs, with all that is connected to each."""
MOST_DATABASES = 20
"""More than that, and the tests look for databases that nothing but a cycle refers to."""


def run(work: Awaitable[T]) -> T:
    """Run units of work to their end, for a test that is not asynchronous: on PostgreSQL on one event loop for the test."""
    return drive(work) if chosen == "sqlite" else _loop().run_until_complete(work)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


async def close_connections() -> None:
    """Close the connections of all stores, which open others when they are used again."""
    for _, connection, stores in _databases.values():
        for store in stores:
            await store.finish()
        connection.close()
    _drop_unused()


def _drop_unused() -> None:
    if len(_databases) > MOST_DATABASES:
        gc.collect()
    for url, (record, connection, stores) in list(_databases.items()):
        if record() is None:
            for store in stores:
                store.close()
            connection.close()
            drop_databases([url])
            del _databases[url]


@cache
def _cast_template() -> str:
    connection = Connection(new_database(schema_template()))
    populate(connection)
    connection.close()
    return database_name(connection.url)


class OnPostgresql:
    """What a run with `--engine postgresql` does besides."""

    @pytest.fixture(autouse=True)
    async def _closed_connections(self) -> Any:
        yield
        await close_connections()

    @pytest.fixture(autouse=True)
    def _closed_connections_of_run(self, _closed_connections: None) -> Iterator[None]:
        """Close what `run` opened before the other fixture comes, which has another event loop."""
        yield
        if _loop.cache_info().currsize:
            run(close_connections())
            _loop().close()
            _loop.cache_clear()

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out the tests of SQLite itself."""
        left_out = [item for item in items if item.get_closest_marker("sqlite")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
