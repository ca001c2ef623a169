"""One page of a long list, found by its position in an index and not by counting rows (contract 3.9)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, Value
from agreegate.storage.row import Read
from agreegate.storage.statement import Statement

T = TypeVar("T")
R = TypeVar("R")

LARGEST = 500
"""Maximum and default number of items on a page."""

Position = tuple[str | int, str]
"""The position of an item: the value by which the list is ordered, then the item's id."""


class PageStep(StrEnum):
    """Which page a caller requests, relative to the page that it has."""

    NEXT = "Next"
    PREVIOUS = "Previous"
    FIRST = "First"
    LAST = "Last"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list, in its order, with the positions of the first and the last."""

    items: tuple[T, ...] = ()
    first: Position | None = None
    last: Position | None = None
    more_before: bool = False
    more_after: bool = False

    def holding(self, items: Iterable[R]) -> "Page[R]":
        """Return the same page of the list with other items."""
        return Page(tuple(items), self.first, self.last, self.more_before, self.more_after)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page that a caller requests."""

    size: int = LARGEST
    step: PageStep = PageStep.FIRST
    first: Position | None = None
    """Position of the first item on the page that the caller has; None: it has no page."""
    last: Position | None = None
    """Position of the last item on that page."""

    @property
    def start(self) -> Position | None:
        """The position beyond which the page is; None: the page is at an end of the list."""
        return {PageStep.NEXT: self.last, PageStep.PREVIOUS: self.first}.get(self.step)

    def is_backwards(self, start: object | None) -> bool:
        """Whether the page is read from its last item to its first; `start` is None where `self.start` is unknown."""
        return self.step is PageStep.LAST or (self.step is PageStep.PREVIOUS and start is not None)

    def page(self, items: Sequence[T], start: object | None, position: Callable[[T], Position]) -> Page[T]:
        """Return the page of the items that were read.

        Args:
            items: in the order in which they were read, one more than the page's size where the list goes on.
            start: as for `is_backwards`.
        """
        backwards = self.is_backwards(start)
        more, shown = len(items) > self.size, [*items[: self.size]]
        if not shown:
            return Page()
        if backwards:
            shown.reverse()
        first, *_ = shown
        *_, last = shown
        before, after = (more, start is not None) if backwards else (start is not None, more)
        return Page(tuple(shown), position(first), position(last), before, after)


NEWEST = PageRequest()
"""The first page of a list."""


def page_in(items: Sequence[T], position: Callable[[T], Position], page_request: PageRequest) -> Page[T]:
    """Return a page of a list in memory whose items are ordered by falling position."""
    start = page_request.start
    backwards = page_request.is_backwards(start)
    found = [
        item
        for item in (reversed(items) if backwards else items)
        if start is None or (position(item) > start if backwards else position(item) < start)
    ]
    return page_request.page(found[: page_request.size + 1], start, position)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as SQL: the columns of its items with their tables, and the columns by which the list is ordered."""

    select: str
    """Such as `c.company_name from customer c where c.country = $1`. It ends within its `where` clause."""
    key: str
    id: str
    newest_first: bool = False
    lower: str | int | None = None
    """Only items whose key is not below this value."""
    upper: str | int | None = None
    """Only items whose key is below this value."""


async def page_of(
    uow: UnitOfWork, read: Read[T], listing: Listing, page_request: PageRequest, *parameters: Value
) -> Page[T]:
    """Return one page, from an index of (…, key, id): every page costs the same.

    Args:
        read: makes an item of the columns that the listing selects.
    """
    start = page_request.start
    descending = page_request.is_backwards(start) is not listing.newest_first
    to, sql = Statement(*parameters), f"select {listing.key}, {listing.id}, {listing.select}"
    # The position replaces the bound on its own side: an index is entered at one place only.
    if start is not None:
        sql += f" and ({listing.key}, {listing.id}) {'<' if descending else '>'} ({to.bind_all(start)})"
    if listing.lower is not None and (start is None or descending):
        sql += f" and {listing.key} >= {to.bind(listing.lower)}"
    if listing.upper is not None and (start is None or not descending):
        sql += f" and {listing.key} < {to.bind(listing.upper)}"
    way = " desc" if descending else ""
    sql += f" order by {listing.key}{way}, {listing.id}{way} limit {to.bind(page_request.size + 1)}"
    found = page_request.page(await uow.fetch_all(sql, *to.values), start, _position)
    return found.holding(read(columns) for _, _, *columns in found.items)


def _position(row: Row) -> Position:
    key, id_, *_ = row
    return key, id_
