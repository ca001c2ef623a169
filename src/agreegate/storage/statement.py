"""What several modules need to write SQL: bound values, lists of placeholders, beginnings of words."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from agreegate.storage.engine.unit_of_work import Value

T = TypeVar("T")

BEYOND = "\U0010ffff"
"""Comes after every character: a beginning, and the beginning followed by this, enclose every text that begins so."""
PORTION = 500
"""Maximum number of rows named in one statement."""


class Statement:
    """The values of a statement that is being written; their placeholders are `$1`, `$2` and so on."""

    def __init__(self, *values: Value) -> None:
        self.values = list(values)

    def bind(self, value: Value) -> str:
        """Add a value and return its placeholder."""
        self.values.append(value)
        return f"${len(self.values)}"

    def bind_all(self, values: Iterable[Value]) -> str:
        """Add values and return their placeholders, for `in (…)`; without values `null`, which is in no list."""
        return ", ".join(map(self.bind, values)) or "null"

    def begins(self, column: str, beginning: str) -> str:
        """SQL: the column begins with a text."""
        return f"{column} >= {self.bind(beginning)} and {column} < {self.bind(beginning + BEYOND)}"

    def contains(self, column: str, part: str) -> str:
        """SQL: the column contains a text, whose `%` and `_` stand for themselves."""
        literal = part.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        return f"{column} like {self.bind(f'%{literal}%')} escape '!'"


Condition = Callable[[Statement], str]
"""Writes SQL that is true or false."""


def portions(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Split items into portions that one statement can name."""
    for begin in range(0, len(items), PORTION):
        yield items[begin : begin + PORTION]
