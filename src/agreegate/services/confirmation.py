"""Record and list confirmations."""

from agreegate.domain.actor import Actor
from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.confirmation import (
    Confirmation,
    Draft,
    Employee,
    Facts,
    Repeated,
    violations_of,
    violations_of_employee,
)
from agreegate.domain.error import Rejected
from agreegate.domain.fact import EmployeeStated, confirmation_of
from agreegate.domain.partner import PartnerId, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.warning import AcceptorWarning, warnings
from agreegate.services.agreements.accepted_text import text_of
from agreegate.services.clock import require_clock
from agreegate.services.customers.relationship import require_relationship
from agreegate.services.idempotency import IdempotentCall
from agreegate.storage.agreements.text import lock_texts, text_versions_in
from agreegate.storage.confirmation import (
    ServedCustomer,
    confirmation_at,
    confirmations_of,
    direct_acceptances,
    of_present_period,
    served_customer,
    without_employee,
)
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.customers.standing import standing_of
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import NEWEST, Page, PageRequest
from agreegate.storage.partner import has_reseller, mail_domains, roles_of, users_named
from agreegate.storage.record import next_sequence, record

CUSTOMER_AGREEMENT = "MicrosoftCustomerAgreement"
"""The only type that a customer can accept without a partner; the operation's path names it."""


async def confirm(
    uow: UnitOfWork, call: IdempotentCall, programme: Programme, customer: str, draft: Draft
) -> Confirmation:
    """Record that the customer accepted. The confirmation counts at once, on both channels (R41).

    A correction is another confirmation: the newest one counts, the older ones stay (R17, R27). Warnings about the acceptor
    are recorded beside it, and refuse nothing (R24, X14).

    Raises:
        `confirmation.feature-absent`: before the programme starts (R1).
        `relationship.missing`: the customer is not one of this partner's (decision 0018).
        Rejected: the first of `violations_of`.
    """
    await lock_customers(uow, call.actor.partner.id, customer)
    programme.require(uow.now)
    await lock_texts(uow, draft.template_id)
    facts = await read_facts(uow, call.actor, programme, customer, draft)
    if violations := violations_of(draft, facts):
        raise violations[0]
    sequence = await next_sequence(uow, call.actor.partner.id, customer)
    fact = confirmation_of(draft, facts, call.actor, customer, uow.new_id(), sequence, call.request_id)
    await record(uow, call.actor, fact, correlation_id=call.correlation_id)
    return fact.counting.confirmation


async def read_facts(uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, draft: Draft) -> Facts:
    """Read the facts that the rules compare with this draft.

    Raises:
        `relationship.missing`.
    """
    partner, template, user = actor.partner.id, programme.template(draft.template_id), draft.user_id or actor.user_id
    served = await served_customer(uow, partner, customer, template)
    if served is None:
        raise Rejected("relationship.missing", partner=partner, customer=customer)
    published = None
    if template is not None and (draft.version is not None or served.texts_in_effect):
        published = await text_versions_in(uow, template.id, served.country)
    current = None
    if template is not None and template.refuses_duplicates(uow.now) and served.current is not None:
        current = await _repeated(uow, actor, customer, draft, template, served)
    known = user is None or user == actor.user_id or await roles_of(uow, partner, user) is not None
    accounts = frozenset({actor.recorded_by} if user is None else {user, actor.recorded_by})
    partner_domains, reseller_domains = await mail_domains(uow, partner)
    return Facts(
        uow.now,
        template,
        user,
        user_known=known,
        designated=draft.employee is not None and await _designated(uow, actor, accounts),
        resellers=None if draft.collection is None else await _resellers(uow, actor, draft.collection.reseller_id),
        published=published,
        country=served.country,
        language=served.language,
        current=current,
        period=served.period,
        no_longer_agrees_at=served.no_longer_agrees_at,
        partner_domains=partner_domains,
        reseller_domains=reseller_domains,
    )


async def _repeated(
    uow: UnitOfWork, actor: Actor, customer: str, draft: Draft, template: AgreementTemplate, served: ServedCustomer
) -> Repeated | None:
    """Return the current confirmation of this template, for a comparison with a duplicate (decision 0017).

    The text, and whether it is outdated, are read only if the contact is the same.
    """
    current = served.current
    if current is None or current.template_id != template.id:
        return None
    if current.contact != draft.contact.stripped():
        return Repeated(current.contact)
    standing = await standing_of(uow, actor.partner.id, customer)
    outdated = any(one.sequence == current.sequence and one.outdated_since is not None for one in standing.current)
    return Repeated(current.contact, await text_of(uow, actor, customer, current), outdated)


async def acceptor_warnings(
    uow: UnitOfWork, actor: Actor, email: str, employee: Employee | None
) -> tuple[AcceptorWarning, ...]:
    """Return the warnings about the e-mail address of the person who accepted (R24, X14).

    Args:
        employee: who confirms with a designated account (R28).
    """
    partner_domains, resellers = await mail_domains(uow, actor.partner.id)
    return warnings(email, partner_domains, resellers, (actor.user_name, None if employee is None else employee.email))


async def list_confirmations(uow: UnitOfWork, actor: Actor, programme: Programme, customer: str) -> list[Confirmation]:
    """Return the partner's confirmations that count or were replaced by a newer one, newest first (X7, R26).

    Raises:
        `confirmation.feature-absent`, `relationship.missing`.
    """
    programme.require(uow.now)
    await require_relationship(uow, actor, customer)
    return await confirmations_of(uow, actor.partner.id, customer, counting=True)


async def state_employee(uow: UnitOfWork, call: IdempotentCall, confirmation_id: str, employee: Employee) -> Employee:
    """State the employee behind a confirmation by a designated account, or correct the statement (R28).

    Every statement is kept, and the newest is shown. The same statement again adds nothing.

    Returns:
        The employee without surrounding blanks.

    Raises:
        `clock.behind`.
        `request.invalid-property`, `confirmation.invalid-email`: see `violations_of_employee`.
        `request.not-found`, `confirmation.relationship-over`, `confirmation.not-designated`: see `behind_designated_account`.
    """
    if (known := await confirmation_at(uow, call.actor.partner.id, confirmation_id)) is not None:
        customer, _ = known
        await lock_customers(uow, call.actor.partner.id, customer)
    await require_clock(uow, call.actor.partner.id)
    for violation in violations_of_employee(employee):
        raise violation
    checked = employee.stripped()
    customer, confirmation = await behind_designated_account(uow, call.actor, confirmation_id)
    if confirmation.confirmed_by != checked:
        fact = EmployeeStated(customer, confirmation.id, checked, call.actor.recorded_by)
        await record(uow, call.actor, fact, correlation_id=call.correlation_id)
    return checked


async def behind_designated_account(uow: UnitOfWork, actor: Actor, confirmation_id: str) -> tuple[str, Confirmation]:
    """Return a confirmation whose employee can be stated, after its customer.

    Raises:
        `request.not-found`: the partner has no such confirmation.
        `confirmation.relationship-over`: its relationship period has ended.
        `confirmation.not-designated`: the account that confirmed is not a designated one today.
    """
    found = await confirmation_at(uow, actor.partner.id, confirmation_id)
    if found is None:
        raise Rejected("request.not-found")
    customer, confirmation = found
    if not await of_present_period(uow, actor.partner.id, confirmation_id):
        raise Rejected("confirmation.relationship-over")
    if not await _designated(uow, actor, frozenset({confirmation.user_id})):
        raise Rejected("confirmation.not-designated", name="confirmation_id")
    return customer, confirmation


async def list_without_employee(
    uow: UnitOfWork, actor: Actor, page_request: PageRequest = NEWEST
) -> Page[tuple[str, str, str]]:
    """Return a page of confirmations by designated accounts without an employee (R28), newest first: see `without_employee`."""
    return await without_employee(uow, actor.partner.id, page_request)


async def signed_directly(uow: UnitOfWork, actor: Actor, programme: Programme, customer: str) -> bool:
    """Return whether the customer signed the Customer Agreement directly, which opens no gate and is in no list (contract 4.3).

    Raises:
        `confirmation.feature-absent`: before the programme starts.
        `relationship.missing`: the customer is not one of this partner's (decision 0018).
    """
    programme.require(uow.now)
    await require_relationship(uow, actor, customer)
    return CUSTOMER_AGREEMENT in await direct_acceptances(uow, actor.partner.id, customer)


async def _resellers(uow: UnitOfWork, actor: Actor, reseller: PartnerId) -> frozenset[PartnerId] | None:
    """Return the reseller if it is linked; None: the caller is no provider."""
    if actor.partner.kind is not PartnerKind.INDIRECT_PROVIDER:
        return None
    return frozenset({reseller}) if await has_reseller(uow, actor.partner.id, reseller) else frozenset()


async def _designated(uow: UnitOfWork, actor: Actor, users: frozenset[str]) -> bool:
    """Return whether all these users of the partner are designated accounts today."""
    known = await users_named(uow, actor.partner.id, users)
    return all(user in known and known[user].designated for user in users)
