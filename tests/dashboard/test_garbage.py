"""Garbage in every form and every address of the dashboard: an answer that says something, nothing stored, no typing lost.

Every POST of `PAGES` is walked, so that a new one is met by all of this as soon as it is there; one with a new kind of
parameter in its path makes `Dashboard.ids` fail until it is named there.
"""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4

import httpx2
import pytest

from agreegate.dashboard.dashboard import PAGES
from agreegate.dashboard.form import LARGEST_FORM
from agreegate.i18n import text
from tests import personas as cast
from tests.dashboard.reading import Page, SeenForm
from tests.dashboard.sandbox import sandbox_visitor
from tests.dashboard.visitor import Visitor, visitor
from tests.world import DASHBOARD_ENFORCED, World

TYPED = ("text", "email", "tel", "date", "number", "search")
"""Kinds of fields that people type into."""
TOKEN, REQUEST_ID = "_csrf_token", "request_id"
FORM = "application/x-www-form-urlencoded"
SCRIPT = '"><script>alert(1)</script>'
VALUES = (
    "", "   ", SCRIPT, "'\"` onfocus=alert(1) x=", "{{ 7*7 }}", "{name}", "%s", "\0", "a\0b", "\x1b[31m", "\u202egnp.exe", "مخبز الأرز",
    "\ufffe\uffff", "\ud800", "💥" * 50, "=cmd|' /C calc'!A0", "@SUM(1+1)", "+1", "-1", "-0", "0", "٣", "²", "1e9", "NaN", "0x10",
    "1_000", "2147483648", "999999999", "9" * 5_000, "3.5", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "2018-02-30",
    "2018-13-01", "1 ² 2018", "31 February 2018", "0001-01-01 00:00+14:00", "9999-12-31T23:59:59-14:00", "a@" + "b" * 300,
    "a@b@c", "a\nb", "a\r\nSet-Cookie: x=y", "../../etc/passwd", "//evil.example", "https://evil.example/", "javascript:alert(1)",
    "/\\evil.example", "/%0d%0aX: y", "/\r\nX: y", "/é?q=\u2028", "' or 1=1 --", "null", "x" * 10_000,
)  # fmt: skip
"""What people, scanners and broken clients put into a field."""
STORED = ("customer", "customer_contact", "relationship", "confirmation", "confirmation_contact", "ending", "order_", "subscription",
          "collection_request", "confirmation_employee", "audit_record", "idempotency")  # fmt: skip
"""What a refusal leaves alone. Sessions are another matter, and so is the gate's record of what it refused."""


POSTS = sorted({path for page in PAGES if "POST" in page.http_methods for path in page.paths})
GETS = sorted({path for page in PAGES if "GET" in page.http_methods for path in page.paths})
GOOD = {
    "offer-0": "bd938f12-058f-4927-bba3-ae36b1d2501c", "name-0": "Mail", "quantity": "7", "to": "suspend", "sure": "yes",
    "accepted": "on",
}  # fmt: skip
"""What lets a form on to what it asks next."""
OTHERS = {
    "/employee": {"customer": cast.FRENE}, "/recorded-in-error": {"customer": cast.FRENE}, "}/request": {"reseller": cast.HORNBEAM}
}  # fmt: skip
"""Whom a page is tried with, where the usual ones have nothing to be asked about."""


class Dashboard:
    """A demo with one of everything that an address can name, and somebody signed in."""

    def __init__(self, world: World, guest: Visitor, ids: dict[str, str]) -> None:
        self.world, self.guest, self.ids = world, guest, ids

    def at(self, path: str) -> str:
        """The address of a handler."""
        ids = self.ids | next((named for end, named in OTHERS.items() if path.endswith(end)), {})
        return re.sub(r"{(\w+):\w+}", lambda found: ids[found[1]], path)

    def stored(self) -> tuple[Any, ...]:
        """How much there is of everything, and what can change in place."""
        counts = ", ".join(f"(select count(*) from {table})" for table in STORED)
        changing = "(select group_concat(status || quantity || auto_renew || revision) from subscription)"
        return self.world.rows(f"select {counts}, {changing}")[0]

    async def form(self, path: str) -> SeenForm:
        """The form that is shown where it is sent to, as far on as it goes; where none is, the token alone."""
        shown = await self.guest.get(f"{path}?to=suspend")
        if shown.status != 200:
            return SeenForm("", "post", {TOKEN: [await self.token(path)]})
        form = own_form(shown.page)
        good = {name: value for name, value in GOOD.items() if name in form.names}
        asked = await self.guest.send(path, form, **good) if good else shown
        return own_form(asked.page) if asked.status == 200 and asked.path == path else form

    async def token(self, post: str) -> str:
        """What makes a form one of ours. Who signs out signs in again first."""
        if post == "/sign-out":
            self.guest.client.cookies.clear()
            await self.guest.sign_in(cast.ALDER_SALES)
        elif "agreegate-form" in self.guest.client.cookies:
            return self.guest.client.cookies["agreegate-form"]
        return own_form((await self.guest.get("/clock")).page).fields[TOKEN][0]

    async def send(
        self, path: str, body: bytes, content_type: str = FORM, *more: tuple[bytes, bytes]
    ) -> httpx2.Response:
        """Send these very bytes. They are accepted, or answered with a sentence and change nothing."""
        before = self.stored()
        given = [(b"content-type", content_type.encode()), *more]
        answer = await self.guest.client.post(path, content=body, headers=given)
        assert answer.status_code == 303 or self.stored() == before, (path, body[:200])
        checked(answer, body)
        return answer


def own_form(page: Page) -> SeenForm:
    """The form that a page is for; else only the token that every page has."""
    forms = [form for form in page.forms if form.method == "post"]
    own = [form for form in forms if REQUEST_ID in form.names]
    return own[-1] if own else SeenForm("", "post", {TOKEN: forms[0].fields[TOKEN]})


def checked(answer: httpx2.Response, sent: object) -> Page:
    """Every answer: no defect, nothing of our code, nobody sent elsewhere, and what was sent is text and nothing else."""
    assert answer.status_code < 500, (str(answer.url), sent, answer.text[:300])
    assert "Traceback" not in answer.text
    location = answer.headers.get("location", "/")
    assert re.fullmatch(r"/(?![/\\])[!-~]*|http://127\.0\.0\.1:8400/[!-~]*", location), (location, sent)
    page = Page(answer.text)
    assert "<script>alert" not in answer.text, sent
    assert not [name for name in page.attributes if name.startswith("on")], sent
    if answer.status_code >= 400:
        assert "h1" in page.tags, (str(answer.url), sent)
    return page


def encoded(fields: dict[str, list[str]]) -> bytes:
    """A form as a browser sends it; what is no text, as broken clients do."""
    pairs = ((name, value) for name, values in fields.items() for value in values)
    return "&".join(
        f"{quote_plus(name)}={quote_plus(value.encode('utf-8', 'surrogatepass'))}" for name, value in pairs
    ).encode()


@pytest.fixture
async def dashboard(world: World) -> AsyncIterator[Dashboard]:
    """On the day on which the dashboard begins to refuse."""
    line = {"lineItemNumber": 0, "offerId": GOOD["offer-0"], "quantity": 5, "friendlyName": "Mail"}
    made = await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.DOGWOOD}/orders", {"lineItems": [line]})
    await world.confirm(cast.ALDER_MARKETPLACE, cast.FRENE)
    world.clock.now = DASHBOARD_ENFORCED
    guest = await sandbox_visitor(world, cast.ALDER_SALES)
    await guest.fill(f"/resellers/{cast.BIRCH}/request")
    ids = {
        "customer": cast.DOGWOOD,
        "subscription": made.json()["lineItems"][0]["subscriptionId"],
        "reseller": cast.BIRCH,
        "partner": cast.ALDER,
        "country": "FR",
        "spoken": "fr-FR",
        "question": "P1",
        "version": cast.NOBODY,
        "id_": world.rows("select request_id from collection_request")[0][0],
        "confirmation": world.rows("select confirmation_id from confirmation")[0][0],
        "decision": cast.NOBODY,
    }
    yield Dashboard(world, guest, ids)
    await guest.close()


async def test_garbage_in_fields(dashboard: Dashboard) -> None:
    for turn, post in enumerate(POSTS):
        path = dashboard.at(post)
        form = await dashboard.form(path)
        names = sorted(form.names - {TOKEN, REQUEST_ID})
        buttons = [{name: [value]} if name else {} for name, value in form.buttons] or [{}]
        for place, value in enumerate(VALUES if names else VALUES[::20]):
            fields = form.fields | buttons[place % len(buttons)]
            wrong = names if (turn + place) % 2 else names[place % len(names) :][:1] if names else []
            fields |= {name: [value] for name in wrong}
            fields |= {TOKEN: [await dashboard.token(post)], REQUEST_ID: [str(uuid4())]}
            answer = await dashboard.send(path, encoded(fields))
            if answer.status_code in (409, 422):
                kept(answer.text, {name: fields[name][0] for name in names if fields.get(name)}, path)


def kept(html: str, typed: dict[str, str], where: str) -> None:
    """What was typed stands in its field again, as text."""
    for field in re.findall(r"<input\b[^>]*>", html):
        given = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', field)}
        if given.get("type", "text") in TYPED and given.get("name") in typed:
            value = typed[given["name"]].encode("utf-8", "surrogatepass").decode("utf-8", "replace")
            assert given.get("value", "") == value.replace("\r\n", "\n").strip(), (where, given["name"], value)


MULTIPART = "multipart/form-data; boundary=b"


def parts(*several: tuple[str, str, bytes]) -> bytes:
    """A form in parts: name, further headers, value."""
    heads = (
        (f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode(), value)
        for name, more, value in several
    )
    return b"".join(head + value + b"\r\n" for head, value in heads) + b"--b--\r\n"


async def test_garbage_instead_of_a_form(dashboard: Dashboard) -> None:
    for post in POSTS:
        form = await dashboard.form(dashboard.at(post))
        every = bodies(form, await dashboard.token(post))
        for content_type, body in every if REQUEST_ID in form.names else every[::6]:
            renewed = body.replace(form.fields[TOKEN][0].encode(), (await dashboard.token(post)).encode())
            await dashboard.send(dashboard.at(post), renewed, content_type)
        answer = await dashboard.send(dashboard.at(post), encoded(form.fields), FORM, MADE_UP_COOKIE)
        assert answer.status_code == 403


MADE_UP_COOKIE = (b"cookie", b"agreegate-form=" + b"%C3%A9" * 200)


def bodies(form: SeenForm, token: str) -> list[tuple[str, bytes]]:
    """What is no form, or none of ours, or too much of one; by its content type."""
    start = f"{TOKEN}={token}&".encode()
    names = [name for name in form.names if name not in (TOKEN, REQUEST_ID)]
    doubled = encoded({name: [*values, *values, SCRIPT] for name, values in form.fields.items()})
    own = (TOKEN, "", token.encode())
    return [
        (FORM, start + b"%&=%zz&%=%e9&a=%ff%fe&&;;=" + b"=" * 50),
        (FORM, start + b"\xff\xfe\0\x01" * 50),
        (FORM, start + b"step=%ed%a0%80&to=%00&at=%&lines=%u0031"),
        (FORM, start + b"&".join(f"{name}={name}".encode() for name in names) + b"&request_id=" + b"9" * 5_000),
        (FORM, start + b"request_id=&request_id=%00&lines=999999999&lines=-1"),
        (FORM, start + b"x=" + b"y" * (LARGEST_FORM - 200)),
        (FORM, start + b"a=&" * 20_000),
        (FORM, start + b"x=" + b"y" * LARGEST_FORM),
        (FORM, start + b"accepted_on=" + b"9" * LARGEST_FORM),
        (FORM, doubled),
        (FORM + "; charset=utf-16", start + b"x=1"),
        (FORM + "; charset=nonsense", start + b"x=1"),
        (FORM, b""),
        (FORM, b"x=1"),
        (FORM, TOKEN.encode() + b"=" + "é".encode() * 200),
        (FORM, TOKEN.encode() + b"=%00&" + start),
        (FORM, start + start),
        ("application/json", b"{}"),
        ("application/json", b"[" * 10_000),
        ("text/plain", start),
        ("", b"\0"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=" + "b" * 300, b"x"),
        (MULTIPART, b""),
        (MULTIPART, b"--b"),
        (MULTIPART, b"--b\r\n\r\n\r\n--b--"),
        (MULTIPART, parts(own)),
        (MULTIPART, parts(own)[:-8]),
        (MULTIPART, parts(own, *((name, "", b"\xff\xfe\0") for name in names or ["x"]))),
        (MULTIPART, parts(own, *((name, "\r\nContent-Type: text/plain; charset=nonsense", b"x") for name in names or ["x"]))),
        (MULTIPART, parts(own, *((name, '; filename="x"', b"x") for name in names or ["x"]))),
        (MULTIPART, parts((TOKEN, '; filename="x"', token.encode()))),
        (MULTIPART, parts(own, own)),
        (MULTIPART, parts(own, *[("x", "", b"")] * 2_000)),
    ]  # fmt: skip


NAMES = (
    "q", "state", "country", "reseller", "results", "language", "template", "use", "domain", "to", "next", "collected", "asked", "customer", "after",
    "before", "requests", "from", "user", "kind", "status", "list", "orders", "decisions", "subscriptions", "lang", "code",
)  # fmt: skip
"""What pages look for in their addresses."""


async def test_garbage_in_addresses(dashboard: Dashboard) -> None:
    before = dashboard.stored()
    several = []
    for place in range(0, len(VALUES), 4):
        values = [
            VALUES[(place + 5 * shift) % len(VALUES)].encode("utf-8", "surrogatepass") for shift in range(len(NAMES))
        ]
        several.append(
            "&".join(f"{name}={quote_plus(value[:2_000])}" for name, value in zip(NAMES, values, strict=True))
        )
    for get in GETS:
        for query in [*several, "%&=%zz&%=%e9&a=%ff%fe&&;;=", "lang=fr&lang=en&lang=xx", "a=&" * 2_000]:
            checked(await dashboard.guest.client.get(f"{dashboard.at(get)}?{query}"), query)
    assert dashboard.stored() == before


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_what_is_no_form_of_ours_is_refused_in_words(world: World, language: str) -> None:
    guest = await visitor(world, language=language)
    token = (await guest.get("/customers/new")).page.form().fields[TOKEN][0]
    too_much = await guest.client.post("/customers/new", data={TOKEN: token, "company": "x" * LARGEST_FORM})
    assert too_much.status_code == 413
    assert text("request.too-large", language, limit=LARGEST_FORM) in Page(too_much.text).text
    too_many = await guest.client.post(
        "/customers/new", content=f"{TOKEN}={token}&{'a&' * 1_000}", headers={"content-type": FORM}
    )
    assert too_many.status_code == 413, "so many fields would take long to read"
    in_parts = await guest.client.post("/customers/new", files={TOKEN: (None, token)})
    assert in_parts.status_code == 403
    assert text("page.form-untrusted", language) in Page(in_parts.text).text
    looked_at = await guest.client.get("/sign-out")
    assert looked_at.status_code == 405
    await guest.close()
