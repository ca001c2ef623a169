"""Warnings about the person who accepted; they refuse nothing (R24, X14).

Nobody on the partner's side may accept for the customer. An e-mail address can hint that somebody did.
"""

from collections.abc import Iterable
from enum import StrEnum


class AcceptorWarning(StrEnum):
    """Why the acceptor's address may be wrong."""

    PARTNER_DOMAIN = "partner_domain"
    """The address is at a mail domain of the partner."""
    RESELLER_DOMAIN = "reseller_domain"
    """The address is at a mail domain of one of the partner's resellers."""
    OWN_ADDRESS = "own_address"
    """The address is of the employee who confirms: signed in, or behind a designated account."""


def warnings(
    email: str, partner_domains: Iterable[str], reseller_domains: Iterable[str], own_addresses: Iterable[str | None]
) -> tuple[AcceptorWarning, ...]:
    """Return the warnings about the acceptor's address.

    Subdomains count too. Domains are compared in any case of letters, as Unicode or as IDNA.

    Args:
        email: the acceptor's address, of valid form.
        own_addresses: of the employee who confirms; None: an application confirms.
    """
    local, domain = _parts(email)
    labels = domain.split(".")
    above = {".".join(labels[start:]) for start in range(len(labels))}
    found = {
        AcceptorWarning.PARTNER_DOMAIN: any(_idna(known) in above for known in partner_domains),
        AcceptorWarning.RESELLER_DOMAIN: any(_idna(known) in above for known in reseller_domains),
        AcceptorWarning.OWN_ADDRESS: bool(local) and (local, domain) in (_parts(one or "") for one in own_addresses),
    }
    return tuple(warning for warning, applies in found.items() if applies)


def _parts(address: str) -> tuple[str, str]:
    """Return the parts before and after the last at sign, ready to compare."""
    local, _, domain = address.strip().rpartition("@")
    return local.casefold(), _idna(domain)


def _idna(domain: str) -> str:
    """Return a domain as IDNA in lower case; a domain that IDNA cannot write stays in its own letters."""
    written = domain.strip().rstrip(".").lower()
    if written.isascii():
        return written
    try:
        return written.encode("idna").decode("ascii")
    except UnicodeError:
        return written.casefold()
