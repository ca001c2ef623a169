"""The store of a server, watched: the operator reads why it fails, and readiness follows what can be written."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

from agreegate.diagnostics import Causes
from agreegate.domain.error import StoreUnavailable
from agreegate.storage.deployment import rewrite
from agreegate.storage.engine.unit_of_work import Reads, Store, UnitOfWork, Work

T = TypeVar("T")

logger = logging.getLogger("agreegate.record")

PROBE_SECONDS = 1.0
"""Shortest time between two probes: anybody may ask whether the server is ready."""
PATIENCE_SECONDS = 2.0
"""A probe that takes longer counts as failed. It goes on, and no second one is begun beside it."""
HOLD_SECONDS = 5.0
"""How long a write that found no space counts: a small write, such as the probe, may still find some."""
_NO_SPACE = frozenset({"FullError", "IOError", "DiskFullError"})

_SQLITE_FILE = "it must be in its folder, readable and writable by the server's user"
_POSTGRESQL_AWAY = "start the PostgreSQL server, or repair the network between it and this server"
_RESTORE = "stop the server and restore a backup"
_BUSY = "look in pg_stat_activity for what holds up the others, and end it"
_REMEDIES = {
    "FullError": "free space on the disk of the data folder",
    "IOError": "free space on the disk of the data folder, and look for errors of the disk in the system's log",
    "BusyError": "end the other process that holds agreegate.db",
    "LockedError": "end the other process that holds agreegate.db",
    "ReadOnlyError": f"agreegate.db was made read-only: {_SQLITE_FILE}",
    "CantOpenError": f"agreegate.db cannot be opened: {_SQLITE_FILE}",
    "FileGoneError": "agreegate.db or its journal was taken out of the data folder: put it back, or restore a backup"
    " while the server is stopped",
    "CorruptError": f"agreegate.db is damaged: {_RESTORE}",
    "NotADBError": f"agreegate.db is damaged: {_RESTORE}",
    "DiskFullError": "free space on the disks of the PostgreSQL server",
    "TooManyConnectionsError": "raise max_connections of the PostgreSQL server, or start fewer workers",
    "ReadOnlySQLTransactionError": "let --database name the primary, not a standby",
    "not a primary": "let --database name the primary, not a standby",
    "InvalidCatalogNameError": "the database does not exist: restore a backup",
    "schema.foreign": "the database has no record: restore a backup",
    "schema.older": "the database is empty or at an older schema: restore a backup, then run agreegate db upgrade",
    "schema.newer": "the database is at a newer schema: start the version that wrote it",
    "not replicated": "start the standby servers that commits wait for",
    "no free connection": _BUSY,
    "no turn": _BUSY,
    "LockNotAvailableError": _BUSY,
    "QueryCanceledError": _BUSY,
}
"""What to do about a cause, by the name that the engine gives to it. PostgreSQL has many more for a server that is away."""


class WatchedStore:
    """Hands all work on to a store, and warns of each cause of a failure at once, then once a minute."""

    def __init__(self, store: Store, machine_time: Callable[[], float] = time.monotonic) -> None:
        """Watch a store.

        Args:
            machine_time: counts seconds.
        """
        self.clock = store.clock
        self.trusted = store.trusted
        self.waits = store.waits
        self.fetch_all = store.fetch_all
        """The gate's shortest way, not watched: upkeep reads every second and meets the same cause."""
        self._store = store
        self._machine_time = machine_time
        self._causes = Causes(logger, "the record is unavailable: %s", machine_time)
        self._no_space = self._probed = float("-inf")
        self._probe: asyncio.Task[None] | None = None

    async def read(self, work: Work[T]) -> T:
        """Run work that changes nothing."""
        return await self.reported(self._store.read(work))

    async def read_slow(self, work: Work[T]) -> T:
        """Run work that changes nothing and may take long."""
        return await self.reported(self._store.read_slow(work))

    def confined(self, partner: str) -> Reads:
        """Return reads of the store to which PostgreSQL shows no rows of other partners, watched too."""
        return _WatchedReads(self, self._store.confined(partner))

    async def write(self, work: Work[T], turn: Hashable = None) -> T:
        """Run work and answer once it is durable."""
        try:
            return await self.reported(self._store.write(work, turn))
        except StoreUnavailable as error:
            if str(error) in _NO_SPACE:
                self._no_space = self._machine_time()
            raise

    async def finish(self) -> None:
        """Finish the work that was handed in, then let go of connections and files."""
        await self._store.finish()

    def close(self) -> None:
        """Let go of connections and files."""
        self._store.close()

    async def reported(self, work: Awaitable[T]) -> T:
        """Await work of the store, and warn the operator if the record is unavailable."""
        try:
            return await work
        except StoreUnavailable as error:
            self.report(error)
            raise

    def report(self, error: StoreUnavailable) -> None:
        """Warn the operator, with what to do."""
        cause = str(error) or type(error).__name__
        self._causes.warn(f"{cause}: {_REMEDIES.get(cause, _POSTGRESQL_AWAY if self.waits else _SQLITE_FILE)}")

    async def require_ready(self) -> None:
        """Read the record and, at most once in `PROBE_SECONDS`, write to it.

        Raises:
            StoreUnavailable: one of the two failed, or a write found no space a moment ago.
        """
        await self.read(_read)
        if self._machine_time() - self._no_space < HOLD_SECONDS:
            raise StoreUnavailable("no space")
        if self._probe is None or (self._probe.done() and self._machine_time() - self._probed >= PROBE_SECONDS):
            self._probe, self._probed = asyncio.create_task(self.write(rewrite)), self._machine_time()
            self._probe.add_done_callback(_take_error)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.shield(self._probe)
        except TimeoutError:
            raise StoreUnavailable("no write in time") from None


class _WatchedReads:
    """Reads whose failures a watched store reports."""

    def __init__(self, store: WatchedStore, reads: Reads) -> None:
        self._store = store
        self._reads = reads

    async def read(self, work: Work[T]) -> T:
        """Run work that changes nothing."""
        return await self._store.reported(self._reads.read(work))

    async def read_slow(self, work: Work[T]) -> T:
        """Run work that changes nothing and may take long."""
        return await self._store.reported(self._reads.read_slow(work))


def _take_error(probe: "asyncio.Task[None]") -> None:
    """Take the error of a probe that nobody may wait for any more."""
    if not probe.cancelled():
        probe.exception()


async def _read(uow: UnitOfWork) -> None:
    await uow.fetch_one("select 1 from partner limit 1")
