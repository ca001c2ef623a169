"""SQLite through apsw (decision 0004): one writer on a thread of its own, one reader, answers only after the commit is on disk.

Units of work that wait while a commit is under way share the next one: each runs in a savepoint of its own, so one that
fails undoes itself alone, and a commit that fails undoes them all. A unit alone in its commit needs no savepoint.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import apsw

from agreegate.domain.error import Rejected, StoreUnavailable
from agreegate.storage.engine.commit_count import CommitFile, count_of, raise_count, require_all_commits
from agreegate.storage.engine.pace import Pace, step_back
from agreegate.storage.engine.schema import current, require_finished, require_latest, upgrade
from agreegate.storage.engine.sqlite_unit import PacedUnitOfWork, SqliteUnitOfWork, drive, numbered
from agreegate.storage.engine.trusted import TrustedInstants
from agreegate.storage.engine.unit_of_work import Clock, Reads, Row, Value, Work, machine_clock, new_id

T = TypeVar("T")

GROUP = 256
"""Maximum number of units of work in one commit."""
_STATEMENTS = 256
READERS = 3
"""Threads of long reads: the engine runs that many statements at once, Python only one (`storage/engine/pace.py`)."""
_CACHE_KIB = 32 * 1024
_READER_CACHE_KIB = 8 * 1024
_CHECKPOINT_PAGES = 4096
"""Pages of the log (16 MiB) after which a checkpoint copies it into the file. A page changed twice is copied once."""
_BROKEN = (apsw.FullError, apsw.IOError, apsw.BusyError, apsw.LockedError, apsw.CantOpenError, apsw.ReadOnlyError,
           apsw.CorruptError, apsw.NotADBError, apsw.NoMemError)  # fmt: skip


class FileGoneError(Exception):
    """The database or its journal is no longer in its folder: what is committed to it would be lost."""


def connect(path: Path | str, *, read_only: bool = False, cache_kib: int = _CACHE_KIB) -> apsw.Connection:
    """A connection set up the way every one of ours is.

    A new file is made readable by its owner alone.
    """
    if str(path) != ":memory:" and not read_only:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    connection = apsw.Connection(str(path), flags=flags | apsw.SQLITE_OPEN_NOMUTEX, statementcachesize=_STATEMENTS)
    connection.set_busy_timeout(10_000)
    connection.pragma("mmap_size", 0)
    connection.pragma("cache_size", -cache_kib)
    connection.pragma("foreign_keys", True)
    connection.pragma("recursive_triggers", True)  # else `replace` deletes append-only rows behind their triggers' back
    # One plan a statement, whatever is bound: else a join is planned each time it runs, at twice its cost.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    if not read_only:
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "full")
        connection.pragma("wal_autocheckpoint", _CHECKPOINT_PAGES)
        # Every unit's savepoint keeps the pages it changes as they were. In a file of its own that is as much writing again.
        connection.pragma("temp_store", "memory")
    return connection


def check_file(path: Path, *, at_any_schema: bool = False, unfinished: bool = False) -> None:
    """Refuse a file that is not a whole database of ours at this version's schema, without touching it.

    Args:
        unfinished: let a copy pass that is not finished.

    Raises:
        Rejected: it is somebody else's, older, newer or damaged, or commits are missing.
        apsw.Error: it cannot be read.
    """
    noted = CommitFile(path).read()
    # A journal beside it must be played back before anything can be read. Only a file put here by hand can have one.
    has_journal = path.with_name(f"{path.name}-journal").exists()
    flags = apsw.SQLITE_OPEN_READWRITE if has_journal else apsw.SQLITE_OPEN_READONLY
    connection = apsw.Connection(str(path), flags=flags)
    try:
        connection.execute("select count(*) from sqlite_schema").fetchall()  # reads it: damage shows here
        require_all_commits(path, connection, noted)
        current(connection) if at_any_schema else require_latest(connection)
        if not unfinished:
            require_finished(connection)
    except (apsw.NotADBError, apsw.SQLError):  # the head says that it is no database, or one of a later engine
        raise Rejected("schema.foreign") if noted is None else Rejected("data.damaged") from None
    finally:
        connection.close()


def damage_of(connection: apsw.Connection) -> str:
    """What the engine finds damaged in a database: its pages, its indexes, rows that refer to no row. "": nothing."""
    [(found,), *_] = connection.execute("pragma integrity_check(1)")
    if found != "ok":
        return str(found)
    return "" if connection.execute("pragma foreign_key_check").fetchone() is None else "foreign_key_check"


class InlineStore:
    """One connection, no thread: for commands and for tests in memory. Every unit is its own commit."""

    waits = False

    def __init__(
        self, connection: apsw.Connection, clock: Clock = machine_clock, ids: Callable[[], str] = new_id
    ) -> None:
        self._connection = connection
        self.clock = clock
        self.trusted = TrustedInstants()
        self._ids = ids

    @classmethod
    def in_memory(cls, clock: Clock = machine_clock, ids: Callable[[], str] = new_id) -> "InlineStore":
        """A store that is gone when it is let go of."""
        connection = connect(":memory:")
        upgrade(connection)
        return cls(connection, clock, ids)

    async def read(self, work: Work[T]) -> T:
        """Run work that changes nothing."""
        return self._run(work)

    async def read_slow(self, work: Work[T]) -> T:
        """Run work that changes nothing and may take long."""
        return self._run(work)

    def confined(self, partner: str) -> Reads:  # noqa: ARG002 - SQLite has no rights
        """Return the store itself."""
        return self

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        """Return the rows of one statement that changes nothing."""
        try:
            return self._connection.execute(numbered(sql), parameters).fetchall()
        except _BROKEN as error:
            raise StoreUnavailable(type(error).__name__) from error

    async def write(self, work: Work[T], turn: Hashable = None) -> T:  # noqa: ARG002 - one writer: all run one after another
        """Run work and keep it."""
        return self._run(work)

    def _run(self, work: Work[T]) -> T:
        try:
            self._connection.execute("savepoint unit")
            try:
                result = drive(
                    work(SqliteUnitOfWork(self._connection, self.clock(), machine_clock(), self._ids, self.trusted))
                )
            except BaseException:
                self._connection.execute("rollback to unit")
                raise
            finally:
                self._connection.execute("release unit")
            return result
        except _BROKEN as error:
            raise StoreUnavailable(type(error).__name__) from error

    async def finish(self) -> None:
        """Let go of the file."""
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


class _Pending:
    """A unit of work on its way through the writer."""

    __slots__ = ("error", "future", "loop", "result", "work")

    def __init__(self, work: Work[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        if self.future.done():  # the caller went away; what it asked for is done all the same
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class SqliteStore:
    """The store of a server: a writer thread with group commit, and a reader for the event loop."""

    waits = False

    def __init__(
        self, path: Path, clock: Clock = machine_clock, ids: Callable[[], str] = new_id, *, unfinished: bool = False
    ) -> None:
        self.clock = clock
        self.trusted = TrustedInstants()
        self._ids = ids
        check_file(path, unfinished=unfinished)
        self._writer = connect(path)
        try:
            self.reader = connect(path, read_only=True)
        except BaseException:
            self._writer.close()
            raise
        self._commits = CommitFile(path)
        self._commits.write(count_of(self.reader))
        self._path = path
        self._files = self._files_now()
        self._slow_readers = ThreadPoolExecutor(READERS, "agreegate-reader", initializer=step_back)
        self._slow_reader = threading.local()
        self._pace = Pace()
        self._opened: list[apsw.Connection] = []
        self._cursor = self.reader.cursor()
        self._fetching = False
        self._queue: SimpleQueue[_Pending | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write_until_closed, name="agreegate-writer", daemon=True)
        self._thread.start()

    async def read(self, work: Work[T]) -> T:
        """Run work that changes nothing, on one state of the record."""
        try:
            self._turn_over()
            self.reader.execute("begin")
            try:
                return drive(
                    work(SqliteUnitOfWork(self.reader, self.clock(), machine_clock(), self._ids, self.trusted))
                )
            finally:
                self.reader.execute("rollback")
        except _BROKEN as error:
            raise StoreUnavailable(type(error).__name__) from error

    async def read_slow(self, work: Work[T]) -> T:
        """Run work that changes nothing and may take long: on another thread, with a connection of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._slow_readers, self._read_slow, work)

    def _read_slow(self, work: Work[T]) -> T:
        try:
            reader: apsw.Connection | None = getattr(self._slow_reader, "reader", None)
            if reader is None:
                reader = self._slow_reader.reader = connect(self._path, read_only=True, cache_kib=_READER_CACHE_KIB)
                self._opened.append(reader)
            reader.execute("begin")
            self._pace.take()
            try:
                return drive(
                    work(PacedUnitOfWork(self._pace, reader, self.clock(), machine_clock(), self._ids, self.trusted))
                )
            finally:
                self._pace.give()
                reader.execute("rollback")
        except _BROKEN as error:
            raise StoreUnavailable(type(error).__name__) from error

    def confined(self, partner: str) -> Reads:  # noqa: ARG002 - SQLite has no rights
        """Return the store itself."""
        return self

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        """The rows of one statement that changes nothing.

        All reads of one turn of the event loop share one transaction, because to begin and end a transaction costs more
        than the gate's statement. No read is stale: the event loop runs what follows a later commit, its answer
        included, after the end of this turn.
        """
        try:
            if not self._fetching:
                self.reader.execute("begin")
                self._fetching = True
                asyncio.get_running_loop().call_soon(self._turn_over)
            return self._cursor.execute(numbered(sql), parameters).fetchall()
        except _BROKEN as error:
            raise StoreUnavailable(type(error).__name__) from error

    def _turn_over(self) -> None:
        if self._fetching:
            self._fetching = False
            self.reader.execute("rollback")

    async def write(self, work: Work[T], turn: Hashable = None) -> T:  # noqa: ARG002 - one writer: all run one after another
        """Run work on the writer's thread; the answer comes after the commit is on disk."""
        pending = _Pending(work, asyncio.get_running_loop())
        self._queue.put(pending)
        return await pending.future  # type: ignore[no-any-return]

    async def finish(self) -> None:
        """Finish the work that was handed in, then close the files."""
        self.close()

    def close(self) -> None:
        """Finish the work that was handed in, then close the files. Does nothing the second time."""
        self._queue.put(None)
        self._thread.join()
        self._turn_over()
        self._slow_readers.shutdown()
        for reader in self._opened:
            reader.close()
        self.reader.close()
        self._writer.close()
        self._commits.close()

    def _write_until_closed(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first]
            closing = False
            with suppress(Empty):
                while len(group) < GROUP:
                    following = self._queue.get_nowait()
                    if following is None:
                        closing = True
                        break
                    group.append(following)
            self._commit(group)
            by_loop: dict[asyncio.AbstractEventLoop, list[_Pending]] = {}
            for pending in group:
                by_loop.setdefault(pending.loop, []).append(pending)
            for loop, settled in by_loop.items():
                with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                    loop.call_soon_threadsafe(_settle, settled)
            if closing:
                return

    def _commit(self, group: list[_Pending]) -> None:
        writer, changed, count = self._writer, False, None
        alone = len(group) == 1
        try:
            writer.execute("begin immediate")
            for pending in group:
                before = writer.total_changes()
                self._run(pending, alone=alone)
                changed |= pending.error is None and writer.total_changes() != before
                if not writer.in_transaction:  # the engine gave the whole transaction up
                    raise pending.error or StoreUnavailable("rolled back")
            if alone and pending.error is not None:
                writer.execute("rollback")
                return
            if changed and self._files_now() != self._files:
                raise FileGoneError
            count = raise_count(writer) if changed else None
            writer.execute("commit")
        except BaseException as error:
            with suppress(apsw.Error):
                if writer.in_transaction:
                    writer.execute("rollback")
            for pending in group:
                pending.error = StoreUnavailable(type(error).__name__)
        else:
            if count is not None:
                self._commits.write(count)

    def _files_now(self) -> list[tuple[int, int]]:
        """Return what identifies the files in the folder. A file that is open is written to wherever it is."""
        paths = self._path, self._path.with_name(f"{self._path.name}-wal")
        with suppress(OSError):
            return [(found.st_dev, found.st_ino) for found in map(os.stat, paths)]
        return []

    def _run(self, pending: _Pending, *, alone: bool) -> None:
        """Run a unit of work, in a savepoint unless the unit is alone in its commit: then the whole commit is undone."""
        writer = self._writer
        if not alone:
            writer.execute("savepoint unit")
        try:
            pending.result = drive(
                pending.work(SqliteUnitOfWork(writer, self.clock(), machine_clock(), self._ids, self.trusted))
            )
        except BaseException as error:
            pending.error = StoreUnavailable(type(error).__name__) if isinstance(error, _BROKEN) else error
            if writer.in_transaction and not alone:
                writer.execute("rollback to unit")
        if writer.in_transaction and not alone:
            writer.execute("release unit")


def _settle(settled: list[_Pending]) -> None:
    for pending in settled:
        pending.settle()
