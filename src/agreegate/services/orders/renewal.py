"""Renew or expire due subscriptions, each once (R11, contract 4.11)."""

from dataclasses import replace
from datetime import datetime

from agreegate.domain.orders.subscription import Subscription, SubscriptionStatus
from agreegate.domain.orders.term import renewals_due
from agreegate.domain.partner import PartnerId
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork
from agreegate.storage.orders.renewal import add_renewals, due_subscriptions
from agreegate.storage.orders.subscription import save_subscription

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
