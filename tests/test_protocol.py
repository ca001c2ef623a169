"""What a stranger may send on a connection, and how long a client may take: more is refused before the application is asked."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest
import uvicorn
import uvloop
from uvicorn.server import ServerState

from agreegate.client_connections import Connections, Limits, Stage
from agreegate.protocol import BoundedProtocol

PATIENCE = 30
SOON = 0.05
"""Seconds: a limit that a test waits for."""


async def until(there: Callable[[], object]) -> None:
    """Let the server work until something is there."""
    async with asyncio.timeout(PATIENCE):
        for _ in count():
            if there():
                return
            await asyncio.sleep(0)


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The diagnostics that the operator reads."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


class App:
    """An application that notes what it is asked, and answers when it may."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, int]] = []
        self.received = 0
        """Bytes of bodies."""
        self.headers: list[list[tuple[bytes, bytes]]] = []
        self.gone = asyncio.Event()
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.body = b"done"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.may_read.wait()
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone.set()
                return
            size += len(message["body"])
            self.received += len(message["body"])
            more = message["more_body"]
        self.requests.append((scope["path"], size))
        self.headers.append(scope["headers"])
        await self.may_answer.wait()
        length = (b"content-length", b"%d" % len(self.body))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": self.body})


class Line:
    """A client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode()
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(first.split()[1]), headers, body

    async def ends(self) -> bytes:
        """What else comes until the connection is closed."""
        try:
            return await asyncio.wait_for(self.reader.read(), PATIENCE)
        except ConnectionResetError:
            return b""

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)

    async def send_apart(self, sent: bytes, size: int) -> None:
        """Send in pieces that the server reads one by one."""
        for at in range(0, len(sent), size):
            self.writer.write(sent[at : at + size])
            await self.writer.drain()
            for _ in range(5):
                await asyncio.sleep(0)


DEFAULTS = Limits()
Open = Callable[[], Awaitable[Line]]


@asynccontextmanager
async def served(app: Any, limits: Limits = DEFAULTS) -> AsyncIterator[Open]:
    """The application behind the protocol on a socket; gives what opens connections to it."""

    class Bound(BoundedProtocol):
        bounds = Connections(limits)

    config = uvicorn.Config(app, interface="asgi3", http=Bound, ws="none", lifespan="off", log_config=None)
    state, lines = ServerState(), []
    server = await asyncio.get_running_loop().create_server(lambda: Bound(config, state, {}), "127.0.0.1", 0)

    async def connect() -> Line:
        lines.append(Line(*await asyncio.open_connection(*server.sockets[0].getsockname())))
        await asyncio.sleep(0)
        return lines[-1]

    try:
        yield connect
    finally:
        for line in lines:
            line.writer.transport.abort()
        server.close()
        for protocol in list(state.connections):
            protocol.transport.abort()
        await until(lambda: not (state.connections or state.tasks))


def head(*lines: str, target: str = "/", method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def cookies(count: int, size: int = 3) -> str:
    return "; ".join(f"{number:03}={'v' * (size - 4)}" for number in range(count))


TOO_MUCH = {
    "target": (414, head(target="/" + "a" * 8192)),
    "query": (414, head(target="/?" + "a&" * 30_000)),
    "nothing but target": (414, b"GET /" + b"a" * 20_000),
    "header": (431, head("X: " + "x" * 16_384)),
    "headers": (431, head(*(f"X{number}: {'x' * 50}" for number in range(300)))),
    "unfinished header": (431, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000),
    "unfinished headers": (431, b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 4_000),
    "cookie": (431, head("Cookie: a=" + "x" * 4_096)),
    "cookies": (431, head("Cookie: " + cookies(51))),
    "cookies in several headers": (431, head(*["Cookie: " + cookies(10, 300)] * 2)),
    "cookies in fifty headers and one": (431, head(*["Cookie: a=1"] * 51)),
    "cookies of other case": (431, head(*["cOOKIE: a=1; b=2; c=3"] * 17)),
    "parameters": (431, head(target="/?" + "&".join(["a=1"] * 101))),
    "parameters without names": (431, head(target="/p?" + "&" * 100)),
    "parameters of a whole address": (431, head(target="http://x/p?" + "&".join(["a"] * 101))),
}
WITHIN = {
    "target": head(target="/" + "a" * 8191),
    "parameters": head(target="/?" + "&".join(["a=1"] * 100)),
    "ampersands in a path": head(target="/" + "&" * 500),
    "cookies": head("Cookie: " + cookies(50)),
    "cookie": head("Cookie: a=" + "x" * 4_094),
    "a long token": head("Authorization: Bearer " + "t" * 12_000),
    "headers": head(*(f"X{number}: {'x' * 40}" for number in range(250))),
}


@pytest.mark.fault("A2")
@pytest.mark.parametrize("apart", [None, 1000])
@pytest.mark.parametrize("name", TOO_MUCH)
async def test_too_much_in_a_head_is_refused_before_the_application_is_asked(name: str, apart: int | None) -> None:
    status, sent = TOO_MUCH[name]
    app = App()
    async with served(app) as connect:
        line = await connect()
        await line.send_apart(sent, apart or len(sent))
        answered, headers, body = await line.answer()
        assert answered == status
        assert await line.ends() == b""
    assert app.requests == []
    assert headers["connection"] == "close"
    assert headers["content-type"].startswith("application/json")
    error = json.loads(body)
    assert error["code"] == 3000
    assert error["description"]


@pytest.mark.fault("A2")
@pytest.mark.parametrize("apart", [None, 1000])
@pytest.mark.parametrize("name", WITHIN)
async def test_what_browsers_and_clients_send_is_served(name: str, apart: int | None) -> None:
    app, sent = App(), WITHIN[name]
    async with served(app) as connect:
        line = await connect()
        for _ in range(2):
            await line.send_apart(sent, apart or len(sent))
            assert (await line.answer())[0] == 200
    assert len(app.requests) == 2


@pytest.mark.fault("A2")
@pytest.mark.parametrize("apart", [None, 1000])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 431)])
async def test_a_head_of_16_kib_is_served_whatever_its_method(
    method: str, over: int, status: int, apart: int | None
) -> None:
    async with served(App()) as connect:
        line = await connect()
        sent = head("X: " + "x" * (16 * 1024 + over - len(head("X: ", method=method))), method=method)
        await line.send_apart(sent, apart or len(sent))
        assert (await line.answer())[0] == status


@pytest.mark.fault("A2")
async def test_an_error_speaks_the_callers_language() -> None:
    async with served(App()) as connect:
        line = await connect()
        line.send(head("Accept-Language: fr", target="/" + "a" * 9000))
        assert "trop longue" in json.loads((await line.answer())[2])["description"]


@pytest.mark.fault("A2")
@pytest.mark.parametrize(
    "refused",
    [head("Cookie: " + "x" * 5000), head(target="http://x:99999999/"), b"\x16\x03", b"GET /\x00 HTTP/1.1\r\n\r\n"],
)
async def test_requests_before_the_refused_one_are_answered(refused: bytes) -> None:
    app = App()
    app.may_answer.clear()
    async with served(app) as connect:
        line = await connect()
        line.send(head(target="/first") + refused + head(target="/third"))
        await until(lambda: app.requests)
        app.may_answer.set()
        assert (await line.answer())[0] == 200
        assert await line.ends() == b""
    assert app.requests == [("/first", 0)]


@pytest.mark.fault("A2")
async def test_a_body_and_the_next_head_may_come_together() -> None:
    app, large = App(), b"x" * 100_000
    async with served(app) as connect:
        line = await connect()
        post = head(f"Content-Length: {len(large)}", method="POST")
        line.send(post + large + head()[:20])
        assert (await line.answer())[0] == 200
        line.send(head()[20:])
        assert (await line.answer())[0] == 200
    assert app.requests == [("/", 100_000), ("/", 0)]


CHUNKED = head("Transfer-Encoding: chunked", method="POST") + b"4\r\nbody\r\n0\r\n"


@pytest.mark.fault("A2")
@pytest.mark.parametrize("apart", [None, 1000])
async def test_what_follows_a_body_is_no_header_and_has_a_bound(apart: int | None) -> None:
    app = App()
    async with served(app) as connect:
        line = await connect()
        line.send(CHUNKED, b"Authorization: Bearer x\r\n\r\n")
        assert (await line.answer())[0] == 200
        line.send(CHUNKED)
        await line.send_apart(b"X: " + b"x" * 300_000 + b"\r\n\r\n", apart or 4096)
        assert (await line.answer())[0] == 431
        assert await line.ends() == b""
    assert app.headers == [[(b"host", b"x"), (b"transfer-encoding", b"chunked")]]


@pytest.mark.fault("A2")
async def test_a_pipeline_has_a_bound_and_nothing_of_it_is_lost() -> None:
    app = App()
    app.may_answer.clear()
    async with served(app) as connect:
        line = await connect()
        line.send(b"".join(head(target=f"/{number}") for number in range(200)))
        await until(lambda: app.requests)
        app.may_answer.set()
        answers = [await line.answer() for _ in range(33)]
        assert await line.ends() == b""
    assert [answer[0] for answer in answers] == [200] * 33
    assert answers[-1][1]["connection"] == "close"
    assert app.requests == [(f"/{number}", 0) for number in range(33)]


@pytest.mark.fault("A5")
@pytest.mark.parametrize("header", ["Upgrade: h2c", "upgrade:websocket"])
@pytest.mark.parametrize("apart", [None, 1, 100])
async def test_a_client_that_would_rather_upgrade_is_served(
    header: str, apart: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    app, lines = (
        App(),
        ("Connection: Upgrade, HTTP2-Settings", header, "HTTP2-Settings: AAEAAEAA", "Content-Length: 18"),
    )
    sent = head(*lines, method="POST") + b"\r\nupgrade: as typed"[:18]
    async with served(app) as connect:
        line = await connect()
        await line.send_apart(sent * 2, apart or len(sent) * 2)
        for _ in range(2):
            assert (await line.answer())[0] == 200
    assert app.requests == [("/", 18)] * 2
    assert b"upgrade" not in dict(app.headers[0])
    assert warned(caplog) == []


@pytest.mark.fault("A2")
@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_refused_as_json(sent: bytes) -> None:
    async with served(App()) as connect:
        line = await connect()
        line.send(sent)
        status, headers, body = await line.answer()
        assert (status, headers["connection"]) == (400, "close")
        assert json.loads(body)["code"] == 3000
        assert await line.ends() == b""


@pytest.mark.fault("A4")
@pytest.mark.parametrize("sent", [b"G", b"GET / HTTP/1.1\r\nHost: x\r\nX: ", head() + b"\r\n" + head()[:-2]])
async def test_a_head_has_its_time(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with served(App(), Limits(head_seconds=SOON)) as connect:
        lines = [await connect() for _ in range(3)]
        for line in lines:
            line.send(sent)
        for line in lines:
            if sent.startswith(head()):
                assert (await line.answer())[0] == 200
            status, headers, body = await line.answer()
            assert (status, headers["connection"]) == (408, "close")
            assert json.loads(body)["isRetryable"]
            assert await line.ends() == b""
    assert warned(caplog) == ["a request's head did not come in time"]


@pytest.mark.fault("A4")
async def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    async with served(App(), Limits(head_seconds=SOON)) as connect:
        assert await (await connect()).ends() == b""


@pytest.mark.fault("A4")
@pytest.mark.parametrize("coding", ["Content-Length: 100", "Transfer-Encoding: chunked"])
async def test_a_body_has_its_time(coding: str, caplog: pytest.LogCaptureFixture) -> None:
    app = App()
    async with served(app, Limits(body_seconds=SOON)) as connect:
        line = await connect()
        line.send(head(coding, method="POST") + b"1\r\n")
        assert (await line.answer())[0] == 408
        assert await line.ends() == b""
        await asyncio.wait_for(app.gone.wait(), PATIENCE)
    assert app.requests == []
    assert warned(caplog) == ["a request's body did not come in time"]


@pytest.mark.fault("A4")
async def test_a_body_that_comes_fast_enough_has_more_time() -> None:
    app = App()
    async with served(app, Limits(body_seconds=SOON, body_rate=1, head_seconds=4 * SOON)) as connect:
        line, clock = await connect(), await connect()
        line.send(head("Content-Length: 101", method="POST") + b"x" * 100)
        assert await clock.ends() == b"", "so much time has passed"
        line.send(b"x")
        assert (await line.answer())[0] == 200
    assert app.requests == [("/", 101)]


@pytest.mark.fault("A4")
@pytest.mark.parametrize("sent", ["Expect: 100-continue", "X-Large: 1"])
async def test_a_client_that_waits_for_the_server_is_not_too_slow(sent: str) -> None:
    app = App()
    app.may_read.clear()
    first = b"" if sent.startswith("Expect") else b"x" * 190_000
    async with served(app, Limits(body_seconds=SOON, head_seconds=4 * SOON)) as connect:
        line, clock = await connect(), await connect()
        line.send(head(sent, "Content-Length: 200000", method="POST") + first)
        assert await clock.ends() == b"", "so much time has passed"
        app.may_read.set()
        if not first:
            assert (
                await asyncio.wait_for(line.reader.readuntil(b"\r\n\r\n"), PATIENCE) == b"HTTP/1.1 100 Continue\r\n\r\n"
            )
        line.send(b"x" * (200_000 - len(first)))
        assert (await line.answer())[0] == 200
    assert app.requests == [("/", 200_000)]


@pytest.mark.fault("A4")
async def test_an_idle_connection_is_closed() -> None:
    async with served(App(), Limits(idle_seconds=SOON)) as connect:
        line = await connect()
        line.send(head())
        assert (await line.answer())[0] == 200
        line.send(b"\r\n")
        assert await line.ends() == b""


@pytest.mark.fault("A4")
async def test_an_answer_that_nobody_takes_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    app = App()
    app.body = b"x" * 50_000_000
    async with served(app, Limits(answer_seconds=SOON)) as connect:
        line = await connect()
        line.writer.transport.pause_reading()  # type: ignore[attr-defined]
        line.send(head())
        await until(lambda: warned(caplog))
        line.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await line.ends()) < len(app.body)
    assert warned(caplog) == ["an answer was not taken in time"]


@pytest.mark.fault("A5")
def test_answers_that_nobody_takes_are_no_defects(caplog: pytest.LogCaptureFixture) -> None:
    app = App()
    app.body = b"x" * 10_000_000

    async def ask_ahead() -> None:
        async with served(app, Limits(answer_seconds=SOON)) as connect:
            line = await connect()
            line.writer.transport.pause_reading()  # type: ignore[attr-defined]
            line.send(head() * 4)
            await until(lambda: warned(caplog))
            line.writer.transport.resume_reading()  # type: ignore[attr-defined]
            await line.ends()

    with asyncio.Runner(
        loop_factory=uvloop.new_event_loop
    ) as runner:  # the server's own, which writes to no closed line
        runner.run(ask_ahead())
    assert warned(caplog) == ["an answer was not taken in time"]


FEW = Limits(connections_per_address=3)
FEW_IN_TOTAL = Limits(connections=3)


@pytest.mark.fault("A4")
@pytest.mark.parametrize("limits", [FEW, FEW_IN_TOTAL])
async def test_the_connection_that_waited_longest_for_its_head_makes_room(
    limits: Limits, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(App(), limits) as connect:
        idle = await connect()
        idle.send(head())
        assert (await idle.answer())[0] == 200
        silent, partial = await connect(), await connect()
        partial.send(head()[:10])
        for closed in (silent, partial):
            healthy = await connect()
            healthy.send(head())
            assert (await healthy.answer())[0] == 200
            assert await closed.ends() == b""
            idle.send(head())
            assert (await idle.answer())[0] == 200, "it has shown to be a client"
    [warning] = warned(caplog)
    assert "3 connections" in warning
    assert "127.0.0.1" not in warning


@pytest.mark.fault("A4")
@pytest.mark.parametrize("limits", [FEW, FEW_IN_TOTAL])
async def test_the_connection_that_is_idle_longest_makes_room_and_a_busy_one_never(limits: Limits) -> None:
    app = App()
    async with served(app, limits) as connect:
        first, second, third = [await connect() for _ in range(3)]
        for line in (first, second, third):
            line.send(head())
            assert (await line.answer())[0] == 200
        app.may_answer.clear()
        first.send(head(target="/busy"))
        await until(lambda: len(app.requests) == 4)
        fourth = await connect()
        assert await second.ends() == b""
        app.may_answer.set()
        for line in (first, third, fourth):
            if line is not first:
                line.send(head())
            assert (await line.answer())[0] == 200


@pytest.mark.fault("A4")
@pytest.mark.parametrize("limits", [FEW, FEW_IN_TOTAL])
async def test_a_body_that_does_not_come_makes_room_for_a_client(limits: Limits) -> None:
    app = App()
    async with served(app, limits) as connect:
        uploading, *slow = [await connect() for _ in range(3)]
        uploading.send(head("Content-Length: 100000", method="POST") + b"x" * 50_000)
        await until(lambda: app.received == 50_000)
        for received, line in enumerate(slow, 50_001):
            line.send(head("Content-Length: 100", method="POST") + b"x")
            await until(lambda received=received: app.received == received)
        healthy = await connect()
        assert await slow[0].ends() == b"", "of the slow ones it came first"
        healthy.send(head())
        assert (await healthy.answer())[0] == 200
        for line, rest in ((slow[1], 99), (uploading, 50_000)):
            line.send(b"x" * rest)
            assert (await line.answer())[0] == 200
    assert [size for _, size in app.requests] == [0, 100, 100_000]


@pytest.mark.fault("A4")
@pytest.mark.parametrize("limits", [FEW, FEW_IN_TOTAL])
async def test_an_answer_that_is_not_taken_makes_room_for_a_client(
    limits: Limits, caplog: pytest.LogCaptureFixture
) -> None:
    app = App()
    app.body = b"x" * 50_000_000
    async with served(app, limits) as connect:
        lines = [await connect() for _ in range(3)]
        for number, line in enumerate(lines, 1):
            line.writer.transport.pause_reading()  # type: ignore[attr-defined]
            line.send(head() * 2)
            await until(lambda number=number: len(app.requests) == 2 * number)
        app.body = b"done"
        healthy = await connect()
        healthy.send(head())
        assert (await healthy.answer())[0] == 200
        lines[0].writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await lines[0].ends()) < 50_000_000
    [warning] = warned(caplog)
    assert "closed for a new one" in warning


@pytest.mark.fault("A4")
@pytest.mark.parametrize("limits", [FEW, FEW_IN_TOTAL])
async def test_a_new_connection_is_refused_when_every_other_one_is_busy(
    limits: Limits, caplog: pytest.LogCaptureFixture
) -> None:
    app = App()
    app.may_answer.clear()
    async with served(app, limits) as connect:
        lines = [await connect() for _ in range(3)]
        for line in lines:
            line.send(head())
        await until(lambda: len(app.requests) == 3)
        for _ in range(2):
            refused = await connect()
            status, headers, body = await refused.answer()
            assert (status, headers["retry-after"]) == (503, "5")
            assert json.loads(body)["isRetryable"]
            assert await refused.ends() == b""
        app.may_answer.set()
        for line in lines:
            assert (await line.answer())[0] == 200
        again = await connect()
        again.send(head())
        assert (await again.answer())[0] == 200
    first, _ = warned(caplog)  # the second: one was closed for the last one
    assert "a new one was refused" in first


@pytest.mark.fault("A4")
async def test_a_trusted_proxy_has_no_bound_of_its_own() -> None:
    limits = Limits(connections_per_address=3, connections=8, proxies=frozenset({"127.0.0.1"}))
    async with served(App(), limits) as connect:
        lines = [await connect() for _ in range(8)]
        for line in lines:
            line.send(head())
            assert (await line.answer())[0] == 200
        await connect()
        assert await lines[0].ends() == b"", "the bound in total holds for it too"


class Waiting:
    """A connection that waits for a request's head."""

    closed = False

    def stage(self) -> tuple[Stage, float]:
        return Stage.HEAD, 0.0

    def check(self, now: float) -> None:
        """No time limit has passed."""

    def abort(self) -> None:
        self.closed = True


@pytest.mark.fault("A4")
async def test_an_ipv4_address_counts_alike_on_a_socket_of_both_families() -> None:
    bounds = Connections(Limits(connections_per_address=1))
    mapped, plain = Waiting(), Waiting()
    assert bounds.admit(mapped, "::ffff:192.0.2.1") and bounds.admit(plain, "192.0.2.1")
    assert (mapped.closed, plain.closed) == (True, False)


@pytest.mark.fault("A4")
async def test_a_place_is_free_again_when_its_connection_ends() -> None:
    async with served(App(), FEW) as connect:
        kept = await connect()
        for _ in range(10):
            line = await connect()
            line.send(head("Connection: close"))
            assert (await line.answer())[0] == 200
            assert await line.ends() == b""
        kept.send(head())
        assert (await kept.answer())[0] == 200


class Gate(App):
    """An application that also answers the gate's question at once."""

    def __init__(self) -> None:
        super().__init__()
        self.questions: list[bytes] = []

    def at_once(self, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
        self.questions.append(body)
        return b"{}"


def question(size: int) -> bytes:
    """The head of a question to the gate."""
    return head(f"Content-Length: {size}", target="/api/gate/decisions", method="POST")


async def test_a_question_is_answered_at_once_when_the_last_of_it_is_there() -> None:
    app = Gate()
    async with served(app) as connect:
        line = await connect()
        await line.send_apart(question(6) + b"asked?", 7)
        assert await line.answer() == (200, {"content-type": "application/json", "content-length": "2"}, b"{}")
        line.send(head())
        assert (await line.answer())[2] == b"done"
    assert (app.questions, app.requests) == ([b"asked?"], [("/", 0)])


async def test_a_long_question_is_the_applications() -> None:
    app = Gate()
    async with served(app) as connect:
        line = await connect()
        await line.send_apart(question(10_000) + b"x" * 10_000, 3_000)
        assert (await line.answer())[2] == b"done"
    assert (app.questions, app.requests) == ([], [("/api/gate/decisions", 10_000)])


@pytest.mark.fault("A4")
async def test_a_question_has_its_time(caplog: pytest.LogCaptureFixture) -> None:
    app = Gate()
    async with served(app, Limits(body_seconds=SOON)) as connect:
        line = await connect()
        line.send(question(6) + b"ask")
        assert (await line.answer())[0] == 408
        assert await line.ends() == b""
    assert (app.questions, app.requests) == ([], [])
    assert warned(caplog) == ["a request's body did not come in time"]


@pytest.mark.fault("A4")
async def test_a_question_that_does_not_come_makes_room_after_what_is_idle() -> None:
    async with served(Gate(), FEW) as connect:
        asking, idle, idler = [await connect() for _ in range(3)]
        for line in (idle, idler):
            line.send(head())
            assert (await line.answer())[0] == 200
        asking.send(question(6) + b"ask")
        for closed in (idle, idler, asking):
            newest = await connect()
            newest.send(question(6) + b"ask")
            await asyncio.sleep(0)
            assert await closed.ends() == b""


async def test_a_question_that_has_begun_is_answered_before_the_server_ends() -> None:
    app, lines = Gate(), []

    class Noted(BoundedProtocol):
        def connection_made(self, transport: Any) -> None:
            lines.append(self)
            super().connection_made(transport)

    config = uvicorn.Config(app, interface="asgi3", ws="none", lifespan="off", log_config=None)
    loop, state = asyncio.get_running_loop(), ServerState()
    server = await loop.create_server(lambda: Noted(config, state, {}), "127.0.0.1", 0)
    line = Line(*await asyncio.open_connection(*server.sockets[0].getsockname()))
    line.send(question(6) + b"ask")
    await until(lambda: lines and lines[0].stage()[0] is Stage.AWAITED)
    lines[0].shutdown()
    line.send(b"ed?")
    status, headers, body = await line.answer()
    assert (status, headers["connection"], body) == (200, "close", b"done")
    assert await line.ends() == b""
    assert app.requests == [("/api/gate/decisions", 6)]
    line.writer.close()
    server.close()
