"""Lists as CSV files for a spreadsheet, streamed: one page of rows is in memory, however long the list is.

UTF-8 with a byte order mark, without which a spreadsheet takes it for the machine's old code page and breaks every
accent. French columns are parted by semicolons, English ones by commas: a spreadsheet set to French reads a comma as a
decimal mark. Lines end as RFC 4180 says.
"""

import csv
import io
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from litestar.response import Stream

from agreegate.dashboard.page import PageRequest, language, site_of
from agreegate.i18n import text
from agreegate.storage.page import Page, Position, Seek, Wanted
from agreegate.storage.unit_of_work import Store, UnitOfWork

T = TypeVar("T")
Cell = str | int | None
"""What stands in one column of a line; None leaves it empty."""
Line = Sequence[Cell]

LINES = 1_000
"""Read at a time where a list comes in pages."""
SEPARATORS = {"en": ",", "fr": ";"}
MARK = "\ufeff"
"""Without it a spreadsheet takes the file for the machine's old code page."""
_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet takes for the beginning of a formula; the last four are the wide forms."""
_BREAKS = frozenset("\t\r\n")


async def csv_answer(
    request: PageRequest, name: str, columns: Sequence[str], pages: AsyncIterator[Iterable[Line]]
) -> Stream:
    """A file to keep, in the reader's language.

    The first page is read before the answer begins, so that a record that cannot be read is told as on any page. If one
    fails later the connection breaks: half a list never passes for a whole one.

    Args:
        name: of the file, in plain letters, without its ending.
        columns: catalogue keys of the column names.
        pages: the lines, some at a time; see `in_pages`.
    """
    spoken, now = language(request), site_of(request).store.clock()
    separator = SEPARATORS[spoken]
    first = written(await anext(pages, []), separator)

    async def chunks() -> AsyncIterator[str]:
        yield MARK + written([[text(column, spoken) for column in columns]], separator) + first
        async for lines in pages:
            yield written(lines, separator)

    return Stream(
        chunks(),
        media_type="text/csv",
        headers={
            "content-disposition": f'attachment; filename="{name}-{now:%Y-%m-%d}.csv"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "content-language": spoken,
        },
    )


async def in_pages(
    store: Store, read: Callable[[UnitOfWork, Wanted], Awaitable[Page[T]]], line: Callable[[T], Line]
) -> AsyncIterator[list[Line]]:
    """The lines of a list that is found page by page, each page as the record is when it is read.

    Args:
        read: one page of the list, in a unit of work of its own.
        line: an item's cells.
    """
    last: Position | None = None
    while True:
        wanted = Wanted(LINES, Seek.FIRST if last is None else Seek.NEXT, last=last)
        found = await store.browse(lambda uow, wanted=wanted: read(uow, wanted))  # type: ignore[misc]
        yield [line(item) for item in found.items]
        last = found.last
        if last is None or not found.more_after:
            return


def harmless(cell: Cell) -> Cell:
    """The cell with an apostrophe before it where a spreadsheet would take it for a formula; numbers are ours.

    Blanks and marks that nobody sees count as if they were not there.
    """
    if not isinstance(cell, str) or not cell:
        return cell
    if cell[0] in _BREAKS or next((one for one in cell if not _unseen(one)), "") in _FORMULA:
        return f"'{cell}"
    return cell


def _unseen(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")


def written(lines: Iterable[Line], separator: str) -> str:
    """The lines as a file has them, harmless to a spreadsheet."""
    text_ = io.StringIO()
    csv.writer(text_, delimiter=separator, lineterminator="\r\n").writerows(
        [harmless(c) for c in line] for line in lines
    )
    return text_.getvalue()
