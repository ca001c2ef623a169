"""Our own API about texts: the one in force of any agreement, with version, digest, and what stands in for a language."""

import hashlib
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from agreegate.domain.agreements.text import Locale, MediaType
from tests import personas as cast
from tests.texts import AMERICA, FRANCE, FRANCE_ENGLISH, JANUARY, NAMIBIA, docx, pdf, publish
from tests.world import API_ENFORCED, AUGUST, World

TEXT = f"/api/agreements/{cast.CLOUD_AGREEMENT}/text"
ENGLISH, FRENCH, SERBIAN = b"# Made up", "# Inventé".encode(), Locale("RS", "sr-Latn-RS")


@pytest.fixture
async def published(world: World) -> World:
    """A server with two versions of the Cloud Agreement: the second a year later, for France and Serbia only."""
    first = {
        AMERICA: ("en.md", ENGLISH),
        FRANCE_ENGLISH: ("en.md", ENGLISH),
        FRANCE: ("fr.md", FRENCH),
        NAMIBIA: ("en.md", ENGLISH),
    }
    await publish(world, first, "first", note="The first text.")
    second = {FRANCE: ("fr.docx", docx()), SERBIAN: ("sr.docx", docx())}
    await publish(world, second, "second", major=False, effective_from=API_ENFORCED)
    return world


@pytest.mark.rule("R32", "R38")
async def test_the_text_of_the_cloud_agreement_with_all_that_is_known_of_it(published: World) -> None:
    answer = await published.send(cast.ALDER_SALES, "GET", f"{TEXT}?country=FR&language=fr-FR")
    assert answer.status_code == 200
    body = answer.json()
    version = body.pop("version")
    assert version.pop("versionId") == published.rows("select version_id from text_version where label = 'first'")[0][0]
    assert version == {
        "label": "first",
        "major": True,
        "effectiveFrom": "2018-01-01T00:00:00Z",
        "note": "The first text.",
        "publishedAt": "2018-08-15T00:00:00Z",
    }
    links = [body.pop("displayUri"), body.pop("downloadUri")]
    assert body.pop("linksExpireAt").endswith("Z")
    assert body == {
        "templateId": cast.CLOUD_AGREEMENT,
        "agreementType": "MicrosoftCloudAgreement",
        "country": "FR",
        "language": "fr-FR",
        "fallback": "none",
        "digest": hashlib.sha256(FRENCH).hexdigest(),
        "mediaType": "text/markdown",
        "size": len(FRENCH),
        "shownAs": None,
    }
    assert (await published.send(None, "GET", urlsplit(links[1]).path)).content == FRENCH
    assert "<h1>Inventé</h1>" in (await published.send(None, "GET", urlsplit(links[0]).path)).text


async def test_of_a_word_document_its_pdf_is_shown_and_the_document_is_the_text(world: World) -> None:
    await publish(world, {AMERICA: ("en.docx", docx())}, shown_as=pdf())
    body = (await world.send(cast.ALDER_SALES, "GET", TEXT)).json()
    assert (body["mediaType"], body["digest"]) == (MediaType.DOCX, hashlib.sha256(docx()).hexdigest())
    assert body["shownAs"] == {"digest": hashlib.sha256(pdf()).hexdigest(), "size": len(pdf())}
    shown = await world.send(None, "GET", urlsplit(body["displayUri"]).path)
    assert (shown.headers["content-type"], shown.content) == (MediaType.PDF, pdf())
    assert shown.headers["content-disposition"].endswith('.pdf"')
    assert (await world.send(None, "GET", urlsplit(body["downloadUri"]).path)).content == docx()


@pytest.mark.parametrize(
    ("query", "label", "language", "fallback"),
    [
        ("", "first", "en-US", "none"),
        ("?country=NA", "first", "en-US", "none"),
        ("?country=FR&language=de-DE", "first", "en-US", "default_language"),
        ("?country=FR&language=fr-fr", "first", "fr-FR", "none"),
        ("?country=FR&language=fr-FR&at=2019-03-21T23:59:59.999999Z", "first", "fr-FR", "none"),
        ("?country=FR&language=fr-FR&at=2019-03-22", "second", "fr-FR", "none"),
        ("?country=FR&at=2019-03-22T02:00:00+02:00", "second", "fr-FR", "other_language"),
        ("?country=RS&language=sr-Latn-RS&at=2019-03-22", "second", "sr-Latn-RS", "none"),
        ("?country=US&at=2030-01-01", "first", "en-US", "none"),
    ],
)
async def test_which_text_is_found_and_what_stands_in(
    published: World, query: str, label: str, language: str, fallback: str
) -> None:
    body = (await published.send(cast.ALDER_SALES, "GET", TEXT + query)).json()
    assert (body["version"]["label"], body["language"], body["fallback"]) == (label, language, fallback)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{TEXT}?country=fr", 400, "text.country-without"),
        (f"{TEXT}?country=RS", 400, "text.country-without"),
        (f"{TEXT}?country=%00", 400, "text.country-without"),
        (f"{TEXT}?at=2017-12-31", 404, "text.missing"),
        (f"{TEXT}?at=tomorrow", 400, "request.invalid-instant"),
        (f"{TEXT}?at=0001-01-01T00:00:00", 400, "request.invalid-instant"),
        (TEXT.replace(cast.CLOUD_AGREEMENT, cast.CUSTOMER_AGREEMENT), 404, "text.missing"),
        (TEXT.replace(cast.CLOUD_AGREEMENT, cast.NOBODY), 404, "request.not-found"),
        (TEXT.replace(cast.CLOUD_AGREEMENT, "newest"), 400, "request.malformed-id"),
    ],
)
async def test_what_cannot_be_found_is_reported_in_a_sentence(
    published: World, path: str, status: int, code: str
) -> None:
    answer = await published.send(cast.ALDER_SALES, "GET", path, headers={"X-Locale": "fr-FR"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


async def test_the_template_id_is_read_in_any_case(published: World) -> None:
    path = TEXT.replace(cast.CLOUD_AGREEMENT, cast.CLOUD_AGREEMENT.upper())
    assert (await published.send(cast.ALDER_SALES, "GET", path)).status_code == 200


@pytest.mark.rule("R49")
async def test_who_asks_a_customer_to_accept_can_have_the_text(published: World) -> None:
    """Resellers too, who hand the data to their provider, and those who may not confirm."""
    for who in (cast.BIRCH_SALES, cast.HORNBEAM_SALES, cast.ALDER_HELPDESK, cast.HAZEL_ADMIN, cast.OPERATOR_USER):
        assert (await published.send(who, "GET", TEXT)).status_code == 200


async def test_before_the_feature_there_is_none(published: World) -> None:
    published.clock.now = AUGUST.replace(day=6)
    assert (await published.send(cast.ALDER_SALES, "GET", TEXT)).status_code == 404


@pytest.mark.rule("R34", "R35", "R36")
async def test_a_newer_text_changes_no_confirmation_and_no_order(published: World) -> None:
    """The gate looks for presence (X5): what was confirmed on the older text still counts."""
    assert (await published.confirm(cast.ALDER_SALES, cast.FRENE)).status_code == 201
    await publish(published, {FRANCE: ("new.md", b"# Newer")}, "third", effective_from=API_ENFORCED + timedelta(days=1))
    published.clock.now = API_ENFORCED + timedelta(days=2)
    assert (await published.ask(cast.ALDER_SALES, cast.FRENE))["verdict"] == "allow"
    assert (await published.confirm(cast.ALDER_SALES, cast.FRENE)).status_code == 201, "confirmed again, voluntarily"


async def test_publishing_is_recorded_with_the_programmes_operator(published: World) -> None:
    assert (
        published.rows(
            "select partner_id, operation_type, application_id from audit_record where resource_type = 'agreement_text'"
        )
        == [(cast.OPERATOR, "publish_agreement_text", "agreegate agreements publish")] * 2
    )
    assert published.rows("select effective_at from text_version where label = 'first'") == [
        (int(JANUARY.timestamp()) * 1_000_000,)
    ]
