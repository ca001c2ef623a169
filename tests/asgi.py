"""A request to an ASGI application exactly as it is given: no client between, which would tidy it up."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


async def call(
    app: Any,
    method: str,
    target: bytes,
    headers: Iterable[tuple[bytes, bytes]] = (),
    pieces: Iterable[bytes] = (b"",),
) -> Answer:
    """Send a request as the server hands it over, its body in pieces; a client that says no more goes away.

    Args:
        target: path and query as they are on the line, percent-encoded or not.
    """
    raw_path, _, query = target.partition(b"?")
    parts = list(pieces)
    messages = [
        {"type": "http.request", "body": piece, "more_body": at < len(parts) - 1} for at, piece in enumerate(parts)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(raw_path).decode("utf-8", "replace"),
        "raw_path": raw_path,
        "root_path": "",
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in headers],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8400),
        "state": {},
    }
    await app(scope, receive, send)
    start, *rest = sent
    assert start["type"] == "http.response.start"
    assert all(message["type"] == "http.response.body" for message in rest)
    body = b"".join(message.get("body", b"") for message in rest)
    given = {bytes(name).lower(): bytes(value) for name, value in start["headers"]}
    return Answer(start["status"], given, body)
