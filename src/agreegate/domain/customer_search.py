"""How customers are looked for in the dashboard: by what is typed, how they stand, reseller and country."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agreegate.domain.customer import CustomerId
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State

LONGEST_TEXT = 200
MOST_WORDS = 8
REFUSED = "!"
LISTED = (State.CURRENT, State.MISSING, State.ENDED)
"""The states that lists count and filter by. Theirs change when something is recorded, and not by themselves: an outdated
confirmation opens the gate too, and counts as current there. Which of the customers shown are outdated is looked up."""
_UNTYPED = frozenset({"Cc", "Cf", "Cs"})


@dataclass(frozen=True, slots=True)
class CustomerSearch:
    """What is looked for; every condition must fit."""

    text: str = ""
    """Beginnings of words of the name, the beginning of the domain, or a whole customer id."""
    state: State | None = None
    country: str | None = None
    """Two capitals."""
    reseller: PartnerId | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """What is typed, word by word; what has no letter or digit is left out."""
        typed = "".join(" " if unicodedata.category(c) in _UNTYPED else c for c in self.text[:LONGEST_TEXT])
        return tuple(word for word in typed.split() if any(c.isalnum() for c in word))[:MOST_WORDS]

    @property
    def domain(self) -> str | None:
        """What is typed as the beginning of a domain name; None where it cannot be one."""
        typed = self.text.strip().lower()
        return (
            typed
            if typed.isascii() and typed and not set(typed) - set("abcdefghijklmnopqrstuvwxyz0123456789.-")
            else None
        )

    @property
    def customer(self) -> CustomerId | None:
        """The customer whose id is typed, with or without braces."""
        typed = self.text.strip()
        try:
            return CustomerId(str(UUID(typed))) if len(typed) in (36, 38) else None
        except ValueError:
            return None


def state_of(coverage: str, programme: Programme, at: datetime) -> State:
    """How a customer stands at an instant, by what is kept beside its name: as the gate would say it (contract 4.14).

    Args:
        coverage: ids of the templates whose confirmations count, parted by blanks; `!` first where the customer was
            recorded as no longer agreeing.
    """
    templates = [programme.template(id_) for id_ in coverage.removeprefix(REFUSED).split()]
    known = [template for template in templates if template is not None]
    if any(template.opens_gate(at) for template in known):
        return State.CURRENT
    if coverage.startswith(REFUSED) and not any(template.has_opened(at) for template in known):
        return State.ENDED
    return State.MISSING


def fits(search: CustomerSearch, name: str, domain: str) -> bool:
    """Whether a customer is one of those that the typed text looks for."""
    if search.domain is not None and domain.startswith(search.domain):
        return True
    begun = [" ".join(_folded(word)) for word in search.words]
    present = " " + " ".join(_folded(name))
    return bool(begun) and all(f" {word}" in present for word in begun)


def _folded(text: str) -> list[str]:
    """The words of a text: letters and digits, in any case and without accents."""
    bare = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(c if c.isalnum() else " " for c in bare).casefold().split()
