"""Reads files that people name or edit: plain files of a bounded size, in UTF-8. A leaf.

A named pipe is refused, because reading it waits for a writer. The pipe that a shell makes for `<(command)` is read.
"""

import errno
import os
import stat
from pathlib import Path

from agreegate.domain.error import Rejected


def read_bytes(file: Path, most: int) -> bytes:
    """Return the content of a file of at most `most` bytes.

    Raises:
        Rejected: it is a named pipe or a device, or larger.
        OSError: it does not exist, is a folder, or cannot be read.
    """
    handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _require_plain(handle, file)
        os.set_blocking(handle, True)
        content = bytearray()
        while len(content) <= most and (piece := os.read(handle, min(most + 1 - len(content), 1024 * 1024))):
            content += piece
    finally:
        os.close(handle)
    if len(content) > most:
        raise Rejected("file.too-large", file=str(file), detail=f"{most // 1024:,} KiB")
    return bytes(content)


def _require_plain(handle: int, file: Path) -> None:
    mode = os.fstat(handle).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    named_pipe = stat.S_ISFIFO(mode) and Path(os.path.realpath(file)).exists()
    if named_pipe or stat.S_ISBLK(mode):
        raise Rejected("file.not-plain", file=str(file))


def read_text(file: Path, most: int) -> str:
    """Return the text of a file of at most `most` bytes, without a byte order mark.

    Raises:
        Rejected: it is a named pipe or a device, larger, or not UTF-8.
        OSError: it does not exist, is a folder, or cannot be read.
    """
    try:
        text = read_bytes(file, most).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Rejected("file.not-utf8", file=str(file)) from None
    if len(text) // 4 < text.count("\0") < len(text) * 0.9:  # UTF-16 or UTF-32 without its mark
        raise Rejected("file.not-utf8", file=str(file))
    return text
