"""The files of agreement texts: below the data folder, each under the SHA-256 of its bytes, written once and for good."""

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
from agreegate.storage.engine.sqlite import new_id

PIECE = 1024 * 1024
"""Bytes read or written at a time."""
_KEPT = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"\.[0-9a-f-]{36}")
"""Names of files below the folder: whole ones, and those on their way in."""


class TextDamaged(StoreUnavailable):
    """A published file is gone, or its bytes are others than those published. Nothing is served instead."""


def measured(source: BinaryIO, name: str) -> TextFile:
    """What a file is: its digest, kind and size, read in pieces. It is what its name says.

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
    folder: Path, names: Iterable[str], told: Callable[[str], None] = lambda _: None
) -> dict[str, TextFile]:
    """What files below a folder are, by name.

    Args:
        told: called with each name before its file is read.

    Raises:
        OSError: one is not there, or leads out of the folder.
        `text.name-without-kind`, `text.empty`, `text.too-large`, `text.not-pdf`, `text.not-docx`, `text.docx-active`,
            `text.docx-too-dense`, `text.not-markdown`.
    """
    found = {}
    for name in names:
        told(name)
        with file_in(folder, name) as source:
            found[name] = measured(source, name)
    return found


def file_in(folder: Path, name: str) -> BinaryIO:
    """A file below a folder, open.

    Raises:
        OSError: it is not there, or leads out of the folder.
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
    """Whether it can be a digest. Only then may it be a part of a path."""
    return _KEPT.fullmatch(text) is not None


class TextFiles:
    """The folder of files, by digest. What is in it is never changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, digest: Digest) -> Path:
        """Where a file is, whether it is there or not."""
        return self.folder / digest[:2] / digest

    def keep(self, source: BinaryIO, digest: Digest) -> None:
        """Copy a file in, so that it is on disk when this returns. One that is there already is left as it is.

        A process killed meanwhile leaves nothing that could be taken for a text.

        Raises:
            TextDamaged: the bytes are not those of the digest.
            OSError: it cannot be written.
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
                    if hashed.hexdigest() != digest:  # it was changed since it was measured
                        raise TextDamaged(digest)
                    kept.flush()
                    os.fsync(kept.fileno())
                part.replace(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            sync(path.parent)

    def retained(self, digest: Digest) -> BinaryIO:
        """Like `opened`, a file that is not published yet: from now on it is kept for another day.

        Raises:
            TextDamaged: it is not there, or not what was kept.
        """
        with self._writing():
            file = self.opened(digest)
            os.utime(file.fileno())
        return file

    def remove_leftovers(self, published: Collection[Digest], before: float) -> int:
        """Remove what killed publications left, and files that were kept before an instant and are not published.

        While anybody writes to the folder, nothing is removed.

        Args:
            published: the digests of all published files.
            before: seconds since 1970.

        Returns:
            How many files were removed.

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
        """While this lasts, nothing in the folder is taken for a leftover."""
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
        """Room on the same disk for a file that is still to be looked at. It has no name, and is gone once closed.

        Raises:
            OSError: it cannot be made.
        """
        _made(self.folder)
        return cast("BinaryIO", TemporaryFile(dir=self.folder))

    def opened(self, digest: Digest) -> BinaryIO:
        """A kept file, open at its beginning, after all of it was compared with its digest.

        Raises:
            TextDamaged: it is not there, or not what was published.
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
