"""What Python code syncs to disk, for tests of files that must survive a loss of power."""

import os
import stat
from pathlib import Path

import pytest

SAFE = [("content", False), ("folder", True)]
"""How a new file is made: its content is on disk before it gets its name, and its name before anybody relies on it."""


def noted_syncs(monkeypatch: pytest.MonkeyPatch, file: Path) -> list[tuple[str, bool]]:
    """Note from now on what is synced, and whether the file has its name by then."""
    found: list[tuple[str, bool]] = []
    sync = os.fsync

    def note(handle: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "content"
        found.append((kind, file.exists()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    return found
