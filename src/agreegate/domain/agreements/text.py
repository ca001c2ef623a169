"""Texts of agreements: versions, the version in force in a country, and what may be published (R32–R38).

A *version* is one published text of an agreement, with files for countries and languages. It never changes. In a country,
the version in force is the one that took effect last among those with a file for that country. The language only chooses
between the files of that version.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import NewType

from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.characters import fits_line
from agreegate.domain.error import Rejected

Digest = NewType("Digest", str)
"""SHA-256 of a file's bytes: 64 hexadecimal digits in lower case."""
VersionId = NewType("VersionId", str)
"""A GUID in lower case."""

DEFAULT_COUNTRY = "US"
DEFAULT_LANGUAGE = "en-US"
"""Used where a client names no country or language, and where a country has no text in the language (contract 4.4)."""
LARGEST = 25 * 1024 * 1024
"""Maximum bytes of a file."""
LONGEST_NOTE = 2000
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,48}[A-Za-z0-9])?")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_NEAREST = 3
MEANT = {"UK": "GB", "EL": "GR"}
"""Foreign codes of countries, and the table's codes for the same countries."""
_YEARS = range(1900, 9001)


class MediaType(StrEnum):
    """The formats of a text."""

    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    MARKDOWN = "text/markdown"

    @property
    def ending(self) -> str:
        """The file name extension, without the dot."""
        return _ENDINGS[self][0]


_ENDINGS: Mapping[MediaType, tuple[str, ...]] = {
    MediaType.PDF: ("pdf",),
    MediaType.DOCX: ("docx",),
    MediaType.MARKDOWN: ("md", "markdown"),
}


def media_type_of(name: str) -> MediaType:
    """Return the format that a file name stands for.

    Raises:
        `text.name-without-kind`: the extension is unknown.
    """
    stem, _, ending = name.rpartition(".")
    for kind, endings in _ENDINGS.items():
        if stem and ending.lower() in endings:
            return kind
    raise Rejected("text.name-without-kind", file=name)


@dataclass(frozen=True, slots=True, order=True)
class Locale:
    """A country and a language, as the vendor's table writes them; some country codes are not of ISO (contract section 6)."""

    country: str
    language: str

    def __str__(self) -> str:
        return f"{self.country} {self.language}"


def primary_subtag(language: str) -> str:
    """Return the language without script and country, in lower case: `pt` for `pt-PT`."""
    return language.partition("-")[0].lower()


@dataclass(frozen=True, slots=True)
class TextFile:
    """One file of a version."""

    digest: Digest
    media_type: MediaType
    size: int
    """Bytes."""
    shown_as: "TextFile | None" = None
    """The PDF that pages show instead of a Word document. The document stays the text that customers accept (decision 0021)."""

    @property
    def shown(self) -> "TextFile":
        """The file that pages show."""
        return self.shown_as or self

    @property
    def shown_rightly(self) -> bool:
        """Whether the file to show is a PDF, and stands beside a Word document."""
        if self.shown_as is None:
            return True
        return self.media_type is MediaType.DOCX and self.shown_as.media_type is MediaType.PDF


@dataclass(frozen=True, slots=True)
class TextDraft:
    """A version to publish."""

    template_id: TemplateId
    label: str
    """The name for people, unique per template."""
    major: bool
    """Customers must accept a major version again, a minor one not."""
    effective_from: datetime
    note: str
    """For partners: what changed."""
    files: Mapping[Locale, TextFile]


@dataclass(frozen=True, slots=True)
class TextVersion(TextDraft):
    """A published version."""

    id: VersionId
    number: int
    """The order of publishing, over all templates."""
    published_at: datetime
    published_by: str
    """A user id, or the command that published the version."""

    @property
    def rank(self) -> tuple[datetime, int]:
        """The order of versions: later effect, then later publishing. Of the versions in effect, the highest is in force."""
        return self.effective_from, self.number

    def same_as(self, draft: TextDraft) -> bool:
        """Whether publishing the draft would repeat this version."""
        return _content(self) == _content(draft)


def _content(draft: TextDraft) -> tuple[object, ...]:
    return draft.label, draft.major, draft.effective_from, draft.note, dict(draft.files)


class Fallback(StrEnum):
    """Which language a reader gets instead of the requested one."""

    NONE = "none"
    """The requested language."""
    DEFAULT_LANGUAGE = "default_language"
    """`en-US`, because the country has no text in the requested language (contract 4.4)."""
    OTHER_LANGUAGE = "other_language"
    """The country's first other language, because the version has no `en-US` there."""


@dataclass(frozen=True, slots=True)
class FoundText:
    """A version's file for a country, in the requested language where there is one."""

    version: TextVersion
    locale: Locale
    file: TextFile
    fallback: Fallback


class Force(StrEnum):
    """Where a version is in force at an instant."""

    UPCOMING = "upcoming"
    """Nowhere: it has not taken effect."""
    EVERYWHERE = "everywhere"
    """In each of its countries."""
    PARTLY = "partly"
    """In some of its countries; a later version is in force in the others."""
    REPLACED = "replaced"
    """Nowhere: a later version is in force in each of its countries."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The number of countries in which a version is in force at an instant."""

    force: Force
    in_force: int
    countries: int


def published_in(published: Iterable[TextVersion], country: str) -> list[TextVersion]:
    """Return the versions with a text for the country: only these bind its customers, and only these may be named for them."""
    return [version for version in published if any(locale.country == country for locale in version.files)]


def is_country_code(text: str) -> bool:
    """Return whether a text is two letters, whichever country they name."""
    return _COUNTRY.fullmatch(text) is not None


def country_to_read(asked: str, known: Collection[str]) -> str:
    """Return the country whose text a client gets that asks for this country (contract 4.4).

    An unknown code, such as `KO` for Korea, gets the text of `US`. A confirmation never takes that text for the customer's.

    Args:
        known: the codes of all countries.

    Raises:
        `text.country-in-capitals`: the code is known in capitals only.
        `text.country-without`: the code is not two letters.
    """
    if asked in known:
        return asked
    if not is_country_code(asked):
        raise Rejected("text.country-without", name="country")
    if asked.upper() in known:
        raise Rejected("text.country-in-capitals", name="country", country=asked.upper())
    return DEFAULT_COUNTRY


def in_effect(published: Iterable[TextVersion], on: datetime) -> list[TextVersion]:
    """Return the versions that have taken effect by `on`, the one in force last (R32)."""
    return sorted((version for version in published if version.effective_from <= on), key=lambda one: one.rank)


def in_force(published: Iterable[TextVersion], country: str, on: datetime) -> TextVersion | None:
    """Return the version that binds a customer of `country` who accepts at `on`, or None (R32)."""
    found = in_effect(published_in(published, country), on)
    return found[-1] if found else None


def reaches(published: Collection[TextVersion], on: datetime) -> dict[VersionId, Reach]:
    """Return where each version is in force at `on`."""
    binding = {locale.country: version.id for version in in_effect(published, on) for locale in version.files}
    return {version.id: _reach(version, binding, on) for version in published}


def _reach(version: TextVersion, binding: Mapping[str, VersionId], on: datetime) -> Reach:
    countries = {locale.country for locale in version.files}
    count = sum(binding.get(country) == version.id for country in countries)
    if version.effective_from > on:
        force = Force.UPCOMING
    elif count == 0:
        force = Force.REPLACED
    else:
        force = Force.EVERYWHERE if count == len(countries) else Force.PARTLY
    return Reach(force, count, len(countries))


def in_language(version: TextVersion, country: str, language: str) -> FoundText:
    """Return a version's file for the country: in the language, else in English, else in another language.

    A language without a country, such as `pt`, fits the language of any country.
    """
    offered = sorted(locale for locale in version.files if locale.country == country)
    for fallback, accepted in ((Fallback.NONE, language), (Fallback.DEFAULT_LANGUAGE, DEFAULT_LANGUAGE)):
        for locale in offered:
            if accepted.lower() in (locale.language.lower(), primary_subtag(locale.language)):
                return FoundText(version, locale, version.files[locale], fallback)
    return FoundText(version, offered[0], version.files[offered[0]], Fallback.OTHER_LANGUAGE)


def majors_in(published: Iterable[TextVersion], country: str) -> list[tuple[datetime, float]]:
    """Return the ranks of the major versions with a text for the country."""
    return [version.rank for version in published_in(published, country) if version.major]


def nearest(unknown: Locale, known: Collection[Locale]) -> tuple[Locale, ...]:
    """Return the pairs of the table that an unknown pair may stand for: at most three, the likeliest first."""
    by_country = sorted(locale for locale in known if locale.country == unknown.country)
    if by_country:
        alike = difflib.get_close_matches(unknown.language, [locale.language for locale in by_country], _NEAREST, 0.0)
        return tuple(Locale(unknown.country, language) for language in alike)
    countries = sorted({locale.country for locale in known})
    folded = unknown.country.strip().upper()
    folded = MEANT.get(folded, folded)
    alike = [folded] if folded in countries else difflib.get_close_matches(folded, countries, len(countries), 0.4)
    likely = sorted(
        (locale for locale in known if locale.country in alike),
        key=lambda one: (one.language.lower() != unknown.language.lower(), alike.index(one.country), one),
    )
    same_language = sorted(locale for locale in known if locale.language.lower() == unknown.language.lower())
    return tuple(islice(dict.fromkeys([*likely, *same_language, Locale(DEFAULT_COUNTRY, DEFAULT_LANGUAGE)]), _NEAREST))


def violations_of(draft: TextDraft, known: Collection[Locale]) -> Iterator[Rejected]:
    """Find everything for which `checked_draft` refuses a draft, in the order of its members."""
    if _LABEL.fullmatch(draft.label) is None:
        yield Rejected("request.invalid-property", name="label")
    if not fits_line(draft.note.replace("\n", " ").strip(), 0, LONGEST_NOTE):
        yield Rejected("request.invalid-property", name="note")
    if draft.effective_from.year not in _YEARS:
        yield Rejected("request.invalid-property", name="effective_from")
    if not draft.files:
        yield Rejected("request.invalid-property", name="text")
    for locale in sorted(draft.files):
        if locale not in known:
            near = ", ".join(map(str, nearest(locale, known)))
            yield Rejected("text.locale-unknown", pair=str(locale), nearest=near)
    unfit = {file: locale for locale, file in sorted(draft.files.items(), reverse=True) if not file.shown_rightly}
    for locale in sorted(unfit.values()):  # the first of each file
        yield Rejected("text.shown-as-unfit", pair=str(locale))


def checked_draft(draft: TextDraft, known: Collection[Locale]) -> TextDraft:
    """Return a draft that can be published.

    Raises:
        `request.invalid-property`: the label, note, date or list of texts is not of its form.
        `text.locale-unknown`: the table does not have the pair of country and language.
        `text.shown-as-unfit`: the file to show is no PDF, or does not stand beside a Word document.
    """
    for violation in violations_of(draft, known):
        raise violation
    return draft


def published_before(draft: TextDraft, published: Sequence[TextVersion]) -> TextVersion | None:
    """Return the version that the draft repeats; None: the draft is new.

    Args:
        published: the template's versions.

    Raises:
        `text.label-taken`: another version has the label.
    """
    taken = next((version for version in published if version.label == draft.label), None)
    if taken is not None and not taken.same_as(draft):
        raise Rejected("text.label-taken", label=draft.label)
    return taken


def outdates_at_once(draft: TextDraft, now: datetime) -> bool:
    """Whether publishing would outdate confirmations at once: a major version that takes effect in the past."""
    return draft.major and draft.effective_from < now
