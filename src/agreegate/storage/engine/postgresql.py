"""PostgreSQL through asyncpg (decision 0005): a transaction for each unit of work, repeated when a concurrent one comes between.

Writes are READ COMMITTED with the locks that services take (`UnitOfWork.lock`). Reads of several statements are REPEATABLE
READ, so that they see one state of the record. A unit that locks a customer has the database's clock, others this process's.
"""

import asyncio
import random
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import asyncpg

from agreegate.domain.error import Rejected, StoreUnavailable
from agreegate.storage.engine.connections import Connection, Connections, Seconds
from agreegate.storage.engine.look_up import LookUps
from agreegate.storage.engine.outcome import UnknownOutcomeError, commit_unit, was_kept
from agreegate.storage.engine.postgresql_rights import confined_to
from agreegate.storage.engine.postgresql_schema import require_latest
from agreegate.storage.engine.postgresql_unit import PostgresUnitOfWork
from agreegate.storage.engine.trusted import TrustedInstants
from agreegate.storage.engine.unit_of_work import Clock, Reads, Row, Value, Work, machine_clock, new_id

T = TypeVar("T")

WRITERS, READERS, SLOW_READERS = 10, 5, 3
"""Connections of a store, by the kind of work."""
CONNECTIONS = WRITERS + READERS + SLOW_READERS
"""Maximum connections of a store."""
REPEATS = 5
"""How often a unit of work is repeated after a concurrent one came between."""
_PAUSE_SECONDS = 0.01
"""Longest pause before the first repeat. It doubles with each."""
APPLICATION = "agreegate"
"""The name under which our connections show in `pg_stat_activity`."""
_SETTINGS = {
    "application_name": APPLICATION,
    "idle_in_transaction_session_timeout": "30s",
    "jit": "off",
    "lock_timeout": "5s",
    "timezone": "UTC",
}


class _LostError(Exception):
    """The connection was lost before the server committed."""


_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError, _LostError)
"""A concurrent unit of work came between, or nothing was kept: the whole unit is repeated, and sees what the other did.

A key that the other inserted is among them: one writer would have found it, and so does the repeat. A key that is still taken
after all repeats is a defect.
"""
_BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.OperatorInterventionError,  # a statement that took too long, a server that stops
    asyncpg.PostgresSystemError,
    asyncpg.InternalServerError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""The server did not do it, and may do it later."""

_SECONDS = Seconds()
_BEGIN_WRITE = "begin isolation level read committed read write"
_BEGIN_READ = "begin isolation level repeatable read read only"


class PostgresStore:
    """The store of a server on PostgreSQL."""

    waits = True

    def __init__(
        self,
        url: str,
        clock: Clock = machine_clock,
        ids: Callable[[], str] = new_id,
        *,
        pooler: bool = False,
        unfinished: bool = False,
        seconds: Seconds = _SECONDS,
    ) -> None:
        """Connects to nothing: a unit of work opens the connection that it needs, and finds out about the schema.

        Args:
            url: `postgresql://…`, of a database at this version's schema.
            pooler: see `Connections`.
            unfinished: see `require_latest`.
            seconds: how long work waits.
        """
        self._unfinished = unfinished
        self._seconds = seconds
        self._was_usable = False
        self.clock = clock
        self.trusted = TrustedInstants(alone=False)
        self._ids = ids
        connections = partial(Connections, url, settings=_SETTINGS, check=self._check, seconds=seconds, pooler=pooler)
        self._writers = connections(WRITERS, statement_seconds=seconds.write)
        self._readers = connections(READERS, statement_seconds=seconds.read)
        self._slow_readers = connections(SLOW_READERS, statement_seconds=seconds.read_slowly)
        self._connections = (self._writers, self._readers, self._slow_readers)
        self._look_ups = LookUps(self._fetch)
        self._turns: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()
        self._under_way: set[asyncio.Task[Any]] = set()

    async def read(self, work: Work[T], *, confine: str = "") -> T:
        """Run work that changes nothing, on one state of the record.

        Args:
            confine: SQL that gives up rights until the unit ends.
        """
        return await self._read(self._readers, work, confine)

    async def read_slow(self, work: Work[T], *, confine: str = "") -> T:
        """Run work that changes nothing and may take long, on connections that other reads do not wait for.

        Args:
            confine: SQL that gives up rights until the unit ends.
        """
        return await self._read(self._slow_readers, work, confine)

    def confined(self, partner: str) -> Reads:
        """Return reads to which row level security shows no rows of other partners (`postgresql_rights`)."""
        return _Confined(self, partner)

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        """The rows of one statement that changes nothing, in a round trip with those of other callers."""
        return await self._look_ups.fetch_all(sql, *parameters)

    async def _fetch(self, sql: str, *parameters: Any) -> list[Row]:
        if self._readers.begun:  # behind a pooler a statement needs a transaction
            return await self.read(lambda uow: uow.fetch_all(sql, *parameters))
        async with self._readers.connection() as connection:
            with _failing_closed(connection):
                return [tuple(found) for found in await connection.fetch(sql, *parameters)]

    async def write(self, work: Work[T], turn: Hashable = None) -> T:
        """Run work and answer once the commit is durable. The work goes on to its end when the caller goes away."""
        task = asyncio.ensure_future(self._write(work) if turn is None else self._write_in_turn(work, turn))
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def close(self) -> None:
        """Cut the connections that no unit of work has. To end in good order, await `finish` before."""
        for connections in self._connections:
            connections.cut()

    async def finish(self) -> None:
        """Finish the work that was handed in, then close the connections."""
        while self._under_way:
            await asyncio.wait(self._under_way)
        for connections in self._connections:
            await connections.close()

    async def _check(self, connection: Connection) -> None:
        """Refuse a database at another schema. One that was usable before may be so again: it is unavailable until then."""
        try:
            await require_latest(connection, unfinished=self._unfinished)
        except Rejected as error:
            if self._was_usable:
                raise StoreUnavailable(error.code) from error
            raise
        self._was_usable = True

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # the caller may have gone away; a caller that waits gets the error

    def _unit(self, connection: Connection) -> PostgresUnitOfWork:
        return PostgresUnitOfWork(
            connection,
            self.clock(),
            machine_clock(),
            self._ids,
            self.trusted,
            takes_database_time=self.clock is machine_clock,
        )

    async def _read(self, connections: Connections, work: Work[T], confine: str) -> T:
        async with connections.connection() as connection:
            with _failing_closed(connection):
                await connection.execute(_BEGIN_READ + connections.begun + confine)
                try:
                    result = await work(self._unit(connection))
                except BaseException as error:
                    await _undo(connection, error)
                    raise
                await connection.execute("rollback")
                return result

    async def _write_in_turn(self, work: Work[T], turn: Hashable) -> T:
        lock = self._turns.setdefault(turn, asyncio.Lock())
        try:
            async with asyncio.timeout(self._seconds.free):
                await lock.acquire()
        except TimeoutError:
            raise StoreUnavailable("no turn") from None
        try:
            return await self._write(work)
        finally:
            lock.release()

    async def _write(self, work: Work[T]) -> T:
        repeats = 0
        while True:
            try:
                return await self._attempt(work)
            except _AGAIN as error:
                if repeats == REPEATS:
                    if isinstance(error, asyncpg.UniqueViolationError):
                        raise
                    raise StoreUnavailable(type(error).__name__) from error
                pause = _PAUSE_SECONDS * 2**repeats * random.random()  # noqa: S311 - it only spreads the repeats
                repeats += 1
            await asyncio.sleep(pause)

    async def _attempt(self, work: Work[T]) -> T:
        unit_id = new_id()
        try:
            async with self._writers.connection() as connection:
                with _failing_closed(connection):
                    await connection.execute(_BEGIN_WRITE + self._writers.begun)
                    try:
                        result = await work(self._unit(connection))
                    except BaseException as error:
                        await _undo(connection, error)
                        raise
                    await commit_unit(connection, unit_id)
        except UnknownOutcomeError as error:
            async with self._writers.connection(opened_now=True) as connection:
                with _failing_closed(connection):
                    await connection.execute(_BEGIN_WRITE + self._writers.begun)
                    if not await was_kept(connection, unit_id):
                        raise _LostError from error
        return result


async def _undo(connection: Connection, error: BaseException) -> None:
    """Undo a unit of work. A server that did not answer a statement would not answer to the rollback: its end undoes it."""
    if isinstance(error, TimeoutError):
        connection.terminate()
    else:
        await connection.execute("rollback")


class _Confined:
    """The reads of a store that see one partner's rows."""

    def __init__(self, store: PostgresStore, partner: str) -> None:
        self._store = store
        self._confine = f"; {confined_to(partner)}"

    async def read(self, work: Work[T]) -> T:
        """Run work that changes nothing, on one state of the record."""
        return await self._store.read(work, confine=self._confine)

    async def read_slow(self, work: Work[T]) -> T:
        """Run work that changes nothing and may take long."""
        return await self._store.read_slow(work, confine=self._confine)


@contextmanager
def _failing_closed(connection: Connection) -> Iterator[None]:
    """Raises `StoreUnavailable` when the server failed or its connection was lost; every other error passes."""
    try:
        yield
    except _BROKEN as error:
        raise StoreUnavailable(type(error).__name__) from error
    # The end of the connection, read between two statements; or no answer in time.
    except (asyncpg.InternalClientError, OSError) as error:
        connection.terminate()
        raise StoreUnavailable(type(error).__name__) from error
    except asyncpg.InterfaceError as error:
        if connection.is_closed():
            raise StoreUnavailable(type(error).__name__) from error
        raise
