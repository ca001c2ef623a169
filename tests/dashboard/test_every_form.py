"""What holds on every page and for every form: names are text, a form sent twice is done once, no typing is lost with a session."""

import pytest

from agreegate.domain.customers.customer import search_key
from tests import personas as cast
from tests.dashboard.acceptor import ACCEPTOR
from tests.dashboard.reading import Page, assert_sound
from tests.dashboard.routes import ONE, ROUTES, SUBSCRIPTION, Cast, Guest, Own, Route, named
from tests.dashboard.typed import COMPANY, HOSTILE, LONG, RIGHT_TO_LEFT
from tests.world import World

NAMED_ON = {
    cast.ALDER_MARKETPLACE: {
        "/", "/customers", ONE, ONE + "/record", ONE + "/standing", ONE + "/explanation", ONE + "/order", ONE + "/confirmation",
        ONE + "/no-longer-agrees", ONE + "/decisions/{decision:uuid}", SUBSCRIPTION + "/seats", SUBSCRIPTION + "/change",
        "/resellers", "/resellers/{reseller:uuid}", "/activity", "/tour",
    },
    cast.BIRCH_SALES: {"/providers", "/customers", ONE},
}  # fmt: skip
"""Pages that show names, by who reads them."""


@pytest.mark.parametrize(
    "name", [f"</textarea>{HOSTILE}", RIGHT_TO_LEFT, LONG, '" onmouseover="x', "{{ reader }} {agreement} %s"]
)
async def test_names_are_text_whatever_they_hold(world: World, everybody: Cast, name: str) -> None:
    own = everybody.of(cast.ALDER_MARKETPLACE)
    await world.confirm(cast.ALDER_MARKETPLACE, own.customer, primaryContact__lastName=name[:50])
    why = {"reason": "no_longer_agrees", "note": name}
    await world.send(cast.ALDER_SALES, "POST", f"/api/customers/{own.customer}/standing/end", why)
    await world.send(cast.ALDER_SALES, "PATCH", f"/v1/customers/{own.customer}/subscriptions/{own.subscription}",
                     {"friendlyName": name})  # fmt: skip
    world.change("update customer set company_name = ?, company_key = ?", name, search_key(name))
    world.change("update partner set name = ?", name)
    world.change("update partner_user set user_name = ?", name)
    for user, pages in NAMED_ON.items():
        guest = await everybody.come(user)
        shown = {}
        for route in ROUTES:
            if route.method == "GET" and not route.path.endswith((".csv", "/text", "/docs")):
                answer = await guest.ask(route, own, {})
                page = shown[route.path] = Page(answer.text)
                if answer.status_code != 303:
                    assert_sound(page)
        assert {path for path in pages if " ".join(name.split()) not in shown[path].text} == set()


FILLED = {
    "/customers/new": COMPANY,
    ONE + "/confirmation": ACCEPTOR,
    "/resellers/{reseller:uuid}/requests/{id_:uuid}": {"outcome": "returned", "reason": "Nobody answers"},
}
"""What is typed into some forms, besides what the table has."""
FORMS = [
    Route(one.method, one.path, one.right, one.fields | FILLED.get(one.path, {}), one.query)
    for one in ROUTES
    if one.method == "POST" and one.path not in ("/sign-out", "/clock", "/questions/{question:str}/show")
]


async def opened(everybody: Cast, form: Route) -> tuple[Guest, Own]:
    """Somebody who may send a form, with a page that has one."""
    user = cast.OPERATOR_USER if form.right == "publish" else cast.ALDER_MARKETPLACE
    return await everybody.come(user), everybody.of(cast.ALDER_MARKETPLACE)


@pytest.mark.parametrize("form", FORMS, ids=named)
async def test_a_form_sent_twice_is_done_once(everybody: Cast, form: Route) -> None:
    guest, own = await opened(everybody, form)
    typed, before = await guest.typed(form, own), everybody.records()
    first = await guest.ask(form, own, typed)
    after = everybody.records()
    assert (first.status_code, after == before) == (303, False), Page(first.text).text
    second = await guest.ask(form, own, typed)
    assert (second.status_code, second.headers["location"]) == (303, first.headers["location"])
    assert everybody.records() == after


@pytest.mark.parametrize("form", [one for one in FORMS if one.right != "publish"], ids=named)
async def test_a_session_that_ends_in_the_middle_loses_nothing_typed(everybody: Cast, form: Route) -> None:
    guest, own = await opened(everybody, form)
    typed, before = await guest.typed(form, own), everybody.records()
    everybody.world.change("update session set seen_at = seen_at - 7200000000")
    away = await guest.ask(form, own, typed)
    assert (away.status_code, everybody.records()) == (303, before)
    asked = await guest.visitor.client.get(away.headers["location"])
    back = await guest.visitor.choose(asked.headers["location"], cast.ALDER_MARKETPLACE)
    assert "Your session had ended. Nothing is saved yet" in back.text
    kept = back.page.form().fields
    for name, value in form.fields.items():
        assert kept.get(name) == [value] or name == "step", (name, kept)
