"""Reseller requests: an indirect provider asks a reseller for acceptance data (R22, R23).

Agreegate sends nothing to anybody (R18). It keeps the provider's notes; a recorded confirmation closes the request.
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
"""Maximum customers in one request."""


class RequestState(StrEnum):
    """The state of a request."""

    ASKED = "asked"
    RECEIVED = "received"
    """The provider has the data, and must confirm."""
    RETURNED = "returned"
    """The reseller gave a reason instead of the data. The provider can ask again."""
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class ResellerRequest:
    """A provider's request to a reseller for one customer's acceptance data."""

    id: str
    reseller_id: PartnerId
    customer_id: CustomerId
    company_name: str
    asked_at: datetime
    asked_by: str
    """The user's name, or the id where the name is not known."""
    received_at: datetime | None = None
    returned_at: datetime | None = None
    return_reason: str = ""
    confirmed_at: datetime | None = None
    """When a confirmation was recorded after the request, unless in error."""
    confirmed_by: str | None = None

    @property
    def state(self) -> RequestState:
        """The state; a confirmation comes before the notes."""
        if self.confirmed_at is not None:
            return RequestState.CONFIRMED
        if self.returned_at is not None:
            return RequestState.RETURNED
        return RequestState.ASKED if self.received_at is None else RequestState.RECEIVED

    @property
    def open(self) -> bool:
        """Whether the request waits for the reseller or for the confirmation."""
        return self.state in (RequestState.ASKED, RequestState.RECEIVED)

    def days_open(self, now: datetime) -> int:
        """Return the whole days from the request to its end, or to now."""
        ended = min((at for at in (self.returned_at, self.confirmed_at) if at is not None), default=now)
        return max((ended - self.asked_at).days, 0)


@dataclass(frozen=True, slots=True)
class Lacking:
    """A reseller's customer without a confirmation that opens the gate."""

    customer_id: CustomerId
    company_name: str
    state: State
    since: datetime
    request: ResellerRequest | None
    """The last request to this reseller; None: none, or a confirmation has closed it."""


@dataclass(frozen=True, slots=True)
class ResellerRequests:
    """A reseller with its provider's open requests."""

    reseller: Partner
    open_requests: int
    oldest_asked_at: datetime | None
    """When the provider made the oldest open request."""


@dataclass(frozen=True, slots=True)
class NeededData:
    """What a reseller may know: its provider lacks this customer's data. Nothing about confirmations."""

    customer_id: CustomerId
    company_name: str
    asked_at: datetime | None
    """When the provider last asked this reseller."""
    returned_at: datetime | None
    return_reason: str


def lacking_since(
    standing: Standing, programme: Programme, now: datetime, related_since: datetime, voided_at: datetime | None
) -> datetime:
    """Return since when no confirmation opens the gate for a customer.

    Args:
        related_since: when the present relationship began.
        voided_at: when a confirmation of it was last voided.
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
    return max([related_since, *closed, *([] if voided_at is None else [voided_at])])


def checked_reason(reason: str) -> str:
    """Return the reason why a reseller gave no data, without surrounding blanks.

    Raises:
        `request.invalid-property`: the reason shows nothing, is longer than 500 characters, or holds control characters.
    """
    stripped = reason.strip()
    if len(stripped) > REASON_LENGTH or nothing_to_read(stripped) or controls(stripped):
        raise Rejected("request.invalid-property", name="reason")
    return stripped
