"""One page of a long list, found by where it begins in an index, never by counting rows (contract 3.9)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, Value

T = TypeVar("T")
R = TypeVar("R")

LARGEST = 500
"""The most items on a page, and how many it has when no size is asked for."""

Position = tuple[str | int, str]
"""Where an item stands: what the list is ordered by, then the item's id, which no other has."""


class PageStep(StrEnum):
    """Which page is wanted, seen from the one the caller has."""

    NEXT = "Next"
    PREVIOUS = "Previous"
    FIRST = "First"
    LAST = "Last"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page that is asked for."""

    size: int = LARGEST
    step: PageStep = PageStep.FIRST
    first: Position | None = None
    """Of the page the caller has; None with `last` None: it has none yet."""
    last: Position | None = None


NEWEST = PageRequest()
"""The first page of a list."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list, in its order, with where they stand."""

    items: tuple[T, ...] = ()
    first: Position | None = None
    last: Position | None = None
    more_before: bool = False
    more_after: bool = False


def page_in(items: Sequence[T], place: Callable[[T], Position], page_request: PageRequest) -> Page[T]:
    """A page of a list that is in memory, newest first: its items are ordered by falling position."""
    places = [place(item) for item in items]
    start, end = 0, len(items)
    if page_request.step is PageStep.NEXT and page_request.last is not None:
        last = page_request.last
        start = next((at for at, here in enumerate(places) if here < last), end)
    elif page_request.step is PageStep.PREVIOUS and page_request.first is not None:
        first = page_request.first
        end = next((at for at, here in enumerate(places) if here <= first), end)
        start = max(0, end - page_request.size)
    end = min(end, start + page_request.size)
    if start == end:
        return Page()
    return Page(tuple(items[start:end]), places[start], places[end - 1], start > 0, end < len(items))


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as SQL: the statement without an order, and what it is ordered by."""

    select: str
    """Its first two columns are an item's position. It ends within its `where` clause."""
    key: str
    id: str
    newest_first: bool = False
    lower: str | int | None = None
    """Only items whose key is not below it."""
    upper: str | int | None = None
    """Only items whose key is below it."""


async def page_of(uow: UnitOfWork, listing: Listing, page_request: PageRequest, *parameters: Value) -> Page[Row]:
    """The rows of one page, from an index of (…, key, id): every page costs the same."""
    start = {PageStep.NEXT: page_request.last, PageStep.PREVIOUS: page_request.first}.get(page_request.step)
    backwards = page_request.step is PageStep.LAST or (page_request.step is PageStep.PREVIOUS and start is not None)
    descending = backwards is not listing.newest_first
    values = list(parameters)

    def bound(value: Value) -> str:
        values.append(value)
        return f"${len(values)}"

    # The position replaces the bound on its own side: an index is entered at one place only.
    sql = listing.select
    if start is not None:
        key, id_ = start
        sql += f" and ({listing.key}, {listing.id}) {'<' if descending else '>'} ({bound(key)}, {bound(id_)})"
    if listing.lower is not None and (start is None or descending):
        sql += f" and {listing.key} >= {bound(listing.lower)}"
    if listing.upper is not None and (start is None or not descending):
        sql += f" and {listing.key} < {bound(listing.upper)}"
    way = " desc" if descending else ""
    rows = await uow.fetch_all(
        f"{sql} order by {listing.key}{way}, {listing.id}{way} limit {bound(page_request.size + 1)}", *values
    )
    more, rows = len(rows) > page_request.size, rows[: page_request.size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page()
    (first_key, first_id, *_), *_ = rows
    *_, (last_key, last_id, *_) = rows
    return Page(
        items=tuple(rows),
        first=(first_key, first_id),
        last=(last_key, last_id),
        more_before=more if backwards else start is not None,
        more_after=start is not None if backwards else more,
    )
