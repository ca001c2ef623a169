"""What is measured and what measures, each on a core of its own; and what a process has used."""

import os
import selectors
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = _CORES[0], _CORES[-1]
_TICKS = os.sysconf("SC_CLK_TCK")


class CannotMeasure(Exception):
    """Something is missing on this machine; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server process."""

    pid: int
    url: str
    started_in: float
    """Seconds from the command to its word that it is ready."""

    def cpu(self) -> float:
        """Processor seconds used so far, by all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> float:
        """Resident memory in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) / 1024


def command(*arguments: str) -> list[str]:
    """The product's command line, as it is installed beside this interpreter."""
    return [str(Path(sys.executable).parent / "agreegate"), *arguments]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def served(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run a server on its core until the block ends. It says `ready <url>` in its first line."""
    began = time.perf_counter()
    process = subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | (environment or {}),
        preexec_fn=partial(os.sched_setaffinity, 0, {SERVER_CORE}),  # noqa: PLW1509
    )
    try:
        assert process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(process.stdout, selectors.EVENT_READ)
            if not waiting.select(timeout=60):
                raise CannotMeasure(f"not ready within a minute: {' '.join(arguments)}")
        word, _, url = process.stdout.readline().partition(" ")
        if word != "ready":
            raise CannotMeasure(f"did not start: {' '.join(arguments)}")
        yield Server(process.pid, url.strip(), time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def on_load_core() -> None:
    """From here on this process measures, away from the server."""
    os.sched_setaffinity(0, {LOAD_CORE})


@contextmanager
def on_server_core() -> Iterator[None]:
    """Let this process work on the server's core until the block ends."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def need_wrk() -> None:
    """Have `wrk`, from Debian where that is possible.

    Raises:
        CannotMeasure.
    """
    if shutil.which("wrk") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-qq", "-y", "wrk"], check=False)
    if shutil.which("wrk") is None:
        raise CannotMeasure("wrk is missing; on Debian and Ubuntu: apt-get install wrk")


def median_of(rounds: int, *sides: Callable[[], float]) -> list[float]:
    """The median of each side, measured in turn `rounds` times, so that a busy moment falls on all of them."""
    found: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, values in zip(sides, found, strict=True):
            values.append(side())
    return [statistics.median(values) for values in found]
