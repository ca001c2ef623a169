"""Renewals as rows: one row for each term, written once (contract 4.11)."""

from collections.abc import Sequence
from datetime import datetime

from agreegate.domain.orders.subscription import Subscription
from agreegate.domain.partner import PartnerId
from agreegate.storage.engine.unit_of_work import UnitOfWork, maybe_instant, to_micros
from agreegate.storage.orders.subscription import COLUMNS, LIVING, LIVING_END, as_subscription
from agreegate.storage.row import find_all, insert, number_of

RAN_AT = "case when w.due_at < w.recorded_at then w.due_at else w.recorded_at end"
"""SQL: when the renewal `w` ran: when its term began, or when it was ordered before that (R33); `ran_at` of the domain."""


def ran_by(instant: str) -> str:
    """SQL: `RAN_AT` of the renewal `w` is at an instant or before; a subscription that expired ran no renewal."""
    return f"w.outcome = 'renewed' and (w.due_at <= {instant} or w.recorded_at <= {instant})"


def ran_after(instant: str) -> str:
    """SQL: `RAN_AT` of the renewal `w` is after an instant."""
    return f"w.due_at > {instant} and w.recorded_at > {instant}"


async def next_due(uow: UnitOfWork) -> datetime | None:
    """Return when the next subscription renews or expires; None: no subscription is living."""
    [(ends_at,)] = await uow.fetch_all(f"select min(s.commitment_end_at) from subscription s where {LIVING}")
    return maybe_instant(ends_at)


async def due_subscriptions(uow: UnitOfWork, until: datetime, most: int) -> list[tuple[PartnerId, Subscription]]:
    """Return the subscriptions of any partner whose commitment ends at `until` or before, the earliest end first."""
    rows = await uow.fetch_all(
        f"select {COLUMNS}, s.partner_id from subscription s where {LIVING} and s.commitment_end_at <= $1"
        " order by s.commitment_end_at limit $2",
        to_micros(until),
        most,
    )
    return [(PartnerId(partner), as_subscription(subscription)) for *subscription, partner in rows]


async def due_subscriptions_of(
    uow: UnitOfWork, partner: PartnerId, customer: str, until: datetime, most: int
) -> list[Subscription]:
    """Return the subscriptions of a customer whose commitment ends at `until` or before, the earliest end first."""
    return await find_all(
        uow,
        as_subscription,
        f"select {COLUMNS} from subscription s where s.partner_id = $1 and s.customer_id = $2 and {LIVING_END} <= $3"
        " order by s.commitment_end_at, s.subscription_id limit $4",
        partner,
        customer,
        to_micros(until),
        most,
    )


async def add_renewals(
    uow: UnitOfWork, partner: PartnerId, subscription: Subscription, first: int, due: Sequence[datetime], outcome: str
) -> None:
    """Record that terms of a subscription began, or that its next term did not because the subscription expired.

    The primary key refuses a term that was recorded before.

    Args:
        first: the number of the first of these terms.
        due: when each of these terms was due.
    """
    for term, instant in enumerate(due, first):
        await insert(
            uow,
            "renewal",
            partner_id=partner,
            customer_id=subscription.customer_id,
            subscription_id=subscription.id,
            term=term,
            outcome=outcome,
            due_at=to_micros(instant),
            recorded_at=to_micros(uow.now),
        )


async def count_renewals(uow: UnitOfWork, partner: PartnerId) -> int:
    """Count the renewals and expiries of a partner's subscriptions."""
    return await number_of(uow, "select count(*) from renewal where partner_id = $1", partner)
