"""Key files of a data folder: whole or not there, and never replaced by a guess."""

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from agreegate.demo.keys import load_or_create
from agreegate.storage.engine.folder import FORM_KEY, SIGNING_KEY, DataFolder
from agreegate.storage.engine.key_file import kept_key
from tests.rejection import rejected
from tests.syncs import SAFE, noted_syncs

pytestmark = pytest.mark.fault("C1")

READERS: dict[str, Callable[[Path], object]] = {
    FORM_KEY: lambda folder: DataFolder(folder).secret(),
    SIGNING_KEY: lambda folder: load_or_create(folder / SIGNING_KEY),
}
"""Every key file that a data folder can have, and what reads it."""


def as_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "one sign": lambda path: path.write_bytes(path.read_bytes()[:1]),
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "last signs gone": lambda path: path.write_bytes(path.read_bytes().rstrip()[:-5]),
    "zeros of a lost write": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "not text": lambda path: path.write_bytes(b"\xff\xfe" + secrets.token_bytes(100)),
    "UTF-16": lambda path: path.write_bytes(path.read_text().encode("utf-16")),
    "someone's notes": lambda path: path.write_bytes(b"the key is under the mat"),
    "blanks": lambda path: path.write_bytes(b" " * 64),
    "a megabyte": lambda path: path.write_bytes(b"0" * 1024 * 1024),
    "a named pipe": as_fifo,
}


@pytest.mark.parametrize("name", READERS)
def test_a_key_is_on_disk_before_it_has_its_name(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = noted_syncs(monkeypatch, tmp_path / name)
    READERS[name](tmp_path)
    assert synced == SAFE


@pytest.mark.parametrize("name", READERS)
def test_a_key_is_made_once_for_its_owner_alone_and_stays(tmp_path: Path, name: str) -> None:
    READERS[name](tmp_path)
    made = (tmp_path / name).read_bytes()
    READERS[name](tmp_path)
    assert (tmp_path / name).read_bytes() == made
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", READERS)
def test_a_damaged_key_is_refused_and_left_as_it_is(tmp_path: Path, name: str, damage: str) -> None:
    READERS[name](tmp_path)
    DAMAGES[damage](tmp_path / name)
    before = (tmp_path / name).stat()
    with rejected("key-file.unusable") as refused:
        READERS[name](tmp_path)
    assert refused.value.parameters == {"path": str(tmp_path / name)}
    after = (tmp_path / name).stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)


def test_a_key_gets_its_name_when_all_of_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / FORM_KEY

    def faster() -> bytes:
        path.write_bytes(b"of a faster process")
        return b"of a slower process"

    assert kept_key(path, faster) == b"of a faster process"
    assert [entry.name for entry in tmp_path.iterdir()] == [FORM_KEY]

    def fails() -> bytes:
        raise MemoryError

    with pytest.raises(MemoryError):
        kept_key(tmp_path / "other", fails)
    assert [entry.name for entry in tmp_path.iterdir()] == [FORM_KEY]


def test_an_end_of_line_after_the_key_does_no_harm(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    made = folder.secret()
    (tmp_path / FORM_KEY).write_text(f"{made}\n")
    assert folder.secret() == made
