"""Rights on PostgreSQL: what the application may do, and which logins and servers are refused."""

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from agreegate.domain.error import Rejected
from agreegate.storage.engine.postgresql_rights import APPLICATION, READER, make_roles, require_safe
from tests.postgresql import Connection, drop_databases, new_database, schema_template

TABLES = "select distinct table_name from information_schema.role_table_grants where grantee = '{}' and privilege_type = '{}'"


def on(url: str, work: Any, *before: str) -> Any:
    """What work on a connection of its own returns, after some statements."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            for sql in before:
                await connection.execute(sql)
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.fixture
def database() -> Iterator[Connection]:
    connection = Connection(new_database(schema_template()))
    on(connection.url, make_roles)
    on(connection.url, make_roles)
    yield connection
    connection.close()
    drop_databases([connection.url])


def granted(database: Connection, role: str, right: str) -> set[str]:
    return {name for (name,) in database.execute(TABLES.format(role, right))}


def test_the_application_changes_nothing_that_is_append_only(database: Connection) -> None:
    append_only = {name for (name,) in database.execute(
        "select event_object_table from information_schema.triggers where trigger_name like '%kept'")}  # fmt: skip
    assert len(append_only) == 10
    readable = granted(database, APPLICATION, "SELECT")
    assert append_only < readable == granted(database, READER, "SELECT")
    assert granted(database, APPLICATION, "INSERT") == readable - {"migration"}
    for right in ("UPDATE", "DELETE"):
        assert granted(database, APPLICATION, right) == readable - append_only - {"migration"}
    assert granted(database, APPLICATION, "TRUNCATE") == granted(database, READER, "INSERT") == set()


def test_the_application_can_lock_and_record(database: Connection) -> None:
    database.execute(f"set role {APPLICATION}")
    database.execute("select lock_customer('p', 'c', 0)")
    database.execute("insert into clock_acceptance (partner_id, accepted_at, ahead_until, reason, accepted_by)"
        " select partner_id, 1, 1, 'r', 'c' from partner")  # fmt: skip
    for refused in (
        "update confirmation set sequence = 1",
        "delete from decision",
        "drop table partner",
        "truncate cart",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            database.execute(refused)


@pytest.mark.parametrize(
    ("before", "codes"),
    [
        ((f"set role {APPLICATION}",), ["database.not-durable"] * 3),
        ((f"set role {APPLICATION}", "set synchronous_commit = on"), ["database.not-durable"] * 2),
        ((), ["database.superuser", *["database.not-durable"] * 3]),
    ],
)
def test_what_is_unsafe_is_refused_or_returned(before: tuple[str, ...], codes: list[str], database: Connection) -> None:
    with pytest.raises(Rejected) as raised:
        on(database.url, require_safe, *before)
    assert raised.value.code == codes[0]
    found = on(database.url, lambda connection: require_safe(connection, allow_unsafe=True), *before)
    assert [one.code for one in found] == codes


def test_an_owner_is_refused(database: Connection) -> None:
    owner = "do $$ begin create role test_owner; exception when duplicate_object then null; end $$"
    before = (owner, "alter table partner owner to test_owner", "set role test_owner")
    with pytest.raises(Rejected, match=r"database\.owner"):
        on(database.url, require_safe, *before)
    database.execute("alter table partner owner to postgres")


@pytest.mark.parametrize("allowed", [False, True])
def test_a_server_without_a_standby_is_refused_where_one_is_required(*, allowed: bool, database: Connection) -> None:
    with pytest.raises(Rejected, match=r"database\.no-standby"):
        on(database.url, lambda one: require_safe(one, allow_unsafe=allowed, require_synchronous=True))


def test_a_login_that_cannot_confine_pages_is_refused(database: Connection) -> None:
    login = "do $$ begin create role test_reader; exception when duplicate_object then null; end $$"
    before = (login, "set role test_reader")
    with pytest.raises(Rejected, match=r"database\.no-page-role"):
        on(database.url, lambda one: require_safe(one, allow_unsafe=True), *before)
