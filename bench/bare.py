"""The other side of P5: a loop that writes the rows that confirmations wrote, and does nothing else.

No HTTP, no rules, no reads: prepared statements in durable commits, with the product's connection, on a copy of the record as it
was before. Tables and columns come from the schema; the rows are those in which two states of a record differ.
"""

import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import islice, product
from pathlib import Path

import apsw

from agreegate.storage.engine.sqlite import connect
from bench.machine import CannotMeasure, on_server_core

Value = str | int | float | bytes | None
Write = tuple[str, tuple[Value, ...]]
"""A statement with its values."""
Customer = tuple[str, str]
"""The ids of a partner and of its customer."""
Confirmation = list[Write]
"""All rows that one confirmation wrote."""

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    parents: tuple[tuple[str, tuple[str, ...]], ...]
    """The tables that foreign keys name, each with the columns that refer to its key."""

    @property
    def others(self) -> tuple[str, ...]:
        """The columns that are not part of the key."""
        return tuple(column for column in self.columns if column not in self.key)

    def differences(self) -> str:
        """SQL: the new and changed rows; the last column is true for a changed row."""
        same = " and ".join(f"o.{name} = n.{name}" for name in self.key)
        new = f"o.{self.key[0]} is null"
        changed = " or ".join(f"n.{name} is not o.{name}" for name in self.others) or "false"
        shown = ", ".join(f"n.{name}" for name in self.columns)
        return (
            f'select {shown}, o.{self.key[0]} is not null from main."{self.name}" n'
            f' left join earlier."{self.name}" o on {same} where {new} or {changed}'
        )

    def insert(self) -> str:
        """SQL: insert a new row."""
        return f'insert into "{self.name}" ({", ".join(self.columns)}) values ({", ".join("?" * len(self.columns))})'

    def update(self) -> str:
        """SQL: update a changed row; its values are those of `others`, then of the key."""
        set_, where = (
            joint.join(f"{name} = ?" for name in names) for joint, names in ((", ", self.others), (" and ", self.key))
        )
        return f'update "{self.name}" set {set_} where {where}'


@dataclass(frozen=True, slots=True)
class Speed:
    """The speed of a loop."""

    per_second: float
    """Confirmations a second."""
    processor: float
    """Microseconds of processor time for each."""


def copy_of(database: Path, to: Path) -> None:
    """Copy a record page by page, while its server is idle."""
    to.unlink(missing_ok=True)
    with (
        closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)) as source,
        closing(apsw.Connection(str(to))) as copy,
    ):
        with copy.backup("main", source, "main") as backup:
            backup.step(-1)
        copy.pragma("journal_mode", "wal")
    with to.open("rb") as file:
        os.fsync(file.fileno())


def written(before: Path, after: Path, customers: Iterable[Customer]) -> list[Confirmation]:
    """Return the rows written between two states of a record, for each of some customers, in the order of recording.

    A row belongs to the customer whose id it contains, with its partner's id; else to the customer of the row to which it
    refers. The few other rows are spread evenly.

    Raises:
        CannotMeasure: no row was written.
    """
    groups: dict[Customer, list[tuple[int, Write, int]]] = {customer: [] for customer in customers}
    with closing(apsw.Connection(str(after), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        connection.execute("attach ? as earlier", (str(before),))
        owners: dict[tuple[str, tuple[Value, ...]], Customer] = {}
        rest: list[tuple[int, Write, int]] = []
        for place, table in enumerate(_tables(connection)):
            for *row, known in connection.execute(table.differences()):
                values = dict(zip(table.columns, row, strict=True))
                owner = _owner(table, values, groups, owners)
                write = (place, _write(table, values, known=bool(known)), _recorded_at(values))
                if owner is None:
                    rest.append(write)
                else:
                    owners[table.name, tuple(values[name] for name in table.key)] = owner
                    groups[owner].append(write)
    found = sorted((rows for rows in groups.values() if rows), key=lambda rows: max(row[2] for row in rows))
    if not found:
        raise CannotMeasure("no confirmation was written")
    for number, write in enumerate(rest):
        found[number * len(found) // len(rest)].append(write)
    return [[write for _, write, _ in sorted(rows, key=lambda row: row[0])] for rows in found]


def kinds(confirmations: list[Confirmation]) -> str:
    """Return how many rows of each table a confirmation writes, on average."""
    counted = Counter(sql.split('"')[1] for rows in confirmations for sql, _ in rows)
    return ", ".join(f"{name} {count / len(confirmations):.2g}" for name, count in counted.most_common())


class Loop:
    """Writes each confirmation into a copy once."""

    def __init__(self, copy: Path, confirmations: list[Confirmation]) -> None:
        self._connection = connect(copy)
        self._left: Iterator[Confirmation] = iter(confirmations)

    def write(self, confirmations: int, together: int) -> Speed:
        """Write confirmations in commits of `together`, on the server's core.

        Raises:
            CannotMeasure: fewer confirmations are left.
        """
        todo = list(islice(self._left, confirmations))
        if len(todo) < confirmations:
            raise CannotMeasure("too few confirmations were recorded")
        execute = self._connection.cursor().execute
        with on_server_core():
            began, used = time.perf_counter(), time.process_time()
            for first in range(0, confirmations, together):
                execute("begin immediate")
                for rows in todo[first : first + together]:
                    for sql, values in rows:
                        execute(sql, values)
                execute("commit")
            passed, used = time.perf_counter() - began, time.process_time() - used
        return Speed(confirmations / passed, used / confirmations * 1e6)

    def close(self) -> None:
        """Close the copy."""
        self._connection.close()


def _tables(connection: apsw.Connection) -> list[_Table]:
    """Return the tables; a table comes after those to which it refers."""
    named = connection.execute(
        "select name from main.sqlite_schema where type = 'table' and name not like 'sqlite_%' order by rowid"
    ).fetchall()
    tables = {}
    for (name,) in named:
        described = connection.execute("select name, pk from pragma_table_info(?)", (name,)).fetchall()
        key = tuple(column for column, at in sorted(described, key=lambda one: one[1]) if at) or ("rowid",)
        columns = tuple(column for column, _ in described)
        columns = columns if key[0] in columns else (*key, *columns)
        referring: dict[int, list[tuple[str, str]]] = {}
        for number, parent, column in connection.execute(
            'select id, "table", "from" from pragma_foreign_key_list(?) order by id, seq', (name,)
        ):
            referring.setdefault(number, []).append((parent, column))
        parents = tuple((pairs[0][0], tuple(column for _, column in pairs)) for pairs in referring.values())
        tables[name] = _Table(name, columns, key, parents)
    order = TopologicalSorter(
        {table.name: [parent for parent, _ in table.parents if parent != table.name] for table in tables.values()}
    )
    return [tables[name] for name in order.static_order()]


def _owner(
    table: _Table, values: Mapping[str, Value], groups: Mapping[Customer, object], owners: Mapping[object, Customer]
) -> Customer | None:
    ids = [guid for value in values.values() if isinstance(value, str) for guid in _GUID.findall(value)]
    for pair in product(ids, ids):
        if pair in groups:
            return pair
    for parent, columns in table.parents:
        if owner := owners.get((parent, tuple(values[name] for name in columns))):
            return owner
    return None


def _write(table: _Table, values: Mapping[str, Value], *, known: bool) -> Write:
    if not known:
        return table.insert(), tuple(values[name] for name in table.columns)
    return table.update(), tuple(values[name] for name in (*table.others, *table.key))


def _recorded_at(values: Mapping[str, Value]) -> int:
    """Return the newest instant in a row, in microseconds."""
    return max((value for name, value in values.items() if name.endswith("_at") and isinstance(value, int)), default=0)
