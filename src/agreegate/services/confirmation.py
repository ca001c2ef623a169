"""Confirm a customer's acceptance, and read what was confirmed."""

from agreegate.domain.actor import Actor
from agreegate.domain.agreement import AgreementTemplate, AgreementType
from agreegate.domain.confirmation import (
    Confirmation,
    ConfirmationId,
    Draft,
    Employee,
    Facts,
    Repeated,
    confirmed_text,
    violations_of,
    violations_of_employee,
)
from agreegate.domain.errors import FeatureAbsent, NoRelationship, NotDesignated, NotFound, RelationshipOver
from agreegate.domain.partner import PartnerId, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.warning import AcceptorWarning, warnings
from agreegate.services.accepted_text import text_of
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
from agreegate.storage.customer import locale_of
from agreegate.storage.page import NEWEST, Page, Wanted
from agreegate.storage.partner import has_reseller, mail_domains, roles_of, users_named
from agreegate.storage.standing import relationship_since, standing_of
from agreegate.storage.text import has_text, text_versions_in
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
        Rejected: the first of `violations_of`.
    """
    if not programme.exists(uow.now):
        raise FeatureAbsent
    partner = actor.partner.id
    relationship = await relationship_since(uow, partner, customer)
    if relationship is None:
        raise NoRelationship(partner=partner, customer=customer)
    facts = await read_facts(uow, actor, programme, customer, draft)
    if violations := violations_of(draft, facts):
        raise violations[0]
    template, text, user, agreed = facts.template, confirmed_text(draft, facts), facts.user_id, draft.date_agreed
    assert template is not None and user is not None and agreed is not None  # noqa: S101, PT018 - else it is a violation
    contact, employee = draft.contact.stripped(), None if draft.employee is None else draft.employee.stripped()

    confirmation = Confirmation(
        id=ConfirmationId(uow.new_id()),
        sequence=await next_sequence(uow, partner, customer),
        template_id=template.id,
        agreement_type=template.agreement_type,
        date_agreed=agreed,
        contact=contact,
        user_id=user,
        recorded_by=actor.recorded_by,
        channel=actor.channel,
        recorded_at=uow.now,
        request_id=call.request_id,
        confirmed_by=employee,
    )
    await add_confirmation(uow, partner, customer, relationship[0], confirmation)
    if draft.collection is not None:
        await add_collection(uow, partner, customer, confirmation.sequence, draft.collection.accepted())
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


async def read_facts(uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, draft: Draft) -> Facts:
    """What the rules compare a draft with. Only what this draft is compared with is read."""
    template, user = programme.template(draft.template_id), draft.user_id or actor.user_id
    known = user is None or user == actor.user_id or await roles_of(uow, actor.partner.id, user) is not None
    accounts = frozenset({actor.recorded_by} if user is None else {user, actor.recorded_by})
    where = await locale_of(uow, actor.partner.id, customer)
    published = None
    if (
        where is not None
        and template is not None
        and (draft.version is not None or await has_text(uow, template.id, uow.now))
    ):
        published = await text_versions_in(uow, template.id, where[0])
    country, language = where or ("", "")
    return Facts(
        uow.now,
        template,
        user,
        user_known=known,
        designated=draft.employee is not None and await _designated(uow, actor, accounts),
        resellers=None if draft.collection is None else await _resellers(uow, actor, draft.collection.reseller_id),
        published=published,
        country=country,
        language=language,
        current=None if template is None else await _repeated(uow, actor, customer, template),
    )


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
    for violation in violations_of_employee(employee):
        raise violation
    checked = employee.stripped()
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
        raise NotDesignated(name="confirmation_id")
    return found


async def list_without_employee(uow: UnitOfWork, actor: Actor, wanted: Wanted = NEWEST) -> Page[tuple[str, str, str]]:
    """Confirmations by designated accounts whose real employee is unknown (R28), newest first; see `without_employee`."""
    return await without_employee(uow, actor.partner.id, wanted)


async def _resellers(uow: UnitOfWork, actor: Actor, reseller: PartnerId) -> frozenset[PartnerId] | None:
    """The reseller, if it is one of this provider's; None: the caller is no provider."""
    if actor.partner.kind is not PartnerKind.INDIRECT_PROVIDER:
        return None
    return frozenset({reseller}) if await has_reseller(uow, actor.partner.id, reseller) else frozenset()


async def _designated(uow: UnitOfWork, actor: Actor, users: frozenset[str]) -> bool:
    """Whether each of these users of the partner is a designated account today."""
    known = await users_named(uow, actor.partner.id, users)
    return all(user in known and known[user].designated for user in users)
