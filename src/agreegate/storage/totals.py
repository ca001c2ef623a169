"""Count how many customers stand how: by state, by country and by reseller, and at the enforcement dates ahead.

One pass over the relationships. For a million customers it takes seconds, so `services/totals.py` keeps what was counted.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State
from agreegate.storage.audit import in_records
from agreegate.storage.engine.unit_of_work import UnitOfWork, Value, maybe_instant, to_micros
from agreegate.storage.state import Bind, binder, state_of

LATEST_CHANGES = 1_000
"""Maximum audit records looked through for the newest change of one user."""
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
    """How many customers stand how. Customers without a state are not counted."""

    as_of: datetime
    """The product's instant at which they were counted."""
    states: Mapping[State, int]
    """Every customer once; all five states."""
    countries: Mapping[str, Mapping[State, int]]
    resellers: Mapping[str, Mapping[State, int]]
    """The customers of each reseller; a customer of two resellers is counted by both. Empty for the operator."""
    resellers_by_country: Mapping[tuple[str, str], Mapping[State, int]]
    """The same, by country and reseller."""
    states_then: Mapping[datetime, Mapping[State, int]]
    """Every customer once, at each later instant that was asked for."""

    @property
    def customers(self) -> int:
        """All customers that have a state."""
        return sum(self.states.values())

    def of(self, country: str | None, reseller: str | None) -> Mapping[State, int]:
        """Return how many customers of a country and of a reseller are in each state; None: of all."""
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
        later: also count the states at these instants, by the texts and renewals recorded by now.
    """
    values: list[Value] = []
    bind = binder(values)
    # A left join, so that relationships are read in the order of ids, in which their rows lie beside each other elsewhere.
    states = {at: f"state_{place}" for place, at in enumerate((uow.now, *later))}
    decided = ", ".join(f"{state_of(programme, at, bind)} as {name}" for at, name in states.items())
    grouped = f"country, reseller_id, is_first, {', '.join(states.values())}"
    rows = await uow.fetch_all(
        f"""select {grouped}, count(*) from (
          select c.country as country, {_EVERYBODYS if partner is None else _BY_RESELLER}, {decided}
          from relationship r
          left join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
          {"" if partner is None else _RESELLERS}
          where {_whose(programme, partner, bind)}) s
        group by {grouped}""",
        *values,
    )
    every: dict[datetime, Counter[State]] = {at: Counter(dict.fromkeys(State, 0)) for at in states}
    countries: defaultdict[str, Counter[State]] = defaultdict(Counter)
    resellers: defaultdict[str, Counter[State]] = defaultdict(Counter)
    by_country: defaultdict[tuple[str, str], Counter[State]] = defaultdict(Counter)
    for country, reseller, is_first, *found, customers in rows:
        now, *_ = known = [State(state) for state in found]
        if reseller is not None:
            resellers[reseller][now] += customers
            by_country[country, reseller][now] += customers
        if is_first:
            countries[country][now] += customers
            for at, state in zip(states, known, strict=True):
                every[at][state] += customers
    return Totals(uow.now, every[uow.now], countries, resellers, by_country, {at: every[at] for at in later})


async def has_more_customers(uow: UnitOfWork, programme: Programme, partner: PartnerId | None, most: int) -> bool:
    """Return whether more than `most` customers are to be counted.

    Args:
        partner: None: all partners whose cloud the programme supports.
    """
    values: list[Value] = []
    whose = _whose(programme, partner, binder(values))
    [(count,)] = await uow.fetch_all(
        f"select count(*) from (select 1 from relationship r where {whose} limit {most + 1}) s", *values
    )
    return bool(count > most)


async def count_texts(uow: UnitOfWork) -> int:
    """Return how many versions of texts are published: it grows with every publication."""
    [(count,)] = await uow.fetch_all("select count(*) from text_version")
    return int(count)


async def newest_change(uow: UnitOfWork, partner: PartnerId) -> datetime | None:
    """Return the instant of the partner's newest audit record."""
    [(newest,)] = await uow.fetch_all("select max(operation_at) from audit_record where partner_id = $1", partner)
    return maybe_instant(newest)


async def newest_change_by(uow: UnitOfWork, partner: PartnerId, user: str, after: datetime | None) -> datetime | None:
    """Return the instant of the newest change by a user that is not in totals which contain the changes up to `after`."""
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


def _whose(programme: Programme, partner: PartnerId | None, bind: Bind) -> str:
    """SQL: the open relationships `r` that are counted."""
    if partner is not None:
        return f"r.partner_id = {bind(partner)} and r.ended_at is null"
    if not programme.unsupported_clouds:
        return "r.ended_at is null"
    clouds = ", ".join(bind(cloud) for cloud in sorted(programme.unsupported_clouds))
    return (
        f"r.partner_id in (select p.partner_id from partner p where p.cloud not in ({clouds})) and r.ended_at is null"
    )
