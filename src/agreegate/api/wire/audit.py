"""Audit records on the wire (contract 4.12)."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from agreegate.api.instant import query_date, query_end, written_utc, written_z
from agreegate.api.wire import ObjectType, Wire
from agreegate.domain.audit import AuditRecord
from agreegate.domain.confirmation import Confirmation, PrimaryContact
from agreegate.domain.errors import InvalidParameter
from agreegate.storage.unit_of_work import to_micros

NAMES = {"end": "endDate"}
"""The domain's name of a bound of the window, as the query calls it."""
_TICKS_TO_1970 = 621_355_968_000_000_000
"""Of 100 nanoseconds, since the year 1: what clients' ids of records end with."""


class KeyValue(Wire):
    """One of a record's further facts."""

    key: str
    value: str


class AuditRecordOut(Wire):
    """One record."""

    id: str
    partner_id: str
    resource_type: str
    operation_type: str
    operation_date: str
    operation_status: str
    customer_id: str | None = None
    customer_name: str | None = None
    user_principal_name: str | None = None
    application_id: str | None = None
    resource_old_value: str | None = None
    resource_new_value: str | None = None
    original_correlation_id: str | None = None
    customized_data: list[KeyValue] | None = None
    attributes: ObjectType | None = None

    @classmethod
    def of(cls, record: AuditRecord) -> "AuditRecordOut":
        """The record, what was confirmed in it included."""
        confirmed = record.confirmation
        return cls(
            id=_id(record),
            partner_id=record.partner_id,
            customer_id=record.customer_id,
            customer_name=record.customer_name,
            user_principal_name=record.user_name or record.user_id,
            application_id=record.application_id,
            resource_type=record.resource_type,
            resource_old_value=record.old_value,
            resource_new_value=record.new_value if confirmed is None else _agreement(confirmed),
            operation_type=record.operation_type,
            original_correlation_id=record.correlation_id,
            operation_date=written_z(record.operation_at),
            operation_status=record.operation_status,
            customized_data=None if confirmed is None else [KeyValue("TemplateId", confirmed.template_id)],
            attributes=ObjectType("AuditRecord"),
        )


class _Pascal(msgspec.Struct, rename="pascal", omit_defaults=True):
    """A resource inside a record, spelled as the SDK's classes are."""


class _Contact(_Pascal):
    first_name: str
    last_name: str
    email: str
    phone_number: str | None = None

    @classmethod
    def of(cls, contact: PrimaryContact) -> "_Contact":
        return cls(contact.first_name, contact.last_name, contact.email, contact.phone)


class _Agreement(_Pascal):
    user_id: str
    primary_contact: _Contact | None
    template_id: str
    date_agreed: str
    type: str


def start_date(text: str) -> datetime | None:
    """The instant from which records are asked for; None when none is given.

    Raises:
        InvalidParameter.
    """
    return _asked(text, "startDate", query_date)


def end_date(text: str) -> datetime | None:
    """The first instant after the period that records are asked for; None when none is given.

    Raises:
        InvalidParameter.
    """
    return _asked(text, "endDate", query_end)


def _asked(text: str, name: str, read: Callable[[str], datetime]) -> datetime | None:
    try:
        return read(text) if text else None
    except ValueError:
        raise InvalidParameter(name=name) from None


def _id(record: AuditRecord) -> str:
    parts = (
        record.partner_id,
        record.customer_id,
        record.operation_type.replace("_", ""),
        str(to_micros(record.operation_at) * 10 + _TICKS_TO_1970),
    )
    return "_".join(filter(None, parts))


def _agreement(confirmation: Confirmation) -> str:
    contact = confirmation.contact
    agreement = _Agreement(
        user_id=confirmation.user_id,
        primary_contact=None if contact is None else _Contact.of(contact),
        template_id=confirmation.template_id,
        date_agreed=written_utc(confirmation.date_agreed),
        type=confirmation.agreement_type,
    )
    return msgspec.json.encode(agreement).decode()
