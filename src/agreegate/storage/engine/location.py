"""Where the record of an installation is: a data folder with SQLite, or a PostgreSQL database. Nothing else chooses an engine."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import apsw

from agreegate.domain.error import Rejected
from agreegate.storage.agreements.text_file import TextFiles
from agreegate.storage.agreements.text_store import FolderTextStore, TextStore
from agreegate.storage.engine import schema
from agreegate.storage.engine.commit_count import count_of, missing_database, note_commits
from agreegate.storage.engine.folder import DATABASE, TEXTS, DataFolder
from agreegate.storage.engine.new_record import new_record
from agreegate.storage.engine.sqlite import InlineStore, SqliteStore, check_file, connect, damage_of
from agreegate.storage.engine.unit_of_work import Clock, Store, machine_clock


@dataclass(frozen=True, slots=True)
class Serving:
    """How a server uses its database."""

    workers: int = 1
    pooler: bool = False
    """A pooler of transactions stands between the server and the database."""
    allow_unsafe: bool = False
    """Serve although the login or the database's settings could lose or change records."""
    require_synchronous: bool = False
    """Serve only where commits wait for a standby."""


class Location(Protocol):
    """A place for a record. As text it is what sentences call it: the folder, or the URL without user and password."""

    many_workers: bool
    """Whether several processes may serve it at the same time."""
    number: int
    """The newest schema that this version knows there."""
    option: str
    """The option that names it, for a command line to copy."""
    refusals: tuple[type[Exception], ...]
    """What the engine raises for a row that breaks a constraint, and for a login without the right to write it."""

    @property
    def folder(self) -> Path | None:
        """The data folder, which has the key files; None: servers get their keys by options."""

    async def exists(self) -> bool:
        """Return whether there is a record, of whatever schema.

        Raises:
            Rejected: the tables or the file are not Agreegate's.
        """

    async def upgrade(self) -> int:
        """Bring the record to the latest schema, or make an empty one; return the number of steps taken.

        Raises:
            Rejected: it is newer, damaged, in use, or not Agreegate's.
        """

    def new_record(self, clock: Clock = machine_clock) -> AbstractAsyncContextManager[Store]:
        """Make an empty record, and give a store on it to the block. A folder has the record only after the block.

        Raises:
            Rejected: there was a record, and it is gone.
        """

    def open(self, clock: Clock = machine_clock, *, unfinished: bool = False) -> Store:
        """Return the store on an existing record of this version's schema.

        Args:
            unfinished: open a copy that is not finished, too.

        Raises:
            Rejected: the record is missing, damaged, not Agreegate's, or at another schema. On PostgreSQL the first unit
                of work raises it.
        """

    def texts(self, store: Store) -> TextStore:
        """Return the files of agreement texts that belong to a store opened here."""

    def damage(self, store: Store) -> str:
        """Return what the engine finds damaged in a store opened here; "" when nothing is, or the engine has no such check."""

    async def require_servable(self, serving: Serving) -> tuple[Rejected, ...]:
        """Refuse to serve what cannot be served well; return what is unsafe and allowed all the same.

        Raises:
            `database.superuser`, `database.owner`, `database.not-durable`, `database.no-standby`, `database.no-room`,
            `database.no-page-role`.
        """

    async def complete_copy(self) -> None:
        """Give rows that are added later numbers behind those of copied rows."""

    def claim(self) -> None:
        """Take the place for this process until `release`, where only one process may serve it.

        Raises:
            Rejected: another server has it.
        """

    def release(self) -> None:
        """Let another process have the place."""

    def without_servers(self) -> AbstractAsyncContextManager[None]:
        """Keep servers away during the block: a running server goes on by the rules that it was started with.

        Raises:
            Rejected: a server runs, or there is no record.
        """


def location_of(data: Path, database: str | None, *, pooler: bool = False) -> Location:
    """Return the location that the options name.

    Args:
        data: the folder of an SQLite database.
        database: the URL of a PostgreSQL database; None: the folder counts.
        pooler: the URL leads to a pooler of transactions.
    """
    if database is not None:
        from agreegate.storage.engine.postgresql_location import PostgresqlLocation  # noqa: PLC0415 - loads the driver

        return PostgresqlLocation(database, pooler=pooler)
    return FolderLocation(data)


class FolderLocation:
    """A data folder, served by one process (decision 0004)."""

    many_workers = False
    refusals: tuple[type[Exception], ...] = (apsw.ConstraintError,)

    def __init__(self, path: Path) -> None:
        self.number = schema.latest()
        self.option = f"--data {path}"
        self.folder = path
        self._database = path / DATABASE
        self._claimed: DataFolder | None = None

    def __str__(self) -> str:
        """The folder's path."""
        return str(self.folder)

    async def exists(self) -> bool:
        """Whether the database file is there."""
        return self._database.exists()

    async def upgrade(self) -> int:
        """Upgrade the database file, or make one. No server may run."""
        if self._database.exists():
            check_file(self._database, at_any_schema=True)  # a foreign file is left as it is
        self.claim()
        try:
            if not self._database.exists():
                async with self.new_record():
                    return self.number
            with closing(connect(self._database)) as connection:
                steps = schema.upgrade(connection)
                note_commits(self._database, count_of(connection))
            return steps
        finally:
            self.release()

    @asynccontextmanager
    async def new_record(self, clock: Clock = machine_clock) -> AsyncIterator[Store]:
        """Make a file that is there whole or not at all. The folder must be claimed."""
        with new_record(DataFolder(self.folder)) as connection:
            yield InlineStore(connection, clock)

    def open(self, clock: Clock = machine_clock, *, unfinished: bool = False) -> Store:
        """Open the database file."""
        if not self._database.is_file():
            raise missing_database(self._database)
        return SqliteStore(self._database, clock, unfinished=unfinished)

    def texts(self, store: Store) -> TextStore:  # noqa: ARG002
        """The files below the folder."""
        return FolderTextStore(TextFiles(self.folder / TEXTS))

    def damage(self, store: Store) -> str:
        """What SQLite finds in the file."""
        return damage_of(store.reader) if isinstance(store, SqliteStore) else ""

    async def require_servable(self, serving: Serving) -> tuple[Rejected, ...]:  # noqa: ARG002
        """Return nothing: the folder's lock is the only condition."""
        return ()

    async def complete_copy(self) -> None:
        """Nothing: SQLite gives each row the number behind the greatest one."""

    def claim(self) -> None:
        """Lock the folder; what a killed process left half done in it is removed."""
        folder = DataFolder(self.folder)
        folder.claim()
        self._claimed = folder

    def release(self) -> None:
        """Unlock the folder."""
        if self._claimed is not None:
            self._claimed.release()

    @asynccontextmanager
    async def without_servers(self) -> AsyncIterator[None]:
        """Lock the folder during the block."""
        if not self._database.is_file():
            raise missing_database(self._database)
        self.claim()
        try:
            yield
        finally:
            self.release()
