"""Collecting acceptance data from resellers: what an indirect provider asks, and what became of it (R22, R23).

The exchange itself is outside the system: nothing is sent to anybody (R18). Only the provider's own notes are kept here,
and the confirmation that is recorded in the end closes a request by itself.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agreegate.domain.characters import controls, nothing_to_read
from agreegate.domain.customers.customer import CustomerId
from agreegate.domain.error import Rejected
from agreegate.domain.partner import Partner, PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.standing import Standing, State, no_longer_agrees

REASON_LENGTH = 500
LARGEST_REQUEST = 100
"""Customers that are asked for at one time."""


class RequestState(StrEnum):
    """What became of a request."""

    ASKED = "asked"
    RECEIVED = "received"
    """The data came; they are still to be confirmed."""
    RETURNED = "returned"
    """The reseller gave a reason instead of the data. It can be asked again."""
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class ResellerRequest:
    """A provider asked a reseller for one customer's acceptance data."""

    id: str
    reseller_id: PartnerId
    customer_id: CustomerId
    company_name: str
    asked_at: datetime
    asked_by: str
    """The user's name where it is known, else its id."""
    received_at: datetime | None = None
    returned_at: datetime | None = None
    return_reason: str = ""
    confirmed_at: datetime | None = None
    """When a confirmation was recorded after the request, and not in error."""
    confirmed_by: str | None = None

    @property
    def state(self) -> RequestState:
        """What became of it; a confirmation says more than a note."""
        if self.confirmed_at is not None:
            return RequestState.CONFIRMED
        if self.returned_at is not None:
            return RequestState.RETURNED
        return RequestState.ASKED if self.received_at is None else RequestState.RECEIVED

    @property
    def open(self) -> bool:
        """Whether something is still to be done about it."""
        return self.state in (RequestState.ASKED, RequestState.RECEIVED)

    def days_open(self, now: datetime) -> int:
        """Whole days from asking to its end, or to now."""
        ended = min((at for at in (self.returned_at, self.confirmed_at) if at is not None), default=now)
        return max((ended - self.asked_at).days, 0)


@dataclass(frozen=True, slots=True)
class Lacking:
    """A customer whose confirmation a provider lacks, as one reseller's customer."""

    customer_id: CustomerId
    company_name: str
    state: State
    since: datetime
    request: ResellerRequest | None
    """The last that this reseller was asked; None: never, or a confirmation has answered it."""


@dataclass(frozen=True, slots=True)
class ResellerRequests:
    """A reseller with what its provider asked of it and waits for."""

    reseller: Partner
    open_requests: int
    oldest_asked_at: datetime | None
    """When the oldest open request was made."""


@dataclass(frozen=True, slots=True)
class NeededData:
    """What a reseller may know: at this provider, this customer's data are missing. Nothing of any confirmation."""

    customer_id: CustomerId
    company_name: str
    asked_at: datetime | None
    """When the provider last asked this very reseller."""
    returned_at: datetime | None
    return_reason: str


def lacking_since(
    standing: Standing, programme: Programme, now: datetime, related_since: datetime, taken_back_at: datetime | None
) -> datetime:
    """Since when no confirmation opens the gate for a customer.

    Args:
        related_since: when the present relationship began.
        taken_back_at: when a confirmation of it was last marked as recorded in error.
    """
    if no_longer_agrees(standing, programme, now) and standing.no_longer_agrees_at is not None:
        return standing.no_longer_agrees_at
    closed = [
        template.opens_until
        for current in standing.current
        if (template := programme.template(current.template_id)) is not None
        and template.opens_until is not None
        and template.opens_until <= now
    ]
    return max([related_since, *closed, *([] if taken_back_at is None else [taken_back_at])])


def checked_reason(reason: str) -> str:
    """Why a reseller gave no data, without surrounding blanks.

    Raises:
        `request.invalid-property`: nothing is to be read, it is longer than 500 characters, or holds control characters.
    """
    stripped = reason.strip()
    if len(stripped) > REASON_LENGTH or nothing_to_read(stripped) or controls(stripped):
        raise Rejected("request.invalid-property", name="reason")
    return stripped
