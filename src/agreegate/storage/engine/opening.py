"""Opens the store of an installation: the only place that chooses an engine."""

from pathlib import Path

from agreegate.storage.engine.folder import DATABASE
from agreegate.storage.engine.sqlite import SqliteStore
from agreegate.storage.engine.unit_of_work import Clock, Store, machine_clock

POSTGRESQL = ("postgresql://", "postgres://")
"""How the URL of a PostgreSQL database begins."""


def open_store(location: str | Path, clock: Clock = machine_clock) -> Store:
    """The store on an existing database of this version's schema.

    Args:
        location: a data folder, or the URL of a PostgreSQL database.

    Raises:
        Rejected: the database of the folder is missing, damaged, not Agreegate's or at another schema. A store on
            PostgreSQL connects later: there, the first unit of work raises it.
    """
    if str(location).startswith(POSTGRESQL):
        from agreegate.storage.engine.postgresql import PostgresStore  # noqa: PLC0415 - SQLite does not load the driver

        return PostgresStore(str(location), clock)
    return SqliteStore(Path(location) / DATABASE, clock)
