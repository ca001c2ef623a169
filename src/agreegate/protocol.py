"""HTTP on one connection: bounds of heads, time limits of clients, and the short way for questions to the gate.

A request with too much in its head never reaches the application: the framework would keep the last thousand queries and
cookies in memory, and parse them on the event loop.

`BoundedProtocol` is a subclass of the protocol that uvicorn uses by default, and the only place that relies on how uvicorn
works. `tests/test_protocol_base.py` states what each of these names does, and holds the list complete:

Overridden: `connection_made`, `connection_lost`, `data_received`, `on_headers_complete`, `on_body`, `on_message_complete`,
`on_response_complete`, `pause_writing`, `resume_writing`, `shutdown`, `timeout_keep_alive_handler`.

Read of the protocol: `client`, `cycle`, `expect_100_continue`, `flow`, `headers`, `loop`, `parser`, `pipeline`, `scope`,
`server_state`, `transport`, `url`; of a cycle: `disconnected`, `keep_alive`, `message_event`, `response_complete`,
`response_started`, `scope`, `waiting_for_100_continue`; of the flow: `read_paused`, `write_paused`; of the server's state:
`default_headers`, `total_requests`; of the configuration: `app`; of the module: `STATUS_LINE`.

Read of httptools' parser: `feed_data`, `get_http_version`, `get_method`, `should_keep_alive`, `should_upgrade`.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from agreegate.api.body import LARGEST_QUESTION
from agreegate.api.exchange import unrouted
from agreegate.api.host import AtOnce
from agreegate.client_connections import LINGER_SECONDS, Connections, Limits, Stage
from agreegate.domain.error import Rejected
from agreegate.hotpath import GATE

LONGEST_TARGET = 8 * 1024
"""Maximum bytes of a request's target: path and query."""
LARGEST_HEAD = 16 * 1024
"""Maximum bytes of a request before its body; a bearer token has to fit in. Also of what follows a body's last piece."""
LARGEST_COOKIES = 4 * 1024
"""Maximum bytes of all cookies of a request."""
MOST_COOKIES = 50
MOST_PARAMETERS = 100
"""Maximum parameters of a query."""
MOST_WAITING = 32
"""Maximum requests that wait on one connection for the answer to an earlier one."""

_GATE = GATE.encode()
_DECIDED = b"HTTP/1.1 200 OK\r\n%bcontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
_ANSWERED: dict[str, Any] = {"path": "", "headers": []}
"""The scope of an idle connection."""
_LINE = len("  HTTP/1.1\r\n\r\n")

Headers = list[tuple[bytes, bytes]]


class _Stopped(Exception):
    """Stops the parser, which reads no further."""


def excess_of(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> Rejected | None:
    """Return the first bound that the head of a request exceeds; None when it exceeds none."""
    size, cookies, cookie_bytes = len(method) + len(target) + _LINE, 0, 0
    for name, value in headers:
        size += len(name) + len(value) + 4  # with ": " and the end of the line
        if name == b"cookie":
            cookie_bytes += len(value)
            cookies += value.count(b";") + 1
    if len(target) > LONGEST_TARGET:
        return Rejected("request.target-too-long", limit=LONGEST_TARGET)
    if cookie_bytes > LARGEST_COOKIES or cookies > MOST_COOKIES:
        return Rejected("request.cookies-too-large", limit=LARGEST_COOKIES, most=MOST_COOKIES)
    if size > LARGEST_HEAD:
        return Rejected("request.head-too-large", limit=LARGEST_HEAD)
    if target.count(b"&") >= MOST_PARAMETERS and target.partition(b"?")[2].count(b"&") >= MOST_PARAMETERS:
        return Rejected("request.too-many-parameters", most=MOST_PARAMETERS)
    return None


class BoundedProtocol(HttpToolsProtocol):
    """HTTP for strangers: a request that is too large or too slow is answered with an error, and the connection ends.

    The gate's plain question is answered at once when no other request of the connection is under way: the task, scope and
    messages of an ASGI call cost as much as the check.
    """

    bounds: Connections | None = None
    """The connections that this one is counted with. A server's own subclass names them; None: it counts alone."""

    def __init__(self, config: uvicorn.Config, *arguments: Any, **named: Any) -> None:
        super().__init__(config, *arguments, **named)
        self._bounds = self.bounds or Connections(Limits())
        self._at_once: AtOnce | None = getattr(config.app, "at_once", None)
        self._always: tuple[Headers, bytes] = ([], b"")
        """The headers of every answer, as uvicorn keeps them and as they are sent."""
        self._held: bytes | None = None
        """The body so far of a question to the gate that the application does not have yet."""
        self._since = 0.0
        """When the connection began to wait for what it waits for now: a head, a body or another request."""
        self._awaits_head = True
        """Whether the bounds know that the connection waits for a head."""
        self._in_body = False
        """Whether the head of a request is complete, and its body is not."""
        self._received = 0
        """Bytes of that body."""
        self._unread = 0
        """Bytes of an incomplete head, or those after the last piece of a body that has not ended."""
        self._ended = False
        """Whether the last data completed a request."""
        self._plain_head: bytes | None = None
        """The head of a request that asks for another protocol, without that wish."""
        self._refused = False
        """Whether the server has stopped reading from this connection."""
        self._stalled: float | None = None
        """Since when the client takes nothing of an answer, or of the last bytes of a closed connection."""
        self._current: RequestResponseCycle | None = None
        """The request that the application works on; `cycle` is the newest request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection; refuse it when there are too many."""
        super().connection_made(transport)
        self._since = self.loop.time()
        if not self._bounds.admit(self, self.client[0] if self.client else None):
            self._give_up(Rejected("request.too-many-connections"))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting the connection."""
        self._bounds.leave(self)
        if self._current is not None and not self._current.response_complete:  # uvicorn tells the newest request alone
            self._current.disconnected = True
            self._current.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data; refuse a request whose head is too large."""
        if self._refused:
            return
        in_body, received = self._in_body, self._received
        self._ended = False
        self._parse(data)
        if self._in_body:
            no_progress = in_body and not self._ended and self._received == received
            self._unread = self._unread + len(data) if no_progress else 0
            if not in_body or self._ended:
                self._since = self.loop.time()
        elif self.scope is not None and "path" not in self.scope:  # a scope gets its path when its head is complete
            self._unread = len(self.url) if self._ended else self._unread + len(data)
            if not self._awaits_head:
                self._awaits_head, self._since = True, self.loop.time()
                self._bounds.await_head(self)
        if self._unread > LARGEST_HEAD:
            self._give_up(
                excess_of(b"", self.url, self.headers) or Rejected("request.head-too-large", limit=LARGEST_HEAD)
            )

    def on_headers_complete(self) -> None:
        """Refuse a head that exceeds a bound; hold a question to the gate back until its body is complete."""
        method = self.parser.get_method()
        excess = excess_of(method, self.url, self.headers)
        if excess is not None or len(self.pipeline) >= MOST_WAITING or method == b"CONNECT":
            self._give_up(excess or Rejected("request.malformed"))
            raise _Stopped
        if self.parser.should_upgrade():
            kept = [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
            version = self.parser.get_http_version().encode()
            self._plain_head = b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, version, b"".join(kept))
            return
        if self._awaits_head:
            self._awaits_head = False
            self._bounds.take_head(self)
        self._received = self._unread = 0
        self.headers = []  # a trailer after the body is no header: the scope has those
        if (
            self.url == _GATE
            and self._at_once is not None
            and method == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not (self.expect_100_continue or self.flow.write_paused)
            and (self.cycle is None or self.cycle.response_complete)
        ):
            self._held = b""
            self.scope["path"] = GATE
        else:
            self._begin_request()
        self._in_body = True

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._received += len(body)
        if self._held is None:
            super().on_body(body)
        elif self._received <= LARGEST_QUESTION:
            self._held += body
        else:
            self._hand_on()
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer a plain question at once, or hand the request to the application."""
        if self._plain_head is not None:
            return
        self._in_body, self._unread, self._ended = False, 0, True
        if self._held is not None and self._at_once is not None:
            headers: Headers = self.scope["headers"]  # type: ignore[assignment]
            answer = None if self.transport.is_closing() else self._at_once(headers, self._held)
            if answer is not None:
                self._held = None
                always = self.server_state.default_headers  # a new list every second, for the date
                if always is not self._always[0]:
                    self._always = always, b"".join(b"%b: %b\r\n" % header for header in always)
                self.transport.write(_DECIDED % (self._always[1], len(answer), answer))
                self.server_state.total_requests += 1
                self._since = self.loop.time()
                return
            self._hand_on()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request from now on. Of the one that is answered nothing stays in memory."""
        self._since = self.loop.time()
        if self.pipeline:
            self._current = self.pipeline[-1][0]
        super().on_response_complete()
        cycle = self.cycle
        if cycle is not None and cycle.response_complete and self.scope is cycle.scope and not self._in_body:
            self.cycle = self._current = None  # type: ignore[assignment]
            self.scope = _ANSWERED  # type: ignore[assignment]
            self.headers = []

    def timeout_keep_alive_handler(self) -> None:
        """Do nothing: `check` closes idle connections."""

    def shutdown(self) -> None:
        """Let the application finish its requests, and a question to the gate that has begun to arrive."""
        if self._held is not None:
            self._hand_on()
        super().shutdown()

    def pause_writing(self) -> None:
        """Note when the client stopped taking its answer."""
        self._stalled = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that the client takes its answer again."""
        self._stalled = None
        super().resume_writing()

    def stage(self) -> tuple[Stage, float]:
        """Return what the connection is doing, and since when by the event loop's clock."""
        if self._stalled is not None:
            return Stage.AWAITED, self._stalled
        if self._is_busy():
            if not self._in_body or self.pipeline or self._client_waits():
                return Stage.BUSY, self._since
            return self._awaits_body()
        if self._held is not None:
            return self._awaits_body()
        if self._refused:
            return Stage.REFUSED, self._since
        if self.scope is None or "path" not in self.scope:
            return Stage.HEAD, self._since
        return Stage.IDLE, self._since

    def check(self, now: float) -> None:
        """Close the connection when a time limit has passed."""
        limits, (stage, since) = self._bounds.limits, self.stage()
        if self._stalled is None and self.transport.is_closing():
            self._stalled = now  # closed, and waiting until the client takes the last bytes
        if self._stalled is not None:
            if now - self._stalled > limits.answer_seconds:
                self._bounds.warn("an answer was not taken in time")
                self.abort()
        elif self._refused:
            if stage is Stage.REFUSED and now - since > LINGER_SECONDS:
                self.transport.close()
        elif self._in_body:
            self._check_body(now)
        elif stage is Stage.HEAD and now - since > limits.head_seconds:
            self._bounds.warn("a request's head did not come in time")
            if self.scope is None:  # nothing was asked, so nothing is answered
                self.transport.close()
            else:
                self._give_up(Rejected("request.too-slow"))
        elif stage is Stage.IDLE and now - since > limits.idle_seconds:
            self.transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self.transport.abort()

    def _parse(self, data: bytes) -> None:
        """Parse the data. A request that asks for another protocol is served as HTTP/1.1 (RFC 9110, 7.8).

        The parser would take the body for the other protocol's: Java's clients ask for one with every first request.
        """
        try:
            while data:
                try:
                    self.parser.feed_data(data)
                    return
                except httptools.HttpParserUpgrade as upgrade:
                    head, self._plain_head = self._plain_head or b"", None
                    data = head + data[upgrade.args[0] :]
        except httptools.HttpParserError:
            self._give_up(Rejected("request.malformed"))

    def _awaits_body(self) -> tuple[Stage, float]:
        return Stage.AWAITED, self._since + self._received / self._bounds.limits.body_rate

    def _check_body(self, now: float) -> None:
        limits = self._bounds.limits
        if self._client_waits():
            self._since, self._received = now, 0
        elif now - self._since > limits.body_seconds + self._received / limits.body_rate:
            self._bounds.warn("a request's body did not come in time")
            self._give_up(Rejected("request.too-slow"))

    def _begin_request(self) -> None:
        """Give a request to the application, or let it wait for the answers to the requests before."""
        super().on_headers_complete()
        if not self.pipeline:
            self._current = self.cycle

    def _client_waits(self) -> bool:
        """Return whether a client cannot send its body before the server reads on."""
        return self.flow.read_paused or (self.cycle is not None and self.cycle.waiting_for_100_continue)

    def _hand_on(self) -> None:
        body, self._held = self._held, None
        self._begin_request()
        if body:
            super().on_body(body)

    def _give_up(self, error: Rejected) -> None:
        """Stop reading. Answer with an error, unless the answer to an earlier request is under way."""
        if self._refused:
            return
        self._refused, self._held, self._since = True, None, self.loop.time()
        cycle = self.cycle
        if self._is_busy() and not self._in_body:
            cycle.keep_alive = False  # the connection ends with the answers to the requests before
        elif self._is_busy() and (cycle.response_started or self.pipeline):
            self.transport.close()
        else:
            if self._is_busy():
                cycle.disconnected = True
                cycle.message_event.set()
            self._refuse(error)

    def _is_busy(self) -> bool:
        """Return whether a request is with the application."""
        return self.cycle is not None and not (self.cycle.response_complete or self.cycle.disconnected)

    def _refuse(self, error: Rejected) -> None:
        if self.transport.is_closing():
            return
        reply = unrouted(error, self.scope["headers"] if self.scope else ())
        headers = [
            *self.server_state.default_headers,
            *reply.headers,
            (b"content-length", b"%d" % len(reply.body)),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[reply.status] + lines + b"\r\n" + reply.body)
        self.transport.write_eof()  # what the client still sends is dropped until it closes, so that it reads the answer
