"""How many commits a record has had, so that a lost or damaged journal is noticed.

Every commit raises a number in the database. Afterwards the number is written to a small file beside it, without a sync.
The engine syncs each commit to the journal before that (`synchronous=full`), and journal pages to the database before it
gives the journal up. So whatever a loss of power leaves of the two, the file is never ahead of the database. A database
with fewer commits than the file has lost some: its journal is gone or damaged, or an older copy was put in its place.
"""

import os
import re
import zlib
from contextlib import closing, suppress
from pathlib import Path

import apsw

from agreegate.domain.error import Rejected
from agreegate.file_input import read_bytes
from agreegate.storage.engine.durable import sync

ENDING = "-commits"
_LARGEST = 1024
_RAISE = "update commit_count set commits = commits + 1 returning commits"
_WRITTEN = re.compile(rb"(\d{20}) ([0-9a-f]{8})\n")


def raise_count(writer: apsw.Connection) -> int:
    """Count the commit that is about to be made; the number that it has."""
    return int(writer.execute(_RAISE).get)


def count_of(connection: apsw.Connection) -> int:
    """The number of the newest commit; 0 in a database that is older than the count."""
    if connection.execute("select count(*) from sqlite_schema where name = 'commit_count'").get == 0:
        return 0
    return int(connection.execute("select commits from commit_count").get)


class CommitFile:
    """The small file beside a database."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ENDING)
        self._folder = database.parent
        self._handle: int | None = None

    def read(self) -> int | None:
        """The number that was written last; None when there is none, or not all of it reached the disk."""
        try:
            found = _WRITTEN.fullmatch(read_bytes(self.path, _LARGEST))
        except (OSError, Rejected):
            return None
        if found is None:
            return None
        count = int(found.group(1))
        return count if found.group() == _written(count) else None

    def write(self, count: int) -> None:
        """Write the number, without waiting for the disk. A file that cannot be written stays behind, which does no harm."""
        with suppress(OSError):
            if self._handle is None:
                self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
            os.pwrite(self._handle, _written(count), 0)

    def forget(self) -> None:
        """Remove the file, durably: another record takes the place of the one that it counted."""
        self.close()
        self.path.unlink(missing_ok=True)
        sync(self._folder)

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _written(count: int) -> bytes:
    digits = b"%020d" % count
    return b"%b %08x\n" % (digits, zlib.crc32(digits))


def require_all_commits(database: Path, connection: apsw.Connection, noted: int | None) -> None:
    """Refuse a database that has fewer commits than were made.

    Args:
        noted: what the file said before the connection read anything: a writer may go on meanwhile.

    Raises:
        Rejected: commits are missing.
    """
    if noted is not None and (found := count_of(connection)) < noted:
        file = CommitFile(database).path
        raise Rejected("data.behind", folder=str(database.parent), found=found, expected=noted, file=str(file))


def missing_database(database: Path) -> Rejected:
    """Return the error that says what to do about a database file that does not exist; its commits show whether it did."""
    if noted := (counted := CommitFile(database)).read():
        return Rejected("data.gone", database=str(database), expected=noted, file=str(counted.path))
    return Rejected("data.missing", database=str(database), folder=str(database.parent))


def note_commits(database: Path, count: int) -> None:
    """Rewrite the file, after something else than a unit of work changed the record."""
    with closing(CommitFile(database)) as file:
        file.write(count)
