"""Count customers by state, country and reseller, now and at later instants.

One statement reads all relationships. It takes seconds for a million customers, so `services/totals.py` keeps the totals.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State
from agreegate.storage.audit import in_records
from agreegate.storage.customers.state import state_of
from agreegate.storage.engine.unit_of_work import UnitOfWork, maybe_instant, to_micros
from agreegate.storage.row import number_of
from agreegate.storage.statement import Statement

LATEST_CHANGES = 1_000
"""Maximum audit records read to find the newest change of one user."""
_BY_RESELLER = """v.reseller_id as reseller_id,
            case when exists (select 1 from customer_reseller w where w.partner_id = v.partner_id
              and w.customer_id = v.customer_id and w.reseller_id < v.reseller_id) then 0 else 1 end as is_first"""
_RESELLERS = "left join customer_reseller v on v.partner_id = r.partner_id and v.customer_id = r.customer_id"
_EVERYBODYS = "cast(null as text) as reseller_id, 1 as is_first"
_CHANGES_TOTALS = (
    f"(resource_type = 'customer' or operation_type in ({in_records('record_confirmation', 'end_confirmation')}))"
)


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers of customers by state. Customers without a state are not counted."""

    as_of: datetime
    """When they were counted, by the product's clock."""
    states: Mapping[State, int]
    """All customers, by each of the five states."""
    countries: Mapping[str, Mapping[State, int]]
    resellers: Mapping[str, Mapping[State, int]]
    """The customers of each reseller; a customer of two resellers counts for both. Empty for the operator."""
    resellers_by_country: Mapping[tuple[str, str], Mapping[State, int]]
    """The customers of each country and reseller."""
    states_then: Mapping[datetime, Mapping[State, int]]
    """All customers at each later instant, by each of the five states."""

    @property
    def customers(self) -> int:
        """Number of all customers that have a state."""
        return sum(self.states.values())

    def of(self, country: str | None, reseller: str | None) -> Mapping[State, int]:
        """Return the number of customers in each state.

        Args:
            country: only in this country; None: in all countries.
            reseller: only of this reseller; None: all customers.
        """
        if country is not None and reseller is not None:
            return self.resellers_by_country.get((country, reseller), {})
        if reseller is not None:
            return self.resellers.get(reseller, {})
        return self.states if country is None else self.countries.get(country, {})


async def count_totals(
    uow: UnitOfWork, programme: Programme, partner: PartnerId | None, later: tuple[datetime, ...]
) -> Totals:
    """Count the customers of a partner.

    The caller has made sure that customers have a state: the programme exists now, in the partner's cloud.

    Args:
        partner: None: all partners whose cloud the programme supports.
        later: count the states at these instants too, by the texts and renewals that are recorded now.
    """
    to = Statement()
    # A left join, so that relationships are read in the order of ids: the rows of other tables have the same order.
    states = {at: f"state_{place}" for place, at in enumerate((uow.now, *later))}
    decided = ", ".join(f"{state_of(programme, at, to)} as {name}" for at, name in states.items())
    grouped = f"country, reseller_id, is_first, {', '.join(states.values())}"
    rows = await uow.fetch_all(
        f"""select {grouped}, count(*) from (
          select c.country as country, {_EVERYBODYS if partner is None else _BY_RESELLER}, {decided}
          from relationship r
          left join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
          {"" if partner is None else _RESELLERS}
          where {_whose(programme, partner, to)}) s
        group by {grouped}""",
        *to.values,
    )
    every: dict[datetime, Counter[State]] = {at: Counter(dict.fromkeys(State, 0)) for at in states}
    countries: defaultdict[str, Counter[State]] = defaultdict(Counter)
    resellers: defaultdict[str, Counter[State]] = defaultdict(Counter)
    by_country: defaultdict[tuple[str, str], Counter[State]] = defaultdict(Counter)
    for country, reseller, is_first, *found, customers in rows:
        now, *_ = in_turn = [State(state) for state in found]
        if reseller is not None:
            resellers[reseller][now] += customers
            by_country[country, reseller][now] += customers
        if is_first:
            countries[country][now] += customers
            for at, state in zip(states, in_turn, strict=True):
                every[at][state] += customers
    return Totals(uow.now, every[uow.now], countries, resellers, by_country, {at: every[at] for at in later})


async def has_more_customers(uow: UnitOfWork, programme: Programme, partner: PartnerId | None, most: int) -> bool:
    """Whether a partner has more than `most` customers.

    Args:
        partner: None: all partners whose cloud the programme supports.
    """
    to = Statement()
    rows = f"select 1 from relationship r where {_whose(programme, partner, to)} limit {most + 1}"
    return await number_of(uow, f"select count(*) from ({rows}) s", *to.values) > most


async def count_texts(uow: UnitOfWork) -> int:
    """Count the published versions of all texts."""
    return await number_of(uow, "select count(*) from text_version")


async def newest_change(uow: UnitOfWork, partner: PartnerId) -> datetime | None:
    """Return the instant of the partner's newest audit record."""
    [(newest,)] = await uow.fetch_all("select max(operation_at) from audit_record where partner_id = $1", partner)
    return maybe_instant(newest)


async def newest_change_by(uow: UnitOfWork, partner: PartnerId, user: str, after: datetime | None) -> datetime | None:
    """Return the instant of the newest change by a user after an instant that changes the totals; None: no change."""
    [(newest,)] = await uow.fetch_all(
        f"""select max(operation_at) from (
          select operation_at, user_id, operation_type, resource_type from audit_record
          where partner_id = $1 and operation_at > $2 order by operation_at desc limit {LATEST_CHANGES}) a
        where user_id = $3 and {_CHANGES_TOTALS}""",
        partner,
        -1 if after is None else to_micros(after),
        user,
    )
    return maybe_instant(newest)


def _whose(programme: Programme, partner: PartnerId | None, to: Statement) -> str:
    """SQL: the open relationships `r` that are counted."""
    if partner is not None:
        return f"r.partner_id = {to.bind(partner)} and r.ended_at is null"
    if not programme.unsupported_clouds:
        return "r.ended_at is null"
    clouds = to.bind_all(sorted(programme.unsupported_clouds))
    return (
        f"r.partner_id in (select p.partner_id from partner p where p.cloud not in ({clouds})) and r.ended_at is null"
    )
