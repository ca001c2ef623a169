"""Agreements by country and language: every row of the table, found in both languages, each with its templates."""

import re
from collections.abc import Callable

import pytest

from agreegate.dashboard.agreements.agreement import table
from agreegate.i18n import LANGUAGES
from agreegate.locales import countries
from tests import personas as cast
from tests.dashboard.visitor import link_to, visitor
from tests.texts import AMERICA, FRANCE, FRANCE_ENGLISH, publish
from tests.world import API_ENFORCED, BASE_URL, World

HOSTILE = "<script>alert(1)</script>"
PAIR = re.compile("/agreements/[A-Z]{2}/")
"""How the address of a country and language begins."""


@pytest.mark.rule("R46")
@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("en", ["Agreements by country and language", "France", "Namibia", "Kosovo", "Jan Mayen", "246 countries",
                "French (France)", "Serbian (Latin, Serbia)"]),
        ("fr", ["Contrats par pays et par langue", "Allemagne", "Namibie", "Kosovo", "Saint-Eustache", "246 pays",
                "Français (France)", "Serbe (latin, Serbie)"]),
    ],
)  # fmt: skip
async def test_the_table_names_every_country_and_language_as_its_reader_does(
    world: World, language: str, names: list[str]
) -> None:
    guest = await visitor(world, cast.ALDER_SALES, language)
    shown = await guest.get("/agreements")
    assert [name for name in names if name not in shown.text] == []
    expected = {f"/agreements/{row.code}/{code}" for row in countries() for code in row.languages}
    assert {link for link in shown.page.links if PAIR.match(link)} == expected
    assert len(expected) > 300
    assert "/agreements" in shown.page.links


@pytest.mark.parametrize("reader", LANGUAGES)
def test_no_country_is_left_as_a_code_and_no_two_have_one_name(reader: str) -> None:
    rows = table(reader)
    assert [row.code for row in rows if row.name == row.code] == []
    assert len({row.name for row in rows}) == len(rows) == 246
    assert [one.code for row in rows for one in row.languages if one.name == one.code] == []
    assert {"XE", "XJ", "XK", "XS", "NA"} <= {row.code for row in rows}


@pytest.mark.rule("R46")
@pytest.mark.parametrize(
    ("language", "query", "found"),
    [
        ("en", "namib", ["NA"]),
        ("en", "NA namibia", ["NA"]),
        ("fr", "cote d ivoire", ["CI"]),
        ("fr", "cote", ["CI"]),
        ("fr", "ÎLES ALAND", ["AX"]),
        ("en", "fyro", ["MK"]),
        ("en", "sr-latn", ["RS"]),
        ("en", "xe sint", ["XE"]),
        ("en", "bulgarian", ["BG"]),
        ("fr", "bulgare", ["BG"]),
        ("en", "%", []),
        ("en", HOSTILE, []),
        ("en", "مخبز", []),
        ("en", "x" * 5000, []),
        ("en", "\x00", []),
    ],
)
async def test_rows_are_found_by_name_code_and_language(
    world: World, language: str, query: str, found: list[str]
) -> None:
    guest = await visitor(world, cast.ALDER_SALES, language)
    answer = await guest.client.get("/agreements", params={"q": query})
    assert answer.status_code == 200
    codes = {link.split("/")[2] for link in (await guest.get(str(answer.url)[len(BASE_URL) :])).page.links
             if PAIR.match(link)}  # fmt: skip
    assert codes == set(found)
    assert "<script>alert" not in answer.text


@pytest.mark.rule("R46", "R49")
@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("?country=FR&language=fr-FR", "France: French (France)"),
        ("?country=fr&language=FR-fr", "France: French (France)"),
        ("?country=PT&language=pt", "Portugal: Portuguese (Portugal)"),
        ("?country=PT&language=pt-BR", "Portugal: Portuguese (Portugal)"),
        ("?country=BE&language=fr-BE", "There is no agreement in the language asked for in Belgium"),
        ("?country=RS&language=sr-Latn-RS", "Serbia: Serbian (Latin, Serbia)"),
        ("?country=FR", "France: English (United States)"),
    ],
)
async def test_an_address_with_country_and_language_shows_its_agreement_first(
    world: World, address: str, expected: str
) -> None:
    guest = await visitor(world)
    shown = await guest.get(f"/agreements{address}")
    assert expected in shown.text
    assert cast.CLOUD_AGREEMENT in shown.text
    assert "(chosen)" in shown.text
    own = await guest.get(link_to(shown.page, r"^/agreements/.+/.+"))
    assert own.status == 200


@pytest.mark.parametrize("country", ["CN", "CU", "xx", HOSTILE, "%00"])
async def test_a_country_that_is_not_listed_is_said(world: World, country: str) -> None:
    guest = await visitor(world)
    shown = await guest.get(f"/agreements?country={country}&language=en-US")
    assert "No agreement is listed for this country" in shown.text
    assert "246 countries" in shown.text
    assert HOSTILE not in shown.page.html


@pytest.mark.rule("R46", "R49")
async def test_each_row_leads_to_its_templates_with_what_is_true_today(world: World) -> None:
    world.clock.now = API_ENFORCED
    for language, expected in (
        ("en", ["France: French (France)", "Microsoft Cloud Agreement", "Yes, today.", "From 1 October 2019 on; not yet.",
                "Since 7 August 2018.", "Other languages of this country: English (United States)"]),
        ("fr", ["France : Français (France)", "Oui, aujourd’hui.", "À partir du 1er octobre 2019 ; pas encore."]),
    ):  # fmt: skip
        guest = await visitor(world, cast.ALDER_SALES, language)
        shown = await guest.get("/agreements/FR/fr-FR")
        assert [sentence for sentence in expected if sentence not in shown.text] == []
        assert cast.CUSTOMER_AGREEMENT in shown.text
        assert shown.text.index(cast.CLOUD_AGREEMENT) < shown.text.index(cast.CUSTOMER_AGREEMENT), "open ones first"
        await guest.close()


async def test_an_agreement_that_closed_says_since_when(make_world: Callable[..., World]) -> None:
    closed = make_world(programme_name="microsoft-customer-agreement")
    closed.clock.now = API_ENFORCED.replace(year=2020, month=4)
    guest = await visitor(closed)
    shown = await guest.get("/agreements/US/en-US")
    assert "No more since 1 February 2020." in shown.text
    assert "No more since 31 March 2020." in shown.text


@pytest.mark.parametrize("path", ["/FR/de-DE", "/fr/fr-FR", "/FR/fr-fr", "/CN/zh-CN", "/x/y", "/%3Cscript%3E/en-US"])
async def test_there_is_no_page_for_another_pair(world: World, path: str) -> None:
    guest = await visitor(world)
    assert (await guest.get(f"/agreements{path}")).status == 404


@pytest.mark.rule("R30")
async def test_readers_of_every_kind_find_every_country(world: World) -> None:
    for user in (cast.ALDER_HELPDESK, cast.BIRCH_SALES, cast.HAZEL_ADMIN, cast.OPERATOR_USER, cast.MAPLE_ADMIN):
        guest = await visitor(world, user)
        assert "246 countries" in (await guest.get("/agreements")).text
        await guest.close()
    assert (await (await visitor(world, None)).client.get("/agreements")).status_code == 303


@pytest.mark.rule("R32", "R46", "R49")
async def test_a_published_text_is_one_step_away_in_its_language(world: World) -> None:
    texts = {FRANCE: ("fr.md", b"# Contrat exemple\n"), FRANCE_ENGLISH: ("en.md", b"# Sample agreement\n")}
    await publish(world, texts, "2018-08")
    guest = await visitor(world)
    for address in ("/agreements?country=FR&language=fr-FR", "/agreements/FR/fr-FR"):
        shown = await guest.get(address)
        assert "Text in force 2018-08, since 1 January 2018." in shown.text
        assert "No text is published here for this country" in shown.text, "of the other agreement"
        [reading, download] = [link for link in shown.page.links if "/text?" in link]
        read = await guest.get(reading)
        assert (read.status, "Contrat exemple" in read.text, "Sample" in read.text) == (200, True, False)
        file = await guest.client.get(download, follow_redirects=True)
        assert file.content == b"# Contrat exemple\n"
        assert 'filename="MicrosoftCloudAgreement-2018-08-FR-fr-FR.md"' in file.headers["content-disposition"]
    assert "Sample agreement" in (await guest.get(f"/agreements/FR/en-US/text?template={cast.CLOUD_AGREEMENT}")).text


@pytest.mark.rule("R49")
async def test_where_a_language_has_no_text_it_says_what_stands_in(world: World) -> None:
    await publish(world, {FRANCE_ENGLISH: ("en.md", b"# Sample agreement\n")}, "2018-08")
    guest = await visitor(world)
    shown = await guest.get("/agreements/FR/fr-FR")
    assert "This language has none; en-US stands in." in shown.text
    assert "Sample agreement" in (await guest.get(link_to(shown.page, r"/text\?"))).text
    assert not [link for link in (await guest.get("/agreements/DE/de-DE")).page.links if "/text?" in link]


async def test_there_is_no_other_text_and_not_for_everybody(world: World) -> None:
    await publish(world, {AMERICA: ("en.md", b"# Sample agreement\n")}, "2018-08")
    path = f"/agreements/US/en-US/text?template={cast.CLOUD_AGREEMENT}"
    for user, status in (
        (cast.BIRCH_SALES, 200),
        (cast.ALDER_HELPDESK, 200),
        (cast.OPERATOR_USER, 200),
        (cast.FIR_ADMIN, 404),
    ):
        guest = await visitor(world, user)
        assert (await guest.get(path)).status == status, user
        await guest.close()
    guest = await visitor(world)
    for odd in (
        f"/agreements/US/en-US/text?template={cast.CUSTOMER_AGREEMENT}",
        "/agreements/US/en-US/text?template=x",
        "/agreements/US/en-US/text",
        f"/agreements/US/de-DE/text?template={cast.CLOUD_AGREEMENT}",
        f"/agreements/DE/de-DE/text?template={cast.CLOUD_AGREEMENT}",
    ):
        assert (await guest.get(odd)).status == 404, odd
    nobody = await visitor(world, None)
    assert (await nobody.client.get(path)).status_code == 303
    assert "/sign-in" in (await nobody.client.get(path)).headers["location"]
