"""The tour of the dates: the gate's own answer on each day and both channels, in one table."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agreegate.domain.actor import Channel
from agreegate.domain.milestone import tour
from agreegate.i18n import text
from agreegate.programme import load
from tests import personas as cast
from tests.dashboard.reading import Page
from tests.dashboard.sandbox import demo_visitor, sandbox_visitor, seeded_demo
from tests.dashboard.visitor import visitor
from tests.world import API_ENFORCED, DASHBOARD_ENFORCED, World


def stops(page: Page) -> list[str]:
    """The rows of the tour."""
    body = page.html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [Page(row).text for row in re.split("<tr[^>]*>", body)[1:]]


@pytest.mark.rule("R1", "R2", "R3", "R4", "R5")
@pytest.mark.parametrize("now", [datetime(2018, 8, 15, tzinfo=UTC), API_ENFORCED, datetime(2026, 1, 1, tzinfo=UTC)])
async def test_the_channels_differ_between_their_dates_and_each_stop_says_why(world: World, now: datetime) -> None:
    world.clock.now = now
    reply = await (await visitor(world)).get(f"/tour?customer={cast.DOGWOOD}")
    rows = stops(reply.page)
    outcomes = [(row.replace(" (today)", ""), "allowed" in row) for row in rows]
    assert [(" ".join(row.split()[:4]), through) for row, through in outcomes] == [
        ("6 November 2018 dashboard", True),
        ("6 November 2018 API", True),
        ("7 November 2018 dashboard", False),
        ("7 November 2018 API", True),
        ("21 March 2019 dashboard", False),
        ("21 March 2019 API", True),
        ("22 March 2019 dashboard", False),
        ("22 March 2019 API", False),
    ]
    assert "From 7 November 2018 on, this channel (dashboard) requires a confirmation." in rows[0]
    assert "Confirm the customer's acceptance before that date. ( R2 )" in rows[0]
    assert "We have no confirmation that this customer accepted" in rows[2]
    assert "confirm it, and send the same transaction again. ( R9 )" in rows[2]
    assert text("rule.R9", "en") in reply.text


@pytest.mark.rule("R5")
async def test_a_confirmed_customer_goes_through_everywhere(world: World) -> None:
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR)).status_code == 201
    someone = await visitor(world)
    rows = stops((await someone.get(f"/tour?customer={cast.CEDAR}")).page)
    assert all("allowed" in row and "accepted on 10 August 2018" in row for row in rows)
    assert len(rows) == 8


async def test_it_begins_with_a_customer_without_a_confirmation(world: World) -> None:
    someone = await visitor(world)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    assert "The order is for Dogwood Legal" in (await someone.get("/tour")).text
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    await world.confirm(cast.ALDER_SALES, cast.FRENE)
    assert "No customer of yours fits here" in (await someone.get("/tour")).text


@pytest.mark.rule("R26")
@pytest.mark.parametrize("customer", [cast.ELM, cast.NOBODY, "nonsense", "%00"])
async def test_a_customer_of_somebody_else_is_none(world: World, customer: str) -> None:
    assert (await (await visitor(world)).get(f"/tour?customer={customer}")).status == 404


async def test_go_there_sets_the_clock_and_opens_the_order(world: World) -> None:
    someone = await sandbox_visitor(world, cast.ALDER_SALES)
    reply = await someone.get(f"/tour?customer={cast.DOGWOOD}")
    form = next(form for form in reply.page.forms if form.fields.get("back") == [f"/customers/{cast.DOGWOOD}/order"])
    assert len(form.buttons) == 8
    there = await someone.send("/tour", form, jump=form.buttons[2][1])
    assert world.clock.now == DASHBOARD_ENFORCED
    assert (there.status, there.path) == (200, f"/customers/{cast.DOGWOOD}/order")
    assert "It is now 7 November 2018" in there.text


async def test_in_production_nothing_is_set(world: World) -> None:
    page = (await (await visitor(world)).get("/tour")).page
    assert [form.action for form in page.forms if form.buttons and form.buttons[0][0] == "jump"] == []


@pytest.mark.rule("R5")
@pytest.mark.parametrize("name", ["microsoft-cloud-agreement", "microsoft-customer-agreement"])
async def test_the_demo_takes_it_under_each_programme(tmp_path: Path, name: str) -> None:
    demo = await seeded_demo(tmp_path, datetime(2020, 6, 1, tzinfo=UTC), name)
    someone = await demo_visitor(demo, cast.ALDER_SALES, "fr")
    reply = await someone.get("/tour")
    demo.close()
    assert "La commande est pour Dogwood Legal" in reply.text
    assert ["refusée" in row for row in stops(reply.page)] == [False, False, True, False, True, False, True, True]


def test_a_programme_that_only_watches_has_one_day() -> None:
    watching = replace(load(), enforce_from=dict.fromkeys(Channel))
    assert tour(watching) == (watching.starts,)
