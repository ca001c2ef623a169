"""The overview: how customers stand, what the dates will do, whose transactions would fail next, and what was refused."""

import re
from datetime import timedelta

import pytest

from agreegate.services.orders.renewal import run_renewals
from agreegate.services.totals import TotalsLimits
from agreegate.storage.agreements.text import add_text_version
from tests import personas as cast
from tests.dashboard.visitor import Reply, visitor
from tests.operations import OFFER
from tests.texts import draft as text_draft
from tests.world import API_ENFORCED, AUGUST, DASHBOARD_ENFORCED, World

LATER = API_ENFORCED + timedelta(days=3)


async def order(world: World, customer: str, status: int = 201) -> None:
    """Order through the API."""
    body = {"lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "quantity": 1, "friendlyName": "Mail"}]}
    answer = await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{customer}/orders", body)
    assert answer.status_code == status, answer.text


async def no_longer_agrees(world: World, customer: str) -> None:
    body = {"reason": "no_longer_agrees"}
    answer = await world.send(cast.ALDER_SALES, "POST", f"/api/customers/{customer}/standing/end", body)
    assert answer.status_code == 200, answer.text


def rows(reply: Reply, table: str) -> list[str]:
    """The lines of a table, as text."""
    html = reply.page.html
    if f'id="{table}"' not in html:
        return []
    body = html[html.index(f'id="{table}"') :].partition("<tbody>")[2].partition("</tbody>")[0]
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip() for row in body.split("</tr>")[:-1]]


@pytest.mark.parametrize(
    ("language", "heading", "standings"),
    [
        ("en", "Overview", ["confirmed 1 33.3%", "not confirmed 1 33.3%", "no longer agrees 1 33.3%"]),
        ("fr", "Vue d’ensemble", ["confirmé 1 33,3 %", "non confirmé 1 33,3 %", "n’accepte plus 1 33,3 %"]),
    ],
)
async def test_who_signs_in_sees_how_customers_stand(
    world: World, language: str, heading: str, standings: list[str]
) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    await no_longer_agrees(world, cast.DOGWOOD)
    someone = await visitor(world, language=language)
    reply = await someone.get("/")
    assert reply.status == 200
    assert f"<h1>{heading}</h1>" in reply.page.html
    assert [row.replace("\u202f", " ").replace("\xa0", " ") for row in rows(reply, "standings")] == standings
    for state in ("current", "missing", "ended"):
        assert f"/customers?state={state}" in reply.page.links


@pytest.mark.rule("R3", "R5")
async def test_dates_ahead_say_how_many_would_be_refused(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    someone = await visitor(world)
    august = (await someone.get("/")).text
    assert "If nothing changes, orders on the dashboard for 2 customers will be refused from 7 November 2018" in august
    assert "If nothing changes, orders through the API for 2 customers will be refused from 22 March 2019" in august
    world.clock.now = DASHBOARD_ENFORCED
    november = (await someone.get("/")).text
    assert "7 November 2018, 2 customers" not in november
    assert "If nothing changes, orders through the API for 2 customers will be refused from 22 March 2019" in november
    world.clock.now = API_ENFORCED
    assert "will be refused" not in (await someone.get("/")).text


async def test_nearest_to_a_transaction_come_first_and_lead_to_the_form(world: World) -> None:
    await order(world, cast.CEDAR)
    await order(world, cast.FRENE)
    await world.confirm(cast.ALDER_SALES, cast.FRENE)  # confirmed: of no concern
    world.clock.now = LATER
    await order(world, cast.DOGWOOD, 403)
    someone = await visitor(world)
    world.clock.now = LATER + timedelta(days=1)
    reply = await someone.get("/")
    assert [row.split(" Confirm")[0] for row in rows(reply, "next")] == [
        "Dogwood Legal Refused on 25 March 2019.",
        "Cedar Bakery Auto-renews on 15 August 2019. Anything else needs a confirmation first.",
    ]
    assert f"/customers/{cast.DOGWOOD}/confirmation" in reply.page.links
    cart = {"lineItems": [{"id": 0, "catalogItemId": OFFER, "quantity": 1}]}
    made = await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.CEDAR}/carts", cart)
    assert made.status_code == 201, made.text
    first = rows(await someone.get("/"), "next")[0]
    assert first.startswith("Cedar Bakery Open cart since 26 March 2019. Auto-renews on 15 August 2019")


@pytest.mark.rule("R39", "R40")
async def test_who_no_longer_agrees_but_is_subscribed_leads_to_what_can_be_cancelled(world: World) -> None:
    await order(world, cast.CEDAR)
    await no_longer_agrees(world, cast.CEDAR)
    await no_longer_agrees(world, cast.DOGWOOD)  # has nothing
    someone = await visitor(world)
    reply = await someone.get("/")
    assert rows(reply, "unwilling") == ["Cedar Bakery 1 Renews by itself on 15 August 2019. Choose what to cancel"]
    assert f"/customers/{cast.CEDAR}/no-longer-agrees" in reply.page.links
    assert "1 customer no longer agrees and still has subscriptions." in reply.text


@pytest.mark.rule("R9", "R48")
async def test_what_was_refused_says_why_and_leads_to_what_mends_it(world: World) -> None:
    world.clock.now = LATER
    await order(world, cast.CEDAR, 403)
    await order(world, cast.DOGWOOD, 403)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    someone = await visitor(world)
    reply = await someone.get("/")
    denied = rows(reply, "refused")
    assert len(denied) == 2
    dogwood = next(row for row in denied if "Dogwood" in row)
    assert "25 March 2019" in dogwood
    assert "R9" in dogwood
    assert "Confirm" in dogwood
    assert "Confirmed since then." in next(row for row in denied if "Cedar" in row)
    assert f"/customers/{cast.DOGWOOD}/confirmation" in reply.page.links
    assert f"/customers/{cast.CEDAR}/confirmation" not in reply.page.links
    world.clock.now = LATER + timedelta(days=31)
    assert "Nothing was refused." in (await someone.get("/")).text


@pytest.mark.parametrize(
    ("user", "present", "silent"),
    [
        (cast.ALDER_ADMIN, ("Your customers", "Not ready for their next order", "Refused in the last 30 days"), ()),
        (cast.HAZEL_ADMIN, ("Your customers", "Not ready for their next order"), ("Dogwood",)),
        (cast.MAPLE_ADMIN, ("You have no customers yet.", "Nothing was refused."), ("Not ready for their next order",)),
        (cast.ALDER_HELPDESK, ("shown to Admin agents", "Dogwood"), ("Your customers", "/confirmation", "Confirmed since")),
        (cast.BIRCH_SALES, ("Your indirect provider confirms",), ("Your customers", "Dogwood", "/confirmation")),
        (cast.FIR_ADMIN, ("in a national cloud",), ("How many of your customers", "What the dates mean", "/confirmation")),
        (cast.OPERATOR_USER, ("The customers of all partners", "not confirmed 4"), ("Dogwood", "Cedar", "/customers")),
    ],
)  # fmt: skip
@pytest.mark.rule("R22", "R31")
async def test_everybody_sees_what_they_may(
    world: World, user: str, present: tuple[str, ...], silent: tuple[str, ...]
) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    world.clock.now = LATER
    await order(world, cast.DOGWOOD, 403)
    someone = await visitor(world, user)
    reply = await someone.get("/")
    assert reply.status == 200
    seen = re.sub(r"\s+", " ", reply.text)
    for sentence in present:
        assert sentence in seen
    main = reply.page.html.partition("<main")[2]
    for sentence in silent:
        assert sentence not in main


async def test_before_the_feature_exists_there_is_nothing_to_count(world: World) -> None:
    world.clock.now = AUGUST - timedelta(days=365)
    someone = await visitor(world)
    reply = await someone.get("/")
    assert "Confirmations do not exist yet" in reply.text
    assert rows(reply, "standings") == []


async def test_a_visitor_sees_the_start_page(world: World) -> None:
    nobody = await visitor(world, None)
    assert "<h1>Overview" not in (await nobody.get("/")).page.html


@pytest.mark.rule("R34")
async def test_who_accepted_an_older_text_is_shown_apart_from_who_is_confirmed(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    for label, effective in (("1", AUGUST - timedelta(days=90)), ("2", AUGUST + timedelta(days=9))):
        draft = text_draft(label, effective_from=effective)
        await world.store.write(lambda uow, draft=draft: add_text_version(uow, draft, "tests"))
    someone = await visitor(world)
    assert rows(await someone.get("/"), "standings") == [
        "confirmed 1 33.3%",
        "not confirmed 2 66.7%",
        "no longer agrees 0 0%",
    ]
    world.clock.now = AUGUST + timedelta(days=10)
    expected = ["confirmed 0 0%", "outdated 1 33.3%", "not confirmed 2 66.7%", "no longer agrees 0 0%"]
    assert rows(await someone.get("/"), "standings") == expected
    operator = await visitor(world, cast.OPERATOR_USER)
    assert "outdated 1" in " ".join(rows(await operator.get("/"), "standings"))
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, dateAgreed="2018-08-25T00:00:00Z")
    assert rows(await someone.get("/"), "standings") == [
        "confirmed 1 33.3%",
        "not confirmed 2 66.7%",
        "no longer agrees 0 0%",
    ]


@pytest.mark.rule("R34")
async def test_overdue_customers_are_counted_apart(world: World) -> None:
    await order(world, cast.CEDAR)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    for label, effective in (("1", AUGUST - timedelta(days=90)), ("2", AUGUST + timedelta(days=9))):
        draft = text_draft(label, effective_from=effective)
        await world.store.write(lambda uow, draft=draft: add_text_version(uow, draft, "tests"))
    world.clock.now = AUGUST + timedelta(days=366)
    await run_renewals(world.store, world.clock.now)
    someone = await visitor(world)
    reply = await someone.get("/")
    assert "overdue 1 33.3%" in rows(reply, "standings")
    assert "/customers?state=overdue" in reply.page.links


async def test_totals_of_many_customers_are_counted_beside_the_page(world: World) -> None:
    someone, colleague = await visitor(world), await visitor(world, cast.ALDER_ADMIN, "fr")
    world.deployment.totals.limits = TotalsLimits(counted_at_once=0)
    counting = await someone.get("/")
    assert "Agreegate is counting the customers." in counting.text
    assert 'hx-select="#totals"' in counting.page.html
    assert (rows(counting, "standings"), "will be refused" in counting.text) == ([], False)
    assert "Not ready for their next order" in counting.text
    await world.deployment.totals.settle()
    world.clock.now += timedelta(seconds=30)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    counted = await someone.get("/")
    assert rows(counted, "standings")[1] == "not confirmed 3 100%"
    assert "As of 00:00 UTC. Your change of 00:00 UTC is not in these totals yet." in counted.text
    assert "hx-get" not in counted.page.html
    assert "Situation à 00:00 UTC." in (expected := (await colleague.get("/")).text)
    assert "Votre modification" not in expected
