"""The search for a linked partner by name (contract 7.1)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from agreegate.domain.customers.customer import search_key


class NameMatch(StrEnum):
    """How a name must match the text."""

    STARTS_WITH = "startswith"
    SUBSTRING = "substring"
    EQUALS = "equals"


@dataclass(frozen=True, slots=True)
class NameSearch:
    """One condition on a name, in any case of letters."""

    match: NameMatch
    value: str

    def finds(self, name: str) -> bool:
        """Return whether a name meets the condition."""
        key, value = search_key(name), search_key(self.value)
        match self.match:
            case NameMatch.STARTS_WITH:
                return key.startswith(value)
            case NameMatch.SUBSTRING:
                return value in key
            case NameMatch.EQUALS:
                return key == value
            case _:
                assert_never(self.match)
