"""Texts: which one is in force where and when, what stands in for a language, and what may be published (R32–R38)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agreegate.domain.agreements.text import (
    LONGEST_NOTE,
    Fallback,
    Force,
    Locale,
    MediaType,
    Reach,
    TextFile,
    checked_draft,
    in_force,
    in_language,
    media_type_of,
    nearest,
    outdates_at_once,
    published_before,
    reaches,
    violations_of,
)
from tests.rejection import rejected
from tests.texts import (
    AGAIN,
    AMERICA,
    CORRECTED,
    FIRST,
    FRANCE,
    FRANCE_ENGLISH,
    KOSOVO,
    NAMIBIA,
    PUBLISHED,
    SECOND,
    TABLE,
    draft,
    file,
    version,
)

INSTANT = timedelta(microseconds=1)
NOW = datetime(2019, 2, 14, tzinfo=UTC)


@pytest.mark.rule("R32")
@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (FIRST.effective_from - INSTANT, None),
        (FIRST.effective_from, FIRST),
        (CORRECTED.effective_from - INSTANT, FIRST),
        (datetime(2018, 12, 31, tzinfo=UTC), CORRECTED),
        (SECOND.effective_from, SECOND),
        (NOW, SECOND),
    ],
)
def test_the_text_that_took_effect_last_is_in_force(on: datetime, expected: object) -> None:
    assert in_force(PUBLISHED, "US", on) is expected


@pytest.mark.rule("R32")
def test_of_two_with_the_same_date_the_one_published_later_is_in_force() -> None:
    assert in_force((AGAIN, *PUBLISHED), "US", NOW) is AGAIN


IN_FRANCE = version(4, "3", files={FRANCE: file("1"), FRANCE_ENGLISH: file("2")}, effective_from=NOW)
FRENCH_ONLY = version(5, "4", files={FRANCE: file("3")}, effective_from=NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("country", "language", "on", "locale", "label", "fallback"),
    [
        ("FR", "fr-FR", NOW, FRANCE, "3", Fallback.NONE),
        ("FR", "FR-fr", NOW, FRANCE, "3", Fallback.NONE),
        ("FR", "de-DE", NOW, FRANCE_ENGLISH, "3", Fallback.DEFAULT_LANGUAGE),
        ("FR", "", NOW, FRANCE_ENGLISH, "3", Fallback.DEFAULT_LANGUAGE),
        ("FR", "en-US", NOW, FRANCE_ENGLISH, "3", Fallback.NONE),
        ("FR", "en-US", NOW + timedelta(days=1), FRANCE, "4", Fallback.OTHER_LANGUAGE),
        ("US", "fr-FR", NOW, AMERICA, "2", Fallback.DEFAULT_LANGUAGE),
    ],
)
def test_the_language_falls_back_and_the_version_does_not(
    country: str, language: str, on: datetime, locale: Locale, label: str, fallback: Fallback
) -> None:
    binding = in_force((*PUBLISHED, IN_FRANCE, FRENCH_ONLY), country, on)
    assert binding is not None
    found = in_language(binding, country, language)
    assert (found.locale, found.version.label, found.fallback) == (locale, label, fallback)
    assert found.file == found.version.files[locale]


@pytest.mark.parametrize(
    ("country", "on"),
    [("FR", NOW - INSTANT), ("fr", NOW), ("DE", NOW), ("", NOW), ("US", FIRST.effective_from - INSTANT)],
)
def test_a_country_without_a_text_has_none(country: str, on: datetime) -> None:
    assert in_force((*PUBLISHED, IN_FRANCE), country, on) is None


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        (Locale("fr", "fr-FR"), [FRANCE, FRANCE_ENGLISH]),
        (Locale("FR", "fr-CA"), [FRANCE, FRANCE_ENGLISH]),
        (Locale("US", "fr-FR"), [AMERICA]),
        (Locale("N/A", "en-US"), [NAMIBIA]),
        (Locale("KX", "en-US"), [KOSOVO]),
        (Locale("RS", "sr-RS"), [Locale("RS", "sr-Latn-RS")]),
        (Locale("", ""), [AMERICA]),
    ],
)
def test_the_nearest_pairs_are_named(requested: Locale, expected: list[Locale]) -> None:
    found = nearest(requested, TABLE)
    assert list(found[: len(expected)]) == expected
    assert len(found) <= 3
    assert TABLE.issuperset(found)


def shown(sign: str, kind: MediaType, shown_as: MediaType) -> TextFile:
    return replace(file(sign, kind), shown_as=file("f", shown_as))


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"label": ""}, "request.invalid-property"),
        ({"label": "../../etc"}, "request.invalid-property"),
        ({"label": "a" * 51}, "request.invalid-property"),
        ({"note": "\u202e"}, "request.invalid-property"),
        ({"note": "x" * (LONGEST_NOTE + 1)}, "request.invalid-property"),
        ({"effective_from": datetime(1899, 12, 31, tzinfo=UTC)}, "request.invalid-property"),
        ({"files": {}}, "request.invalid-property"),
        ({"files": {AMERICA: file(), Locale("ZZ", "en-US"): file()}}, "text.locale-unknown"),
        ({"files": {Locale("US", "fr-FR"): file()}}, "text.locale-unknown"),
        ({"files": {AMERICA: shown("0", MediaType.MARKDOWN, MediaType.PDF)}}, "text.shown-as-unfit"),
        ({"files": {AMERICA: shown("0", MediaType.PDF, MediaType.PDF)}}, "text.shown-as-unfit"),
        ({"files": {AMERICA: shown("0", MediaType.DOCX, MediaType.DOCX)}}, "text.shown-as-unfit"),
    ],
)
def test_a_version_that_says_too_little_or_too_much_is_refused(changes: dict[str, Any], kind: type[Exception]) -> None:
    with rejected(kind):
        checked_draft(draft(**changes), TABLE)


def test_a_note_may_have_lines_and_codes_need_not_be_those_of_iso() -> None:
    good = draft(note="First.\nSecond: é.", files={NAMIBIA: file(), KOSOVO: file()})
    assert checked_draft(good, TABLE) is good


def test_a_wrong_pdf_to_show_is_reported_once_for_each_text() -> None:
    wrong, right = shown("0", MediaType.MARKDOWN, MediaType.PDF), shown("1", MediaType.DOCX, MediaType.PDF)
    found = list(violations_of(draft(files={FRANCE_ENGLISH: wrong, AMERICA: wrong, FRANCE: right}), TABLE))
    assert [fault.parameters for fault in found] == [{"pair": "FR en-US"}]


def test_an_unknown_pair_is_refused_with_the_nearest() -> None:
    with rejected("text.locale-unknown") as refused:
        checked_draft(draft(files={Locale("fr", "fr-FR"): file()}), TABLE)
    assert refused.value.parameters["nearest"] == "FR fr-FR, FR en-US, US en-US"


def test_the_same_again_is_one_version_whenever_it_is_said() -> None:
    first = version(1)
    assert published_before(draft(), [first]) is first


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {AMERICA: file("9")}},
        {"files": {AMERICA: file(), NAMIBIA: file()}},
        {"major": False},
        {"note": "Another."},
        {"effective_from": NOW},
    ],
)
def test_a_label_stands_for_one_version_for_good(changes: dict[str, Any]) -> None:
    with rejected("text.label-taken"):
        published_before(draft(**changes), [version(1)])


@pytest.mark.parametrize(
    ("effective_from", "major", "at_once"),
    [(NOW, True, False), (NOW - INSTANT, True, True), (NOW - INSTANT, False, False)],
)
def test_only_a_major_version_in_the_past_outdates_at_once(
    effective_from: datetime, major: bool, at_once: bool
) -> None:
    assert outdates_at_once(draft(effective_from=effective_from, major=major), NOW) is at_once


def test_everything_that_is_wrong_with_a_version_is_reported() -> None:
    wrong = draft(
        "../../etc",
        note="\u202e",
        effective_from=datetime(1899, 12, 31, tzinfo=UTC),
        files={Locale("ZZ", "en-US"): file(), Locale("US", "fr-FR"): file()},
    )
    reported = [
        (fault.code, fault.parameters.get("name", fault.parameters.get("pair")))
        for fault in violations_of(wrong, TABLE)
    ]
    assert reported == [
        ("request.invalid-property", "label"),
        ("request.invalid-property", "note"),
        ("request.invalid-property", "effective_from"),
        ("text.locale-unknown", "US fr-FR"),
        ("text.locale-unknown", "ZZ en-US"),
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.pdf", MediaType.PDF),
        ("A.DOCX", MediaType.DOCX),
        ("x.y.md", MediaType.MARKDOWN),
        ("x.markdown", MediaType.MARKDOWN),
    ],
)
def test_the_name_says_what_a_file_is(name: str, kind: MediaType) -> None:
    assert media_type_of(name) == kind


@pytest.mark.parametrize("name", ["", "pdf", "a.html", "a.pdf.exe", "a."])
def test_a_name_that_says_nothing_is_refused(name: str) -> None:
    with rejected("text.name-without-kind"):
        media_type_of(name)


@pytest.mark.rule("R32")
def test_a_version_is_in_force_from_its_instant_on() -> None:
    before = reaches([IN_FRANCE], NOW - timedelta.resolution)
    assert before[IN_FRANCE.id] == Reach(Force.UPCOMING, 0, 1)
    assert reaches([IN_FRANCE], NOW)[IN_FRANCE.id] == Reach(Force.EVERYWHERE, 1, 1)
