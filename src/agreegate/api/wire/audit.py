"""Audit records on the wire (contract 4.12)."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from agreegate.api.instant import written_utc, written_z
from agreegate.api.wire import ObjectType, Wire
from agreegate.api.wire.order import TRANSACTION_TYPES
from agreegate.domain.audit import SHARED, AuditRecord
from agreegate.domain.confirmation import Confirmation
from agreegate.storage.audit import CONTRACT_WORDS
from agreegate.storage.engine.unit_of_work import to_micros

NAMES = {"end": "endDate"}
"""The domain's name of a bound of the window, as the query calls it."""
RESOURCES = {CONTRACT_WORDS.get(one, one): one for one in SHARED}
"""The contract's resource types that records can have, and Agreegate's."""
_MEMBERS = {
    "order": {
        "customer_id": "ReferenceCustomerId",
        "lines": "LineItems",
        "number": "LineItemNumber",
        "parent_id": "ParentSubscriptionId",
        "kind": "TransactionType",
    },
    "subscription": {
        "auto_renew": "AutoRenewEnabled",
        "term": "TermDuration",
        "ends_at": "CommitmentEndDate",
        "partner_id_on_record": "PartnerId",
    },
}
"""Members of recorded values that the contract calls otherwise, by our resource type."""
_TICKS_TO_1970 = 621_355_968_000_000_000
"""Ticks of 100 nanoseconds from the year 1 to 1970: the ids of records end with ticks."""


class KeyValue(Wire):
    """A further fact of a record."""

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
        """Return the record, with the confirmation that it is about."""
        confirmed = record.confirmation
        return cls(
            id=_id(record),
            partner_id=record.partner_id,
            customer_id=record.customer_id,
            customer_name=record.customer_name,
            user_principal_name=record.user_name or record.user_id,
            application_id=record.application_id,
            resource_type=CONTRACT_WORDS.get(record.resource_type, record.resource_type),
            resource_old_value=_value(record, record.old_value),
            resource_new_value=_value(record, record.new_value) if confirmed is None else _agreement(confirmed),
            operation_type=_operation(record),
            original_correlation_id=record.correlation_id,
            operation_date=written_z(record.operation_at),
            operation_status=record.operation_status,
            customized_data=None if confirmed is None else [KeyValue("TemplateId", confirmed.template_id)],
            attributes=ObjectType("AuditRecord"),
        )


class _Pascal(msgspec.Struct, rename="pascal", omit_defaults=True):
    """A resource inside a record, named as the SDK's classes are."""


class _Contact(_Pascal):
    first_name: str
    last_name: str
    email: str
    phone_number: str | None = None


class _Agreement(_Pascal):
    user_id: str
    primary_contact: _Contact | None
    template_id: str
    date_agreed: str
    type: str


def _operation(record: AuditRecord) -> str:
    return CONTRACT_WORDS.get(record.operation_type, record.operation_type)


def _value(record: AuditRecord, text: str | None) -> str | None:
    """Return a recorded value in the contract's names. A value that has them already stays as it was written."""
    recorded = None if text is None else json.loads(text)
    shown = _renamed(recorded, _MEMBERS.get(record.resource_type, {}))
    return text if shown == recorded else json.dumps(shown, separators=(",", ":"))


def _renamed(value: Any, members: Mapping[str, str]) -> Any:
    match value:
        case dict():
            named = {members.get(name) or _pascal(name): _renamed(held, members) for name, held in value.items()}
            kind = named.get("TransactionType")
            return named | {"TransactionType": TRANSACTION_TYPES.get(kind, kind)} if kind else named
        case list():
            return [_renamed(one, members) for one in value]
        case _:
            return value


def _pascal(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def _id(record: AuditRecord) -> str:
    parts = (
        record.partner_id,
        record.customer_id,
        _operation(record).replace("_", ""),
        str(to_micros(record.operation_at) * 10 + _TICKS_TO_1970),
    )
    return "_".join(filter(None, parts))


def _agreement(confirmation: Confirmation) -> str:
    contact = confirmation.contact
    agreement = _Agreement(
        user_id=confirmation.user_id,
        primary_contact=None
        if contact is None
        else _Contact(contact.first_name, contact.last_name, contact.email, contact.phone),
        template_id=confirmation.template_id,
        date_agreed=written_utc(confirmation.date_agreed),
        type=confirmation.agreement_type,
    )
    return msgspec.json.encode(agreement).decode()
