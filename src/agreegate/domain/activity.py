"""Activity: who did what to which customer, as a person reads it. The wire has the same records its own way (`audit`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from agreegate.domain.confirmation import EndReason


class Kind(StrEnum):
    """What activity is looked for by: what it was done to."""

    CONFIRMATION = "confirmation"
    CUSTOMER = "customer"
    ORDER = "order"
    SUBSCRIPTION = "subscription"
    COLLECTION = "collection"
    """Data that resellers were asked for (R23)."""
    ACCOUNT = "account"
    """The partner itself: its users and resellers."""

    @property
    def resources(self) -> tuple[str, ...]:
        """The resource types of its records."""
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
    """What came of it, as the contract names it (4.12)."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PROGRESS = "progress"
    DECLINE = "decline"


class Deed(StrEnum):
    """What was done; each has a sentence."""

    CONFIRMED = "confirmed"
    NO_LONGER_AGREES = "no-longer-agrees"
    RECORDED_IN_ERROR = "recorded-in-error"
    EMPLOYEE_STATED = "employee-stated"
    CUSTOMER_ADDED = "customer-added"
    CUSTOMER_CHANGED = "customer-changed"
    CUSTOMER_RESUMED = "customer-resumed"
    CUSTOMER_DELETED = "customer-deleted"
    RELATIONSHIP_ENDED = "relationship-ended"
    ORDERED = "ordered"
    ORDER_CHANGED = "order-changed"
    ORDER_CANCELLED = "order-cancelled"
    SEATS = "seats"
    RENEWAL_ON = "renewal-on"
    RENEWAL_OFF = "renewal-off"
    SUSPENDED = "suspended"
    REACTIVATED = "reactivated"
    CANCELLED = "cancelled"
    SUBSCRIPTION_CHANGED = "subscription-changed"
    CONVERTED = "converted"
    UPGRADED = "upgraded"
    DATA_ASKED = "data-asked"
    DATA_RECEIVED = "data-received"
    DATA_RETURNED = "data-returned"
    PARTNER_CHANGED = "partner-changed"
    USER_CHANGED = "user-changed"
    RESELLER_CHANGED = "reseller-changed"
    CLOCK_ACCEPTED = "clock-accepted"
    OTHER = "other"
    """A change that this version has no sentence for; the page shows its name."""


_DEEDS = {
    "record_confirmation": Deed.CONFIRMED,
    "state_employee": Deed.EMPLOYEE_STATED,
    "add_customer": Deed.CUSTOMER_ADDED,
    "update_customer": Deed.CUSTOMER_CHANGED,
    "resume_customer": Deed.CUSTOMER_RESUMED,
    "delete_customer": Deed.CUSTOMER_DELETED,
    "end_relationship": Deed.RELATIONSHIP_ENDED,
    "create_order": Deed.ORDERED,
    "convert_trial_subscription": Deed.CONVERTED,
    "upgrade_subscription": Deed.UPGRADED,
    "create_collection_request": Deed.DATA_ASKED,
    "receive_collection_request": Deed.DATA_RECEIVED,
    "return_collection_request": Deed.DATA_RETURNED,
    "accept_clock": Deed.CLOCK_ACCEPTED,
}
_ACCOUNT_DEEDS = {
    "partner": Deed.PARTNER_CHANGED,
    "partner_user": Deed.USER_CHANGED,
    "reseller_link": Deed.RESELLER_CHANGED,
}
_STATUS_DEEDS = {"suspended": Deed.SUSPENDED, "active": Deed.REACTIVATED, "deleted": Deed.CANCELLED}


@dataclass(frozen=True, slots=True)
class Activity:
    """One change, with what is known of the customer and of the user today."""

    id: str
    at: datetime
    customer_id: str | None
    customer_name: str | None
    served: bool
    """Whether the partner serves the customer today, so that it has a page."""
    user_id: str | None
    user_name: str | None
    """The user principal name; a person's."""
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
        """What was done, told from what was recorded before and after."""
        if known := _ACCOUNT_DEEDS.get(self.resource_type) or _DEEDS.get(self.operation):
            return known
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
        """The change with the highest rank becomes the sentence: stopping or starting comes before cost."""
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
    """Which activity is wanted; what is None is not looked at."""

    start: datetime | None = None
    end: datetime | None = None
    """Up to but without this instant."""
    customer: str | None = None
    """The id of one customer."""
    company: str | None = None
    """A part of the customer's name, in any case."""
    user: str | None = None
    """The id of a user."""
    application_only: bool = False
    """Only what no user did."""
    kind: Kind | None = None
    status: Status | None = None
