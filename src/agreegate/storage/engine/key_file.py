"""Key files of a data folder: made once, whole or not there, readable by their owner alone, and never replaced."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from agreegate.domain.error import Rejected
from agreegate.file_input import read_bytes
from agreegate.storage.engine.durable import draft_of, sync

LARGEST = 64 * 1024
"""Bytes of a key file."""


def kept_key(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of the key file at `path`, made there first when there is none.

    Of two processes that start together both get the same key. A process killed meanwhile leaves no part of a key under
    this name; a lost disk write cannot either, because the content is synced before it gets the name.

    Raises:
        `key-file.unusable`: the file is no plain one, or too large.
        OSError: the folder cannot be read or written.
    """
    if not path.exists():
        _make(path, make())
    try:
        return read_bytes(path, LARGEST)
    except Rejected:
        raise Rejected("key-file.unusable", path=str(path)) from None


def _make(path: Path, content: bytes) -> None:
    draft = draft_of(path)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        sync(draft)
        with suppress(FileExistsError):
            os.link(draft, path)  # unlike a rename, it never replaces the key of a process that was faster
    finally:
        draft.unlink()
    sync(path.parent)
