"""What lets files and their names survive a loss of power."""

import os
from pathlib import Path
from secrets import token_hex


def draft_of(file: Path) -> Path:
    """A name beside a file, for what will take the file's name once it is complete."""
    return file.with_name(f".{file.name}.{token_hex(8)}")


def sync(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, are on disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put_in_place(draft: Path, file: Path) -> None:
    """Give a finished file its name. Another file of that name is replaced; at every instant one of the two is there."""
    sync(draft)
    draft.replace(file)
    sync(file.parent)
