"""Parses the query and the cookies of a request: the framework would cache the last thousand of each, strangers' too."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.datastructures import MultiDict


def parsed(encoded: bytes) -> list[tuple[str, str]]:
    """Return the names and values of a query or of an encoded form, in order."""
    return parse_qsl(encoded.decode("latin-1"), keep_blank_values=True)


def cookies_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """Return the cookies of a request. Quotes stay: no cookie of Agreegate's needs any."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
    pairs = (pair.partition("=") for pair in ";".join(lines).split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


class BoundedRequest(Request[Any, Any, Any]):
    """A request whose query and cookies are not cached."""

    @property
    def query_params(self) -> MultiDict[Any]:
        """The parameters of the query."""
        return MultiDict(parsed(self.scope["query_string"]))

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies."""
        return cookies_of(self.scope)
