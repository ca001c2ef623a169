"""One line of the table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and its limit."""

    name: str
    what: str
    measured: float
    limit: float | None
    """None: it is printed, and nothing is required of it."""
    at_least: bool
    sides: str

    @property
    def reached(self) -> bool:
        """Whether the limit is kept."""
        if self.limit is None:
            return True
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    @property
    def line(self) -> str:
        """The line as it is printed."""
        limit = "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:6.2f}"
        sides = f"  ({self.sides})" if self.sides else ""
        return f"{self.name:5} {self.measured:9.2f}  {limit:8}  {self.what}{sides}{'' if self.reached else '  not reached'}"


def unlimited(name: str, what: str, measured: float, sides: str = "") -> Figure:
    """A figure without a limit."""
    return Figure(name, what, measured, None, at_least=True, sides=sides)
