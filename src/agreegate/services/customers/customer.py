"""Create customers, look them up, end and reopen the relationship with them (contract 4.7)."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from agreegate.domain.actor import Actor
from agreegate.domain.customers.customer import (
    SANDBOX_CUSTOMERS,
    BillingContact,
    Customer,
    CustomerDraft,
    CustomerId,
    CustomerSummary,
    Search,
    checked_domain,
    checked_draft,
)
from agreegate.domain.error import Rejected
from agreegate.domain.fact import ResourceChanged
from agreegate.domain.orders.subscription import SubscriptionStatus
from agreegate.domain.partner import Account, Partner, PartnerId, PartnerKind
from agreegate.locales import country_codes
from agreegate.services.idempotency import IdempotentCall
from agreegate.storage.customers.customer import (
    add_customer,
    add_reseller,
    count_customers,
    customer_of,
    customers_of,
    domain_in_use,
    drop_resellers,
    has_copy,
    new_etag,
    resellers_of,
)
from agreegate.storage.customers.relationship import end_relationship, open_relationship
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.orders.subscription import count_subscriptions, save_subscription, subscriptions_of
from agreegate.storage.pagination import Page, PageRequest
from agreegate.storage.partner import has_reseller, linked_resellers
from agreegate.storage.record import record
from agreegate.storage.standing import relationship_since


@dataclass(frozen=True, slots=True)
class ServedCustomer:
    """A customer as the caller may see it."""

    customer: Customer
    reseller: PartnerId | None
    """The reseller it is served through; for a reseller always itself."""


async def create_customer(
    uow: UnitOfWork, actor: Actor, draft: CustomerDraft, reseller: PartnerId | None, call: IdempotentCall
) -> ServedCustomer:
    """Create a customer tenant. It starts without a confirmation: creating is not gated, buying is (R12, R19).

    Args:
        reseller: the linked reseller that will serve it; None: it is the partner's own.

    Raises:
        `request.invalid-property`, `customer.country-unknown`, `customer.country-meant`, `customer.registration-missing`,
            `customer.registration-malformed`, `customer.registration-not-supported`, `customer.phone-missing`: the data.
        `customer.reseller-not-linked`, `customer.domain-taken`, `sandbox.limit`.
    """
    partner = actor.partner
    checked = checked_draft(draft, country_codes(partner.cloud))
    if reseller is not None and not await has_reseller(uow, partner.id, reseller):
        raise Rejected("customer.reseller-not-linked", name="reseller_id")
    if await domain_in_use(uow, checked.domain):
        raise Rejected("customer.domain-taken", name="domain")
    if partner.account is Account.SANDBOX and await count_customers(uow, partner.id) >= SANDBOX_CUSTOMERS:
        raise Rejected("sandbox.limit")
    customer = new_copy(uow, CustomerId(uow.new_id()), checked)
    await relate(uow, partner.id, customer, [] if reseller is None else [reseller])
    change = ResourceChanged("add_customer", "customer", customer.id, customer.id)
    await record(uow, actor, change, correlation_id=call.correlation_id)
    return ServedCustomer(customer, reseller)


def new_copy(uow: UnitOfWork, id_: CustomerId, checked: CustomerDraft) -> Customer:
    """A partner's own copy of a customer, made of a checked draft; nothing is kept yet."""
    return Customer(
        id=id_,
        commerce_id=uow.new_id(),
        company_name=checked.company_name,
        domain=checked.domain,
        country=checked.address.country,
        language=checked.language,
        culture=checked.culture,
        registration_number=checked.registration_number,
        billing=BillingContact(uow.new_id(), new_etag(uow), checked.email, checked.address),
    )


async def relate(uow: UnitOfWork, partner: PartnerId, customer: Customer, resellers: Collection[PartnerId]) -> int:
    """Let the partner serve a customer, new to it or come back; the relationship period that is open then.

    A customer that comes back begins a period without a confirmation, served through the resellers named and no other;
    what the partner already has of it stays as it is. Where a relationship is open, only resellers are added.

    Args:
        resellers: linked ones, through which an indirect provider serves the customer.
    """
    if not await has_copy(uow, partner, customer.id):
        await add_customer(uow, partner, customer)
    elif await relationship_since(uow, partner, customer.id) is None:
        await drop_resellers(uow, partner, customer.id)
    period = await open_relationship(uow, partner, customer.id)
    for reseller in resellers:
        await add_reseller(uow, partner, customer.id, reseller)
    return period


async def get_customer(uow: UnitOfWork, actor: Actor, customer: str) -> ServedCustomer:
    """A customer of the partner, or of one of its providers that the caller, a reseller, serves.

    Raises:
        `relationship.missing`: there is none such, or it is somebody else's: both alike (D18).
    """
    found = await customer_of(uow, actor.partner, customer)
    if found is None:
        raise Rejected("relationship.missing", partner=actor.partner.id, customer=customer)
    return ServedCustomer(*found)


async def list_customers(
    uow: UnitOfWork, actor: Actor, search: Search | None, page_request: PageRequest
) -> Page[CustomerSummary]:
    """A page of the caller's customers, all of them or those that fit the search."""
    return await customers_of(uow, actor.partner, search, page_request)


async def remove_relationship(uow: UnitOfWork, actor: Actor, customer: str, call: IdempotentCall) -> None:
    """End the relationship with a customer. Nothing is deleted; no confirmation counts any more, also if it comes back.

    Raises:
        `relationship.missing`.
        `relationship.subscriptions-active`: the partner must suspend them first (R40, contract 4.7).
    """
    await get_customer(uow, actor, customer)
    if await count_subscriptions(uow, actor.partner.id, customer, [SubscriptionStatus.ACTIVE]):
        raise Rejected("relationship.subscriptions-active")
    await _end(uow, actor, customer, "end_relationship", call)


async def delete_customer(uow: UnitOfWork, actor: Actor, customer: str, call: IdempotentCall) -> None:
    """Take a customer out of a sandbox account, and cancel what it has. What was recorded is kept, as it always is.

    Raises:
        `access.action-not-allowed`: the account is a production account; the same for every customer.
        `relationship.missing`.
    """
    if actor.partner.account is not Account.SANDBOX:
        raise Rejected("access.action-not-allowed")
    await get_customer(uow, actor, customer)
    for living in await subscriptions_of(uow, actor.partner.id, customer):
        if not living.status.ended:
            cancelled = replace(living, status=SubscriptionStatus.DELETED, revision=living.revision + 1)
            await save_subscription(uow, actor.partner.id, cancelled)
    await _end(uow, actor, customer, "delete_customer", call)


async def resellers_of_customer(uow: UnitOfWork, actor: Actor, customer: str) -> list[Partner]:
    """The linked resellers that serve a customer, by name; a reseller is shown none but itself.

    Raises:
        `relationship.missing`.
    """
    await get_customer(uow, actor, customer)
    if actor.partner.kind is PartnerKind.INDIRECT_RESELLER:
        return [actor.partner]
    serving = await resellers_of(uow, actor.partner.id, customer)
    return [reseller for reseller in await linked_resellers(uow, actor.partner.id) if reseller.id in serving]


async def domain_taken(uow: UnitOfWork, domain: str) -> bool:
    """Whether any customer or partner has the domain already.

    Raises:
        `request.invalid-property`: it has not the form of a domain.
    """
    return await domain_in_use(uow, checked_domain(domain))


async def _end(uow: UnitOfWork, actor: Actor, customer: str, operation: str, call: IdempotentCall) -> None:
    await end_relationship(uow, actor.partner.id, customer)
    await record(
        uow, actor, ResourceChanged(operation, "customer", customer, customer), correlation_id=call.correlation_id
    )
