"""A template's document, as the contract's page shows it (contract 4.4): links that live five minutes, and what they give."""

import hashlib
import html
import re
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2
import pytest

from agreegate.domain.agreements.text import Locale, MediaType
from agreegate.i18n import text
from agreegate.storage.agreements.text_file import TextFiles
from tests import personas as cast
from tests.texts import AMERICA, FRANCE, FRANCE_ENGLISH, NAMIBIA, docx, pdf, publish
from tests.world import API_ENFORCED, AUGUST, BASE_URL, World

DOCUMENT = f"/v1/agreementtemplates/{cast.CUSTOMER_AGREEMENT}/document"
KOSOVO = Locale("XK", "en-US")
WORD, PORTABLE = docx(), pdf()
NOTES = "# Texte\n\n<script>alert(1)</script> [ici](javascript:alert(1)) é".encode()


@pytest.fixture
async def published(world: World) -> World:
    """A server with one version: Word in English, Markdown in French, a PDF in Namibia and Kosovo."""
    texts = {
        AMERICA: ("en.docx", WORD),
        FRANCE_ENGLISH: ("en.docx", WORD),
        FRANCE: ("fr.md", NOTES),
        NAMIBIA: ("na.pdf", PORTABLE),
        KOSOVO: ("na.pdf", PORTABLE),
    }
    await publish(world, texts, "2018 first", template_id=cast.CUSTOMER_AGREEMENT)
    return world


async def document(world: World, query: str = "", who: str = cast.ALDER_SALES) -> httpx2.Response:
    return await world.send(who, "GET", DOCUMENT + query)


async def follow(world: World, uri: str) -> httpx2.Response:
    """What a browser without any token gets."""
    assert uri.startswith(BASE_URL + "/"), "absolute, under the public address"
    return await world.send(None, "GET", urlsplit(uri).path)


@pytest.mark.fault("D8")
@pytest.mark.parametrize(
    ("query", "country", "language"),
    [
        ("", "US", "en-US"),
        ("?language=en-US&country=US", "US", "en-US"),
        ("?country=FR", "FR", "en-US"),
        ("?language=fr-FR&country=FR", "FR", "fr-FR"),
        ("?Language=FR-fr&Country=FR", "FR", "fr-FR"),
        ("?language=fr&country=FR", "FR", "fr-FR"),
        ("?language=FR&country=FR", "FR", "fr-FR"),
        ("?language=fr-CA&country=FR", "FR", "en-US"),
        ("?language=f&country=FR", "FR", "en-US"),
        ("?language=de-DE&country=FR", "FR", "en-US"),
        ("?language=fr-FR", "US", "en-US"),
        ("?language=&country=", "US", "en-US"),
        ("?language=af-ZA&country=NA", "NA", "en-US"),
        ("?country=XK", "XK", "en-US"),
        ("?country=KO", "US", "en-US"),
        ("?country=KO&language=ko-KR", "US", "en-US"),
        ("?country=ko", "US", "en-US"),
        ("?country=ZZ&language=fr-FR", "US", "en-US"),
        ("?country=CN", "US", "en-US"),
        ("?country=UK", "US", "en-US"),
    ],
)
async def test_the_language_falls_back_to_english(published: World, query: str, country: str, language: str) -> None:
    answer = await document(published, query)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert sorted(answer.json()) == ["country", "displayUri", "downloadUri", "language"]
    assert (answer.json()["country"], answer.json()["language"]) == (country, language)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (DOCUMENT + "?country=us", 400, 3000),
        (DOCUMENT + "?country=DE", 400, 3000),
        (DOCUMENT + "?country=USA", 400, 3000),
        (DOCUMENT + "?country=France", 400, 3000),
        (DOCUMENT + "?country=1%2F", 400, 3000),
        (DOCUMENT + "?country=%C3%9F", 400, 3000),
        (DOCUMENT + "?country=FR&country=CN", 400, 3000),
        (DOCUMENT.replace(cast.CUSTOMER_AGREEMENT, cast.CUSTOMER_AGREEMENT.upper()), 404, 1000),
        (DOCUMENT.replace(cast.CUSTOMER_AGREEMENT, cast.CLOUD_AGREEMENT), 404, 1000),
        (DOCUMENT.replace(cast.CUSTOMER_AGREEMENT, cast.NOBODY), 404, 1000),
        (DOCUMENT.replace(cast.CUSTOMER_AGREEMENT, "newest"), 400, 2000),
    ],
)
async def test_what_there_is_no_document_of(published: World, path: str, status: int, code: int) -> None:
    """Template id and country are compared by case. The Cloud Agreement has no document on the wire (R38)."""
    answer = await published.send(cast.ALDER_SALES, "GET", path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["description"]


@pytest.mark.fault("D8")
@pytest.mark.parametrize(("country", "named"), [("fr", "FR"), ("Fr", "FR"), ("us", "US"), ("de", "DE"), ("xk", "XK")])
async def test_a_country_in_other_letters_is_refused_and_named(published: World, country: str, named: str) -> None:
    answer = await document(published, f"?country={country}")
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (400, 3000, ["country"])
    assert answer.json()["description"].endswith(f"{named}.")


@pytest.mark.fault("D8")
async def test_an_unknown_country_reads_a_text_and_confirms_none(published: World) -> None:
    """The fallback is for reading: what a confirmation may name stays the customer's country's (R38)."""
    path = f"/api/agreements/{cast.CUSTOMER_AGREEMENT}/text?country=KO"
    answer = await published.send(cast.ALDER_SALES, "GET", path)
    assert (answer.status_code, answer.json()["code"]) == (400, "text.country-without")


async def test_the_fallback_needs_a_text_for_america(world: World) -> None:
    await publish(world, {FRANCE: ("a.md", b"# A")}, template_id=cast.CUSTOMER_AGREEMENT)
    answer = await document(world, "?country=KO")
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)


async def test_no_document_before_a_text_and_none_before_the_feature(world: World) -> None:
    assert ((await document(world)).status_code, (await document(world)).json()["code"]) == (404, 1000)
    later = AUGUST + timedelta(days=1)
    await publish(world, {AMERICA: ("a.md", b"# A")}, template_id=cast.CUSTOMER_AGREEMENT, effective_from=later)
    assert (await document(world)).status_code == 404
    world.clock.now = later
    assert (await document(world)).status_code == 200
    world.clock.now = AUGUST.replace(day=6)
    assert (await document(world)).status_code == 404


@pytest.mark.rule("R32", "R38")
async def test_the_newest_text_in_force_is_given(published: World) -> None:
    newer = b"# Newer"
    await publish(
        published, {AMERICA: ("b.md", newer)}, "2", template_id=cast.CUSTOMER_AGREEMENT, effective_from=API_ENFORCED
    )
    for now, expected in ((API_ENFORCED - timedelta(microseconds=1), WORD), (API_ENFORCED, newer)):
        published.clock.now = now
        uri = (await document(published)).json()["downloadUri"]
        assert (await follow(published, uri)).content == expected


@pytest.mark.parametrize(
    ("query", "content", "kind", "name"),
    [
        ("", WORD, MediaType.DOCX, "MicrosoftCustomerAgreement-2018-first-US-en-US.docx"),
        (
            "?country=FR&language=fr-FR",
            NOTES,
            "text/markdown; charset=utf-8",
            "MicrosoftCustomerAgreement-2018-first-FR-fr-FR.md",
        ),
        ("?country=NA", PORTABLE, MediaType.PDF, "MicrosoftCustomerAgreement-2018-first-NA-en-US.pdf"),
    ],
)
async def test_a_download_is_the_very_file_that_was_published(
    published: World, query: str, content: bytes, kind: str, name: str
) -> None:
    given = await follow(published, (await document(published, query)).json()["downloadUri"])
    assert given.status_code == 200
    assert hashlib.sha256(given.content).digest() == hashlib.sha256(content).digest()
    assert given.headers["content-type"] == kind
    assert given.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert given.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in given.headers["content-security-policy"]
    assert int(given.headers["content-length"]) == len(content)


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("?country=FR&language=fr-FR", b"&lt;script&gt;alert(1)&lt;/script&gt;", b"<script"),
        ("?country=FR&language=fr-FR", b'<html lang="fr-FR" dir="ltr">', b'href="javascript:'),
    ],
)
async def test_a_preview_shows_the_words_and_runs_nothing(
    published: World, query: str, shown: bytes, hidden: bytes
) -> None:
    page = await follow(published, (await document(published, query)).json()["displayUri"])
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert shown in page.content
    assert hidden not in page.content
    policy = page.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "sandbox"} <= set(policy)
    assert not [one for one in policy if one.startswith("script-src")]


@pytest.mark.fault("E1")
@pytest.mark.parametrize("language", ["en", "fr-FR,fr;q=0.9"])
async def test_of_a_word_document_no_words_are_shown_and_the_file_is_offered(published: World, language: str) -> None:
    links = (await document(published)).json()
    page = await published.send(None, "GET", urlsplit(links["displayUri"]).path, headers={"Accept-Language": language})
    assert "Made" not in page.text and "Sample &lt;1&gt;" not in page.text
    assert html.escape(text("text.offer.why", language[:2])) in page.text
    name = "MicrosoftCustomerAgreement-2018-first-US-en-US.docx"
    for fact in (name, text("text.offer.bytes", language[:2], size=len(WORD)), hashlib.sha256(WORD).hexdigest()):
        assert fact in page.text, fact
    assert {"default-src 'none'", "sandbox allow-downloads"} <= set(page.headers["content-security-policy"].split("; "))
    [link] = re.findall(r'href="([^"]+)"', page.text)
    offered = await published.send(None, "GET", urlsplit(link).path)
    assert (offered.content, offered.headers["content-type"]) == (WORD, MediaType.DOCX)


async def test_of_a_word_document_its_publishers_pdf_is_shown_and_the_document_is_given(world: World) -> None:
    await publish(world, {AMERICA: ("en.docx", WORD)}, shown_as=PORTABLE, template_id=cast.CUSTOMER_AGREEMENT)
    links = (await document(world)).json()
    page = await follow(world, links["displayUri"])
    assert (page.headers["content-type"], page.content) == (MediaType.PDF, PORTABLE)
    assert page.headers["content-disposition"].startswith("inline; ")
    given = await follow(world, links["downloadUri"])
    assert (given.headers["content-type"], given.content) == (MediaType.DOCX, WORD)


async def test_a_pdf_is_shown_as_it_is(published: World) -> None:
    page = await follow(published, (await document(published, "?country=NA")).json()["displayUri"])
    assert (page.headers["content-type"], page.content) == (MediaType.PDF, PORTABLE)
    assert page.headers["content-disposition"].startswith("inline; ")
    assert "sandbox" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_links_differ_each_time_and_die_after_five_minutes(published: World) -> None:
    first, second = (await document(published)).json(), (await document(published)).json()
    links = {one[name] for one in (first, second) for name in ("displayUri", "downloadUri")}
    assert len(links) == 4
    published.clock.now += timedelta(days=400)
    for seconds, status in ((0, 200), (298, 200), (301, 404), (86_400, 404)):
        published.seconds_later = seconds
        assert {(await follow(published, link)).status_code for link in links} == {status}


async def test_a_link_is_good_for_its_own_use_and_nothing_else(published: World) -> None:
    links = (await document(published)).json()
    for link in (
        links["downloadUri"].replace("/download/", "/preview/"),
        links["displayUri"].replace("/preview/", "/download/"),
        links["downloadUri"][:-4] + "AAAA",
        BASE_URL + "/texts/download/none",
        BASE_URL + "/texts/download/" + "a" * 5000,
        BASE_URL + "/texts/download/eyJhbGciOiJub25lIn0.e30.",
    ):
        assert (await follow(published, link)).status_code == 404, link


async def test_a_file_that_was_changed_on_disk_is_not_given(published: World) -> None:
    links = (await document(published)).json()
    path = TextFiles(published.path.parent / "texts").path_of(hashlib.sha256(WORD).hexdigest())
    path.write_bytes(WORD[:-1] + b"x")
    for link in links["displayUri"], links["downloadUri"]:
        answer = await follow(published, link)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    path.unlink()
    assert (await follow(published, links["downloadUri"])).status_code == 503
