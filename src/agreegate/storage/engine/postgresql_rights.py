"""The rights of a server on PostgreSQL: roles without login that operators give to their logins, and refused databases.

What is append-only holds first by rights: the application may select and insert, and nothing else. Triggers come second.
"""

import asyncpg

from agreegate.domain.error import Rejected
from agreegate.storage.engine.connections import Connection

APPLICATION, READER, PAGES = "agreegate_app", "agreegate_reader", "agreegate_pages"
_PARTNER = "agreegate.partner"
"""The setting that names the partner whose rows the role of pages sees."""
OPEN = ("partner", "partner_mail_domain", "person_progress")
"""Tables without row level security: in two, providers and resellers find each other; the third has a count of all partners."""
_MAKE_ROLE = """
    do $$ begin
        if not exists (select from pg_roles where rolname = '{role}') then
            begin
                create role {role} nologin noinherit;
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
_CONFINE = f"""
    do $$
    declare
        kept record;
        condition text;
    begin
        alter role {APPLICATION} noinherit;  -- it may become the role of pages, and is not confined as long as it does not
        grant {PAGES} to {APPLICATION};
        begin
            execute format('grant {PAGES} to %I', current_user);  -- for a server that runs with the owner's login
        exception when insufficient_privilege then null;
        end;
        execute format('grant usage on schema %I to {PAGES}', current_schema());
        execute format('grant select on all tables in schema %I to {PAGES}', current_schema());
        for kept in select c.oid::regclass as tabled,
                exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'partner_id') as has_partner
            from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
                and c.relname not in {OPEN} and not c.relrowsecurity
                and exists (select from pg_attribute a where a.attrelid = c.oid
                    and a.attname in ('partner_id', 'confirmation_number'))
        loop
            condition := case when kept.has_partner then 'partner_id = current_setting(''{_PARTNER}'')'
                else 'exists (select from confirmation c where c.number = confirmation_number)' end;
            execute format('create policy everything on %s using (true) with check (true)', kept.tabled);
            execute format('create policy one_partner on %s as restrictive to {PAGES} using (%s)', kept.tabled, condition);
            execute format('alter table %s enable row level security', kept.tabled);
        end loop;
    end $$"""
_OWNER = """
    select (select rolsuper from pg_roles where rolname = current_user), exists (
        select from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
        and pg_has_role(c.relowner, 'usage'))"""
_MAY_CONFINE = f"""
    select exists (select from pg_roles where rolname = '{PAGES}' and pg_has_role(oid, 'member'))"""
_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
"""Settings without which an acknowledged record can be lost."""
_SYNCHRONOUS = ("on", "remote_apply")
"""Values of `synchronous_commit` with which a commit waits until a standby has it on disk."""


async def make_roles(connection: Connection) -> None:
    """Make the roles of the application, of readers and of pages, and grant them the tables. A second time changes nothing.

    Args:
        connection: the owner's, after the upgrade.

    Raises:
        `database.no-roles`: the owner may not make roles, and they do not exist.
    """
    try:
        for role in (APPLICATION, READER, PAGES):
            await connection.execute(_MAKE_ROLE.format(role=role))
    except asyncpg.InsufficientPrivilegeError:
        raise Rejected("database.no-roles", application=APPLICATION, reader=READER) from None
    await connection.execute(_GRANT)
    await connection.execute(_CONFINE)


def confined_to(partner: str) -> str:
    """Return SQL that gives up all rights until the transaction ends, but to read the rows of a partner and shared ones."""
    quoted = partner.replace("'", "''")
    return f"set local {_PARTNER} = '{quoted}'; set local role {PAGES}"


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
        `database.no-page-role`: pages cannot be confined to their partner's rows, whatever is allowed.
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
    if not await connection.fetchval(_MAY_CONFINE):
        raise Rejected("database.no-page-role", role=PAGES)
    return tuple(unsafe)


async def _waits_for_standby(connection: Connection) -> bool:
    """Whether commits wait for a standby; the names are settings that every login can read."""
    [(names, commit)] = await connection.fetch(
        "select current_setting('synchronous_standby_names'), current_setting('synchronous_commit')"
    )
    return bool(names) and commit in _SYNCHRONOUS
