"""Ends a command at its n-th step on disk, again and again: run as a process of its own, which forks for every end.

The steps are counted from outside: those that Python takes by its profiler, those that SQLite takes by a file system of
apsw's that stands in front of the real one. A write that is the n-th step is done by half.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from agreegate import api, cli, dashboard, demo, production  # noqa: F401 - loaded once, before the forks
from agreegate.cli.words import Words
from agreegate.demo.demo import open_demo
from agreegate.production import open_server
from agreegate.programme import load
from agreegate.settings import checked
from agreegate.storage.engine.folder import DataFolder
from tests.faults.record import check_file
from tests.vfs import watched

URL = "https://gate.example"
SETTINGS = {"public-url": URL, "token-issuer": ["https://login.example/v2.0"]}
CAST = files("agreegate.demo") / "cast.toml"
CALLS = frozenset(
    {"open", "write", "fsync", "link", "rename", "replace", "unlink", "remove", "mkdir", "close", "chmod"}
)
"""Functions of the system and methods of files that take a step on disk."""


class Steps:
    """Counts steps, and ends the process at one of them."""

    def __init__(self, last: int) -> None:
        self._last = last
        self.taken = 0

    def take(self, step: str, _: str = "") -> bool:
        """One more. A write is ended when half of it is done, every other step before it is."""
        if step == "half":
            end()
        self.taken += step != "synced"
        if self.taken == self._last and step != "write":
            end()
        return self.taken == self._last

    def profile(self, _: object, event: str, called: Any) -> None:
        """What `sys.setprofile` calls."""
        if event == "c_call" and called.__name__ in CALLS and _of_the_system(called):
            self.take("call")


def _of_the_system(called: Any) -> bool:
    return called.__module__ in ("posix", "io") or type(called.__self__).__module__ == "_io"


def end() -> NoReturn:
    """As `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def start_demo(folder: Path) -> None:
    """What `agreegate demo --data` does before it listens, and its end."""
    asyncio.run(open_demo(DataFolder(folder), load(), URL, None, programme_named=False)).close()


def serve(folder: Path) -> None:
    """What `agreegate serve --data` does before it listens, and its end."""
    asyncio.run(open_server(checked(SETTINGS | {"data": folder}))).close()


def agreegate(*arguments: object) -> None:
    """A command. It has to succeed."""
    status = cli.run([str(argument) for argument in arguments], Words("en"))
    if status:
        raise AssertionError(f"exit status {status}")


def apply_directory(folder: Path) -> None:
    """`agreegate directory apply` on a folder that may be new."""
    agreegate("directory", "apply", CAST, "--data", folder)


def upgrade(folder: Path) -> None:
    """`agreegate db upgrade` on a folder that may be new."""
    agreegate("db", "upgrade", "--data", folder)


def restore(folder: Path) -> None:
    """`agreegate db restore` into a folder that may be new."""
    agreegate("db", "restore", folder.parent / "backup.db", "--data", folder, "--force")


def show_directory(folder: Path) -> None:
    """`agreegate directory show`, which reads the record."""
    agreegate("directory", "show", "--data", folder)


COMMANDS: dict[str, tuple[Callable[[Path], None], ...]] = {
    "demo": (start_demo, start_demo),
    "serve": (serve, serve),
    "directory apply": (apply_directory, apply_directory, show_directory),
    "db upgrade": (upgrade, upgrade, show_directory),
    "db restore": (restore, restore, show_directory),
}
"""What is ended, and what must succeed in the folder that it leaves."""


def main(root: Path, points: int, names: Sequence[str]) -> None:
    """End commands at `points` of their steps, evenly spread; print how many ended and what did not start afterwards."""
    in_a_fork(lambda: (apply_directory(root / "original"), _back_up(root)))
    results = [_ended(root, points, name) for name in names]
    print(json.dumps(results))


def _back_up(root: Path) -> None:
    agreegate("db", "backup", root / "backup.db", "--data", root / "original")


def _ended(root: Path, points: int, name: str) -> dict[str, object]:
    first, *following = COMMANDS[name]
    counted, whole = root / "steps", root / "whole"
    in_a_fork(lambda: counted.write_text(str(_steps_of(first, whole))))
    shutil.rmtree(whole)
    steps = int(counted.read_text())
    tried, ended, wrong = min(points, steps), 0, []
    for number in range(tried):
        last, folder = 1 + (2 * number + 1) * steps // (2 * tried), root / "ended"
        ended += in_a_fork(lambda: _steps_of(first, folder, last)) == -signal.SIGKILL  # noqa: B023 - it is done now
        if in_a_fork(lambda: _check_start(following, folder)):  # noqa: B023
            wrong.append(last)
        shutil.rmtree(folder, ignore_errors=True)
    return {"command": name, "steps": steps, "tried": tried, "ended": ended, "wrong": wrong}


def _steps_of(command: Callable[[Path], None], folder: Path, last: int = 0) -> int:
    steps = Steps(last)
    with watched(steps.take):
        sys.setprofile(steps.profile)
        command(folder)
        sys.setprofile(None)
    return steps.taken


def _check_start(commands: Sequence[Callable[[Path], None]], folder: Path) -> None:
    for command in commands:
        command(folder)
    left = sorted(entry.name for entry in folder.iterdir())
    assert [name for name in left if name.startswith(".")] == [], left
    check_file(DataFolder(folder).database)


def in_a_fork(work: Callable[[], object]) -> int:
    """Do something in a process of its own: 0, 1 when it raised, or minus the signal that ended it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        os.dup2(2, 1)
        work()
        status = 0
    except BaseException:  # noqa: BLE001 - the process ends with it
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
