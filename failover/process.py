"""Processes of the cluster: started for PostgreSQL's user, ended by their own id."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

STOP_SECONDS = 30.0


class CannotRun(Exception):
    """The machine cannot run the cluster; the text says what is missing or did not happen."""


def as_database_user(*, bound: bool) -> list[str]:
    """Return the beginning of a command line that runs a program as a user PostgreSQL accepts: not as root.

    Args:
        bound: whether the program gets SIGTERM when this process is killed.
    """
    words = ["setpriv", *(("--pdeathsig", "TERM") if bound else ())]
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        words += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [*words, "--"]


def give_to_database_user(path: Path) -> Path:
    """Let the user that runs the database own a file or folder; return it."""
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


def start(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program that writes its output to a file. It has no terminal and a session of its own."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd="/",
            env={**os.environ, **(environment or {})},
        )  # fmt: skip


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a program that this process started: with SIGTERM, with SIGKILL after `STOP_SECONDS`."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def postmaster(data: Path) -> int | None:
    """Return the id of the PostgreSQL server that runs on a data folder, if one does."""
    with suppress(OSError, ValueError, IndexError):
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        if str(data).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    return None


def descendants(pid: int) -> list[int]:
    """Return a process and all its children, the process first."""
    found = [pid]
    for one in found:
        for file in Path(f"/proc/{one}/task").glob("*/children"):
            with suppress(OSError):
                found += map(int, file.read_text().split())
    return found


def kill(pids: Sequence[int]) -> None:
    """Kill processes, and wait until they are gone."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + STOP_SECONDS
    while any(_runs(pid) for pid in pids):
        if time.monotonic() > end:
            raise CannotRun("a killed process does not end")
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
