"""What the overview reads: subscriptions, carts and denied transactions, each from an index of its own.

SQL preselects customers by their state; `services/overview.py` decides the state of every customer that it shows.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.actor import Channel
from agreegate.domain.orders.transaction import Action
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.reason import Reason
from agreegate.domain.standing import State
from agreegate.storage.customers.state import state_of
from agreegate.storage.decision import as_reasons
from agreegate.storage.engine.unit_of_work import UnitOfWork, Value, from_micros, maybe_instant, to_micros
from agreegate.storage.orders.subscription import LIVING, is_living
from agreegate.storage.row import find_all, number_of, reader
from agreegate.storage.statement import Statement

LATEST = 300
"""Maximum number of open carts, and of denied transactions, that are read; the latest ones."""
SUBSCRIPTIONS = 5_000
"""Maximum number of subscriptions that are read; those whose commitments end first."""
NO_LONGER_AGREEING = 5_000
"""Maximum number of customers that no longer agree that are read."""
_STATE = """(select {state} from relationship r
        join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
        where r.partner_id = $1 and r.customer_id = s.customer_id and r.ended_at is null)"""
_NAME = "(select c.company_name from customer c where c.partner_id = $1 and c.customer_id = s.customer_id)"
"""SQL: the company's name. Not a join: SQLite would read all customers first."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A customer with living subscriptions."""

    customer_id: str
    company_name: str
    ends_at: datetime
    """The soonest end of a commitment."""
    renews_at: datetime | None
    """The soonest end of a commitment that renews automatically; None: none does."""
    subscriptions: int


@dataclass(frozen=True, slots=True)
class Tried:
    """A customer with an open cart or a denied transaction."""

    customer_id: str
    company_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Denied:
    """A transaction that the gate denied."""

    decision_id: str
    customer_id: str
    company_name: str | None
    """None: the partner has no such customer."""
    action: Action
    channel: Channel
    reasons: tuple[Reason, ...]
    at: datetime


_as_tried = reader(Tried)
_as_denied = reader(Denied, reasons=as_reasons)


async def ending_first(
    uow: UnitOfWork, partner: PartnerId, programme: Programme, states: Collection[State], most: int
) -> tuple[list[Committed], datetime | None]:
    """Return the customers in some states whose commitments end first, at most `most`.

    Beside them, the end of the last commitment that was read; None: all were.
    """
    to = Statement(partner)
    last = await uow.fetch_one(
        f"select s.commitment_end_at, s.customer_id from subscription s where s.partner_id = $1 and {LIVING}"
        f" order by s.commitment_end_at, s.customer_id limit 1 offset {SUBSCRIPTIONS}",
        partner,
    )
    until, last_end_at = "", None
    if last is not None:
        last_end_at, _ = last
        until = f"and (s.commitment_end_at, s.customer_id) < ({to.bind_all(last)})"
    # The sum with 0 keeps SQLite from reading the subscriptions of all customers off their index by end.
    rows = await uow.fetch_all(
        f"""select s.customer_id, {_NAME}, s.commitment_end_at from subscription s
            where s.partner_id = $1 and {LIVING} {until} and not exists (
                select 1 from subscription o where o.partner_id = $1 and o.customer_id = s.customer_id
                  and {is_living("o")}
                  and (o.commitment_end_at + 0, o.subscription_id) < (s.commitment_end_at, s.subscription_id))
              and {_STATE.format(state=state_of(programme, uow.now, to))} in ({to.bind_all(sorted(states))})
            order by s.commitment_end_at, s.customer_id limit {most}""",
        *to.values,
    )
    return [await _committed(uow, partner, *row) for row in rows], maybe_instant(last_end_at)


async def no_longer_agreeing(
    uow: UnitOfWork, partner: PartnerId, programme: Programme, most: int
) -> tuple[list[Committed], int]:
    """Return the customers that no longer agree and have living subscriptions, the soonest end first, and their number."""
    to = Statement(partner)
    rows = await uow.fetch_all(
        f"""select s.customer_id, {_NAME}, s.ends_at, count(*) over () from (
              select r.customer_id, (select min(s.commitment_end_at + 0) from subscription s where s.partner_id = $1
                and s.customer_id = r.customer_id and {LIVING}) as ends_at
              from relationship r where r.partner_id = $1 and r.no_longer_agrees_at >= 0) s
            where s.ends_at is not null and {_STATE.format(state=state_of(programme, uow.now, to))} = '{State.NO_LONGER_AGREES}'
            order by s.ends_at, s.customer_id limit {most}""",
        *to.values,
    )
    number = next((number for *_, number in rows), 0)
    return [await _committed(uow, partner, *customer) for *customer, _ in rows], number


async def open_carts(uow: UnitOfWork, partner: PartnerId) -> list[Tried]:
    """Return the customers of the latest open carts, the latest first."""
    return await _latest(uow, partner, "cart", "modified_at", "status = 'active' and expires_at > $2", "expires_at")


async def denied_lately(uow: UnitOfWork, partner: PartnerId, since: datetime) -> list[Tried]:
    """Return the customers of the latest denied transactions since an instant, the latest first."""
    denied_since = "verdict = 'deny' and decided_at between $3 and $2"
    return await _latest(uow, partner, "decision", "decided_at", denied_since, "decided_at", to_micros(since))


async def _latest(
    uow: UnitOfWork, partner: PartnerId, table: str, at: str, condition: str, order: str, *parameters: Value
) -> list[Tried]:
    """Return the customers of the last rows of a table, the latest first. `$2` of the condition is now."""
    return await find_all(
        uow,
        _as_tried,
        f"""select s.customer_id, {_NAME}, s.at from (
          select customer_id, max({at}) as at from (
            select customer_id, {at} from {table} where partner_id = $1 and {condition}
            order by {order} desc limit {LATEST}) l
          group by customer_id) s
        order by s.at desc, s.customer_id""",
        partner,
        to_micros(uow.now),
        *parameters,
    )


async def denied(uow: UnitOfWork, partner: PartnerId, since: datetime, most: int) -> list[Denied]:
    """Return the transactions that the gate denied since an instant, the latest first."""
    return await find_all(
        uow,
        _as_denied,
        """select d.decision_id, d.customer_id, c.company_name, d.action, d.channel, d.reasons, d.decided_at
           from decision d
           left join customer c on c.partner_id = d.partner_id and c.customer_id = d.customer_id
           where d.partner_id = $1 and d.verdict = 'deny' and d.decided_at between $2 and $3
           order by d.decided_at desc limit $4""",
        partner,
        to_micros(since),
        to_micros(uow.now),
        most,
    )


async def count_denied(uow: UnitOfWork, partner: PartnerId, since: datetime, most: int) -> int:
    """Count the transactions that the gate denied since an instant, at most `most`."""
    return await number_of(
        uow,
        "select count(*) from (select 1 from decision where partner_id = $1 and verdict = 'deny'"
        " and decided_at between $2 and $3 limit $4) d",
        partner,
        to_micros(since),
        to_micros(uow.now),
        most,
    )


async def many_no_longer_agree(uow: UnitOfWork, partner: PartnerId) -> bool:
    """Whether more customers no longer agree, or did not for a time, than `no_longer_agreeing` may read."""
    rows = "select 1 from relationship where partner_id = $1 and no_longer_agrees_at >= 0"
    sql = f"select count(*) from ({rows} limit {NO_LONGER_AGREEING + 1}) r"
    return await number_of(uow, sql, partner) > NO_LONGER_AGREEING


async def _committed(uow: UnitOfWork, partner: PartnerId, customer: str, name: str, ends_at: int) -> Committed:
    [(number, renews_at)] = await uow.fetch_all(
        "select count(*), min(case when s.auto_renew = 1 then s.commitment_end_at end) from subscription s"
        f" where s.partner_id = $1 and s.customer_id = $2 and {LIVING}",
        partner,
        customer,
    )
    return Committed(customer, name, from_micros(ends_at), maybe_instant(renews_at), number)
