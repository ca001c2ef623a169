"""An open-loop load: requests at a fixed rate. The latency of a request counts from the instant at which it was due."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from urllib.parse import urlsplit

import uvloop

from bench.load import Aims
from bench.machine import CannotMeasure

CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles of the latency of a run, in milliseconds."""

    p50: float
    p95: float
    p99: float


class _Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self, free: "deque[_Connection]", latencies: list[float]) -> None:
        self._free = free
        self._latencies = latencies
        self._due = 0.0
        self._transport: asyncio.Transport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._free.append(self)

    def ask(self, request: bytes, due: float) -> None:
        """Send a request that was due at `due`."""
        self._due = due
        self._buffer = b""
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._buffer.endswith(b"}"):
            return
        self._latencies.append(time.perf_counter() - self._due)
        if not self._buffer.startswith(b"HTTP/1.1 200"):
            raise CannotMeasure(self._buffer[:200].decode())
        self._free.append(self)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()


def latency_at(url: str, aims: Aims, rate: int, seconds: float) -> Latency:
    """Ask the gate `rate` times a second for some seconds.

    Raises:
        CannotMeasure: an answer was not a decision, or the load could not reach the rate.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        latencies = runner.run(_run(url, aims, rate, seconds))
    due = int(rate * seconds)
    if len(latencies) < due * 0.99:
        raise CannotMeasure(f"{len(latencies)} answers of {due} came in time")
    latencies.sort()
    return Latency(*(latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.95, 0.99)))


async def _run(url: str, aims: Aims, rate: int, seconds: float) -> list[float]:
    host, port = urlsplit(url).hostname or "127.0.0.1", urlsplit(url).port or 80
    requests = _requests(aims, f"{host}:{port}")
    free: deque[_Connection] = deque()
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(lambda: _Connection(free, latencies), host, port))[1] for _ in range(CONNECTIONS)
    ]
    began, sent, total, waiting = time.perf_counter(), 0, int(rate * seconds), deque[float]()
    while sent < total or waiting:
        now = time.perf_counter()
        while sent < total and began + sent / rate <= now:
            waiting.append(began + sent / rate)
            sent += 1
        while waiting and free:
            due = waiting.popleft()
            free.popleft().ask(requests[hash(due) % len(requests)], due)
        if now - began > seconds + 10:
            break
        await asyncio.sleep(0.0002)
    for _ in range(500):  # the last answers
        if len(latencies) >= total:
            break
        await asyncio.sleep(0.01)
    for connection in connections:
        connection.close()
    return latencies


def _requests(aims: Aims, host: str, most: int = 20_000) -> list[bytes]:
    """Return requests as bytes, each about another customer."""
    tokens = aims.tokens.read_text().splitlines()
    requests = []
    with aims.customers.open() as lines:
        for line, _ in zip(lines, range(most), strict=False):
            number, customer = line.split()
            body = f'{{"customerId":"{customer}","action":"new_purchase","channel":"api"}}'
            requests.append(
                f"POST /api/gate/decisions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {tokens[int(number)]}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )
    return requests
