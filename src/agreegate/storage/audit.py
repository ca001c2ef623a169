"""Audit records: who did what to which customer (contract 4.12). Contacts are joined when records are read."""

import json
from collections.abc import Mapping
from dataclasses import replace

from agreegate.domain.actor import Actor
from agreegate.domain.audit import SHARED, AuditField, AuditRecord, AuditSearch, AuditWindow
from agreegate.domain.customers.customer import search_key
from agreegate.domain.fact import ResourceChanged
from agreegate.domain.partner import PartnerId
from agreegate.storage.confirmation import confirmation_at
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, maybe_micros, to_micros
from agreegate.storage.pagination import Listing, Page, PageRequest, page_of
from agreegate.storage.row import reader
from agreegate.storage.statement import Statement

CONTRACT_WORDS = {
    "confirmation": "agreement",
    "record_confirmation": "create_agreement",
    "state_employee": "update_agreement",
    "end_confirmation": "delete_agreement",
    "end_relationship": "remove_partner_customer_relationship",
}
"""Agreegate's resource and operation types that the contract calls otherwise. Old records have the contract's words."""
_PLAIN_WORDS = {word: plain for plain, word in CONTRACT_WORDS.items()}


def present_word(recorded: str) -> str:
    """Return Agreegate's word for a recorded operation type or resource type."""
    return _PLAIN_WORDS.get(recorded, recorded)


_RECORDS = """
    a.audit_id, a.partner_id, a.customer_id, c.company_name, u.user_name, a.user_id,
      a.application_id, a.resource_type, a.operation_type, a.operation_status, a.correlation_id, a.resource_old_value,
      a.resource_new_value, a.operation_at, a.resource_id
    from audit_record a
    left join customer c on c.partner_id = a.partner_id and c.customer_id = a.customer_id
    left join partner_user u on u.partner_id = a.partner_id and u.user_id = a.user_id
    where a.partner_id = $1 and a.resource_type in ({kinds})"""


_as_record = reader(AuditRecord, resource_type=present_word, operation_type=present_word, confirmation=None)


async def _record(uow: UnitOfWork, partner: PartnerId, row: Row) -> AuditRecord:
    *columns, resource_id = row
    record = _as_record((*columns, None))
    if record.operation_type != "record_confirmation" or resource_id is None:
        return record
    _, confirmation = await confirmation_at(uow, partner, resource_id) or (None, None)
    return replace(record, confirmation=confirmation)


async def add_audit_record(uow: UnitOfWork, actor: Actor, change: ResourceChanged, correlation_id: str | None) -> None:
    """Add an audit record of a change; only `record` calls this function.

    Records of one instant are a microsecond apart, in the order of the changes: clients identify a record by its instant.
    """
    await uow.execute(
        "insert into audit_record (partner_id, audit_id, customer_id, resource_type, resource_id, operation_type,"
        " operation_status, user_id, application_id, channel, correlation_id, resource_old_value, resource_new_value,"
        " operation_at) select $1, $2, $3, $4, $5, $6, 'succeeded', $7, $8, $9, $10, $11, $12,"
        " coalesce(max(operation_at) + 1, $13) from audit_record"
        " where partner_id = $1 and operation_at between $13 and $13 + 999",
        actor.partner.id,
        uow.new_id(),
        change.customer,
        change.resource,
        change.resource_id,
        change.operation,
        actor.user_id,
        actor.application_id,
        actor.channel,
        correlation_id,
        _written(change.old_value),
        _written(change.new_value),
        to_micros(uow.now),
    )


async def audit_records_of(
    uow: UnitOfWork, partner: PartnerId, window: AuditWindow, search: AuditSearch | None, page_request: PageRequest
) -> Page[AuditRecord]:
    """Return a page of a partner's records of the contract's resource types, newest first."""
    condition, to = "", Statement(partner)
    if search is not None:
        match search.field:
            case AuditField.COMPANY_NAME:
                condition = f" and {of_company(search.value, to)}"
            case AuditField.CUSTOMER_ID:
                condition = f" and a.customer_id = {to.bind(search.value)}"
            case AuditField.RESOURCE_TYPE:
                recorded = (search.value, CONTRACT_WORDS.get(search.value, search.value))
                condition = f" and a.resource_type in ({to.bind_all(recorded)})"
    listing = Listing(
        _RECORDS.format(kinds=in_records(*SHARED)) + condition,
        "a.operation_at",
        "a.audit_id",
        newest_first=True,
        lower=to_micros(window.start),
        upper=maybe_micros(window.end),
    )
    found = await page_of(uow, tuple, listing, page_request, *to.values)
    return found.holding([await _record(uow, partner, row) for row in found.items])


def of_company(name: str, to: Statement) -> str:
    """SQL: the record `a` is about a customer of the partner $1 whose name contains a text."""
    # The names are read from their index once, not looked up for each record.
    return (
        "a.customer_id in (select k.customer_id from customer k where k.partner_id = $1"
        f" and {to.contains('k.company_key', search_key(name))})"
    )


def in_records(*words: str) -> str:
    """SQL: Agreegate's words and the words that old records have for them, as a list."""
    return ", ".join(f"'{one}'" for one in dict.fromkeys((*words, *(CONTRACT_WORDS.get(word, word) for word in words))))


def _written(value: Mapping[str, object] | None) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"))
