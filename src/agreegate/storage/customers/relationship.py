"""Relationships between a partner and its customer: opened, ended, and opened again as a new period (contract 4.7)."""

from agreegate.domain.partner import Cloud, PartnerId
from agreegate.storage.engine.unit_of_work import UnitOfWork, Value, to_micros
from agreegate.storage.record import clear_current
from agreegate.storage.row import insert, update


async def open_relationship(uow: UnitOfWork, partner: PartnerId, customer: str) -> int:
    """Open the relationship of a partner with a customer that it has a copy of; return its period, counted from 1.

    A customer that comes back begins a new period without a confirmation. The former period is kept, and so is the fact that
    the customer no longer agrees (R47). An open relationship stays as it is.
    """
    key: dict[str, Value] = {"partner_id": partner, "customer_id": customer}
    row = await uow.fetch_one(
        "select period, started_at, ended_at from relationship where partner_id = $1 and customer_id = $2",
        partner,
        customer,
    )
    if row is None:
        await insert(uow, "relationship", **key, period=1, started_at=to_micros(uow.now))
        return 1
    period, started_at, ended_at = row
    if ended_at is None:
        return int(period)
    await insert(uow, "relationship_period", **key, period=period, started_at=started_at, ended_at=ended_at)
    await update(uow, "relationship", key, period=period + 1, started_at=to_micros(uow.now), ended_at=None)
    return int(period) + 1


async def end_relationship(uow: UnitOfWork, partner: PartnerId, customer: str) -> bool:
    """End the open relationship, if any; return whether there was one. Its confirmations stay but no longer count."""
    await clear_current(uow, partner, customer)
    ended = await uow.execute(
        "update relationship set ended_at = $3 where partner_id = $1 and customer_id = $2 and ended_at is null",
        partner,
        customer,
        to_micros(uow.now),
    )
    return ended > 0


async def related_customers(uow: UnitOfWork, after: tuple[str, str], limit: int) -> list[tuple[PartnerId, str, Cloud]]:
    """Return the customers of all partners with an open relationship, each with the partner's cloud, in order of keys.

    Args:
        after: partner and customer of the last row that was read.
    """
    rows = await uow.fetch_all(
        "select r.partner_id, r.customer_id, p.cloud from relationship r"
        " join partner p on p.partner_id = r.partner_id"
        " where (r.partner_id, r.customer_id) > ($1, $2) and r.ended_at is null"
        " order by r.partner_id, r.customer_id limit $3",
        *after,
        limit,
    )
    return [(PartnerId(partner), customer, Cloud(cloud)) for partner, customer, cloud in rows]
