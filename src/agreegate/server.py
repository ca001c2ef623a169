"""Runs an application on the network, with the work that goes on beside requests, until it is told to stop."""

import asyncio
import errno
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NoReturn

import uvicorn
import uvloop
from litestar import Litestar
from prometheus_client import generate_latest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agreegate.api.deployment import Deployment
from agreegate.api.host import AtOnce
from agreegate.diagnostics import Causes
from agreegate.domain.errors import StoreUnavailable
from agreegate.hotpath import GATE, App
from agreegate.services.renewal import run_renewals
from agreegate.storage.cart import forget_carts
from agreegate.storage.renewal import next_due
from agreegate.storage.replay import forget_answers
from agreegate.storage.session import forget_sessions

logger = logging.getLogger("agreegate.server")

UPKEEP_SECONDS = 1.0
"""How late a renewal may be noticed."""
FORGET_EVERY = 600
"""Rounds of upkeep between two drops of old answers and carts."""
SHUTDOWN_SECONDS = 10
LONGEST_HEAD = 64 * 1024
"""Bytes that a request may have before its body."""
_GATE = GATE.encode()
_DECIDED = b"HTTP/1.1 200 OK\r\n%bcontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"

_ADDRESS_KEYS = {
    errno.EADDRINUSE: "serve.address.in-use",
    errno.EACCES: "serve.address.denied",
    errno.EADDRNOTAVAIL: "serve.address.not-ours",
}


class AddressError(Exception):
    """The address cannot be listened on. `key` finds the sentence that says why, and what to do."""

    def __init__(self, host: str, port: int, error: Exception) -> None:
        super().__init__(f"{host}:{port}")
        number = error.errno if isinstance(error, OSError) else None
        self.key = _ADDRESS_KEYS.get(number or 0, "serve.address.unusable")
        self.parameters: dict[str, str | int] = {"host": host, "port": port}


class BoundedProtocol(HttpToolsProtocol):
    """HTTP with a limit to what may come before a body: a stranger must not be able to fill the memory with headers.

    And with the gate's plain question answered where it is read, when head and body came together and nothing is under
    way on the connection: the task, scope and messages of an ASGI call cost as much as the check.
    """

    _heads = 0
    _always: tuple[list[tuple[bytes, bytes]], bytes] = ([], b"")
    """The headers of every answer, as uvicorn keeps them and as they are sent."""
    _held: bytes | None = None
    """The body so far of a question to the gate that the application has not been told of."""

    def __init__(self, config: uvicorn.Config, *arguments: Any, **named: Any) -> None:
        super().__init__(config, *arguments, **named)
        self._at_once: AtOnce | None = getattr(config.app, "at_once", None)

    def data_received(self, data: bytes) -> None:
        """Take what came; give up on a request whose head is too long."""
        super().data_received(data)
        if self._held is not None:  # the rest of the body is still on its way
            self._hand_on()
        # A scope gets its path when the head has come whole.
        self._heads = self._heads + len(data) if self.scope is not None and "path" not in self.scope else 0
        if self._heads > LONGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The request's head is too long.")

    def on_headers_complete(self) -> None:
        """Hold a question to the gate back until its body is there."""
        if (
            self.url == _GATE
            and self._at_once is not None
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not (self.parser.should_upgrade() or self.expect_100_continue or self.flow.write_paused)
            and (self.cycle is None or self.cycle.response_complete)
        ):
            self._held = b""
            self.scope["path"] = GATE
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if self._held is None:
            super().on_body(body)
        else:
            self._held += body

    def on_message_complete(self) -> None:
        """Answer at once, or ask the application in full."""
        if self._held is not None and self._at_once is not None:
            answer = None if self.transport.is_closing() else self._at_once(self.headers, self._held)
            if answer is not None:
                self._held = None
                always = self.server_state.default_headers  # made anew every second, for the date
                if always is not self._always[0]:
                    self._always = always, b"".join(b"%b: %b\r\n" % header for header in always)
                self.transport.write(_DECIDED % (self._always[1], len(answer), answer))
                self.on_response_complete()
                return
            self._hand_on()
        super().on_message_complete()

    def _hand_on(self) -> None:
        body, self._held = self._held, None
        super().on_headers_complete()
        if body:
            super().on_body(body)


class _Announcing(uvicorn.Server):
    """Says so once it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


@asynccontextmanager
async def upkeep(app: Litestar) -> AsyncIterator[None]:
    """While the application lives: renew what falls due, also what fell due while nothing ran; drop old answers."""
    deployment: Deployment = app.state.deployment
    causes = Causes(logger, "upkeep waits for the record: %s", time.monotonic)
    await _renew(deployment, causes)
    task = asyncio.create_task(_upkeep(deployment, causes))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _upkeep(deployment: Deployment, causes: Causes) -> None:
    store, rounds = deployment.store, 0
    while True:
        await asyncio.sleep(UPKEEP_SECONDS)
        rounds += 1
        await _renew(deployment, causes)
        if rounds % FORGET_EVERY == 0:
            with suppress(StoreUnavailable):
                await store.write(forget_answers)
                await store.write(forget_carts)
                await store.write(forget_sessions)


async def _renew(deployment: Deployment, causes: Causes) -> None:
    """Renew what is due. Whatever goes wrong is told, and tried again: requests are served all the same."""
    store = deployment.store
    try:
        due, now = await store.read(next_due), store.clock()
        if due is not None and due <= now:
            await run_renewals(store, now)
    except StoreUnavailable as error:
        causes.warn(str(error))
    except Exception:
        logger.exception("renewals stopped at a defect")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, taken before anything else is done, so that a busy port is said at once.

    Raises:
        AddressError.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        raise AddressError(host, port, error) from None
    return listener


def run(
    app: App,
    listener: socket.socket,
    ready: Callable[[], None],
    metrics: tuple[Deployment, socket.socket] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished first.

    Args:
        ready: called once the server answers.
        metrics: serve the figures on a socket of their own.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(app, listener, ready, metrics))


def _end(*_: object) -> NoReturn:
    """The last word of SIGTERM, which the network sends on once everything under way is done: leave in good order.

    The default would end the process on the spot, without closing the record or taking a demo's folder away.
    """
    sys.exit(0)


async def _run(
    app: App,
    listener: socket.socket,
    ready: Callable[[], None],
    metrics: tuple[Deployment, socket.socket] | None,
) -> None:
    server = _Announcing(_config(app), ready)
    if metrics is None:
        await server.serve(sockets=[listener])
        return
    deployment, metrics_listener = metrics
    beside = uvicorn.Server(_config(_metrics_application(deployment)))
    task = asyncio.create_task(beside.serve(sockets=[metrics_listener]))
    await server.serve(sockets=[listener])
    beside.should_exit = True
    await task


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        interface="asgi3",
        http=BoundedProtocol,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


def _metrics_application(deployment: Deployment) -> App:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        found = scope["path"] == "/metrics"
        body = generate_latest(deployment.figures.registry) if found else b""
        headers = [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer
