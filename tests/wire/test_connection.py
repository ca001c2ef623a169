"""What a real connection brings: a client that waits to be told to go on, pieces, pipelines and bytes that are no HTTP."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests import personas as cast
from tests.faults.server import PATIENCE, Server
from tests.world import agreement

SALES = "sales@alder.example"
PATH = f"/v1/customers/{cast.CEDAR}/agreements"
BODY = json.dumps(agreement()).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("demo")) as started:
        yield started


class Line:
    """A connection, byte by byte."""

    def __init__(self, server: Server) -> None:
        host, port = server.url.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
        self._file = self.socket.makefile("rb")
        self._host = f"{host}:{port}"
        self._token = server.token(SALES)

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def head(self, method: str, path: str, *headers: str, token: str | None = None) -> bytes:
        bearer = f"Authorization: Bearer {self._token if token is None else token}"
        return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {self._host}", bearer, *headers, "", ""]).encode()

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.socket.sendall(piece)

    def status(self) -> int:
        """The status of the next answer, without its headers."""
        return int(self._file.readline().split()[1])

    def headers(self) -> dict[str, str]:
        found = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            found[name.lower()] = value.strip()
        return found

    def answer(self) -> tuple[int, bytes]:
        status, headers = self.status(), self.headers()
        return status, self._file.read(int(headers.get("content-length", "0")))


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    with closing(Line(server)) as opened:
        yield opened


def test_a_client_that_waits_for_100_continue_gets_it(line: Line) -> None:
    line.send(line.head("POST", PATH, "Expect: 100-continue", f"Content-Length: {len(BODY)}"))
    assert line.status() == 100
    assert line.headers() == {}
    line.send(BODY)
    status, body = line.answer()
    assert status == 201
    assert json.loads(body)["primaryContact"]["firstName"] == "Noa"


def test_a_client_that_does_not_wait_after_all_is_served(line: Line) -> None:
    line.send(line.head("POST", PATH, "Expect: 100-continue", f"Content-Length: {len(BODY)}"), BODY)
    while (status := line.status()) == 100:
        line.headers()
    assert status == 201


@pytest.mark.parametrize(
    ("path", "token", "length", "status"),
    [
        (PATH, "a.b.c", len(BODY), 401),
        (f"/v1/customers/{cast.ELM}/nothing", None, len(BODY), 404),
        (PATH, None, 20_000_000, 413),
    ],
)
def test_a_client_that_waits_is_refused_before_it_sends(
    line: Line, path: str, token: str | None, length: int, status: int
) -> None:
    line.send(line.head("POST", path, "Expect: 100-continue", f"Content-Length: {length}", token=token))
    assert line.status() == status


def test_a_body_in_pieces_of_unsaid_length(line: Line) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (BODY[:7], BODY[7:50], BODY[50:]))
    line.send(line.head("POST", PATH, "Transfer-Encoding: chunked"), chunks, b"0\r\n\r\n")
    assert line.answer()[0] == 201


def test_a_body_that_never_ends_is_cut_off(line: Line) -> None:
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    line.send(line.head("POST", PATH, "Transfer-Encoding: chunked"))
    try:
        for _ in range(400):
            line.send(piece)
    except (BrokenPipeError, ConnectionResetError):
        return  # the answer was given, and nobody listens any more
    assert line.status() == 413


def test_requests_one_behind_the_other(line: Line) -> None:
    one = line.head("POST", PATH, f"Content-Length: {len(BODY)}") + BODY
    line.send(one + line.head("GET", PATH) + line.head("GET", "/v1/nothing") + one)
    assert [line.answer()[0] for _ in range(4)] == [201, 200, 404, 201]


def test_a_body_without_a_length_is_none(line: Line) -> None:
    line.send(line.head("POST", PATH))
    assert line.answer()[0] == 400


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /v1/agre\xffements HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET v1/agreements HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://elsewhere.example/v1/agreements HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/agreements#x HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/agreements?%ff=\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/agreements HTTP/1.1\r\nHost: x\r\nX-Locale: \xff\xfe\r\nAccept: \xff\r\n\r\n",
        b"GET /v1/agreements HTTP/1.0\r\n\r\n",
        b"POST /v1/agreements HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/agreements HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /v1/agreements HTTP/9.9\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/agreements HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
)
def test_bytes_that_are_no_request_of_ours_are_no_error_of_ours(server: Server, line: Line, sent: bytes) -> None:
    before = len(server.output)
    first = b""
    try:
        line.send(sent)
        line.socket.shutdown(socket.SHUT_WR)
        first = line._file.readline()
    except OSError as hung_up:  # in the middle of it, which is its right
        assert not isinstance(hung_up, TimeoutError)
    if first:
        assert 200 <= int(first.split()[1]) < 500
    assert server.client.get("/healthz").status_code == 200
    assert "Traceback" not in server.output[before:]
