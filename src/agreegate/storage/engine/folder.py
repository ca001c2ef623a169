"""The folder that a server keeps its record in."""

import errno
import fcntl
import os
import re
import secrets
from pathlib import Path

from agreegate.domain.error import Rejected
from agreegate.file_input import read_bytes
from agreegate.storage.engine.key_file import LARGEST, kept_key

DATABASE = "agreegate.db"
LOCK = "agreegate.lock"
FORM_KEY = "form-key"
SIGNING_KEY = "signing-key.pem"
"""The demo's."""
TEXTS = "texts"
_OURS = frozenset(
    {DATABASE, *(f"{DATABASE}{ending}" for ending in ("-wal", "-shm", "-commits")), LOCK, FORM_KEY, SIGNING_KEY, TEXTS}
)
_DRAFTS = tuple(f".{name}." for name in (DATABASE, FORM_KEY, SIGNING_KEY))
"""How `draft_of` begins the names of files that will become one of ours."""
_SECRET = re.compile(rb"([0-9a-f]{64})\s*")


class DataFolder:
    """A folder of ours: owner-only, and served by one process at a time (decision 0004)."""

    def __init__(self, path: Path) -> None:
        if path.exists() and not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path
        self._lock: int | None = None

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / DATABASE

    @property
    def texts(self) -> Path:
        """Where the files of agreement texts are."""
        return self.path / TEXTS

    def claim(self) -> None:
        """Take the folder for this process until `release`.

        What a killed process left half done in it is removed.

        Raises:
            Rejected: another server has it.
        """
        if self.database.exists() or all(_is_ours(entry.name) for entry in self.path.iterdir()):
            self.path.chmod(0o700)  # but never a folder that is somebody else's: our files in it are owner-only anyway
        lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise Rejected("data.in-use", folder=str(self.path)) from None
        self._lock = lock
        for entry in self.path.iterdir():
            if _is_draft(entry.name):
                entry.unlink(missing_ok=True)

    def secret(self) -> str:
        """A random text that is this folder's for good, readable by its owner alone: 64 hexadecimal digits.

        Raises:
            `key-file.unusable`: the file that holds it is empty, cut off or something else.
            OSError: the folder cannot be read or written.
        """
        path = self.path / FORM_KEY
        found = _SECRET.fullmatch(kept_key(path, lambda: secrets.token_hex(32).encode()))
        if found is None:
            raise Rejected("key-file.unusable", path=str(path))
        return found.group(1).decode()

    def release(self) -> None:
        """Let another process have the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def key_files(folder: Path) -> dict[str, bytes]:
    """Return the key files that a folder has, by name.

    Raises:
        OSError, Rejected: one cannot be read, or is no plain file.
    """
    there = [name for name in (FORM_KEY, SIGNING_KEY) if (folder / name).exists()]
    return {name: read_bytes(folder / name, LARGEST) for name in there}


def _is_draft(name: str) -> bool:
    return name.startswith(_DRAFTS)


def _is_ours(name: str) -> bool:
    return name in _OURS or _is_draft(name)
