"""Pages while the clock is behind the record: a notice on each, forms that record are refused, the rest goes on (B8)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from agreegate.i18n import text
from tests import personas as cast
from tests.dashboard.acceptor import ACCEPTOR, confirmed
from tests.dashboard.past import bought, kept
from tests.dashboard.visitor import link_to, visitor
from tests.world import API_ENFORCED, World

pytestmark = pytest.mark.fault("B8")

CEDAR, DOGWOOD = f"/customers/{cast.CEDAR}", f"/customers/{cast.DOGWOOD}"


@pytest.fixture
async def world(make_world: Callable[..., World]) -> World:
    """A server whose clock was a year ahead when Cedar was confirmed and something was bought."""
    made = make_world(demo=False)
    made.clock.now = API_ENFORCED + timedelta(days=365)
    assert (await made.confirm(cast.ALDER_SALES, cast.CEDAR)).status_code == 201
    return made


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_each_page_says_so_and_forms_that_record_are_refused(world: World, language: str) -> None:
    someone = await visitor(world, language=language)
    notice = text("page.clock-behind", language)
    assert notice not in (await someone.get(CEDAR)).text
    world.clock.now = API_ENFORCED
    for path in ("/", CEDAR, f"{CEDAR}/order", f"{DOGWOOD}/confirmation", f"{CEDAR}/no-longer-agrees"):
        shown = await someone.get(path)
        assert (shown.status, notice in shown.text) == (200, True)
    refused = await someone.fill(f"{DOGWOOD}/confirmation", None, **ACCEPTOR)
    assert refused.status in (422, 503)
    expected = " ".join(text("clock.behind", language).split())  # as a page is read: each blank is a blank
    assert expected in refused.text
    order = await someone.fill(f"{CEDAR}/order", None, **{"offer-0": cast.NOBODY})
    assert expected in order.text
    assert len(confirmed(world)) == 1
    assert world.rows("select count(*) from order_") == [(0,)]


async def test_a_page_of_another_partner_says_nothing(world: World) -> None:
    world.clock.now = API_ENFORCED
    someone = await visitor(world, cast.HAZEL_ADMIN)
    assert text("page.clock-behind", "en") not in (await someone.get(CEDAR)).text


@pytest.mark.rule("R40")
@pytest.mark.parametrize(
    ("to", "status"), [("suspend", "suspended"), ("cancel", "deleted"), ("auto-renewal-off", None)]
)
async def test_suspending_and_cancelling_go_on(world: World, to: str, status: str | None) -> None:
    path = await bought(world)
    world.clock.now = API_ENFORCED
    someone = await visitor(world)
    asked = await someone.get(link_to((await someone.get(path)).page, rf"\?to={to}$"))
    done = await someone.send(path, asked.page.form())
    assert kept(world, path)[0] == (status or "active")
    assert (text("clock.behind", "en") in done.text) is (status is None)
    if status is None:
        assert (done.status, done.answer.headers["retry-after"]) == (503, "5")


@pytest.mark.rule("R39", "R40")
async def test_what_a_customer_who_left_had_is_cancelled(world: World) -> None:
    await bought(world)
    someone = await visitor(world)
    await someone.fill(f"{CEDAR}/no-longer-agrees", None, sure="yes")
    world.clock.now = API_ENFORCED
    page = await someone.get(f"{CEDAR}/no-longer-agrees")
    [id_] = world.rows("select subscription_id from subscription")
    done = await someone.send(f"{CEDAR}/no-longer-agrees", page.page.form(), subscription=[*id_], step="cancel")
    assert world.rows("select status from subscription") == [("deleted",)], done.text
