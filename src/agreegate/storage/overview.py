"""What the overview reads: subscriptions, carts and refusals in the order in which they matter, each off its own index.

SQL preselects customers by their state; `services/overview.py` decides the state of every customer that is shown.
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
from agreegate.storage.decision import as_reasons
from agreegate.storage.engine.unit_of_work import UnitOfWork, Value, from_micros, maybe_instant, to_micros
from agreegate.storage.state import binder, state_of

LATEST = 300
"""Maximum open carts, and maximum refusals, that are looked through; the latest."""
SUBSCRIPTIONS = 5_000
"""Maximum subscriptions looked through; those whose commitments end first."""
REFUSING = 5_000
"""Maximum customers that no longer agree that are looked through, whenever their commitments end."""
_LIVING = "s.status in ('active', 'suspended')"
_STATE = """(select {state} from relationship r
        join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
        where r.partner_id = $1 and r.customer_id = s.customer_id and r.ended_at is null)"""
# The sum with 0 keeps SQLite from reading the subscriptions of all customers off their index by end.
_ENDING_FIRST = f"""
    select s.customer_id, {{name}}, s.commitment_end_at from subscription s
    where s.partner_id = $1 and {_LIVING} {{until}} and not exists (
        select 1 from subscription o where o.partner_id = $1 and o.customer_id = s.customer_id
          and o.status in ('active', 'suspended')
          and (o.commitment_end_at + 0, o.subscription_id) < (s.commitment_end_at, s.subscription_id))
      and {_STATE} in ({{states}})
    order by s.commitment_end_at, s.customer_id limit {{most}}"""
_NO_LONGER_AGREEING = f"""
    select s.customer_id, {{name}}, s.ends_at, count(*) over () from (
      select r.customer_id, (select min(s.commitment_end_at + 0) from subscription s where s.partner_id = $1
        and s.customer_id = r.customer_id and {_LIVING}) as ends_at
      from relationship r where r.partner_id = $1 and r.no_longer_agrees_at >= 0) s
    where s.ends_at is not null and {_STATE} = '{State.ENDED}'
    order by s.ends_at, s.customer_id limit {{most}}"""
_NAME = "(select c.company_name from customer c where c.partner_id = $1 and c.customer_id = {of}.customer_id)"
"""SQL: the company's name. Not a join: SQLite would read all customers first."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A customer with living subscriptions."""

    customer_id: str
    company_name: str
    ends_at: datetime
    """The soonest end of a commitment."""
    renews_at: datetime | None
    """The soonest end of a commitment that renews by itself; None: none does."""
    subscriptions: int


@dataclass(frozen=True, slots=True)
class Tried:
    """A customer for which something was put into a cart, or refused."""

    customer_id: str
    company_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Denied:
    """A transaction that the gate refused."""

    decision_id: str
    customer_id: str
    company_name: str | None
    """None for a customer that the partner does not have."""
    action: Action
    channel: Channel
    reasons: tuple[Reason, ...]
    at: datetime


async def ending_first(
    uow: UnitOfWork, partner: PartnerId, programme: Programme, states: Collection[State], most: int
) -> tuple[list[Committed], datetime | None]:
    """Return the customers in one of these states whose commitments end first.

    Beside them, the end of the last commitment that was looked at; None: all were.
    """
    values: list[Value] = [partner]
    bind = binder(values)
    last = await uow.fetch_one(
        f"select s.commitment_end_at, s.customer_id from subscription s where s.partner_id = $1 and {_LIVING}"
        f" order by s.commitment_end_at, s.customer_id limit 1 offset {SUBSCRIPTIONS}",
        partner,
    )
    until, last_end_at = "", None
    if last is not None:
        last_end_at, last_customer = last
        until = f"and (s.commitment_end_at, s.customer_id) < ({bind(last_end_at)}, {bind(last_customer)})"
    sql = _ENDING_FIRST.format(
        name=_NAME.format(of="s"),
        until=until,
        state=state_of(programme, uow.now, bind),
        states=", ".join(f"'{state}'" for state in sorted(states)),
        most=most,
    )
    rows = await uow.fetch_all(sql, *values)
    found = [await _committed(uow, partner, *row) for row in rows]
    return found, maybe_instant(last_end_at)


async def no_longer_agreeing(
    uow: UnitOfWork, partner: PartnerId, programme: Programme, most: int
) -> tuple[list[Committed], int]:
    """Return the customers that no longer agree and have living subscriptions, the soonest end first, and their number."""
    values: list[Value] = [partner]
    sql = _NO_LONGER_AGREEING.format(
        name=_NAME.format(of="s"), state=state_of(programme, uow.now, binder(values)), most=most
    )
    rows = await uow.fetch_all(sql, *values)
    number = next((number for *_, number in rows), 0)
    return [await _committed(uow, partner, *customer) for *customer, _ in rows], number


async def open_carts(uow: UnitOfWork, partner: PartnerId) -> list[Tried]:
    """Return the customers of the latest carts that can be bought, the latest first."""
    rows = await uow.fetch_all(
        f"""select k.customer_id, {_NAME.format(of="k")}, k.at from (
          select customer_id, max(modified_at) as at from (
            select customer_id, modified_at from cart where partner_id = $1 and status = 'active' and expires_at > $2
            order by expires_at desc limit {LATEST}) l
          group by customer_id) k
        order by k.at desc, k.customer_id""",
        partner,
        to_micros(uow.now),
    )
    return [Tried(customer, name, from_micros(at)) for customer, name, at in rows]


async def denied_lately(uow: UnitOfWork, partner: PartnerId, since: datetime) -> list[Tried]:
    """Return the customers of the latest refusals since then, the latest first."""
    rows = await uow.fetch_all(
        f"""select k.customer_id, {_NAME.format(of="k")}, k.at from (
          select customer_id, max(decided_at) as at from (
            select customer_id, decided_at from decision
            where partner_id = $1 and verdict = 'deny' and decided_at between $2 and $3
            order by decided_at desc limit {LATEST}) l
          group by customer_id) k
        order by k.at desc, k.customer_id""",
        partner,
        to_micros(since),
        to_micros(uow.now),
    )
    return [Tried(customer, name, from_micros(at)) for customer, name, at in rows]


async def denied(uow: UnitOfWork, partner: PartnerId, since: datetime, most: int) -> list[Denied]:
    """Return what the gate refused since then, the latest first."""
    rows = await uow.fetch_all(
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
    return [
        Denied(id_, customer, name, Action(action), Channel(channel), as_reasons(reasons), from_micros(at))
        for id_, customer, name, action, channel, reasons, at in rows
    ]


async def count_denied(uow: UnitOfWork, partner: PartnerId, since: datetime, most: int) -> int:
    """Return how often the gate refused something since then, counted up to `most`."""
    [(count,)] = await uow.fetch_all(
        "select count(*) from (select 1 from decision where partner_id = $1 and verdict = 'deny'"
        " and decided_at between $2 and $3 limit $4) d",
        partner,
        to_micros(since),
        to_micros(uow.now),
        most,
    )
    return int(count)


async def many_no_longer_agree(uow: UnitOfWork, partner: PartnerId) -> bool:
    """Return whether more customers once said no than `no_longer_agreeing` can look through."""
    [(count,)] = await uow.fetch_all(
        "select count(*) from (select 1 from relationship where partner_id = $1 and no_longer_agrees_at >= 0"
        f" limit {REFUSING + 1}) r",
        partner,
    )
    return bool(count > REFUSING)


async def _committed(uow: UnitOfWork, partner: PartnerId, customer: str, name: str, ends_at: int) -> Committed:
    [(number, renews_at)] = await uow.fetch_all(
        "select count(*), min(case when s.auto_renew = 1 then s.commitment_end_at end) from subscription s"
        f" where s.partner_id = $1 and s.customer_id = $2 and {_LIVING}",
        partner,
        customer,
    )
    return Committed(customer, name, from_micros(ends_at), maybe_instant(renews_at), number)
