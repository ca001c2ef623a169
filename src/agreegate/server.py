"""Runs an application on the network until a signal stops it."""

import asyncio
import errno
import gc
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any, Literal, NoReturn

import uvicorn
import uvloop
from prometheus_client import generate_latest

from agreegate.client_connections import Connections, Limits
from agreegate.deployment.deployment import Deployment
from agreegate.domain.error import ErrorCode, Rejected
from agreegate.hotpath import App
from agreegate.protocol import BoundedProtocol

SHUTDOWN_SECONDS = 10
SWITCH_SECONDS = 0.0005
"""Seconds that a thread may keep the interpreter while the event loop waits for it. With Python's 5 ms the gate answers at
most 200 times a second while another thread reads a long list."""

_ADDRESS_CODES: dict[int | None, ErrorCode] = {
    errno.EADDRINUSE: "serve.address.in-use",
    errno.EACCES: "serve.address.denied",
    errno.EADDRNOTAVAIL: "serve.address.not-ours",
}


class _Announcing(uvicorn.Server):
    """Calls `ready` once it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Commands open it first, so that a busy port is reported at once.

    Raises:
        `serve.address.in-use`, `serve.address.denied`, `serve.address.not-ours`, `serve.address.unusable`.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        number = error.errno if isinstance(error, OSError) else None
        raise Rejected(_ADDRESS_CODES.get(number, "serve.address.unusable"), host=host, port=port) from None
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
        metrics: serve the metrics of this deployment on a socket of their own.
        limits: of the connections of both sockets together; None: the defaults.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)
    gc.collect()
    gc.freeze()  # what the start made stays, so no collection has to walk through it while the gate waits
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(app, listener, ready, metrics, limits or Limits()))
    finally:
        sys.setswitchinterval(before)


def _end(*_: object) -> NoReturn:
    """End the process in good order at SIGTERM, which uvicorn raises again once requests under way are answered.

    The default would end the process at once, without closing the record or removing a demo's folder.
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

    server = _Announcing(_config(app, Protocol, "on"), ready)
    if metrics is None:
        await server.serve(sockets=[listener])
        return
    deployment, metrics_listener = metrics
    metrics_server = uvicorn.Server(_config(_metrics_application(deployment), Protocol, "off"))
    task = asyncio.create_task(metrics_server.serve(sockets=[metrics_listener]))
    await server.serve(sockets=[listener])
    metrics_server.should_exit = True
    await task


def _config(app: App, protocol: type[BoundedProtocol], lifespan: Literal["on", "off"]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        interface="asgi3",
        http=protocol,
        ws="none",
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_keep_alive=0,  # the protocol closes idle connections, so no timer of uvicorn's keeps one in memory
    )


def _metrics_application(deployment: Deployment) -> App:
    async def answer(scope: Any, _receive: Any, send: Any) -> None:
        found = scope["path"] == "/metrics"
        body = generate_latest(deployment.metrics.registry) if found else b""
        headers = [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer
