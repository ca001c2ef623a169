"""Terms: the commitment of a subscription, the ends of its terms, and the renewals due (contract 4.11, R11)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class TermDuration(StrEnum):
    """The length of a term, in ISO 8601."""

    MONTH = "P1M"
    YEAR = "P1Y"
    THREE_YEARS = "P3Y"

    @property
    def months(self) -> int:
        """The length in months."""
        return _MONTHS[self]


_MONTHS = {TermDuration.MONTH: 1, TermDuration.YEAR: 12, TermDuration.THREE_YEARS: 36}


class BillingCycle(StrEnum):
    """How often the partner is billed, independent of the term."""

    MONTHLY = "monthly"
    ANNUAL = "annual"
    BIENNIAL = "biennial"
    TRIENNIAL = "triennial"
    ONE_TIME = "one_time"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Commitment:
    """The terms of a subscription up to now.

    Every end counts from the start of the first term, so that a term begun on the 31st or on 29 February does not drift.
    """

    started_at: datetime
    terms: int
    """Number of terms, the present one included."""
    months: int
    """Their length together."""
    term: TermDuration
    """The present term."""
    renewal_term: TermDuration
    """Of each later term."""

    @classmethod
    def begin(cls, now: datetime, term: TermDuration, renewal_term: TermDuration | None = None) -> "Commitment":
        """Return a first term that begins now."""
        return cls(now, 1, term.months, term, renewal_term or term)

    @property
    def ends_at(self) -> datetime:
        """The commitment end date, from which a renewal is due."""
        return months_after(self.started_at, self.months)

    @property
    def term_starts_at(self) -> datetime:
        """The beginning of the present term; in the future after an early renewal."""
        return months_after(self.started_at, self.months - self.term.months)

    def renewed(self, term: TermDuration | None = None) -> "Commitment":
        """Return the commitment with one more term, of the given length or the renewal term's."""
        following = term or self.renewal_term
        return replace(self, terms=self.terms + 1, months=self.months + following.months, term=following)


def months_after(start: datetime, months: int) -> datetime:
    """Return the same day and time some months later, or the last day of a shorter month."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    days = 29 if month == 1 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else _DAYS[month]
    return start.replace(year=year, month=month + 1, day=min(start.day, days))


def renewals_due(commitment: Commitment, now: datetime, most: int | None = None) -> tuple[Commitment, list[datetime]]:
    """Return the commitment after the renewals due by `now` (at most `most`), and when each was due."""
    due: list[datetime] = []
    ends_at = commitment.ends_at
    while ends_at <= now and len(due) != most:
        due.append(ends_at)
        commitment = commitment.renewed()
        ends_at = commitment.ends_at
    return commitment, due


def ends_within(commitment: Commitment, begins: datetime, until: datetime) -> list[datetime]:
    """Return the ends of terms from `begins` up to `until`, exclusive, if every term is renewed."""
    step, months = commitment.renewal_term.months, commitment.months
    first = commitment.ends_at
    between = (begins.year - first.year) * 12 + begins.month - first.month
    months += max(0, between) // step * step  # ends of earlier months, of which there may be very many
    ends: list[datetime] = []
    while (end := months_after(commitment.started_at, months)) < until:
        if end >= begins:
            ends.append(end)
        months += step
    return ends
