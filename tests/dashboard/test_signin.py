"""Signing in and out: by the provider alone, under a new session id, for so long and no longer."""

import re
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest

from agreegate.app import application, framework
from agreegate.domain.error import StoreUnavailable
from agreegate.storage.session import forget_sessions, keep_session, session_data
from tests import personas as cast
from tests.dashboard.past import age
from tests.dashboard.visitor import Visitor, visitor
from tests.world import BASE_URL, World


async def test_a_user_signs_in_is_named_and_signs_out(world: World) -> None:
    someone = await visitor(world)
    start = await someone.get("/")
    assert "sales@alder.example" in start.text
    assert "Alder" in start.text
    out = await someone.send("/", start.page.form("/sign-out"))
    assert "sales@alder.example" not in out.text
    assert "sales@alder.example" not in (await someone.get("/")).text


async def test_the_session_gets_a_new_id_when_somebody_signs_in_and_one_from_outside_is_never_taken(
    world: World,
) -> None:
    someone = Visitor(world)
    someone.client.cookies.set("agreegate", "chosen-by-a-stranger", domain="127.0.0.1", path="/")
    other_tab = (await someone.client.get("/sign-in")).headers["location"]
    await someone.sign_in(cast.ALDER_SALES)
    first = someone.client.cookies["agreegate"]
    await someone.choose(other_tab, cast.ALDER_ADMIN)
    assert len({"chosen-by-a-stranger", first, someone.client.cookies["agreegate"]}) == 3
    assert "admin@alder.example" in (await someone.get("/")).text
    for former in ("chosen-by-a-stranger", first):
        other = Visitor(world)
        other.client.cookies.set("agreegate", former, domain="127.0.0.1")
        assert "@alder.example" not in (await other.get("/")).text


async def test_the_record_holds_no_session_id(world: World) -> None:
    someone = await visitor(world)
    rows = world.connection().execute("select session_key, data from session").get
    assert someone.client.cookies["agreegate"] not in str(rows)


@pytest.mark.parametrize(
    ("hours", "column", "inside"), [(0.9, "seen_at", True), (1.1, "seen_at", False), (12.1, "began_at", False)]
)
async def test_a_session_ends_when_it_is_not_used_and_after_half_a_day(
    world: World, hours: float, column: str, inside: bool
) -> None:
    someone = await visitor(world)
    age(world, hours, column)
    assert ("sales@alder.example" in (await someone.get("/")).text) is inside


async def test_a_session_survives_a_restart(world: World) -> None:
    someone = await visitor(world)
    again = application(world.deployment, framework(world.deployment))
    other = Visitor(world, app=again)
    other.client.cookies = someone.client.cookies
    assert "sales@alder.example" in (await other.get("/")).text


@pytest.mark.parametrize("tampering", ["state", "code", "none"])
async def test_an_answer_that_was_not_asked_for_signs_nobody_in(world: World, tampering: str) -> None:
    someone = Visitor(world)
    asked = await someone.client.get("/sign-in")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=world.issuer)) as provider:
        chosen = await provider.post(asked.headers["location"], data={"user": cast.ALDER_SALES})
    location = chosen.headers["location"]
    if tampering == "none":
        someone.client.cookies.clear()
    else:
        location = re.sub(rf"{tampering}=[^&]+", f"{tampering}=other", location)
    reply = await someone.get(location)
    assert reply.status == 400
    assert "Sign in again" in reply.text
    assert "sales@alder.example" not in (await someone.get("/")).text


async def test_a_code_is_good_once(world: World) -> None:
    someone = Visitor(world)
    asked = await someone.client.get("/sign-in")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=world.issuer)) as provider:
        chosen = await provider.post(asked.headers["location"], data={"user": cast.ALDER_SALES})
    assert (await someone.get(chosen.headers["location"])).status == 200
    other = Visitor(world)
    assert (await other.get(chosen.headers["location"])).status == 400


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
async def test_signing_in_leads_nowhere_else(world: World, target: str) -> None:
    someone = Visitor(world)
    asked = await someone.client.get("/sign-in", params={"next": target})
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=world.issuer)) as provider:
        chosen = await provider.post(asked.headers["location"], data={"user": cast.ALDER_SALES})
    assert (await someone.client.get(chosen.headers["location"])).headers["location"] == "/"


async def test_another_name_of_this_machine_leads_to_the_one_that_cookies_belong_to(world: World) -> None:
    answer = await Visitor(world).client.get("http://localhost:8400/sign-in?next=%2Fcustomers")
    assert answer.headers["location"] == f"{BASE_URL}/sign-in?next=%2Fcustomers"


async def test_a_user_closed_in_the_directory_is_out_at_once(world: World) -> None:
    someone = await visitor(world)
    connection = world.connection()
    connection.set_busy_timeout(5000)
    connection.execute("update partner_user set active = 0 where user_id = ?", (cast.ALDER_SALES,))
    connection.close()
    assert "sales@alder.example" not in (await someone.get("/")).text


async def test_cookies_are_out_of_reach_of_scripts_and_bound_to_tls_where_there_is_tls(world: World) -> None:
    secure = "https://gate.example"
    deployment = replace(world.deployment, public_url=secure)
    app = framework(deployment)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=secure) as client:
        cookies = (await client.get("/sign-in")).headers.get_list("set-cookie")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=world.app), base_url=BASE_URL) as client:
        plain = (await client.get("/sign-in")).headers.get_list("set-cookie")
    assert len(cookies) == len(plain) == 2
    assert all("HttpOnly" in cookie and "SameSite=lax" in cookie for cookie in cookies + plain)
    assert all(cookie.startswith("__Host-") and "Secure" in cookie for cookie in cookies)


async def test_without_a_provider_the_page_names_the_setting(world: World) -> None:
    app = framework(replace(world.deployment, provider=None))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=BASE_URL) as client:
        answer = await client.get("/sign-in")
    assert answer.status_code == 503
    assert "--client-id" in answer.text


async def test_the_language_chosen_stays_chosen(world: World) -> None:
    someone = Visitor(world)
    assert (await someone.get("/?lang=fr")).page.language == "fr"
    assert (await someone.get("/")).page.language == "fr"
    assert (await someone.get("/?lang=en")).page.language == "en"
    assert (await someone.get("/")).page.language == "en"


async def test_another_language_keeps_the_page_as_it_is(world: World) -> None:
    someone = Visitor(world)
    page = (await someone.get("/?q=a%26b&to=cancel&lang=en")).page
    assert "?q=a%26b&to=cancel&lang=fr" in page.links


async def test_a_request_under_way_does_not_bring_back_a_session_that_was_ended(world: World) -> None:
    someone = await visitor(world)
    key = sha256(someone.client.cookies["agreegate"].encode()).hexdigest()
    kept = await world.store.read(lambda uow: session_data(uow, key))
    assert kept is not None
    page = (await someone.get("/")).page
    cookies = dict(someone.client.cookies)
    await someone.send("/", page.form("/sign-out"))
    await world.store.write(lambda uow: keep_session(uow, key, kept[0]))
    other = Visitor(world)
    other.client.cookies.update(cookies)
    assert "sales@alder.example" not in (await other.get("/")).text


async def test_what_is_forgotten_is_what_has_ended(world: World) -> None:
    gone, stays = await visitor(world), await visitor(world, cast.ALDER_ADMIN)
    await Visitor(world).client.get("/sign-in")  # a stranger, who never comes back
    await gone.send("/", (await gone.get("/")).page.form("/sign-out"))
    age(world, 1.1, "seen_at")
    await world.store.write(lambda uow: forget_sessions(uow, 100))
    rows = world.connection().execute("select data from session").get
    assert "admin@alder.example" in str(rows)
    assert "sales@alder.example" not in str(rows)
    assert "pending" not in str(rows)
    assert "admin@alder.example" not in (await stays.get("/")).text


class Unreadable:
    """A record that cannot be read, as on a disk that fails."""

    def __init__(self, world: World) -> None:
        self.clock = world.store.clock

    async def read(self, work: Any) -> Any:
        raise StoreUnavailable("IOError")

    read_slow = write = read


@pytest.mark.fault("C2")
async def test_a_record_that_cannot_be_read_is_said_in_a_sentence(world: World) -> None:
    someone = await visitor(world)
    broken: Any = Unreadable(world)
    app = framework(replace(world.deployment, store=broken))
    other = Visitor(world, app=app)
    assert (await other.get("/")).status == 200
    assert (await other.client.get("/sign-in")).status_code == 303
    other.client.cookies = someone.client.cookies
    for method, path in (("GET", "/"), ("GET", "/customers"), ("POST", "/customers/new"), ("GET", "/sign-in")):
        for more in ({}, {"hx-request": "true", "accept": "*/*"}):
            answer = await other.client.request(method, path, headers=more)
            assert answer.status_code == 503, (method, path, answer.text)
            assert "cannot be reached now" in answer.text
            assert int(answer.headers["retry-after"]) > 0


@pytest.mark.fault("A1")
async def test_a_browser_whose_session_has_ended_makes_the_record_no_larger(world: World) -> None:
    someone = await visitor(world)
    path = "/customers/new"
    form = (await someone.get(path)).page.form()
    age(world, 1.1, "seen_at")
    for number in range(5):
        led = await someone.client.post(path, data=form.fields | {"company": f"Typed {number}"})
        assert led.headers["location"].startswith("/sign-in?next=")
    assert world.rows("select count(*) from session") == [(1,)]
    await someone.sign_in(cast.ALDER_SALES)
    shown = await someone.get(path)
    assert shown.page.form().fields["company"] == ["Typed 4"]
    assert world.rows("select count(*) from session") == [(1,)]


@pytest.mark.parametrize("target", ["/日本", "/customers?q=Дуб&lang=fr"])
async def test_an_address_beyond_ascii_is_led_back_to(world: World, target: str) -> None:
    someone = Visitor(world)
    asked = await someone.client.get("/sign-in", params={"next": target})
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=world.issuer)) as provider:
        chosen = await provider.post(asked.headers["location"], data={"user": cast.ALDER_SALES})
    answer = await someone.client.get(chosen.headers["location"])
    assert answer.status_code == 303
    assert unquote(answer.headers["location"]) == target


async def test_a_reader_who_searched_in_another_script_comes_back_to_the_search(world: World) -> None:
    someone = Visitor(world)
    asked = await someone.client.get("/customers", params={"q": "Дуб"})
    assert asked.status_code == 303
    assert asked.headers["location"].isascii()
