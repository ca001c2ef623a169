"""Who sees and does what on the pages: every page meets every user, and nobody meets another partner's data (R26)."""

import re
from dataclasses import replace

import httpx2
import pytest

from agreegate.dashboard.dashboard import PAGES
from tests import personas as cast
from tests.dashboard.acceptor import ACCEPTOR
from tests.dashboard.routes import (
    FOREIGN,
    ONE,
    RESELLER,
    ROUTES,
    SUBSCRIPTION,
    Cast,
    Own,
    Route,
    named,
)
from tests.operations import OFFER
from tests.world import DASHBOARD_ENFORCED

UNKNOWN = "00000000-0000-4000-8000-00000000beef"


USERS: dict[str, str | None] = {
    "admin": cast.ALDER_ADMIN,
    "sales": cast.ALDER_SALES,
    "designated": cast.ALDER_MARKETPLACE,
    "helpdesk": cast.ALDER_HELPDESK,
    "reseller": cast.BIRCH_SALES,
    "direct bill": cast.HAZEL_ADMIN,
    "sandbox": cast.MAPLE_ADMIN,
    "government": cast.FIR_ADMIN,
    "operator": cast.OPERATOR_USER,
    "nobody": None,
}
# The rights, by role. + is done or shown; in leads to the sign-in.
#                admin sales desig help resel direct sandb gov oper nobody
RIGHTS = {
    "anybody":   "+   +   +   +   +   +   +   +   +   +",
    "signed in": "+   +   +   +   +   +   +   +   +   in",
    "read":      "+   +   +   +   +   +   +   +   403 in",
    "staff":     "+   +   +   +   403 +   +   +   403 in",
    "write":     "+   +   +   403 403 +   +   +   403 in",
    "confirm":   "+   +   +   403 403 +   +   404 403 in",
    "opened":    "+   +   +   403 +   +   +   404 403 in",
    "explain":   "+   +   +   +   +   +   +   404 403 in",
    "text":      "+   +   +   +   +   +   +   404 +   in",
    "simulate":  "+   +   +   403 403 +   +   404 +   in",
    "shown":     "+   +   +   404 404 +   +   404 404 in",
    "publish":   "403 403 403 403 403 403 403 403 +   in",
    "resellers": "+   +   +   +   403 403 403 403 403 in",
    "asking":    "+   +   +   403 403 403 403 403 403 in",
    "providers": "403 403 403 403 +   403 403 403 403 in",
}  # fmt: skip


def test_the_table_has_every_page() -> None:
    pages = {(method, path) for page in PAGES for path in page.paths for method in page.http_methods}
    assert {(route.method, route.path) for route in ROUTES} == {page for page in pages if page[0] != "OPTIONS"}


def outcome(route: Route, answer: httpx2.Response) -> str:
    leads = answer.headers.get("location", "")
    if answer.status_code == 303 and leads.startswith("/sign-in"):
        return "in"
    if route.path == "/sign-in/callback" and answer.status_code == 400:  # nothing is under way
        return "+"
    return "+" if answer.status_code in (200, 303) else str(answer.status_code)


@pytest.mark.rule("R21", "R22", "R31")
@pytest.mark.parametrize("name", USERS)
async def test_each_user_meets_each_page(everybody: Cast, name: str) -> None:
    user = USERS[name]
    guest, own = await everybody.come(user), everybody.of(user)
    expected, answered = {}, {}
    strangers = {id_ for foreign in everybody.foreign(user) for id_ in vars(foreign).values()}
    closed = name in ("operator", "nobody")
    strangers |= {f"{FOREIGN} {who}" for of, who in cast.USERS.values() if closed or everybody.owns.get(of) != own}
    strangers |= {f"{FOREIGN} Rowan", f"{FOREIGN} indirect_reseller"}
    strangers -= {cast.NOBODY, *vars(own).values()}
    for route in ROUTES:
        before = everybody.records()
        answer = await guest.ask(route, own, await guest.typed(route, own))
        expected[named(route)] = RIGHTS[route.right].split()[list(USERS).index(name)]
        answered[named(route)] = outcome(route, answer)
        examples = {cast.DOGWOOD} if route.path == "/api/docs" else set()
        assert [stranger for stranger in strangers - examples if stranger in answer.text] == [], named(route)
        changed = everybody.records() != before
        elsewhere = route.path in ("/sign-out", "/clock", "/questions/{question:str}/show")
        assert changed is (route.method == "POST" and expected[named(route)] == "+" and not elsewhere), named(route)
    assert answered == expected


@pytest.mark.rule("R26")
@pytest.mark.parametrize(
    ("user", "other"),
    [
        (cast.ALDER_ADMIN, cast.HAZEL_ADMIN),
        (cast.ALDER_HELPDESK, cast.HAZEL_ADMIN),
        (cast.BIRCH_SALES, cast.HAZEL_ADMIN),
        (cast.HAZEL_ADMIN, cast.ALDER_ADMIN),
        (cast.OPERATOR_USER, cast.ALDER_ADMIN),
    ],
)
async def test_what_another_partner_has_with_the_same_customer_is_shown_nowhere(
    everybody: Cast, user: str, other: str
) -> None:
    world, cedar = everybody.world, f"/v1/customers/{cast.CEDAR}"
    line = {"lineItemNumber": 0, "offerId": OFFER, "quantity": 2, "friendlyName": "Zqxother"}
    await world.send(other, "POST", f"{cedar}/orders", {"lineItems": [line]})
    named_by_other = {"primaryContact__lastName": "Zqxother", "primaryContact__email": "zqxother@cedar.example"}
    assert (await world.confirm(other, cast.CEDAR, **named_by_other)).status_code == 201
    world.clock.now = DASHBOARD_ENFORCED
    ended = await world.send(
        other, "POST", f"/api/customers/{cast.CEDAR}/standing/end", {"reason": "no_longer_agrees", "note": "Zqxother"}
    )
    assert ended.status_code == 200
    guest, own = await everybody.come(user), replace(everybody.of(user), customer=cast.CEDAR)
    ids = {
        id_
        for table, column in (("subscription", "subscription_id"), ("decision", "decision_id"), ("order_", "order_id"))
        for (id_,) in world.rows(f"select {column} from {table} where customer_id = ?", cast.CEDAR)
    }
    assert len(ids) >= 3
    for route in ROUTES:
        if route.method == "GET":
            body = (await guest.ask(route, own, {})).text.casefold()
            assert "zqxother" not in body, named(route)
            assert [id_ for id_ in ids if str(id_).casefold() in body] == [], named(route)


@pytest.mark.parametrize("name", USERS)
async def test_a_form_of_another_site_does_nothing(everybody: Cast, name: str) -> None:
    user = USERS[name]
    guest, own, before = await everybody.come(user), everybody.of(user), everybody.records()
    for route in ROUTES:
        if route.method == "POST":
            for token in ("", "made-up", "0" * 128):
                answer = await guest.ask(route, own, {"_csrf_token": token})
                assert answer.status_code == 403, named(route)
    assert everybody.records() == before


def blank(answer: httpx2.Response, *ids: str) -> tuple[int, str, str]:
    """An answer without what differs from one asking to the next."""
    body = answer.text
    for id_ in ids:
        body = body.replace(id_, "…")
    for hidden in ("_csrf_token", "request_id"):
        body = re.sub(f'name="{hidden}" value="[^"]*"', "", body)
    leads = re.sub("|".join(ids), "…", answer.headers.get("location", ""))
    return answer.status_code, leads, body


@pytest.mark.rule("R26")
@pytest.mark.parametrize("name", [name for name, user in USERS.items() if user])
async def test_somebody_elses_and_nobodys_are_answered_alike(everybody: Cast, name: str) -> None:
    """Each id of an address on its own, the others being the reader's; and all of them together (decision 0018)."""
    user = USERS[name]
    guest, own, before = await everybody.come(user), everybody.of(user), everybody.records()
    for route in ROUTES:
        typed = await guest.typed(route, own) if route.ids else {}
        for foreign in everybody.foreign(user) if route.ids else ():
            for names in dict.fromkeys([*((one,) for one in route.ids), tuple(route.ids)]):
                theirs = {one: getattr(foreign, one) for one in names}
                if cast.NOBODY in theirs.values():
                    continue
                answers = []
                for ids in (theirs, dict.fromkeys(names, UNKNOWN)):
                    answer = await guest.ask(route, replace(own, **ids), typed)
                    answers.append(blank(answer, *ids.values()))
                assert answers[0] == answers[1], (named(route), theirs)
    assert everybody.records() == before


FOREIGN_IN_QUERIES = [
    # page, the name of the parameter, what of the foreigner's it names
    (ONE + "/confirmation", "collected", "reseller"),
    (ONE + "/confirmation", "template", "confirmation"),
    ("/customers", "reseller", "reseller"),
    ("/customers", "q", "customer"),
    ("/customers.csv", "reseller", "reseller"),
    ("/customers.csv", "q", "customer"),
    *(
        (page, parameter, what)
        for page in ("/reconfirmations", "/reconfirmations.csv")
        for parameter, what in (("reseller", "reseller"), ("q", "customer"), ("agreement", "confirmation"))
    ),
    ("/tour", "customer", "customer"),
    ("/activity", "customer", "customer"),
    ("/activity", "user", "customer"),
    ("/activity.csv", "customer", "customer"),
    ("/resellers", "after", "reseller"),
    ("/resellers", "before", "reseller"),
    (RESELLER, "after", "customer"),
    (RESELLER, "before", "customer"),
    (RESELLER + "/request", "asked", "request"),
    (RESELLER + "/request", "customer", "customer"),
    (RESELLER + "/request.csv", "asked", "request"),
    ("/providers", "provider", "reseller"),
    ("/providers", "after", "customer"),
    ("/providers", "before", "customer"),
    ("/agreements", "country", "customer"),
]
"""Each parameter of an address that can name something."""
OURS = {"reseller": (), "direct bill": (cast.ELM, cast.HAZEL)}
"""What the table's strangers are to whom they are none; for Alder's users Dogwood."""
FOREIGN_IN_FORMS = [
    (ONE + "/confirmation", "collected_through", "reseller"),
    (ONE + "/confirmation", "template", "confirmation"),
    (ONE + "/confirmation", "seen", "confirmation"),
    (ONE + "/recorded-in-error", "counts", "confirmation"),
    (ONE + "/recorded-in-error", "template", "confirmation"),
    (ONE + "/no-longer-agrees", "subscription", "subscription"),
    (ONE + "/order", "reseller", "reseller"),
    (ONE + "/order", "template", "confirmation"),
    (SUBSCRIPTION + "/seats", "template", "confirmation"),
    (RESELLER + "/request", "customer", "customer"),
    ("/customers/new", "reseller", "reseller"),
    ("/customers/new", "template", "confirmation"),
    ("/customers/new", "collected_through", "reseller"),
]
"""Each field of a form that can name something."""


def matching(user: str | None, method: str, path: str) -> bool:
    """Whether the user may go there at all."""
    route = next(one for one in ROUTES if (one.method, one.path) == (method, path))
    return RIGHTS[route.right].split()[list(USERS.values()).index(user)] == "+"


@pytest.mark.rule("R26")
@pytest.mark.parametrize("name", [name for name, user in USERS.items() if user])
async def test_what_an_address_asks_for_is_searched_among_the_readers_own(everybody: Cast, name: str) -> None:
    """Somebody else's, named in a query, is answered as nobody's is."""
    user = USERS[name]
    guest, own, before = await everybody.come(user), everybody.of(user), everybody.records()
    for path, parameter, what in FOREIGN_IN_QUERIES:
        if not matching(user, "GET", path):
            continue
        for foreign in [*everybody.foreign(user), Own(cast.ELM, reseller=cast.HAZEL), Own(cast.DOGWOOD)]:
            id_ = getattr(foreign, what)
            if id_ == cast.NOBODY or id_ in OURS.get(name, (cast.DOGWOOD,)):
                continue
            answers = []
            for asked in (id_, UNKNOWN):
                answer = await guest.ask(Route("GET", path, "", query=f"?{parameter}={asked}"), own, {})
                answers.append(blank(answer, asked))
            assert answers[0] == answers[1], (path, parameter, id_)
    assert everybody.records() == before


@pytest.mark.rule("R26")
@pytest.mark.parametrize("name", ["admin", "direct bill", "sandbox"])
async def test_what_a_form_names_is_searched_among_the_readers_own(everybody: Cast, name: str) -> None:
    """Somebody else's, put into a field that is shown or hidden, is answered as nobody's is."""
    user = USERS[name]
    guest, own = await everybody.come(user), everybody.of(user)
    everybody.world.clock.now = DASHBOARD_ENFORCED
    await everybody.world.send(
        user, "POST", f"/api/customers/{own.customer}/standing/end", {"reason": "no_longer_agrees"}
    )
    before = everybody.records()
    for path, parameter, what in FOREIGN_IN_FORMS:
        if not matching(user, "POST", path) or (parameter == "collected_through" and name != "admin"):
            continue
        route = next(one for one in ROUTES if (one.method, one.path) == ("POST", path))
        more = {"collected_from": "Ida", "collected_on": "2018-08-10", "accepted": "yes"} | ACCEPTOR
        if path == ONE + "/no-longer-agrees":
            more = {"step": "cancel"}
        elif path in (ONE + "/order", SUBSCRIPTION + "/seats"):
            more |= {"step": "confirm"}
        for foreign in everybody.foreign(user):
            if (id_ := getattr(foreign, what)) == cast.NOBODY:
                continue
            typed, answers = await guest.typed(route, own), []
            for asked in (id_, UNKNOWN):
                sent = replace(route, fields=route.fields | more | {parameter: asked})
                answers.append(blank(await guest.ask(sent, own, typed), asked))
                assert (answers[-1][0], everybody.records()) == (answers[-1][0], before), (path, parameter)
            assert answers[0] == answers[1], (path, parameter, id_)
