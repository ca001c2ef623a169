"""Pages of a list of customers, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State
from agreegate.storage.customer_search import MOST_COUNTED, CustomerList, Statement, number
from agreegate.storage.page import Page, Seek, Wanted
from agreegate.storage.state import state_of
from agreegate.storage.unit_of_work import Row, UnitOfWork

_PORTION = 500
"""Maximum customers named in one statement."""
_COUNTRIES = """
    with recursive code(country) as (
      select min(c.country) from customer c where c.partner_id = $1
      union all
      select (select min(c.country) from customer c where c.partner_id = $1 and c.country > code.country) from code
      where code.country is not null)
    select code.country from code where exists (
      select 1 from customer c
      join relationship r on r.partner_id = c.partner_id and r.customer_id = c.customer_id and r.ended_at is null
      where c.partner_id = $1 and c.country = code.country)
    order by code.country"""


Place = tuple[str, str, PartnerId]
"""Where a customer stands in a list: its key, its id, the partner."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A customer, as a list shows it."""

    partner_id: PartnerId
    partner_name: str
    customer_id: str
    company_name: str
    domain: str
    country: str


@dataclass(frozen=True, slots=True)
class Counted:
    """How many customers there are."""

    customers: int | None
    """At most `MOST_COUNTED`; None: they are not counted."""
    more: bool = False
    """There are more."""


async def page_of_customers(
    uow: UnitOfWork, lists: Sequence[CustomerList], wanted: Wanted
) -> tuple[Page[Entry], Counted]:
    """One page of the customers that fit, of one or several partners, by name; and how many fit.

    Positions are customer and partner. Where customers in a state are too many to be counted now, `Counted.customers` is None.
    """
    start = {Seek.NEXT: wanted.last, Seek.PREVIOUS: wanted.first}.get(wanted.seek)
    here = None if start is None else await _place(uow, lists, *start)
    backwards = wanted.seek is Seek.LAST or (wanted.seek is Seek.PREVIOUS and here is not None)
    rows: list[Place] = []
    counted: list[int | None] = []
    for one in lists:
        found = await _read(uow, one, here, wanted.size + 1, backwards=backwards)
        fit = next((number for _, _, *numbers in found for number in numbers), None)
        counted.append(await _count(uow, one) if fit is None else fit)
        rows += [(key, customer, one.partner) for key, customer, *_ in found]
    rows.sort(reverse=backwards)
    more, rows = len(rows) > wanted.size, rows[: wanted.size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page(), _sum(counted)
    first, *_ = places = [(customer, partner) for _, customer, partner in rows]
    *_, last = places
    page = Page(
        items=await _entries(uow, places),
        first=first,
        last=last,
        more_before=more if backwards else here is not None,
        more_after=here is not None if backwards else more,
    )
    return page, _sum(counted)


async def _read(uow: UnitOfWork, one: CustomerList, here: Place | None, limit: int, *, backwards: bool) -> list[Row]:
    """Keys and ids of the customers of one partner beyond a place; beside each, if they were not read by name, how many fit."""
    if not one.ranges:
        return []
    to, beyond = Statement(), ""
    if one.by_name:
        names, select = "c.company_key, c.customer_id", one.named(to)
    else:
        names = "f.company_key, f.customer_id"
        select = f"""with found as materialized ({one.found(to, with_key=True)})
            select {names}, (select count(*) from found) from found f where true"""
    if here is not None:
        # A customer of two partners stands twice at the same place, in the order of the partners.
        key, customer, partner = here
        before = one.partner < partner
        sign = ("<=" if before else "<") if backwards else (">" if before or one.partner == partner else ">=")
        beyond = f" and ({names}) {sign} ({to.bind(key)}, {to.bind(customer)})"
    order = names.replace(",", " desc,") + " desc" if backwards else names
    return await uow.all(f"{select}{beyond} order by {order} limit {limit}", *to.values)


async def _count(uow: UnitOfWork, one: CustomerList) -> int | None:
    """How many customers of one partner fit, at most one more than `MOST_COUNTED`; None: they are in a state, and too many."""
    if not one.ranges:
        return 0
    if one.by_name and one.by_state:
        return None
    if one.by_name and not one.conditions:
        return MOST_COUNTED + 1
    to = Statement()
    return await number(uow, f"select count(*) from ({one.found(to)} limit {MOST_COUNTED + 1}) n", to)


def _sum(counted: Sequence[int | None]) -> Counted:
    known = [customers for customers in counted if customers is not None]
    if len(known) < len(counted):
        return Counted(None)
    return Counted(min(sum(known), MOST_COUNTED), sum(known) > MOST_COUNTED)


async def count_states(
    uow: UnitOfWork, found: CustomerList, programme: Programme, most: int
) -> dict[State, int] | None:
    """How many of the customers that fit are in each state; None where more than `most` would be read."""
    states = dict.fromkeys(State, 0)
    if found.rows > most:
        return None
    if found.ranges:
        to = Statement()
        rows = found.found(to, state=lambda to: state_of(programme, uow.now, to.bind))
        for state, customers in await uow.all(f"select s.state, count(*) from ({rows}) s group by s.state", *to.values):
            states[State(state)] = customers
    return states


async def countries_of(uow: UnitOfWork, partner: PartnerId) -> list[str]:
    """The countries of the customers that the partner serves today: one step of an index for each."""
    return [country for (country,) in await uow.all(_COUNTRIES, partner)]


async def providers_of(uow: UnitOfWork, reseller: PartnerId) -> list[PartnerId]:
    """The providers that a reseller has an open link with."""
    rows = await uow.all(
        "select partner_id from reseller_link where reseller_id = $1 and ended_at is null order by partner_id", reseller
    )
    return [PartnerId(provider) for (provider,) in rows]


async def _place(uow: UnitOfWork, lists: Sequence[CustomerList], id_: str | int, partner: str) -> Place | None:
    customer = str(id_)
    if all(partner != one.partner for one in lists):
        return None
    row = await uow.one(
        "select company_key from customer where partner_id = $1 and customer_id = $2", partner, customer
    )
    if row is None:
        return None
    (key,) = row
    return key, customer, PartnerId(partner)


async def _entries(uow: UnitOfWork, places: Sequence[tuple[str, PartnerId]]) -> tuple[Entry, ...]:
    """What the list shows of each customer, in the order of the places."""
    found: dict[tuple[str, str], Entry] = {}
    for partner in {partner for _, partner in places}:
        customers = [customer for customer, whose in places if whose == partner]
        for begin in range(0, len(customers), _PORTION):
            some = customers[begin : begin + _PORTION]
            rows = await uow.all(
                "select p.name, c.customer_id, c.company_name, c.domain, c.country from customer c"
                " join partner p on p.partner_id = c.partner_id where c.partner_id = $1"
                f" and c.customer_id in ({', '.join(f'${place}' for place in range(2, 2 + len(some)))})",
                partner,
                *some,
            )
            found |= {(partner, id_): Entry(partner, name, id_, *rest) for name, id_, *rest in rows}
    return tuple(found[partner, customer] for customer, partner in places)
