"""Runs the measured server and the measuring process on a core each, and reads what a process has used."""

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
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = _CORES[0], _CORES[-1]
_TICKS = os.sysconf("SC_CLK_TCK")


class CannotMeasure(Exception):
    """The machine cannot measure; the text says what is missing and what to do."""


def say(words: str) -> None:
    """Print progress."""
    print(words, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server process."""

    pid: int
    url: str
    started_in: float
    """Seconds from the command to its line `ready`."""

    def cpu(self) -> float:
        """Return the processor seconds that its threads have used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> float:
        """Return its resident memory in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) / 1024


def command(*arguments: str) -> list[str]:
    """Return a command line of the product, as it is installed beside this interpreter."""
    return [str(Path(sys.executable).parent / "agreegate"), *arguments]


def free_port() -> int:
    """Return a port on which no process listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def served(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run a server on its core until the block ends. Its first line is `ready <url>`."""
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


def production(folder: Path, programme: str, token_issuer: str, database: str = "") -> AbstractContextManager[Server]:
    """Run a production server on the record in a folder, without a rate limit for costly requests.

    Args:
        database: the URL of a database of PostgreSQL that has the record, instead of the folder's.
    """
    port = free_port()
    place = ["--data", str(folder)]
    if database:
        key = folder / "form-key"
        key.write_text("made up, for the benchmark alone\n")
        key.chmod(0o600)
        place = ["--database", database, "--form-key-file", str(key), "--allow-unsafe-database"]
    return served(command(
        "serve", "--port", str(port), *place, "--public-url", f"http://127.0.0.1:{port}",
        "--programme", programme, "--token-issuer", token_issuer, "--costly-requests-per-minute", "0",
    ))  # fmt: skip


def on_load_core() -> None:
    """Move this process to the core of the load, away from the server."""
    os.sched_setaffinity(0, {LOAD_CORE})


@contextmanager
def on_server_core() -> Iterator[None]:
    """Move this process to the server's core until the block ends."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def need_wrk() -> None:
    """Install `wrk` with apt, unless it is there.

    Raises:
        CannotMeasure: `wrk` is missing and cannot be installed.
    """
    if shutil.which("wrk") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-qq", "-y", "wrk"], check=False)
    if shutil.which("wrk") is None:
        raise CannotMeasure("wrk is missing; on Debian and Ubuntu: apt-get install wrk")


def median_of(rounds: int, *sides: Callable[[], float]) -> list[float]:
    """Return the median of each side. The sides are measured in turn, so that a busy moment affects all of them."""
    found: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, values in zip(sides, found, strict=True):
            values.append(side())
    return [statistics.median(values) for values in found]
