"""Renew or expire due subscriptions, each once (R11, contract 4.11)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from agreegate.domain.actor import Actor
from agreegate.domain.orders.subscription import Subscription, SubscriptionStatus
from agreegate.domain.orders.term import renewals_due
from agreegate.domain.partner import PartnerId, PartnerKind
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork, Work
from agreegate.storage.orders.renewal import add_renewals, due_subscriptions, due_subscriptions_of
from agreegate.storage.orders.subscription import providers_served, save_subscription

T = TypeVar("T")

SUBSCRIPTIONS = 10
"""Maximum subscriptions renewed in one unit of work, so that it holds other writers for less than 50 ms."""
TERMS = 60
"""Maximum terms of one subscription renewed in one unit of work, for the same reason."""


async def run_renewals(store: Store, until: datetime) -> int:
    """Renew or expire every subscription due by an instant; return the number of units of work.

    Several terms may have passed. The gate is not asked (R11): there is no decision and no order, only renewal rows. Running it
    again, or with an earlier instant, changes nothing.
    """

    async def some(uow: UnitOfWork) -> int:
        due = await due_subscriptions(uow, until, SUBSCRIPTIONS)
        customers = sorted({(partner, subscription.customer_id) for partner, subscription in due})
        for partner, customer in customers:
            await lock_customers(uow, partner, customer)
        if customers and not uow.single_writer:  # others may have changed them before the lock
            again = await due_subscriptions(uow, until, SUBSCRIPTIONS)
            due = [(partner, found) for partner, found in again if (partner, found.customer_id) in customers]
        for partner, subscription in due:
            await renew(uow, partner, subscription, until, TERMS)
        return len(customers)

    units = 0
    while await store.write(some):
        units += 1
    return units


async def read_renewed(
    store: Store,
    actor: Actor,
    customer: str,
    work: Work[T],
    *,
    reading: Callable[[Work[list[T]]], Awaitable[list[T]]] | None = None,
) -> T:
    """Read what shows a customer's subscriptions, after their due renewals: nobody sees one whose renewal is overdue.

    A read that finds none due writes nothing. Otherwise the unit of work that renews the last of them also reads.

    Args:
        reading: reads in place of `store.read`, such as `store.read_slow`.

    Raises:
        StoreUnavailable: the record cannot be read now, or a renewal is due and cannot be written.
        Rejected: what `work` raises.
    """

    async def is_due(uow: UnitOfWork, partners: list[PartnerId]) -> bool:
        return any([await due_subscriptions_of(uow, partner, customer, uow.now, 1) for partner in partners])

    async def read(uow: UnitOfWork) -> list[T]:
        return [] if await is_due(uow, await _partners(uow, actor, customer)) else [await work(uow)]

    async def renewed(uow: UnitOfWork) -> list[T]:
        partners = await _partners(uow, actor, customer)
        for partner in partners:
            await lock_customers(uow, partner, customer)
        for partner in partners:
            for subscription in await due_subscriptions_of(uow, partner, customer, uow.now, SUBSCRIPTIONS):
                await renew(uow, partner, subscription, uow.now, TERMS)
        return [] if await is_due(uow, partners) else [await work(uow)]

    found = await (reading or store.read)(read)
    while not found:
        found = await store.write(renewed)
    [result] = found
    return result


async def renew_customer(uow: UnitOfWork, partner: PartnerId, customer: str) -> None:
    """Renew or expire the due subscriptions of a customer, whose lock the unit of work has, before it changes anything."""
    while due := await due_subscriptions_of(uow, partner, customer, uow.now, SUBSCRIPTIONS):
        for subscription in due:
            await renew(uow, partner, subscription, uow.now)


async def _partners(uow: UnitOfWork, actor: Actor, customer: str) -> list[PartnerId]:
    """Return the partners whose subscriptions of the customer the actor sees, in the order of locks."""
    if actor.partner.kind is PartnerKind.INDIRECT_RESELLER:
        return await providers_served(uow, actor.partner, customer)
    return [actor.partner.id]


async def renew(
    uow: UnitOfWork, partner: PartnerId, subscription: Subscription, until: datetime, most: int | None = None
) -> Subscription:
    """Renew one subscription for each term due by an instant (at most `most`), and return it.

    With auto-renewal, also while suspended, each renewal adds a term. Without, the subscription expires.
    """
    if subscription.status.ended:
        return subscription
    commitment, due = renewals_due(subscription.commitment, until, most if subscription.auto_renew else 1)
    if not due:
        return subscription
    if subscription.auto_renew:
        outcome, after = "renewed", replace(subscription, commitment=commitment)
    else:
        outcome, after = "expired", replace(subscription, status=SubscriptionStatus.EXPIRED)
    after = replace(after, revision=subscription.revision + 1)
    await add_renewals(uow, partner, subscription, subscription.commitment.terms + 1, due, outcome)
    await save_subscription(uow, partner, after)
    return after
