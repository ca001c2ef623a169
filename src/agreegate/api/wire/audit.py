"""Audit records on the wire (contract 4.12)."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from agreegate.api.instant import written_utc, written_z
from agreegate.api.wire import Body, present
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


def record_body(record: AuditRecord) -> Body:
    """Return the record, with the confirmation that it is about."""
    confirmed = record.confirmation
    return present(
        {
            "id": _id(record),
            "partnerId": record.partner_id,
            "resourceType": CONTRACT_WORDS.get(record.resource_type, record.resource_type),
            "operationType": _operation(record),
            "operationDate": written_z(record.operation_at),
            "operationStatus": record.operation_status,
            "customerId": record.customer_id,
            "customerName": record.customer_name,
            "userPrincipalName": record.user_name or record.user_id,
            "applicationId": record.application_id,
            "resourceOldValue": _value(record, record.old_value),
            "resourceNewValue": _value(record, record.new_value) if confirmed is None else _agreement(confirmed),
            "originalCorrelationId": record.correlation_id,
            "customizedData": None if confirmed is None else [{"key": "TemplateId", "value": confirmed.template_id}],
            "attributes": {"objectType": "AuditRecord"},
        }
    )


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
    """Return the confirmation as a text, named as the SDK's classes are."""
    contact = confirmation.contact
    person = contact and {
        "FirstName": contact.first_name,
        "LastName": contact.last_name,
        "Email": contact.email,
        "PhoneNumber": contact.phone,
    }
    agreement = {
        "UserId": confirmation.user_id,
        "PrimaryContact": person and present(person),
        "TemplateId": confirmation.template_id,
        "DateAgreed": written_utc(confirmation.date_agreed),
        "Type": confirmation.agreement_type,
    }
    return msgspec.json.encode(agreement).decode()
