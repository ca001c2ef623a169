"""Sign-ins under way cost the server nothing, survive other tabs, and are good for one browser, once, for a while (A1, A3)."""

import asyncio
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import apsw
import httpx2
import pytest

from agreegate.dashboard.dashboard import PAGES
from agreegate.dashboard.frame.pending import LIFETIME, LONGEST_NEXT
from agreegate.demo.demo import open_demo
from agreegate.production import open_server
from agreegate.programme import load
from agreegate.settings import checked
from agreegate.storage.engine.folder import DATABASE, DataFolder
from tests import personas as cast
from tests.dashboard.provider import Provider
from tests.dashboard.visitor import Visitor
from tests.served import Issuer
from tests.world import BASE_URL, World

pytestmark = pytest.mark.fault("A1")
SALES = "sales@alder.example"
LARGEST_COOKIES = 4 * 1024
"""Bytes of a `Cookie` header that the server takes."""


def cookie_header(someone: Visitor) -> int:
    """The size of what the browser sends."""
    return len("; ".join(f"{cookie.name}={cookie.value}" for cookie in someone.client.cookies.jar))


def sign_ins(someone: Visitor) -> dict[str, str]:
    return {c.name: str(c.value) for c in someone.client.cookies.jar if c.name.startswith("agreegate-sign-in-")}


async def test_a_stranger_adds_nothing_to_the_record(world: World) -> None:
    await strangers_add_nothing(world.app, world.path, [route.path_format for route in world.framework.routes])


async def test_a_stranger_adds_nothing_to_a_demo(tmp_path: Path) -> None:
    demo = await open_demo(
        DataFolder(tmp_path), load("microsoft-cloud-agreement"), BASE_URL, None, programme_named=False
    )
    own = ["token", "authorize", "v2.0/token", "v2.0/authorize"]
    addresses = [*(path for page in PAGES for path in page.paths), *(f"/organizations/oauth2/{name}" for name in own)]
    asked = await strangers_add_nothing(demo.app, tmp_path / DATABASE, addresses)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=demo.app), base_url=BASE_URL) as client:
        assert (await client.post(asked, data={"user": cast.ALDER_SALES})).status_code == 303
    demo.close()


async def strangers_add_nothing(app: Any, path: Path, addresses: Sequence[str]) -> str:
    """Let a stranger ask for every address, send a form to it, and begin many sign-ins; where the last one leads."""
    watching = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    before = watching.pragma("data_version")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=BASE_URL) as client:
        client.headers["accept"] = "text/html"
        client.cookies.update({"agreegate": "made-up", "agreegate-sign-in-12345678": "made-up"})
        for template in [*addresses, "/nowhere", "/v1/nowhere", "/api/nowhere"]:
            if template == "/readyz":  # writes a row as it was, at most once a second
                continue
            address = re.sub(r"\{[\w:]+\}", cast.CEDAR, template)
            assert (await client.get(address, params={"lang": "fr"})).status_code < 500, address
            token = client.cookies.get("agreegate-form", "")
            sent = await client.post(address, data={"_csrf_token": token, "typed": "x" * 5_000})
            assert sent.status_code < 500, address
        for number in range(200):
            asked = await client.get("/sign-in", params={"next": f"/{number}" + "x" * 2_000})
            assert asked.status_code == 303
            client.cookies.clear()
        await client.get("/sign-in/callback", params={"state": "x", "code": "y"})
    assert watching.pragma("data_version") == before
    assert watching.execute("select count(*) from session").get == 0
    watching.close()
    return str(asked.headers["location"])


async def test_several_tabs_sign_in_and_each_comes_back_to_its_own_page(world: World) -> None:
    provider = Provider()
    someone = provider.visitor(world, provider.deployment(world))
    first, second = [
        (await someone.client.get("/sign-in", params={"next": path})).headers["location"]
        for path in ("/customers?q=one", "/decisions")
    ]
    assert (await provider.come_back(someone, second)).headers["location"] == "/decisions"
    assert (await provider.come_back(someone, first)).headers["location"] == "/customers?q=one"
    assert SALES in (await someone.get("/")).text
    assert sign_ins(someone) == {}


async def test_tabs_that_begin_at_the_same_instant_do_not_break_each_other(world: World) -> None:
    provider = Provider()
    someone = provider.visitor(world, provider.deployment(world))
    begun = await asyncio.gather(
        *(someone.client.get("/sign-in", params={"next": f"/customers/{cast.CEDAR}?tab={n}"}) for n in range(6))
    )
    assert cookie_header(someone) < LARGEST_COOKIES
    for number, answer in enumerate(begun):
        led = (await provider.come_back(someone, answer.headers["location"])).headers["location"]
        assert led == f"/customers/{cast.CEDAR}?tab={number}"


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_who_signs_in_again_and_again_keeps_cookies_that_the_server_takes(world: World, language: str) -> None:
    provider = Provider()
    someone = provider.visitor(world, provider.deployment(world))
    await someone.get(f"/?lang={language}")
    await provider.sign_in(someone)
    session = someone.client.cookies["agreegate"]
    for number in range(12):
        someone.client.cookies.delete("agreegate")
        path = f"/{number}/".ljust(LONGEST_NEXT if number % 3 == 0 else 60, "x")
        begun = await someone.client.get("/sign-in", params={"next": path})
        someone.client.cookies.set("agreegate", session, domain="127.0.0.1", path="/")
        assert cookie_header(someone) < LARGEST_COOKIES
    assert len(sign_ins(someone)) > 1, "what there is room for is kept"
    assert (await provider.come_back(someone, begun.headers["location"])).headers["location"] == path


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/" + "x" * 2_047, True),
        ("/" + "x" * 2_048, False),
        ("/" + "x" * 60_000, False),
        ("/customers?q=" + "Д" * 300, True),
        ("/customers?q=" + "Д" * 400, False),
        ("/a\\b'c(d)", True),
        ("/a\nb", False),
    ],
)
async def test_an_address_too_long_to_be_led_back_to_leads_to_the_start(world: World, path: str, back: bool) -> None:
    provider = Provider()
    someone = provider.visitor(world, provider.deployment(world))
    led = (await provider.sign_in(someone, path)).headers["location"]
    assert unquote(led) == (path if back else "/")
    assert SALES in (await someone.get("/")).text


async def test_a_page_whose_address_is_too_long_is_led_back_to_without_what_it_asked_for(world: World) -> None:
    provider = Provider()
    someone = provider.visitor(world, provider.deployment(world))
    asked = await someone.client.get("/customers", params={"q": "x" * 3_000})
    assert asked.headers["location"] == "/sign-in?next=%2Fcustomers"
    asked = await someone.client.get("/customers", params={"q": "x y"})
    assert asked.headers["location"] == "/sign-in?next=%2Fcustomers%3Fq%3Dx%2By"


async def test_what_a_browser_holds_of_a_sign_in_cannot_be_read_or_changed(world: World) -> None:
    provider = Provider()
    someone = provider.visitor(world, provider.deployment(world))
    begun = await someone.client.get("/sign-in", params={"next": "/customers?q=cedar"})
    [(name, value)] = sign_ins(someone).items()
    header = begun.headers["set-cookie"]
    assert f"Max-Age={LIFETIME}" in header and "HttpOnly" in header and "SameSite=lax" in header and "Path=/" in header
    assert "cedar" not in value
    for changed in (
        value[:-2] + ("AA" if value[-2:] != "AA" else "BB"),
        value[:40],
        "",
        "é",
        "x" * 300,
        value + "AAAA",
    ):
        someone.client.cookies.clear()
        someone.client.headers = [("cookie", f"{name}={changed}".encode("latin-1"))]
        again = await provider.come_back(someone, begun.headers["location"])
        assert again.status_code == 400, changed
        assert "Sign in again" in again.text


async def test_a_sign_in_is_good_for_its_own_answer_server_and_time(world: World) -> None:
    provider = Provider()
    someone = provider.visitor(world, provider.deployment(world))
    other = provider.visitor(world, provider.deployment(world, form_keys=("of another server",)))
    begun = await someone.client.get("/sign-in")
    elsewhere = await other.client.get("/sign-in")
    other.client.cookies.update(someone.client.cookies)
    assert (await provider.come_back(other, begun.headers["location"])).status_code == 400
    assert (await provider.come_back(someone, elsewhere.headers["location"])).status_code == 400
    provider.later += LIFETIME + 1
    assert (await provider.come_back(someone, begun.headers["location"])).status_code == 400
    begun = await someone.client.get("/sign-in")
    assert len(sign_ins(someone)) == 1, "the one that is over is gone"
    provider.later += LIFETIME - 5
    assert (await provider.come_back(someone, begun.headers["location"])).headers["location"] == "/"


async def test_an_answer_whose_state_only_begins_like_that_of_the_sign_in_is_refused(world: World) -> None:
    provider = Provider()
    someone = provider.visitor(world, provider.deployment(world))
    begun = httpx2.URL((await someone.client.get("/sign-in")).headers["location"])
    state = begun.params["state"]
    forged = begun.copy_set_param("state", state[:8] + state[:7:-1])
    assert (await provider.come_back(someone, str(forged))).status_code == 400
    assert (await provider.come_back(someone, str(begun))).status_code == 303


async def test_a_silent_provider_is_asked_once_however_many_sign_in(world: World) -> None:
    provider = Provider(silent=True)
    someone = provider.visitor(world, provider.deployment(world))
    answers = await asyncio.gather(*(someone.client.get("/sign-in") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {503}
    assert "does not answer" in answers[0].text
    assert len(provider.asked) == 1
    provider.silent, provider.later = False, 6.0
    assert (await provider.sign_in(someone)).status_code == 303


@pytest.mark.fault("A3")
async def test_signing_in_reads_the_trusted_certificates_no_second_time(tmp_path: Path) -> None:
    issuer = Issuer()
    read: list[str] = []

    def watch(_frame: Any, event: str, called: Any) -> None:
        if event == "c_call" and called.__name__ in ("load_verify_locations", "set_default_verify_paths"):
            read.append(called.__name__)

    settings = {"public-url": BASE_URL, "token-issuer": [issuer.url], "client-id": "x", "data": str(tmp_path / "data")}
    server = await open_server(checked(settings))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=server.app), base_url=BASE_URL) as client:
        sys.setprofile(watch)
        try:
            for _ in range(5):
                assert (await client.get("/sign-in")).headers["location"].startswith(f"{issuer.url}/authorize?")
        finally:
            sys.setprofile(None)
    assert read == []
    server.close()
    issuer.server.shutdown()
    issuer.server.server_close()
