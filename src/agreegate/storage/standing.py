"""What the gate reads: the confirmations that count, by primary key; only when there are none, the relationship.

Whether any major text of the template comes after the accepted one is read with it. Only then is more looked up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agreegate.domain.partner import PartnerId
from agreegate.domain.standing import NO_RELATIONSHIP, Current, Standing
from agreegate.storage.unit_of_work import (
    EPOCH,
    MICROSECOND,
    Row,
    UnitOfWork,
    from_micros,
    maybe_instant,
    to_micros,
)

ACCEPTED_BY = (
    "case when n.date_agreed_at % 86400000000 <> 0 then n.date_agreed_at"
    " else max(n.date_agreed_at, min(n.recorded_at, n.date_agreed_at + 86399999999)) end"
)
"""The latest instant at which the customer can have accepted, as `accepted_by` in `domain/accepted_text.py` says."""
RANK = f"coalesce(n.text_at, {ACCEPTED_BY}), coalesce(n.text_number, 9223372036854775807)"
"""The place of the accepted text among its template's; where it is not known, after all that took effect by the acceptance."""
NEWER = f"v.template_id = n.template_id and v.major = 1 and (v.effective_at, v.number) > ({RANK})"
"""A text version that comes after the accepted one."""
CURRENT = (
    "select n.agreement_type, n.template_id, n.date_agreed_at, n.recorded_at, n.sequence, n.refused_at,"
    f" (select v.effective_at from text_version v where {NEWER} order by v.effective_at limit 1)"
    " from current_confirmation n where n.partner_id = $1 and n.customer_id = $2"
)
OUTDATED = f"""
    with o as materialized (
      select n.agreement_type, n.date_agreed_at, (
        select min(v.effective_at) from text_version v where {NEWER} and v.effective_at <= $3
          and exists (select 1 from text_file f where f.template_id = v.template_id and f.number = v.number
            and f.country = (select c.country from customer c where c.partner_id = $1 and c.customer_id = $2))) as since
      from current_confirmation n where n.partner_id = $1 and n.customer_id = $2)
    select o.agreement_type, o.since,
      (select min(s.commitment_end_at) from subscription s where s.partner_id = $1 and s.customer_id = $2
        and s.status in ('active', 'suspended')),
      exists (select 1 from renewal r where r.partner_id = $1 and r.customer_id = $2 and r.outcome = 'renewed'
        and min(r.due_at, r.recorded_at) > max(o.since, o.date_agreed_at) and min(r.due_at, r.recorded_at) <= $3)
    from o where o.since is not null"""
"""Which confirmations are outdated at $3: since when, before when they must be renewed, and whether a renewal has run since.

A renewal ran when its term began, or when it was ordered before that (R33).
"""
RELATIONSHIP = "select refused_at from relationship where partner_id = $1 and customer_id = $2 and ended_at is null"


async def standing_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> Standing:
    """What is known of this partner and customer; without a relationship nothing is, whoever the customer is (D18)."""
    if current := await uow.all(CURRENT, partner, customer):
        now = to_micros(uow.now)
        newer = await uow.all(OUTDATED, partner, customer, now) if may_be_outdated(current) else ()
        return confirmed_standing(current, newer)
    return unconfirmed_standing(await uow.all(RELATIONSHIP, partner, customer))


def may_be_outdated(rows: Iterable[Row]) -> bool:
    """Whether `OUTDATED` must be asked about the rows of `CURRENT`: some major text comes after an accepted one."""
    for row in rows:  # noqa: SIM110 - a generator would cost the gate more than the question
        if row[6] is not None:
            return True
    return False


def confirmed_standing(rows: Sequence[Row], newer: Sequence[Row] = ()) -> Standing:
    """The rows of `CURRENT` and of `OUTDATED`, as the rules see them.

    There is an open relationship with them: the database holds that.
    """
    current = []
    for agreement_type, template_id, agreed, recorded, sequence, _, _ in rows:
        date_agreed, recorded_at = EPOCH + agreed * MICROSECOND, EPOCH + recorded * MICROSECOND
        current.append(Current(agreement_type, template_id, date_agreed, recorded_at, sequence))
    for agreement_type, since, renew_by, overdue in newer:
        place = next(place for place, one in enumerate(current) if one.agreement_type == agreement_type)
        current[place] = replace(
            current[place],
            outdated_since=from_micros(since),
            renew_by=maybe_instant(renew_by),
            overdue=bool(overdue),
        )
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
