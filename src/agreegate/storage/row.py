"""Rows: read as dataclasses of the domain, and written with each value beside the name of its column."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from agreegate.storage.engine.unit_of_work import UnitOfWork, Value, from_micros

T = TypeVar("T")
Convert = Callable[[Any], Any]
Read = Callable[[Sequence[Any]], T]


def reader(cls: type[T], **conversions: Convert | None) -> Read[T]:
    """Return a function that makes a dataclass of a row with one column for each field, in the order of the fields.

    Instants, enumerations and truth values are converted. A field that is itself a dataclass takes one column for each of its
    own fields; where it may be None, it is None if the first of these columns is null.

    Args:
        conversions: by field, how to convert its column instead; None: not at all.
    """
    places: list[tuple[int | slice, Convert | None]] = []
    width = 0
    for name, kind in _kinds(cls):
        convert, columns = (conversions[name], 1) if name in conversions else _conversion(kind)
        places.append((width if columns == 1 else slice(width, width + columns), convert))
        width += columns

    def read(row: Sequence[Any]) -> T:
        if len(row) != width:
            raise TypeError(f"{cls.__name__} has {width} columns, the row {len(row)}")
        return cls(*[row[place] if convert is None else convert(row[place]) for place, convert in places])

    return read


async def find(uow: UnitOfWork, read: Read[T], sql: str, *parameters: Value) -> T | None:
    """Return the first row of a statement, as `read` makes it; None: there is no row."""
    row = await uow.fetch_one(sql, *parameters)
    return None if row is None else read(row)


async def find_all(uow: UnitOfWork, read: Read[T], sql: str, *parameters: Value) -> list[T]:
    """Return every row of a statement, as `read` makes it."""
    return [read(row) for row in await uow.fetch_all(sql, *parameters)]


async def number_of(uow: UnitOfWork, sql: str, *parameters: Value) -> int:
    """Return the one number that a statement selects."""
    [(number,)] = await uow.fetch_all(sql, *parameters)
    return int(number)


def insert(uow: UnitOfWork, table: str, conflict: str = "", /, **columns: Value) -> Coroutine[Any, Any, int]:
    """Add a row; return how many rows were added.

    Args:
        conflict: what to do if the table has a row with this key: the SQL after `on conflict`, such as `do nothing`.
    """
    suffix = f" on conflict {conflict}" if conflict else ""
    return uow.execute(_insert_into(table, suffix, tuple(columns)), *columns.values())


def put(
    uow: UnitOfWork, table: str, key: Mapping[str, Value], new: Mapping[str, Value] | None = None, /, **columns: Value
) -> Coroutine[Any, Any, int]:
    """Add a row, or change the row that has its key.

    Args:
        new: columns that only an added row gets; a changed row keeps its own values.
    """
    added = {**key, **(new or {}), **columns}
    return uow.execute(_insert_into(table, _or_change(tuple(key), tuple(columns)), tuple(added)), *added.values())


def update(uow: UnitOfWork, table: str, key: Mapping[str, Value], /, **columns: Value) -> Coroutine[Any, Any, int]:
    """Change columns of the rows with a key; return how many rows were changed."""
    return uow.execute(_update(table, tuple(key), tuple(columns)), *key.values(), *columns.values())


@cache
def _insert_into(table: str, suffix: str, columns: tuple[str, ...]) -> str:
    values = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    return f"insert into {table} ({', '.join(columns)}) values ({values}){suffix}"


@cache
def _or_change(key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    changed = ", ".join(f"{column} = excluded.{column}" for column in columns)
    return f" on conflict ({', '.join(key)}) do update set {changed}"


@cache
def _update(table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    equal = [f"{column} = ${place}" for place, column in enumerate((*key, *columns), 1)]
    return f"update {table} set {', '.join(equal[len(key) :])} where {' and '.join(equal[: len(key)])}"


def _kinds(cls: Any) -> list[tuple[str, Any]]:
    hints = get_type_hints(cls)
    return [(field.name, hints[field.name]) for field in fields(cls)]


def _conversion(kind: Any) -> tuple[Convert | None, int]:
    """Return how to convert the columns of a field, and their number."""
    optional = NoneType in get_args(kind)
    [kind, *_] = [one for one in get_args(kind) if one is not NoneType] if optional else [kind]
    width = 1
    if is_dataclass(kind) and isinstance(kind, type):
        read, width = reader(kind), sum(_conversion(one)[1] for _, one in _kinds(kind))
        if optional:
            return lambda row: None if next(iter(row)) is None else read(row), width
        return read, width
    if kind is datetime:
        convert: Convert = from_micros
    elif isinstance(kind, type) and (kind is bool or issubclass(kind, Enum)):
        convert = kind
    else:
        return None, width
    return (lambda value: None if value is None else convert(value)) if optional else convert, width
