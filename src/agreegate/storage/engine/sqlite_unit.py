"""Units of work on one SQLite connection: statements that never wait, and work that is run to its end (decision 0004)."""

import re
from collections.abc import Awaitable, Coroutine
from functools import lru_cache
from typing import Any, TypeVar

import apsw

from agreegate.storage.engine.ordered_unit import OrderedUnit
from agreegate.storage.engine.pace import Pace
from agreegate.storage.engine.unit_of_work import Lock, Row, Value

T = TypeVar("T")

_STATEMENTS = 256
_PARAMETER = re.compile(r"\$([0-9]+)")


class SqliteUnitOfWork(OrderedUnit):
    """A unit of work on one connection. Its coroutines never suspend."""

    __slots__ = ("_connection",)
    single_writer = True

    def __init__(self, connection: apsw.Connection, *others: Any) -> None:
        super().__init__(*others)
        self._connection = connection

    async def fetch_one(self, sql: str, *parameters: Value) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._connection.execute(numbered(sql), parameters).fetchone()
        return row

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        """Every row."""
        return self._connection.execute(numbered(sql), parameters).fetchall()

    async def execute(self, sql: str, *parameters: Value) -> int:
        """Change rows; how many were."""
        before = self._connection.total_changes()
        self._connection.execute(numbered(sql), parameters)
        # Not the difference of the totals: what triggers changed besides is in those.
        return self._connection.changes() if self._connection.total_changes() != before else 0

    async def lock(self, lock: Lock, _sql: str, *parameters: Value) -> None:
        """Note the lock. A unit of work that writes is alone, so there is nothing to wait for."""
        self.note_lock(lock, *parameters)


class PacedUnitOfWork(SqliteUnitOfWork):
    """A unit of work that may take long: its Python runs at a pace that leaves the gate its time."""

    __slots__ = ("_pace",)

    def __init__(self, pace: Pace, connection: apsw.Connection, *others: Any) -> None:
        super().__init__(connection, *others)
        self._pace = pace

    async def fetch_one(self, sql: str, *parameters: Value) -> Row | None:
        """The first row, or None."""
        self._pace.give()
        try:
            return self._connection.execute(numbered(sql), parameters).fetchone()
        finally:
            self._pace.take()

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        """Every row."""
        self._pace.give()
        try:
            return self._connection.execute(numbered(sql), parameters).fetchall()
        finally:
            self._pace.take()


@lru_cache(maxsize=_STATEMENTS)
def numbered(sql: str) -> str:
    """The statement with `?1` for `$1`: SQLite binds the first by number, the second by place (decision 0006)."""
    return _PARAMETER.sub(r"?\1", sql)


def drive(work: Awaitable[T]) -> T:
    """Run a unit of work to its end, here and now.

    Raises:
        RuntimeError: it awaited something that is not its store, which would hold the writer up.
    """
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    if isinstance(work, Coroutine):
        work.close()
    raise RuntimeError("a unit of work awaited something other than its store")
