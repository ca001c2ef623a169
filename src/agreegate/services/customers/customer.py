"""Create customers, look them up, end and reopen the relationship with them (contract 4.7)."""

from collections.abc import Collection
from dataclasses import dataclass

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
from agreegate.services.orders.renewal import renew_customer
from agreegate.storage.customers.customer import (
    add_customer,
    add_reseller,
    claim_domain,
    count_customers,
    customer_of,
    customers_of,
    domain_in_use,
    drop_resellers,
    has_copy,
    new_etag,
    resellers_of,
)
from agreegate.storage.customers.customer_lock import lock_customers, lock_sandbox
from agreegate.storage.customers.relationship import end_relationship, open_relationship
from agreegate.storage.customers.standing import relationship_since
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.orders.subscription import count_subscriptions, save_subscription, subscriptions_of
from agreegate.storage.pagination import Page, PageRequest
from agreegate.storage.partner import has_reseller, linked_resellers
from agreegate.storage.record import record


@dataclass(frozen=True, slots=True)
class ServedCustomer:
    """A customer as the caller may see it."""

    customer: Customer
    reseller: PartnerId | None
    """The reseller that serves the customer; for a reseller always itself."""


async def create_customer(
    uow: UnitOfWork, call: IdempotentCall, draft: CustomerDraft, reseller: PartnerId | None
) -> ServedCustomer:
    """Create a customer tenant. It has no confirmation yet: the gate decides about purchases only (R12, R19).

    Args:
        reseller: the linked reseller that will serve the customer; None: the partner serves it directly.

    Raises:
        Rejected: see `checked_draft`.
        `customer.reseller-not-linked`, `customer.domain-taken`, `sandbox.limit`.
    """
    partner = call.actor.partner
    checked = checked_draft(draft, country_codes(partner.cloud))
    if reseller is not None and not await has_reseller(uow, partner.id, reseller):
        raise Rejected("customer.reseller-not-linked", name="reseller_id")
    if await domain_in_use(uow, checked.domain):
        raise Rejected("customer.domain-taken", name="domain")
    if partner.account is Account.SANDBOX:
        await lock_sandbox(uow, partner.id)
        if await count_customers(uow, partner.id) >= SANDBOX_CUSTOMERS:
            raise Rejected("sandbox.limit")
    customer = new_copy(uow, CustomerId(uow.new_id()), checked)
    if not await claim_domain(uow, customer.domain, customer.id):
        raise Rejected("customer.domain-taken", name="domain")
    await relate(uow, partner.id, customer, [] if reseller is None else [reseller])
    change = ResourceChanged("add_customer", "customer", customer.id, customer.id)
    await record(uow, call.actor, change, correlation_id=call.correlation_id)
    return ServedCustomer(customer, reseller)


def new_copy(uow: UnitOfWork, id_: CustomerId, checked: CustomerDraft) -> Customer:
    """Return a partner's copy of a customer from a checked draft, without storing it."""
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
    """Open a partner's relationship with a new or returning customer; return the number of the open period.

    A returning customer begins a period without a confirmation and with these resellers only; the partner's copy stays. If a
    relationship is open, only resellers are added.

    Args:
        resellers: linked resellers through which an indirect provider serves the customer.
    """
    await lock_customers(uow, partner, customer.id)
    if not await has_copy(uow, partner, customer.id):
        await add_customer(uow, partner, customer)
    elif await relationship_since(uow, partner, customer.id) is None:
        await drop_resellers(uow, partner, customer.id)
    period = await open_relationship(uow, partner, customer.id)
    for reseller in resellers:
        await add_reseller(uow, partner, customer.id, reseller)
    return period


async def get_customer(uow: UnitOfWork, actor: Actor, customer: str) -> ServedCustomer:
    """Return a customer of the partner or, for a reseller, of one of its providers.

    Raises:
        `relationship.missing`: the customer does not exist, or is another partner's (decision 0018).
    """
    found = await customer_of(uow, actor.partner, customer)
    if found is None:
        raise Rejected("relationship.missing", partner=actor.partner.id, customer=customer)
    return ServedCustomer(*found)


async def list_customers(
    uow: UnitOfWork, actor: Actor, search: Search | None, page_request: PageRequest
) -> Page[CustomerSummary]:
    """Return a page of the caller's customers that fit the search, if there is one."""
    return await customers_of(uow, actor.partner, search, page_request)


async def remove_relationship(uow: UnitOfWork, call: IdempotentCall, customer: str) -> None:
    """End the relationship with a customer. Nothing is deleted; its confirmations never count again.

    Raises:
        `relationship.missing`.
        `relationship.subscriptions-active`: the partner must suspend them first (R40, contract 4.7).
    """
    await lock_customers(uow, call.actor.partner.id, customer)
    await renew_customer(uow, call.actor.partner.id, customer)
    await get_customer(uow, call.actor, customer)
    if await count_subscriptions(uow, call.actor.partner.id, customer, [SubscriptionStatus.ACTIVE]):
        raise Rejected("relationship.subscriptions-active")
    await _end(uow, call, customer, "end_relationship")


async def delete_customer(uow: UnitOfWork, call: IdempotentCall, customer: str) -> None:
    """End the relationship with a sandbox account's customer, and delete its subscriptions. The records stay.

    Raises:
        `access.action-not-allowed`: the account is a production account.
        `relationship.missing`.
    """
    if call.actor.partner.account is not Account.SANDBOX:
        raise Rejected("access.action-not-allowed")
    await lock_customers(uow, call.actor.partner.id, customer)
    await renew_customer(uow, call.actor.partner.id, customer)
    await get_customer(uow, call.actor, customer)
    for living in await subscriptions_of(uow, call.actor.partner.id, customer):
        if not living.status.ended:
            await save_subscription(uow, call.actor.partner.id, living.with_status(SubscriptionStatus.DELETED))
    await _end(uow, call, customer, "delete_customer")


async def resellers_of_customer(uow: UnitOfWork, actor: Actor, customer: str) -> list[Partner]:
    """Return the linked resellers that serve a customer, by name; a reseller gets only itself.

    Raises:
        `relationship.missing`.
    """
    await get_customer(uow, actor, customer)
    if actor.partner.kind is PartnerKind.INDIRECT_RESELLER:
        return [actor.partner]
    serving = await resellers_of(uow, actor.partner.id, customer)
    return [reseller for reseller in await linked_resellers(uow, actor.partner.id) if reseller.id in serving]


async def domain_taken(uow: UnitOfWork, domain: str) -> bool:
    """Return whether a customer or partner has the domain.

    Raises:
        `request.invalid-property`: the domain is malformed.
    """
    return await domain_in_use(uow, checked_domain(domain))


async def _end(uow: UnitOfWork, call: IdempotentCall, customer: str, operation: str) -> None:
    await end_relationship(uow, call.actor.partner.id, customer)
    await record(
        uow, call.actor, ResourceChanged(operation, "customer", customer, customer), correlation_id=call.correlation_id
    )
