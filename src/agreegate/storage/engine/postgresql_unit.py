"""Units of work on one PostgreSQL connection, inside a transaction that the store begins and ends (decision 0005)."""

from typing import Any

from agreegate.storage.engine.connections import Connection
from agreegate.storage.engine.ordered_unit import OrderedUnit
from agreegate.storage.engine.unit_of_work import Lock, Row, Value, from_micros


class PostgresUnitOfWork(OrderedUnit):
    """A unit of work whose statements wait for the server's answers."""

    __slots__ = ("_connection", "_has_database_time", "_takes_database_time")
    single_writer = False

    def __init__(self, connection: Connection, *others: Any, takes_database_time: bool) -> None:
        """A unit inside a transaction.

        Args:
            takes_database_time: the clock is the database's once a customer is locked.
        """
        super().__init__(*others)
        self._connection = connection
        self._takes_database_time = takes_database_time
        self._has_database_time = False

    async def fetch_one(self, sql: str, *parameters: Value) -> Row | None:
        """The first row, or None."""
        found = await self._connection.fetchrow(sql, *parameters)
        return None if found is None else tuple(found)

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        """Every row."""
        return [tuple(found) for found in await self._connection.fetch(sql, *parameters)]

    async def execute(self, sql: str, *parameters: Value) -> int:
        """Change rows; how many were."""
        status: str = await self._connection.execute(sql, *parameters)  # such as `INSERT 0 1`
        return int(status.rsplit(" ", 1)[-1])

    async def lock(self, lock: Lock, sql: str, *parameters: Value) -> None:
        """Wait for the units of work that have taken the same lock, then have the lock until this unit ends.

        The statement that locks a customer returns the database's clock. The latest of several is the unit's clock.
        """
        if not self.note_lock(lock, *parameters):
            return
        found = await self._connection.fetchval(sql, *parameters)
        if lock is Lock.CUSTOMER and self._takes_database_time:
            read = from_micros(found)
            self._now = max(self._now, read) if self._has_database_time else read
            self._has_database_time = True
