"""The rights of a server on PostgreSQL: roles without login that operators give to their logins, and refused databases.

What is append-only holds first by rights: the application may select and insert, and nothing else. Triggers come second.
"""

import asyncpg

from agreegate.domain.error import Rejected
from agreegate.storage.engine.connections import Connection

APPLICATION, READER = "agreegate_app", "agreegate_reader"
_MAKE_ROLE = """
    do $$ begin
        if not exists (select from pg_roles where rolname = '{role}') then
            begin
                create role {role} nologin;
            exception when duplicate_object or unique_violation then null;  -- made for another database meanwhile
            end;
        end if;
    end $$"""
_GRANT = f"""
    do $$
    declare
        kept record;
    begin
        execute format('grant usage on schema %I to {APPLICATION}, {READER}', current_schema());
        execute format('grant select on all tables in schema %I to {APPLICATION}, {READER}', current_schema());
        execute format('grant insert, update, delete on all tables in schema %I to {APPLICATION}', current_schema());
        for kept in select distinct t.tgrelid::regclass as append_only from pg_trigger t
            join pg_class c on c.oid = t.tgrelid and c.relnamespace = current_schema()::regnamespace
            where t.tgfoid = 'refuse_change'::regproc
        loop
            execute format('revoke update, delete on %s from {APPLICATION}', kept.append_only);
        end loop;
        revoke insert, update, delete on migration from {APPLICATION};
    end $$"""
_OWNER = """
    select (select rolsuper from pg_roles where rolname = current_user), exists (
        select from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
        and pg_has_role(c.relowner, 'usage'))"""
_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
"""Settings without which an acknowledged record can be lost."""
_SYNCHRONOUS = ("on", "remote_apply")
"""Values of `synchronous_commit` with which a commit waits until a standby has it on disk."""


async def make_roles(connection: Connection) -> None:
    """Make the roles of the application and of readers, and grant them the tables. A second time changes nothing.

    Args:
        connection: the owner's, after the upgrade.

    Raises:
        `database.no-roles`: the owner may not make roles, and they do not exist.
    """
    try:
        for role in (APPLICATION, READER):
            await connection.execute(_MAKE_ROLE.format(role=role))
    except asyncpg.InsufficientPrivilegeError:
        raise Rejected("database.no-roles", application=APPLICATION, reader=READER) from None
    await connection.execute(_GRANT)


async def require_safe(
    connection: Connection, *, allow_unsafe: bool = False, require_synchronous: bool = False
) -> tuple[Rejected, ...]:
    """Refuse a login that could change what is append-only, and a server that can lose what was acknowledged.

    Args:
        connection: the server's own, with its login.
        allow_unsafe: return what is unsafe, for a warning, instead of raising it.
        require_synchronous: also refuse a server whose commits wait for no standby, whatever is allowed.

    Raises:
        `database.superuser`, `database.owner`, `database.not-durable`, `database.no-standby`.
    """
    if require_synchronous and not await _waits_for_standby(connection):
        raise Rejected("database.no-standby")
    unsafe = []
    [(superuser, owner)] = await connection.fetch(_OWNER)
    if superuser:
        unsafe.append(Rejected("database.superuser"))
    elif owner:
        unsafe.append(Rejected("database.owner", role=APPLICATION))
    values = {name: await connection.fetchval("select current_setting($1)", name) for name in _DURABLE}
    unsafe += [Rejected("database.not-durable", setting=name) for name, value in values.items() if value == "off"]
    for error in () if allow_unsafe else unsafe:
        raise error
    return tuple(unsafe)


async def _waits_for_standby(connection: Connection) -> bool:
    """Whether commits wait for a standby; the names are settings that every login can read."""
    [(names, commit)] = await connection.fetch(
        "select current_setting('synchronous_standby_names'), current_setting('synchronous_commit')"
    )
    return bool(names) and commit in _SYNCHRONOUS
