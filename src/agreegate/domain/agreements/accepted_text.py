"""The text that a customer accepted: inferred from date, country and language, or stated by a person (R38).

The wire has no field for the text (R38), so Agreegate infers it. A text that cannot be known is undetermined: a guess would
be no evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from agreegate.domain.agreements.text import (
    DEFAULT_LANGUAGE,
    Digest,
    FoundText,
    Locale,
    TextVersion,
    VersionId,
    in_effect,
    in_force,
    in_language,
    primary_subtag,
    published_in,
)
from agreegate.domain.error import Rejected

_DAY = timedelta(days=1)


class Basis(StrEnum):
    """How the accepted text is known."""

    INFERRED = "inferred"
    """From the date of acceptance, and the customer's country and language."""
    STATED = "stated"
    """A person named the version."""
    UNDETERMINED = "undetermined"
    """No text was in force, or several texts were on the date of acceptance."""


@dataclass(frozen=True, slots=True)
class AcceptedText:
    """The text that a customer accepted, as far as it is known."""

    basis: Basis
    version_id: VersionId | None = None
    """None: undetermined."""
    locale: Locale | None = None
    digest: Digest | None = None
    """Of the file; None: a stated version has several files and none in the customer's language."""
    label: str | None = None
    """The version's label, read beside the record."""
    rank: tuple[datetime, int] | None = field(default=None, compare=False)
    """The version's rank, read beside the record."""


UNDETERMINED = AcceptedText(Basis.UNDETERMINED)


def accepted_by(agreed: datetime, recorded: datetime) -> datetime:
    """Return the latest instant at which the customer can have accepted.

    Midnight UTC stands for the whole day, up to the recording.

    Args:
        agreed: when the customer accepted.
        recorded: when the partner confirms.
    """
    if agreed.time() != time():
        return agreed
    return max(agreed, min(agreed + _DAY - timedelta.resolution, recorded))


def candidates(published: Sequence[TextVersion], agreed: datetime, recorded: datetime) -> list[TextVersion]:
    """Return the versions that the customer may have accepted at `agreed`, oldest first.

    Where `agreed` is a whole day: the version in force at its beginning, and each that took effect on that day. If the day
    begins with a new major text, the version before it too, because the customer's day may have begun earlier. Empty where no
    text was in force at the beginning of the day.

    Args:
        published: the versions that have a text for the customer's country.
    """
    if not in_effect(published, agreed):
        return []
    last = accepted_by(agreed, recorded)
    moments = {agreed, *(version.effective_from for version in published if agreed <= version.effective_from <= last)}
    if agreed.time() == time() and any(version.major and version.effective_from == agreed for version in published):
        moments.add(agreed - timedelta.resolution)
    return [version for moment in sorted(moments) for version in in_effect(published, moment)[-1:]]


def inferred(
    published: Sequence[TextVersion], country: str, language: str, agreed: datetime, recorded: datetime
) -> AcceptedText:
    """Return the text in force for the customer on the date of acceptance; undetermined where several are possible.

    Args:
        country: the customer's.
        language: the customer's, such as `fr-CA` or `fr`; not necessarily one of the table.
        agreed: when the customer accepted.
        recorded: when the partner confirms.
    """
    found = candidates(published_in(published, country), agreed, recorded)
    if len(found) != 1:
        return UNDETERMINED
    [version] = found
    locale = closest(version, country, language)
    if locale is None:
        return UNDETERMINED
    return AcceptedText(Basis.INFERRED, version.id, locale, version.files[locale].digest, rank=version.rank)


def stated(published: Sequence[TextVersion], version: str, country: str, language: str) -> AcceptedText:
    """Return the text of a version that a person names by id or label; it may take effect later (R35).

    Raises:
        `text.version-unknown`: the template has no such version with a text for the country.
    """
    named = version_named(published_in(published, country), version)
    if named is None:
        raise Rejected("text.version-unknown", name="version")
    locale = closest(named, country, language)
    there = [one for one in named.files if one.country == country] if locale is None else [locale]
    digests = {named.files[one].digest for one in there}
    digest = digests.pop() if len(digests) == 1 else None
    return AcceptedText(Basis.STATED, named.id, locale, digest, rank=named.rank)


def version_named(published: Sequence[TextVersion], version: str) -> TextVersion | None:
    """Return the version with this id or label."""
    return next((one for one in published if version in (one.id, one.label)), None)


def text_to_accept(published: Sequence[TextVersion], country: str, language: str, now: datetime) -> FoundText | None:
    """Return the file that a customer reads before accepting: of the version in force, the closest language (R32, R49).

    None where no text is in force for the country.
    """
    version = in_force(published, country, now)
    if version is None:
        return None
    locale = closest(version, country, language)
    return in_language(version, country, language if locale is None else locale.language)


def offered(published: Sequence[TextVersion], country: str, now: datetime, *, first: bool) -> list[TextVersion]:
    """Return the versions that may be named for a customer: those for its country, the latest effect first (R35).

    Args:
        first: the agreement was never confirmed for this customer; then only the version in force is offered (R32).
    """
    if first:
        current = in_force(published, country, now)
        return [] if current is None else [current]
    return sorted(published_in(published, country), key=lambda version: version.rank, reverse=True)


def closest(version: TextVersion, country: str, language: str) -> Locale | None:
    """Return the locale of a version's file for a customer: the same language, a variant of it, English, or the only file.

    None where the version has no file for the country, or several files in other languages.
    """
    offered = sorted(locale for locale in version.files if locale.country == country)
    variants = [locale for locale in offered if primary_subtag(locale.language) == primary_subtag(language)]
    same_language = [locale for locale in variants if locale.language.lower() == language.lower()]
    english = [locale for locale in offered if locale.language == DEFAULT_LANGUAGE]
    alone = offered if len(offered) == 1 else []
    return next(iter((*same_language, *variants, *english, *alone)), None)
