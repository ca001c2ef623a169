"""Which text a confirmation speaks of: inferred from date, country and language, or stated by a person (R38).

The wire has no field for it (R38), so a confirmation of the API's says when and where; the rest is inferred. What cannot be
known is called undetermined: a guess would be worth nothing as evidence.
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
    """How it is known which text was accepted."""

    INFERRED = "inferred"
    """From the date of acceptance, and the customer's country and language."""
    STATED = "stated"
    """A person named the version."""
    UNDETERMINED = "undetermined"
    """No text was in force there, or the date alone leaves open which of several was accepted."""


@dataclass(frozen=True, slots=True)
class AcceptedText:
    """The text that a confirmation speaks of, as far as it is known."""

    basis: Basis
    version_id: VersionId | None = None
    """None when undetermined."""
    locale: Locale | None = None
    digest: Digest | None = None
    """Of the file; None where a stated version has several and none is the customer's."""
    label: str | None = None
    """What people call the version; read with the record, and not kept in it."""
    rank: tuple[datetime, int] | None = field(default=None, compare=False)
    """The version's; read with the record, and not kept in it."""


UNDETERMINED = AcceptedText(Basis.UNDETERMINED)


def accepted_by(agreed: datetime, recorded: datetime) -> datetime:
    """The latest instant at which the customer can have accepted.

    Midnight UTC stands for its whole day, up to the recording: a date alone does not say what time it was.

    Args:
        agreed: when the customer accepted.
        recorded: when the partner says so.
    """
    if agreed.time() != time():
        return agreed
    return max(agreed, min(agreed + _DAY - timedelta.resolution, recorded))


def rank_of(text: AcceptedText | None, agreed: datetime, recorded: datetime) -> tuple[datetime, int | None]:
    """The rank of an accepted text, above which a major text outdates its confirmation (R33).

    Where the text is not known, it has no number, and ranks after every text of the latest instant at which the customer can
    have accepted.
    """
    return (accepted_by(agreed, recorded), None) if text is None or text.rank is None else text.rank


def candidates(published: Sequence[TextVersion], agreed: datetime, recorded: datetime) -> list[TextVersion]:
    """The versions that the customer may have accepted at `agreed`, oldest first: several where a date alone leaves them open.

    Every version that took effect in the course of the day is one, and the version before it. On a day that begins with a new
    major text, the version before is one too: where the customer is, the day may have begun earlier. There is none where no
    text was in force when the day began.

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
    """The text in force for the customer on the date of acceptance, where only one can be meant.

    Args:
        country: the customer's.
        language: the customer's, such as `fr-CA` or `fr`, which need not be one of the table's.
        agreed: when the customer accepted.
        recorded: when the partner says so.
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
    """The text of the version that a person names, by its id or label; it need not be in force yet (R35).

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
    """The version with this id or label."""
    return next((one for one in published if version in (one.id, one.label)), None)


def text_to_accept(published: Sequence[TextVersion], country: str, language: str, now: datetime) -> FoundText | None:
    """The file that a customer reads before it accepts: of the version in force, the one closest to its language (R32, R49).

    None where no text is in force for the country.
    """
    version = in_force(published, country, now)
    if version is None:
        return None
    locale = closest(version, country, language)
    return in_language(version, country, language if locale is None else locale.language)


def same_text(one: AcceptedText | None, other: AcceptedText | None) -> bool:
    """Whether two confirmations speak of one version (D17), or neither is known to speak of any: nothing tells them apart.

    A known one and an unknown one are not known to be the same.
    """
    return (one and one.version_id) == (other and other.version_id)


def offered(published: Sequence[TextVersion], country: str, now: datetime, *, first: bool) -> list[TextVersion]:
    """The versions that may be named for a customer: those for its country, whatever takes effect last first (R35).

    Args:
        first: the agreement was never confirmed for this customer: then only the one in force is offered (R32).
    """
    if first:
        current = in_force(published, country, now)
        return [] if current is None else [current]
    return sorted(published_in(published, country), key=lambda version: version.rank, reverse=True)


def closest(version: TextVersion, country: str, language: str) -> Locale | None:
    """The file of a version that a customer would be given: its own language, a sister of it, English, or the only one.

    None where the version has nothing for the country, or several files of which none is the customer's.
    """
    offered = sorted(locale for locale in version.files if locale.country == country)
    sisters = [locale for locale in offered if primary_subtag(locale.language) == primary_subtag(language)]
    same_language = [locale for locale in sisters if locale.language.lower() == language.lower()]
    english = [locale for locale in offered if locale.language == DEFAULT_LANGUAGE]
    alone = offered if len(offered) == 1 else []
    return next(iter((*same_language, *sisters, *english, *alone)), None)
