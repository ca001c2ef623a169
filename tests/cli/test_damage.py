"""A record that lost its journal, or is damaged, is called so by every command, in one sentence that says what to do."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agreegate.demo.demo import cast as people
from agreegate.services.directory import apply_directory
from agreegate.storage.engine.folder import DataFolder
from agreegate.storage.engine.new_record import new_record
from agreegate.storage.engine.sqlite import SqliteStore
from tests import personas as cast
from tests.cli.conftest import Agreegate

pytestmark = pytest.mark.fault("C4")

EXAMPLE = Path(__file__).parents[2] / "docs" / "directory.example.toml"
OF = ["--partner", cast.ALDER, "--customer", cast.CEDAR]
COMMANDS: dict[str, list[object]] = {
    "directory apply": ["directory", "apply", EXAMPLE],
    "directory apply --dry-run": ["directory", "apply", EXAMPLE, "--dry-run"],
    "directory show": ["directory", "show"],
    "agreements publish": ["agreements", "publish", EXAMPLE.parent],
    "agreements simulate": ["agreements", "simulate", EXAMPLE.parent],
    "agreements list": ["agreements", "list"],
    "gate check": ["gate", "check", *OF, "--action", "new_purchase", "--channel", "api"],
    "standing": ["standing", *OF],
    "demo": ["demo", "--port", 0],
    "db upgrade": ["db", "upgrade"],
    "db check": ["db", "check"],
    "db backup": ["db", "backup", EXAMPLE.with_name("never-made.db")],
}
"""Every command that opens the record; `serve`: `tests/faults/test_record.py`."""


@pytest.fixture
def ended(tmp_path: Path) -> DataFolder:
    """A folder with the demo's cast, whose server was killed. All of it is in the journal."""
    running = DataFolder(tmp_path / "running")
    with new_record(running):
        pass
    with closing(SqliteStore(running.database)) as store:
        asyncio.run(store.write(lambda uow: apply_directory(uow, people())))
        shutil.copytree(running.path, tmp_path / "killed")
    return DataFolder(tmp_path / "killed")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_that_the_journal_is_lost(agreegate: Agreegate, ended: DataFolder, command: str) -> None:
    folder = ended.path
    (folder / "agreegate.db-wal").unlink()
    result = agreegate(*COMMANDS[command], "--data", folder)
    assert (result.status, result.out) == (1, "")
    assert result.err == (
        f"Error: The database in {folder} has lost commits: it has 0 of 1. Its journal agreegate.db-wal is missing or"
        " damaged, or an older copy took its place. Put the right files back, or run: agreegate db restore. To go on"
        f" without the lost records, delete {folder}/agreegate.db-commits.\n"
    )
    assert "a perdu des écritures" in agreegate(*COMMANDS[command], "--data", folder, language="fr").err


def test_an_upgrade_counts_again(agreegate: Agreegate, ended: DataFolder) -> None:
    (ended.path / "agreegate.db-commits").unlink()
    assert agreegate("db", "upgrade", "--data", ended.path).status == 0
    assert (ended.path / "agreegate.db-commits").read_bytes().startswith(b"%020d " % 1)


PAGE = 4096


def overwritten(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(PAGE)
        opened.write(b"\xa5" * (file.stat().st_size - PAGE))


def zeroed(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(PAGE)
        opened.write(bytes(file.stat().st_size - PAGE))


def cut(file: Path, size: int) -> None:
    with file.open("r+b") as opened:
        opened.truncate(size)


def rewritten(file: Path, place: int, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(place)
        opened.write(content)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "pages overwritten": overwritten,
    "pages of zeros": zeroed,
    "cut after the first page": lambda file: cut(file, PAGE),
    "cut within the first page": lambda file: cut(file, PAGE // 2),
    "cut in half": lambda file: cut(file, file.stat().st_size // 2),
    "its name overwritten": lambda file: rewritten(file, 0, b"\xa5" * 16),
    "its head overwritten": lambda file: rewritten(file, 0, b"\xa5" * 100),
    "its first page overwritten": lambda file: rewritten(file, 100, b"\xa5" * (PAGE - 100)),
    "another size of pages": lambda file: rewritten(file, 16, b"\x00\x03"),
    "empty": lambda file: cut(file, 0),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("command", ["directory show", "agreements list", "db upgrade", "db backup", "demo"])
def test_a_damaged_database_is_called_damaged(
    agreegate: Agreegate, ended: DataFolder, damage: str, command: str
) -> None:
    with closing(SqliteStore(ended.database)):
        pass
    assert not ended.database.with_name("agreegate.db-wal").exists(), "all of it is in the database"
    DAMAGES[damage](ended.database)
    before = ended.database.read_bytes()
    result = agreegate(*COMMANDS[command], "--data", ended.path)
    assert (result.status, result.out, result.err.count("\n")) in [(1, "", 1), (2, "", 1)], result.err
    assert "is damaged" in result.err or "has lost commits" in result.err
    assert "disk space" not in result.err
    assert "agreegate db restore" in result.err or "older backup" in result.err
    assert ended.database.read_bytes() == before
