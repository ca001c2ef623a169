"""A line of the table of results."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement and its limit."""

    name: str
    what: str
    measured: float
    limit: float | None
    """None: no limit."""
    at_least: bool
    sides: str

    @property
    def reached(self) -> bool:
        """Whether the measurement is within the limit."""
        if self.limit is None:
            return True
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    @property
    def line(self) -> str:
        """Return the line that is printed."""
        limit = "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:6.2f}"
        sides = f"  ({self.sides})" if self.sides else ""
        return f"{self.name:5} {self.measured:9.2f}  {limit:8}  {self.what}{sides}{'' if self.reached else '  not reached'}"


def unlimited(name: str, what: str, measured: float, sides: str = "") -> Figure:
    """Return a figure without a limit."""
    return Figure(name, what, measured, None, at_least=True, sides=sides)
