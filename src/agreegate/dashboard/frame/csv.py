"""Lists as CSV files for a spreadsheet, streamed: one page of rows is in memory, however long the list is."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from litestar.response import Stream

from agreegate.dashboard.frame.page import DashboardRequest, reader_language, records_of
from agreegate.deployment.deployment import deployment_of
from agreegate.i18n import text
from agreegate.spreadsheet import MARK, SEPARATORS, Line, written
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import Page, PageRequest, PageStep, Position

T = TypeVar("T")

FIRST_LINES, LINES = 100, 1_000
"""How many lines of a long list are read at first, so that the file begins soon, and at a time after that."""


async def csv_answer(request: DashboardRequest, name: str, columns: Sequence[str], pages: AsyncIterator[str]) -> Stream:
    """Return a CSV file in the reader's language.

    The first page is read before the answer begins, so that an unreadable record gives the same error as on any page. If one
    fails later the connection breaks: half a list never passes for a whole one.

    Args:
        name: the last part of the catalogue key of the file's name.
        columns: catalogue keys of the column names.
        pages: the lines as the file has them, some at a time; see `in_pages` and `at_once`.
    """
    language, now = reader_language(request), deployment_of(request).store.clock()
    first = await anext(pages, "")

    async def chunks() -> AsyncIterator[str]:
        yield MARK + written_for(request, [[text(column, language) for column in columns]]) + first
        async for lines in pages:
            yield lines

    return Stream(
        chunks(),
        media_type="text/csv",
        headers={
            "content-disposition": f'attachment; filename="{text(f"csv.{name}", language)}-{now:%Y-%m-%d}.csv"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "content-language": language,
        },
    )


def written_for(request: DashboardRequest, lines: Iterable[Line]) -> str:
    """Return the lines as the reader's spreadsheet reads them."""
    return written(lines, SEPARATORS[reader_language(request)])


async def at_once(request: DashboardRequest, lines: Iterable[Line]) -> AsyncIterator[str]:
    """Yield the lines of a short list in one piece."""
    yield written_for(request, lines)


async def in_pages(
    request: DashboardRequest, read: Callable[[UnitOfWork, PageRequest], Awaitable[Page[T]]], line: Callable[[T], Line]
) -> AsyncIterator[str]:
    """Yield the lines of a list page by page, each page as the record is when it is read.

    Args:
        read: one page of the list, in a unit of work of its own.
        line: an item's cells.
    """
    last: Position | None = None
    while True:
        page_request = PageRequest(FIRST_LINES) if last is None else PageRequest(LINES, PageStep.NEXT, last=last)

        async def lines(uow: UnitOfWork, page_request: PageRequest = page_request) -> tuple[str, Position | None]:
            found = await read(uow, page_request)
            return written_for(request, map(line, found.items)), found.last if found.more_after else None

        some, last = await records_of(request).read_slow(lines)
        yield some
        if last is None:
            return
