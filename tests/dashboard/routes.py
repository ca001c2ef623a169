"""Every page and form of the dashboard, whose right it is, and everybody with something to see there."""

import re
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import httpx2
import pytest

from agreegate.app import application, framework
from agreegate.domain.customers.customer import search_key
from tests import personas as cast
from tests.dashboard.acceptor import ACCEPTOR
from tests.dashboard.reading import Page
from tests.dashboard.sandbox import Sandbox
from tests.dashboard.visitor import Visitor
from tests.operations import OFFER, customer
from tests.texts import AMERICA, publish
from tests.world import World

OAK = "0ac00000-0000-4000-8000-000000000021"

POPLAR = "90910000-0000-4000-8000-000000000022"
"""Another provider and a reseller of its own."""

ROWAN = "20a20000-0000-4000-8000-000000000023"
"""Their customer."""

OAKS_REQUEST = "0ac00000-0000-4000-8000-0000000000aa"

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
    Route("GET", ONE + "/confirmation", "opened"),
    Route("POST", ONE + "/confirmation", "confirm", ACCEPTOR | EMPLOYEE),
    Route("GET", ONE + "/text", "confirm", query=f"?template={cast.CUSTOMER_AGREEMENT}"),
    Route("GET", ONE + "/no-longer-agrees", "confirm"),
    Route("POST", ONE + "/no-longer-agrees", "confirm", {"step": "refuse", "sure": "yes"}),
    Route("GET", "/agreements", "signed in"),
    Route("GET", "/agreements/{country:str}/{culture:str}", "signed in"),
    Route("GET", "/agreements/{country:str}/{culture:str}/text", "text", query=f"?template={cast.CUSTOMER_AGREEMENT}"),
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
    "{country:str}/{culture:str}": "US/en-US",
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
            "insert into reseller_request (partner_id, request_id, reseller_id, customer_id, asked_at, asked_by,"
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
        "insert into reseller_request (partner_id, request_id, reseller_id, customer_id, asked_at, asked_by,"
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
        tables = set(self.world.tables()) - {"session", "commit_count", "kept_unit"}
        return {name: sorted(self.world.rows(f"select * from {name}"), key=repr) for name in tables}


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
