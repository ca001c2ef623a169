"""What the gate reads: the relationship and the confirmations that count, in one statement by primary key."""

from collections.abc import Sequence

from agreegate.domain.agreement import AgreementType, TemplateId
from agreegate.domain.partner import PartnerId
from agreegate.domain.standing import NO_RELATIONSHIP, Current, Standing
from agreegate.storage.unit_of_work import Row, UnitOfWork, from_micros, maybe_instant, to_micros

STANDING = """
    select r.refused_at, n.agreement_type, n.template_id, n.date_agreed_at, n.recorded_at, n.sequence
    from relationship r
    left join current_confirmation n
      on n.partner_id = r.partner_id and n.customer_id = r.customer_id and n.period = r.period
    where r.partner_id = $1 and r.customer_id = $2 and r.ended_at is null
"""


async def standing_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> Standing:
    """What is known of this partner and customer; without a relationship nothing is, whoever the customer is (D18)."""
    return as_standing(await uow.all(STANDING, partner, customer))


def as_standing(rows: Sequence[Row]) -> Standing:
    """The rows of `STANDING`, as the rules see them."""
    if not rows:
        return NO_RELATIONSHIP
    current = tuple(
        Current(AgreementType(row[1]), TemplateId(row[2]), from_micros(row[3]), from_micros(row[4]), row[5])
        for row in rows
        if row[1] is not None
    )
    return Standing(True, current, maybe_instant(rows[0][0]))


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
