"""`docs/gate.md` says what the gate does: its tables are the code's own answers, its codes are the closed list."""

import re

from agreegate.domain.reason import Code
from tools.generate_gate import PAGE, page

WRITTEN = PAGE.read_text(encoding="utf-8")


def test_the_page_is_current() -> None:
    assert page(WRITTEN) == WRITTEN, "run: make docs"


def test_every_code_is_explained_once_in_the_order_of_decide() -> None:
    explained = re.findall(r"^\| `([a-z.]+)` \| (?:refuses|advises)", WRITTEN, re.MULTILINE)
    assert explained == [*Code]


def test_what_was_written_between_the_markers_by_hand_does_not_last() -> None:
    assert page(WRITTEN.replace("**deny**", "allow")) == WRITTEN
