"""What the gate reads: the confirmations that count, by primary key; only when there are none, the relationship."""

from collections.abc import Awaitable, Callable

from agreegate.domain.partner import PartnerId
from agreegate.domain.standing import NO_RELATIONSHIP, Current, Standing
from agreegate.storage.unit_of_work import Row, UnitOfWork, from_micros, maybe_instant, to_micros

Look = Callable[..., Awaitable[list[Row]]]
"""Gives the rows of a statement with its parameters: a unit of work's `all`, or a store's `look`."""

_CURRENT = (
    "select agreement_type, template_id, date_agreed_at, recorded_at, sequence, refused_at from current_confirmation"
    " where partner_id = $1 and customer_id = $2"
)
_RELATIONSHIP = "select refused_at from relationship where partner_id = $1 and customer_id = $2 and ended_at is null"


async def standing_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> Standing:
    """What is known of this partner and customer; without a relationship nothing is, whoever the customer is (D18)."""
    return await seen_standing(uow.all, partner, customer)


async def seen_standing(look: Look, partner: PartnerId, customer: str) -> Standing:
    """Likewise, by a look at the record. A confirmation counts only in an open relationship: the database holds that."""
    rows = await look(_CURRENT, partner, customer)
    if rows:
        current = [
            Current(agreement_type, template_id, from_micros(date_agreed), from_micros(recorded), sequence)
            for agreement_type, template_id, date_agreed, recorded, sequence, _ in rows
        ]
        return Standing(True, tuple(current), maybe_instant(rows[0][5]))
    rows = await look(_RELATIONSHIP, partner, customer)
    return Standing(True, (), maybe_instant(rows[0][0])) if rows else NO_RELATIONSHIP


async def relationship_since(uow: UnitOfWork, partner: PartnerId, customer: str) -> Row | None:
    """The open relationship: (period, started_at, refused_sequence), or None."""
    return await uow.one(
        "select period, started_at, refused_sequence from relationship"
        " where partner_id = $1 and customer_id = $2 and ended_at is null",
        partner,
        customer,
    )


async def refuse(uow: UnitOfWork, partner: PartnerId, customer: str, sequence: int) -> None:
    """Keep that the customer no longer agrees: it outlives the relationship period (R47)."""
    await uow.run(
        "update relationship set refused_at = $3, refused_sequence = $4 where partner_id = $1 and customer_id = $2",
        partner,
        customer,
        to_micros(uow.now),
        sequence,
    )
