"""Customers of one partner as ranges of indexes: counted without reading customers, and read together.

Where all customers in a state are follows from the floors (`storage/agreements/floor.py`). Whether a customer is in that state,
`storage/state.py` alone says.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State
from agreegate.storage.agreements.floor import Rank, countries_of, floors_of, outdated_from
from agreegate.storage.engine.unit_of_work import UnitOfWork, Value

MOST_COMPARED = 50_000
"""Maximum customers of a range that are counted to find the rarest, and whose ids are kept in memory by a statement."""
BEYOND = "\U0010ffff"
"""Comes after every character: a beginning, and the beginning with it, enclose everything that begins so."""
_EARLIEST = -(2**62)
"""An instant before every other: a comparison with it makes the engine read an index that is ordered by instants."""
_LOWEST: Rank = (_EARLIEST, 0)
"""The floor where no major text is in force: no text is below it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The values of a statement that is being written."""

    values: list[Value] = field(default_factory=list)

    def bind(self, value: Value) -> str:
        """Add a value; its placeholder."""
        self.values.append(value)
        return f"${len(self.values)}"

    def begins(self, column: str, beginning: str) -> str:
        """SQL: the column begins like this."""
        return f"{column} >= {self.bind(beginning)} and {column} < {self.bind(beginning + BEYOND)}"


Condition = Callable[[Statement], str]
"""Writes SQL that is true or false."""


@dataclass(frozen=True, slots=True)
class Range:
    """Some customers of one partner, straight from an index."""

    table: str
    """With its alias, by which the columns are named."""
    customer_id: str
    condition: Condition
    company_key: str | None = None
    """The column of the customer's key, where the table has one."""
    besides: Condition | None = None
    """What a row must also meet. It is not looked at where the range is counted."""

    def rows(self, to: Statement, *, with_key: bool, among: str | None = None) -> str:
        """SQL: the customers, perhaps some of them twice.

        Args:
            among: only those whose ids this SQL selects.
        """
        sql = f"select {self.customer_id} as customer_id{f', {self.company_key} as company_key' if with_key else ''}"
        sql += f" from {self.table} where {self.condition(to)}"
        if among is not None:
            # Concatenated, so that the range is read and not looked up customer by customer.
            sql += f" and {self.customer_id} || '' in ({among})"
        return sql if self.besides is None else f"{sql} and {self.besides(to)}"


Ranges = tuple[Range, ...]
"""Customers that are in one of these or in several."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Ranges whose customers were counted."""

    rows: int
    """How many they have; of each range at most one more than `MOST_COMPARED`."""
    ranges: Ranges


def rarest_first(counted: Iterable[Counted]) -> list[Counted]:
    """Return ranges in the order of their customers' number."""
    return sorted(counted, key=attrgetter("rows"))


def read_together(counted: Iterable[Counted]) -> list[Counted]:
    """Return the two rarest of some ranges, the rarest first: both if the engine can keep their ids in memory, else one."""
    rarest, *others = rarest_first(counted)
    return [rarest, *(one for one in others[:1] if one.rows <= MOST_COMPARED)]


def ids_in(every: Sequence[Ranges], to: Statement, *, with_key: bool = False) -> str:
    """Return SQL: the ids of customers that are in all of some ranges, perhaps twice.

    Args:
        with_key: beside them, their `company_key`; the last ranges have it.
    """
    if not all(every):
        return f"select c.customer_id{', c.company_key' if with_key else ''} from customer c where false"
    among = None
    for place, ranges in enumerate(every):
        last = place == len(every) - 1
        among = " union all ".join(one.rows(to, with_key=with_key and last, among=among) for one in ranges)
    return among or ""


async def count(uow: UnitOfWork, ranges: Ranges) -> Counted:
    """Count the customers of some ranges."""
    found = 0
    for one in ranges:
        to = Statement()
        rows = f"select 1 from {one.table} where {one.condition(to)} limit {MOST_COMPARED + 1}"
        found += await number(uow, f"select count(*) from ({rows}) n", to)
    return Counted(found, ranges)


async def count_in(uow: UnitOfWork, every: Sequence[Ranges], most: int) -> int:
    """Count the customers that are in all of some ranges: at most one more than `most`."""
    to = Statement()
    return await number(uow, f"select count(*) from (select * from ({ids_in(every, to)}) i limit {most + 1}) n", to)


async def number(uow: UnitOfWork, sql: str, to: Statement) -> int:
    """Return the number that a statement counts."""
    [(counted,)] = await uow.fetch_all(sql, *to.values)
    return int(counted)


async def state_ranges(
    uow: UnitOfWork, partner: PartnerId, state: State, programme: Programme, at: datetime, country: str | None = None
) -> tuple[Ranges, ...]:
    """Return ranges each of which has all customers that are in a state at an instant.

    None for those who are not confirmed: no index has them.

    Args:
        country: only customers in this country are looked for; None: everywhere.
    """
    if state is State.ENDED:
        return ((
            Range("relationship d", "d.customer_id",
                  lambda to: f"d.partner_id = {to.bind(partner)} and d.no_longer_agrees_at >= {to.bind(_EARLIEST)}"),
        ),)  # fmt: skip
    if state is State.MISSING:
        return ()
    floors = await floors_of(uow, programme, at, country)
    countries = await countries_of(uow, partner) if country is None else [country]
    by_text: Ranges = ()
    for template in programme.templates:
        if template.opens_gate(at):
            of = floors.get(template.id, {})
            of = {one: of.get(one, _LOWEST) for one in countries}
            # The first without countries: it is taken where all have many customers.
            floors_there = sorted({*of.values()}, reverse=state is not State.CURRENT)
            splits = [_beside(partner, template.id, split, of, newer=state is State.CURRENT) for split in floors_there]
            if len(splits) > 1:
                splits = [one.ranges for one in rarest_first([await count(uow, ranges) for ranges in splits])]
            by_text += next(iter(splits), ())
    if state is not State.OVERDUE:
        return (by_text,)
    return (by_text, (renewed_range(partner, await outdated_from(uow, partner, floors)),))


def renewed_range(partner: PartnerId, since: int) -> Range:
    """Return the customers of whose subscriptions one was renewed after an instant."""
    return Range(
        "renewal w",
        "w.customer_id",
        lambda to: (
            f"w.partner_id = {to.bind(partner)} and w.outcome = 'renewed' and w.term > 1 and w.due_at > {to.bind(since)}"
        ),
    )


def _beside(partner: PartnerId, template: TemplateId, split: Rank, of: Mapping[str, Rank], *, newer: bool) -> Ranges:
    """Customers who accepted a text from a floor on (`newer`) or one below it, and all in countries that differ by that.

    Args:
        of: the floor of each country that the partner has customers in.
    """

    def accepted(to: Statement) -> str:
        at, number = split
        return f"""n.partner_id = {to.bind(partner)} and n.template_id = {to.bind(template)}
            and (n.text_at, n.text_number) {">=" if newer else "<"} ({to.bind(at)}, {to.bind(number)})"""

    others = [country for country, floor in of.items() if (floor < split if newer else floor > split)]
    found = Range("current_confirmation n", "n.customer_id", accepted)
    return (found, country_range(partner, others)) if others else (found,)


def served_range(partner: PartnerId) -> Range:
    """Return all customers that the partner serves today."""
    return Range(
        "relationship d", "d.customer_id", lambda to: f"d.partner_id = {to.bind(partner)} and d.ended_at is null"
    )


def reseller_range(partner: PartnerId, reseller: PartnerId) -> Range:
    """Return the customers that the partner serves through a reseller."""
    return Range(
        "customer_reseller v",
        "v.customer_id",
        lambda to: f"v.reseller_id = {to.bind(reseller)} and v.partner_id = {to.bind(partner)}",
    )


def country_range(partner: PartnerId, countries: Iterable[str]) -> Range:
    """Return the customers in some countries."""
    return Range(
        "customer c",
        "c.customer_id",
        lambda to: f"c.partner_id = {to.bind(partner)} and c.country in ({', '.join(map(to.bind, countries))})",
        "c.company_key",
    )
