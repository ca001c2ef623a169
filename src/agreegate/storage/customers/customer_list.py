"""Pages of a list of customers, and the number of customers in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State
from agreegate.storage.customers.customer import position_of
from agreegate.storage.customers.customer_search import MOST_COUNTED, CustomerList
from agreegate.storage.customers.state import state_of
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import Page, PageRequest
from agreegate.storage.row import number_of
from agreegate.storage.statement import Statement, portions

Place = tuple[str, str, PartnerId]
"""Where a customer is in a list: the key of its name, its id, the partner."""


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
    """Whether there are more."""


async def page_of_customers(
    uow: UnitOfWork, lists: Sequence[CustomerList], page_request: PageRequest, *, counting: bool = True
) -> tuple[Page[Entry], Counted]:
    """Return a page of the customers of one or several partners, by name, and the number of customers in the lists.

    Positions are customer and partner.

    Args:
        counting: count the customers; without it, and for too many customers in a state, `Counted.customers` is None.
    """
    here = None if page_request.start is None else await _place(uow, lists, *page_request.start)
    backwards = page_request.is_backwards(here)
    places: list[Place] = []
    numbers: list[int | None] = []
    for one in lists:
        found, number = await _read(uow, one, here, page_request.size + 1, backwards=backwards, counting=counting)
        places += found
        numbers.append(await _count(uow, one) if counting and number is None else number)
    counted = _sum(numbers) if counting else Counted(None)
    page = page_request.page(sorted(places, reverse=backwards), here, lambda place: place[1:])
    return page.holding(await _entries(uow, page.items)), counted


async def _read(
    uow: UnitOfWork, one: CustomerList, here: Place | None, size: int, *, backwards: bool, counting: bool
) -> tuple[list[Place], int | None]:
    """Return the first customers of one partner beyond a place; and how many fit, where that is known then."""
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
    """Return the first customers beyond a place in the order of names, and the last place read; None: the list's end."""
    names, walked = "k.company_key, k.customer_id", one.limits.walked if one.small else one.limits.lookups
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
    """SQL: the comparison that selects the customers of one partner beyond a place.

    A customer of two partners is twice at the same place, in the order of the partners.
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
    """Count the customers of one partner that fit, at most `MOST_COUNTED` + 1; None: too many are in the state."""
    if one.nobody:
        return 0
    if one.by_state and one.rows > MOST_COUNTED:
        return None
    to = Statement()
    return await number_of(uow, f"select count(*) from ({one.found(to)} limit {MOST_COUNTED + 1}) n", *to.values)


def _sum(counted: Sequence[int | None]) -> Counted:
    known = [customers for customers in counted if customers is not None]
    if len(known) < len(counted):
        return Counted(None)
    return Counted(min(sum(known), MOST_COUNTED), sum(known) > MOST_COUNTED)


async def count_states(
    uow: UnitOfWork, found: CustomerList, programme: Programme, most: int
) -> dict[State, int] | None:
    """Count the customers that fit in each state; None: more than `most` customers would be read."""
    states = dict.fromkeys(State, 0)
    if found.rows > most:
        return None
    if not found.nobody:
        to = Statement()
        rows = found.found(to, state=lambda to: state_of(programme, uow.now, to))
        for state, customers in await uow.fetch_all(
            f"select s.state, count(*) from ({rows}) s group by s.state", *to.values
        ):
            states[State(state)] = customers
    return states


async def _place(uow: UnitOfWork, lists: Sequence[CustomerList], id_: str | int, partner: str) -> Place | None:
    if all(partner != one.partner for one in lists):
        return None
    position = await position_of(uow, PartnerId(partner), str(id_))
    return None if position is None else (*position, PartnerId(partner))


async def _entries(uow: UnitOfWork, places: Sequence[Place]) -> list[Entry]:
    """Return what the list shows of each customer, in the order of the places."""
    found: dict[tuple[str, str], Entry] = {}
    for partner in {partner for _, _, partner in places}:
        for some in portions([customer for _, customer, whose in places if whose == partner]):
            to = Statement(partner)
            rows = await uow.fetch_all(
                "select p.name, c.customer_id, c.company_name, c.domain, c.country from customer c"
                " join partner p on p.partner_id = c.partner_id where c.partner_id = $1"
                f" and c.customer_id in ({to.bind_all(some)})",
                *to.values,
            )
            found |= {(partner, id_): Entry(partner, name, id_, *rest) for name, id_, *rest in rows}
    return [found[partner, customer] for _, customer, partner in places]
