"""Audit records: who did what to which customer, and how far back they are shown (contract 4.12)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from agreegate.domain.actor import Actor
from agreegate.domain.confirmation import Confirmation
from agreegate.domain.errors import AuditTooOld, InvalidParameter

SHOWN = timedelta(days=30)
"""The window when none is asked for."""
OLDEST = timedelta(days=90)
"""How far back a window may begin."""

RESOURCE_TYPES = frozenset(
    {
        "agreement",
        "application",
        "application_credential",
        "customer",
        "customer_user",
        "license",
        "mpn_association",
        "order",
        "partner_relationship",
        "partner_user",
        "subscription",
        "third_party_add_on",
        "transfer",
    }
)
"""The contract's: clients type them as an enumeration. Records of anything else are ours alone."""


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
    """What a `create_agreement` recorded, joined when read, so that contacts live in one place only."""


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
        AuditTooOld: it begins or ends more than 90 days ago.
        InvalidParameter: it ends before it begins.
    """
    oldest = now.replace(hour=0, minute=0, second=0, microsecond=0) - OLDEST
    begins = max((end or now) - SHOWN, oldest) if start is None else start
    if begins < oldest or (end is not None and end < oldest):
        raise AuditTooOld(days=OLDEST.days)
    if end is not None and end < begins:
        raise InvalidParameter(name="end")
    return AuditWindow(begins, end)
