"""Which text a confirmation speaks of: inferred, stated, or honestly unknown (R38)."""

from datetime import UTC, datetime, timedelta

import pytest

from agreegate.domain.agreements.accepted_text import (
    UNDETERMINED,
    Basis,
    accepted_by,
    candidates,
    closest,
    inferred,
    offered,
    stated,
    text_to_accept,
)
from agreegate.domain.agreements.text import Locale, TextVersion, published_in
from tests.rejection import rejected
from tests.texts import AMERICA, FRANCE, FRANCE_ENGLISH, JANUARY, file, version

CANADA, CANADA_FRENCH = Locale("CA", "en-US"), Locale("CA", "fr-FR")
BELGIUM, BELGIUM_DUTCH = Locale("BE", "en-US"), Locale("BE", "nl-NL")
NOON = datetime(2018, 9, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FIRST = version(
    1, "first", files={AMERICA: file("1"), FRANCE: file("2"), FRANCE_ENGLISH: file("1"), CANADA_FRENCH: file("2")}
)
NEXT = version(2, "next", effective_from=NOON, files={AMERICA: file("3"), CANADA: file("3"), CANADA_FRENCH: file("4")})
DUTCH = version(3, "dutch", files={BELGIUM_DUTCH: file("5"), Locale("BE", "fr-FR"): file("6")})
PUBLISHED = [FIRST, NEXT, DUTCH]
LATER = datetime(2019, 3, 22, tzinfo=UTC)
DAY = datetime(2018, 9, 1, tzinfo=UTC)


@pytest.mark.rule("R38")
@pytest.mark.parametrize(
    ("country", "culture", "agreed", "recorded", "label", "locale"),
    [
        ("US", "en-US", NOON - SECOND, LATER, "first", AMERICA),
        ("US", "en-US", NOON, LATER, "next", AMERICA),
        ("US", "es-US", NOON, LATER, "next", AMERICA),
        ("FR", "fr-FR", LATER, LATER, "first", FRANCE),
        ("FR", "de-DE", LATER, LATER, "first", FRANCE_ENGLISH),
        ("CA", "fr-CA", NOON - SECOND, LATER, "first", CANADA_FRENCH),
        ("CA", "en-CA", NOON - SECOND, LATER, "first", CANADA_FRENCH),
        ("CA", "en-CA", NOON, LATER, "next", CANADA),
        ("CA", "fr-CA", NOON, LATER, "next", CANADA_FRENCH),
        # A day before, the day after, and the day itself while the morning is not over.
        ("US", "en-US", DAY - timedelta(days=1), LATER, "first", AMERICA),
        ("US", "en-US", DAY + timedelta(days=1), LATER, "next", AMERICA),
        ("US", "en-US", DAY, NOON - SECOND, "first", AMERICA),
        ("US", "en-US", JANUARY, LATER, "first", AMERICA),
        ("BE", "nl-BE", LATER, LATER, "dutch", BELGIUM_DUTCH),
    ],
)
def test_the_text_is_inferred_from_date_country_and_language(
    country: str, culture: str, agreed: datetime, recorded: datetime, label: str, locale: Locale
) -> None:
    accepted = inferred(PUBLISHED, country, culture, agreed, recorded)
    meant = next(one for one in PUBLISHED if one.label == label)
    assert (accepted.basis, accepted.version_id, accepted.locale) == (Basis.INFERRED, meant.id, locale)
    assert accepted.digest == meant.files[locale].digest


@pytest.mark.fault("D18")
@pytest.mark.parametrize(
    ("language", "read"),
    [
        ("pt-PT", "pt-PT"),
        ("PT-pt", "pt-PT"),
        ("pt-BR", "pt-BR"),
        ("pt", "pt-BR"),
        ("pt-AO", "pt-BR"),
        ("fil", "fil-PH"),
        ("fil-US", "fil-PH"),
        ("fi", "en-US"),
        ("p", "en-US"),
    ],
)
def test_the_primary_subtag_decides_and_the_region_chooses_between_its_texts(language: str, read: str) -> None:
    files = {Locale("AO", code): file(str(n)) for n, code in enumerate(["en-US", "fil-PH", "pt-BR", "pt-PT"])}
    assert closest(version(1, files=files), "AO", language) == Locale("AO", read)


@pytest.mark.rule("R38")
@pytest.mark.parametrize(
    ("country", "culture", "agreed", "recorded"),
    [
        ("US", "en-US", JANUARY - SECOND, LATER),
        ("US", "en-US", JANUARY - timedelta(days=1), LATER),
        ("CN", "zh-CN", LATER, LATER),
        ("", "", LATER, LATER),
        ("US", "en-US", DAY, LATER),
        ("US", "en-US", DAY, NOON),
        ("BE", "en-GB", LATER, LATER),
    ],
)
def test_no_text_or_several_is_said_to_be_unknown(
    country: str, culture: str, agreed: datetime, recorded: datetime
) -> None:
    """A day in whose course another text took effect may have been the day of either."""
    assert inferred(PUBLISHED, country, culture, agreed, recorded) is UNDETERMINED


MIDNIGHT = version(4, "midnight", effective_from=DAY, files={AMERICA: file("7")})
SMALL = version(5, "small", effective_from=DAY, major=False, files={AMERICA: file("8")})
ELSEWHERE = version(6, "elsewhere", effective_from=DAY, files={FRANCE: file("9")})


@pytest.mark.fault("B11")
@pytest.mark.parametrize(
    ("published", "agreed", "recorded", "labels"),
    [
        # A major text takes effect with the day: a date alone does not tell on which side of it the customer accepted.
        ([FIRST, MIDNIGHT], DAY, LATER, ["first", "midnight"]),
        ([FIRST, MIDNIGHT], DAY, DAY, ["first", "midnight"]),
        ([FIRST, MIDNIGHT], DAY, DAY - SECOND, ["first", "midnight"]),
        ([FIRST, MIDNIGHT, NEXT], DAY, LATER, ["first", "midnight", "next"]),
        ([FIRST, MIDNIGHT, NEXT], DAY, NOON - SECOND, ["first", "midnight"]),
        ([FIRST, MIDNIGHT, SMALL], DAY, LATER, ["first", "small"]),
        # In the course of the day, up to the recording.
        ([FIRST, NEXT], DAY, NOON, ["first", "next"]),
        ([FIRST, NEXT], DAY, NOON - SECOND, ["first"]),
        ([FIRST, version(2, "last", effective_from=DAY + timedelta(days=1) - SECOND)], DAY, LATER, ["first", "last"]),
        # An instant is exact, and so are the days before and after.
        ([FIRST, MIDNIGHT], DAY + SECOND, LATER, ["midnight"]),
        ([FIRST, MIDNIGHT], DAY - SECOND, LATER, ["first"]),
        ([FIRST, MIDNIGHT], DAY - timedelta(days=1), LATER, ["first"]),
        ([FIRST, MIDNIGHT], DAY + timedelta(days=1), LATER, ["midnight"]),
        # A minor text asks nobody again; a text for others, and the first one of all, leave nothing to choose from.
        ([FIRST, SMALL], DAY, LATER, ["small"]),
        ([FIRST, ELSEWHERE], DAY, LATER, ["first"]),
        ([MIDNIGHT], DAY, LATER, ["midnight"]),
        ([NEXT], DAY, LATER, []),
        ([], DAY, LATER, []),
    ],
)
def test_a_date_alone_leaves_every_text_of_its_day_open(
    published: list[TextVersion], agreed: datetime, recorded: datetime, labels: list[str]
) -> None:
    assert [one.label for one in candidates(published_in(published, "US"), agreed, recorded)] == labels
    accepted = inferred(published, "US", "en-US", agreed, recorded)
    assert (accepted.basis is Basis.INFERRED) == (len(labels) == 1)


@pytest.mark.fault("B11")
@pytest.mark.parametrize(
    ("agreed", "recorded", "latest"),
    [
        (DAY, LATER, DAY + timedelta(days=1, microseconds=-1)),
        (DAY, NOON, NOON),
        (DAY, DAY - SECOND, DAY),
        (NOON, LATER, NOON),
        (DAY + timedelta(microseconds=1), LATER, DAY + timedelta(microseconds=1)),
    ],
)
def test_a_date_alone_stands_for_its_day_up_to_the_recording(
    agreed: datetime, recorded: datetime, latest: datetime
) -> None:
    assert accepted_by(agreed, recorded) == latest


@pytest.mark.rule("R35", "R38")
@pytest.mark.parametrize(
    ("named", "country", "culture", "locale", "digest"),
    [
        ("next", "US", "en-US", AMERICA, "3" * 64),
        (NEXT.id, "CA", "fr-CA", CANADA_FRENCH, "4" * 64),
        ("dutch", "BE", "nl-BE", BELGIUM_DUTCH, "5" * 64),
        ("dutch", "BE", "en-GB", None, None),
    ],
)
def test_a_person_may_name_the_version(
    named: str, country: str, culture: str, locale: Locale | None, digest: str | None
) -> None:
    accepted = stated(PUBLISHED, named, country, culture)
    assert (accepted.basis, accepted.locale, accepted.digest) == (Basis.STATED, locale, digest)
    assert accepted.version_id in {NEXT.id, DUTCH.id}


@pytest.mark.fault("B1")
@pytest.mark.parametrize(
    ("named", "country"),
    [
        ("third", "US"),
        ("dutch", "US"),
        (DUTCH.id, "FR"),
        ("next", "FR"),
        ("first", "BE"),
        ("first", "fr"),
        ("first", ""),
    ],
)
def test_only_a_version_published_for_the_customers_country_can_be_named(named: str, country: str) -> None:
    with rejected("text.version-unknown"):
        stated(PUBLISHED, named, country, "en-US")


@pytest.mark.rule("R32", "R35")
@pytest.mark.parametrize(
    ("country", "now", "first", "labels"),
    [
        ("US", NOON - SECOND, False, ["next", "first"]),
        ("US", NOON, False, ["next", "first"]),
        ("FR", NOON, False, ["first"]),
        ("CN", NOON, False, []),
        ("", NOON, False, []),
        # Never confirmed before: the one in force, and neither an older nor an upcoming one.
        ("US", NOON - SECOND, True, ["first"]),
        ("US", NOON, True, ["next"]),
        ("US", JANUARY - SECOND, True, []),
        ("FR", NOON, True, ["first"]),
        ("CN", NOON, True, []),
    ],
)
def test_a_new_customer_is_offered_the_text_in_force_and_any_other_what_its_country_has(
    country: str, now: datetime, first: bool, labels: list[str]
) -> None:
    assert [version.label for version in offered(PUBLISHED, country, now, first=first)] == labels


def test_of_two_versions_of_one_day_the_later_published_is_offered_first() -> None:
    twins = [version(1), version(2), version(3, effective_from=JANUARY - SECOND)]
    assert [one.label for one in offered(twins, "US", NOON, first=False)] == ["2", "1", "3"]


def test_a_country_without_a_file_has_no_closest() -> None:
    assert closest(FIRST, "BE", "nl-BE") is None
    assert closest(NEXT, "CA", "fr-CA") == CANADA_FRENCH
    assert closest(version(9, files={BELGIUM: file(), BELGIUM_DUTCH: file()}), "BE", "fr-BE") == BELGIUM


@pytest.mark.rule("R32", "R49")
@pytest.mark.parametrize(
    ("country", "culture", "now", "label", "locale"),
    [
        ("US", "en-US", NOON - SECOND, "first", AMERICA),
        ("US", "en-US", NOON, "next", AMERICA),
        ("FR", "fr-BE", NOON, "first", FRANCE),
        ("FR", "de-DE", NOON, "first", FRANCE_ENGLISH),
        ("BE", "fr-BE", NOON, "dutch", Locale("BE", "fr-FR")),
        # Several files, of which none is the customer's: the first there is, rather than nothing to read.
        ("BE", "en-GB", NOON, "dutch", Locale("BE", "fr-FR")),
        ("US", "en-US", JANUARY - SECOND, None, None),
        ("CN", "zh-CN", NOON, None, None),
    ],
)
def test_the_text_to_accept_is_the_one_in_force_in_the_closest_language(
    country: str, culture: str, now: datetime, label: str | None, locale: Locale | None
) -> None:
    found = text_to_accept(PUBLISHED, country, culture, now)
    assert (found and found.version.label, found and found.locale) == (label, locale)
    assert found is None or found.file == found.version.files[found.locale]
