"""The form of an e-mail address (R16); no mail system is asked."""

import re
from unicodedata import bidirectional, category, combining

from agreegate.domain.characters import UNSEEN

EMAIL_LENGTH = 254
# The classic form: a local part that is dotted (the characters RFC 5322 allows unquoted, and letters beyond ASCII as in
# RFC 6531) or quoted; then a dotted domain, or an IPv4 address in brackets.
_ATOM = r"[^\s\x00-\x20()<>\[\]:;,\\\"@.\x7f]+"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_TOP_LABEL = r"[^\W\d_](?:[\w-]{0,61}[^\W_])?"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_EMAIL = re.compile(
    rf"(?:{_ATOM}(?:\.{_ATOM})*|\"(?:[^\x00-\x1f\"\\\x7f]|\\[^\x00-\x1f\x7f])+\")"
    rf"@(?:(?:{_LABEL}\.)+{_TOP_LABEL}|\[{_OCTET}(?:\.{_OCTET}){{3}}\])"
)

_SIGNS = frozenset("\u0375\u05f3\u05f4\u06fd\u06fe\u0f0b\u30fb")
r"""Signs that a domain may have beside letters and digits (IDNA 2008, RFC 5892), and that `\w` does not match."""
_ANY_LETTER = "a"
_MIDDLE_DOT = "\u00b7"
_NON_JOINER, _JOINER = "\u200c", "\u200d"
_VIRAMA = 9
"""The combining class of signs after which a joiner or non-joiner may stand, as in Sinhala."""


def valid_email(address: str) -> bool:
    """Return whether a text has the form of an e-mail address (R16)."""
    if len(address) > EMAIL_LENGTH:
        return False
    if not address.isascii():
        local, at, domain = address.rpartition("@")
        address = local + at + _letters_of(domain)
        if not UNSEEN.isdisjoint(map(category, address)):
            return False
    return _EMAIL.fullmatch(address) is not None


def _letters_of(domain: str) -> str:
    """Replace each mark, and each sign that IDNA 2008 allows at its place, by a letter that the pattern accepts."""
    return "".join(
        _ANY_LETTER
        if sign in _SIGNS
        or category(sign).startswith("M")
        or (sign == _MIDDLE_DOT and before.lower() == after.lower() == "l")
        or (sign in (_NON_JOINER, _JOINER) and combining(before) == _VIRAMA)
        or (sign == _NON_JOINER and _arabic(before) and _arabic(after))
        else sign
        for before, sign, after in zip(f" {domain}", domain, f"{domain} "[1:], strict=False)
    )


def _arabic(sign: str) -> bool:
    """Return whether a sign is a letter of Arabic or of another script with joined letters."""
    return bidirectional(sign) == "AL"
