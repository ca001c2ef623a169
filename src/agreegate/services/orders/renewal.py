"""Renewals: what falls due renews or expires by itself, once (R11, contract 4.11)."""

from dataclasses import replace
from datetime import datetime

from agreegate.domain.orders.subscription import Subscription, SubscriptionStatus
from agreegate.domain.orders.term import renewals_due
from agreegate.domain.partner import PartnerId
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork
from agreegate.storage.orders.renewal import add_renewals, due_subscriptions
from agreegate.storage.orders.subscription import save_subscription

SUBSCRIPTIONS = 10
"""Maximum number of subscriptions renewed in one unit of work, so that it holds other writers for less than 50 ms, also
where one customer has 10,000 subscriptions."""
TERMS = 60
"""Maximum number of terms of one subscription renewed in one unit of work, for the same reason."""


async def run_renewals(store: Store, until: datetime) -> int:
    """Renew or expire every subscription that is due by then, however long ago; how many units of work it took.

    Any number of terms may have passed: the clock jumped, or nothing ran. The gate is not asked (R11), so there is no
    decision and no order: the renewal rows are the record. Running it again, or with an earlier instant, does nothing.
    """

    async def some(uow: UnitOfWork) -> int:
        due = await due_subscriptions(uow, until, SUBSCRIPTIONS)
        for partner, subscription in due:
            await renew(uow, partner, subscription, until, TERMS)
        return len(due)

    units = 0
    while await store.write(some):
        units += 1
    return units


async def renew(
    uow: UnitOfWork, partner: PartnerId, subscription: Subscription, until: datetime, most: int | None = None
) -> Subscription:
    """Renew one subscription as often as is due by then (at most `most` times); return it as it is afterwards.

    With auto-renewal on, also while suspended, the commitment goes on by a term each time. With it off, it expires.
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
