"""What is typed about people stays on the page and in the record: not in diagnostics, addresses or errors (R18)."""

import re
from typing import Any

import pytest

from tests import personas as cast
from tests.dashboard.routes import COMPANY, LINE, ROUTES, Cast, Guest, Route, named
from tests.diagnostics import MARK, PHONE, Diagnostics, read_only, without_contacts
from tests.world import DASHBOARD_ENFORCED, World

EMAIL = f"{MARK}@contoso.example"
PEOPLE = {
    "acceptor_first_name": f"{MARK}first", "acceptor_last_name": f"{MARK}last", "acceptor_email": EMAIL,
    "acceptor_phone": PHONE, "accepted_on": "2018-08-10", "collected_through": cast.HORNBEAM,
    "collected_from": f"{MARK}reseller", "collected_on": "2018-08-10", "employee_name": f"{MARK}employee",
    "employee_email": f"{MARK}@staff.example", "contact_first_name": f"{MARK}first", "contact_last_name": f"{MARK}last",
    "contact_email": EMAIL, "contact_phone": PHONE, "name": f"{MARK}employee", "email": EMAIL, "reference": MARK,
    "note": f"{MARK} says so", "reason": f"{MARK} says no", "accepted": "yes", "other": "yes",
}  # fmt: skip
"""Every field in which a person is named."""


def check_address(answer: Any) -> None:
    """Nobody is named in a header, the address to go to included."""
    assert MARK not in str(dict(answer.headers))
    assert PHONE not in str(dict(answer.headers))


def check_links(html: str) -> None:
    """Nobody is named in an address on the page."""
    for address in re.findall(r'(?:href|action|src|hx-get|hx-post)="([^"]*)"', html):
        assert MARK not in address
        assert PHONE not in address


POSTS = [route for route in ROUTES if route.method == "POST"]


@pytest.mark.rule("R18")
@pytest.mark.parametrize(
    "wrong", [{}, {"acceptor_email": f"{MARK} at contoso", "email": f"{MARK} at", "contact_email": MARK}]
)
async def test_what_is_typed_is_shown_to_nobody(
    world: World,
    everybody: Cast,
    diagnostics: Diagnostics,
    wrong: dict[str, str],
) -> None:
    guest, own = await everybody.come(cast.ALDER_MARKETPLACE), everybody.of(cast.ALDER_MARKETPLACE)
    for route in POSTS:
        sent = Route(route.method, route.path, route.right, PEOPLE | wrong | route.fields, route.query)
        if route.path == "/customers/new":
            kept = {name: value for name, value in PEOPLE.items() if name.startswith("contact")}
            sent = Route(route.method, route.path, route.right, COMPANY | PEOPLE | kept | wrong)
        if route.path.endswith("/confirmation") and "confirmation:" not in route.path:
            sent = Route(route.method, route.path, route.right, PEOPLE | wrong)
        if route.path.endswith("/order"):
            sent = Route(
                route.method, route.path, route.right, LINE | PEOPLE | wrong | {"step": "confirm", "seen": "1"}
            )
        answer = await guest.ask(sent, own, await guest.typed(route, own))
        check_address(answer)
        check_links(answer.text)
        if route.path == "/sign-out":
            guest = await everybody.come(cast.ALDER_MARKETPLACE)
    recorded = world.rows("select count(*) from confirmation_contact where email = ?", EMAIL)
    assert recorded == [(0 if wrong else 3,)], "by the form itself, with an order and with a new customer"
    for route in ROUTES:
        if route.method == "GET":
            answer = await guest.ask(route, own, {})
            check_address(answer)
            check_links(answer.text)
    await diagnostics.check()


@pytest.mark.rule("R18")
@pytest.mark.parametrize(
    "user", [None, cast.ALDER_HELPDESK, cast.BIRCH_SALES, cast.FIR_ADMIN, cast.OPERATOR_USER, cast.HAZEL_ADMIN]
)
async def test_an_error_repeats_nobodys_name(
    world: World,
    everybody: Cast,
    diagnostics: Diagnostics,
    user: str | None,
) -> None:
    guest, own = await everybody.come(user), everybody.owns[cast.ALDER]
    for route in POSTS:
        if not route.ids:
            continue
        for token in ({}, {"_csrf_token": "made-up"}):
            answer = await guest.ask(Route("POST", route.path, "", PEOPLE | token, route.query), own, {})
            assert answer.status_code in (303, 403, 404), named(route)
            check_address(answer)
            assert MARK not in answer.text, named(route)
            assert PHONE not in answer.text, named(route)
    await diagnostics.check()


@pytest.mark.parametrize(("broken", "status"), [(read_only, 503), (without_contacts, 500)])
async def test_a_broken_record_tells_nobodys_name(
    world: World,
    everybody: Cast,
    diagnostics: Diagnostics,
    broken: Any,
    status: int,
) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    guest, own = await everybody.come(cast.ALDER_MARKETPLACE), everybody.of(cast.ALDER_MARKETPLACE)
    ends = ("/confirmation", "/order", "/customers/new", "/employee", "/no-longer-agrees")
    filled = [
        (route, await guest.typed(route, own), {"/customers/new": COMPANY}.get(route.path, route.fields))
        for route in POSTS
        if route.path.endswith(ends)
    ]
    answered = []
    with broken(world):
        for route, typed, fields in filled:
            step = {"step": "confirm"} if route.path.endswith("/order") else {}
            answer = await guest.ask(Route("POST", route.path, "", fields | PEOPLE | step), own, typed)
            answered.append(answer.status_code)
            check_address(answer)
            if answer.status_code >= 500:
                assert MARK not in answer.text
                assert PHONE not in answer.text
    assert status in answered
    await diagnostics.check()


async def test_a_form_kept_for_signing_in_again_is_in_no_address(
    world: World,
    everybody: Cast,
    diagnostics: Diagnostics,
) -> None:
    guest: Guest = await everybody.come(cast.ALDER_SALES)
    own = everybody.of(cast.ALDER_SALES)
    world.change("update session set seen_at = 0")
    for route in POSTS:
        answer = await guest.ask(Route("POST", route.path, "", PEOPLE, route.query), own, {})
        check_address(answer)
        assert MARK not in answer.text
    await diagnostics.check()
