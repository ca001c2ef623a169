"""Answers requests for the public name only: a forged `Host` header cannot put another name into links or caches."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any
from urllib.parse import urlsplit

from agreegate.api.asgi import send_reply
from agreegate.api.exchange import unrouted
from agreegate.domain.error import Rejected

App = Callable[[Any, Any, Any], Awaitable[None]]
AtOnce = Callable[[list[tuple[bytes, bytes]], bytes], bytes | None]

UNNAMED = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths of probes, which know an address and no name."""


def hosts_of(public_url: str) -> frozenset[bytes]:
    """Return the `Host` values of a public URL: with its port, and without it when it is the scheme's own."""
    parts = urlsplit(public_url)
    name = (parts.hostname or "").encode("idna" if not (parts.hostname or "").isascii() else "ascii")
    usual = {"http": 80, "https": 443}[parts.scheme]
    shown = b"[%s]" % name if b":" in name else name
    with_port = b"%s:%d" % (shown, parts.port or usual)
    return frozenset({shown, with_port} if (parts.port or usual) == usual else {with_port})


class KnownHosts:
    """Refuses a request for any other name. A trusted proxy may state the name that its client asked for.

    Where several proxies have written the header, the first value is the name that the client asked for.
    """

    def __init__(self, app: App, hosts: Collection[bytes], proxies: Collection[str] = ()) -> None:
        self._app = app
        self._at_once: AtOnce | None = getattr(app, "at_once", None)
        self._hosts = frozenset(hosts)
        self._proxies = frozenset(proxies)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand the request on, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in UNNAMED:
            host, forwarded = b"", None
            for header, value in scope["headers"]:
                if header == b"host":
                    host = value
                elif header == b"x-forwarded-host" and forwarded is None:
                    forwarded = value.partition(b",")[0].strip()
            if forwarded and scope["client"] and scope["client"][0] in self._proxies:
                host = forwarded
            if host.lower() not in self._hosts:
                await send_reply(send, unrouted(Rejected("request.host-unknown"), scope["headers"]))
                return
        await self._app(scope, receive, send)

    def at_once(self, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes | None:
        """Return the application's immediate answer to a request for a public name; None: ask in full."""
        host = b""
        for header, value in headers:
            if header == b"host":
                host = value
            elif header == b"x-forwarded-host":
                return None
        if self._at_once is None or host.lower() not in self._hosts:
            return None
        return self._at_once(headers, body)
