"""Lines as spreadsheets open them: CSV in the reader's language, of which nothing is run. A leaf for the edges.

French columns are parted by semicolons, English ones by commas: a spreadsheet set to French reads a comma as a decimal
mark. Lines end as RFC 4180 says.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

Cell = str | int | None
"""What stands in one column of a line; None leaves it empty."""
Line = Sequence[Cell]

SEPARATORS = {"en": ",", "fr": ";"}
MARK = "\ufeff"
"""Begins a file in UTF-8: without it a spreadsheet takes it for the machine's old code page and breaks every accent."""
_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet takes for the beginning of a formula; the last four are the wide forms."""
_BREAKS = frozenset("\t\r\n")


def written(lines: Iterable[Line], separator: str) -> str:
    """The lines as a file has them."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows(
        [harmless(cell) for cell in line] for line in lines
    )
    return text.getvalue()


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
