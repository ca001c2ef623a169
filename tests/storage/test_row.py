"""A row becomes a dataclass column by column, and a change names the column of each value."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import pytest

from agreegate.storage.deployment import MadeFor, made_for
from agreegate.storage.engine.sqlite import InlineStore
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.row import insert, number_of, put, reader, update


class Kind(StrEnum):
    ONE = "one"


@dataclass(frozen=True)
class Inner:
    at: datetime
    text: str | None


@dataclass(frozen=True)
class Outer:
    id: str
    kind: Kind
    maybe_kind: Kind | None
    inner: Inner
    maybe_inner: Inner | None
    flag: bool
    words: tuple[str, ...]


THEN = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
READ = reader(Outer, words=lambda text: tuple(text.split()))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            ("a", "one", "one", 1_000_000, "x", 1_000_000, None, 1, "b c"),
            Outer("a", Kind.ONE, Kind.ONE, Inner(THEN, "x"), Inner(THEN, None), True, ("b", "c")),
        ),
        (
            ("a", "one", None, 1_000_000, None, None, None, 0, ""),
            Outer("a", Kind.ONE, None, Inner(THEN, None), None, False, ()),
        ),
    ],
)
def test_each_column_is_read_as_its_field(row: tuple[object, ...], expected: Outer) -> None:
    found = READ(row)
    assert found == expected
    assert (type(found.kind), type(found.flag)) == (Kind, bool)


@pytest.mark.parametrize("columns", [8, 10])
def test_a_row_of_another_width_is_an_error(columns: int) -> None:
    with pytest.raises(TypeError, match="Outer has 9 columns"):
        READ(("a",) * columns)


async def test_rows_are_added_kept_and_changed_by_their_key() -> None:
    async def work(uow: UnitOfWork) -> list[object]:
        found: list[object] = [
            await put(uow, "deployment", {"id": 1}, {"demo": 1}, programme="first"),
            await put(uow, "deployment", {"id": 1}, {"demo": 0}, programme="second"),
            await made_for(uow),
            await insert(uow, "deployment", "(id) do nothing", id=1, programme="third", demo=0),
            await update(uow, "deployment", {"id": 1, "programme": "third"}, demo=0),
            await update(uow, "deployment", {"id": 1, "programme": "second"}, demo=0),
            await made_for(uow),
            await number_of(uow, "select count(*) from deployment"),
        ]
        return found

    assert await InlineStore.in_memory().write(work) == [
        1, 1, MadeFor("second", demo=True), 0, 0, 1, MadeFor("second", demo=False), 1,
    ]  # fmt: skip
