"""Example customers for the questions and answers: the first of a kind that a partner or a reseller serves."""

from agreegate.domain.partner import Partner, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.storage.customers.state import no_longer_agrees
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.statement import Statement

MOST_READ = 5_000
"""Maximum number of customers read to find an example, the first by id."""
_OWN = """
    select c.customer_id, c.company_name from (
      select o.partner_id, o.customer_id, o.no_longer_agrees_at from relationship o
      where o.partner_id = $1 and o.ended_at is null order by o.customer_id limit $3) r
    join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
    where true"""
_THROUGH_PROVIDER = """
    select c.customer_id, c.company_name from (
      select v.partner_id, v.customer_id, o.no_longer_agrees_at from customer_reseller v
      join reseller_link l on l.partner_id = v.partner_id and l.reseller_id = v.reseller_id and l.ended_at is null
      join relationship o on o.partner_id = v.partner_id and o.customer_id = v.customer_id and o.ended_at is null
      where v.reseller_id = $1 order by v.customer_id limit $3) r
    join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
    where true"""
_CONFIRMED = (
    "exists (select 1 from current_confirmation q where q.partner_id = r.partner_id and q.customer_id = r.customer_id)"
)
_SEVERAL_RESELLERS = """
    (select count(*) from customer_reseller w
      join reseller_link m on m.partner_id = w.partner_id and m.reseller_id = w.reseller_id and m.ended_at is null
      where w.partner_id = r.partner_id and w.customer_id = r.customer_id) > 1"""


async def unconfirmed_customers(uow: UnitOfWork, asking: Partner, most: int) -> list[tuple[str, str]]:
    """Return id and name of customers without any record, by id; at most `most`."""
    return await _some(uow, asking, f"r.no_longer_agrees_at is null and not {_CONFIRMED}", _bounded(asking, most))


async def confirmed_customer(uow: UnitOfWork, asking: Partner) -> str | None:
    """Return a customer with a confirmation, preferably one that several resellers of a provider serve."""
    for condition in (f"{_CONFIRMED} and {_SEVERAL_RESELLERS}", _CONFIRMED):
        for id_, _ in await _some(uow, asking, condition, _bounded(asking, 1)):
            return id_
    return None


async def customer_that_no_longer_agrees(uow: UnitOfWork, asking: Partner, programme: Programme) -> str | None:
    """Return a customer that no longer agrees."""
    to = _bounded(asking, 1)
    for id_, _ in await _some(uow, asking, no_longer_agrees(programme, uow.now, to), to):
        return id_
    return None


def _bounded(asking: Partner, most: int) -> Statement:
    return Statement(asking.id, most, MOST_READ)


async def _some(uow: UnitOfWork, asking: Partner, condition: str, to: Statement) -> list[tuple[str, str]]:
    base = _THROUGH_PROVIDER if asking.kind is PartnerKind.INDIRECT_RESELLER else _OWN
    rows = await uow.fetch_all(f"{base} and {condition} order by r.customer_id limit $2", *to.values)
    return [(id_, name) for id_, name in rows]
