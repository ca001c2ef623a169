"""What the gate reads: the confirmations that count, by primary key; only when there are none, the relationship."""

from collections.abc import Sequence

from agreegate.domain.partner import PartnerId
from agreegate.domain.standing import NO_RELATIONSHIP, Current, Standing
from agreegate.storage.unit_of_work import EPOCH, MICROSECOND, Row, UnitOfWork, maybe_instant, to_micros

CURRENT = (
    "select agreement_type, template_id, date_agreed_at, recorded_at, sequence, refused_at from current_confirmation"
    " where partner_id = $1 and customer_id = $2"
)
RELATIONSHIP = "select refused_at from relationship where partner_id = $1 and customer_id = $2 and ended_at is null"


async def standing_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> Standing:
    """What is known of this partner and customer; without a relationship nothing is, whoever the customer is (D18)."""
    if current := await uow.all(CURRENT, partner, customer):
        return confirmed_standing(current)
    return unconfirmed_standing(await uow.all(RELATIONSHIP, partner, customer))


def confirmed_standing(rows: Sequence[Row]) -> Standing:
    """The rows of `CURRENT`, as the rules see them. There is an open relationship with them: the database holds that."""
    current = []
    for agreement_type, template_id, agreed, recorded, sequence, _ in rows:
        date_agreed, recorded_at = EPOCH + agreed * MICROSECOND, EPOCH + recorded * MICROSECOND
        current.append(Current(agreement_type, template_id, date_agreed, recorded_at, sequence))
    return Standing(True, tuple(current), maybe_instant(rows[0][5]))


def unconfirmed_standing(rows: Sequence[Row]) -> Standing:
    """The row of `RELATIONSHIP`, if there is one, where no confirmation counts."""
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
