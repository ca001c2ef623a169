"""The form of an e-mail address (R16). Nothing is asked of the mail system."""

import re
from unicodedata import bidirectional, category, combining

from agreegate.domain.characters import UNSEEN

EMAIL_LENGTH = 254
# The classic form: a local part that is dotted (the characters RFC 5322 allows unquoted, and letters beyond ASCII as in
# RFC 6531) or quoted; then a dotted domain, or an IPv4 address in brackets. Only the form is checked (R16).
_ATOM = r"[^\s\x00-\x20()<>\[\]:;,\\\"@.\x7f]+"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_TOP_LABEL = r"[^\W\d_](?:[\w-]{0,61}[^\W_])?"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_EMAIL = re.compile(
    rf"(?:{_ATOM}(?:\.{_ATOM})*|\"(?:[^\x00-\x1f\"\\\x7f]|\\[^\x00-\x1f\x7f])+\")"
    rf"@(?:(?:{_LABEL}\.)+{_TOP_LABEL}|\[{_OCTET}(?:\.{_OCTET}){{3}}\])"
)

_SIGNS = frozenset("\u0375\u05f3\u05f4\u06fd\u06fe\u0f0b\u30fb")
"""Signs of scripts that a domain may have beside letters and digits (IDNA 2008, RFC 5892): `re` counts them as neither."""
_ANY_LETTER = "a"
_MIDDLE_DOT = "\u00b7"
_NON_JOINER, _JOINER = "\u200c", "\u200d"
_VIRAMA = 9
"""The combining class of signs after which letters are joined or kept apart, as in Sinhala."""


def valid_email(address: str) -> bool:
    """Whether the text has the form of an e-mail address (R16)."""
    if len(address) > EMAIL_LENGTH:
        return False
    if not address.isascii():
        local, at, domain = address.rpartition("@")
        address = local + at + _letters_of(domain)
        if not UNSEEN.isdisjoint(map(category, address)):
            return False
    return _EMAIL.fullmatch(address) is not None


def _letters_of(domain: str) -> str:
    """The domain with a letter for each mark, and for each sign that IDNA 2008 allows where it is. The form refuses others."""
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
    """Whether it is a letter of Arabic or of another script whose letters join."""
    return bidirectional(sign) == "AL"
