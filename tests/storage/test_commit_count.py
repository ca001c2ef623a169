"""A lost or damaged journal is noticed, and nothing else is taken for one."""

import asyncio
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from agreegate.domain.error import Rejected
from agreegate.storage.engine.backup import back_up, restore
from agreegate.storage.engine.commit_count import CommitFile
from agreegate.storage.engine.folder import DataFolder
from agreegate.storage.engine.new_record import new_record
from agreegate.storage.engine.sqlite import SqliteStore, connect
from agreegate.storage.engine.unit_of_work import UnitOfWork
from tests.rejection import rejected
from tests.vfs import watched

pytestmark = pytest.mark.fault("C4")

Damage = Callable[[DataFolder], object]


def made(path: Path) -> DataFolder:
    """A folder with an empty record."""
    folder = DataFolder(path)
    with new_record(folder):
        pass
    return folder


def put(number: int) -> Callable[[UnitOfWork], Awaitable[int]]:
    async def work(uow: UnitOfWork) -> int:
        return await uow.execute(
            "insert into demo_clock values (1, $1) on conflict do update set offset_us = $1", number
        )

    return work


def write(store: SqliteStore, *numbers: int) -> None:
    """Commits, one after the other."""

    async def each() -> None:
        for number in numbers:
            await store.write(put(number))

    asyncio.run(each())


def killed(folder: DataFolder, to: Path) -> DataFolder:
    """A copy of the folder as it is, while it is open: what `kill -9` leaves."""
    shutil.copytree(folder.path, to)
    return DataFolder(to)


def number_in(folder: DataFolder) -> int:
    """What was written last."""
    with closing(SqliteStore(folder.database)) as store:
        [(number,)] = asyncio.run(store.fetch_all("select offset_us from demo_clock"))
    return int(number)


def beside(folder: DataFolder, ending: str) -> Path:
    return folder.path / f"{folder.database.name}{ending}"


@pytest.fixture
def ended(tmp_path: Path) -> DataFolder:
    """A folder whose server was killed after its twelfth commit; none of them is in the database itself yet."""
    folder = made(tmp_path / "running")
    with closing(SqliteStore(folder.database)) as store:
        write(store, *range(12))
        return killed(folder, tmp_path / "killed")


def flipped(file: Path, place: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(place, 2 if place < 0 else 0)
        byte = opened.read(1)
        opened.seek(-1, 1)
        opened.write(bytes([byte[0] ^ 1]))


def cut(file: Path, size: int) -> None:
    with file.open("r+b") as opened:
        opened.truncate(size)


LOST: dict[str, Damage] = {
    "gone": lambda folder: beside(folder, "-wal").unlink(),
    "gone with its index": lambda folder: [beside(folder, ending).unlink() for ending in ("-wal", "-shm")],
    "empty": lambda folder: cut(beside(folder, "-wal"), 0),
    "cut in half": lambda folder: cut(beside(folder, "-wal"), beside(folder, "-wal").stat().st_size // 2),
    "its last page gone": lambda folder: cut(beside(folder, "-wal"), beside(folder, "-wal").stat().st_size - 4096),
    "a bit of its head": lambda folder: flipped(beside(folder, "-wal"), 17),
    "a bit of its first page": lambda folder: flipped(beside(folder, "-wal"), 200),
    "its last bit": lambda folder: flipped(beside(folder, "-wal"), -1),
    "zeros": lambda folder: beside(folder, "-wal").write_bytes(bytes(50_000)),
}


@pytest.mark.parametrize("damage", LOST)
def test_a_lost_or_damaged_journal_is_reported_and_nothing_is_changed(ended: DataFolder, damage: str) -> None:
    LOST[damage](ended)
    beside(ended, "-shm").unlink(missing_ok=True)  # it is made again from the journal
    before = ended.database.read_bytes()
    for _ in range(2):
        with rejected("data.behind") as rejection:
            SqliteStore(ended.database)
        assert rejection.value.parameters["expected"] == 12
        assert int(rejection.value.parameters["found"]) < 12
        assert ended.database.read_bytes() == before


def test_who_accepts_the_loss_deletes_the_file_and_goes_on(ended: DataFolder) -> None:
    LOST["gone"](ended)
    with pytest.raises(Rejected) as rejection:
        SqliteStore(ended.database)
    Path(str(rejection.value.parameters["file"])).unlink()
    with closing(SqliteStore(ended.database)) as store:
        write(store, 5)
    assert number_in(ended) == 5


def by_hand(folder: DataFolder) -> None:
    """Another program opens the database, and closes it: then the journal is in the database, and gone."""
    with closing(apsw.Connection(str(folder.database))) as other:
        assert other.execute("select count(*) from sqlite_schema").get
    assert not beside(folder, "-wal").exists()


def another_file(folder: DataFolder, content: bytes) -> None:
    beside(folder, "-commits").write_bytes(content)


HARMLESS: dict[str, Damage] = {
    "nothing": lambda _: None,
    "index gone": lambda folder: beside(folder, "-shm").unlink(),
    "closed by another program": by_hand,
    "vacuumed by another program": lambda folder: apsw.Connection(str(folder.database)).execute("vacuum").close(),
    "file gone": lambda folder: beside(folder, "-commits").unlink(),
    "file empty": lambda folder: another_file(folder, b""),
    "file of zeros": lambda folder: another_file(folder, bytes(30)),
    "file cut": lambda folder: another_file(folder, b"00000000000000000099"),
    "file with another number": lambda folder: another_file(folder, b"00000000000000000099 00000000\n"),
    "file behind": lambda folder: CommitFile(folder.database).write(3),
    "file a folder": lambda folder: (beside(folder, "-commits").unlink(), beside(folder, "-commits").mkdir()),
}


@pytest.mark.parametrize("state", HARMLESS)
def test_a_record_that_lost_nothing_opens(ended: DataFolder, state: str) -> None:
    HARMLESS[state](ended)
    assert number_in(ended) == 11
    assert number_in(ended) == 11


def test_a_journal_lost_after_a_checkpoint_took_nothing_along(tmp_path: Path) -> None:
    folder = made(tmp_path / "running")
    with closing(SqliteStore(folder.database)) as store:
        write(store, *range(12))
        with closing(connect(folder.database)) as other:
            other.pragma("wal_checkpoint", "truncate")
        copy = killed(folder, tmp_path / "killed")
    LOST["gone with its index"](copy)
    assert number_in(copy) == 11


def test_an_older_database_put_in_its_place_is_reported(ended: DataFolder, tmp_path: Path) -> None:
    by_hand(ended)
    older = made(tmp_path / "older")
    shutil.copy(older.database, ended.database)
    with rejected("data.behind"):
        SqliteStore(ended.database)


def test_a_backup_put_back_counts_from_its_own_number(ended: DataFolder, tmp_path: Path) -> None:
    with closing(SqliteStore(ended.database)) as store:
        back_up(ended.database, tmp_path / "backup.db")
        write(store, *range(20, 30))
    restore(tmp_path / "backup.db", ended.path, replace=True)
    assert CommitFile(ended.database).read() == 12
    assert number_in(ended) == 11


def test_a_backup_takes_the_place_of_a_record_that_lost_its_journal(ended: DataFolder, tmp_path: Path) -> None:
    with closing(SqliteStore(ended.database)) as store:
        back_up(ended.database, tmp_path / "backup.db")
        write(store, *range(20, 30))
        lost = killed(ended, tmp_path / "lost")
    LOST["gone"](lost)
    with rejected("data.behind"):
        back_up(lost.database, tmp_path / "another.db")
    restore(tmp_path / "backup.db", lost.path, replace=True)
    assert number_in(lost) == 11


def test_a_database_that_is_gone_is_not_replaced_by_an_empty_one(ended: DataFolder, tmp_path: Path) -> None:
    with closing(SqliteStore(ended.database)):
        back_up(ended.database, tmp_path / "backup.db")
    ended.database.unlink()
    with rejected("data.gone"), new_record(ended):
        pass
    restore(tmp_path / "backup.db", ended.path)
    assert number_in(ended) == 11


def test_work_that_changes_nothing_is_no_commit(tmp_path: Path) -> None:
    folder = made(tmp_path)

    async def refused(uow: UnitOfWork) -> None:
        await put(9)(uow)
        raise Rejected("request.not-found")

    async def reads(uow: UnitOfWork) -> None:
        await uow.fetch_all("select * from partner")

    with closing(SqliteStore(folder.database)) as store:
        write(store, 1)
        with rejected("request.not-found"):
            asyncio.run(store.write(refused))
        size = beside(folder, "-wal").stat().st_size
        asyncio.run(store.write(reads))
        assert CommitFile(folder.database).read() == 1
        assert beside(folder, "-wal").stat().st_size == size


class Disk:
    """What is on the disk for certain: of SQLite's files what was synced last, of the small file its newest content."""

    def __init__(self, folder: DataFolder, path: Path) -> None:
        self._folder, self._path = folder, path
        shutil.copytree(folder.path, path / "now")
        self.cuts: list[DataFolder] = []

    def watch(self, step: str, file: str) -> bool:
        """What SQLite does."""
        kept = self._path / "now" / Path(file).name
        if file.startswith(str(self._folder.path)) and step == "synced":
            shutil.copy(file, kept)
        return False

    def profile(self, _: object, event: str, called: Any) -> None:
        """What Python does. The power is cut right after each writing of the small file."""
        if event == "c_return" and called.__name__ == "pwrite":
            cut_off = self._path / f"cut-{len(self.cuts)}"
            shutil.copytree(self._path / "now", cut_off)
            shutil.copy(beside(self._folder, "-commits"), cut_off)
            self.cuts.append(DataFolder(cut_off))


@pytest.fixture
def profiled() -> Iterator[Callable[[Callable[[object, str, Any], None]], None]]:
    """Sets the trace function of threads begun from then on."""
    yield threading.setprofile
    threading.setprofile(None)  # type: ignore[arg-type]


def test_a_power_cut_leaves_the_file_behind_the_record_or_level_with_it(
    tmp_path: Path, profiled: Callable[[Callable[[object, str, Any], None]], None]
) -> None:
    folder = made(tmp_path / "running")
    disk = Disk(folder, tmp_path / "disk")
    profiled(disk.profile)
    with watched(disk.watch), closing(SqliteStore(folder.database)) as store:
        for number in range(12):
            write(store, number)
            if number % 4 == 3:  # the journal is put into the database, and begun again by the next commit
                with closing(connect(folder.database)) as other:
                    other.pragma("wal_checkpoint", "restart")
    assert len(disk.cuts) == 12
    for number, left in enumerate(disk.cuts):
        assert CommitFile(left.database).read() == number + 1
        assert number_in(left) == number
