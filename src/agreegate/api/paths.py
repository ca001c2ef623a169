"""One canonical form of each path, ahead of every route (decision 0002, contract 3.1, section 8).

Clients write `/v1//customers`, `/v1/Customers/{id}/` and more. Routes, idempotency keys and metrics see one form only.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import quote

from agreegate import text_link
from agreegate.domain.error import ErrorCode, Rejected

Scope = MutableMapping[str, Any]
App = Callable[[Any, Any, Any], Awaitable[None]]

# Only the contract's own paths: pages and our own API have one spelling and answer 404 to any other.
_CONTRACT = re.compile(r"/+(?:v1(?:\.0)?|webhooks)(?:/|\Z)", re.IGNORECASE | re.ASCII)
_VERSION = "v1.0"
"""The version as the contract's machine-readable description writes it (7.1)."""
LONGEST_SEGMENT = 255
"""Maximum characters of a segment of a route: a domain has 253 at most. Links to texts are longer."""
LONGEST_LINK = len("/texts/download/") + text_link.LONGEST
"""Maximum characters of a path that is a link to a text, all of them ASCII."""
_BRACED = re.compile(r"\{([^{}]+)\}")
_GUID = re.compile(r"\{?([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}?")


class _Node:
    """What may follow a prefix of the contract's paths."""

    __slots__ = ("ends", "literals", "parameter", "spelling")

    def __init__(self, spelling: str = "") -> None:
        self.spelling = spelling
        """The contract's spelling of the segment that leads here; empty for an id."""
        self.literals: dict[str, _Node] = {}
        """By lower case."""
        self.parameter: _Node | None = None
        self.ends = False
        """Whether a path may end here."""

    def add(self, segments: list[str]) -> None:
        if not segments:
            self.ends = True
            return
        segment, *rest = segments
        if segment.startswith("{"):
            self.parameter = self.parameter or _Node()
            self.parameter.add(rest)
        else:
            self.literals.setdefault(segment.lower(), _Node(segment)).add(rest)

    def canonical(self, segments: list[str]) -> list[str] | None:
        """Return the segments with the contract's literals; None when the contract has no such path.

        Where a literal and an id may stand, the literal is tried first.
        """
        if not segments:
            return [] if self.ends else None
        segment, *rest = segments
        for node in (self.literals.get(segment.lower()), self.parameter):
            if node is not None and (found := node.canonical(rest)) is not None:
                return [node.spelling or segment, *found]
        return None


class PathNormaliser:
    """Gives each path of the contract its canonical form."""

    def __init__(self, templates: Iterable[str]) -> None:
        """Take the routes, such as `/v1/customers/{customer_id}/orders/{order_id}`, in the spelling to be kept."""
        self._root = _Node()
        for template in templates:
            self._root.add(_segments(template))

    def canonical_path(self, path: str) -> str:
        """Return the path with single slashes, none at the end, no braces around segments, and the contract's literals.

        Ids keep their case, also an id that is a literal elsewhere in the contract. A path below `/v1` without a route only
        loses slashes and braces. Paths outside `/v1` and `/webhooks` stay as they are.
        """
        if not _CONTRACT.match(path):
            return path
        segments = [_unbraced(segment) for segment in _segments(path)]
        if segments[0].lower() == _VERSION:
            segments[0] = "v1"
        return "/" + "/".join(self._root.canonical(segments) or [segments[0].lower(), *segments[1:]])


class NormalisedPaths:
    """ASGI middleware that gives the application canonical, short paths.

    The framework caches the last thousand paths that led to a route, strangers' requests included.
    """

    def __init__(self, app: App, normaliser: PathNormaliser) -> None:
        self._app = app
        self._canonical_path = normaliser.canonical_path

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Pass the request on, with a new scope when the path changes."""
        if scope["type"] == "http":
            path = scope["path"]
            canonical = self._canonical_path(path)
            if len(canonical) > LONGEST_SEGMENT:
                canonical = _shortened(canonical)
            if canonical != path:
                raw_path = quote(canonical, safe="/!$&'()*+,;=:@~").encode("ascii")
                scope = {**scope, "path": canonical, "raw_path": raw_path}
        await self._app(scope, receive, send)


def _shortened(path: str) -> str:
    """Return the path with its long segments cut, still too long for any route; a path that may be a text link stays."""
    if path.isascii() and len(path) <= LONGEST_LINK:
        return path
    return "/".join(segment[: LONGEST_SEGMENT + 1] for segment in path.split("/"))


def as_guid(text: str, name: str, code: ErrorCode = "request.malformed-id") -> str:
    """Return the GUID in lower case, from 36 characters with hyphens in any case, with or without braces around them.

    Args:
        text: the segment, parameter or member as sent.
        name: what the error calls it.
        code: of the error.

    Raises:
        Rejected: anything else, also 32 digits without hyphens: .NET's and PowerShell's ids always have them.
    """
    found = _GUID.fullmatch(text)
    if found is None or len(text) == 37:  # 37: only one brace
        raise Rejected(code, name=name)
    return found[1].lower()


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _unbraced(segment: str) -> str:
    found = _BRACED.fullmatch(segment)
    return found[1] if found else segment
