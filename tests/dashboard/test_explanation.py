"""The text for the customer: in its own language, true on the day, and the same from every partner (R48, L1, L11)."""

from datetime import datetime

import pytest

from agreegate.i18n import text
from tests import personas as cast
from tests.dashboard.past import CEDAR
from tests.dashboard.visitor import Reply, visitor
from tests.world import API_ENFORCED, DASHBOARD_ENFORCED, EVE_OF_API, EVE_OF_DASHBOARD, World

EXPLANATION = f"{CEDAR}/explanation"


def words(reply: Reply) -> str:
    """The text to copy."""
    html = reply.page.html
    start = html.index("<textarea")
    return html[html.index(">", start) + 1 : html.index("</textarea>", start)]


def rename(world: World, column: str, value: str) -> None:
    connection = world.connection()
    connection.execute(f"update customer set {column} = ? where customer_id = ?", (value, cast.CEDAR))
    connection.close()


@pytest.mark.rule("R15", "R18", "R24", "R25", "R48", "R49")
async def test_it_says_why_what_is_needed_and_who_decides(world: World) -> None:
    shown = await (await visitor(world)).get(EXPLANATION)
    expected = words(shown)
    for key in ("why.rights", "why.protection", "why.regulator", "who.never", "use.silent"):
        assert text(f"explanation.{key}", "en") in expected
    for sentence in (
        "Please accept the Microsoft Cloud Agreement", "To Cedar Bakery", "us, Alder Distribution",
        "Each customer must accept the agreement before a partner may order.", "first and last name", "e-mail address",
        "phone number, if you like", "the date of the acceptance", "You decide who may accept for you.",
        "https://docs.microsoft.com/en-us/partner-center/agreements", "renew by themselves go on",
    ):  # fmt: skip
        assert sentence in expected, sentence
    assert 'lang="en" dir="auto" readonly' in shown.page.html
    assert "Nothing is sent from here." in shown.text
    assert "/agreements?country=US&language=en-US" in shown.page.links


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_it_is_in_the_customers_language_whatever_the_reader_reads(world: World, language: str) -> None:
    someone = await visitor(world, cast.ALDER_SALES, language)
    assert "Please accept" in words(await someone.get(EXPLANATION))
    french = await someone.get(f"/customers/{cast.FRENE}/explanation")
    assert "Veuillez accepter le contrat Microsoft Cloud\n" in words(french)
    assert 'lang="fr" dir="auto" readonly' in french.page.html
    assert ("Text for the customer" if language == "en" else "Texte pour le client") in french.text
    assert 'class="warning"' not in french.page.html


async def test_without_the_customers_language_it_is_english_and_says_so(world: World) -> None:
    rename(world, "language", "de")
    rename(world, "culture", "de-DE")
    shown = await (await visitor(world)).get(EXPLANATION)
    assert (
        "The customer reads German (Germany). We have no text in that language, so this one is in English."
        in shown.text
    )
    assert "Please accept" in words(shown)
    french = await (await visitor(world, language="fr")).get(EXPLANATION)
    assert "Le client lit : Allemand (Allemagne)." in french.text


@pytest.mark.rule("R3", "R4")
@pytest.mark.parametrize(
    ("now", "by_hand", "by_systems"),
    [
        (EVE_OF_DASHBOARD, "From 7 November 2018 on", "From 22 March 2019 on"),
        (DASHBOARD_ENFORCED, "Since 7 November 2018", "From 22 March 2019 on"),
        (EVE_OF_API, "Since 7 November 2018", "From 22 March 2019 on"),
        (API_ENFORCED, "Since 7 November 2018", "Since 22 March 2019"),
    ],
)
async def test_its_dates_are_true_on_the_day(world: World, now: datetime, by_hand: str, by_systems: str) -> None:
    world.clock.now = now
    expected = words(await (await visitor(world)).get(EXPLANATION))
    assert f"{by_hand}, an order that we type in by hand" in expected
    assert f"{by_systems}, an order that our systems place" in expected


async def test_a_reseller_explains_for_its_provider(world: World) -> None:
    expected = words(await (await visitor(world, cast.BIRCH_SALES)).get(EXPLANATION))
    assert "us, Birch IT" in expected
    assert "We give these details to our indirect provider" in expected
    assert "Alder" not in expected
    assert (await (await visitor(world, cast.ALDER_HELPDESK)).get(EXPLANATION)).status == 200


@pytest.mark.rule("R31")
async def test_in_a_national_cloud_there_is_nothing_to_explain(world: World) -> None:
    someone = await visitor(world, cast.FIR_ADMIN)
    assert (await someone.get(f"/customers/{cast.GINKGO}/explanation")).status == 404
    assert not [link for link in (await someone.get(f"/customers/{cast.GINKGO}")).page.links if "explanation" in link]
