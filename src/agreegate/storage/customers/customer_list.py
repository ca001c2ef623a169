"""Pages of a list of customers, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State
from agreegate.storage.customers.customer_range import Statement, number
from agreegate.storage.customers.customer_search import MOST_COUNTED, CustomerList
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import Page, PageRequest, PageStep
from agreegate.storage.state import state_of

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
    uow: UnitOfWork, lists: Sequence[CustomerList], page_request: PageRequest, *, counting: bool = True
) -> tuple[Page[Entry], Counted]:
    """One page of the customers that fit, of one or several partners, by name; and how many fit.

    Positions are customer and partner.

    Args:
        counting: they are to be counted. `Counted.customers` is None where that is not asked, or where customers in a state
            are too many to be counted now.
    """
    start = {PageStep.NEXT: page_request.last, PageStep.PREVIOUS: page_request.first}.get(page_request.step)
    here = None if start is None else await _place(uow, lists, *start)
    backwards = page_request.step is PageStep.LAST or (page_request.step is PageStep.PREVIOUS and here is not None)
    rows: list[Place] = []
    numbers: list[int | None] = []
    for one in lists:
        found, number_ = await _read(uow, one, here, page_request.size + 1, backwards=backwards, counting=counting)
        rows += found
        numbers.append(await _count(uow, one) if counting and number_ is None else number_)
    counted = _sum(numbers) if counting else Counted(None)
    rows.sort(reverse=backwards)
    more, rows = len(rows) > page_request.size, rows[: page_request.size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page(), counted
    first, *_ = places = [(customer, partner) for _, customer, partner in rows]
    *_, last = places
    page = Page(
        items=await _entries(uow, places),
        first=first,
        last=last,
        more_before=more if backwards else here is not None,
        more_after=here is not None if backwards else more,
    )
    return page, counted


async def _read(
    uow: UnitOfWork, one: CustomerList, here: Place | None, size: int, *, backwards: bool, counting: bool
) -> tuple[list[Place], int | None]:
    """The customers of one partner that come first beyond a place; and how many fit, where that is known then."""
    if one.nobody:
        return [], 0
    sign = _sign(one, here, backwards=backwards)
    found: list[Place] = []
    if one.rows > (MOST_COUNTED if counting else one.limits.few):
        found, end = await _walk(uow, one, here, sign, size, backwards=backwards)
        if len(found) == size or end is None:
            return found, None
        here, sign = end, "<" if backwards else ">"
    to, names = Statement(), "f.company_key, f.customer_id"
    rows = await uow.fetch_all(
        f"""with found as materialized ({one.found(to, with_key=True)})
            select {names}, (select count(*) from found) from found f
            where {_beyond(names, sign, here, to)} order by {_order(names, backwards=backwards)} limit {size - len(found)}""",
        *to.values,
    )
    found += [(key, customer, one.partner) for key, customer, _ in rows]
    return found, next((count for _, _, count in rows), None)


async def _walk(
    uow: UnitOfWork, one: CustomerList, here: Place | None, sign: str, size: int, *, backwards: bool
) -> tuple[list[Place], Place | None]:
    """The first customers beyond a place in the order of names, and up to where that was walked; None: to its end."""
    names, walked = "k.company_key, k.customer_id", one.limits.walked if one.small else one.limits.looked_up
    order = _order(names, backwards=backwards)
    to = Statement()
    rows = await uow.fetch_all(
        f"{one.named(to)} and {_beyond(names, sign, here, to)} order by {order} limit 1 offset {to.bind(walked - 1)}",
        *to.values,
    )
    end: Place | None = None
    for key, customer in rows:
        end = key, customer, one.partner
    to = Statement()
    named = f"{one.named(to)} and {_beyond(names, sign, here, to)}"
    named += f" and {_beyond(names, '>=' if backwards else '<=', end, to)}"
    rows = await uow.fetch_all(f"{named} and {one.fits(to)} order by {order} limit {size}", *to.values)
    return [(key, customer, one.partner) for key, customer in rows], end


def _sign(one: CustomerList, here: Place | None, *, backwards: bool) -> str:
    """SQL: how the customers of one partner compare that come beyond a place.

    A customer of two partners stands twice at the same place, in the order of the partners.
    """
    if here is None:
        return "<" if backwards else ">"
    _, _, partner = here
    if backwards:
        return "<=" if one.partner < partner else "<"
    return ">" if one.partner <= partner else ">="


def _beyond(names: str, sign: str, place: Place | None, to: Statement) -> str:
    if place is None:
        return "true"
    key, customer, _ = place
    return f"({names}) {sign} ({to.bind(key)}, {to.bind(customer)})"


def _order(names: str, *, backwards: bool) -> str:
    return names.replace(",", " desc,") + " desc" if backwards else names


async def _count(uow: UnitOfWork, one: CustomerList) -> int | None:
    """How many customers of one partner fit, at most one more than `MOST_COUNTED`; None: they are in a state, and too many."""
    if one.nobody:
        return 0
    if one.by_state and one.rows > MOST_COUNTED:
        return None
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
    if not found.nobody:
        to = Statement()
        rows = found.found(to, state=lambda to: state_of(programme, uow.now, to.bind))
        for state, customers in await uow.fetch_all(
            f"select s.state, count(*) from ({rows}) s group by s.state", *to.values
        ):
            states[State(state)] = customers
    return states


async def countries_of(uow: UnitOfWork, partner: PartnerId) -> list[str]:
    """The countries of the customers that the partner serves today: one step of an index for each."""
    return [country for (country,) in await uow.fetch_all(_COUNTRIES, partner)]


async def providers_of(uow: UnitOfWork, reseller: PartnerId) -> list[PartnerId]:
    """The providers that a reseller has an open link with."""
    rows = await uow.fetch_all(
        "select partner_id from reseller_link where reseller_id = $1 and ended_at is null order by partner_id", reseller
    )
    return [PartnerId(provider) for (provider,) in rows]


async def _place(uow: UnitOfWork, lists: Sequence[CustomerList], id_: str | int, partner: str) -> Place | None:
    customer = str(id_)
    if all(partner != one.partner for one in lists):
        return None
    row = await uow.fetch_one(
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
            rows = await uow.fetch_all(
                "select p.name, c.customer_id, c.company_name, c.domain, c.country from customer c"
                " join partner p on p.partner_id = c.partner_id where c.partner_id = $1"
                f" and c.customer_id in ({', '.join(f'${place}' for place in range(2, 2 + len(some)))})",
                partner,
                *some,
            )
            found |= {(partner, id_): Entry(partner, name, id_, *rest) for name, id_, *rest in rows}
    return tuple(found[partner, customer] for customer, partner in places)
