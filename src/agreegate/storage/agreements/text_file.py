"""The files of agreement texts, below the data folder: each is named by the SHA-256 of its bytes and never changes."""

import errno
import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from agreegate.domain.agreements.text import LARGEST, Digest, TextFile, media_type_of
from agreegate.domain.error import Rejected, StoreUnavailable
from agreegate.storage.agreements.text_content import check
from agreegate.storage.engine.durable import sync
from agreegate.storage.engine.unit_of_work import new_id

PIECE = 1024 * 1024
"""Bytes read or written at a time."""
_KEPT = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"\.[0-9a-f-]{36}")
"""Names of files below the folder: of complete files, and of files that are being written."""


class TextDamaged(StoreUnavailable):
    """A published file is missing, or its bytes have changed."""


def measured(source: BinaryIO, name: str) -> TextFile:
    """Return digest, kind and size of a file, read in pieces, after a check that it is of the kind that its name says.

    Raises:
        `text.name-without-kind`, `text.empty`, `text.too-large`, `text.not-pdf`, `text.not-docx`, `text.docx-active`,
            `text.docx-too-dense`, `text.not-markdown`.
    """
    media_type = media_type_of(name)
    hashed, size = hashlib.sha256(), 0
    source.seek(0)
    while piece := source.read(PIECE):
        size += len(piece)
        if size > LARGEST:
            raise Rejected("text.too-large", file=name, limit=LARGEST // 1024 // 1024)
        hashed.update(piece)
    if size == 0:
        raise Rejected("text.empty", file=name)
    check(source, name, media_type)
    return TextFile(Digest(hashed.hexdigest()), media_type, size)


def measured_in(
    folder: Path, names: Iterable[str], progress: Callable[[str], None] = lambda _: None
) -> dict[str, TextFile]:
    """Return digest, kind and size of files below a folder, by name.

    Args:
        progress: called with each name before its file is read.

    Raises:
        OSError: a file is missing, or leads out of the folder.
        `text.name-without-kind`, `text.empty`, `text.too-large`, `text.not-pdf`, `text.not-docx`, `text.docx-active`,
            `text.docx-too-dense`, `text.not-markdown`.
    """
    found = {}
    for name in names:
        progress(name)
        with file_in(folder, name) as source:
            found[name] = measured(source, name)
    return found


def file_in(folder: Path, name: str) -> BinaryIO:
    """Open a file below a folder.

    Raises:
        OSError: the file is missing, or leads out of the folder.
    """
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except RuntimeError:  # links that lead in a circle
        inside = False
    if not inside or (path.exists() and not path.is_file()):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return path.open("rb")


def is_digest(text: str) -> bool:
    """Whether a text has the form of a digest; only such a text may be part of a path."""
    return _KEPT.fullmatch(text) is not None


class TextFiles:
    """The folder of files, named by digest. Its files never change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, digest: Digest) -> Path:
        """Return the path of a file, present or not."""
        return self.folder / digest[:2] / digest

    def keep(self, source: BinaryIO, digest: Digest) -> None:
        """Copy a file into the folder, and return once it is on disk. A file that is there already stays.

        If the process is killed meanwhile, no file with a digest as its name remains.

        Raises:
            TextDamaged: the bytes do not have this digest.
            OSError: the file cannot be written.
        """
        path = self.path_of(digest)
        with self._writing():
            with suppress(TextDamaged), self.opened(digest) as there:
                os.utime(there.fileno())
                return
            _made(path.parent)
            part = path.with_name(f".{new_id()}")
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(handle, "wb") as kept:
                    hashed = hashlib.sha256()
                    source.seek(0)
                    while piece := source.read(PIECE):
                        hashed.update(piece)
                        kept.write(piece)
                    if hashed.hexdigest() != digest:  # the file has changed since it was measured
                        raise TextDamaged(digest)
                    kept.flush()
                    os.fsync(kept.fileno())
                part.replace(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            sync(path.parent)

    def retained(self, digest: Digest) -> BinaryIO:
        """Like `opened`, for a file that is not published yet; `remove_leftovers` spares it for another day.

        Raises:
            TextDamaged: the file is missing, or its bytes have changed.
        """
        with self._writing():
            file = self.opened(digest)
            os.utime(file.fileno())
        return file

    def remove_leftovers(self, published: Collection[Digest], before: float) -> int:
        """Remove unfinished files, and files that are older than an instant and not published.

        While a process writes to the folder, it removes nothing.

        Args:
            published: the digests of all published files.
            before: seconds since 1970.

        Returns:
            The number of removed files.

        Raises:
            OSError: the folder cannot be read or changed.
        """
        if not self.folder.is_dir():
            return 0
        removed = 0
        with suppress(BlockingIOError), self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB):
            for path in self.folder.glob("*/*"):
                given_up = _KEPT.fullmatch(path.name) and path.name not in published and path.stat().st_mtime < before
                if given_up or _PART.fullmatch(path.name):
                    path.unlink()
                    removed += 1
        return removed

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Keep `remove_leftovers` from removing files until the block ends."""
        _made(self.folder)
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        handle = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)

    def incoming(self) -> BinaryIO:
        """Make a file without a name on the same disk, for a file that is still to be checked. Closing it deletes it.

        Raises:
            OSError: the file cannot be made.
        """
        _made(self.folder)
        return cast("BinaryIO", TemporaryFile(dir=self.folder))

    def opened(self, digest: Digest) -> BinaryIO:
        """Open a file at its beginning, after a check of its digest.

        Raises:
            TextDamaged: the file is missing, or its bytes have changed.
        """
        hashed = hashlib.sha256()
        try:
            file = self.path_of(digest).open("rb")
        except OSError as error:
            raise TextDamaged(digest) from error
        try:
            while piece := file.read(PIECE):
                hashed.update(piece)
            if hashed.hexdigest() != digest:
                raise TextDamaged(digest)
            file.seek(0)
        except BaseException as error:
            file.close()
            if isinstance(error, OSError):
                raise TextDamaged(digest) from error
            raise
        return file


def _made(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
        sync(folder.parent)
