"""Audit records: who did what to which customer, and how far back they are shown (contract 4.12)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from agreegate.domain.actor import Actor
from agreegate.domain.confirmation import Confirmation
from agreegate.domain.error import Rejected
from agreegate.domain.orders.order import Order
from agreegate.domain.orders.subscription import Subscription

SHOWN = timedelta(days=30)
"""The window when none is asked for."""
OLDEST = timedelta(days=90)
"""How far back a window may begin."""

SHARED = ("confirmation", "customer", "order", "partner_user", "subscription")
"""Resource types that the contract's audit records have too. Records of anything else are ours alone."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One change, with what is known of the customer and of the user today."""

    id: str
    partner_id: str
    customer_id: str | None
    customer_name: str | None
    user_name: str | None
    """The user principal name; a person's."""
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
    """What a `record_confirmation` recorded, joined when read, so that contacts live in one place only."""


def as_read_by(actor: Actor, record: AuditRecord) -> AuditRecord:
    """The record as a caller may read it: an application alone reads no person who accepted or confirmed.

    Confirmations are closed to applications (contract 3.2), and so are their people in the records of them.
    """
    if actor.user_id is not None or record.confirmation is None:
        return record
    return replace(record, confirmation=replace(record.confirmation, contact=None, confirmed_by=None))


class AuditField(StrEnum):
    """What audit records are looked for by."""

    COMPANY_NAME = "company_name"
    CUSTOMER_ID = "customer_id"
    RESOURCE_TYPE = "resource_type"


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """One condition: a part of the customer's name in any case, or a whole id or type."""

    field: AuditField
    value: str


@dataclass(frozen=True, slots=True)
class AuditWindow:
    """The instants between which records are shown: from `start` on, up to but without `end`."""

    start: datetime
    end: datetime | None
    """None: up to now, and whatever the demo's clock has left behind in its future."""


def audit_window(start: datetime | None, end: datetime | None, now: datetime) -> AuditWindow:
    """The window asked for; when no start is named, 30 days up to its end.

    Days count as a whole: a start on the 90th day ago is still in.

    Raises:
        `audit.too-old`: it begins or ends more than 90 days ago.
        `request.invalid-parameter`: it ends before it begins.
    """
    oldest = now.replace(hour=0, minute=0, second=0, microsecond=0) - OLDEST
    begins = max((end or now) - SHOWN, oldest) if start is None else start
    if begins < oldest or (end is not None and end < oldest):
        raise Rejected("audit.too-old", days=OLDEST.days)
    if end is not None and end < begins:
        raise Rejected("request.invalid-parameter", name="end")
    return AuditWindow(begins, end)


def order_facts(order: Order) -> dict[str, object]:
    """Return what audit records keep of an order: without the names that the partner gave, which may be people's."""
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
    """Return what audit records keep of a subscription: without the name that the partner gave it, which may be a person's."""
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
