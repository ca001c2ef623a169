"""Terms: how long a subscription is committed, when each term ends, and which renewals are due (contract 4.11, R11)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class TermDuration(StrEnum):
    """How long one term lasts, as ISO 8601 writes it."""

    MONTH = "P1M"
    YEAR = "P1Y"
    THREE_YEARS = "P3Y"

    @property
    def months(self) -> int:
        """Its length in months."""
        return _MONTHS[self]


_MONTHS = {TermDuration.MONTH: 1, TermDuration.YEAR: 12, TermDuration.THREE_YEARS: 36}


class BillingCycle(StrEnum):
    """How often the partner is billed. It says nothing about the term."""

    MONTHLY = "monthly"
    ANNUAL = "annual"
    BIENNIAL = "biennial"
    TRIENNIAL = "triennial"
    ONE_TIME = "one_time"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Commitment:
    """Where a subscription is in its terms.

    Every end is counted from the start of the first term, never from the end before it: a term begun on the 31st, or on
    29 February, does not drift.
    """

    started_at: datetime
    terms: int
    """How many terms there were so far, the present one included."""
    months: int
    """How long they are together."""
    term: TermDuration
    """The present term."""
    renewal_term: TermDuration
    """The terms after it."""

    @classmethod
    def begin(cls, now: datetime, term: TermDuration, renewal_term: TermDuration | None = None) -> "Commitment":
        """The first term, from now on."""
        return cls(now, 1, term.months, term, renewal_term or term)

    @property
    def ends_at(self) -> datetime:
        """The commitment end date: from this instant on a renewal is due."""
        return months_after(self.started_at, self.months)

    @property
    def term_starts_at(self) -> datetime:
        """When the present term begins: ahead of now once it was renewed early."""
        return months_after(self.started_at, self.months - self.term.months)

    def renewed(self, term: TermDuration | None = None) -> "Commitment":
        """One term more, of another length if one is given; those after it keep theirs."""
        following = term or self.renewal_term
        return replace(self, terms=self.terms + 1, months=self.months + following.months, term=following)


def months_after(start: datetime, months: int) -> datetime:
    """The same day and time that number of months later; the last day of a month that has no such day."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    days = 29 if month == 1 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else _DAYS[month]
    return start.replace(year=year, month=month + 1, day=min(start.day, days))


def renewals_due(commitment: Commitment, now: datetime, most: int | None = None) -> tuple[Commitment, list[datetime]]:
    """The commitment after the renewals due by `now` (at most `most`), and when each of them was due.

    Nothing is due before the commitment end date; a clock that jumped back makes nothing due twice.
    """
    due: list[datetime] = []
    ends_at = commitment.ends_at
    while ends_at <= now and len(due) != most:
        due.append(ends_at)
        commitment = commitment.renewed()
        ends_at = commitment.ends_at
    return commitment, due


def ends_within(commitment: Commitment, begins: datetime, until: datetime) -> list[datetime]:
    """Every end of a term from `begins` on and before `until`, in order, when each term is followed by another."""
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
