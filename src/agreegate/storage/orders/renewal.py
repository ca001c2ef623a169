"""Renewals as rows: one a term, written once (contract 4.11)."""

from collections.abc import Sequence
from datetime import datetime

from agreegate.domain.orders.subscription import Subscription
from agreegate.domain.partner import PartnerId
from agreegate.storage.engine.unit_of_work import UnitOfWork, maybe_instant, to_micros
from agreegate.storage.orders.subscription import COLUMNS, as_subscription

# As in the condition of the index `subscription_due`, so that it serves.
_LIVING = "status in ('active', 'suspended')"


async def next_due(uow: UnitOfWork) -> datetime | None:
    """When the next subscription renews or expires; None when there is none that could."""
    [(ends_at,)] = await uow.fetch_all(f"select min(commitment_end_at) from subscription where {_LIVING}")
    return maybe_instant(ends_at)


async def due_subscriptions(uow: UnitOfWork, until: datetime, most: int) -> list[tuple[PartnerId, Subscription]]:
    """Subscriptions of any partner whose commitment ends by then, the most overdue first."""
    rows = await uow.fetch_all(
        f"select {COLUMNS}, s.partner_id from subscription s where s.{_LIVING} and s.commitment_end_at <= $1"
        " order by s.commitment_end_at limit $2",
        to_micros(until),
        most,
    )
    return [(PartnerId(partner), as_subscription(subscription)) for *subscription, partner in rows]


async def add_renewals(
    uow: UnitOfWork, partner: PartnerId, subscription: Subscription, first: int, due: Sequence[datetime], outcome: str
) -> None:
    """Keep that terms began, or that the first did not because the subscription expired.

    The primary key refuses a term that was kept before.

    Args:
        first: the number of the first of these terms.
        due: when each was due.
    """
    for term, instant in enumerate(due, first):
        await uow.execute(
            "insert into renewal (partner_id, customer_id, subscription_id, term, outcome, due_at, recorded_at)"
            " values ($1, $2, $3, $4, $5, $6, $7)",
            partner,
            subscription.customer_id,
            subscription.id,
            term,
            outcome,
            to_micros(instant),
            to_micros(uow.now),
        )


async def count_renewals(uow: UnitOfWork, partner: PartnerId) -> int:
    """How many terms of this partner's subscriptions have begun after the first, or did not because one expired."""
    [(count,)] = await uow.fetch_all("select count(*) from renewal where partner_id = $1", partner)
    return int(count)


async def renewals_of(
    uow: UnitOfWork, partner: PartnerId, customer: str, subscription: str
) -> list[tuple[int, str, int]]:
    """Every term after the first: number, outcome, and when it was due in microseconds; in order."""
    return [
        (term, outcome, due_at)
        for term, outcome, due_at in await uow.fetch_all(
            "select term, outcome, due_at from renewal"
            " where partner_id = $1 and customer_id = $2 and subscription_id = $3 order by term",
            partner,
            customer,
            subscription,
        )
    ]
