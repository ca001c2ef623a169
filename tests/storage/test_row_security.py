"""Row level security: what a page of one partner reads shows no row of another partner, whatever a statement selects."""

import ast
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest

import agreegate.dashboard
from agreegate.domain.actor import Actor, Role, UserId
from agreegate.services.confirmation import confirm
from agreegate.storage.engine.postgresql import PostgresStore
from agreegate.storage.engine.postgresql_rights import OPEN
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, Value, Work
from agreegate.storage.partner import partner_of
from tests import personas as cast
from tests.cast_rows import populate
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, call
from tests.postgresql import Connection, drop_databases, new_database, schema_template
from tests.world import AUGUST, Clock

DASHBOARD = Path(agreegate.dashboard.__file__).parent
BESIDE_PARTNERS = {
    "frame/guard.py": "the user's partner is not known yet",
    "frame/page.py": "decides which reads a page has",
    "frame/session.py": "sessions are found by their key, before the partner is known",
    "frame/signin.py": "the user's partner is not known yet",
}
"""Modules of pages that read by the store itself, and why."""


def selected(sql: str, *values: Value) -> Work[list[Row]]:
    async def work(uow: UnitOfWork) -> list[Row]:
        return await uow.fetch_all(sql, *values)

    return work


@pytest.fixture
async def store() -> AsyncIterator[PostgresStore]:
    url = new_database(schema_template())
    connection = Connection(url)
    populate(connection)
    connection.close()
    made = PostgresStore(url, Clock(AUGUST))
    for partner, user in ((cast.ALDER, cast.ALDER_SALES), (cast.HAZEL, cast.HAZEL_ADMIN)):
        known = await made.read(lambda uow, partner=partner: partner_of(uow, partner))
        assert known is not None
        actor = Actor(known, frozenset({Role.ADMIN_AGENT}), UserId(user), "x@y.example")
        await made.write(
            partial(confirm, call=call(actor), programme=PROGRAMME, customer=cast.CEDAR, draft=DRAFT_CONFIRMATION)
        )
    yield made
    await made.finish()
    drop_databases([url])


async def test_a_page_sees_rows_of_its_partner_alone(store: PostgresStore) -> None:
    tables = [name for (name,) in await store.read(selected(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'partner_id'"
        " where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by 1"
    ))]  # fmt: skip
    assert len(tables) > 20
    several = 0
    for table in tables:
        every = {partner for (partner,) in await store.read(selected(f"select partner_id from {table}"))}
        seen = {
            partner for (partner,) in await store.confined(cast.ALDER).read(selected(f"select partner_id from {table}"))
        }
        assert seen == (every if table in OPEN else every & {cast.ALDER}), table
        several += len(every) > 1
    assert several > 5, "other partners have rows"


async def test_a_page_sees_the_contacts_of_its_partner_alone(store: PostgresStore) -> None:
    count = "select count(*) from confirmation_contact"
    assert await store.read(selected(count)) == [(2,)]
    assert await store.confined(cast.ALDER).read(selected(count)) == [(1,)]


async def test_every_table_of_partners_is_confined(store: PostgresStore) -> None:
    open_tables = await store.read(selected(
        "select distinct c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and not c.relrowsecurity"
        " and a.attname in ('partner_id', 'confirmation_number')"
    ))  # fmt: skip
    assert {name for (name,) in open_tables} == set(OPEN)


async def test_a_page_without_a_user_sees_no_partners_rows(store: PostgresStore) -> None:
    assert await store.confined("").read(selected("select 1 from customer")) == []
    assert await store.confined("'; set role postgres; --").read(selected("select 1 from customer")) == []


async def test_the_next_unit_of_the_connection_is_not_confined(store: PostgresStore) -> None:
    for _ in range(20):
        await store.confined(cast.HAZEL).read(selected("select 1"))
        assert len(await store.read(selected("select distinct partner_id from customer"))) > 1


async def test_a_page_that_names_no_partner_is_an_error(store: PostgresStore) -> None:
    with pytest.raises(asyncpg.UndefinedObjectError):
        await store.read(selected("select 1 from customer"), confine="; set local role agreegate_pages")


def test_every_other_page_reads_confined() -> None:
    found = set()
    for path in DASHBOARD.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("read", "read_slow", "store"):
                owner = node.value if node.attr != "store" else node
                if isinstance(owner, ast.Attribute) and owner.attr == "store" and node.attr != "store":
                    found.add(str(path.relative_to(DASHBOARD)))
    assert found <= BESIDE_PARTNERS.keys()
    assert found == BESIDE_PARTNERS.keys() - {"frame/page.py"}
