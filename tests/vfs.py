"""A file system for SQLite that tests can watch: it stands in front of the real one and is asked before each step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apsw

REAL = "unix"
"""SQLite's own file system."""
Watch = Callable[[str, str], bool]
"""Receives each step (`open`, `write`, `sync`, `truncate`, `delete`, then `synced`) and its file. Whether to do it by half."""


class WatchedVFS(apsw.VFS):
    """Every connection that is opened while it is there goes through it."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        super().__init__("watched", REAL, makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "WatchedFile":  # noqa: N802
        """Open a file."""
        self._watch("open", _plain(name))
        return WatchedFile(self._watch, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        """Delete a file."""
        self._watch("delete", filename)
        super().xDelete(filename, syncdir)


class WatchedFile(apsw.VFSFile):
    """A file of such a connection."""

    def __init__(self, watch: Watch, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._watch = watch
        self._name = _plain(name)
        super().__init__(REAL, name, flags)

    def xLock(self, level: int) -> None:  # noqa: N802
        """Lock the file."""
        try:
            super().xLock(level)
        except apsw.IOError:  # of a file opened to read alone: SQLite tries, and goes on, where apsw would raise
            raise apsw.BusyError from None

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        """Write to it."""
        by_half = self._watch("write", self._name)
        super().xWrite(data[: len(data) // 2] if by_half else data, offset)
        if by_half:
            self._watch("half", self._name)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        """Cut it."""
        self._watch("truncate", self._name)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        """Wait until it is on disk."""
        self._watch("sync", self._name)
        super().xSync(flags)
        self._watch("synced", self._name)


def _plain(name: str | apsw.URIFilename | None) -> str:
    return name.filename() if isinstance(name, apsw.URIFilename) else name or ""


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Watch the connections that are opened within."""
    vfs = WatchedVFS(watch)
    try:
        yield
    finally:
        vfs.unregister()
