"""Reads files that people name or edit: plain files of a bounded size, in UTF-8. A leaf.

A named pipe is refused, because reading it waits for a writer. The pipe that a shell makes for `<(command)` is read.
"""

import errno
import os
import re
import stat
import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

YEARS = range(1900, 9001)
"""Those of an instant in a file, as in every other door."""
DEEPEST = 32
"""Maximum parts of a dotted key or header. The parser takes time that grows with the square of their number."""
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+"""
# Looked for where a key may begin, not everywhere: else a text of quotes and backslashes takes as long as a deep key.
_DEEP = re.compile(rf"(?:^|[\[{{,])[ \t]*+{_PART}(?:\.[ \t]*+{_PART}){{{DEEPEST}}}", re.MULTILINE)


class FileRefused(Exception):
    """A file is not what it should be. `key` finds the sentence that says what to do; `detail` belongs into it."""

    def __init__(self, key: str, file: Path, detail: str = "") -> None:
        super().__init__(f"{file}: {key}")
        self.key = key
        self.detail = detail
        self.parameters: dict[str, str | int] = {"file": str(file), "detail": detail}


class NotToml(Exception):
    """A text is not TOML, on line `line`."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


def read_bytes(file: Path, most: int) -> bytes:
    """The content of a file of at most `most` bytes.

    Raises:
        FileRefused: it is a named pipe or a device, or larger.
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
        raise FileRefused("file.too-large", file, f"{most // 1024:,} KiB")
    return bytes(content)


def _require_plain(handle: int, file: Path) -> None:
    mode = os.fstat(handle).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    named_pipe = stat.S_ISFIFO(mode) and Path(os.path.realpath(file)).exists()
    if named_pipe or stat.S_ISBLK(mode):
        raise FileRefused("file.not-plain", file)


def read_text(file: Path, most: int) -> str:
    """The text of a file of at most `most` bytes, without a byte order mark.

    Raises:
        FileRefused: it is a named pipe or a device, larger, or not UTF-8.
        OSError: it does not exist, is a folder, or cannot be read.
    """
    try:
        text = read_bytes(file, most).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileRefused("file.not-utf8", file) from None
    if len(text) // 4 < text.count("\0") < len(text) * 0.9:  # UTF-16 or UTF-32 without its mark
        raise FileRefused("file.not-utf8", file)
    return text


def parse_toml(text: str) -> dict[str, Any]:
    """The table that a text of TOML describes.

    Raises:
        NotToml: the text is not TOML, is nested too deeply, or has a number with thousands of digits.
    """
    if deep := _DEEP.search(text):
        raise NotToml(text.count("\n", 0, deep.start()) + 1)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))  # or "at end of document"
        raise NotToml(int(found[1]) if found else len(text.splitlines())) from None
    except (RecursionError, ValueError):  # neither knows its line: what is too deep or too long is on the longest one
        lines = text.splitlines()
        raise NotToml(1 + max(range(len(lines)), key=lambda number: len(lines[number]))) from None


def utc_instant(value: object) -> datetime | None:
    """The instant that a date or date-time of TOML means; midnight for a date. None for anything else, or out of range."""
    if isinstance(value, datetime):
        try:
            instant = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        except OverflowError:  # before year 1, or after 9999
            return None
    elif isinstance(value, date):
        instant = datetime.combine(value, time(), UTC)
    else:
        return None
    return instant if instant.year in YEARS else None
