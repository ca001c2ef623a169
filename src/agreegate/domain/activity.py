"""Activity: who did what to which customer, for pages. The wire serves the same records as `audit`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from agreegate.domain.confirmation import EndReason


class Kind(StrEnum):
    """The subject of an activity, by which a search filters."""

    CONFIRMATION = "confirmation"
    CUSTOMER = "customer"
    ORDER = "order"
    SUBSCRIPTION = "subscription"
    COLLECTION = "collection"
    """Requests to resellers (R23)."""
    ACCOUNT = "account"
    """The partner with its users and resellers."""

    @property
    def resources(self) -> tuple[str, ...]:
        """The resource types of the records."""
        return _RESOURCES[self]


_RESOURCES: Mapping[Kind, tuple[str, ...]] = {
    Kind.CONFIRMATION: ("confirmation",),
    Kind.CUSTOMER: ("customer",),
    Kind.ORDER: ("order",),
    Kind.SUBSCRIPTION: ("subscription",),
    Kind.COLLECTION: ("collection_request",),
    Kind.ACCOUNT: ("partner", "partner_user", "reseller_link", "clock"),
}


class Status(StrEnum):
    """The result, as the contract names it (4.12)."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PROGRESS = "progress"
    DECLINE = "decline"


class Deed(StrEnum):
    """What was done; each member has a sentence. A value with an underscore is the recorded operation itself."""

    CONFIRMED = "record_confirmation"
    NO_LONGER_AGREES = "no-longer-agrees"
    RECORDED_IN_ERROR = "recorded-in-error"
    EMPLOYEE_STATED = "state_employee"
    CUSTOMER_ADDED = "add_customer"
    CUSTOMER_CHANGED = "update_customer"
    CUSTOMER_RESUMED = "resume_customer"
    CUSTOMER_DELETED = "delete_customer"
    RELATIONSHIP_ENDED = "end_relationship"
    ORDERED = "create_order"
    ORDER_CHANGED = "order-changed"
    ORDER_CANCELLED = "order-cancelled"
    SEATS = "seats"
    RENEWAL_ON = "renewal-on"
    RENEWAL_OFF = "renewal-off"
    SUSPENDED = "suspended"
    REACTIVATED = "reactivated"
    CANCELLED = "cancelled"
    SUBSCRIPTION_CHANGED = "subscription-changed"
    CONVERTED = "convert_trial_subscription"
    UPGRADED = "upgrade_subscription"
    DATA_ASKED = "create_collection_request"
    DATA_RECEIVED = "receive_collection_request"
    DATA_RETURNED = "return_collection_request"
    PARTNER_CHANGED = "partner-changed"
    USER_CHANGED = "user-changed"
    RESELLER_CHANGED = "reseller-changed"
    CLOCK_ACCEPTED = "accept_clock"
    OTHER = "other"
    """A change without a sentence; the page shows the operation."""


_OPERATIONS = frozenset(Deed)
_ACCOUNT_DEEDS = {
    "partner": Deed.PARTNER_CHANGED,
    "partner_user": Deed.USER_CHANGED,
    "reseller_link": Deed.RESELLER_CHANGED,
}
_STATUS_DEEDS = {"suspended": Deed.SUSPENDED, "active": Deed.REACTIVATED, "deleted": Deed.CANCELLED}


@dataclass(frozen=True, slots=True)
class Activity:
    """One change, with today's data of the customer and the user."""

    id: str
    at: datetime
    customer_id: str | None
    customer_name: str | None
    served: bool
    """The partner serves the customer today, so that the customer has a page."""
    user_id: str | None
    user_name: str | None
    """The user principal name: personal data."""
    application_id: str | None
    channel: str
    operation: str
    resource_type: str
    resource_id: str | None
    status: str
    correlation_id: str | None
    agreement_type: str | None = None
    """Of the confirmation that was recorded."""
    end_reason: str | None = None
    """Why a confirmation ended."""
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    @property
    def deed(self) -> Deed:
        """What was done, derived from the recorded values before and after."""
        if known := _ACCOUNT_DEEDS.get(self.resource_type):
            return known
        if self.operation in _OPERATIONS:
            return Deed(self.operation)
        match self.operation:
            case "end_confirmation":
                refused = self.end_reason != EndReason.RECORDED_IN_ERROR
                return Deed.NO_LONGER_AGREES if refused else Deed.RECORDED_IN_ERROR
            case "update_order":
                cancelled = self._changed("status") and self.after.get("status") == "cancelled"
                return Deed.ORDER_CANCELLED if cancelled else Deed.ORDER_CHANGED
            case "update_subscription":
                return self._subscription_deed()
            case _:
                return Deed.OTHER

    def _subscription_deed(self) -> Deed:
        """Return the change that the sentence names: status before seats, seats before auto-renewal."""
        if self._changed("status"):
            return _STATUS_DEEDS.get(str(self.after.get("status")), Deed.SUBSCRIPTION_CHANGED)
        if self._changed("quantity"):
            return Deed.SEATS
        if self._changed("auto_renew"):
            return Deed.RENEWAL_ON if self.after.get("auto_renew") else Deed.RENEWAL_OFF
        return Deed.SUBSCRIPTION_CHANGED

    def _changed(self, name: str) -> bool:
        return self.before.get(name) != self.after.get(name)


@dataclass(frozen=True, slots=True)
class ActivitySearch:
    """Conditions on activity; None: no condition."""

    start: datetime | None = None
    end: datetime | None = None
    """Exclusive."""
    customer: str | None = None
    """The id of one customer."""
    company: str | None = None
    """A part of the customer's name, in any case of letters."""
    user: str | None = None
    """The id of a user."""
    application_only: bool = False
    """Only changes by applications without a user."""
    kind: Kind | None = None
    status: Status | None = None
