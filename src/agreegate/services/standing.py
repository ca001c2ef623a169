"""Show a customer's standing with its history; void a confirmation; record that a customer no longer agrees (R27, R47, R48)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.actor import Actor
from agreegate.domain.agreements.accepted_text import AcceptedText
from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.confirmation import (
    NOTE_LENGTH,
    Collection,
    Confirmation,
    Ending,
    EndReason,
)
from agreegate.domain.error import Rejected
from agreegate.domain.fact import AgreementEnded, Counting
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.standing import Endings, State, state_of, state_of_type
from agreegate.domain.warning import AcceptorWarning
from agreegate.services.customers.relationship import require_relationship
from agreegate.services.idempotency import IdempotentCall
from agreegate.storage.agreements.accepted_text import accepted_text_of, accepted_texts_of
from agreegate.storage.confirmation import (
    LAST,
    collections_of,
    confirmation_at,
    current_confirmation,
    warnings_of,
)
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.customers.standing import OpenRelationship, standing_of
from agreegate.storage.engine.unit_of_work import UnitOfWork, from_micros, maybe_instant
from agreegate.storage.history import (
    confirmation_of,
    confirmations_page,
    ended_by_no_longer_agreeing,
    endings_about,
    newer_than,
    newest_counting,
    no_longer_agrees_between,
)
from agreegate.storage.pagination import LARGEST, NEWEST, Page, PageRequest
from agreegate.storage.record import next_sequence, record


@dataclass(frozen=True, slots=True)
class Recorded:
    """A confirmation with what ended it and what was recorded beside it."""

    confirmation: Confirmation
    ended_by: Ending | None
    collection: Collection | None = None
    """The reseller that gave an indirect provider the data, where the provider stated it (R23)."""
    warnings: tuple[AcceptorWarning, ...] = ()
    """The warnings about the acceptor at the recording (X14)."""
    text: AcceptedText | None = None
    """The accepted text (R38); None: no text was in force at the recording."""


@dataclass(frozen=True, slots=True)
class AgreementStanding:
    """One agreement type of one customer."""

    template: AgreementTemplate
    state: State
    current: Recorded | None
    """The confirmation that counts."""
    history: tuple[Recorded, ...]
    """The confirmations on the page of the history, of every relationship period, newest first."""
    outdated_since: datetime | None = None
    """Since when a newer major text binds the customer (R34)."""
    renew_by: datetime | None = None
    """The instant before which the newer text must be confirmed; None: before the next new order (R37), or nothing is due."""

    @property
    def confirmation(self) -> Confirmation | None:
        """The confirmation that counts."""
        return None if self.current is None else self.current.confirmation


@dataclass(frozen=True, slots=True)
class CustomerStanding:
    """A customer's standing today with one partner, and a page of the history."""

    customer_id: str
    relationship_since: datetime
    state: State | None
    """The one state of the customer; None in a national cloud (R31)."""
    agreements: tuple[AgreementStanding, ...]
    no_longer_agreed: tuple[Ending, ...]
    """The records on the page of the history that the customer no longer agreed, newest first."""
    no_longer_agrees: Ending | None
    """The newest such record of all."""
    page: Page[Confirmation]
    """The page of the history: confirmations of every type, newest first."""


async def show_standing(
    uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, page_request: PageRequest = NEWEST
) -> CustomerStanding:
    """Return a customer's standing.

    Args:
        page_request: the page of the history.

    Raises:
        `confirmation.feature-absent`, `relationship.missing`.
    """
    programme.require(uow.now)
    partner, relationship = actor.partner.id, await require_relationship(uow, actor, customer)
    page = await confirmations_page(uow, partner, customer, page_request)
    history = await _recorded(uow, partner, customer, page.items)
    known = await standing_of(uow, partner, customer)
    counting = known.current
    no_longer_agrees = next(iter(await no_longer_agrees_between(uow, partner, customer, 0, LAST, 1)), None)
    agreements = []
    for template in programme.templates:
        kind = template.agreement_type
        of_kind = tuple(one for one in history if one.confirmation.agreement_type == kind)
        current = next((one for one in counting if one.agreement_type == kind), None)
        if current is None:
            ended = no_longer_agrees is not None and await ended_by_no_longer_agreeing(uow, partner, customer, kind)
            state = state_of_type(known, programme, template, uow.now, ended=ended)
            agreements.append(AgreementStanding(template, state, None, of_kind))
        else:
            counts = next((one for one in of_kind if one.confirmation.sequence == current.sequence), None)
            if counts is None:
                found = await confirmation_of(uow, partner, customer, current.sequence)
                counts = next(iter(await _recorded(uow, partner, customer, [found] if found else [])), None)
            agreements.append(
                AgreementStanding(template, current.state, counts, of_kind, current.outdated_since, current.renew_by)
            )
    newer = LAST if page.first is None else await newer_than(uow, partner, customer, int(page.first[0]))
    older = int(page.last[0]) if page.last is not None and page.more_after else 0
    no_longer_agreed = tuple(await no_longer_agrees_between(uow, partner, customer, older, newer, 2 * LARGEST))
    overall = state_of(known, programme, actor.partner.cloud, uow.now)
    since = from_micros(relationship.started_at)
    return CustomerStanding(customer, since, overall, tuple(agreements), no_longer_agreed, no_longer_agrees, page)


async def show_recorded(
    uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, confirmation: str
) -> Recorded:
    """Return one confirmation of the customer, with what was recorded beside it.

    Raises:
        `confirmation.feature-absent`, `relationship.missing`.
        `request.not-found`: the partner recorded no such confirmation for this customer.
    """
    programme.require(uow.now)
    await require_relationship(uow, actor, customer)
    found = await confirmation_at(uow, actor.partner.id, confirmation)
    owner, kept = found or (None, None)
    if kept is None or owner != customer:
        raise Rejected("request.not-found")
    [recorded] = await _recorded(uow, actor.partner.id, customer, [kept])
    return recorded


async def _recorded(
    uow: UnitOfWork, partner: PartnerId, customer: str, confirmations: Sequence[Confirmation]
) -> tuple[Recorded, ...]:
    """Return successive confirmations, newest first, with what was recorded beside each."""
    if not confirmations:
        return ()
    first, last = confirmations[-1].sequence, confirmations[0].sequence
    ended = Endings(await endings_about(uow, partner, customer, first, last))
    collections = await collections_of(uow, partner, customer, first, last)
    warned = await warnings_of(uow, partner, customer, first, last)
    texts = await accepted_texts_of(uow, partner, customer, first, last)
    return tuple(
        Recorded(
            one,
            ended.first_of(one),
            collections.get(one.sequence),
            warned.get(one.sequence, ()),
            texts.get(one.sequence),
        )
        for one in confirmations
    )


async def record_no_longer_agrees(
    uow: UnitOfWork, call: IdempotentCall, programme: Programme, customer: str, note: str
) -> CustomerStanding:
    """Record that the customer no longer agrees, which ends every agreement type, confirmed or not (R47).

    Raises:
        `confirmation.feature-absent`, `relationship.missing`.
        `confirmation.nothing-to-end`: it is recorded already, and nothing was confirmed since.
    """
    await lock_customers(uow, call.actor.partner.id, customer)
    programme.require(uow.now)
    partner, found = call.actor.partner.id, await require_relationship(uow, call.actor, customer)
    if found.no_longer_agrees_sequence is not None and await newest_counting(uow, partner, customer) is None:
        raise Rejected("confirmation.nothing-to-end")
    await _end(uow, call, customer, found, EndReason.NO_LONGER_AGREES, None, note)
    return await show_standing(uow, call.actor, programme, customer)


async def void_confirmation(
    uow: UnitOfWork, call: IdempotentCall, programme: Programme, customer: str, template_id: str, note: str
) -> CustomerStanding:
    """Void the current confirmation of a template as recorded in error. It stays in the record.

    The confirmation before it counts again, if it is of this relationship period and the customer has agreed since (R17, R47).

    Raises:
        `confirmation.feature-absent`, `relationship.missing`, `confirmation.template-unknown`.
        `confirmation.nothing-to-end`: no confirmation of the template counts.
    """
    await lock_customers(uow, call.actor.partner.id, customer)
    programme.require(uow.now)
    relationship = await require_relationship(uow, call.actor, customer)
    template = programme.template(template_id)
    if template is None:
        raise Rejected("confirmation.template-unknown", name="template_id")
    partner, kind = call.actor.partner.id, template.agreement_type
    current = await current_confirmation(uow, partner, customer, kind)
    if current is None or current.template_id != template.id:
        raise Rejected("confirmation.nothing-to-end")
    await _end(uow, call, customer, relationship, EndReason.RECORDED_IN_ERROR, current, note)
    return await show_standing(uow, call.actor, programme, customer)


async def counts_before(
    uow: UnitOfWork, actor: Actor, customer: str, confirmation: Confirmation
) -> Confirmation | None:
    """Return the confirmation that counts again if this one is voided, if there is one (R17)."""
    return await newest_counting(
        uow, actor.partner.id, customer, confirmation.agreement_type, before=confirmation.sequence
    )


async def _end(
    uow: UnitOfWork,
    call: IdempotentCall,
    customer: str,
    relationship: OpenRelationship,
    reason: EndReason,
    voided: Confirmation | None,
    note: str,
) -> None:
    if len(note) > NOTE_LENGTH or "\x00" in note:
        raise Rejected("request.invalid-property", name="note")
    before = None if voided is None else await counts_before(uow, call.actor, customer, voided)
    ending = Ending(
        id=uow.new_id(),
        sequence=await next_sequence(uow, call.actor.partner.id, customer),
        reason=reason,
        confirmation_id=None if voided is None else voided.id,
        note=note,
        recorded_by=call.actor.recorded_by,
        channel=call.actor.channel,
        recorded_at=uow.now,
    )
    counting = None
    if before is not None:
        text = await accepted_text_of(uow, call.actor.partner.id, customer, before.sequence)
        counting = Counting(before, text, relationship.period, maybe_instant(relationship.no_longer_agrees_at))
    fact = AgreementEnded(customer, relationship.period, ending, voided, counting)
    await record(uow, call.actor, fact, correlation_id=call.correlation_id)
