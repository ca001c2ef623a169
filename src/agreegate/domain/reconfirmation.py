"""Reconfirmations: the outdated and overdue customers, in the order in which they must be reconfirmed (R33–R37).

Each customer is one line, with the confirmation that opens the gate. Overdue customers come first, then the order is by the
next end of a commitment, with customers without a subscription last (R37).
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
    """When an outdated confirmation must be renewed."""

    WEEK = "7"
    MONTH = "30"
    QUARTER = "90"
    """Maximum days until the renewal; late renewals are due too."""
    ORDER = "order"
    """Before the next new order: the customer has no subscription (R37)."""

    def before(self, now: datetime) -> datetime | None:
        """Return the end of the last day, exclusive; None: due before the next order."""
        if self is Due.ORDER:
            return None
        return datetime.combine(now.date(), time(), UTC) + timedelta(days=int(self) + 1)


@dataclass(frozen=True, slots=True)
class ReconfirmationSearch:
    """A search of the list; every condition must fit."""

    customers: CustomerSearch = field(default_factory=CustomerSearch)
    template: TemplateId | None = None
    state: State | None = None
    """Outdated or overdue."""
    due: Due | None = None


def to_reconfirm(standing: Standing, programme: Programme, cloud: Cloud, now: datetime) -> Current | None:
    """Return the confirmation to renew; None: the customer is neither outdated nor overdue."""
    return opening(standing, programme, now) if state_of(standing, programme, cloud, now) in STATES else None


def days_left(renew_by: datetime, now: datetime) -> int:
    """Return the calendar days (UTC) until a confirmation must be renewed; negative when late."""
    return (renew_by.date() - now.date()).days
