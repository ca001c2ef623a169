"""Audit records: who did what to which customer (contract 4.12)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from agreegate.domain.actor import Actor
from agreegate.domain.confirmation import Confirmation
from agreegate.domain.error import Rejected
from agreegate.domain.orders.order import Order
from agreegate.domain.orders.subscription import Subscription

SHOWN = timedelta(days=30)
"""The default length of a window."""
OLDEST = timedelta(days=90)
"""Maximum age of a window."""

SHARED = ("confirmation", "customer", "order", "partner_user", "subscription")
"""The resource types of the contract's audit records. Agreegate keeps records of more."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One change, with today's data of the customer and the user."""

    id: str
    partner_id: str
    customer_id: str | None
    customer_name: str | None
    user_name: str | None
    """The user principal name: personal data."""
    user_id: str | None
    application_id: str | None
    resource_type: str
    operation_type: str
    operation_status: str
    correlation_id: str | None
    old_value: str | None
    new_value: str | None
    operation_at: datetime
    confirmation: Confirmation | None = None
    """The confirmation of a `record_confirmation`, joined at reading because contacts are stored in one place only."""


def as_read_by(actor: Actor, record: AuditRecord) -> AuditRecord:
    """Return the record without the people of a confirmation where an application alone reads it (contract 3.2)."""
    if actor.user_id is not None or record.confirmation is None:
        return record
    return replace(record, confirmation=replace(record.confirmation, contact=None, confirmed_by=None))


class AuditField(StrEnum):
    """The field that a search compares."""

    COMPANY_NAME = "company_name"
    CUSTOMER_ID = "customer_id"
    RESOURCE_TYPE = "resource_type"


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """One condition: a part of the customer's name in any case of letters, or a whole id or type."""

    field: AuditField
    value: str


@dataclass(frozen=True, slots=True)
class AuditWindow:
    """A period of audit records: from `start` to `end`, exclusive."""

    start: datetime
    end: datetime | None
    """None: no end, so that records from the demo's future are shown too."""


def audit_window(start: datetime | None, end: datetime | None, now: datetime) -> AuditWindow:
    """Return the requested window; its start defaults to 30 days before its end.

    Raises:
        `audit.too-old`: the window begins or ends more than 90 whole days ago.
        `request.invalid-parameter`: the window ends before it begins.
    """
    oldest = now.replace(hour=0, minute=0, second=0, microsecond=0) - OLDEST
    begins = max((end or now) - SHOWN, oldest) if start is None else start
    if begins < oldest or (end is not None and end < oldest):
        raise Rejected("audit.too-old", days=OLDEST.days)
    if end is not None and end < begins:
        raise Rejected("request.invalid-parameter", name="end")
    return AuditWindow(begins, end)


def order_facts(order: Order) -> dict[str, object]:
    """Return an order's members for audit records, without the partner's names, which may be people's."""
    return {
        "id": order.id,
        "customer_id": order.customer_id,
        "billing_cycle": order.billing_cycle,
        "currency_code": order.currency_code,
        "status": order.status,
        "lines": [
            {
                "number": line.number,
                "offer_id": line.offer_id,
                "subscription_id": line.subscription_id,
                "parent_id": line.parent_id,
                "quantity": line.quantity,
                "partner_id_on_record": line.partner_id_on_record,
                "kind": line.kind,
            }
            for line in order.lines
        ],
    }


def subscription_facts(subscription: Subscription) -> dict[str, object]:
    """Return a subscription's members for audit records, without the partner's name for it, which may be a person's."""
    return {
        "id": subscription.id,
        "offer_id": subscription.offer_id,
        "quantity": subscription.quantity,
        "status": subscription.status,
        "auto_renew": subscription.auto_renew,
        "billing_cycle": subscription.billing_cycle,
        "term": subscription.commitment.term,
        "ends_at": f"{subscription.commitment.ends_at:%Y-%m-%dT%H:%M:%S}Z",
        "is_trial": subscription.is_trial,
        "partner_id_on_record": subscription.partner_id_on_record,
        "order_id": subscription.order_id,
    }
