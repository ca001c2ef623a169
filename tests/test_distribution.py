"""The schema and the statements follow the rules of a database distributed by `partner_id`, but for exceptions with reasons."""

import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from agreegate.services.orders.renewal import run_renewals
from agreegate.storage.customers.person import persons_wait, take_over_persons
from agreegate.storage.engine.postgresql_location import PostgresqlLocation
from agreegate.storage.orders.renewal import next_due
from agreegate.upkeep import EXPIRING
from tests import personas as cast
from tests.dashboard.routes import ROUTES, Cast, everybody  # noqa: F401 - a fixture
from tests.distribution import crossing
from tests.operations import OPERATIONS, case_for
from tests.postgresql import Connection, drop_databases, new_database
from tests.shards import ACROSS, DETAILS, FOREIGN_KEYS, KEYS, LOCAL, REFERENCE, TRIGGERS
from tests.shared_sql import OF_THE_ENGINE, UNITS

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "operations" / "scaling.md").read_text(encoding="utf-8")
LOCK = ROOT / "src" / "agreegate" / "storage" / "migrations" / "postgresql" / "0002_lock_customer.sql"
YEAR = timedelta(days=365)
UNSHARDED = {*LOCAL, *REFERENCE}
TABLES = """
    select c.relname::text, exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'partner_id')
    from pg_class c where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace"""
UNIQUE = """
    select c.relname::text, i.indexrelid::regclass::text,
      array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum = any (i.indkey))
    from pg_index i join pg_class c on c.oid = i.indrelid
    where i.indisunique and c.relnamespace = current_schema()::regnamespace"""
FOREIGN = """
    select conrelid::regclass::text, confrelid::regclass::text, conname::text, array(
      select a.attname::text || ' = ' || b.attname::text from unnest(conkey, confkey) k (one, other)
      join pg_attribute a on a.attrelid = conrelid and a.attnum = k.one
      join pg_attribute b on b.attrelid = confrelid and b.attnum = k.other)
    from pg_constraint where contype = 'f' and connamespace = current_schema()::regnamespace"""
GUARDS = """
    select tgrelid::regclass::text, tgfoid::regproc::text from pg_trigger where not tgisinternal"""
CHANGES = """
    select has_table_privilege('agreegate_app', $1, 'update') or has_table_privilege('agreegate_app', $1, 'delete')
      or has_table_privilege('agreegate_app', $1, 'truncate')"""


@pytest.fixture(scope="module")
def database() -> Iterator[Connection]:
    connection = Connection(new_database())
    connection._wait(PostgresqlLocation(connection.url).upgrade())
    yield connection
    connection.close()
    drop_databases([connection.url])


@pytest.fixture
def statements() -> Iterator[dict[str, tuple[Any, ...]]]:
    """The statements of the product on connections opened from now on, each with parameters."""
    found: dict[str, tuple[Any, ...]] = {}

    def note(_: apsw.Cursor, sql: str, parameters: Any) -> bool:
        if sys._getframe(1).f_code.co_filename in UNITS and sql.split(maxsplit=1)[0].lower() not in OF_THE_ENGINE:
            found.setdefault(" ".join(sql.split()), tuple(parameters or ()))
        return True

    def watch(connection: apsw.Connection) -> None:
        connection.exec_trace = note

    apsw.connection_hooks.append(watch)
    yield found
    apsw.connection_hooks.remove(watch)


def test_every_table_has_its_place(database: Connection) -> None:
    tables = dict(database.execute(TABLES))
    assert tables.keys() >= UNSHARDED | DETAILS
    assert {table for table, has_partner in tables.items() if not has_partner} - UNSHARDED == DETAILS


def test_every_unique_index_has_the_distribution_column(database: Connection) -> None:
    without = {
        index
        for table, index, columns in database.execute(UNIQUE)
        if table not in UNSHARDED and "partner_id" not in columns
    }
    assert without == KEYS.keys()


def test_foreign_keys_lead_to_the_same_shard_or_to_a_reference_table(database: Connection) -> None:
    without = set()
    for table, to, name, columns in database.execute(FOREIGN):
        if table in UNSHARDED:
            assert to in UNSHARDED, f"{name}: a {table} would refer to one shard"
        elif to in LOCAL or (to not in REFERENCE and "partner_id = partner_id" not in columns):
            without.add(name)
    assert without == FOREIGN_KEYS.keys()


def test_rights_hold_what_triggers_hold(database: Connection) -> None:
    guards = [(table, guard) for table, guard in database.execute(GUARDS) if table not in UNSHARDED]
    assert {guard for _, guard in guards} - {"refuse_change"} == TRIGGERS.keys()
    append_only = {table for table, guard in guards if guard == "refuse_change"}
    assert append_only
    assert [table for table in append_only if database.execute(CHANGES, [table]).get] == []


def test_a_customers_lock_stays_on_one_shard() -> None:
    body = LOCK.read_text(encoding="utf-8").partition("begin")[2].replace(" into newest_at", "")
    parts = [part.strip() for part in body.split(";") if re.match(r"\s*(perform|select) .* from ", part, re.DOTALL)]
    assert len(parts) == 2
    for part in parts:
        sql = re.sub(r"_id = partner\b", "_id = 'a'", part.replace("perform", "select", 1))
        assert crossing(sql, ()) == ""
        assert crossing(sql.replace("partner_id = 'a'", "partner_id > 'a'", 1), ()) != ""


@pytest.mark.sqlite
async def test_statements_stay_on_one_shard(statements: dict[str, tuple[Any, ...]], everybody: Cast) -> None:  # noqa: F811
    world = everybody.world
    for user in (cast.ALDER_ADMIN, cast.MAPLE_ADMIN):
        for operation in OPERATIONS:
            case = await case_for(world, user, operation)
            await world.send(user, operation.method, operation.at(case), operation.body(case))
    for user in (cast.ALDER_ADMIN, cast.BIRCH_SALES, cast.OPERATOR_USER):
        guest, own = await everybody.come(user), everybody.of(user)
        for route in ROUTES:
            await guest.ask(route, own, await guest.typed(route, own))
    world.clock.now += 2 * YEAR
    await run_renewals(world.store, world.clock.now)
    for step in (*EXPIRING, take_over_persons):
        await world.store.write(lambda uow, step=step: step(uow, 5))
    await world.store.read(persons_wait)
    await world.store.read(next_due)
    assert len(statements) > 150
    across = {sql: why for sql, values in statements.items() if (why := crossing(sql, values))}
    unknown = {sql: why for sql, why in across.items() if not any(one.begins in sql for one in ACROSS)}
    assert unknown == {}
    assert [one for one in ACROSS if not any(one.begins in sql for sql in across)] == [], "no longer needed"


@pytest.mark.parametrize(
    ("sql", "values", "why"),
    [
        ("select 1 from cart where partner_id = $1", ("a",), ""),
        ("select 1 from cart where partner_id = $1 or cart_id = $2", ("a", "b"), "names no partner"),
        ("select 1 from cart where partner_id || '' = $1", ("a",), "names no partner"),
        ("select 1 from cart c join order_ o using (partner_id, customer_id) where o.partner_id = $1", ("a",), ""),
        ("select 1 from cart c join order_ o using (customer_id) where o.partner_id = $1", ("a",), "names no partner"),
        ("select 1 from cart c join order_ o on o.partner_id = $1 where c.partner_id = $2", ("a", "a"), ""),
        ("select 1 from cart c join order_ o on o.partner_id = $1 where c.partner_id = $2", ("a", "b"), "names several partners"),
        ("select 1 from cart c where c.partner_id = $1 and not exists (select 1 from order_ o where o.cart_id = c.cart_id)",
         ("a",), "names no partner"),
        ("select 1 from cart c where c.partner_id = $1 and exists (select 1 from order_ o where o.partner_id = c.partner_id)",
         ("a",), ""),
        ("select 1 from cart c, person_progress p where c.partner_id = $1", ("a",),
         "joins person_progress, which is on the coordinator"),
        ("with o as (select partner_id, cart_id from order_) select 1 from cart join o using (partner_id) where partner_id = $1",
         ("a",), ""),
        ("insert into cart (partner_id, cart_id) select partner_id, $2 from order_ where partner_id = $1", ("a", "b"), ""),
        ("insert into cart (partner_id, cart_id) select $1, cart_id from order_", ("a",), "names no partner"),
        ("insert into cart (cart_id) values ($1)", ("a",), "names no partner"),
        ("update cart set status = 'x' where cart_id = $1", ("a",), "names no partner"),
        ("select 1 from text_version where label = $1", ("a",), ""),
    ],
)  # fmt: skip
def test_a_statement_across_shards_is_found(sql: str, values: tuple[str, ...], why: str) -> None:
    assert crossing(sql, values) == why


def test_the_page_lists_every_table_exception_and_cost() -> None:
    rows = set(re.findall(r"^\| (.*) \|$", PAGE, re.MULTILINE))
    expected = {f"`{table}` | reference | {reason}" for table, reason in REFERENCE.items()}
    expected |= {f"`{table}` | local | {reason}" for table, reason in LOCAL.items()}
    expected |= {f"`{name}` | {becomes}" for name, becomes in (KEYS | FOREIGN_KEYS | TRIGGERS).items()}
    expected |= {f"{one.use} | {one.cost}" for one in ACROSS}
    assert expected - rows == set()
    listed = {row for row in rows if row.startswith("`") or row.partition(" | ")[2] in {one.cost for one in ACROSS}}
    assert listed - expected == set()
