"""The schema on PostgreSQL: numbered migrations, forward only, each kept with its checksum in the table `migration`."""

from functools import partial

from agreegate.domain.error import Rejected
from agreegate.storage.engine.connections import Connection
from agreegate.storage.engine.schema import UNFINISHED_COPY, Migration, migrations

of_postgresql = partial(migrations, "postgresql")
"""Every migration that this version knows, in order."""

_LOCK = "select pg_advisory_xact_lock(4707282417)"
"""One upgrade at a time; the number is arbitrary."""
_TABLE = """
    create table if not exists migration (
        number bigint primary key,
        name text collate "C" not null,
        checksum text collate "C" not null,  -- SHA-256 of the statements that were run
        applied_at timestamptz not null default clock_timestamp()
    )"""


async def applied(connection: Connection) -> int:
    """The number of the newest migration that the database has; 0 for an empty one.

    Raises:
        `schema.foreign`: the database has tables, and they are not Agreegate's.
        `schema.changed`: a migration had other statements when it was applied.
    """
    [(known, others)] = await connection.fetch(
        "select to_regclass('migration') is not null, exists (select 1 from pg_tables where schemaname = current_schema())"
    )
    if not known:
        if others:
            raise Rejected("schema.foreign")
        return 0
    rows = await connection.fetch("select number, checksum from migration order by number")
    checksums = {migration.number: migration.checksum for migration in of_postgresql()}
    for number, checksum in rows:
        if checksums.get(number, checksum) != checksum:
            raise Rejected("schema.changed", number=number)
    return max((int(number) for number, _ in rows), default=0)


async def require_latest(connection: Connection, *, unfinished: bool = False) -> None:
    """Refuse a database at another schema than this version's, or a copy that is not finished.

    Args:
        unfinished: let such a copy pass.

    Raises:
        Rejected: see `applied`; or the schema is older (upgrade it) or newer (use the version that wrote it).
        `schema.unfinished-copy`.
    """
    found, expected = await applied(connection), of_postgresql()[-1].number
    if found < expected:
        raise Rejected("schema.older", found=found, expected=expected)
    if found > expected:
        raise Rejected("schema.newer", found=found, expected=expected)
    if not unfinished:
        await _require_finished(connection)


async def upgrade(connection: Connection) -> int:
    """Bring the database to the latest schema, all steps or none; return how many steps were taken.

    Raises:
        Rejected: see `applied`; or the schema is newer than this version's.
        `schema.unfinished-copy`.
    """
    async with connection.transaction():
        await connection.execute(_LOCK)
        found, expected = await applied(connection), of_postgresql()[-1].number
        if found > expected:
            raise Rejected("schema.newer", found=found, expected=expected)
        await _require_finished(connection)
        steps = [migration for migration in of_postgresql() if migration.number > found]
        await connection.execute(_TABLE)
        for step in steps:
            await _apply(connection, step)
    return len(steps)


async def _require_finished(connection: Connection) -> None:
    if await connection.fetchval(f"select to_regclass('{UNFINISHED_COPY}') is not null"):
        raise Rejected("schema.unfinished-copy")


async def _apply(connection: Connection, step: Migration) -> None:
    await connection.execute(step.sql)
    await connection.execute(
        "insert into migration (number, name, checksum) values ($1, $2, $3)", step.number, step.name, step.checksum
    )
