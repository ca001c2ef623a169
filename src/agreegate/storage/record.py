"""The only writer of the record: facts about customers, with everything that follows from each fact."""

from typing import assert_never

from agreegate.domain.actor import Actor
from agreegate.domain.agreements.accepted_text import AcceptedText
from agreegate.domain.confirmation import Confirmation, EndReason, PrimaryContact
from agreegate.domain.fact import (
    AgreementEnded,
    ConfirmationRecorded,
    Counting,
    EmployeeStated,
    Fact,
    ResourceChanged,
    TransactionDecided,
)
from agreegate.domain.partner import PartnerId
from agreegate.storage.audit import add_audit_record
from agreegate.storage.clock import note_recorded
from agreegate.storage.customers.standing import UNKNOWN_TEXT
from agreegate.storage.decision import add_decision
from agreegate.storage.engine.unit_of_work import UnitOfWork, maybe_micros, to_micros
from agreegate.storage.row import insert, number_of, update


async def record(uow: UnitOfWork, actor: Actor, *facts: Fact, correlation_id: str | None = None) -> None:
    """Write facts and what follows from each: the confirmation that counts, the newest instant, the audit record.

    Args:
        correlation_id: the call's, for the audit records.
    """
    for fact in facts:
        change: ResourceChanged | None
        match fact:
            case ConfirmationRecorded():
                change = await _confirm(uow, actor, fact)
            case EmployeeStated():
                change = await _state_employee(uow, actor.partner.id, fact)
            case AgreementEnded():
                change = await _end(uow, actor, fact)
            case TransactionDecided():
                await note_recorded(uow, actor.partner.id)
                await add_decision(uow, actor, fact)
                change = None
            case ResourceChanged():
                change = fact
            case _:
                assert_never(fact)
        if change is not None:
            await add_audit_record(uow, actor, change, correlation_id)


async def next_sequence(uow: UnitOfWork, partner: PartnerId, customer: str) -> int:
    """Take the next sequence in a customer's history. The changed row makes concurrent writers wait for each other."""
    return await number_of(
        uow,
        "insert into customer_sequence (partner_id, customer_id, last_sequence) values ($1, $2, 1)"
        " on conflict (partner_id, customer_id) do update set last_sequence = customer_sequence.last_sequence + 1"
        " returning last_sequence",
        partner,
        customer,
    )


async def _confirm(uow: UnitOfWork, actor: Actor, fact: ConfirmationRecorded) -> ResourceChanged:
    partner, confirmation = actor.partner.id, fact.counting.confirmation
    await note_recorded(uow, partner)
    [(number,)] = await uow.fetch_all(
        "insert into confirmation (partner_id, customer_id, sequence, confirmation_id, period, template_id,"
        " agreement_type, date_agreed_at, user_id, recorded_by, channel, request_id, recorded_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning number",
        partner,
        fact.customer,
        confirmation.sequence,
        confirmation.id,
        fact.counting.period,
        confirmation.template_id,
        confirmation.agreement_type,
        to_micros(confirmation.date_agreed),
        confirmation.user_id,
        confirmation.recorded_by,
        confirmation.channel,
        confirmation.request_id,
        to_micros(confirmation.recorded_at),
    )
    if confirmation.contact is not None:
        await _add_contact(uow, number, confirmation.contact)
    if confirmation.confirmed_by is not None:
        stated = EmployeeStated(fact.customer, confirmation.id, confirmation.confirmed_by, confirmation.recorded_by)
        await _state_employee(uow, partner, stated)
    if fact.collection is not None:
        await uow.execute(
            "insert into confirmation_collection (confirmation_number, reseller_id, person, collected_at)"
            " values ($1, $2, $3, $4)",
            number,
            fact.collection.reseller_id,
            fact.collection.person,
            to_micros(fact.collection.collected_on),
        )
    if fact.counting.text is not None:
        await _add_text(uow, number, fact.counting.text)
    for warning in fact.warnings:
        await uow.execute(
            "insert into confirmation_warning (confirmation_number, warning) values ($1, $2)", number, warning
        )
    await _make_current(uow, partner, fact.customer, fact.counting)
    return ResourceChanged("record_confirmation", "confirmation", fact.customer, confirmation.id)


async def _add_contact(uow: UnitOfWork, number: int, contact: PrimaryContact) -> None:
    await uow.execute(
        "insert into confirmation_contact (confirmation_number, first_name, last_name, email, phone)"
        " values ($1, $2, $3, $4, $5)",
        number,
        contact.first_name,
        contact.last_name,
        contact.email,
        contact.phone,
    )


async def _add_text(uow: UnitOfWork, number: int, text: AcceptedText) -> None:
    locale = text.locale
    await uow.execute(
        "insert into confirmation_text (confirmation_number, basis, version_id, country, language, digest)"
        " values ($1, $2, $3, $4, $5, $6)",
        number,
        text.basis,
        text.version_id,
        None if locale is None else locale.country,
        None if locale is None else locale.language,
        text.digest,
    )


async def _state_employee(uow: UnitOfWork, partner: PartnerId, fact: EmployeeStated) -> ResourceChanged:
    await uow.execute(
        "insert into confirmation_employee (confirmation_number, name, email, reference, stated_by, stated_at)"
        " select number, $3, $4, $5, $6, $7 from confirmation where partner_id = $1 and confirmation_id = $2",
        partner,
        fact.confirmation,
        fact.employee.name,
        fact.employee.email,
        fact.employee.reference,
        fact.stated_by,
        to_micros(uow.now),
    )
    return ResourceChanged("state_employee", "confirmation", fact.customer, fact.confirmation)


async def _end(uow: UnitOfWork, actor: Actor, fact: AgreementEnded) -> ResourceChanged:
    partner, ending, voided = actor.partner.id, fact.ending, fact.voided
    await clear_current(uow, partner, fact.customer, voided)
    if ending.reason is EndReason.NO_LONGER_AGREES:
        await update(  # it outlives the relationship period
            uow,
            "relationship",
            {"partner_id": partner, "customer_id": fact.customer},
            no_longer_agrees_at=to_micros(ending.recorded_at),
            no_longer_agrees_sequence=ending.sequence,
        )
    await note_recorded(uow, partner)
    await insert(
        uow,
        "ending",
        partner_id=partner,
        customer_id=fact.customer,
        sequence=ending.sequence,
        ending_id=ending.id,
        period=fact.period,
        reason=ending.reason,
        confirmation_sequence=None if voided is None else voided.sequence,
        note=ending.note,
        recorded_by=ending.recorded_by,
        channel=ending.channel,
        recorded_at=to_micros(ending.recorded_at),
    )
    if fact.counting is not None:
        await _make_current(uow, partner, fact.customer, fact.counting)
    return ResourceChanged("end_confirmation", "confirmation", fact.customer, ending.id)


async def _make_current(uow: UnitOfWork, partner: PartnerId, customer: str, counting: Counting) -> None:
    confirmation, (text_at, text_number) = counting.confirmation, counting.rank
    await uow.execute(
        "insert into current_confirmation (partner_id, customer_id, agreement_type, period, sequence, template_id,"
        " date_agreed_at, recorded_at, no_longer_agrees_at, text_at, text_number)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " on conflict (partner_id, customer_id, agreement_type) do update set period = excluded.period,"
        " sequence = excluded.sequence, template_id = excluded.template_id, date_agreed_at = excluded.date_agreed_at,"
        " recorded_at = excluded.recorded_at, no_longer_agrees_at = excluded.no_longer_agrees_at, text_at = excluded.text_at,"
        " text_number = excluded.text_number",
        partner,
        customer,
        confirmation.agreement_type,
        counting.period,
        confirmation.sequence,
        confirmation.template_id,
        to_micros(confirmation.date_agreed),
        to_micros(confirmation.recorded_at),
        maybe_micros(counting.no_longer_agrees_at),
        to_micros(text_at),
        UNKNOWN_TEXT if text_number is None else text_number,
    )


async def clear_current(uow: UnitOfWork, partner: PartnerId, customer: str, voided: Confirmation | None = None) -> None:
    """Stop a confirmation from counting; None: all confirmations of the customer."""
    await uow.execute(
        "delete from current_confirmation where partner_id = $1 and customer_id = $2 and sequence = coalesce($3, sequence)",
        partner,
        customer,
        None if voided is None else voided.sequence,
    )
