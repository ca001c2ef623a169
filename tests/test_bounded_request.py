"""Queries and cookies are read as browsers send them, and nothing of them is kept by the framework."""

from typing import Any

import pytest

from agreegate.bounded_request import BoundedRequest


def request(query: bytes = b"", *cookies: bytes) -> BoundedRequest:
    scope: Any = {
        "type": "http",
        "query_string": query,
        "headers": [(b"accept", b"*/*"), *((b"cookie", line) for line in cookies)],
    }
    return BoundedRequest(scope)


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        (b"", []),
        (b"q=caf%C3%A9+au+lait", [("q", "café au lait")]),
        (b"a=1&a=2&b", [("a", "1"), ("a", "2"), ("b", "")]),
        (b"a=&%61=%zz&;=\xe9", [("a", ""), ("a", "%zz"), (";", "é")]),
    ],
)
def test_a_query_is_parsed(query: bytes, pairs: list[tuple[str, str]]) -> None:
    assert list(request(query).query_params.items()) == pairs


@pytest.mark.parametrize(
    ("lines", "cookies"),
    [
        ((), {}),
        ((b"agreegate=abc; agreegate-language=fr",), {"agreegate": "abc", "agreegate-language": "fr"}),
        ((b"a=1;b=2=3 ;  c",), {"a": "1", "b": "2=3", "c": ""}),
        ((b"a=1", b"b=2"), {"a": "1", "b": "2"}),
        ((b'a="x"; a=\xe9',), {"a": "é"}),
    ],
)
def test_cookies_are_parsed(lines: tuple[bytes, ...], cookies: dict[str, str]) -> None:
    assert {name: value for name, value in request(b"", *lines).cookies.items() if name} == cookies
