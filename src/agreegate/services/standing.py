"""What is known of a customer's acceptance, with its history; and how it ends (R27, R47, R48)."""

from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.accepted_text import AcceptedText
from agreegate.domain.actor import Actor
from agreegate.domain.agreement import AgreementTemplate
from agreegate.domain.confirmation import (
    NOTE_LENGTH,
    Collection,
    Confirmation,
    ConfirmationId,
    Ending,
    EndReason,
)
from agreegate.domain.errors import (
    FeatureAbsent,
    InvalidProperty,
    NoRelationship,
    NotFound,
    NothingToEnd,
    TemplateUnknown,
)
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State, ended_by, unconfirmed
from agreegate.domain.warning import AcceptorWarning
from agreegate.services.call import Call
from agreegate.storage.accepted_text import accepted_texts_of
from agreegate.storage.audit import add_audit_record
from agreegate.storage.confirmation import (
    add_ending,
    clear_current,
    collections_of,
    confirmations_of,
    counting_confirmations,
    current_confirmation,
    endings_of,
    make_current,
    next_sequence,
    warnings_of,
)
from agreegate.storage.standing import refuse, relationship_since, standing_of
from agreegate.storage.unit_of_work import UnitOfWork, from_micros


@dataclass(frozen=True, slots=True)
class Recorded:
    """A confirmation in its history: what ended it, if anything did, and what was kept beside it."""

    confirmation: Confirmation
    ended_by: Ending | None
    collection: Collection | None = None
    """Through whom an indirect provider got the data, where it said so (R23)."""
    warnings: tuple[AcceptorWarning, ...] = ()
    """What spoke against the acceptor when it was recorded (X14)."""
    text: AcceptedText | None = None
    """Which text was accepted (R38); None where none was in force when it was recorded."""


@dataclass(frozen=True, slots=True)
class AgreementStanding:
    """One agreement type of one customer."""

    template: AgreementTemplate
    state: State
    confirmation: Confirmation | None
    history: tuple[Recorded, ...]
    """Newest first, every relationship period, ended ones included."""
    outdated_since: datetime | None = None
    """Since when a newer major text binds the customer than the one confirmed (R34)."""
    renew_by: datetime | None = None
    """Before when the newer one must be confirmed; None: before the next new order (R37), or nothing is due."""


@dataclass(frozen=True, slots=True)
class CustomerStanding:
    """Everything known about a customer's acceptance, as one partner recorded it."""

    customer_id: str
    relationship_since: datetime
    agreements: tuple[AgreementStanding, ...]
    refusals: tuple[Ending, ...]
    """When the customer was recorded as no longer agreeing, newest first."""


async def show_standing(uow: UnitOfWork, actor: Actor, programme: Programme, customer: str) -> CustomerStanding:
    """The standing of each agreement type of the programme.

    Raises:
        FeatureAbsent, NoRelationship.
    """
    if not programme.exists(uow.now):
        raise FeatureAbsent
    partner = actor.partner.id
    relationship = await relationship_since(uow, partner, customer)
    if relationship is None:
        raise NoRelationship(partner=partner, customer=customer)
    confirmations = await confirmations_of(uow, partner, customer)
    endings = await endings_of(uow, partner, customer)
    collections, warned = await collections_of(uow, partner, customer), await warnings_of(uow, partner, customer)
    counting = {current.sequence: current for current in (await standing_of(uow, partner, customer)).current}
    texts = await accepted_texts_of(uow, partner, customer)
    refusals = tuple(ending for ending in endings if ending.reason is EndReason.NO_LONGER_AGREES)
    answered = any(c.sequence in counting and programme.has_opened(c.template_id, uow.now) for c in confirmations)
    agreements = []
    for template in programme.templates:
        history = tuple(
            Recorded(
                c,
                ended_by(c, endings),
                collections.get(c.sequence),
                warned.get(c.sequence, ()),
                texts.get(c.sequence),
            )
            for c in confirmations
            if c.agreement_type == template.agreement_type
        )
        confirmation = next((r.confirmation for r in history if r.confirmation.sequence in counting), None)
        if confirmation is None:
            ended = any(r.ended_by in refusals for r in history)
            state = unconfirmed(refused=bool(refusals), answered=answered, ended=ended)
            agreements.append(AgreementStanding(template, state, None, history))
            continue
        current = counting[confirmation.sequence]
        agreements.append(
            AgreementStanding(template, current.state, confirmation, history, current.outdated_since, current.renew_by)
        )
    return CustomerStanding(customer, from_micros(relationship[1]), tuple(agreements), refusals)


async def show_recorded(
    uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, confirmation: Confirmation
) -> Recorded:
    """One confirmation of the customer's, with all that was kept beside it.

    Raises:
        FeatureAbsent, NoRelationship.
        NotFound: the partner recorded no such confirmation for this customer.
    """
    standing = await show_standing(uow, actor, programme, customer)
    for agreement in standing.agreements:
        for recorded in agreement.history:
            if recorded.confirmation.id == confirmation.id:
                return recorded
    raise NotFound


async def record_refusal(
    uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, note: str, call: Call
) -> CustomerStanding:
    """Record that the customer no longer agrees: it ends every agreement type, also when nothing was confirmed (R47).

    Raises:
        FeatureAbsent, NoRelationship.
        NothingToEnd: it is recorded already and nothing was confirmed since.
    """
    period, refused = await _relationship(uow, actor, programme, customer)
    partner = actor.partner.id
    if refused is not None and not await counting_confirmations(uow, partner, customer):
        raise NothingToEnd
    sequence = await next_sequence(uow, partner, customer)
    await clear_current(uow, partner, customer)
    await refuse(uow, partner, customer, sequence)
    await _end(uow, actor, customer, period, sequence, EndReason.NO_LONGER_AGREES, None, note, call)
    return await show_standing(uow, actor, programme, customer)


async def take_back(
    uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, template_id: str, note: str, call: Call
) -> CustomerStanding:
    """Mark the current confirmation of a template as recorded in error. It stays in the record.

    The one before it counts again, if there is one of this relationship period that no refusal has ended (R17, R47).

    Raises:
        FeatureAbsent, NoRelationship, TemplateUnknown.
        NothingToEnd: no confirmation of the template counts.
    """
    period, _ = await _relationship(uow, actor, programme, customer)
    template = programme.template(template_id)
    if template is None:
        raise TemplateUnknown(name="templateId")
    partner, kind = actor.partner.id, template.agreement_type
    wrong = await current_confirmation(uow, partner, customer, kind)
    if wrong is None or wrong.template_id != template.id:
        raise NothingToEnd
    sequence = await next_sequence(uow, partner, customer)
    await clear_current(uow, partner, customer, kind)
    await _end(uow, actor, customer, period, sequence, EndReason.RECORDED_IN_ERROR, wrong, note, call)
    before = next((c for c in await counting_confirmations(uow, partner, customer) if c.agreement_type == kind), None)
    if before is not None:
        await make_current(uow, partner, customer, kind, before.sequence)
    return await show_standing(uow, actor, programme, customer)


async def counts_before(
    uow: UnitOfWork, actor: Actor, customer: str, confirmation: Confirmation
) -> Confirmation | None:
    """What would count if this confirmation were taken back: the one before it, unless a refusal lies between (R17)."""
    counting = await counting_confirmations(uow, actor.partner.id, customer)
    return next(
        (
            one
            for one in counting
            if one.agreement_type == confirmation.agreement_type and one.sequence < confirmation.sequence
        ),
        None,
    )


async def _relationship(uow: UnitOfWork, actor: Actor, programme: Programme, customer: str) -> tuple[int, int | None]:
    if not programme.exists(uow.now):
        raise FeatureAbsent
    row = await relationship_since(uow, actor.partner.id, customer)
    if row is None:
        raise NoRelationship(partner=actor.partner.id, customer=customer)
    return row[0], row[2]


async def _end(
    uow: UnitOfWork,
    actor: Actor,
    customer: str,
    period: int,
    sequence: int,
    reason: EndReason,
    taken_back: Confirmation | None,
    note: str,
    call: Call,
) -> None:
    if len(note) > NOTE_LENGTH or "\x00" in note:
        raise InvalidProperty(name="note")
    ending = Ending(
        id=uow.new_id(),
        sequence=sequence,
        reason=reason,
        confirmation_id=None if taken_back is None else ConfirmationId(taken_back.id),
        note=note,
        recorded_by=actor.recorded_by,
        channel=actor.channel,
        recorded_at=uow.now,
    )
    await add_ending(uow, actor.partner.id, customer, period, ending, taken_back.sequence if taken_back else None)
    await add_audit_record(
        uow,
        actor,
        "delete_agreement",
        "agreement",
        customer=customer,
        resource_id=ending.id,
        correlation_id=call.correlation_id,
    )
