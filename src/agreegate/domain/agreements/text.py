"""Texts of agreements: what is published, which text is in force where and when, and what may be published (R32–R38).

A *version* is one published text of an agreement. It is published for countries and languages at once, and never changes
afterwards. In a country, the version in force is the one that took effect last among those published for that country.
The language only chooses between that version's files: an older text in the right language would be the wrong text.
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
"""A version's id: a GUID in lower case."""

DEFAULT_COUNTRY = "US"
DEFAULT_LANGUAGE = "en-US"
"""What is meant when nothing is said, and what every country falls back to (contract 4.4)."""
LARGEST = 25 * 1024 * 1024
"""Bytes of a file."""
LONGEST_NOTE = 2000
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,48}[A-Za-z0-9])?")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_NEAREST = 3
MEANT = {"UK": "GB", "EL": "GR"}
"""Codes that others have for a country, and the table's own."""
_YEARS = range(1900, 9001)


class MediaType(StrEnum):
    """What a text may be."""

    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    MARKDOWN = "text/markdown"

    @property
    def ending(self) -> str:
        """How the name of such a file ends, without the dot."""
        return _ENDINGS[self][0]


_ENDINGS: Mapping[MediaType, tuple[str, ...]] = {
    MediaType.PDF: ("pdf",),
    MediaType.DOCX: ("docx",),
    MediaType.MARKDOWN: ("md", "markdown"),
}


def media_type_of(name: str) -> MediaType:
    """What a file is by its name.

    Raises:
        `text.name-without-kind`: the name does not say.
    """
    stem, _, ending = name.rpartition(".")
    for kind, endings in _ENDINGS.items():
        if stem and ending.lower() in endings:
            return kind
    raise Rejected("text.name-without-kind", file=name)


@dataclass(frozen=True, slots=True, order=True)
class Locale:
    """A country and a language, as the vendor's table writes them: some countries' codes are not ISO's (section 6)."""

    country: str
    language: str

    def __str__(self) -> str:
        return f"{self.country} {self.language}"


def primary_subtag(language: str) -> str:
    """The language of a code without its script and country, in lower case: `pt` of `pt-PT`."""
    return language.partition("-")[0].lower()


@dataclass(frozen=True, slots=True)
class TextFile:
    """One file of a version."""

    digest: Digest
    media_type: MediaType
    size: int
    """Bytes."""
    shown_as: "TextFile | None" = None
    """The PDF that pages show instead of a Word document. The text, and what was accepted, stays the document (D22)."""

    @property
    def shown(self) -> "TextFile":
        """The file that a browser is given to show."""
        return self.shown_as or self

    @property
    def shown_rightly(self) -> bool:
        """Whether only a Word document has a PDF to show, and a PDF is what it has."""
        if self.shown_as is None:
            return True
        return self.media_type is MediaType.DOCX and self.shown_as.media_type is MediaType.PDF


@dataclass(frozen=True, slots=True)
class TextDraft:
    """A version as it is handed in."""

    template_id: TemplateId
    label: str
    """What people call it, once per template."""
    major: bool
    """A major version asks customers again; a minor one does not."""
    effective_from: datetime
    note: str
    """What changed, for partners."""
    files: Mapping[Locale, TextFile]


@dataclass(frozen=True, slots=True)
class TextVersion(TextDraft):
    """A published version."""

    id: VersionId
    number: int
    """In the order of publishing, over all templates."""
    published_at: datetime
    published_by: str
    """A user, or the command that published it."""

    @property
    def rank(self) -> tuple[datetime, int]:
        """Of two versions in effect, the one with the higher rank is in force: the later effect, then the later publishing."""
        return self.effective_from, self.number

    def same_as(self, draft: TextDraft) -> bool:
        """Whether publishing the draft would say the very same again."""
        return (self.label, self.major, self.effective_from, self.note, dict(self.files)) == (
            draft.label,
            draft.major,
            draft.effective_from,
            draft.note,
            dict(draft.files),
        )


class Fallback(StrEnum):
    """What had to be given instead of what was asked for."""

    NONE = "none"
    """Nothing: country and language are those asked for."""
    DEFAULT_LANGUAGE = "default_language"
    """`en-US`, because the country has no text in the language asked for (contract 4.4)."""
    OTHER_LANGUAGE = "other_language"
    """The country's first other language, because the version has no `en-US` there either."""


@dataclass(frozen=True, slots=True)
class FoundText:
    """The text that binds at an instant, in a country and as far as possible in a language."""

    version: TextVersion
    locale: Locale
    file: TextFile
    fallback: Fallback


class Force(StrEnum):
    """What a version is at an instant, over all its countries."""

    UPCOMING = "upcoming"
    """It has not taken effect."""
    EVERYWHERE = "everywhere"
    """It is in force in each of its countries."""
    PARTLY = "partly"
    """In some of its countries a later one is."""
    REPLACED = "replaced"
    """In each of its countries a later one is."""


@dataclass(frozen=True, slots=True)
class Reach:
    """In how many of its countries a version is in force at an instant."""

    force: Force
    in_force: int
    countries: int


def published_in(published: Iterable[TextVersion], country: str) -> list[TextVersion]:
    """The versions that have a text for the country: no other binds its customers, and no other may be named for them."""
    return [version for version in published if any(locale.country == country for locale in version.files)]


def country_to_read(asked: str, known: Collection[str]) -> str:
    """The country whose text is given to read when a client asks for this one (contract 4.4).

    An unknown code, such as `KO` for Korea, reads the text of `US`. A confirmation never takes such a text for the
    customer's.

    Args:
        known: the codes of all countries.

    Raises:
        `text.country-in-capitals`: the code would be known in capitals. Codes are compared by case.
        `text.country-without`: not two letters.
    """
    if asked in known:
        return asked
    if _COUNTRY.fullmatch(asked) is None:
        raise Rejected("text.country-without", name="country")
    if asked.upper() in known:
        raise Rejected("text.country-in-capitals", name="country", country=asked.upper())
    return DEFAULT_COUNTRY


def in_effect(published: Iterable[TextVersion], on: datetime) -> list[TextVersion]:
    """The versions that have taken effect by `on`, the one in force last (R32)."""
    return sorted((version for version in published if version.effective_from <= on), key=lambda one: one.rank)


def in_force(published: Iterable[TextVersion], country: str, on: datetime) -> TextVersion | None:
    """The version that binds a customer of `country` who accepts at `on`; None where there is none (R32)."""
    found = in_effect(published_in(published, country), on)
    return found[-1] if found else None


def reaches(published: Collection[TextVersion], on: datetime) -> dict[VersionId, Reach]:
    """How far each version reaches at `on`: it is in force in a country where `in_force` finds it."""
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
    """The file of a version that has one for the country: in the language, in English, or in what there is.

    A language without a country, such as `pt`, is that of any country.
    """
    offered = sorted(locale for locale in version.files if locale.country == country)
    for fallback, wanted in ((Fallback.NONE, language), (Fallback.DEFAULT_LANGUAGE, DEFAULT_LANGUAGE)):
        for locale in offered:
            if wanted.lower() in (locale.language.lower(), primary_subtag(locale.language)):
                return FoundText(version, locale, version.files[locale], fallback)
    return FoundText(version, offered[0], version.files[offered[0]], Fallback.OTHER_LANGUAGE)


def majors_in(published: Iterable[TextVersion], country: str) -> list[tuple[datetime, float]]:
    """Return the ranks of the major versions that have a text for a country: a text for other countries asks it for nothing."""
    return [version.rank for version in published_in(published, country) if version.major]


def nearest(wanted: Locale, known: Collection[Locale]) -> tuple[Locale, ...]:
    """Pairs that may have been meant instead of one that the table does not have: at most three, the likeliest first."""
    by_country = sorted(locale for locale in known if locale.country == wanted.country)
    if by_country:
        alike = difflib.get_close_matches(wanted.language, [locale.language for locale in by_country], _NEAREST, 0.0)
        return tuple(Locale(wanted.country, language) for language in alike)
    countries = sorted({locale.country for locale in known})
    folded = wanted.country.strip().upper()
    folded = MEANT.get(folded, folded)
    alike = [folded] if folded in countries else difflib.get_close_matches(folded, countries, len(countries), 0.4)
    likely = sorted(
        (locale for locale in known if locale.country in alike),
        key=lambda one: (one.language.lower() != wanted.language.lower(), alike.index(one.country), one),
    )
    chosen_language = sorted(locale for locale in known if locale.language.lower() == wanted.language.lower())
    return tuple(
        islice(dict.fromkeys([*likely, *chosen_language, Locale(DEFAULT_COUNTRY, DEFAULT_LANGUAGE)]), _NEAREST)
    )


def faults_of(draft: TextDraft, known: Collection[Locale]) -> Iterator[Rejected]:
    """Everything for which `checked_draft` refuses a draft, in the order of its members; nothing: it is fine."""
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
    """The draft, if it says all that a version must say, for pairs that the table has.

    Raises:
        `request.invalid-property`: the label, the note, the date or the list of texts is of no use.
        `text.locale-unknown`: a country and language that do not go together.
        `text.shown-as-unfit`: a PDF to show is no PDF, or stands beside something else than a Word document.
    """
    for fault in faults_of(draft, known):
        raise fault
    return draft


def published_before(draft: TextDraft, published: Sequence[TextVersion]) -> TextVersion | None:
    """The version that the draft repeats, which is left as it is; None when it is a new one.

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
    """Whether publishing it would outdate confirmations at once: a major version that takes effect in the past."""
    return draft.major and draft.effective_from < now
