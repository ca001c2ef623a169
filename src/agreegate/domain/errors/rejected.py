"""The two ways in which something is not done: a rule refuses it, or the record cannot be reached."""

import re
from collections.abc import Mapping
from typing import ClassVar, Self

_PLACE = re.compile(r"\[\d*\]")


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

    def renamed(self, names: Mapping[str, str]) -> Self:
        """The same error with its member under the name that a door gives it; unchanged where `names` has none.

        Args:
            names: the door's name for each of the domain's. A member of a list is named without its place: `lines[].offer_id`.
        """
        name = str(self.parameters.get("name", ""))
        given, places = names.get(_PLACE.sub("[]", name)), iter(_PLACE.findall(name))
        if given is None:
            return self
        return type(self)(**self.parameters | {"name": _PLACE.sub(lambda _: next(places), given)})


class StoreUnavailable(Exception):
    """The record cannot be read or written now. Not a rule: the gate fails closed on it (D15)."""
