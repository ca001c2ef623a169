"""Confirm a customer's acceptance, and read what was confirmed."""

from agreegate.domain.actor import Actor, UserId
from agreegate.domain.agreement import AgreementTemplate, AgreementType
from agreegate.domain.confirmation import (
    Collection,
    Confirmation,
    ConfirmationId,
    Draft,
    Employee,
    Repeated,
    check_draft,
    check_duplicate,
    checked_collection,
    checked_contact,
    checked_employee,
)
from agreegate.domain.errors import (
    FeatureAbsent,
    InvalidProperty,
    NoRelationship,
    NotDesignated,
    NotFound,
    RelationshipOver,
    ResellerNotLinked,
    TemplateUnknown,
    UserNotOfPartner,
    UserRequired,
)
from agreegate.domain.partner import PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.warning import AcceptorWarning, warnings
from agreegate.services.accepted_text import text_confirmed, text_of
from agreegate.services.call import Call
from agreegate.services.clock import require_clock
from agreegate.storage.accepted_text import add_accepted_text
from agreegate.storage.audit import add_audit_record
from agreegate.storage.confirmation import (
    add_collection,
    add_confirmation,
    add_employee,
    add_warning,
    confirmation_at,
    counting_confirmations,
    current_confirmation,
    make_current,
    next_sequence,
    of_present_period,
    without_employee,
)
from agreegate.storage.page import NEWEST, Page, Wanted
from agreegate.storage.partner import has_reseller, mail_domains, roles_of, users_named
from agreegate.storage.standing import relationship_since, standing_of
from agreegate.storage.unit_of_work import UnitOfWork


async def confirm(
    uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, draft: Draft, call: Call
) -> Confirmation:
    """Record that the customer accepted. The record counts from this unit of work on, on both channels (R41).

    A correction is the same again: the newest one counts, the older ones stay (R17, R27). What speaks against the
    acceptor is kept beside it on both channels; it refuses nothing (R24, X14).

    Raises:
        FeatureAbsent: before the programme starts (R1).
        NoRelationship: the customer is not one of this partner's (D18).
        InvalidProperty, InvalidEmail, AgreedInFuture, TemplateUnknown, TemplateRetired, UserNotOfPartner,
        NotDesignated, ResellerNotLinked, VersionUnknown, AlreadyConfirmed: the data breaks a rule.
    """
    if not programme.exists(uow.now):
        raise FeatureAbsent
    partner = actor.partner.id
    relationship = await relationship_since(uow, partner, customer)
    if relationship is None:
        raise NoRelationship(partner=partner, customer=customer)
    contact = checked_contact(draft.contact)
    employee = None if draft.employee is None else checked_employee(draft.employee)
    template = programme.template(draft.template_id)
    if template is None:
        raise TemplateUnknown(name="templateId")
    check_draft(draft, template, uow.now)
    collection = None if draft.collection is None else await _collection(uow, actor, draft.collection)
    user = await _confirming_user(uow, actor, draft)
    if employee is not None and not await _designated(uow, actor, frozenset({user, actor.recorded_by})):
        raise NotDesignated(name="confirmedBy")
    text = await text_confirmed(uow, actor, customer, draft)
    check_duplicate(contact, text, await _repeated(uow, actor, customer, template), template, uow.now)

    confirmation = Confirmation(
        id=ConfirmationId(uow.new_id()),
        sequence=await next_sequence(uow, partner, customer),
        template_id=template.id,
        agreement_type=template.agreement_type,
        date_agreed=draft.date_agreed,
        contact=contact,
        user_id=user,
        recorded_by=actor.recorded_by,
        channel=actor.channel,
        recorded_at=uow.now,
        request_id=call.request_id,
        confirmed_by=employee,
    )
    await add_confirmation(uow, partner, customer, relationship[0], confirmation)
    if collection is not None:
        await add_collection(uow, partner, customer, confirmation.sequence, collection)
    if text is not None:
        await add_accepted_text(uow, partner, customer, confirmation.sequence, text)
    for warning in await acceptor_warnings(uow, actor, contact.email, employee):
        await add_warning(uow, partner, customer, confirmation.sequence, warning)
    await make_current(uow, partner, customer, template.agreement_type, confirmation.sequence)
    await add_audit_record(
        uow,
        actor,
        "create_agreement",
        "agreement",
        customer=customer,
        resource_id=confirmation.id,
        correlation_id=call.correlation_id,
    )
    return confirmation


async def _repeated(uow: UnitOfWork, actor: Actor, customer: str, template: AgreementTemplate) -> Repeated | None:
    """The current confirmation of this very template, as another one may repeat it (D17)."""
    if not template.refuses_duplicates(uow.now):
        return None  # it may be repeated as it is: there is nothing to compare
    current = await current_confirmation(uow, actor.partner.id, customer, template.agreement_type)
    if current is None or current.template_id != template.id:
        return None
    standing = await standing_of(uow, actor.partner.id, customer)
    outdated = any(one.sequence == current.sequence and one.outdated_since is not None for one in standing.current)
    return Repeated(current.contact, await text_of(uow, actor, customer, current), outdated)


async def acceptor_warnings(
    uow: UnitOfWork, actor: Actor, email: str, employee: Employee | None
) -> tuple[AcceptorWarning, ...]:
    """What speaks against the address of whoever accepted: that it is of the partner's side (R24, X14).

    Args:
        employee: who really confirms, where a designated account is used (R28).
    """
    own, resellers = await mail_domains(uow, actor.partner.id)
    return warnings(email, own, resellers, (actor.user_name, None if employee is None else employee.email))


async def list_confirmations(
    uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, agreement_type: AgreementType | None
) -> list[Confirmation]:
    """The partner's own confirmations that still count or were superseded by a newer one, newest first (X7, R26).

    Args:
        agreement_type: only of this type; None: of every type.

    Raises:
        FeatureAbsent, NoRelationship.
    """
    if not programme.exists(uow.now):
        raise FeatureAbsent
    partner = actor.partner.id
    if await relationship_since(uow, partner, customer) is None:
        raise NoRelationship(partner=partner, customer=customer)
    found = await counting_confirmations(uow, partner, customer)
    return [c for c in found if agreement_type is None or c.agreement_type == agreement_type]


async def state_employee(
    uow: UnitOfWork, actor: Actor, confirmation_id: str, employee: Employee, call: Call | None = None
) -> Employee:
    """State which employee stands behind a confirmation by a designated account, or correct what was stated (R28).

    The newest statement is shown, and all of them are kept. One that says the same again adds nothing.

    Args:
        call: its correlation id goes into the audit record.

    Returns:
        the employee as it is kept.

    Raises:
        ClockBehind.
        InvalidProperty, InvalidEmail: the employee is not of the form of one.
        NotFound: the partner has no such confirmation.
        RelationshipOver: the relationship in which it was recorded has ended.
        NotDesignated: the account that confirmed is not a designated one today.
    """
    await require_clock(uow, actor.partner.id)
    checked = checked_employee(employee)
    customer, confirmation = await behind_designated_account(uow, actor, confirmation_id)
    if confirmation.confirmed_by != checked:
        await add_employee(uow, actor.partner.id, customer, confirmation.sequence, checked, actor.recorded_by)
        await add_audit_record(
            uow,
            actor,
            "update_agreement",
            "agreement",
            customer=customer,
            resource_id=confirmation.id,
            correlation_id=None if call is None else call.correlation_id,
        )
    return checked


async def behind_designated_account(uow: UnitOfWork, actor: Actor, confirmation_id: str) -> tuple[str, Confirmation]:
    """A confirmation whose employee can be stated, with the customer it is of.

    Raises:
        NotFound, RelationshipOver, NotDesignated: see `state_employee`.
    """
    found = await confirmation_at(uow, actor.partner.id, confirmation_id)
    if found is None:
        raise NotFound
    if not await of_present_period(uow, actor.partner.id, confirmation_id):
        raise RelationshipOver
    if not await _designated(uow, actor, frozenset({found[1].user_id})):
        raise NotDesignated(name="confirmationId")
    return found


async def list_without_employee(uow: UnitOfWork, actor: Actor, wanted: Wanted = NEWEST) -> Page[tuple[str, str, str]]:
    """Confirmations by designated accounts whose real employee is unknown (R28), newest first; see `without_employee`."""
    return await without_employee(uow, actor.partner.id, wanted)


async def _collection(uow: UnitOfWork, actor: Actor, collection: Collection) -> Collection:
    """Through whom the data came, if the caller is a provider and the reseller one of its own (R22, R23)."""
    if actor.partner.kind is not PartnerKind.INDIRECT_PROVIDER:
        raise InvalidProperty(name="collectedThrough")
    checked = checked_collection(collection, uow.now)
    if not await has_reseller(uow, actor.partner.id, checked.reseller_id):
        raise ResellerNotLinked(name="collectedThrough.reseller")
    return checked


async def _designated(uow: UnitOfWork, actor: Actor, users: frozenset[str]) -> bool:
    """Whether each of these users of the partner is a designated account today."""
    known = await users_named(uow, actor.partner.id, users)
    return all(user in known and known[user].designated for user in users)


async def _confirming_user(uow: UnitOfWork, actor: Actor, draft: Draft) -> UserId:
    """The user named, if it is one of the partner's; else the caller (X8)."""
    user = draft.user_id or actor.user_id
    if user is None:
        raise UserRequired
    if user != actor.user_id and await roles_of(uow, actor.partner.id, user) is None:
        raise UserNotOfPartner(user=user)
    return user
