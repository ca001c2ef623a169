"""Subscriptions as rows."""

from collections.abc import Iterable, Sequence

from agreegate.domain.orders.subscription import Subscription, SubscriptionStatus
from agreegate.domain.partner import Partner, PartnerId
from agreegate.storage.engine.unit_of_work import UnitOfWork, Value, to_micros
from agreegate.storage.row import find, find_all, insert, number_of, reader, update
from agreegate.storage.statement import Statement

LIVING_STATUSES = tuple(status for status in SubscriptionStatus if not status.ended)


def is_living(subscription: str) -> str:
    """SQL: the subscription has not ended. Indexes have this condition: `subscription_due`, `subscription_by_end`."""
    return f"{subscription}.status in ('active', 'suspended')"


LIVING = is_living("s")
LIVING_END = f"case when {LIVING} then s.commitment_end_at end"
"""SQL: the end of the commitment of the subscription `s`, in microseconds; null where the subscription has ended.

Conditions on the rows of one customer stand in `case … end`: engines then read these rows, not an index over all customers.
"""
COLUMNS = (
    "s.subscription_id, s.customer_id, s.order_id, s.offer_id, s.offer_name, s.friendly_name, s.quantity, s.billing_cycle,"
    " s.status, s.auto_renew, s.started_at, s.terms, s.months, s.term_duration, s.renewal_term_duration, s.created_at,"
    " s.parent_subscription_id, s.partner_id_on_record, s.is_trial, s.revision"
)
as_subscription = reader(Subscription)
"""Makes the subscription of a row of `COLUMNS`."""


async def add_subscription(uow: UnitOfWork, partner: PartnerId, subscription: Subscription) -> None:
    """Add a subscription; its order is recorded before."""
    await insert(
        uow,
        "subscription",
        **_key(partner, subscription),
        **_changing(subscription),
        order_id=subscription.order_id,
        parent_subscription_id=subscription.parent_id,
        created_at=to_micros(subscription.created_at),
    )


async def save_subscription(uow: UnitOfWork, partner: PartnerId, subscription: Subscription) -> None:
    """Update the columns of a subscription that may change."""
    await update(uow, "subscription", _key(partner, subscription), **_changing(subscription))


def _key(partner: PartnerId, subscription: Subscription) -> dict[str, Value]:
    return {"partner_id": partner, "customer_id": subscription.customer_id, "subscription_id": subscription.id}


def _changing(subscription: Subscription) -> dict[str, Value]:
    commitment = subscription.commitment
    return {
        "offer_id": subscription.offer_id,
        "offer_name": subscription.offer_name,
        "friendly_name": subscription.friendly_name,
        "quantity": subscription.quantity,
        "partner_id_on_record": subscription.partner_id_on_record,
        "billing_cycle": subscription.billing_cycle,
        "term_duration": commitment.term,
        "renewal_term_duration": commitment.renewal_term,
        "status": subscription.status,
        "auto_renew": int(subscription.auto_renew),
        "is_trial": int(subscription.is_trial),
        "revision": subscription.revision,
        "started_at": to_micros(commitment.started_at),
        "terms": commitment.terms,
        "months": commitment.months,
        "commitment_end_at": to_micros(commitment.ends_at),
    }


async def subscription_of(uow: UnitOfWork, partner: PartnerId, customer: str, id_: str) -> Subscription | None:
    """Return a subscription of a customer."""
    return await find(
        uow,
        as_subscription,
        f"select {COLUMNS} from subscription s"
        " where s.partner_id = $1 and s.customer_id = $2 and s.subscription_id = $3",
        partner,
        customer,
        id_,
    )


async def subscriptions_of(
    uow: UnitOfWork, partner: PartnerId, customer: str, *, order: str | None = None, parent: str | None = None
) -> list[Subscription]:
    """Return the subscriptions of a customer, those that ended included, oldest first.

    Args:
        order: only the subscriptions that this order began.
        parent: only the add-ons of this subscription.
    """
    return await find_all(
        uow,
        as_subscription,
        f"select {COLUMNS} from subscription s where s.partner_id = $1 and s.customer_id = $2"
        " and (cast($3 as text) is null or s.order_id = $3)"
        " and (cast($4 as text) is null or s.parent_subscription_id = $4)"
        " order by s.created_at, s.subscription_id",
        partner,
        customer,
        order,
        parent,
    )


async def offers_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> dict[str, str]:
    """Return the offers of a customer's living subscriptions, each with its latest name."""
    rows = await uow.fetch_all(
        "select s.offer_id, s.offer_name, max(s.created_at) from subscription s"
        f" where s.partner_id = $1 and s.customer_id = $2 and {LIVING}"
        " group by s.offer_id, s.offer_name order by max(s.created_at), s.offer_name",
        partner,
        customer,
    )
    return {offer: name for offer, name, _ in rows}


async def reseller_subscriptions(uow: UnitOfWork, reseller: Partner, customer: str) -> list[Subscription] | None:
    """Return the subscriptions that an indirect reseller sees of its customer: those bought through it or through no reseller.

    An add-on that names no reseller was bought through the reseller of its subscription.
    None: the reseller does not serve the customer for any provider.
    """
    providers = await providers_served(uow, reseller, customer)
    if not providers:
        return None
    every = [found for provider in providers for found in await subscriptions_of(uow, provider, customer)]
    by_id = {subscription.id: subscription for subscription in every}

    def through(subscription: Subscription) -> str | None:
        while subscription.partner_id_on_record is None and subscription.parent_id is not None:
            subscription = by_id[subscription.parent_id]
        return subscription.partner_id_on_record

    return [subscription for subscription in every if through(subscription) in (None, reseller.mpn_id)]


async def reseller_subscription(
    uow: UnitOfWork, reseller: Partner, providers: Sequence[PartnerId], customer: str, id_: str
) -> Subscription | None:
    """Return one of `reseller_subscriptions`; None: the reseller does not see a subscription with this id.

    Args:
        providers: the providers for which the reseller serves the customer.
    """
    for provider in providers:
        found = through = await subscription_of(uow, provider, customer, id_)
        while through is not None and through.partner_id_on_record is None and through.parent_id is not None:
            through = await subscription_of(uow, provider, customer, through.parent_id)
        if through is not None and through.partner_id_on_record in (None, reseller.mpn_id):
            return found
    return None


async def providers_served(uow: UnitOfWork, reseller: Partner, customer: str) -> list[PartnerId]:
    """Return the providers for which a reseller serves a customer."""
    rows = await uow.fetch_all(
        "select c.partner_id from customer_reseller c"
        " join reseller_link l on l.partner_id = c.partner_id and l.reseller_id = c.reseller_id and l.ended_at is null"
        " join relationship r on r.partner_id = c.partner_id and r.customer_id = c.customer_id and r.ended_at is null"
        " where c.reseller_id = $1 and c.customer_id = $2 order by c.partner_id",
        reseller.id,
        customer,
    )
    return [PartnerId(provider) for (provider,) in rows]


async def count_subscriptions(
    uow: UnitOfWork, partner: PartnerId, customer: str, statuses: Iterable[SubscriptionStatus] = SubscriptionStatus
) -> int:
    """Count the subscriptions of a customer that have one of these statuses."""
    to = Statement(partner, customer)
    having = f"partner_id = $1 and customer_id = $2 and status in ({to.bind_all(statuses)})"
    return await number_of(uow, f"select count(*) from subscription where {having}", *to.values)
