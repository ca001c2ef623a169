"""Following an issuer's published keys: rotation, an issuer that is down, and one that answers nonsense."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from agreegate.identity.issuer import PublishedKeys, fixed_keys

DISCOVERY = "https://issuer.example/v2.0/.well-known/openid-configuration"
JWKS = "https://issuer.example/keys"
ONE = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
TWO = ECKey.generate_key("P-256", {"kid": "two"})


class Issuer:
    """A made-up issuer on a made-up network, which the test breaks as it likes."""

    def __init__(self, *keys: Any) -> None:
        self.keys: list[Any] = [key.as_dict(private=False) for key in keys]
        self.discovery: Any = {"issuer": "https://issuer.example/{tenantid}/v2.0", "jwks_uri": JWKS}
        self.fault: Callable[[], httpx2.Response] | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.reached = asyncio.Event()
        self.asked: list[str] = []

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(str(request.url))
        self.reached.set()
        await self.open.wait()
        if self.fault is not None:
            return self.fault()
        return httpx2.Response(200, json=self.discovery if str(request.url) == DISCOVERY else {"keys": self.keys})


class World:
    """An issuer, the clock, and the keys as our side knows them."""

    def __init__(self, client: httpx2.AsyncClient, issuer: Issuer) -> None:
        self.issuer = issuer
        self.now = 1000.0
        self.keys = PublishedKeys(DISCOVERY, client, clock=lambda: self.now)

    async def known(self, kid: str = "one") -> list[str | None]:
        return [key.kid for key in await self.keys(kid)]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    issuer = Issuer(ONE)
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(issuer)) as client:
        world = World(client, issuer)
        yield world
        await world.keys.close()


async def test_the_first_question_reads_discovery_and_keys(world: World) -> None:
    assert world.issuer.asked == []
    assert await world.known() == ["one"]
    assert world.issuer.asked == [DISCOVERY, JWKS]


async def test_a_known_key_is_answered_without_asking_again(world: World) -> None:
    first = await world.keys("one")
    world.now += 899
    assert await world.keys("one") is first
    assert len(world.issuer.asked) == 2


async def test_a_new_key_is_found_when_a_token_names_it(world: World) -> None:
    old = await world.keys("one")
    world.issuer.keys = [TWO.as_dict(private=False)]
    world.now += 5
    new = await world.keys("two")
    assert [key.kid for key in new] == ["two"]
    assert new is not old


async def test_unknown_key_ids_ask_once_in_five_seconds(world: World) -> None:
    await world.known()
    for _ in range(10):
        assert await world.known("nobody's") == ["one"]
    assert len(world.issuer.asked) == 2
    world.now += 5
    for _ in range(10):
        assert await world.known("nobody's") == ["one"]
    assert len(world.issuer.asked) == 4


async def test_the_same_keys_again_are_the_same_set(world: World) -> None:
    before = await world.keys("one")
    world.now += 5
    assert await world.keys("nobody's") is before
    assert len(world.issuer.asked) == 4


async def test_many_who_ask_at_once_cause_one_question(world: World) -> None:
    world.issuer.open.clear()
    asking = [asyncio.create_task(world.known()) for _ in range(20)]
    impatient = asyncio.create_task(world.known())
    await world.issuer.reached.wait()
    impatient.cancel()
    world.issuer.open.set()
    assert await asyncio.gather(*asking) == [["one"]] * 20
    assert world.issuer.asked == [DISCOVERY, JWKS]


async def test_an_old_set_is_renewed_while_it_still_serves(world: World) -> None:
    await world.known()
    world.issuer.keys.append(TWO.as_dict(private=False))
    world.now += 900
    world.issuer.open.clear()
    assert await world.known() == ["one"]
    world.issuer.open.set()
    assert await world.known("two") == ["one", "two"]
    assert len(world.issuer.asked) == 4


def _down() -> httpx2.Response:
    raise httpx2.ConnectError("down")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(_down, id="down"),
        pytest.param(lambda: httpx2.Response(503, json={"keys": []}), id="unavailable"),
        pytest.param(lambda: httpx2.Response(302, headers={"Location": JWKS}), id="redirects are not followed"),
        pytest.param(lambda: httpx2.Response(200, content=b""), id="empty"),
        pytest.param(lambda: httpx2.Response(200, content=b"<html>"), id="a page"),
        pytest.param(lambda: httpx2.Response(200, content=b"\xff\xfe\x00"), id="bytes"),
        pytest.param(lambda: httpx2.Response(200, content=b"[" * 100_000), id="deep"),
        pytest.param(lambda: httpx2.Response(200, content=b" " * 300_000 + b"{}"), id="large"),
        pytest.param(lambda: httpx2.Response(200, json=[]), id="a list"),
        pytest.param(lambda: httpx2.Response(200, json={"jwks_uri": None}), id="no address of keys"),
        pytest.param(
            lambda: httpx2.Response(200, json={"jwks_uri": "http://issuer.example/keys"}), id="keys without TLS"
        ),
        pytest.param(lambda: httpx2.Response(200, json={"jwks_uri": "file:///etc/passwd"}), id="keys in a file"),
        pytest.param(lambda: httpx2.Response(200, json={"jwks_uri": JWKS, "keys": []}), id="no keys"),
        pytest.param(
            lambda: httpx2.Response(200, json={"jwks_uri": JWKS, "keys": [7, {"kty": "RSA"}]}), id="no usable keys"
        ),
    ],
)
async def test_an_issuer_that_fails_leaves_the_known_keys(
    world: World, fault: Callable[[], httpx2.Response], caplog: pytest.LogCaptureFixture
) -> None:
    before = await world.keys("one")
    world.now += 900
    world.issuer.fault = fault
    assert await world.keys("two") is before
    assert "keys of https://issuer.example" in caplog.text
    world.issuer.fault = None
    world.issuer.keys.append(TWO.as_dict(private=False))
    world.now += 5
    assert await world.known("two") == ["one", "two"]


async def test_an_issuer_that_hangs_is_given_up() -> None:
    issuer = Issuer(ONE)
    issuer.open.clear()
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(issuer)) as client:
        keys = PublishedKeys(DISCOVERY, client, clock=lambda: 1000.0, timeout=0.01)
        assert list(await keys("one")) == []


async def test_an_issuer_never_reached_means_no_keys_and_is_tried_again(world: World) -> None:
    world.issuer.fault = _down
    assert await world.known() == []
    assert await world.known() == []
    assert len(world.issuer.asked) == 1
    world.issuer.fault = None
    world.now += 5
    assert await world.known() == ["one"]


async def test_keys_that_must_not_verify_are_left_out(world: World) -> None:
    world.issuer.keys += [
        OctKey.generate_key(256, {"kid": "shared secret"}).as_dict(private=True),
        TWO.as_dict(private=True, kid="private"),
        TWO.as_dict(private=False, kid="for encryption", use="enc"),
        {"kty": "RSA", "kid": "small", "n": "AQAB" * 64, "e": "AQAB"},
        {"kty": "EC", "kid": "broken", "crv": "P-256", "x": "!", "y": "!"},
        {"kty": "future", "kid": "unheard of"},
        {"kid": "no type"},
        None,
        TWO.as_dict(private=False),
    ]
    assert await world.known() == ["one", "two"]


@pytest.mark.parametrize(
    "address",
    [
        "http://issuer.example/x",
        "http://127.0.0.1.example/x",
        "http://0.0.0.0/x",
        "http://10.0.0.1/x",
        "ftp://localhost/x",
        "https:///x",
        "/x",
        "",
    ],
)
async def test_addresses_that_anybody_could_answer_are_refused(world: World, address: str) -> None:
    async with httpx2.AsyncClient() as client:
        with pytest.raises(ValueError, match="https"):
            PublishedKeys(address, client, clock=lambda: 0.0)


@pytest.mark.parametrize("address", ["http://localhost:8400/x", "http://127.0.0.1:8400/x", "http://[::1]/x", DISCOVERY])
async def test_https_and_this_machine_are_good(address: str) -> None:
    async with httpx2.AsyncClient() as client:
        assert PublishedKeys(address, client, clock=lambda: 0.0)


async def test_fixed_keys_never_change() -> None:
    keys = fixed_keys(KeySet([ONE]))
    assert await keys("one") is await keys("two")
