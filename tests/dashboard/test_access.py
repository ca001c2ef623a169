"""Who sees and does what on the pages: every page meets every user, and nobody meets another partner's data (R26)."""

import re
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import apsw
import httpx2
import pytest

from agreegate.app import application, framework
from agreegate.dashboard.dashboard import PAGES
from agreegate.domain.customer import search_key
from tests import personas as cast
from tests.dashboard.acceptor import ACCEPTOR
from tests.dashboard.reading import Page
from tests.dashboard.sandbox import Sandbox
from tests.dashboard.visitor import Visitor
from tests.operations import OFFER, customer
from tests.texts import AMERICA, publish
from tests.world import DASHBOARD_ENFORCED, World

OAK = "0ac00000-0000-4000-8000-000000000021"
POPLAR = "90910000-0000-4000-8000-000000000022"
"""Another provider and a reseller of its own."""
ROWAN = "20a20000-0000-4000-8000-000000000023"
"""Their customer."""
OAKS_REQUEST = "0ac00000-0000-4000-8000-0000000000aa"
UNKNOWN = "00000000-0000-4000-8000-00000000beef"
FOREIGN = "Zqxforeign"
"""What only another partner's pages may show."""


@dataclass(frozen=True)
class Own:
    """What an address can name."""

    customer: str = cast.NOBODY
    subscription: str = cast.NOBODY
    decision: str = cast.NOBODY
    confirmation: str = cast.NOBODY
    reseller: str = cast.NOBODY
    request: str = cast.NOBODY
    version: str = cast.NOBODY
    """Of an agreement's text: nobody's own."""


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
# The rights, as interface section 2 and contract section 5 give them. + is done or shown; in leads to the sign-in.
#                admin sales desig help resel direct sandb gov oper nobody
RIGHTS = {
    "anybody":   "+   +   +   +   +   +   +   +   +   +",
    "signed in": "+   +   +   +   +   +   +   +   +   in",
    "read":      "+   +   +   +   +   +   +   +   403 in",
    "staff":     "+   +   +   +   403 +   +   +   403 in",
    "write":     "+   +   +   403 403 +   +   +   403 in",
    "confirm":   "+   +   +   403 403 +   +   404 403 in",
    "told":      "+   +   +   403 +   +   +   404 403 in",
    "explain":   "+   +   +   +   +   +   +   404 403 in",
    "text":      "+   +   +   +   +   +   +   404 +   in",
    "simulate":  "+   +   +   403 403 +   +   404 +   in",
    "shown":     "+   +   +   404 404 +   +   404 404 in",
    "publish":   "403 403 403 403 403 403 403 403 +   in",
    "resellers": "+   +   +   +   403 403 403 403 403 in",
    "asking":    "+   +   +   403 403 403 403 403 403 in",
    "providers": "403 403 403 403 +   403 403 403 403 in",
}  # fmt: skip


@dataclass(frozen=True)
class Route:
    """A page, or a form that is sent to it, and whose right it is."""

    method: str
    path: str
    right: str
    fields: dict[str, str] = field(default_factory=dict)
    """What is typed, besides what the page proposes."""
    query: str = ""

    def at(self, own: Own) -> str:
        path = self.path.replace("{id_:uuid}", "{request:uuid}") + self.query
        for name, value in (PLAIN | {f"{{{name}:uuid}}": id_ for name, id_ in vars(own).items()}).items():
            path = path.replace(name, value)
        return path

    @property
    def ids(self) -> list[str]:
        """What its address names."""
        return re.findall(r"\{(\w+):uuid\}", (self.path + self.query).replace("id_:", "request:"))


ONE = "/customers/{customer:uuid}"
SUBSCRIPTION = ONE + "/subscriptions/{subscription:uuid}"
RESELLER = "/resellers/{reseller:uuid}"
LINE = {"offer-0": OFFER, "name-0": "Office", "quantity-0": "3", "term-0": "P1Y", "cycle": "monthly", "step": "skip"}
EMPLOYEE = {"employee_name": "Ida Falk", "employee_email": "ida@alder.example"}
COMPANY = {
    "company": "Oak", "domain": "made-here.example", "contact_first_name": "Ida", "contact_last_name": "Falk",
    "contact_email": "ida@oak.example", "line1": "1 Plank Street", "city": "Tacoma", "country": "US", "culture": "en-US",
}  # fmt: skip

TEXT = b"# Made up"
DIGEST = sha256(TEXT).hexdigest()
PUBLISHED = {
    "step": "publish", "label": "made here", "kind": "major", "file-name-0": "text.md", "file-digest-0": DIGEST, "language-0": "en-US",
}  # fmt: skip
"""The second press of the button that publishes; the file is there."""

ROUTES = [
    Route("GET", "/", "anybody"),
    Route("GET", "/relationship-request/{partner:str}", "anybody"),
    Route("GET", "/api/docs", "anybody"),
    Route("GET", "/how-to-confirm", "anybody"),
    Route("GET", "/sign-in", "anybody"),
    Route("GET", "/customers", "read"),
    Route("GET", "/customers.csv", "read"),
    Route("GET", "/customers/new", "write"),
    Route("POST", "/customers/new", "write", COMPANY),
    Route("GET", ONE, "read"),
    Route("GET", ONE + "/record", "confirm"),
    Route("GET", ONE + "/standing", "confirm"),
    Route("GET", ONE + "/standing", "confirm", query="?on=2018-08-15&known-at=2018-08-15"),
    Route("GET", ONE + "/decisions/{decision:uuid}", "staff"),
    Route("GET", ONE + "/explanation", "explain"),
    Route("GET", ONE + "/order", "write"),
    Route("POST", ONE + "/order", "write", LINE),
    Route("GET", SUBSCRIPTION + "/seats", "write"),
    Route("POST", SUBSCRIPTION + "/seats", "write", {"quantity": "7", "step": "skip"}),
    Route("GET", SUBSCRIPTION + "/change", "write"),
    Route("POST", SUBSCRIPTION + "/change", "write", {"to": "cancel"}, "?to=cancel"),
    Route("GET", "/reconfirmations", "confirm"),
    Route("GET", "/reconfirmations.csv", "confirm"),
    Route("GET", "/resellers", "resellers"),
    Route("GET", RESELLER, "resellers"),
    Route("GET", RESELLER + "/requests", "resellers"),
    Route("GET", RESELLER + "/request", "asking"),
    Route("POST", RESELLER + "/request", "asking"),
    Route("GET", RESELLER + "/request.csv", "asking", query="?asked={request:uuid}"),
    Route("GET", RESELLER + "/requests/{id_:uuid}", "asking"),
    Route("POST", RESELLER + "/requests/{id_:uuid}", "asking", {"outcome": "received"}),
    Route("GET", "/providers", "providers"),
    Route("GET", "/employees-unknown", "confirm"),
    Route("GET", ONE + "/confirmation/{confirmation:uuid}/employee", "confirm"),
    Route("POST", ONE + "/confirmation/{confirmation:uuid}/employee", "confirm", {"name": "Ida Falk"}),
    Route("GET", ONE + "/recorded-in-error", "confirm"),
    Route("POST", ONE + "/recorded-in-error", "confirm", {"note": "another company"}),
    Route("GET", ONE + "/confirmation", "told"),
    Route("POST", ONE + "/confirmation", "confirm", ACCEPTOR | EMPLOYEE),
    Route("GET", ONE + "/text", "confirm", query=f"?template={cast.CUSTOMER_AGREEMENT}"),
    Route("GET", ONE + "/no-longer-agrees", "confirm"),
    Route("POST", ONE + "/no-longer-agrees", "confirm", {"step": "refuse", "sure": "yes"}),
    Route("GET", "/agreements", "signed in"),
    Route("GET", "/agreements/{country:str}/{spoken:str}", "signed in"),
    Route("GET", "/agreements/{country:str}/{spoken:str}/text", "text", query=f"?template={cast.CUSTOMER_AGREEMENT}"),
    Route("GET", "/agreements/simulation", "simulate", query="?effective_from=2019-05-01&rule=refuse"),
    Route("GET", "/agreements/simulation.csv", "simulate", query="?effective_from=2019-05-01"),
    Route("GET", "/agreements/simulation-customers.csv", "confirm", query="?effective_from=2019-05-01"),
    Route("GET", "/agreements/versions", "text"),
    Route("GET", "/agreements/versions/{version:uuid}", "text"),
    Route("GET", "/agreements/versions/{version:uuid}/text", "text", query="?country=US&language=en-US"),
    Route("GET", "/agreements/publish", "publish"),
    Route("POST", "/agreements/publish", "publish", PUBLISHED),
    Route(
        "GET",
        "/agreements/publish/text",
        "publish",
        query=f"?template={cast.CLOUD_AGREEMENT}&digest={DIGEST}&kind=md&language=en-US",
    ),
    Route("GET", "/activity", "write"),
    Route("GET", "/activity.csv", "write"),
    Route("GET", "/questions", "signed in"),
    Route("GET", "/tour", "signed in"),
    Route("GET", "/clock", "signed in"),
    Route("POST", "/clock", "signed in", {"at": "2018-08-16"}),
    Route("POST", "/questions/{question:str}/show", "shown"),
    Route("GET", "/sign-in/callback", "anybody"),
    Route("POST", "/sign-out", "anybody"),
]
"""In an order in which one user can do all of it, one after the other."""
PLAIN = {
    "{partner:str}": cast.ALDER,
    "{country:str}/{spoken:str}": "US/en-US",
    "{question:str}": "L6",
}


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


async def own_of(world: World, user: str, reseller: str = cast.NOBODY) -> Own:
    """A customer of the user's partner, with everything that can be recorded about it there."""
    partner = cast.USERS[user][0]
    made = await world.send(user, "POST", "/v1/customers", customer(f"of-{partner}.example"))
    id_ = made.json()["id"]
    line = {"lineItemNumber": 0, "offerId": OFFER, "quantity": 2, "friendlyName": f"{FOREIGN} licences"}
    order = {"referenceCustomerId": id_, "lineItems": [line]}
    placed = (await world.send(user, "POST", f"/v1/customers/{id_}/orders", order)).json()
    confirmation = cast.NOBODY
    if partner != cast.FIR:
        confirmed = await world.confirm(user, id_, primaryContact__lastName=f"{FOREIGN} Ek")
        assert confirmed.status_code == 201, confirmed.text
        world.change("update partner_user set designated = 1 where user_id = ?", user)
        [[confirmation]] = world.rows(
            "select confirmation_id from confirmation where partner_id = ? and customer_id = ?", partner, id_
        )
    [[decision]] = world.rows("select decision_id from decision where partner_id = ? and customer_id = ?", partner, id_)
    name = f"{FOREIGN} {cast.USERS[user][1]}"
    world.change(
        "update customer set company_name = ?, company_key = ? where customer_id = ?", name, search_key(name), id_
    )
    request = cast.NOBODY
    if reseller != cast.NOBODY:
        request = "a1de0000-0000-4000-8000-0000000000aa"
        for served in (id_, cast.DOGWOOD):
            world.change("insert into customer_reseller values (?, ?, ?, 0)", partner, served, reseller)
        world.change(
            "insert into collection_request (partner_id, request_id, reseller_id, customer_id, asked_at, asked_by,"
            " after_sequence) values (?, ?, ?, ?, ?, ?, 99)",
            partner, request, reseller, id_, int(world.clock.now.timestamp() * 1_000_000), user,
        )  # fmt: skip
    return Own(id_, placed["lineItems"][0]["subscriptionId"], decision, confirmation, reseller, request)


def another_provider(world: World) -> Own:
    """A provider that is nobody's here, with a reseller, a customer and a request of its own."""
    for partner, kind, number in ((OAK, "indirect_provider", "1000021"), (POPLAR, "indirect_reseller", "1000022")):
        world.change(
            "insert into partner (partner_id, name, kind, cloud, account, mpn_id, domain, country, culture, profile_etag,"
            " created_at) values (?, ?, ?, 'public', 'production', ?, ?, 'US', 'en-US', '1', 0)",
            partner, f"{FOREIGN} {kind}", kind, number, f"{number}.example",
        )  # fmt: skip
    world.change("insert into reseller_link values (?, ?, 0, null)", OAK, POPLAR)
    world.change(
        "insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, domain, country,"
        " language, culture, created_at) values (?, ?, ?, ?, ?, 'rowan.example', 'US', 'en', 'en-US', 0)",
        OAK, ROWAN, ROWAN, f"{FOREIGN} Rowan", search_key(f"{FOREIGN} Rowan"),
    )  # fmt: skip
    world.change(
        "insert into relationship (partner_id, customer_id, period, started_at) values (?, ?, 1, 0)", OAK, ROWAN
    )
    world.change("insert into customer_reseller values (?, ?, ?, 0)", OAK, ROWAN, POPLAR)
    world.change(
        "insert into collection_request (partner_id, request_id, reseller_id, customer_id, asked_at, asked_by,"
        " after_sequence) values (?, ?, ?, ?, 0, 'x', 0)", OAK, OAKS_REQUEST, POPLAR, ROWAN,
    )  # fmt: skip
    return Own(ROWAN, reseller=POPLAR, request=OAKS_REQUEST)


@dataclass
class Cast:
    """What each partner has, and who is at the pages."""

    world: World
    app: Any
    owns: dict[str, Own]

    def of(self, user: str | None) -> Own:
        partner = cast.ALDER if user is None else cast.USERS[user][0]
        return self.owns.get(partner, self.owns[cast.ALDER])

    def foreign(self, user: str | None) -> list[Own]:
        """Everybody else's. What a reseller's provider has, and the reseller has not, is foreign to the reseller."""
        besides = [Own(cast.DOGWOOD)] if user == cast.BIRCH_SALES else []
        others = [own for own in self.owns.values() if own != self.of(user)]
        return [*besides, *(replace(own, version=cast.NOBODY) for own in others)]

    async def come(self, user: str | None) -> "Guest":
        found = Visitor(self.world, app=self.app)
        if user is not None:
            await found.sign_in(user)
        await found.get("/how-to-confirm")
        return Guest(found)

    def records(self) -> dict[str, list[Any]]:
        """Everything on record but sessions, and how many units of work there were."""
        connection = apsw.Connection(str(self.world.path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            tables = connection.execute(
                "select name from sqlite_master where type = 'table' and name not in ('session', 'commit_count')"
            )
            return {str(name): connection.execute(f"select * from {name}").fetchall() for (name,) in tables.fetchall()}
        finally:
            connection.close()


@dataclass
class Guest:
    """A visitor who may send what no page shows."""

    visitor: Visitor

    async def typed(self, route: Route, own: Own) -> dict[str, Any]:
        """What the form of a page proposes; nothing where there is none."""
        shown = await self.visitor.client.get(route.at(own)) if route.method == "POST" else None
        if shown is None or shown.status_code != 200:
            return {}
        forms = [form for form in Page(shown.text).forms if "request_id" in form.names]
        return dict(forms[-1].fields) if forms else {}

    async def ask(self, route: Route, own: Own, typed: dict[str, Any]) -> httpx2.Response:
        """Go to the page, or send its form. Redirects are not followed."""
        client = self.visitor.client
        if route.method == "GET":
            return await client.get(route.at(own))
        token = {"_csrf_token": client.cookies.get("agreegate-form") or ""}
        return await client.post(route.at(own), data=token | typed | route.fields)


@pytest.fixture
async def everybody(world: World) -> Cast:
    """Every partner with a customer of its own, and everything recorded about it."""
    made = await publish(world, {AMERICA: ("text.md", TEXT)}, template_id=cast.CUSTOMER_AGREEMENT)
    owns = {
        cast.ALDER: await own_of(world, cast.ALDER_MARKETPLACE, cast.HORNBEAM),
        cast.HAZEL: await own_of(world, cast.HAZEL_ADMIN),
        cast.FIR: await own_of(world, cast.FIR_ADMIN),
        cast.MAPLE: await own_of(world, cast.MAPLE_ADMIN),
        OAK: another_provider(world),
    }
    world.change("insert into customer_reseller values (?, ?, ?, 0)", cast.ALDER, owns[cast.ALDER].customer, cast.BIRCH)
    deployment = replace(world.deployment, sandbox=Sandbox(world))
    owns = {partner: replace(own, version=made.id) for partner, own in owns.items()}
    return Cast(world, application(deployment, framework(deployment)), owns)


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
        assert [told for told in strangers - examples if told in answer.text] == [], named(route)
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
            told = (await guest.ask(route, own, {})).text.casefold()
            assert "zqxother" not in told, named(route)
            assert [id_ for id_ in ids if str(id_).casefold() in told] == [], named(route)


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
    told = answer.text
    for id_ in ids:
        told = told.replace(id_, "…")
    for hidden in ("_csrf_token", "request_id"):
        told = re.sub(f'name="{hidden}" value="[^"]*"', "", told)
    leads = re.sub("|".join(ids), "…", answer.headers.get("location", ""))
    return answer.status_code, leads, told


@pytest.mark.rule("R26")
@pytest.mark.parametrize("name", [name for name, user in USERS.items() if user])
async def test_somebody_elses_and_nobodys_are_answered_alike(everybody: Cast, name: str) -> None:
    """Each id of an address on its own, the others being the reader's; and all of them together (design D18)."""
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
async def test_what_an_address_asks_for_is_looked_for_among_ones_own(everybody: Cast, name: str) -> None:
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
async def test_what_a_form_names_is_looked_for_among_ones_own(everybody: Cast, name: str) -> None:
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
