"""Copies of a database: made while a server writes to it, verified before they count, and put back.

A copy is one file without a journal beside it, and has the texts of agreements in it. It is written under another name and
renamed when it is verified, so that a file of the name asked for is always a whole one.
"""

import errno
import os
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import apsw

from agreegate.domain.agreements.text import Digest
from agreegate.domain.error import Rejected
from agreegate.storage.agreements.text_file import PIECE, TextDamaged, TextFiles, is_digest
from agreegate.storage.engine import schema
from agreegate.storage.engine.commit_count import CommitFile, count_of, missing_database, note_commits
from agreegate.storage.engine.durable import draft_of, put_in_place
from agreegate.storage.engine.folder import TEXTS, DataFolder
from agreegate.storage.engine.sqlite import check_file, connect, damage_of

_PAGES = 4096
"""Pages copied in one step. A copy can be interrupted between two steps."""
_DAMAGED = (apsw.CorruptError, apsw.SQLError, apsw.ReadOnlyError)
"""Errors of copying a damaged database: a wrong schema, or a damaged header that makes the copy read-only."""
_BESIDE = ("-wal", "-shm")
_TEXTS = "backup_text"
"""A table that only copies have: the files of the texts, under their digests."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a database: enough to tell that a copy is whole."""

    number: int
    """Of the schema."""
    rows: dict[str, int]
    """By table."""
    commits: int

    @property
    def total(self) -> int:
        """Rows in all tables."""
        return sum(self.rows.values())


def back_up(database: Path, file: Path, *, replace: bool = False) -> Contents:
    """Copy the database as it is at one instant, with its texts; everything acknowledged before the call is in it.

    Args:
        replace: whether a file of that name may be replaced.

    Raises:
        Rejected: the name is taken, a text is missing or damaged, or the copy is not whole.
        Rejected: there is no database, or it is not ours.
        OSError: the file cannot be written.
    """
    if not database.is_file():
        raise missing_database(database)
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, "", str(file))
    if file.exists() and not file.is_file():
        raise Rejected("file.not-plain", file=str(file))
    if not file.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "", str(file.parent))
    if file.resolve() == database.resolve():
        raise Rejected("backup.onto-itself", file=str(file))
    if file.exists() and not replace:
        raise Rejected("backup.exists", file=str(file))
    with closing(_opened(database, Rejected("schema.foreign"))) as source:
        texts = TextFiles(database.parent / TEXTS)
        part, contents = _copied(source, database, file, lambda copy: _take_texts(copy, texts), served=False)
    put_in_place(part, file)
    return contents


def restore(file: Path, data: Path, *, replace: bool = False) -> Contents:
    """Put a copy in the place of a folder's database; the one that was there stays beside it until then.

    Args:
        data: the folder; made when it is not there.
        replace: whether data that is there may be replaced.

    Raises:
        Rejected: the file is not ours, damaged, or of a newer version; or there is data.
        Rejected: a server has the folder.
        OSError: something cannot be read or written.
    """
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, "", str(file))
    if not file.exists():
        raise FileNotFoundError(errno.ENOENT, "", str(file))
    if not file.is_file():
        raise Rejected("file.not-plain", file=str(file))
    with closing(_opened(file, Rejected("backup.foreign", file=str(file)))) as source:
        number = schema.current(source)
        if number > schema.latest():
            raise Rejected("backup.newer", file=str(file), found=number, expected=schema.latest())
        folder = DataFolder(data)
        folder.claim()
        try:
            if folder.database.exists() and not replace:
                raise Rejected("restore.data-exists", folder=str(folder.path))
            part, contents = _copied(
                source, file, folder.database, lambda copy: _give_texts(copy, TextFiles(folder.texts)), served=True
            )
            replaced = _set_aside(folder.database)
            # Before, and durably: a copy has fewer commits than the record that it replaces.
            CommitFile(folder.database).forget()
            put_in_place(part, folder.database)
            note_commits(folder.database, contents.commits)
            for old in replaced:
                old.unlink()
        finally:
            folder.release()
    return contents


def _opened(file: Path, foreign: Exception) -> apsw.Connection:
    """A connection that reads; `foreign` is raised for a file that is no database of ours.

    Raises:
        Rejected: it is damaged.
        Rejected: it is damaged, or commits are missing.
    """
    try:
        check_file(file, at_any_schema=True)
        connection = connect(file, read_only=True)
    except apsw.CorruptError:
        raise Rejected("backup.damaged", file=str(file), detail="CorruptError") from None
    except Rejected as error:
        raise foreign if error.code == "schema.foreign" else error from None
    if schema.current(connection) == 0:
        connection.close()
        raise foreign
    return connection


def _copied(
    source: apsw.Connection, of: Path, to: Path, finish: Callable[[apsw.Connection], None], *, served: bool
) -> tuple[Path, Contents]:
    """A verified copy beside where it will be, readable by its owner alone.

    Args:
        finish: does to the copy what is left to do, before it is verified.
        served: whether a server will open the copy. It gets a server's kind of journal now: turned by the first start, a
            kill meanwhile would leave a file to be mended.
    """
    part = draft_of(to)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    source.execute("begin")  # from the first read on, this connection sees one instant
    try:
        contents = _contents(source)
        with closing(apsw.Connection(str(part))) as copy:
            with copy.backup("main", source, "main") as backup:
                while not backup.done:
                    backup.step(_PAGES)
            copy.pragma("journal_mode", "delete")
            finish(copy)
        with closing(connect(part, read_only=not served)) as copy:
            _check(copy, contents, of)
    except _DAMAGED as error:
        part.unlink()
        raise Rejected("backup.damaged", file=str(of), detail=type(error).__name__) from None
    except BaseException:
        part.unlink()
        raise
    finally:
        source.execute("rollback")
    return part, contents


def _contents(connection: apsw.Connection) -> Contents:
    named = connection.execute("select name from sqlite_schema where type = 'table' and name <> ?", (_TEXTS,))
    quoted = {table: '"' + str(table).replace('"', '""') + '"' for (table,) in sorted(named)}
    rows = {table: connection.execute(f"select count(*) from {name}").get for table, name in quoted.items()}
    return Contents(int(connection.pragma("user_version")), rows, count_of(connection))


def _check(copy: apsw.Connection, expected: Contents, file: Path) -> None:
    if damage := damage_of(copy):
        raise Rejected("backup.damaged", file=str(file), detail=damage)
    if _contents(copy) != expected:
        raise Rejected("backup.damaged", file=str(file), detail="count")


def _take_texts(copy: apsw.Connection, texts: TextFiles) -> None:
    """Put the files of the texts into the copy. None is ever changed or removed, so those of its instant are still there."""
    files = _texts_of(copy)
    if not files:
        return
    with copy:
        copy.execute(f"create table {_TEXTS} (id integer primary key, digest text not null, bytes blob not null)")
        for digest, size in files:
            try:
                with texts.opened(digest) as file:
                    copy.execute(f"insert into {_TEXTS} (digest, bytes) values (?, zeroblob(?))", (digest, size))
                    with copy.blob_open("main", _TEXTS, "bytes", copy.last_insert_rowid(), True) as blob:
                        while piece := file.read(PIECE):
                            blob.write(piece)
            except (TextDamaged, ValueError):
                raise Rejected("backup.text-damaged", file=str(texts.path_of(digest))) from None


def _give_texts(copy: apsw.Connection, texts: TextFiles) -> None:
    """Put the files of the texts where they belong, then take them out of the copy."""
    held = copy.execute("select count(*) from sqlite_schema where name = ?", (_TEXTS,)).get
    for digest, _ in _texts_of(copy):
        row = copy.execute(f"select id from {_TEXTS} where digest = ?", (digest,)).fetchone() if held else None
        try:
            if row is None:  # an older copy, made by other means: then they must be there already
                texts.opened(digest).close()
            else:
                (row_id,) = row
                with copy.blob_open("main", _TEXTS, "bytes", row_id, False) as blob:
                    texts.keep(cast("BinaryIO", blob), digest)
        except TextDamaged:
            raise Rejected("backup.text-damaged", file=str(texts.path_of(digest))) from None
    if held:
        copy.execute(f"drop table {_TEXTS}")
        copy.execute("vacuum")


def _texts_of(connection: apsw.Connection) -> list[tuple[Digest, int]]:
    """The files that the texts of a database are made of. None before there were texts."""
    if connection.execute("select count(*) from sqlite_schema where name = 'text_file'").get == 0:
        return []
    sql = "select digest, size from text_file"
    columns = {name for _, name, *_ in connection.execute("pragma table_info(text_file)")}
    if "shown_digest" in columns:  # a copy from before has none
        sql += " union select shown_digest, shown_size from text_file where shown_digest is not null"
    rows = connection.execute(f"select distinct digest, size from ({sql}) order by digest").fetchall()
    if not all(isinstance(size, int) and is_digest(str(digest)) for digest, size in rows):
        raise apsw.CorruptError
    return [(Digest(str(digest)), int(str(size))) for digest, size in rows]


def _set_aside(database: Path) -> list[Path]:
    """Leave the database without a journal, which would be replayed into its successor, and keep it under another name."""
    if not database.exists():
        return []
    with suppress(apsw.Error), closing(connect(database)) as old:  # a broken one is replaced all the same
        old.pragma("wal_checkpoint", "truncate")
    replaced = []
    for ending in _BESIDE:
        beside = database.with_name(database.name + ending)
        if beside.exists():
            replaced.append(beside.rename(database.with_name(f"{database.name}.replaced{ending}")))
    kept = database.with_name(f"{database.name}.replaced")
    kept.unlink(missing_ok=True)
    kept.hardlink_to(database)
    return [kept, *replaced]
