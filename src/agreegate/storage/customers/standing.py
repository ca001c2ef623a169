"""What the gate reads: the confirmations that count, by primary key; without one, the relationship.

The same statement reads whether a newer major text exists. Only then does the gate read newer texts and renewals.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from agreegate.domain.partner import PartnerId
from agreegate.domain.standing import NO_RELATIONSHIP, Current, Standing, judged
from agreegate.storage.engine.unit_of_work import (
    EPOCH,
    MICROSECOND,
    Row,
    UnitOfWork,
    from_micros,
    maybe_instant,
    to_micros,
)
from agreegate.storage.orders.renewal import RAN_AT, ran_by
from agreegate.storage.orders.subscription import LIVING_END
from agreegate.storage.statement import Statement, portions

UNKNOWN_TEXT = 9_223_372_036_854_775_807
"""The number of an accepted text that is unknown: it comes after every text that took effect by the acceptance.

Its instant is the latest at which the customer can have accepted: `accepted_by` in `domain/agreements/accepted_text.py`.
"""
RANK = "n.text_at, n.text_number"
"""SQL: the rank of the accepted text of the row `n` of `current_confirmation`."""


def newer(n: str = "n") -> str:
    """SQL: the major text version `v` comes after the accepted text of the row `n` of `current_confirmation`."""
    return f"""v.template_id = {n}.template_id and v.major = 1
        and (v.effective_at, v.number) > ({n}.text_at, {n}.text_number)"""


_SELECTED = (
    "select n.agreement_type, n.template_id, n.date_agreed_at, n.recorded_at, n.sequence, n.no_longer_agrees_at,"
    f" (select v.effective_at from text_version v where {newer()} order by v.effective_at limit 1)"
)
CURRENT = f"{_SELECTED} from current_confirmation n where n.partner_id = $1 and n.customer_id = $2"


def _newer_texts(whose: str, now: str, beside: str = "") -> str:
    return f"""
    select n.agreement_type, v.effective_at, v.number,
      (select min({LIVING_END}) from subscription s
        where s.partner_id = $1 and s.customer_id = n.customer_id),
      (select max({RAN_AT}) from renewal w where w.partner_id = $1 and w.customer_id = n.customer_id
        and {ran_by(now)}),
      n.text_at, n.text_number{beside}
    from current_confirmation n
    join text_version v on {newer()} and v.effective_at <= {now}
      and exists (select 1 from text_file f where f.number = v.number
        and f.country = (select c.country from customer c where c.partner_id = $1 and c.customer_id = n.customer_id))
    where n.partner_id = $1 and n.customer_id {whose}"""


NEWER_TEXTS = _newer_texts("= $2", "$3")
"""SQL: the major texts for the customer's country that come after an accepted text and are in force at $3.

Each with the customer's next commitment end, its newest renewal by $3, and the accepted text.
"""
_CURRENT_OF = (
    f"{_SELECTED}, n.customer_id from current_confirmation n where n.partner_id = $1 and n.customer_id {{whose}}"
)
_RELATIONSHIPS_OF = (
    "select r.customer_id, r.no_longer_agrees_at from relationship r"
    " where r.partner_id = $1 and r.customer_id {whose} and r.ended_at is null"
)
RELATIONSHIP = (
    "select no_longer_agrees_at from relationship where partner_id = $1 and customer_id = $2 and ended_at is null"
)


async def standing_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> Standing:
    """Return the standing of a customer with a partner; without an open relationship it is empty (decision 0018)."""
    if current := await uow.fetch_all(CURRENT, partner, customer):
        now = to_micros(uow.now)
        newer = await uow.fetch_all(NEWER_TEXTS, partner, customer, now) if may_be_outdated(current) else ()
        return confirmed_standing(current, newer, uow.now)
    return unconfirmed_standing(await uow.fetch_all(RELATIONSHIP, partner, customer))


def may_be_outdated(rows: Iterable[Row]) -> bool:
    """Whether a major text comes after an accepted one, by the rows of `CURRENT`: then `NEWER_TEXTS` must be read."""
    for _, _, _, _, _, _, newer_at in rows:  # noqa: SIM110 - a generator would cost the gate more than the question
        if newer_at is not None:
            return True
    return False


def confirmed_standing(rows: Sequence[Row], newer: Sequence[Row], now: datetime) -> Standing:
    """Return the standing that the rows of `CURRENT` and of `NEWER_TEXTS` describe.

    A row of `CURRENT` has an open relationship: the database ensures that.
    """
    current = []
    for agreement_type, template_id, agreed, recorded, sequence, _, _ in rows:
        date_agreed, recorded_at = EPOCH + agreed * MICROSECOND, EPOCH + recorded * MICROSECOND
        current.append(Current(agreement_type, template_id, date_agreed, recorded_at, sequence))
    if newer:
        texts: dict[str, list[Row]] = {}
        for agreement_type, *text in newer:
            texts.setdefault(agreement_type, []).append(tuple(text))
        current = [_judged(one, texts.get(one.agreement_type, ()), now) for one in current]
    _, _, _, _, _, no_longer_agrees_at, _ = next(iter(rows))
    return Standing(True, tuple(current), maybe_instant(no_longer_agrees_at))


def _judged(confirmed: Current, newer: Sequence[Row], now: datetime) -> Current:
    if not newer:
        return confirmed
    (_, _, commitment_end_at, renewed_at, text_at, text_number), *_ = newer
    return judged(
        confirmed,
        None if text_number == UNKNOWN_TEXT else (from_micros(text_at), text_number),
        [(from_micros(effective_at), number) for effective_at, number, *_ in newer],
        [] if renewed_at is None else [from_micros(renewed_at)],
        maybe_instant(commitment_end_at),
        now,
    )


def unconfirmed_standing(rows: Sequence[Row]) -> Standing:
    """Return the standing without a confirmation, from the row of `RELATIONSHIP`, if any."""
    if not rows:
        return NO_RELATIONSHIP
    [(no_longer_agrees_at,)] = rows
    return Standing(True, (), maybe_instant(no_longer_agrees_at))


async def standings_of(uow: UnitOfWork, partner: PartnerId, customers: Sequence[str]) -> dict[str, Standing]:
    """Return the standings of customers with a partner, by customer."""
    found = dict.fromkeys(customers, NO_RELATIONSHIP)
    for some in portions(customers):
        to = Statement(partner)
        whose = f"in ({to.bind_all(some)})"
        current = _by_customer(await uow.fetch_all(_CURRENT_OF.format(whose=whose), *to.values))
        if unconfirmed := [customer for customer in some if customer not in current]:
            rest = Statement(partner)
            sql = _RELATIONSHIPS_OF.format(whose=f"in ({rest.bind_all(unconfirmed)})")
            for customer, no_longer_agrees_at in await uow.fetch_all(sql, *rest.values):
                found[customer] = unconfirmed_standing([(no_longer_agrees_at,)])
        newer: dict[str, list[Row]] = {}
        if any(may_be_outdated(rows) for rows in current.values()):
            sql = _newer_texts(whose, to.bind(to_micros(uow.now)), ", n.customer_id")
            newer = _by_customer(await uow.fetch_all(sql, *to.values))
        for customer, rows in current.items():
            found[customer] = confirmed_standing(rows, newer.get(customer, ()), uow.now)
    return found


def _by_customer(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return rows without their last column, the customer, by customer."""
    found: dict[str, list[Row]] = {}
    for *row, customer in rows:
        found.setdefault(customer, []).append(tuple(row))
    return found


class OpenRelationship(NamedTuple):
    """The open relationship of a partner and a customer; instants in microseconds since 1970, UTC."""

    period: int
    started_at: int
    no_longer_agrees_sequence: int | None
    """Sequence of the last ending because the customer no longer agrees."""
    no_longer_agrees_at: int | None


async def relationship_since(uow: UnitOfWork, partner: PartnerId, customer: str) -> OpenRelationship | None:
    """Return the open relationship of a partner and a customer; None: there is none."""
    row = await uow.fetch_one(
        "select period, started_at, no_longer_agrees_sequence, no_longer_agrees_at from relationship"
        " where partner_id = $1 and customer_id = $2 and ended_at is null",
        partner,
        customer,
    )
    return None if row is None else OpenRelationship(*row)
