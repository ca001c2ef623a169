"""One decision of the gate, with all that it was based on."""

from datetime import datetime, timedelta

import pytest

from tests import personas as cast
from tests.dashboard.past import CEDAR, end, order
from tests.dashboard.visitor import link_to, visitor
from tests.operations import OFFER
from tests.world import API_ENFORCED, EVE_OF_API, World

LINES = {"lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "quantity": 3}]}


async def refused_order(world: World) -> None:
    """An order for Cedar that the gate refuses."""
    answer = await world.send(cast.ALDER_SALES, "POST", f"/v1{CEDAR}/orders", LINES)
    assert answer.status_code == 403, answer.text


@pytest.mark.rule("R4", "R9")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "New purchase: refused", "Channel API", "Asked 22 March 2019, 00:00 UTC", "By sales@alder.example",
                "Rules microsoft-cloud-agreement@2", "(rule R9)",
                "We have no confirmation that this customer accepted the Microsoft Cloud Agreement.",
                "Obtain the customer's acceptance, confirm it", "No confirmation counted.",
            ],
        ),
        (
            "fr",
            [
                "Nouvel achat : refus", "Canal API", "22 mars 2019, 00:00 UTC", "Par sales@alder.example", "(règle R9)",
                "Nous n’avons aucune confirmation que ce client a accepté", "Obtenez l’acceptation du client",
                "Aucune confirmation ne comptait.",
            ],
        ),
    ],
)  # fmt: skip
async def test_a_denial_says_why_and_leads_to_what_mends_it(world: World, language: str, expected: list[str]) -> None:
    world.clock.now = API_ENFORCED
    await refused_order(world)
    someone = await visitor(world, language=language)
    shown = await someone.get(link_to((await someone.get(CEDAR)).page, "/decisions/"))
    assert shown.status == 200
    for words in expected:
        assert words in shown.text, words
    assert f"{CEDAR}/confirmation" in shown.page.links
    assert "/how-to-confirm" in shown.page.links


@pytest.mark.rule("R4", "R5")
@pytest.mark.parametrize(
    ("now", "verdict", "expected"),
    [
        (EVE_OF_API, "New purchase: allowed", "From 22 March 2019 on, this channel (API) requires a confirmation."),
        (API_ENFORCED, "New purchase: refused", "We have no confirmation that this customer accepted"),
    ],
)
async def test_the_same_order_before_and_after_the_date_of_the_api(
    world: World, now: datetime, verdict: str, expected: str
) -> None:
    world.clock.now = now
    await world.send(cast.ALDER_SALES, "POST", f"/v1{CEDAR}/orders", LINES)
    someone = await visitor(world)
    listed = await someone.get(CEDAR)
    shown = await someone.get(link_to(listed.page, "/decisions/"))
    assert verdict in shown.text
    assert expected in shown.text
    assert expected in listed.text


async def test_it_keeps_what_was_known_then_whatever_came_after(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    world.clock.now += timedelta(days=1)
    made = await order(world)
    world.clock.now += timedelta(days=1)
    await end(world, reason="no_longer_agrees")
    someone = await visitor(world)
    path = link_to((await someone.get(CEDAR)).page, "/decisions/")
    shown = await someone.get(path)
    assert "Allowed. Nothing blocks this transaction." in shown.text
    assert "Microsoft Cloud Agreement: accepted on 10 August 2018, recorded 15 August 2018, 00:00 UTC." in shown.text
    assert "no longer agrees" not in shown.text
    assert "noa@contoso.example" not in shown.page.html  # what is known to the gate has no personal data
    assert made["id"] not in shown.text
    world.clock.now = API_ENFORCED
    await refused_order(world)
    later = await someone.get(link_to((await someone.get(CEDAR)).page, "/decisions/"))
    assert "Recorded 17 August 2018, 00:00 UTC: the customer no longer agrees." in later.text
    assert "(rule R47)" in later.text


async def test_helpdesk_reads_it_and_is_offered_nothing(world: World) -> None:
    world.clock.now = API_ENFORCED
    await refused_order(world)
    someone = await visitor(world, cast.ALDER_HELPDESK)
    shown = await someone.get(link_to((await someone.get(CEDAR)).page, "/decisions/"))
    assert "New purchase: refused" in shown.text
    assert not [link for link in shown.page.links if "/confirmation" in link]


async def test_an_application_is_named_by_its_id(world: World) -> None:
    await world.send(cast.ALDER, "POST", f"/v1{CEDAR}/orders", LINES)
    someone = await visitor(world)
    shown = await someone.get(link_to((await someone.get(CEDAR)).page, "/decisions/"))
    assert "By application tests-app" in shown.text
