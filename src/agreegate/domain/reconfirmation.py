"""Reconfirming in order: which outdated confirmations a partner has to renew, and since when each is outdated (R33–R37).

A confirmation is due for the work list when it is outdated and the gate speaks of it: it is the customer's newest whose
template opens the gate today. Not due are those of a template that opens the gate no longer, because nothing hangs on them,
and those that a later confirmation of another agreement has taken the place of. One whose template is still to open the gate
is due whatever else there is: it is meant for the day on which it opens.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from agreegate.domain.agreement import TemplateId
from agreegate.domain.customer_search import CustomerSearch
from agreegate.domain.programme import Programme
from agreegate.domain.standing import Current, Standing, State

SPAN = timedelta(days=30)
"""Confirmations whose text is not known are kept together when the customers accepted in the same so many days."""
STATES = (State.OUTDATED, State.OVERDUE)


class Due(StrEnum):
    """By when an outdated confirmation must be renewed."""

    WEEK = "7"
    MONTH = "30"
    QUARTER = "90"
    """Within so many days; what should have been renewed before is due as well."""
    ORDER = "order"
    """Before the next new order: nothing is subscribed (R37)."""

    def before(self, now: datetime) -> datetime | None:
        """The instant before which it is due: the end of the last day; None: no date is set."""
        if self is Due.ORDER:
            return None
        return datetime.combine(now.date(), time(), UTC) + timedelta(days=int(self) + 1)


@dataclass(frozen=True, slots=True)
class ReconfirmationSearch:
    """What is looked for in the work list; every condition must fit."""

    customers: CustomerSearch = field(default_factory=CustomerSearch)
    template: TemplateId | None = None
    state: State | None = None
    """Outdated or overdue."""
    due: Due | None = None


@dataclass(frozen=True, slots=True, order=True)
class Major:
    """A major version, by its rank in one country."""

    effective_at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class Group:
    """Confirmations that count and become outdated together: of one template, in one country, of one accepted text."""

    number: int
    template_id: TemplateId
    country: str
    later: tuple[str, ...]
    """Templates of the customers' later confirmations of other agreements."""
    text_at: datetime
    """When the accepted text took effect; where it is not known, the beginning of the span of acceptance."""
    text_number: int
    """Of the accepted text; 0 where it is not known: then the latest instant of acceptance stands for it."""
    confirmations: int


@dataclass(frozen=True, slots=True)
class Part:
    """The confirmations of a group that are outdated since one instant: all of them, or those accepted in between.

    What counts of a date alone is the latest instant at which the customer can have accepted.
    """

    group: Group
    since: datetime
    agreed_from: datetime | None = None
    agreed_before: datetime | None = None

    @property
    def whole(self) -> bool:
        """Whether it is the whole group."""
        return self.agreed_from is None and self.agreed_before is None


def outdated_parts(group: Group, majors: Iterable[Major], now: datetime) -> list[Part]:
    """What of a group is outdated, and since when.

    Args:
        majors: the major versions of its template for its country; those to come are ignored.
    """
    in_effect = sorted(major for major in majors if major.effective_at <= now)
    if group.text_number:
        accepted = Major(group.text_at, group.text_number)
        since = min((major.effective_at for major in in_effect if major > accepted), default=None)
        return [] if since is None else [Part(group, since)]
    # What took effect after the acceptance is newer: each instant within the span parts the group.
    begin, end = group.text_at, group.text_at + SPAN
    newer = sorted({major.effective_at for major in in_effect if major.effective_at > begin})
    parts, agreed_from = [], None
    for at in newer:
        if at >= end:
            parts.append(Part(group, at, agreed_from))
            break
        parts.append(Part(group, at, agreed_from, at))
        agreed_from = at
    return parts


def outdated_next(group: Group, majors: Iterable[Major], now: datetime) -> datetime | None:
    """When the next major version to come outdates confirmations of a group; None: none is published."""
    coming = (major for major in majors if major.effective_at > now)
    accepted = Major(group.text_at, group.text_number)
    return min((major.effective_at for major in coming if major > accepted), default=None)


def gate_speaks_of(template_id: TemplateId, later: Collection[str], programme: Programme, now: datetime) -> bool:
    """Whether a confirmation is the one that the gate goes by at `now`: the newest whose template opens it (R27)."""
    return programme.opens_gate(template_id, now) and not any(
        programme.opens_gate(TemplateId(other), now) for other in later
    )


def must_be_renewed(template_id: TemplateId, later: Collection[str], programme: Programme, now: datetime) -> bool:
    """Whether a confirmation has to be renewed once it is outdated.

    Args:
        later: templates of the customer's later confirmations that count.
    """
    template = programme.template(template_id)
    if template is None:
        return False
    return not template.has_opened(now) or gate_speaks_of(template_id, later, programme, now)


def to_reconfirm(standing: Standing, programme: Programme, now: datetime) -> tuple[Current, ...]:
    """The confirmations of one customer that its partner has to renew."""
    return tuple(
        current
        for current in standing.current
        if current.outdated_since is not None
        and must_be_renewed(current.template_id, _later(current, standing.current), programme, now)
    )


def days_left(renew_by: datetime, now: datetime) -> int:
    """Whole days until a confirmation must be renewed, from one day of the calendar (UTC) to the other; below 0: it is past."""
    return (renew_by.date() - now.date()).days


def _later(one: Current, every: Sequence[Current]) -> list[str]:
    return [other.template_id for other in every if other.sequence > one.sequence]
