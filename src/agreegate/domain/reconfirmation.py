"""The work list: customers whose one state is outdated or overdue, in the order in which they must be renewed (R33–R37).

Each customer is one line, with the confirmation by which the gate opens. The overdue come first; then by the next end of a
commitment, customers without a subscription last (R37).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.customers.customer_search import CustomerSearch
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme
from agreegate.domain.standing import Current, Standing, State, opening, state_of

STATES = (State.OUTDATED, State.OVERDUE)


class Due(StrEnum):
    """By when an outdated confirmation must be renewed."""

    WEEK = "7"
    MONTH = "30"
    QUARTER = "90"
    """Number of days until the renewal, at most; renewals that are late are due as well."""
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


def to_reconfirm(standing: Standing, programme: Programme, cloud: Cloud, now: datetime) -> Current | None:
    """Return the confirmation that the partner has to renew; None: the customer is neither outdated nor overdue."""
    return opening(standing, programme, now) if state_of(standing, programme, cloud, now) in STATES else None


def days_left(renew_by: datetime, now: datetime) -> int:
    """Whole days until a confirmation must be renewed, from one day of the calendar (UTC) to the other; below 0: it is past."""
    return (renew_by.date() - now.date()).days
