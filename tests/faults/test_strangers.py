"""Strangers who send hostile heads, or nothing at all: they cost no memory for good, and clients are served beside them."""

import re
import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from itertools import islice
from pathlib import Path
from threading import Event

import pytest

from tests import personas as cast
from tests.faults.server import PATIENCE, Server

SALES = "sales@alder.example"
QUESTION = {"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api"}
SIGN = "%F0%9F%98%80"
"""A character that makes a text of bytes one of four bytes a character."""
MIB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("demo"), files=256) as started:
        yield started


def connected(server: Server, source: str = "127.0.0.1") -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), PATIENCE, (source, 0))


def request(server: Server, target: str, *lines: str, method: str = "GET") -> bytes:
    head = [f"{method} {target} HTTP/1.1", f"Host: {server.url.removeprefix('http://')}", *lines, "", ""]
    return "\r\n".join(head).encode()


def statuses(server: Server, requests: Iterable[bytes]) -> set[int]:
    """What is answered to requests, one after the other, on as few connections as the server allows."""
    found = set()
    line: socket.socket | None = None
    with ExitStack() as stack:
        for sent in requests:
            if line is None:
                line = stack.enter_context(connected(server))
                answers = stack.enter_context(line.makefile("rb"))
            line.sendall(sent)
            found.add(int(answers.readline().split()[1]))
            head = b"".join(iter(answers.readline, b"\r\n")).lower()
            length = re.search(rb"^content-length: (\d+)\r$", head, re.MULTILINE)
            assert length is not None
            answers.read(int(length[1]))
            if b"connection: close" in head:
                line = None
    return found


def hostile(server: Server) -> Iterator[bytes]:
    """Requests that differ, so that no cache has one of them yet."""
    for number in range(1_000_000):
        values = "&".join(f"k{number:06}{at:02}={'v' * 64}" for at in range(99))
        cookies = "; ".join(f"c{number:06}{at:02}={'w' * 60}" for at in range(50))
        yield request(server, f"/texts/preview/{number}{SIGN}{'p' * 7900}")
        yield request(server, f"/v1/customers/{number}{SIGN}{'p' * 7900}/agreements")
        yield request(server, f"/?{values}&lang={SIGN}", f"Cookie: {cookies}")
        yield request(server, f"/?{number}{'a&' * 30_000}", f"Cookie: {cookies * 10}")
        yield request(server, f"/{number}", f"Cookie: {cookies * 2}")
        form = f"{number}&{'f' * 60_000}".encode()
        typed = "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(form)}"
        yield request(server, "/sign-out", *typed, method="POST") + form


def memory(server: Server) -> int:
    """Bytes of the server's process in memory."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


@pytest.mark.fault("A2")
def test_two_thousand_hostile_requests_cost_little_memory(server: Server) -> None:
    requests = hostile(server)
    assert statuses(server, islice(requests, 60)) == {200, 401, 403, 404, 414, 431}
    before = memory(server)
    statuses(server, islice(requests, 2_000))
    assert memory(server) - before <= 20 * MIB


@pytest.mark.faults
@pytest.mark.fault("A2")
def test_hostile_requests_go_on_and_cost_no_more(server: Server) -> None:
    requests = hostile(server)
    statuses(server, islice(requests, 2_000))
    before = memory(server)
    statuses(server, islice(requests, 6_000))
    assert memory(server) - before <= 20 * MIB
    assert server.send(SALES, "POST", "/api/gate/decisions", QUESTION).json()["verdict"] == "allow"


FORM = b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
HELD = {
    "nothing": b"",
    "a slow head": b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
    "idle": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "a question that does not come": b"POST /api/gate/decisions HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
    "a form that does not come": b"POST /sign-out HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n" + FORM,
    "a request for a token that does not come": (
        b"POST /common/oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n" + FORM
    ),
}


@pytest.mark.fault("A4")
@pytest.mark.parametrize("addresses", [1, 8])
@pytest.mark.parametrize("kind", HELD)
def test_a_client_is_served_beside_more_connections_than_the_server_may_have(
    server: Server, kind: str, addresses: int
) -> None:
    said = len(server.output)
    with ExitStack() as stack:
        for number in range(400):
            held = stack.enter_context(closing(connected(server, f"127.0.0.{1 + number % addresses}")))
            held.sendall(HELD[kind])
        with closing(connected(server)) as line, line.makefile("rb") as answers:
            line.sendall(request(server, "/healthz"))
            assert answers.readline().split()[1] == b"200"
        assert statuses(server, [request(server, "/healthz")] * 3) == {200}
    assert "Traceback" not in server.output[said:]
    assert "Too many open files" not in server.output[said:]


@pytest.mark.faults
@pytest.mark.fault("A4")
def test_clients_are_served_through_a_flood_of_connections(server: Server) -> None:
    over, said = Event(), len(server.output)

    def flood() -> int:
        held: list[socket.socket] = []
        opened = 0
        while not over.is_set():
            with suppress(OSError):
                held.append(connected(server))
                held[-1].sendall(HELD["a slow head"])
                opened += 1
            while len(held) > 100:
                held.pop(0).close()
        for line in held:
            line.close()
        return opened

    with ThreadPoolExecutor() as strangers:
        floods = [strangers.submit(flood) for _ in range(3)]
        try:
            for _ in range(300):
                assert statuses(server, [request(server, "/healthz")]) == {200}
                assert server.send(SALES, "POST", "/api/gate/decisions", QUESTION).status_code == 200
        finally:
            over.set()
        assert sum(each.result() for each in floods) > 1_000
    assert "Traceback" not in server.output[said:]
    assert len(server.output) - said < 1_000


@pytest.mark.faults
@pytest.mark.fault("A4")
@pytest.mark.parametrize(
    ("begun", "drip"),
    [
        (b"GET / HTTP/1.1\r\n", b"X: x\r\n"),
        (b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"POST /common/oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
def test_requests_that_come_drop_by_drop_end_in_time(server: Server, begun: bytes, drip: bytes) -> None:
    started = time.monotonic()
    with ExitStack() as stack, selectors.DefaultSelector() as waiting:
        slow = {stack.enter_context(closing(connected(server))) for _ in range(80)}
        for line in slow:
            line.sendall(begun)
            waiting.register(line, selectors.EVENT_READ)
        while slow and time.monotonic() - started < PATIENCE:
            for found, _ in waiting.select(timeout=1):
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
            assert statuses(server, [request(server, "/healthz")]) == {200}
        assert not slow


@pytest.mark.fault("A5")
@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ],
)
def test_two_thousand_wrong_requests_write_a_few_lines(server: Server, sent: bytes) -> None:
    said = len(server.output)
    assert len(statuses(server, [sent] * 2_000)) == 1
    assert len(server.output) - said < 1_000
