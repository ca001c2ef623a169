"""A request to an ASGI application as the server hands it over: to the letter, and a small body in one message."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx2
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute


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
    body: bytes | AsyncIterable[bytes] = b"",
) -> Answer:
    """Send a request. A body that is one piece is one message, as it is over a network; the client goes away once it has its answer.

    Args:
        target: path and query as they are on the line, percent-encoded or not.
    """
    raw_path, _, query = target.partition(b"?")
    messages = _messages(_alone(body) if isinstance(body, bytes) else body)
    sent: list[dict[str, Any]] = []
    answered = asyncio.Event()

    async def receive() -> dict[str, Any]:
        async for message in messages:
            return message
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            answered.set()

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
    given = {bytes(name).lower(): bytes(value) for name, value in start["headers"]}
    return Answer(start["status"], given, b"".join(message.get("body", b"") for message in rest))


async def _alone(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _messages(pieces: AsyncIterable[bytes]) -> AsyncIterator[dict[str, Any]]:
    held: bytes | None = None
    async for piece in pieces:
        if held is not None:
            yield {"type": "http.request", "body": held, "more_body": True}
        held = piece
    yield {"type": "http.request", "body": held or b"", "more_body": False}


class Transport(httpx2.AsyncBaseTransport):
    """Lets a client speak to an application in its own process."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        assert isinstance(request.stream, httpx2.AsyncByteStream)
        answer = await call(self._app, request.method, request.url.raw_path, request.headers.raw, request.stream)
        body = b"" if request.method == "HEAD" else answer.body
        return httpx2.Response(answer.status, headers=list(answer.headers.items()), content=body)


def handlers(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    """Every handler, but for the framework's own that list a path's methods."""
    for route in app.routes:
        assert isinstance(route, HTTPRoute), "a kind of route that nothing here looks at"
        for handler in route.route_handlers:
            if handler.http_methods != {"OPTIONS"}:
                yield route.path, handler
