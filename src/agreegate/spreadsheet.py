"""Writes CSV as spreadsheets open it, without formulas. A leaf for the edges.

Columns are separated by semicolons in French, by commas in English: a spreadsheet set to French reads a comma as a decimal
mark. Lines end as in RFC 4180.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

Cell = str | int | None
"""The value of one column; None leaves it empty."""
Line = Sequence[Cell]

SEPARATORS = {"en": ",", "fr": ";"}
MARK = "\ufeff"
"""Begins a file in UTF-8: without it a spreadsheet takes it for the machine's old code page and breaks every accent."""
_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""Characters that begin a formula; the last four are the wide forms."""
_BREAKS = frozenset("\t\r\n")


def written(lines: Iterable[Line], separator: str) -> str:
    """Return the lines as the text of a file."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows(
        [harmless(cell) for cell in line] for line in lines
    )
    return text.getvalue()


def harmless(cell: Cell) -> Cell:
    """Return the cell, with an apostrophe before it where a spreadsheet would read it as a formula.

    Blanks and invisible characters before the formula do not count.
    """
    if not isinstance(cell, str) or not cell:
        return cell
    if cell[0] in _BREAKS or next((one for one in cell if not _unseen(one)), "") in _FORMULA:
        return f"'{cell}"
    return cell


def _unseen(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")
