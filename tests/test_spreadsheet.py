"""Lines for a spreadsheet: nothing in them is taken for a formula."""

import pytest

from agreegate.spreadsheet import harmless, written


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Cedar Bakery", "Cedar Bakery"),
        ("", ""),
        (None, None),
        (-5, -5),
        ("a=b", "a=b"),
        ("=cmd()", "'=cmd()"),
        ("+1 555", "'+1 555"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("  =cmd()", "'  =cmd()"),
        ("\u00a0=cmd()", "'\u00a0=cmd()"),
        ("\u200f=cmd()", "'\u200f=cmd()"),
        ("\ufeff\x00=cmd()", "'\ufeff\x00=cmd()"),
        ("\uff1dcmd()", "'\uff1dcmd()"),
        ("\u05d7\u05d1\u05e8\u05d4", "\u05d7\u05d1\u05e8\u05d4"),
    ],
)
def test_a_formula_becomes_text(cell: str | int | None, expected: str | int | None) -> None:
    assert harmless(cell) == expected


def test_lines_end_as_the_standard_says() -> None:
    assert written([["Frêne; Paris", 1, None], ["=cmd()"]], ";") == '"Frêne; Paris";1;\r\n\'=cmd()\r\n'
