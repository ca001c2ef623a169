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
from math import ceil
from typing import Any, NoReturn

import uvicorn
import uvloop
from litestar import Litestar
from prometheus_client import generate_latest

from agreegate.api.deployment import Deployment
from agreegate.connections import Connections, Limits
from agreegate.diagnostics import Causes
from agreegate.domain.errors import StoreUnavailable
from agreegate.hotpath import App
from agreegate.protocol import BoundedProtocol
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
    limits: Limits | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished first.

    Args:
        ready: called once the server answers.
        metrics: serve the figures on a socket of their own.
        limits: of the connections of both sockets together; None: the defaults.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(app, listener, ready, metrics, limits or Limits()))


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
    limits: Limits,
) -> None:
    class Protocol(BoundedProtocol):
        bounds = Connections(limits)

    server = _Announcing(_config(app, Protocol, limits), ready)
    if metrics is None:
        await server.serve(sockets=[listener])
        return
    deployment, metrics_listener = metrics
    beside = uvicorn.Server(_config(_metrics_application(deployment), Protocol, limits))
    task = asyncio.create_task(beside.serve(sockets=[metrics_listener]))
    await server.serve(sockets=[listener])
    beside.should_exit = True
    await task


def _config(app: App, protocol: type[BoundedProtocol], limits: Limits) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        interface="asgi3",
        http=protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_keep_alive=ceil(limits.idle_seconds),
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
