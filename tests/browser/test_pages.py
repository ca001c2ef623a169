"""Every page in every state: nothing for axe to find (WCAG 2.2 AA), nothing wider than the screen, nothing refused.

`make test` sees each page narrow in French and wide in English; `make browser-full` also sees the other two manners.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests import personas as cast
from tests.browser.person import Manner, Person, person
from tests.world import agreement

ALDER, ADMIN, HAZEL = "sales@alder.example", "admin@alder.example", "admin@hazel.example"
BIRCH, FIR, OPERATOR = "sales@birch.example", "admin@fir.example", "operator@programme.example"
HELPDESK, DESIGNATED = "helpdesk@alder.example", "marketplace@alder.example"
BEFORE, OPTIONAL, REQUIRED = "2018-08-06T00:00:00Z", "2018-11-06T00:00:00Z", "2019-03-22T00:00:00Z"
MANNERS = [Manner("en"), Manner("fr", narrow=True), Manner("fr", dark=True), Manner("en", dark=True, narrow=True)]
"""The first two are for `make test`."""
SIMULATION = "/agreements/simulation"
NOBODY = "9d0d0000-0000-4000-8000-000000000099"


@dataclass(frozen=True)
class Through:
    """A page whose address only another page knows: the first link there that fits."""

    path: str
    link: str
    """A regular expression."""


PAGES: list[tuple[str, str | None, list[str | Through]]] = [
    (REQUIRED, None, ["/", "/api/docs", "/how-to-confirm", f"/relationship-request/{cast.ALDER}", "/nothing-here"]),
    (REQUIRED, ADMIN, [
        "/", "/customers", "/customers?q=zzzz", "/customers?state=missing", "/customers/new", "/reconfirmations",
        "/reconfirmations?q=zzzz", "/reconfirmations?results=last", "/resellers", f"/resellers/{cast.BIRCH}",
        f"/resellers/{cast.HORNBEAM}", f"/resellers/{cast.HORNBEAM}/request", f"/resellers/{cast.HORNBEAM}/requests", "/agreements", "/agreements?q=fr", "/agreements/versions",
        "/agreements/US/en-US", "/agreements/FR/fr-FR", Through("/agreements/versions", r"/agreements/versions/[0-9a-f]"),
        SIMULATION, f"{SIMULATION}?effective_from=2019-05-01&rule=refuse", f"{SIMULATION}?effective_from=2019-05-01&countries=JP",
        f"{SIMULATION}?effective_from=soon&weeks=0",
        "/how-to-confirm", "/activity", "/activity?from=2031-01-01", "/tour", "/questions",
    ]),
    (REQUIRED, ALDER, [
        *(f"/customers/{customer}" for customer in (cast.CEDAR, cast.DOGWOOD, cast.FRENE, cast.JUNIPER, NOBODY)),
        *(f"/customers/{cast.CEDAR}/{page}" for page in
          ("confirmation", "recorded-in-error", "no-longer-agrees", "explanation", "record", "order")),
        *(f"/customers/{cast.FRENE}/{page}" for page in ("confirmation", "no-longer-agrees", "explanation", "record")),
        f"/customers/{cast.CEDAR}/standing", f"/customers/{cast.FRENE}/standing?on=2018-10-01&known-at=2018-11-01",
        Through(f"/customers/{cast.CEDAR}", "/decisions/"), Through(f"/customers/{cast.CEDAR}", r"/seats$"),
        Through(f"/customers/{cast.CEDAR}", r"/change$"),
        f"/customers/{cast.CEDAR}/standing?on=2018-07-01", f"/customers/{cast.CEDAR}/standing?on=never&known-at=2219-01-01",
    ]),
    (OPTIONAL, HAZEL, ["/", "/customers", "/customers/new", f"/customers/{cast.ELM}", f"/customers/{cast.ELM}/order"]),
    (BEFORE, HAZEL, ["/", "/reconfirmations", "/customers", "/customers/new", "/agreements", "/questions", "/tour"]),
    (REQUIRED, BIRCH, ["/", "/customers", "/providers", f"/customers/{cast.CEDAR}", "/agreements", "/questions"]),
    (REQUIRED, FIR, ["/", "/customers", f"/customers/{cast.GINKGO}", f"/customers/{cast.GINKGO}/confirmation", "/questions"]),
    (REQUIRED, OPERATOR, [
        "/", "/agreements", "/agreements/versions", "/agreements/publish", "/agreements/publish?texts=12",
        SIMULATION, f"{SIMULATION}?effective_from=2019-05-01&rule=refuse", f"{SIMULATION}?version=none", "/questions", "/customers",
    ]),
    (REQUIRED, HELPDESK, ["/", "/customers", f"/customers/{cast.CEDAR}", "/activity"]),
    (REQUIRED, DESIGNATED, [f"/customers/{cast.DOGWOOD}/confirmation", "/employees-unknown"]),
]  # fmt: skip
"""When, who (None: nobody), and the pages that are looked at."""


def manners() -> list[Any]:
    """Every manner; those beyond the first two are for `make browser-full`."""
    return [pytest.param(one, marks=[] if turn < 2 else [pytest.mark.full]) for turn, one in enumerate(MANNERS)]


def cases() -> list[Any]:
    """Every group of pages in every manner; those beyond the first two are for `make browser-full`."""
    return [
        pytest.param(at, user, paths, manner, id=f"{(user or 'nobody').partition('.')[0]}-{at[:10]}-{manner}",
                     marks=[] if turn < 2 else [pytest.mark.full])
        for at, user, paths in PAGES
        for turn, manner in enumerate(MANNERS)
    ]  # fmt: skip


@pytest.mark.fault("F3")
@pytest.mark.parametrize(("at", "user", "paths", "manner"), cases())
def test_pages(
    browser: Browser, demo: Callable[..., Any], at: str, user: str | None, paths: list[str | Through], manner: Manner
) -> None:
    server = demo(at)
    with person(browser, server.url, manner) as someone:
        if user is not None:
            someone.go("/sign-in")
            someone.check()
            someone.sign_in(user)
        for path in paths:
            someone.go(path if isinstance(path, str) else linked(someone, path))
            someone.check()


def linked(someone: Person, page: Through) -> str:
    """The address that a page leads to."""
    someone.go(page.path)
    links = someone.page.eval_on_selector_all("main a", "all => all.map(one => one.getAttribute('href'))")
    return next(link for link in links if re.search(page.link, link))


@pytest.mark.fault("F3")
@pytest.mark.parametrize("manner", manners(), ids=str)
def test_a_held_order_and_the_form_for_an_employee(browser: Browser, demo: Callable[..., Any], manner: Manner) -> None:
    """An order that waits for its confirmation, with the form in place; then who recorded a confirmation."""
    server = demo(REQUIRED)
    with person(browser, server.url, manner) as someone:
        someone.sign_in(DESIGNATED)
        someone.go(f"/customers/{cast.DOGWOOD}/order")
        someone.field("offer-0").fill("bd938f12-058f-4927-bba3-ae36b1d2501c")
        click(someone, "order.place")
        someone.sees("customer.confirm")
        someone.check()
        body = agreement(dateAgreed="2019-03-01T00:00:00Z")
        confirmed = server.send(DESIGNATED, "POST", f"/v1/customers/{cast.DOGWOOD}/agreements", body)
        assert confirmed.status_code == 201
        someone.go("/employees-unknown")
        someone.check()
        someone.go(linked(someone, Through("/employees-unknown", "/employee$")))
        someone.check()


@pytest.mark.parametrize("manner", manners(), ids=str)
def test_forms_with_mistakes(browser: Browser, demo: Callable[..., Any], manner: Manner) -> None:
    server = demo(REQUIRED)
    with person(browser, server.url, manner) as someone:
        someone.sign_in(ALDER)
        mistaken(someone, "/customers/new", "new-customer.create")
        mistaken(someone, f"/customers/{cast.DOGWOOD}/order", "order.place")
        mistaken(someone, f"/customers/{cast.DOGWOOD}/confirmation", "confirmation.save")


def mistaken(someone: Person, path: str, button: str) -> None:
    """Send a form as it is, empty: what is wrong is announced, has the focus, and leads to its field."""
    someone.go(path)
    someone.button(button)
    summary = someone.page.get_by_role("alert").first
    summary.wait_for()
    assert summary.evaluate("element => element === document.activeElement")
    someone.check()
    first = summary.get_by_role("link").first
    someone.press(first)
    target = (first.get_attribute("href") or "").removeprefix("#")
    assert someone.page.locator(f"[id='{target}']").count() == 1, target


@pytest.mark.parametrize("manner", manners(), ids=str)
def test_pages_of_publishing(browser: Browser, demo: Callable[..., Any], manner: Manner) -> None:
    server = demo(REQUIRED)
    with person(browser, server.url, manner) as someone:
        someone.sign_in(OPERATOR)
        mistaken(someone, "/agreements/publish", "publication.check")
        someone.field("label").fill("2018-10")
        someone.field("effective_date").fill("2018-10-01")
        someone.page.locator("#kind").check()
        content = b"# Sample\n\n<script>alert(1)</script>\n"
        someone.field("file-0").set_input_files(
            {"name": f"{'W' * 90}.md", "mimeType": "text/markdown", "buffer": content}
        )
        someone.field("language-0").select_option("en-US")
        click(someone, "publication.check")
        someone.sees("publication.in-past")
        someone.check()
        someone.field("past").check()
        click(someone, "publication.check")
        someone.sees("publication.at-once")
        someone.check()
        click(someone, "publication.publish")
        someone.sees("publication.done", label="2018-10")
        someone.check()
        someone.go("/agreements/versions")
        someone.check()


def click(someone: Person, key: str) -> None:
    someone.page.get_by_role("button", name=someone.t(key), exact=True).click()


HOSTILE = [
    "W" * 200,
    "<script>alert(1)</script>",
    "=cmd()|' /C calc'!A0",
    "شركة الأرز للمخبوزات",
    '\u202eevil\u202c & "quoted"',
]


@pytest.mark.parametrize(
    "manner", [Manner("en", narrow=True), pytest.param(Manner("fr", dark=True), marks=pytest.mark.full)], ids=str
)
def test_names_of_any_kind_break_no_page(browser: Browser, demo: Callable[..., Any], manner: Manner) -> None:
    server = demo(REQUIRED)
    with person(browser, server.url, manner) as someone:
        someone.sign_in(ALDER)
        for number, name in enumerate(HOSTILE):
            someone.go("/customers/new")
            fields = {
                "company": name, "domain": f"hostile-{number}.example", "contact_first_name": name[:40],
                "contact_last_name": name[:40], "contact_email": f"a@hostile-{number}.example", "contact_phone": "555-0100",
                "line1": name[:80], "city": "Springfield", "state": "WA", "postal_code": "98052",
            }  # fmt: skip
            for field, value in fields.items():
                someone.field(field).fill(value)
            someone.page.locator("select[name=country]").select_option("US")
            someone.page.get_by_role("button", name=someone.t("new-customer.create"), exact=True).click()
            someone.page.wait_for_url("**/customers/*-*-*-*-*")
            someone.check()
            here = someone.page.url.removeprefix(server.url)
            for page in ("confirmation", "order", "explanation", "record"):
                someone.go(f"{here}/{page}")
                someone.check()
        for path in ("/", "/customers", "/activity"):
            someone.go(path)
            someone.check()
