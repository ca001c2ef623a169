"""What `protocol.py` relies on: how uvicorn's protocol and httptools' parser work. An upgrade that changes it fails here."""

import ast
import asyncio
import inspect
import re
from collections.abc import Callable
from typing import Any

import httptools
import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from agreegate import protocol
from agreegate.protocol import BoundedProtocol

GET = b"GET /a%20b?q=1 HTTP/1.1\r\nHost: x\r\nX-One: 1\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
BODY = b"body"


def listed(sentence: str) -> set[str]:
    """The names that the module's text lists after some words."""
    text = " ".join((protocol.__doc__ or "").split())
    found = re.search(rf"{re.escape(sentence)}: ([^:]+?)[.;](?: |$)", text)
    assert found is not None
    return set(re.findall(r"`(\w+)`", found[1]))


def attributes(of: Callable[[ast.expr], bool]) -> set[str]:
    """The attributes that the module reads or sets of the expressions that this is true of."""
    nodes = ast.walk(ast.parse(inspect.getsource(protocol)))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute) and of(node.value)}


def named(*names: str) -> Callable[[ast.expr], bool]:
    """Whether an expression is one of these names, or an attribute of such a name."""
    return lambda node: getattr(node, "id", getattr(node, "attr", "")) in names


def test_the_list_of_what_is_overridden_is_complete() -> None:
    overridden = {name for name in vars(BoundedProtocol) if hasattr(HttpToolsProtocol, name)}
    assert {name for name in overridden if not name.startswith("__")} == listed("Overridden")


def test_the_list_of_what_is_read_is_complete() -> None:
    ours = set(dir(BoundedProtocol)) | {name for name in attributes(named("self")) if name.startswith("_")}
    assert attributes(named("self")) - ours == listed("Read of the protocol")
    assert attributes(named("cycle", "_asked")) == listed("of a cycle")
    assert attributes(named("flow")) == listed("of the flow")
    assert attributes(named("server_state")) == listed("of the server's state")
    assert attributes(named("config")) == listed("of the configuration")
    assert attributes(named("parser")) == listed("Read of httptools' parser")
    imported = {name for name in vars(protocol) if getattr(protocol, name) is STATUS_LINE}
    assert imported == listed("of the module")


class Pipe(asyncio.Transport):
    """A client's end of a connection."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 1000), "sockname": ("192.0.2.2", 80)})
        self.written = b""
        self.closing = self.paused = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class App:
    """An application that answers when it may, and notes what it receives."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.received: list[str] = []
        self.may_read, self.may_answer = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        await self.may_read.wait()
        self.received.append((await receive())["type"])
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


class Watched(HttpToolsProtocol):
    """uvicorn's protocol, which notes what it is called with."""

    def __init__(self, app: Any, **options: Any) -> None:
        config = uvicorn.Config(app, interface="asgi3", ws="none", lifespan="off", log_config=None, **options)
        super().__init__(config, ServerState(), {})
        self.called: list[str] = []
        self.pipe = Pipe()
        self.connection_made(self.pipe)

    def on_headers_complete(self) -> None:
        assert "path" not in self.scope
        assert self.scope["headers"] == self.headers
        self.headers = []
        self.called.append(f"head {self.url.decode()}")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.called.append(f"body {len(body)}")
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.called.append("end")
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.called.append("answered")
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        self.called.append("idle")


async def settled() -> None:
    """Let tasks go on until they wait."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_uvicorn_takes_the_protocol_class_that_it_is_given() -> None:
    config = uvicorn.Config(App(), http=BoundedProtocol, log_config=None)
    config.load()
    assert config.http_protocol_class is BoundedProtocol
    assert config.app is not None


async def test_a_connection_begins_with_nothing_asked() -> None:
    line = Watched(App())
    assert (line.cycle, line.scope, list(line.pipeline)) == (None, None, [])
    assert line.transport is line.pipe
    assert line.client == ("192.0.2.1", 1000)
    assert line.loop is asyncio.get_running_loop()
    assert (line.flow.read_paused, line.flow.write_paused) == (False, False)


async def test_a_request_is_passed_on_in_its_order() -> None:
    app = App()
    line = Watched(app)
    line.data_received(GET[:20])
    assert line.called == []
    assert line.scope is not None
    assert "path" not in line.scope
    line.data_received(GET[20:])
    await settled()
    assert line.called == ["head /a%20b?q=1", "end"]
    scope = app.scopes[0]
    assert scope is line.scope
    assert (scope["method"], scope["path"], scope["query_string"]) == ("GET", "/a b", b"q=1")
    assert scope["headers"] == [(b"host", b"x"), (b"x-one", b"1")], "in lower case, and in a list of their own"
    assert (line.cycle.response_started, line.cycle.response_complete, line.cycle.disconnected) == (False, False, False)
    line.cycle.disconnected = True
    line.cycle.message_event.set()
    app.may_read.set()
    app.may_answer.set()
    await settled()
    assert (app.received, line.pipe.written) == (["http.disconnect"], b"")


async def test_a_body_is_passed_on_in_pieces_and_read_no_further_than_the_application_reads() -> None:
    app = App()
    line = Watched(app)
    line.data_received(POST + BODY[:2])
    line.data_received(BODY[2:])
    assert line.called == ["head /p", "body 2", "body 2", "end"]
    large = Watched(app)
    large.data_received(b"POST / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000)
    assert large.flow.read_paused
    assert large.pipe.paused
    app.may_read.set()
    await settled()
    assert not large.flow.read_paused


async def test_an_answer_completes_its_request() -> None:
    app = App()
    line = Watched(app, timeout_keep_alive=0)
    app.may_read.set()
    app.may_answer.set()
    line.data_received(GET)
    cycle = line.cycle
    await settled()
    assert line.pipe.written.startswith(STATUS_LINE[200])
    assert line.pipe.written.endswith(b"\r\n\r\nok")
    assert (cycle.response_started, cycle.response_complete, line.pipe.closing) == (True, True, False)
    assert line.called == ["head /a%20b?q=1", "end", "answered", "idle"], "with no time to wait, it is idle at once"
    assert line.server_state.total_requests == 1
    line.data_received(GET)
    line.cycle.keep_alive = False
    await settled()
    assert b"connection: close\r\n" in line.pipe.written
    assert line.pipe.closing


async def test_requests_wait_for_the_answers_to_those_before() -> None:
    app = App()
    app.may_read.set()
    line = Watched(app)
    line.data_received(GET * 3)
    await settled()
    first, newest = app.scopes[0], line.cycle
    assert len(line.pipeline) == 2
    assert line.pipeline[0][0] is newest, "the next one is the last"
    following = line.pipeline[-1][0]
    assert following.scope is not first
    app.may_answer.set()
    await settled()
    assert app.scopes[1] is following.scope
    assert app.scopes[2] is newest.scope
    assert line.pipe.written.count(STATUS_LINE[200]) == 3
    assert not line.pipeline


async def test_the_end_of_a_connection_is_reported_to_the_newest_request_alone() -> None:
    app = App()
    line = Watched(app)
    line.data_received(GET)
    first = line.cycle
    line.data_received(GET)
    line.connection_lost(None)
    assert (first.disconnected, line.cycle.disconnected) == (False, True)
    first.disconnected = True
    first.message_event.set()
    app.may_read.set()
    await settled()
    assert app.received == ["http.disconnect"]
    app.may_answer.set()
    await settled()
    assert line.pipe.written == b""


async def test_a_client_may_wait_before_it_sends_its_body() -> None:
    app = App()
    line = Watched(app)
    line.data_received(b"POST / HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert line.expect_100_continue
    assert line.cycle.waiting_for_100_continue
    app.may_read.set()
    await settled()
    assert not line.cycle.waiting_for_100_continue
    assert line.pipe.written == b"HTTP/1.1 100 Continue\r\n\r\n"
    line.data_received(BODY + GET)
    assert not line.expect_100_continue
    line.connection_lost(None)
    app.may_answer.set()
    await settled()


async def test_a_client_that_takes_nothing_is_waited_for() -> None:
    line = Watched(App())
    line.pause_writing()
    assert line.flow.write_paused
    line.resume_writing()
    assert not line.flow.write_paused


async def test_the_date_of_every_answer_is_a_new_list() -> None:
    server = uvicorn.Server(uvicorn.Config(App(), lifespan="off", log_config=None, server_header=False))
    server.config.load()
    lists = []
    for tick in (0, 10):
        await server.on_tick(tick)
        lists.append(server.server_state.default_headers)
    assert [name for name, _ in lists[0]] == [b"date"]
    assert lists[0] is not lists[1]


class Recorder:
    """What a parser calls."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.parser = httptools.HttpRequestParser(self)
        self.body = b""

    def on_headers_complete(self) -> None:
        if self.error is not None:
            raise self.error

    def on_body(self, body: bytes) -> None:
        self.body += body


def test_the_parser_knows_the_head() -> None:
    recorder = Recorder()
    recorder.parser.feed_data(POST + BODY)
    parser = recorder.parser
    assert (parser.get_method(), parser.get_http_version(), recorder.body) == (b"POST", "1.1", BODY)
    assert (parser.should_keep_alive(), parser.should_upgrade()) == (True, False)
    parser.feed_data(b"GET / HTTP/1.0\r\n\r\n")
    assert (parser.get_method(), parser.get_http_version(), parser.should_keep_alive()) == (b"GET", "1.0", False)


def test_the_parser_stops_at_another_protocol_and_says_where() -> None:
    recorder, head = Recorder(), POST[:-2] + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    with pytest.raises(httptools.HttpParserUpgrade) as upgrade:
        recorder.parser.feed_data(head + BODY)
    assert recorder.parser.should_upgrade()
    assert upgrade.value.args[0] == len(head)


def test_the_parser_reads_no_further_after_an_error() -> None:
    recorder = Recorder(ValueError("enough"))
    with pytest.raises(httptools.HttpParserError):
        recorder.parser.feed_data(POST + BODY)
    assert recorder.body == b""
    with pytest.raises(httptools.HttpParserError):
        Recorder().parser.feed_data(b"\x16\x03\x01\x02\x00")
