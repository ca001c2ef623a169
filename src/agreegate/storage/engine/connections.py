"""Connections to PostgreSQL: opened when they are needed, a limited number, each used by one unit of work at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg

from agreegate.domain.error import Rejected, StoreUnavailable

Connection = Any
"""An `asyncpg.Connection`; the package has no types."""

CONNECT_SECONDS = 5.0
STANDBY = "not a primary"
"""Why a connection is refused that would read what was recorded a while ago."""
_STATEMENTS = 512
"""Prepared statements that each connection keeps."""
UNREACHABLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What opening a connection raises when the server is away, refuses, or is not PostgreSQL.

The driver raises its internal error for a statement on a connection that the server has just ended.
"""


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long a store waits."""

    connect: float = CONNECT_SECONDS
    free: float = 5.0
    """For a free connection, or for a turn."""
    write: float = 10.0
    """For a statement of work that writes. The server ends it then."""
    read: float = 5.0
    read_slowly: float = 60.0
    unanswered: float = 2.0
    """How much longer a statement waits for its answer before the connection is closed: the server may be out of reach."""


class Connections:
    """At most `most` connections to one database."""

    def __init__(
        self,
        url: str,
        most: int,
        settings: Mapping[str, str],
        check: Callable[[Connection], Awaitable[None]],
        seconds: Seconds,
        statement_seconds: float,
        *,
        pooler: bool = False,
    ) -> None:
        """Opens nothing.

        Args:
            settings: of the server, for each connection.
            check: asked about each new connection; raises for a database that is not usable.
            statement_seconds: after which the server ends a statement.
            pooler: between the server and us is a pooler of transactions, so that no statement is kept prepared.
        """
        self._url = url
        self._pooler = pooler
        self._settings = {**settings, "statement_timeout": f"{round(statement_seconds * 1000)}ms"}
        self._seconds = seconds
        self._answer_seconds = statement_seconds + seconds.unanswered
        self.begun = ""
        """SQL that each transaction begins with, because a pooler passes no settings of a connection on."""
        if pooler:
            self.begun = "".join(f"; set local {name} = '{value}'" for name, value in self._settings.items())
            self._settings = {}
        self._check = check
        self._statements = 0 if pooler else _STATEMENTS
        self._free = asyncio.Semaphore(most)
        self._idle: list[Connection] = []

    @asynccontextmanager
    async def connection(self, *, opened_now: bool = False) -> AsyncIterator[Connection]:
        """A connection for one unit of work. One that is left within a transaction is closed, which undoes that.

        Args:
            opened_now: not one that was used before.

        Raises:
            StoreUnavailable: no connection is free in time, or the server cannot be reached or is a standby.
            Rejected: the database is at another schema.
        """
        try:
            async with asyncio.timeout(self._seconds.free):
                await self._free.acquire()
        except TimeoutError:
            raise StoreUnavailable("no free connection") from None
        try:
            connection = (None if opened_now else self._usable_idle()) or await self._open()
            try:
                yield connection
            finally:
                if connection.is_closed() or connection.is_in_transaction():
                    connection.terminate()
                else:
                    self._idle.append(connection)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Close the connections that no unit of work has."""
        while self._idle:
            connection = self._idle.pop()
            with suppress(*UNREACHABLE):
                await connection.close(timeout=CONNECT_SECONDS)

    def cut(self) -> None:
        """Cut the connections that no unit of work has, without a word to the server."""
        while self._idle:
            self._idle.pop().terminate()

    def _usable_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _open(self) -> Connection:
        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=self._seconds.connect,
                command_timeout=self._answer_seconds,
                statement_cache_size=self._statements,
                max_cached_statement_lifetime=0,
                server_settings=self._settings,
                target_session_attrs="any" if self._pooler else "primary",
            )
        except asyncpg.TargetServerAttributeNotMatched:
            raise StoreUnavailable(STANDBY) from None
        except UNREACHABLE as error:
            raise StoreUnavailable(type(error).__name__) from error
        try:
            if self._pooler:  # outside of a transaction the two messages of a statement could reach two servers
                async with connection.transaction():
                    if await connection.fetchval("select pg_is_in_recovery()"):
                        raise StoreUnavailable(STANDBY)
                    await self._check(connection)
            else:
                await self._check(connection)
        except UNREACHABLE as error:
            connection.terminate()
            raise StoreUnavailable(type(error).__name__) from error
        except (Rejected, StoreUnavailable):
            await connection.close(timeout=CONNECT_SECONDS)
            raise
        return connection
