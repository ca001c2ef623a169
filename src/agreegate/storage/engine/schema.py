"""The schema: numbered migrations, forward only, and which one a database is at."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import apsw

from agreegate.domain.customers.customer import search_key
from agreegate.domain.customers.customer_search import index_words, spaced_words
from agreegate.domain.error import Rejected

APPLICATION_ID = 0x41475247
"""`AGRG` in the file's header: it tells our databases from anybody else's."""
UNFINISHED_COPY = "unfinished_copy"
"""The table that a target of `agreegate db copy` has until the copy is whole."""

FUNCTIONS: Mapping[str, Callable[..., str]] = {
    "search_key": search_key,
    "spaced_words": spaced_words,
    "index_words": lambda name: json.dumps(sorted(index_words(name))),
}
"""Functions that migrations call. Nothing that stays in the database does."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step forward."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the statements, in hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@cache
def migrations(engine: str = "sqlite") -> tuple[Migration, ...]:
    """Every migration of an engine that this version knows, in order.

    Args:
        engine: the name of a folder in `storage/migrations`.
    """
    folder = files("agreegate.storage") / "migrations" / engine
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return tuple(Migration(int(f.name[:4]), f.name[5:-4], f.read_text(encoding="utf-8")) for f in found)


def latest() -> int:
    """The number of the newest migration."""
    return migrations()[-1].number


def current(connection: apsw.Connection) -> int:
    """The migration the database is at; 0 for an empty one.

    Raises:
        Rejected: the file is a database of something else.
    """
    number = int(connection.pragma("user_version"))
    if number == 0 and connection.execute("select count(*) from sqlite_schema").get == 0:
        return 0
    if connection.pragma("application_id") != APPLICATION_ID:
        raise Rejected("schema.foreign")
    return number


def require_latest(connection: apsw.Connection) -> None:
    """Refuse a database at another schema than this version's.

    Raises:
        Rejected: it is older (upgrade it) or newer (use the version that wrote it).
    """
    number = current(connection)
    if number < latest():
        raise Rejected("schema.older", found=number, expected=latest())
    if number > latest():
        raise Rejected("schema.newer", found=number, expected=latest())


def require_finished(connection: apsw.Connection) -> None:
    """Refuse a database that is a copy which is not finished.

    Raises:
        `schema.unfinished-copy`.
    """
    if connection.execute("select count(*) from sqlite_schema where name = ?", (UNFINISHED_COPY,)).get:
        raise Rejected("schema.unfinished-copy")


def upgrade(connection: apsw.Connection) -> int:
    """Bring the database to the latest schema, all steps or none; how many steps were taken.

    Raises:
        Rejected: the database is newer than this version, or not ours.
    """
    number = current(connection)
    if number > latest():
        raise Rejected("schema.newer", found=number, expected=latest())
    steps = [migration for migration in migrations() if migration.number > number]
    if steps:
        for name, function in FUNCTIONS.items():
            connection.create_scalar_function(name, function, 1, deterministic=True)
        with connection:
            for migration in steps:
                connection.execute(migration.sql)
            connection.pragma("user_version", latest())
            connection.pragma("application_id", APPLICATION_ID)
    return len(steps)
