"""The published versions: what every reader of texts sees of them, and what only the operator sees."""

from datetime import datetime, timedelta
from hashlib import sha256

import pytest

from agreegate.domain.agreements.text import Locale
from agreegate.i18n import instant_text
from agreegate.locales import locales
from agreegate.services.agreements.text import COMMAND
from tests import personas as cast
from tests.dashboard.visitor import link_to, visitor
from tests.texts import AMERICA, FRANCE, FRANCE_ENGLISH, JANUARY, NAMIBIA, publish
from tests.world import AUGUST, World

ENGLISH, FRENCH = b"# Sample agreement\n", b"# Contrat exemple\n"
PATH = "/agreements/versions"
BEFORE_PROGRAMME = datetime(2018, 8, 6, tzinfo=AUGUST.tzinfo)


async def three_versions(world: World) -> None:
    """One that is in force in part, one that replaced it in France, one that is to come."""
    everywhere = dict.fromkeys((AMERICA, NAMIBIA, FRANCE_ENGLISH), ("en.md", ENGLISH))
    await publish(world, everywhere, "2018-01", note="The first.\nSecond line.")
    await publish(world, {FRANCE: ("fr.md", FRENCH)}, "2018-08", major=False, effective_from=AUGUST, note="")
    await publish(world, everywhere, "2019-01", effective_from=AUGUST + timedelta(days=200))


@pytest.mark.rule("R32", "R46")
async def test_every_version_says_what_it_is_and_where_it_is_in_force(world: World) -> None:
    await three_versions(world)
    for language, expected in (
        ("en", ["upcoming", "in force in part in 2 of 3 countries", "in force in 1 of 1 country", "3 countries, 1 language, 1 file",
                "The first.", "No note was given.", "15 August 2018", "major", "minor",
                "Nothing of this agreement is published here."]),
        ("fr", ["à venir", "en vigueur en partie dans 2 pays sur 3", "3 pays, 1 langue, 1 fichier", "Aucune note.",
                "15 août 2018", "majeure", "mineure", "Rien de ce contrat n’est publié ici."]),
    ):  # fmt: skip
        guest = await visitor(world, cast.BIRCH_SALES, language)
        shown = await guest.get(PATH)
        assert [sentence for sentence in expected if sentence not in shown.text] == []
        order = [shown.text.index(f" {label} ") for label in ("2019-01", "2018-08", "2018-01")]
        assert order == sorted(order), "what takes effect last comes first"
        exact = instant_text(AUGUST, language)
        assert (exact in shown.text, f'title="{exact}"' in shown.page.html) == (False, True)
        await guest.close()
    world.clock.now = AUGUST + timedelta(days=200)
    guest = await visitor(world)
    assert "replaced" in (await guest.get(PATH)).text


@pytest.mark.rule("R33", "R34")
async def test_a_major_version_to_come_leads_to_what_it_will_do_for_whom_it_concerns(world: World) -> None:
    await three_versions(world)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    ids = dict(world.rows("select label, version_id from text_version"))
    for user, label, led in (
        (cast.ALDER_SALES, "2019-01", True),
        (cast.ALDER_SALES, "2018-01", False),
        (cast.BIRCH_SALES, "2019-01", False),
        (cast.OPERATOR_USER, "2019-01", True),
    ):
        guest = await visitor(world, user)
        shown = await guest.get(f"{PATH}/{ids[label]}")
        links = [link for link in shown.page.links if link.startswith("/agreements/simulation")]
        assert bool(links) is led, (user, label)
        for link in links:
            answer = await guest.get(link)
            assert (answer.status, "Cedar Bakery" in answer.text) == (200, user == cast.ALDER_SALES)
        await guest.close()


@pytest.mark.rule("R32", "R46")
async def test_a_version_shows_its_files_to_read_and_to_download(world: World) -> None:
    texts = {FRANCE: ("fr.md", FRENCH), FRANCE_ENGLISH: ("en.md", ENGLISH), NAMIBIA: ("en.md", ENGLISH)}
    await publish(world, texts, "2018-08", note="How long data are kept.")
    guest = await visitor(world, cast.BIRCH_SALES)
    listed = await guest.get(PATH)
    shown = await guest.get(link_to(listed.page, f"^{PATH}/"))
    for expected in ("Microsoft Cloud Agreement, version 2018-08", "asked again", "How long data are kept.", "2 countries", "FR", "NA",
                 "Markdown, 19 bytes", sha256(ENGLISH).hexdigest(), sha256(FRENCH).hexdigest(), "never changes"):  # fmt: skip
        assert expected in shown.text, expected
    links = [link for link in shown.page.links if "/text?" in link]
    assert len(links) == 4
    read = {(await guest.get(link)).text for link in links if "download" not in link}
    assert {"Sample agreement" in text for text in read} == {True, False}
    for link in links:
        if "download" in link:
            file = await guest.client.get(link, follow_redirects=True)
            assert sha256(file.content).hexdigest() in shown.text
            assert "attachment" in file.headers["content-disposition"]


async def test_many_countries_are_folded_and_a_language_that_has_them_all_says_so(world: World) -> None:
    guest = await visitor(world)
    await publish(world, dict.fromkeys(french_everywhere(), ("fr.md", FRENCH)))
    shown = await guest.get(link_to((await guest.get(PATH)).page, f"^{PATH}/"))
    assert f"All {len(french_everywhere())} countries with this language" in shown.text
    assert "details" in shown.page.tags


def french_everywhere() -> list[Locale]:
    return [locale for locale in locales() if locale.language == "fr-FR"]


@pytest.mark.rule("R26")
async def test_who_published_is_shown_to_the_operator_alone_and_never_anothers_user(world: World) -> None:
    await publish(world, {AMERICA: ("en.md", ENGLISH)}, "by command")
    by = (("by the operator", cast.OPERATOR_USER), ("by a stranger", cast.HAZEL_ADMIN), ("by nobody", cast.NOBODY))
    for number, (label, user) in enumerate(by, 2):
        world.change(
            "insert into text_version (number, template_id, version_id, label, major, note, effective_at, published_at,"
            " published_by, files) select ?, template_id, ?, ?, 0, '', effective_at, published_at, ?, 1 from text_version"
            " where number = 1",
            number, f"00000000-0000-4000-8000-{number:012}", label, user,
        )  # fmt: skip
        world.change(
            "insert into text_file select ?, country, language, digest, media_type, size, null, null from text_file"
            " where number = 1",
            number,
        )
    for user in (cast.ALDER_ADMIN, cast.BIRCH_SALES, cast.HAZEL_ADMIN):
        guest = await visitor(world, user)
        shown = await guest.get(PATH)
        main = shown.page.html.partition("<main")[2]
        assert main.count("the programme operator") == 4
        for private in (COMMAND, cast.OPERATOR_USER, cast.HAZEL_ADMIN, *(name for _, name in cast.USERS.values())):
            assert private not in main, (user, private)
        await guest.close()
    operator = await visitor(world, cast.OPERATOR_USER)
    main = (await operator.get(PATH)).page.html.partition("<main")[2]
    assert (COMMAND in main, cast.USERS[cast.OPERATOR_USER][1] in main) == (True, True)
    assert main.count("the programme operator") == 2
    assert cast.USERS[cast.HAZEL_ADMIN][1] not in main


async def test_when_nothing_is_published_it_says_what_that_means(world: World) -> None:
    for user, expected in (
        (cast.ALDER_SALES, "the page of each country shows it"),
        (cast.OPERATOR_USER, "Publish a version"),
    ):
        guest = await visitor(world, user)
        shown = await guest.get(PATH)
        assert "Nothing of this agreement is published here." in shown.text
        assert expected in shown.text
        await guest.close()


@pytest.mark.rule("R1", "R31")
async def test_before_the_programme_only_the_operator_sees_what_is_published_ahead(world: World) -> None:
    made = await publish(world, {AMERICA: ("en.md", ENGLISH)}, "2018-01", effective_from=JANUARY)
    world.clock.now = BEFORE_PROGRAMME
    for user, there in ((cast.ALDER_SALES, False), (cast.OPERATOR_USER, True)):
        guest = await visitor(world, user)
        for path in (PATH, f"{PATH}/{made.id}"):
            assert ("2018-01" in (await guest.get(path)).text) is there
        await guest.close()


async def test_there_is_no_other_version_and_no_other_text(world: World) -> None:
    made = await publish(world, {AMERICA: ("en.md", ENGLISH)})
    guest = await visitor(world)
    for odd in (
        f"{PATH}/{cast.NOBODY}", f"{PATH}/x", f"{PATH}/{made.id}/text", f"{PATH}/{made.id}/text?country=FR&language=fr-FR",
        f"{PATH}/{cast.NOBODY}/text?country=US&language=en-US", f"{PATH}/{made.id}/text?country=us&language=en-US",
    ):  # fmt: skip
        assert (await guest.get(odd)).status == 404, odd


async def test_the_agreements_lead_to_versions_and_only_the_operators_to_publishing(world: World) -> None:
    await three_versions(world)
    guest = await visitor(world)
    assert PATH in (await guest.get("/agreements")).page.links
    listed = await guest.get(PATH)
    for path in (PATH, link_to(listed.page, f"^{PATH}/")):
        assert "/agreements/publish" not in (await guest.get(path)).page.links


@pytest.mark.fault("A6")
async def test_many_versions_come_in_pages(world: World) -> None:
    for number in range(52):
        effective = JANUARY + timedelta(days=number)
        await publish(world, {AMERICA: ("en.md", ENGLISH)}, f"v{number}", major=False, effective_from=effective)
    guest = await visitor(world, cast.BIRCH_SALES)
    first = await guest.get(PATH)
    newest = [f" v{number} " for number in range(51, 1, -1)]
    assert [label for label in newest if label not in first.text] == []
    assert " v1 " not in first.text
    second = await guest.get(PATH + link_to(first.page, r"^\?MicrosoftCloudAgreement=after-").partition("#")[0])
    assert [" v1 " in second.text, " v0 " in second.text, " v2 " in second.text] == [True, True, False]
    back = await guest.get(PATH + link_to(second.page, r"^\?MicrosoftCloudAgreement=before-").partition("#")[0])
    assert [label for label in newest if label not in back.text] == []
