"""What the overview reads, each from an index: as dear with a million customers as with ten."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.actor import Channel
from agreegate.domain.gate import Reason
from agreegate.domain.partner import PartnerId
from agreegate.domain.transaction import Action
from agreegate.storage.customer_search import Tally
from agreegate.storage.decision import as_reasons
from agreegate.storage.unit_of_work import UnitOfWork, from_micros, maybe_instant, to_micros

LATEST = 300
"""So many open carts and refusals, the latest, are looked through."""


# Joined in the order written (`cross join`): the few first, so that nothing is read that is not shown.
_TRIED = """
    select t.customer_id, c.company_name, t.at from (
      select k.customer_id, max(k.at) as at from ({latest}) k
      cross join customer_entry e on e.partner_id = $1 and e.customer_id = k.customer_id
      where e.coverage in (select value from json_each($4))
      group by k.customer_id order by 2 desc, 1 limit $5) t
    cross join customer c on c.partner_id = $1 and c.customer_id = t.customer_id
    order by t.at desc, t.customer_id
"""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A customer with subscriptions that live, as its next commitment end shows it."""

    customer_id: str
    company_name: str
    ends_at: datetime
    """The soonest end of a commitment."""
    renews_at: datetime | None
    """The soonest end of one that renews by itself; None: none does."""
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
    coverage: str | None
    """How it stands today; None where the partner does not serve it."""
    action: Action
    channel: Channel
    reasons: tuple[Reason, ...]
    at: datetime


async def tally_of_all(uow: UnitOfWork) -> list[Tally]:
    """How many customers there are of each coverage, whoever's they are."""
    return [
        Tally("", row[0], row[1])
        for row in await uow.all(
            "select coverage, sum(customers) from customer_tally where customers > 0 group by coverage"
        )
    ]


async def subscribed_next(
    uow: UnitOfWork, partner: PartnerId, coverages: Collection[str], most: int
) -> list[Subscribed]:
    """Customers of these coverages whose commitments end first."""
    rows = await uow.all(
        """select f.customer_id, c.company_name, f.commitment_end_at, count(*),
             min(iif(s.auto_renew = 1, s.commitment_end_at, null))
           from (select e.customer_id, e.commitment_end_at from json_each($2) j cross join customer_entry e on e.entry in (
               select i.entry from customer_entry i where i.partner_id = $1 and i.coverage = j.value
                 and i.commitment_end_at is not null order by i.commitment_end_at limit $3)
             order by e.commitment_end_at, e.entry limit $3) f
           cross join customer c on c.partner_id = $1 and c.customer_id = f.customer_id
           cross join subscription s on s.partner_id = $1 and s.customer_id = f.customer_id
             and s.status in ('active', 'suspended')
           group by f.customer_id order by f.commitment_end_at, f.customer_id""",
        partner,
        json.dumps(sorted(coverages)),
        most,
    )
    return [Subscribed(row[0], row[1], from_micros(row[2]), maybe_instant(row[4]), row[3]) for row in rows]


async def open_carts(uow: UnitOfWork, partner: PartnerId, coverages: Collection[str], most: int) -> list[Tried]:
    """Customers of these coverages with a cart that can be bought, the latest first."""
    rows = await uow.all(
        _TRIED.format(
            latest="select customer_id, modified_at as at from cart where partner_id = $1 and status = 'Active'"
            " and expires_at > $2 order by expires_at desc limit $3"
        ),
        partner,
        to_micros(uow.now),
        LATEST,
        json.dumps(sorted(coverages)),
        most,
    )
    return [Tried(row[0], row[1], from_micros(row[2])) for row in rows]


async def refused_lately(
    uow: UnitOfWork, partner: PartnerId, coverages: Collection[str], since: datetime, most: int
) -> list[Tried]:
    """Customers of these coverages for which the gate refused something since then, the latest first."""
    rows = await uow.all(
        _TRIED.format(
            latest="select customer_id, decided_at as at from decision where partner_id = $1 and verdict = 'deny'"
            " and decided_at between $6 and $2 order by decided_at desc limit $3"
        ),
        partner,
        to_micros(uow.now),
        LATEST,
        json.dumps(sorted(coverages)),
        most,
        to_micros(since),
    )
    return [Tried(row[0], row[1], from_micros(row[2])) for row in rows]


async def denied(uow: UnitOfWork, partner: PartnerId, since: datetime, most: int) -> list[Denied]:
    """What the gate refused since then, the latest first."""
    rows = await uow.all(
        """select d.decision_id, d.customer_id, c.company_name, e.coverage, d.action, d.channel, d.reasons, d.decided_at
           from decision d
           left join customer c on c.partner_id = d.partner_id and c.customer_id = d.customer_id
           left join customer_entry e on e.partner_id = d.partner_id and e.customer_id = d.customer_id
           where d.partner_id = $1 and d.verdict = 'deny' and d.decided_at between $2 and $3
           order by d.decided_at desc limit $4""",
        partner,
        to_micros(since),
        to_micros(uow.now),
        most,
    )
    return [
        Denied(row[0], row[1], row[2], row[3], Action(row[4]), Channel(row[5]), as_reasons(row[6]), from_micros(row[7]))
        for row in rows
    ]


async def count_denied(uow: UnitOfWork, partner: PartnerId, since: datetime, most: int) -> int:
    """How often the gate refused something since then; counted up to `most`."""
    row = await uow.one(
        "select count(*) from (select 1 from decision where partner_id = $1 and verdict = 'deny'"
        " and decided_at between $2 and $3 limit $4)",
        partner,
        to_micros(since),
        to_micros(uow.now),
        most,
    )
    return 0 if row is None else int(row[0])


async def count_subscribed(uow: UnitOfWork, partner: PartnerId, coverages: Collection[str], most: int) -> int:
    """How many customers of these coverages have subscriptions that live; counted up to `most`."""
    row = await uow.one(
        "select count(*) from (select 1 from json_each($2) j cross join customer_entry e on e.partner_id = $1"
        " and e.coverage = j.value and e.commitment_end_at is not null limit $3)",
        partner,
        json.dumps(sorted(coverages)),
        most,
    )
    return 0 if row is None else int(row[0])
