"""Commits whose outcome the server must be asked for, because the connection was lost on the way (decision 0005).

A unit of work inserts its id into `kept_unit` with the commit. A lookup inserts the same id: it waits for a commit under way,
finds the row of a commit that was kept, and otherwise leaves a row that makes a late commit fail.
"""

from typing import Any

import asyncpg

from agreegate.domain.error import StoreUnavailable
from agreegate.storage.engine.connections import Connection

_COMMIT = "set local statement_timeout = 0; commit"
"""A commit that waits for a standby is never given up by us: it would be kept here alone."""
_COMMIT_UNIT = """
    insert into kept_unit (unit_id, outcome) select '{}', 'kept' where pg_current_xact_id_if_assigned() is not null;
    set local statement_timeout = 0; commit"""
"""In one message. A unit that changed and locked nothing leaves no row."""
_NEVER = 10_000_000.0
"""Seconds until we stop waiting for a commit: the driver has no word for never."""
_LOOK_UP = """
    insert into kept_unit (unit_id, outcome) values ($1, 'given up')
    on conflict (unit_id) do update set outcome = kept_unit.outcome returning outcome"""
"""The row is written in any case, so that a standby has the unit's commit when it has this one."""


class UnknownOutcomeError(Exception):
    """The connection was lost while a unit of work committed."""


async def commit_unit(connection: Connection, unit_id: str) -> None:
    """Commit a unit of work, and wait until that is durable where the server was told to make it so.

    Raises:
        UnknownOutcomeError: the connection was lost; `was_kept` finds out on another one.
        StoreUnavailable: a standby that had to have it may not have it, or a statement failed before and nothing is kept.
    """
    try:
        await _commit(connection, _COMMIT_UNIT.format(unit_id))
    except asyncpg.InternalClientError as error:
        raise UnknownOutcomeError from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        # After a fatal message the server closes the connection, perhaps not yet.
        if connection.is_closed() or getattr(error, "severity_en", None) in ("FATAL", "PANIC"):
            raise UnknownOutcomeError from error
        raise


async def was_kept(connection: Connection, unit_id: str) -> bool:
    """Find out whether a unit of work was kept. If it was not, it never will be.

    Args:
        connection: a new one, to a primary, within a transaction.

    Raises:
        StoreUnavailable: as `commit_unit`.
    """
    outcome = await connection.fetchval(_LOOK_UP, unit_id)
    await _commit(connection, _COMMIT)
    return bool(outcome == "kept")


async def _commit(connection: Connection, sql: str) -> None:
    warnings: list[Any] = []

    def note(_: Connection, message: Any) -> None:
        if message.severity_en == "WARNING":
            warnings.append(message)

    connection.add_log_listener(note)
    try:
        status = await connection.execute(sql, timeout=_NEVER)
    finally:
        connection.remove_log_listener(note)
    if status != "COMMIT":
        raise StoreUnavailable("rolled back")
    if warnings:
        raise StoreUnavailable("not replicated")
