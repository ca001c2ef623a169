"""A real PostgreSQL server of the tests' own: started once a process, on a socket in a folder of its own, gone at the end.

It syncs nothing to disk, and each test gets a database copied from a template. Its own order of texts is not SQLite's, so that
a column without `collate "C"` is noticed.
"""

import asyncio
import atexit
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

from agreegate.storage.engine import postgresql_rights, postgresql_schema

DEBIAN = Path("/usr/lib/postgresql")
MISSING = "PostgreSQL is missing: install the package postgresql-15, or have initdb and postgres on the PATH"
MEMORY = Path("/dev/shm")
"""Where the server keeps its files, so that making and dropping a database for each test costs no disk."""
UNTIL_THE_TESTS_END = '"$@" & server=$!; read -r _; kill -QUIT $server; wait $server; rm -rf "$0"'
"""Runs the server until the input ends: also when the process of the tests was killed."""
START_SECONDS = 30.0
_PLACE = re.compile(r"\?(\d+)?")
_NAME = re.compile(r"(?<!:):([a-z]+)")
_numbers = count(1)


def programs() -> Path:
    """The folder with the server's programs, the oldest version first: what is asked for is 15 and later."""
    found = sorted(DEBIAN.glob("*/bin/postgres"), key=lambda path: float(path.parent.parent.name))
    on_path = shutil.which("postgres")
    if not found and on_path is None:
        raise AssertionError(MISSING)
    return found[0].parent if found else Path(str(on_path)).parent


class Server:
    """The server of this process."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="agreegate-pg-", dir=MEMORY if MEMORY.is_dir() else None))
        data = self.folder / "data"
        as_user: list[str] = []
        if os.getuid() == 0:  # the server refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
        bin_ = programs()
        subprocess.run(
            [*as_user, bin_ / "initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8",
             "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", "--pgdata", data],
            check=True, capture_output=True, cwd=self.folder,
        )  # fmt: skip
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(self.folder), "fsync": "off", "full_page_writes": "off",
            "synchronous_commit": "off", "max_connections": "200", "shared_buffers": "64MB", "autovacuum": "off",
            "max_wal_size": "256MB", "wal_level": "minimal", "max_wal_senders": "0", "deadlock_timeout": "50ms",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(
            [*as_user, "sh", "-c", UNTIL_THE_TESTS_END, self.folder, bin_ / "postgres", "-D", data, *options],
            stdin=subprocess.PIPE, stdout=self._log, stderr=self._log, cwd="/",
        )  # fmt: skip
        atexit.register(self.stop)
        self.admin = self._first_connection()

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def _first_connection(self) -> "Connection":
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                return Connection(self.url("postgres"))
            except (OSError, asyncpg.PostgresError):
                if self.process.poll() is not None or time.monotonic() > end:
                    raise AssertionError((self.folder / "log").read_text()) from None
                time.sleep(0.02)

    def stop(self) -> None:
        self.process.communicate()
        self._log.close()


@cache
def server() -> Server:
    """The server, started at the first call."""
    return Server()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """An event loop on a thread of its own, for tests that are not asynchronous."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="tests-postgresql", daemon=True).start()
    return loop


class Rows(list[tuple[Any, ...]]):
    """The rows of a statement, as apsw's cursor gives them."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        return self[0] if self else None

    @property
    def get(self) -> Any:
        """The one value of one row, one row, or every row."""
        if len(self) != 1:
            return list(self) or None
        return self[0][0] if len(self[0]) == 1 else self[0]


class Connection:
    """A connection that tests use as they use apsw's: statements with `?` or `:name`, each kept at once but in a `with` block."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opened = self._wait(asyncpg.connect(url))

    @property
    def _connection(self) -> Any:
        """Opened again where it was closed."""
        if self._opened.is_closed():
            self._opened = self._wait(asyncpg.connect(self.url))
        return self._opened

    def execute(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Rows:
        if isinstance(parameters, dict):
            names = list(dict.fromkeys(_NAME.findall(sql)))
            sql = _NAME.sub(lambda name: f"?{names.index(name.group(1)) + 1}", sql)
            parameters = [parameters[name] for name in names]
        numbers = count(1)
        numbered = _PLACE.sub(lambda place: f"${place.group(1) or next(numbers)}", sql)
        if not parameters and ";" in numbered.strip().rstrip(";"):
            self._wait(self._connection.execute(numbered))
            return Rows()
        return Rows(tuple(row) for row in self._wait(self._connection.fetch(numbered, *parameters)))

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            self.execute(sql, row)

    def pragma(self, name: str, value: Any = None) -> None:
        """Foreign keys, and triggers, on or off: for this connection, and all that are opened later."""
        assert name == "foreign_keys"
        role = "origin" if value else "replica"
        self.execute(f"set session_replication_role = {role}")
        self.execute(f"alter database {database_name(self.url)} set session_replication_role = {role}")

    def __enter__(self) -> "Connection":
        self.execute("begin")
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        self.execute("commit" if kind is None else "rollback")

    def close(self) -> None:
        if not self._opened.is_closed():
            self._wait(self._opened.close())

    def upgrade(self) -> int:
        steps: int = self._wait(postgresql_schema.upgrade(self._connection))
        self._wait(postgresql_rights.make_roles(self._connection))
        return steps

    def require_latest(self) -> None:
        self._wait(postgresql_schema.require_latest(self._connection))

    @staticmethod
    def _wait(work: Any) -> Any:
        async def done() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(done(), _loop()).result()


def new_database(template: str | None = None) -> str:
    """The URL of a database of its own: empty, or a copy of a template."""
    name = f"test_{next(_numbers)}"
    server().admin.execute(f"create database {name} template {template or 'template0'} strategy file_copy")
    return server().url(name)


@cache
def schema_template() -> str:
    """The name of a database with the schema and nothing else."""
    url = new_database()
    connection = Connection(url)
    connection.upgrade()
    connection.close()
    return database_name(url)


def database_name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def drop_databases(urls: Iterable[str]) -> None:
    for url in urls:
        server().admin.execute(f"drop database {database_name(url)} with (force)")
