"""Units of work on one PostgreSQL connection, inside a transaction that the store begins and ends (decision 0005)."""

from collections.abc import Callable
from datetime import datetime

from agreegate.storage.engine.connections import Connection
from agreegate.storage.engine.trusted import TrustedInstants
from agreegate.storage.engine.unit_of_work import Row, Value


class PostgresUnitOfWork:
    """A unit of work whose statements wait for the server's answers."""

    __slots__ = ("_connection", "_new_id", "machine_now", "now", "trusted")

    def __init__(
        self,
        connection: Connection,
        now: datetime,
        machine_now: datetime,
        ids: Callable[[], str],
        trusted: TrustedInstants,
    ) -> None:
        self._connection = connection
        self.now = now
        self.machine_now = machine_now
        self._new_id = ids
        self.trusted = trusted

    def new_id(self) -> str:
        """A fresh GUID."""
        return self._new_id()

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

    async def lock(self, sql: str, *parameters: Value) -> bool:
        """Wait for the units of work that have taken the same locks, then have them until this one ends."""
        await self._connection.fetch(sql, *parameters)
        return True
