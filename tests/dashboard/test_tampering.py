"""Forms as no page shows them, around the second from which a confirmation is needed (R3, R7)."""

import asyncio
from datetime import UTC, datetime
from itertools import count, product
from typing import Any

import pytest

from tests import personas as cast
from tests.dashboard.acceptor import ACCEPTOR
from tests.dashboard.visitor import Visitor, visitor
from tests.operations import OFFER, customer
from tests.world import DASHBOARD_ENFORCED, EVE_OF_DASHBOARD, World

BEFORE_PROGRAMME = datetime(2018, 8, 6, 23, 59, 59, tzinfo=UTC)
LINE = {"offer-0": OFFER, "name-0": "Office", "quantity-0": "12", "term-0": "P1Y", "cycle": "monthly"}
STEPS = ["", "skip", "confirm", "cancel", "add", "held", "SKIP", "confirm skip"]
TYPED: dict[str, dict[str, str]] = {
    "nothing": {},
    "all of it": ACCEPTOR,
    "all of it, warned": ACCEPTOR | {"warned": "provider", "held": "asked"},
    "no address": ACCEPTOR | {"acceptor_email": ""},
    "a day to come": ACCEPTOR | {"accepted_on": "2018-12-24"},
    "an agreement that opens nothing yet": ACCEPTOR | {"template": cast.CUSTOMER_AGREEMENT},
    "no agreement": ACCEPTOR | {"template": ""},
    "an agreement that nobody knows": ACCEPTOR | {"template": cast.NOBODY},
    "another's last record": ACCEPTOR | {"seen": "7", "held": "meanwhile"},
    "a stranger's reseller": ACCEPTOR
    | {"collected_through": cast.HAZEL, "collected_from": "Ida", "collected_on": "2018-08-10"},
}
_numbers = count()


async def bought(world: World) -> str:
    """A customer of Alder's that has five seats and no confirmation; the address of its page."""
    made = await world.send(cast.ALDER_SALES, "POST", "/v1/customers", customer(f"tampered-{next(_numbers)}.example"))
    id_ = made.json()["id"]
    line = {"lineItemNumber": 0, "offerId": OFFER, "friendlyName": "Mail", "quantity": 5}
    placed = await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{id_}/orders", {"lineItems": [line]})
    return f"/customers/{id_}/subscriptions/{placed.json()['lineItems'][0]['subscriptionId']}/seats"


def done(world: World, path: str) -> tuple[int, int]:
    """How many confirmations there are of a customer, and how many transactions since it bought five seats."""
    id_ = path.split("/")[2]
    [[confirmed]] = world.rows("select count(*) from confirmation where customer_id = ?", id_)
    [[orders]] = world.rows("select count(*) from order_ where customer_id = ?", id_)
    [[changed]] = world.rows("select count(*) from subscription where customer_id = ? and quantity = 7", id_)
    return confirmed, orders - 1 + changed


def page_of(path: str, what: str) -> tuple[str, dict[str, str]]:
    """Where a transaction is begun, and what is typed there."""
    return (path, {"quantity": "7"}) if what == "seats" else (f"/customers/{path.split('/')[2]}/order", LINE)


@pytest.mark.rule("R2", "R3", "R7")
@pytest.mark.parametrize("what", ["order", "seats"])
@pytest.mark.parametrize("step", STEPS)
async def test_nothing_passes_without_a_confirmation_and_no_confirmation_without_what_it_was_for(
    world: World, what: str, step: str
) -> None:
    someone, outcomes = await visitor(world), []
    for (name, fields), held in product(TYPED.items(), (True, False)):
        world.clock.now = EVE_OF_DASHBOARD
        path = await bought(world)
        at, typed = page_of(path, what)
        page = await someone.get(at)
        if held:
            page = await someone.send(at, page.page.form(), **typed)
        world.clock.now = DASHBOARD_ENFORCED
        reply = await someone.send(at, page.page.form(), **typed | fields | {"step": step})
        assert reply.status < 500, (name, reply.text)
        confirmed, transactions = done(world, path)
        outcomes.append((name, held, confirmed, transactions))
        assert confirmed == transactions, outcomes[-1]
        assert not confirmed or step == "confirm", outcomes[-1]
    if step == "confirm":
        assert ("all of it", True, 1, 1) in outcomes


@pytest.mark.rule("R2", "R7")
@pytest.mark.parametrize("what", ["order", "seats"])
async def test_while_it_is_optional_a_confirmation_comes_with_what_it_was_for_or_not_at_all(
    world: World, what: str
) -> None:
    world.clock.now = EVE_OF_DASHBOARD
    someone = await visitor(world)
    for (name, fields), step in product(TYPED.items(), ("confirm", "skip", "")):
        path = await bought(world)
        at, typed = page_of(path, what)
        reply = await someone.fill(at, **typed | fields | {"step": step})
        assert reply.status < 500, (name, reply.text)
        confirmed, transactions = done(world, path)
        assert (step == "confirm" and confirmed == transactions) or (confirmed, transactions) == (
            0,
            int(step == "skip"),
        )


@pytest.mark.rule("R1", "R31")
@pytest.mark.parametrize(("user", "now"), [(cast.FIR_ADMIN, DASHBOARD_ENFORCED), (cast.ALDER_ADMIN, BEFORE_PROGRAMME)])
async def test_where_there_is_nothing_to_confirm_nothing_is_recorded(world: World, user: str, now: datetime) -> None:
    world.clock.now = now
    someone = await visitor(world, user)
    partner = cast.USERS[user][0]
    of = cast.GINKGO if partner == cast.FIR else cast.CEDAR
    here = f"/customers/{of}"
    collected = {"collected_through": cast.BIRCH, "collected_from": "Ida", "collected_on": "2018-08-01"}
    forms: list[tuple[str, dict[str, Any]]] = [
        (f"{here}/confirmation", ACCEPTOR | collected),
        (f"{here}/recorded-in-error", {"template": cast.CLOUD_AGREEMENT, "counts": ""}),
        (f"{here}/no-longer-agrees", {"step": "refuse", "sure": "yes"}),
        (f"{here}/no-longer-agrees", {"step": "cancel"}),
        (f"{here}/confirmation/{cast.NOBODY}/employee", {"name": "Ida"}),
        (f"{here}/order", LINE | ACCEPTOR | {"step": "confirm", "template": cast.CLOUD_AGREEMENT}),
        (f"/resellers/{cast.BIRCH}/request", {"customer": of}),
    ]
    await someone.get("/how-to-confirm")
    for path, fields in forms:
        token = {"_csrf_token": someone.client.cookies["agreegate-form"]}
        answer = await someone.client.post(path, data=fields | token)
        assert answer.status_code < 500, path
    company = {
        "company": "Oak", "domain": "oak.example", "contact_first_name": "Ida", "contact_last_name": "Falk",
        "contact_email": "ida@oak.example", "line1": "1 Plank Street", "city": "Tacoma",
    }  # fmt: skip
    made = await someone.fill("/customers/new", **company, **ACCEPTOR, accepted="yes", template=cast.CLOUD_AGREEMENT)
    assert made.path.startswith("/customers/")
    for table in ("confirmation", "ending", "reseller_request", "confirmation_employee"):
        assert world.rows(f"select count(*) from {table}") == [(0,)], table


FORMS: list[tuple[str, dict[str, str], str]] = [
    ("/customers/{0}/confirmation", ACCEPTOR, "confirmation"),
    ("/customers/{0}/no-longer-agrees", {"step": "refuse", "sure": "yes"}, "ending"),
    ("/customers/{0}/order", LINE | ACCEPTOR | {"step": "confirm"}, "order_"),
    ("/customers/new", {
        "company": "Oak", "domain": "oak.example", "contact_first_name": "Ida", "contact_last_name": "Falk",
        "contact_email": "ida@oak.example", "line1": "1 Plank Street", "city": "Tacoma",
    }, "customer"),
    (f"/resellers/{cast.BIRCH}/request", {"customer": cast.CEDAR}, "reseller_request"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "fields", "table"), FORMS, ids=[form[2] for form in FORMS])
async def test_one_request_id_is_one_call_also_at_the_same_time(
    world: World, path: str, fields: dict[str, str], table: str
) -> None:
    """The same twice is done once; changed meanwhile, or sent by a colleague, it is refused."""
    at = path.format(cast.DOGWOOD)
    sales, admin, hazel = [
        await visitor(world, user) for user in (cast.ALDER_SALES, cast.ALDER_ADMIN, cast.HAZEL_ADMIN)
    ]
    form = (await sales.get(at)).page.form()
    await admin.get(at)
    [[before]] = world.rows(f"select count(*) from {table}")

    def post(who: Visitor, **changes: str) -> Any:
        token = {"_csrf_token": who.client.cookies["agreegate-form"]}
        return who.client.post(at, data=form.fields | fields | changes | token)

    answers = await asyncio.gather(*(post(sales) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [303, 303, 303], answers[0].text
    assert len({answer.headers["location"] for answer in answers}) == 1
    for other in (post(sales, lang="other"), post(admin)):
        assert (await other).status_code == 409
    assert (await post(hazel)).status_code in (303, 403, 404, 422)
    assert world.rows(f"select count(*) from {table}") == [(before + 1,)]


async def test_a_cookie_is_worth_nothing_after_signing_out(world: World) -> None:
    someone = await visitor(world)
    page = await someone.get(f"/customers/{cast.DOGWOOD}/confirmation")
    kept = dict(someone.client.cookies)
    going = [someone.client.get("/customers") for _ in range(5)]
    out = someone.client.post("/sign-out", data={"_csrf_token": kept["agreegate-form"]})
    await asyncio.gather(*going, out)
    for _ in range(2):
        someone.client.cookies.clear()
        for name, value in kept.items():
            someone.client.cookies.set(name, value)
        assert (await someone.client.get("/customers")).headers["location"].startswith("/sign-in")
        sent = await someone.client.post(page.path, data=page.page.form().fields | ACCEPTOR)
        assert sent.headers["location"].startswith("/sign-in")
    assert world.rows("select count(*) from confirmation") == [(0,)]
