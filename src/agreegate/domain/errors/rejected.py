"""The two ways in which something is not done: a rule refuses it, or the record cannot be reached."""

from typing import ClassVar


class Rejected(Exception):
    """A request that a rule refuses. Nothing was changed by it.

    `key` finds the sentence in the catalogues; `parameters` fill it. Parameters never hold personal data.
    """

    key: ClassVar[str]

    def __init__(self, **parameters: str | int) -> None:
        super().__init__(self.key)
        self.parameters = parameters

    @property
    def names(self) -> tuple[str, ...]:
        """What the error is about, for programs: a member, a parameter or an item, or the codes of the gate's reasons."""
        return (str(self.parameters["name"]),) if "name" in self.parameters else ()


class StoreUnavailable(Exception):
    """The record cannot be read or written now. Not a rule: the gate fails closed on it (D15)."""
