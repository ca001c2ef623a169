"""Add-ons follow their subscription: suspended or cancelled with it, since nothing is left that they could add to."""

from dataclasses import replace

from agreegate.domain.partner import PartnerId
from agreegate.domain.subscription import Subscription, SubscriptionStatus
from agreegate.storage.subscription import addons_of, save_subscription
from agreegate.storage.unit_of_work import UnitOfWork


async def take_along(uow: UnitOfWork, partner: PartnerId, subscription: Subscription) -> None:
    """Let the add-ons of a subscription that was suspended or cancelled follow it. They do not come back by themselves."""
    if subscription.status is SubscriptionStatus.ACTIVE:
        return
    for addon in await addons_of(uow, partner, subscription):
        if addon.status.ended or addon.status is subscription.status:
            continue
        after = replace(addon, status=subscription.status, revision=addon.revision + 1)
        await save_subscription(uow, partner, after)
        await take_along(uow, partner, after)
