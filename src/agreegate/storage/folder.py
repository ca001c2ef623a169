"""The folder that a server keeps its record in."""

import errno
import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path

from agreegate.storage.schema import SchemaError

DATABASE = "agreegate.db"
LOCK = "agreegate.lock"
FORM_KEY = "form-key"
TEXTS = "texts"


class DataFolder:
    """A folder of ours: owner-only, and served by one process at a time (D4)."""

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

        Raises:
            SchemaError: another server has it.
        """
        ours = {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", LOCK, FORM_KEY, TEXTS}
        if self.database.exists() or ours.issuperset(entry.name for entry in self.path.iterdir()):
            self.path.chmod(0o700)  # but never a folder that is somebody else's: our files in it are owner-only anyway
        lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise SchemaError("data.in-use", folder=str(self.path)) from None
        self._lock = lock

    def secret(self) -> str:
        """A random text that is this folder's for good, readable by its owner alone."""
        path = self.path / FORM_KEY
        with suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
        return path.read_text(encoding="ascii")

    def release(self) -> None:
        """Let another process have the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
