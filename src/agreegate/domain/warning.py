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
    """It is the address of the employee who confirms: the one signed in, or the one behind a designated account."""


def warnings(
    email: str, partner_domains: Iterable[str], reseller_domains: Iterable[str], own_addresses: Iterable[str | None]
) -> tuple[AcceptorWarning, ...]:
    """Everything that speaks against the acceptor's address; nothing for one of the customer's own.

    Whole domains and those below them count, in any case, in letters of any script or as the name system spells them.

    Args:
        email: the acceptor's address, of valid form.
        own_addresses: of the employee who confirms; None: there is none, as of an application.
    """
    return tuple(_found(email, partner_domains, reseller_domains, own_addresses))


def _found(
    email: str, partner_domains: Iterable[str], reseller_domains: Iterable[str], own_addresses: Iterable[str | None]
) -> Iterator[AcceptorWarning]:
    local, domain = _parts(email)
    labels = domain.split(".")
    above = {".".join(labels[start:]) for start in range(len(labels))}
    if any(_spelled(known) in above for known in partner_domains):
        yield AcceptorWarning.PARTNER_DOMAIN
    if any(_spelled(known) in above for known in reseller_domains):
        yield AcceptorWarning.RESELLER_DOMAIN
    if local and any(_parts(address or "") == (local, domain) for address in own_addresses):
        yield AcceptorWarning.OWN_ADDRESS


def _parts(address: str) -> tuple[str, str]:
    """What stands before and after the last at sign, as two addresses are compared."""
    local, _, domain = address.strip().rpartition("@")
    return local.casefold(), _spelled(domain)


def _spelled(domain: str) -> str:
    """A domain as the name system spells it, in lower case; one that it cannot spell stays in its own letters."""
    written = domain.strip().rstrip(".").lower()
    if written.isascii():
        return written
    try:
        return written.encode("idna").decode("ascii")
    except UnicodeError:
        return written.casefold()
