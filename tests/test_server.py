"""A question to the gate that is answered where it is read gets the answer that it gets in full, however it arrives."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from agreegate.api.host import KnownHosts, hosts_of
from agreegate.server import BoundedProtocol
from tests import personas as cast
from tests.world import API_ENFORCED, World, token

BODY = json.dumps({"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api"}).encode()


class Counted:
    """An application that counts how often it is asked in full; `hasty` lets it be asked at once."""

    def __init__(self, app: Any, *, hasty: bool) -> None:
        self._app = app
        self.asked = 0
        if hasty:
            self.at_once = app.at_once

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        await self._app(scope, receive, send)


def request(
    *lines: str,
    body: bytes = BODY,
    target: str = "/api/gate/decisions",
    method: str = "POST",
    version: str = "1.1",
    host: str = "gate.example",
    user: str = cast.ALDER_SALES,
) -> bytes:
    """A request as it is on the line."""
    head = [f"{method} {target} HTTP/{version}", f"Host: {host}", f"Authorization: Bearer {token(user)}", *lines]
    if not any(line.startswith("Transfer-Encoding") for line in lines):
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


PLAIN = request()
HEAD = len(PLAIN) - len(BODY)
CHUNKED = request("Transfer-Encoding: chunked", body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY))
LARGE = request(body=b" " * 70_000 + BODY)
FIRST, REST = request(target="/healthz", method="GET", body=b""), request(target="/readyz", method="GET", body=b"")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, API_ENFORCED)
    await made.confirm(cast.ALDER_SALES, cast.CEDAR)
    await made.ask(cast.ALDER_SALES, cast.CEDAR)
    yield made
    await made.close()


async def answers(app: Any, pieces: list[bytes], count: int) -> list[tuple[bytes, bytes]]:
    """Head and body of the answers to what is sent in these pieces over one connection."""
    config = uvicorn.Config(
        app, interface="asgi3", http=BoundedProtocol, lifespan="off", log_config=None, access_log=False
    )
    state = ServerState()
    state.default_headers = [(b"date", b"Thu, 02 May 2019 10:00:00 GMT")]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: BoundedProtocol(config, state, {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    before = len(pieces) - 1
    for piece in pieces[:before]:
        writer.write(piece)
        await writer.drain()
        for _ in range(5):  # the server reads this much before it gets more
            await asyncio.sleep(0)
    writer.write(pieces[before])
    found: list[tuple[bytes, bytes]] = []
    while len(found) < count:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        if not head.startswith(b"HTTP/1.1 100"):
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            found.append((head, await reader.readexactly(length)))
    writer.close()
    server.close()
    return found


@pytest.mark.parametrize(
    ("pieces", "count", "in_full"),
    [
        ([PLAIN], 1, 0),
        ([PLAIN[:40], PLAIN[40:]], 1, 0),
        ([PLAIN + PLAIN + PLAIN], 3, 0),
        ([PLAIN[:HEAD], PLAIN[HEAD:]], 1, 0),
        ([PLAIN[:-5], PLAIN[-5:]], 1, 0),
        ([PLAIN[:-5], PLAIN[-5:] + PLAIN], 2, 0),
        ([PLAIN[:-5], PLAIN[-5:], PLAIN], 2, 0),
        ([CHUNKED[:-20], CHUNKED[-20:]], 1, 0),
        ([LARGE], 1, 1),
        ([LARGE[:HEAD], LARGE[HEAD:5_000], LARGE[5_000:]], 1, 1),
        ([FIRST + PLAIN + REST], 3, 3),
        ([CHUNKED], 1, 0),
        ([request("Accept-Language: fr")], 1, 0),
        ([request(user=cast.ALDER_HELPDESK)], 1, None),
        ([request(body=b"{}")], 1, 1),
        ([request(body=b"")], 1, 1),
        ([request(target="/api/gate/decisions?x=1")], 1, 1),
        ([request(target="/API/gate/decisions")], 1, 1),
        ([request(method="GET", body=b"")], 1, 1),
        ([request("Expect: 100-continue")], 1, 1),
        ([request("Connection: close")], 1, 1),
        ([request(version="1.0")], 1, 1),
        ([request(host="elsewhere.example")], 1, 1),
        ([request("X-Forwarded-Host: elsewhere.example")], 1, 1),
    ],
)
async def test_the_answer_is_the_same_however_it_arrives(
    world: World, pieces: list[bytes], count: int, in_full: int | None
) -> None:
    hasty, thorough = (Counted(KnownHosts(world.app, [b"gate.example"]), hasty=hasty) for hasty in (True, False))
    first = await answers(hasty, pieces, count)
    second = await answers(thorough, pieces, count)
    assert [(status_of(head), body) for head, body in first] == [(status_of(head), body) for head, body in second]
    assert in_full is None or hasty.asked == in_full
    assert thorough.asked == count


def status_of(head: bytes) -> list[bytes]:
    """Status and headers, without the ids that every answer has of its own."""
    return sorted(line for line in head.lower().split(b"\r\n") if not line.startswith((b"ms-", b"x-request")))


@pytest.mark.fault("D20")
async def test_blanks_after_the_scheme_are_no_other_caller(world: World) -> None:
    twice = PLAIN.replace(b"Bearer ", b"Bearer   ")
    hasty = Counted(KnownHosts(world.app, [b"gate.example"]), hasty=True)
    [(_, in_full)], [(_, at_once)], [(_, usual)] = [await answers(hasty, [sent], 1) for sent in (twice, twice, PLAIN)]
    assert in_full == at_once == usual
    assert hasty.asked == 1


@pytest.mark.fault("D20")
@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["X-Forwarded-Host: gate.example, edge.internal"], b"200"),
        (["X-Forwarded-Host: GATE.example ,edge.internal,"], b"200"),
        (["X-Forwarded-Host: gate.example", "X-Forwarded-Host: edge.internal"], b"200"),
        (["X-Forwarded-Host: edge.internal, gate.example"], b"400"),
        (["X-Forwarded-Host: edge.internal", "X-Forwarded-Host: gate.example"], b"400"),
        (["X-Forwarded-Host: , gate.example"], b"400"),
        (["X-Forwarded-Host:"], b"400"),
    ],
)
@pytest.mark.parametrize("trusted", [True, False])
async def test_of_several_forwarded_names_a_trusted_proxys_first_counts(
    world: World, lines: list[str], status: bytes, *, trusted: bool
) -> None:
    app = KnownHosts(world.app, [b"gate.example"], ["127.0.0.1"] if trusted else [])
    [(head, _)] = await answers(app, [request(*lines, host="inner")], 1)
    assert head.split()[1] == (status if trusted else b"400")


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://gate.example", {b"gate.example", b"gate.example:443"}),
        ("http://gate.example:80", {b"gate.example", b"gate.example:80"}),
        ("https://gate.example:8443", {b"gate.example:8443"}),
        ("http://[::1]:8400", {b"[::1]:8400"}),
        ("https://bücher.example", {b"xn--bcher-kva.example", b"xn--bcher-kva.example:443"}),
    ],
)
def test_a_public_url_is_answered_to_with_its_port_and_without_the_schemes_own(url: str, hosts: set[bytes]) -> None:
    assert hosts_of(url) == hosts


async def test_a_stored_answer_is_seen_by_the_next_question(world: World) -> None:
    app = KnownHosts(world.app, [b"gate.example"])
    [(_, before)] = await answers(app, [PLAIN], 1)
    end = {"reason": "no_longer_agrees", "note": "By phone."}
    ended = await world.send(cast.ALDER_SALES, "POST", f"/api/customers/{cast.CEDAR}/standing/end", end)
    assert ended.status_code < 300
    [(_, after)] = await answers(app, [PLAIN], 1)
    assert json.loads(before)["verdict"] == "allow"
    assert json.loads(after)["verdict"] == "deny"
