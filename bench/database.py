"""A PostgreSQL server for the benchmark, durable as delivered, on the core of the load; and records copied to it."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.machine import LOAD_CORE, CannotMeasure, command, say

FOLDER = Path(__file__).parent / "results" / "postgresql"
DEBIAN = Path("/usr/lib/postgresql")
PATIENCE_SECONDS = 30.0
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "1GB",
    "effective_cache_size": "4GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "logging_collector": "on",
    "log_destination": "jsonlog",
}
"""What an operator sets on a machine of this size. Everything that makes commits durable is as delivered."""


@dataclass(frozen=True, slots=True)
class Database:
    """A running PostgreSQL server."""

    folder: Path
    programs: Path

    def url(self, name: str) -> str:
        """Return the address of a database on the server."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def psql(self, name: str, sql: str) -> str:
        """Run SQL and return what it selects.

        Raises:
            CannotMeasure: the server refuses it.
        """
        done = subprocess.run(
            [self.programs / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.url(name), "-c", sql],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise CannotMeasure(done.stderr)
        return done.stdout.strip()


@contextmanager
def database() -> Iterator[Database]:
    """Run a PostgreSQL server on the core of the load until the block ends. Its files stay for next time.

    Raises:
        CannotMeasure: PostgreSQL is missing, or does not start.
    """
    found = sorted(DEBIAN.glob("*/bin/postgres"))
    if not found:
        raise CannotMeasure("PostgreSQL is missing; on Debian and Ubuntu: apt-get install postgresql-15")
    programs = found[0].parent
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        user = pwd.getpwnam("postgres")
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
    if not FOLDER.exists():
        FOLDER.mkdir(parents=True)
        if as_user:
            os.chown(FOLDER, user.pw_uid, user.pw_gid)
        subprocess.run(
            [*as_user, programs / "initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8",
             "--locale=C.UTF-8", "--pgdata", FOLDER / "data"],
            check=True, capture_output=True, cwd=FOLDER,
        )  # fmt: skip
    options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    with (FOLDER / "log").open("wb") as log:
        process = subprocess.Popen(
            [*as_user, programs / "postgres", "-D", FOLDER / "data", "-k", FOLDER, *options],
            stdout=log, stderr=log, cwd="/", preexec_fn=partial(os.sched_setaffinity, 0, {LOAD_CORE}),  # noqa: PLW1509
        )  # fmt: skip
    try:
        running = Database(FOLDER, programs)
        _wait_until_ready(running, process)
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def copied(running: Database, folder: Path, name: str) -> str:
    """Return the URL of a database with the record of a folder, copied unless it is there from last time.

    Raises:
        CannotMeasure: the copy failed.
    """
    url = running.url(name)
    if not running.psql("postgres", f"select 1 from pg_database where datname = '{name}'"):
        say(f"copying {folder} to PostgreSQL")
        running.psql("postgres", f"create database {name}")
        began = time.perf_counter()
        done = subprocess.run(command("db", "copy", str(folder), url), capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotMeasure(done.stdout + done.stderr)
        say(f"copied in {time.perf_counter() - began:.0f} s")
        running.psql(name, "vacuum analyze")
    subprocess.run(command("db", "upgrade", "--database", url), capture_output=True, check=True)
    return url


def _wait_until_ready(running: Database, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            running.psql("postgres", "select 1")
        except CannotMeasure:
            time.sleep(0.1)
        else:
            return
    raise CannotMeasure(f"PostgreSQL does not start; see {running.folder}")
