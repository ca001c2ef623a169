"""A PostgreSQL database as the place of a record."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg

from agreegate.domain.error import Rejected, StoreUnavailable
from agreegate.storage.agreements.text_store import DatabaseTextStore, TextStore
from agreegate.storage.engine.connections import CONNECT_SECONDS, STANDBY, UNREACHABLE, Connection
from agreegate.storage.engine.location import Serving
from agreegate.storage.engine.postgresql import APPLICATION, CONNECTIONS, PostgresStore
from agreegate.storage.engine.postgresql_rights import make_roles, require_safe
from agreegate.storage.engine.postgresql_schema import applied, of_postgresql, upgrade
from agreegate.storage.engine.unit_of_work import Clock, Store, machine_clock

_OTHERS = f"""
    select count(*) from pg_stat_activity
    where datname = current_database() and application_name = '{APPLICATION}' and pid <> pg_backend_pid()"""

_ROOM = """
    select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"""
_NUMBERED = """
    select quote_ident(table_name), quote_ident(column_name) from information_schema.columns
    where table_schema = current_schema() and is_identity = 'YES'"""
_AHEAD = """
    select setval(pg_get_serial_sequence('{table}', '{column}'), coalesce(max({column}), 0) + 1, false) from {table}"""
_TABLES = "select quote_ident(tablename) from pg_tables where schemaname = current_schema()"


class PostgresqlLocation:
    """A database that many processes on many machines may serve (decision 0005)."""

    many_workers = True
    folder = None
    refusals: tuple[type[Exception], ...] = (
        asyncpg.IntegrityConstraintViolationError,
        asyncpg.DataError,
        asyncpg.InsufficientPrivilegeError,
    )

    def __init__(self, url: str, *, pooler: bool = False) -> None:
        self.number = of_postgresql()[-1].number
        self._url = url
        self._pooler = pooler
        self.option = f"--database {self}"

    def __str__(self) -> str:
        """The URL without user, password and options."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    async def exists(self) -> bool:
        """Whether a migration was applied."""
        async with self._connection() as connection, connection.transaction():
            return await applied(connection) > 0

    async def upgrade(self) -> int:
        """Apply what is missing. The login of the URL must own the tables."""
        async with self._connection() as connection:
            try:
                steps = await upgrade(connection)
                await make_roles(connection)
            except asyncpg.InsufficientPrivilegeError:
                raise Rejected("schema.no-rights", database=str(self)) from None
            return steps

    @asynccontextmanager
    async def new_record(self, clock: Clock = machine_clock) -> AsyncIterator[Store]:
        """Make the tables, and give a store on them to the block."""
        await self.upgrade()
        store = self.open(clock)
        try:
            yield store
        finally:
            await store.finish()

    def open(self, clock: Clock = machine_clock, *, unfinished: bool = False) -> Store:
        """A store that connects when it is used."""
        return PostgresStore(self._url, clock, pooler=self._pooler, unfinished=unfinished)

    def texts(self, store: Store) -> TextStore:
        """The files in the database."""
        return DatabaseTextStore(store)

    def damage(self, store: Store) -> str:  # noqa: ARG002
        """Nothing: a server checks its own pages (`data_checksums`, `pg_amcheck`)."""
        return ""

    async def require_servable(self, serving: Serving) -> tuple[Rejected, ...]:
        """Look at the login, the server's settings, and its room for connections: a pooler has its own."""
        async with self._connection() as connection, connection.transaction():
            if not serving.pooler:
                needed, most = serving.workers * CONNECTIONS, int(await connection.fetchval(_ROOM))
                if needed > most:
                    raise Rejected("database.no-room", workers=serving.workers, needed=needed, most=most)
            return await require_safe(
                connection, allow_unsafe=serving.allow_unsafe, require_synchronous=serving.require_synchronous
            )

    async def complete_copy(self) -> None:
        """Set the sequences, and collect the statistics without which the first statements would be planned badly."""
        async with self._connection() as connection:
            for table, column in await connection.fetch(_NUMBERED):
                await connection.execute(_AHEAD.format(table=table, column=column))
            for (table,) in await connection.fetch(_TABLES):
                await connection.execute(f"analyze {table}")

    def claim(self) -> None:
        """Nothing: many processes serve one database."""

    def release(self) -> None:
        """Nothing to let go of."""

    @asynccontextmanager
    async def without_servers(self) -> AsyncIterator[None]:
        """Refuse while another process of ours is connected. One that starts during the block is not noticed."""
        async with self._connection() as connection, connection.transaction():
            if await connection.fetchval(_OTHERS):
                raise Rejected("data.in-use", folder=str(self))
        yield

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        """A connection that keeps no statement prepared: its statements run in transactions, also behind a pooler."""
        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=CONNECT_SECONDS,
                statement_cache_size=0,
                target_session_attrs="any" if self._pooler else "primary",
            )
        except asyncpg.TargetServerAttributeNotMatched:
            raise StoreUnavailable(STANDBY) from None
        except UNREACHABLE as error:
            raise StoreUnavailable(type(error).__name__) from error
        try:
            yield connection
        finally:
            await connection.close(timeout=CONNECT_SECONDS)
