"""Parse the query and the cookies of a request ourselves: the framework caches the last thousand of each, strangers' too."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.datastructures import MultiDict


def parsed(encoded: bytes) -> list[tuple[str, str]]:
    """The names and values of a query or of an encoded form, in its order."""
    return parse_qsl(encoded.decode("latin-1"), keep_blank_values=True)


def cookies_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """The cookies of a request. No cookie of ours has a value that needs quotes, so quotes stay."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
    pairs = (pair.partition("=") for pair in ";".join(lines).split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


class BoundedRequest(Request[Any, Any, Any]):
    """A request of which nothing is kept once it is answered."""

    @property
    def query_params(self) -> MultiDict[Any]:
        """The parameters of the query."""
        return MultiDict(parsed(self.scope["query_string"]))

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies."""
        return cookies_of(self.scope)
