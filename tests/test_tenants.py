"""Every statement that the operations run for one partner is run again with another partner's id, and everything else as it was.

It then finds the same as in a record without the first partner's rows, and leaves these rows alone.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from agreegate.storage.engine.sqlite import connect
from tests import personas as cast
from tests.operations import OPERATIONS, case_for
from tests.shared_sql import OF_THE_ENGINE, UNITS
from tests.world import AUGUST, World

Statement = tuple[str, tuple[Any, ...]]
OTHER = cast.HAZEL
KEPT_WITHOUT = {"partner", "partner_user", "partner_user_role"}
"""Tables of the directory, by which a partner is known at all."""
OF_SEVERAL = {
    "select 1 from tenant_domain where domain": "whether a domain is taken, by whatever partner's customer",
    "select partner_id, name, kind, cloud, account, mpn_id, domain, country, culture from partner where kind = 'operator'":
        "the programme's operator",
}  # fmt: skip
"""Statements about tables of partners that name no partner, by how they begin, with the reason."""


@contextmanager
def recorded_statements(one: str) -> Iterator[dict[str, tuple[Any, ...]]]:
    """The product's statements on connections opened from now on, each with parameters, with the partner's id where it can be."""
    found: dict[str, tuple[Any, ...]] = {}

    def note(_: apsw.Cursor, sql: str, parameters: Any) -> bool:
        if sys._getframe(1).f_code.co_filename in UNITS and sql.split(maxsplit=1)[0].lower() not in OF_THE_ENGINE:
            values = tuple(parameters or ())
            if one in values or sql not in found:
                found[sql] = values
        return True

    def watch(connection: apsw.Connection) -> None:
        connection.exec_trace = note

    apsw.connection_hooks.append(watch)
    try:
        yield found
    finally:
        apsw.connection_hooks.remove(watch)


def tables_of_partners(connection: apsw.Connection) -> list[str]:
    tables = [name for (name,) in connection.execute("select name from sqlite_schema where type = 'table'")]
    return [
        table
        for table in tables
        if connection.execute("select 1 from pragma_table_info(?) where name = 'partner_id'", (table,)).fetchall()
    ]


def rows_of(one: str, connection: apsw.Connection, tables: list[str]) -> dict[str, list[Any]]:
    return {
        table: sorted(map(repr, connection.execute(f"select * from {table} where partner_id = ?", (one,))))
        for table in tables
    }


def remove_rows_of(one: str, connection: apsw.Connection, tables: list[str]) -> None:
    connection.pragma("foreign_keys", False)
    for (trigger,) in connection.execute("select name from sqlite_schema where type = 'trigger'").fetchall():
        connection.execute(f"drop trigger {trigger}")
    for table in tables:
        if table not in KEPT_WITHOUT:
            connection.execute(f"delete from {table} where partner_id = ?", (one,))


@contextmanager
def tried(connection: apsw.Connection) -> Iterator[None]:
    """Undoes what the block did."""
    connection.execute("savepoint tried")
    yield
    connection.execute("rollback to tried")
    connection.execute("release tried")


def result(connection: apsw.Connection, sql: str, values: tuple[Any, ...]) -> Any:
    """What a statement returns and how many rows it changes, or why it fails.

    Of new rows only their number counts: the numbers that they get are those of no partner.
    """
    before = connection.total_changes()
    try:
        rows = connection.execute(sql, values).fetchall()
    except apsw.ConstraintError as error:
        return error
    changed = connection.total_changes() - before
    return (len(rows), changed) if "returning" in sql else (rows, changed)


@pytest.mark.parametrize(("one", "user"), [(cast.MAPLE, cast.MAPLE_ADMIN), (cast.ALDER, cast.ALDER_ADMIN)])
async def test_a_statement_with_another_partners_id_finds_and_changes_nothing(
    one: str, user: str, tmp_path: Path
) -> None:
    with recorded_statements(one) as statements:
        world = World(tmp_path, AUGUST)
        for operation in OPERATIONS:
            case = await case_for(world, user, operation)
            await world.send(user, operation.method, operation.at(case), operation.body(case))
        await world.close()
    (tmp_path / "without.db").write_bytes(world.path.read_bytes())
    with closing(connect(world.path)) as full, closing(connect(tmp_path / "without.db")) as without:
        tables = tables_of_partners(full)
        remove_rows_of(one, without, tables)
        expected = rows_of(one, full, tables)
        naming = {sql: values for sql, values in statements.items() if one in values}
        for sql, values in naming.items():
            swapped = tuple(OTHER if value == one else value for value in values)
            with tried(full), tried(without):
                found = result(full, sql, swapped)
                if not isinstance(found, apsw.ConstraintError):  # refused, so that it changed nothing
                    assert found == result(without, sql, swapped), (sql, swapped)
                    assert rows_of(one, full, tables) == expected, (sql, swapped)
    words = {sql: set(re.findall(r"[a-z_]+", sql)) for sql in statements if sql not in naming}
    nameless = [" ".join(sql.split()) for sql in words if words[sql] & set(tables)]
    assert [sql for sql in nameless if not any(sql.startswith(begin) for begin in OF_SEVERAL)] == []
    assert len(naming) > 60
