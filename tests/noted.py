"""A store that notes every statement of its units of work, on either engine."""

from collections.abc import Hashable
from typing import Any, TypeVar

from agreegate.storage.engine.unit_of_work import Lock, Row, Store, UnitOfWork, Value, Work

T = TypeVar("T")


class NotedStore:
    """A store, and the statements that ran on it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.statements: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read(self, work: Work[T]) -> T:
        return await self._store.read(lambda uow: work(self._unit(uow)))

    async def read_slow(self, work: Work[T]) -> T:
        return await self._store.read_slow(lambda uow: work(self._unit(uow)))

    async def write(self, work: Work[T], turn: Hashable = None) -> T:
        return await self._store.write(lambda uow: work(self._unit(uow)), turn)

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        self.statements.append(sql)
        return await self._store.fetch_all(sql, *parameters)

    def _unit(self, uow: UnitOfWork) -> Any:
        return _NotedUnit(uow, self.statements)


class _NotedUnit:
    def __init__(self, uow: UnitOfWork, statements: list[str]) -> None:
        self._uow, self._statements = uow, statements

    def __getattr__(self, name: str) -> Any:
        return getattr(self._uow, name)

    async def fetch_one(self, sql: str, *parameters: Value) -> Row | None:
        self._statements.append(sql)
        return await self._uow.fetch_one(sql, *parameters)

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        self._statements.append(sql)
        return await self._uow.fetch_all(sql, *parameters)

    async def execute(self, sql: str, *parameters: Value) -> int:
        self._statements.append(sql)
        return await self._uow.execute(sql, *parameters)

    async def lock(self, lock: Lock, sql: str, *parameters: Value) -> None:
        self._statements.append(sql)
        await self._uow.lock(lock, sql, *parameters)
