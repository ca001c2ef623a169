"""Backups: whole, of one instant, made while others write; and their way back."""

import asyncio
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import apsw
import pytest

from agreegate.directory import read
from agreegate.domain.actor import Actor, UserId
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.agreements.text import TextFile
from agreegate.domain.confirmation import Draft, PrimaryContact
from agreegate.domain.error import Rejected
from agreegate.programme import load
from agreegate.services.confirmation import confirm
from agreegate.services.directory import apply_directory
from agreegate.services.idempotency import IdempotentCall
from agreegate.storage.agreements.text import add_text_version
from agreegate.storage.agreements.text_file import TextFiles, measured
from agreegate.storage.engine.backup import back_up, restore
from agreegate.storage.engine.folder import DataFolder
from agreegate.storage.engine.schema import latest, upgrade
from agreegate.storage.engine.sqlite import SqliteStore, connect
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.partner import partner_of
from agreegate.toml_input import TomlFile
from tests.personas import ALDER, ALDER_SALES, CEDAR, CLOUD_AGREEMENT
from tests.rejection import rejected
from tests.texts import AMERICA, FRANCE, draft, pdf

CAST = TomlFile((files("agreegate") / "demo" / "cast.toml").read_text(encoding="utf-8"), "cast.toml")


def filled(path: Path) -> DataFolder:
    """A folder with the cast in it."""
    folder = DataFolder(path)
    with closing(connect(folder.database)) as connection:
        upgrade(connection)
    store = SqliteStore(folder.database)
    asyncio.run(store.write(lambda uow: apply_directory(uow, read(CAST))))
    store.close()
    return folder


async def confirm_cedar(uow: UnitOfWork) -> int:
    """One confirmation; its sequence."""
    partner = await partner_of(uow, ALDER)
    assert partner is not None
    draft = Draft(
        PrimaryContact("Nora", "Whitfield", "nora@cedar.example"), TemplateId(CLOUD_AGREEMENT), datetime.now(UTC)
    )
    call = IdempotentCall(Actor(partner, user_id=UserId(ALDER_SALES)), "POST", "/", str(uuid4()), "", "")
    return (await confirm(uow, call, load(), CEDAR, draft)).sequence


class Writer(threading.Thread):
    """Confirms as fast as it can until it is stopped; knows what was acknowledged."""

    def __init__(self, database: Path) -> None:
        super().__init__()
        self._database = database
        self._stop_asked = threading.Event()
        self.begun = threading.Event()
        self.acknowledged = 0

    def run(self) -> None:
        store = SqliteStore(self._database)

        async def write() -> None:
            while not self._stop_asked.is_set():
                self.acknowledged = max(await asyncio.gather(*(store.write(confirm_cedar) for _ in range(8))))
                self.begun.set()

        asyncio.run(write())
        store.close()

    def stop(self) -> None:
        self._stop_asked.set()
        self.join()


def test_a_backup_under_load_has_everything_acknowledged_before_it(tmp_path: Path) -> None:
    folder = filled(tmp_path / "data")
    writer = Writer(folder.database)
    writer.start()
    assert writer.begun.wait(30)
    try:
        for number in range(5):
            before = writer.acknowledged
            copy = tmp_path / f"{number}.db"
            back_up(folder.database, copy)
            with closing(apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
                one = connection.execute
                kept = one("select count(*), max(sequence) from confirmation").get
                assert kept[0] == kept[1] >= before
                assert one("select last_sequence from customer_sequence where customer_id = ? and partner_id = ?",
                           (CEDAR, ALDER)).get == kept[0]  # fmt: skip
                assert one("select sequence from current_confirmation").get == kept[0]
                assert one("select count(*) from confirmation_contact").get == kept[0]
    finally:
        writer.stop()
    assert writer.acknowledged > before, "the writer went on meanwhile"


def test_a_backup_is_one_private_file_and_comes_back_whole(tmp_path: Path) -> None:
    folder = filled(tmp_path / "data")
    copy = tmp_path / "copies" / "one.db"
    copy.parent.mkdir()

    contents = back_up(folder.database, copy)

    assert [entry.name for entry in copy.parent.iterdir()] == ["one.db"]
    assert copy.stat().st_mode & 0o777 == 0o600
    assert contents.number == latest()
    assert contents.rows["partner"] == 7

    other = tmp_path / "other"
    assert restore(copy, other) == contents
    assert sorted(entry.name for entry in other.iterdir()) == [
        "agreegate.db",
        "agreegate.db-commits",
        "agreegate.lock",
    ]
    store = SqliteStore(other / "agreegate.db")
    assert asyncio.run(store.write(confirm_cedar)) == 1
    store.close()


def test_a_taken_name_needs_leave(tmp_path: Path) -> None:
    folder = filled(tmp_path / "data")
    taken = tmp_path / "taken"
    taken.write_text("mine")

    with rejected("backup.exists"):
        back_up(folder.database, taken)
    assert taken.read_text() == "mine"

    back_up(folder.database, taken, replace=True)
    assert restore(taken, tmp_path / "other").rows["partner"] == 7

    with rejected("backup.onto-itself"):
        back_up(folder.database, folder.database, replace=True)


def test_data_is_replaced_only_with_leave_and_with_its_journal(tmp_path: Path) -> None:
    folder = filled(tmp_path / "data")
    back_up(folder.database, tmp_path / "copy.db")
    left = SqliteStore(folder.database)  # as after kill -9: its journal is never folded in
    for _ in range(3):
        asyncio.run(left.write(confirm_cedar))
    journal = folder.path / "agreegate.db-wal"
    assert journal.stat().st_size > 0
    killed = filled_with_journal(folder, tmp_path / "killed")
    left.close()

    with rejected("restore.data-exists"):
        restore(tmp_path / "copy.db", killed.path)

    restore(tmp_path / "copy.db", killed.path, replace=True)

    with closing(connect(killed.database)) as connection:
        assert connection.execute("select count(*) from confirmation").get == 0
        assert connection.execute("pragma integrity_check").get == "ok"
    assert not [entry for entry in killed.path.iterdir() if "replaced" in entry.name]


def filled_with_journal(folder: DataFolder, path: Path) -> DataFolder:
    """The folder as a killed process leaves it: the database and the journal beside it."""
    killed = DataFolder(path)
    for name in ("agreegate.db", "agreegate.db-wal"):
        (killed.path / name).write_bytes((folder.path / name).read_bytes())
    return killed


def test_a_broken_database_can_be_replaced_but_not_backed_up(tmp_path: Path) -> None:
    folder = filled(tmp_path / "data")
    back_up(folder.database, tmp_path / "copy.db")
    content = bytearray(folder.database.read_bytes())
    content[8192 : 3 * 8192] = b"\xff" * (2 * 8192)
    folder.database.write_bytes(content)

    with pytest.raises((Rejected, apsw.Error)):
        back_up(folder.database, tmp_path / "second.db")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["copy.db", "data"]

    restore(tmp_path / "copy.db", folder.path, replace=True)
    with closing(connect(folder.database)) as connection:
        assert connection.execute("pragma integrity_check").get == "ok"


def test_a_damaged_backup_replaces_nothing(tmp_path: Path) -> None:
    folder = filled(tmp_path / "data")
    copy = tmp_path / "copy.db"
    back_up(folder.database, copy)
    content = bytearray(copy.read_bytes())
    content[-3 * 4096 : -4096] = bytes(2 * 4096)
    copy.write_bytes(content)
    before = folder.database.read_bytes()

    with pytest.raises(Rejected) as refused:
        restore(copy, folder.path, replace=True)

    assert refused.value.code == "backup.damaged"
    assert folder.database.read_bytes() == before
    assert not [entry for entry in folder.path.iterdir() if entry.name.startswith(".")]


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 500], ids=["empty", "text"])
def test_a_foreign_file_is_no_backup(tmp_path: Path, content: bytes) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_bytes(content)
    with rejected("backup.foreign"):
        restore(foreign, tmp_path / "data")
    assert not (tmp_path / "data").exists()

    with closing(apsw.Connection(str(tmp_path / "theirs.db"))) as connection:
        connection.execute("create table theirs (x)")
    with pytest.raises(Rejected):
        restore(tmp_path / "theirs.db", tmp_path / "data")


def test_no_restore_under_a_running_server(tmp_path: Path) -> None:
    folder = filled(tmp_path / "data")
    back_up(folder.database, tmp_path / "copy.db")
    folder.claim()
    with rejected("data.in-use"):
        restore(tmp_path / "copy.db", folder.path, replace=True)
    folder.release()
    restore(tmp_path / "copy.db", folder.path, replace=True)


def with_text(folder: DataFolder, content: bytes) -> TextFile:
    """A folder with one published text; its file is on disk."""
    file = measured(BytesIO(content), "text.md")
    shown = measured(BytesIO(pdf()), "text.pdf")
    TextFiles(folder.texts).keep(BytesIO(content), file.digest)
    TextFiles(folder.texts).keep(BytesIO(pdf()), shown.digest)
    file = replace(file, shown_as=shown)
    store = SqliteStore(folder.database)
    asyncio.run(store.write(lambda uow: add_text_version(uow, draft(files={AMERICA: file, FRANCE: file}), "tests")))
    store.close()
    return file


def test_a_backup_has_the_texts_and_gives_them_back(tmp_path: Path) -> None:
    folder = filled(tmp_path / "data")
    content = b"# Made up\n" * 300_000
    file = with_text(folder, content)
    copy = tmp_path / "copy.db"

    contents = back_up(folder.database, copy)

    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["copy.db", "data"]
    other = DataFolder(tmp_path / "other")
    assert restore(copy, other.path) == contents
    with TextFiles(other.texts).opened(file.digest) as kept:
        assert kept.read() == content
    with TextFiles(other.texts).opened(file.shown.digest) as kept:
        assert kept.read() == pdf()
    assert other.texts.stat().st_mode & 0o777 == 0o700
    assert other.database.stat().st_size < len(content), "the file is not in the database too"
    with closing(connect(other.database)) as connection:
        assert connection.execute("select count(*) from sqlite_schema where name = 'backup_text'").get == 0
    back_up(other.database, tmp_path / "again.db")


@pytest.mark.parametrize("damage", ["gone", "changed", "longer"])
def test_a_text_that_is_gone_or_changed_is_no_backup(tmp_path: Path, damage: str) -> None:
    folder = filled(tmp_path / "data")
    path = TextFiles(folder.texts).path_of(with_text(folder, b"# Made up").digest)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"# Made_up" if damage == "changed" else b"# Made up, and more")

    with pytest.raises(Rejected) as refused:
        back_up(folder.database, tmp_path / "copy.db")

    assert refused.value.code == "backup.text-damaged"
    assert [entry.name for entry in tmp_path.iterdir()] == ["data"]


def test_a_copy_without_its_texts_replaces_nothing(tmp_path: Path) -> None:
    folder = filled(tmp_path / "data")
    with_text(folder, b"# Made up")
    with closing(connect(folder.database)) as connection:
        connection.execute("vacuum into ?", (str(tmp_path / "by-hand.db"),))

    with pytest.raises(Rejected) as refused:
        restore(tmp_path / "by-hand.db", tmp_path / "other")

    assert refused.value.code == "backup.text-damaged"
    assert not (tmp_path / "other" / "agreegate.db").exists()
    restore(tmp_path / "by-hand.db", folder.path, replace=True)
