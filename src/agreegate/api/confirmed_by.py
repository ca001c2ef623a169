"""The header `Agreegate-Confirmed-By: name <mail>; ref=…`: the employee behind a designated account (R28).

A name may be quoted, and beyond ASCII it is UTF-8 or encoded as in mail (RFC 2047), which is what many HTTP clients can send.
"""

import re
from email.charset import UNKNOWN8BIT
from email.errors import HeaderParseError
from email.header import decode_header, make_header

from agreegate.domain.confirmation import Employee
from agreegate.domain.error import Rejected

NAME = "Agreegate-Confirmed-By"

# Each blank can belong to one part only, else a header of many blanks is tried in millions of ways. Parts are stripped later.
_QUOTED = r'\s*"(?:[^"\\]|\\.)*"\s*'
_PARTS = re.compile(
    rf"(?P<name>{_QUOTED}|\s*[^<>;\s\"][^<>;]*)(?:<(?P<email>[^<>]*)>\s*)?(?:;\s*ref=(?P<ref>{_QUOTED}|[^;]*))?"
)
_ESCAPED = re.compile(r"\\(.)")


def confirmed_by(header: str | None) -> Employee | None:
    """Return the employee that the header names; None when it is absent or empty.

    Args:
        header: the value, one character a byte.

    Raises:
        `request.not-utf8`: the bytes are neither UTF-8 nor encoded as in RFC 2047.
        `request.invalid-property`: the header cannot be read.
    """
    if header is None or not header.strip():
        return None
    try:
        parts = _PARTS.fullmatch(header.encode("latin-1").decode())
        if parts is None:
            raise Rejected("request.invalid-property", name=NAME)
        reference = parts["ref"]
        return Employee(_decoded(parts["name"]), parts["email"], None if reference is None else _decoded(reference))
    except UnicodeDecodeError:
        raise Rejected("request.not-utf8", name=NAME) from None
    except (HeaderParseError, LookupError, ValueError):
        raise Rejected("request.invalid-property", name=NAME) from None


def _decoded(part: str) -> str:
    """Return a part without its quotation marks, its encoded words decoded."""
    stripped = part.strip()
    if stripped.startswith('"'):
        stripped = _ESCAPED.sub(r"\1", stripped[1:-1])
    if "=?" not in stripped:
        return stripped
    words = decode_header(stripped)
    # Mail programs write this for bytes whose encoding they do not know. Decoded, letters would be lost.
    if any(charset == UNKNOWN8BIT for _, charset in words):
        raise Rejected("request.not-utf8", name=NAME)
    return str(make_header(words)).encode().decode()  # refuses halves of a character, which UTF-7 may stand for
