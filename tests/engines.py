"""The engine that a run of the tests is on: SQLite, or PostgreSQL with `--engine postgresql`.

Databases of the cast are made here. A database on PostgreSQL is dropped when nothing refers to it any more.
"""

import gc
import weakref
from functools import cache
from typing import Any

import apsw
import pytest

from agreegate.storage.engine.postgresql import PostgresStore
from agreegate.storage.engine.schema import upgrade
from agreegate.storage.engine.sqlite import InlineStore, connect
from agreegate.storage.engine.unit_of_work import Clock, Store
from tests.postgresql import Connection, database_name, drop_databases, new_database, schema_template
from tests.world import populate

chosen = "sqlite"
"""Set once, from the command line."""


class Record:
    """A database with the cast: its store, and a connection for what no service does."""

    def __init__(self, clock: Clock, *, demo: bool, programme: str) -> None:
        self._clock = clock
        self.connection: Any
        if chosen == "postgresql":
            _drop_unused()
            self.connection = Connection(new_database(_cast_template()))
            _databases[self.connection.url] = weakref.ref(self), self.connection, []
        else:
            self.connection = connect(":memory:")
            upgrade(self.connection)
            populate(self.connection)
        self.connection.execute("insert into deployment values (1, ?, ?)", (programme, int(demo)))
        self.store = self.opened()

    def opened(self) -> Store:
        """Another store on the same database, as a process has it that starts now."""
        if isinstance(self.connection, apsw.Connection):
            return InlineStore(self.connection, self._clock)
        store = PostgresStore(self.connection.url, self._clock)
        _databases[self.connection.url][2].append(store)
        return store


_databases: dict[str, "tuple[weakref.ref[Record], Connection, list[PostgresStore]]"] = {}
"""Those on PostgreSQL, by their URLs, with all that is connected to each."""
MOST_DATABASES = 20
"""More than that, and the tests look for databases that nothing but a cycle refers to."""


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

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out the tests of SQLite itself."""
        left_out = [item for item in items if item.get_closest_marker("sqlite")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
