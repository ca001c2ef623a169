"""What speaks against the person named as the one who accepted: a warning to look again, never a refusal (R24, X14).

Nobody on the partner's side may accept for the customer. Whether somebody did cannot be known; an address can hint at it.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum


class AcceptorWarning(StrEnum):
    """Why the acceptor's address looks wrong."""

    PARTNER_DOMAIN = "partner_domain"
    """It is at a mail domain of the partner."""
    RESELLER_DOMAIN = "reseller_domain"
    """It is at a mail domain of a reseller that the partner works with."""
    OWN_ADDRESS = "own_address"
    """It is the very address that the confirming user signs in with."""


def warnings(
    email: str, partner_domains: Iterable[str], reseller_domains: Iterable[str], user_name: str | None
) -> tuple[AcceptorWarning, ...]:
    """Everything that speaks against the acceptor's address; nothing for one of the customer's own.

    Whole domains and those below them count, in any case, in letters of any script or as the name system spells them.

    Args:
        email: the acceptor's address, of valid form.
        user_name: what the confirming user signs in with; None: an application has no address.
    """
    return tuple(_found(email.strip(), partner_domains, reseller_domains, (user_name or "").strip()))


def _found(
    email: str, partner_domains: Iterable[str], reseller_domains: Iterable[str], user_name: str
) -> Iterator[AcceptorWarning]:
    local, _, domain = email.rpartition("@")
    labels = _spelled(domain).split(".")
    above = {".".join(labels[start:]) for start in range(len(labels))}
    if any(_spelled(known) in above for known in partner_domains):
        yield AcceptorWarning.PARTNER_DOMAIN
    if any(_spelled(known) in above for known in reseller_domains):
        yield AcceptorWarning.RESELLER_DOMAIN
    own, _, own_domain = user_name.rpartition("@")
    if own and (own.casefold(), _spelled(own_domain)) == (local.casefold(), ".".join(labels)):
        yield AcceptorWarning.OWN_ADDRESS


def _spelled(domain: str) -> str:
    """A domain as the name system spells it, in lower case; one that it cannot spell stays in its own letters."""
    written = domain.strip().rstrip(".").lower()
    if written.isascii():
        return written
    try:
        return written.encode("idna").decode("ascii")
    except UnicodeError:
        return written.casefold()
