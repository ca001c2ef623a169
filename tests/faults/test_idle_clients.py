"""Clients that keep connections and say nothing, or one byte a second: they cost little, and end when their time is over."""

import re
import resource
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from tests.served import Starter, servers

MIB = 1 << 20
PATIENCE = 60.0
PER_ADDRESS = 5_000


@pytest.fixture
def _many_files() -> Iterator[None]:
    """As many open files as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory() -> int:
    """Bytes of the server's process in memory."""
    [server] = servers()
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{server}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def connected(client: httpx2.Client, number: int = 0) -> socket.socket:
    source = f"127.0.0.{1 + number // PER_ADDRESS}"
    return socket.create_connection((client.base_url.host, client.base_url.port or 0), PATIENCE, (source, 0))


@contextmanager
def idle(client: httpx2.Client, count: int) -> Iterator[None]:
    """Connections that have each had an answer and wait."""
    asked = f"GET /healthz HTTP/1.1\r\nHost: {client.base_url.host}\r\n\r\n".encode()
    with ExitStack() as stack:
        for number in range(count):
            line = stack.enter_context(closing(connected(client, number)))
            line.sendall(asked)
            assert line.recv(4096).startswith(b"HTTP/1.1 200 ")
        yield


@pytest.mark.usefixtures("_many_files")
@pytest.mark.parametrize(
    ("count", "most"), [(1_000, 10 * MIB), pytest.param(10_000, 100 * MIB, marks=pytest.mark.faults)]
)
def test_idle_connections_cost_little_memory_and_a_client_is_served(started: Starter, count: int, most: int) -> None:
    client = started(
        "--most-connections", str(count + 100), "--most-connections-per-address", str(count + 100), "--idle-seconds", "600"
    )  # fmt: skip
    assert client.get("/readyz").status_code == 200
    with idle(client, 10):
        before = memory()
    for _ in range(2):  # the second time nothing more is kept of the first
        with idle(client, count):
            assert client.get("/readyz").status_code == 200
            assert memory() - before <= most
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("begun", "drip"),
    [
        (b"GET /healthz HTTP/1.1\r\nX: ", b"x"),
        (b"POST /sign-out HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n", b"x"),
    ],
)
def test_three_hundred_heads_or_bodies_that_come_byte_by_byte_end_in_time(
    started: Starter, begun: bytes, drip: bytes
) -> None:
    limits = ("--head-seconds", "1", "--body-seconds", "1", "--most-connections-per-address", "400")
    client, began = started(*limits), time.monotonic()
    with ExitStack() as stack, selectors.DefaultSelector() as waiting:
        slow = {stack.enter_context(closing(connected(client))) for _ in range(300)}
        for line in slow:
            line.sendall(begun)
            waiting.register(line, selectors.EVENT_READ)
        while slow:
            assert time.monotonic() - began < PATIENCE, f"{len(slow)} are left"
            for found, _ in waiting.select(timeout=0.2):
                line = found.fileobj
                assert isinstance(line, socket.socket)
                with suppress(OSError):
                    if line.recv(4096):
                        continue
                waiting.unregister(line)
                slow.remove(line)
            for line in slow:
                with suppress(OSError):
                    line.sendall(drip)
            assert client.get("/healthz").status_code == 200
