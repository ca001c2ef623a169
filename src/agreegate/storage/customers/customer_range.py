"""Customers of one partner as ranges of indexes, which are counted and intersected without reading customers.

The newest major texts (`storage/agreements/newest_major.py`) bound the ranges in which all customers in a state are.
`storage/customers/state.py` alone decides whether a customer is in that state.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State
from agreegate.storage.agreements.newest_major import Rank, newest_majors_of, outdated_from
from agreegate.storage.customers.customer import countries_of
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.row import number_of
from agreegate.storage.statement import Condition, Statement

MOST_COMPARED = 50_000
"""Maximum customers of a range that are counted to find the rarest range, and whose ids a statement keeps in memory."""
_EARLIEST = -(2**62)
"""An instant before every other: a comparison with this instant makes the engine read an index that is ordered by instants."""
_LOWEST: Rank = (_EARLIEST, 0)
"""Stands for the newest major text where none is in force: every text comes after it."""


@dataclass(frozen=True, slots=True)
class Range:
    """Customers of one partner that lie together in an index."""

    table: str
    """The table and its alias, which the columns below begin with."""
    customer_id: str
    condition: Condition
    company_key: str | None = None
    """The column of the customer's name key, where the table has this column."""
    besides: Condition | None = None
    """A further condition on the rows, ignored when the range is counted."""

    def rows(self, to: Statement, *, with_key: bool, among: str | None = None) -> str:
        """SQL: the customers of the range, some of them perhaps twice.

        Args:
            among: SQL that selects ids: only customers with these ids.
        """
        sql = f"select {self.customer_id} as customer_id{f', {self.company_key} as company_key' if with_key else ''}"
        sql += f" from {self.table} where {self.condition(to)}"
        if among is not None:
            sql += f" and {is_among(self.customer_id, among)}"
        return sql if self.besides is None else f"{sql} and {self.besides(to)}"


def is_among(customer_id: str, ids: str) -> str:
    """SQL: a customer is among those that a statement selects.

    Within `case`, so that the engine selects the ids once and looks each row up among them: SQLite would look up each id
    among the rows, PostgreSQL would compare each row with each id.
    """
    return f"case when {customer_id} in ({ids}) then true else false end"


Ranges = tuple[Range, ...]
"""The customers of at least one of these ranges."""


@dataclass(frozen=True, slots=True)
class CountedRanges:
    """Ranges whose customers were counted."""

    rows: int
    """Number of customers; at most `MOST_COMPARED` + 1 of each range."""
    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Source:
    """Customers that a search reads: those that are in all of some ranges."""

    ranges: tuple[Ranges, ...]
    """The rarest first."""
    rows: int
    """Maximum number of these customers; at most `MOST_COMPARED` + 1 are counted."""

    @property
    def small(self) -> bool:
        """Whether a statement can keep the ids of these customers in memory."""
        return self.rows <= MOST_COMPARED


def rarest_first(counted: Iterable[CountedRanges]) -> list[CountedRanges]:
    """Return ranges ordered by their number of customers."""
    return sorted(counted, key=attrgetter("rows"))


def read_together(counted: Iterable[CountedRanges]) -> list[CountedRanges]:
    """Return the rarest of some ranges; and the second rarest, if a statement can keep its ids in memory."""
    rarest, *others = rarest_first(counted)
    return [rarest, *(one for one in others[:1] if one.rows <= MOST_COMPARED)]


def ids_in(every: Sequence[Ranges], to: Statement, *, with_key: bool = False) -> str:
    """SQL: the ids of the customers that are in all of some ranges, some of them perhaps twice.

    Args:
        with_key: select their `company_key` too; the last ranges have this column.
    """
    if not all(every):
        return f"select c.customer_id{', c.company_key' if with_key else ''} from customer c where false"
    among = None
    for place, ranges in enumerate(every):
        last = place == len(every) - 1
        among = " union all ".join(one.rows(to, with_key=with_key and last, among=among) for one in ranges)
    return among or ""


async def count(uow: UnitOfWork, ranges: Ranges) -> CountedRanges:
    """Count the customers of some ranges."""
    found = 0
    for one in ranges:
        to = Statement()
        rows = f"select 1 from {one.table} where {one.condition(to)} limit {MOST_COMPARED + 1}"
        found += await number_of(uow, f"select count(*) from ({rows}) n", *to.values)
    return CountedRanges(found, ranges)


async def count_in(uow: UnitOfWork, every: Sequence[Ranges], most: int) -> int:
    """Count the customers that are in all of some ranges, at most `most` + 1."""
    to = Statement()
    rows = f"select * from ({ids_in(every, to)}) i limit {most + 1}"
    return await number_of(uow, f"select count(*) from ({rows}) n", *to.values)


async def state_ranges(
    uow: UnitOfWork, partner: PartnerId, state: State, programme: Programme, at: datetime, country: str | None = None
) -> tuple[Ranges, ...]:
    """Return ranges, each of which contains all customers that are in a state at an instant.

    The customers that are not confirmed have no range: no index has them.

    Args:
        country: only customers in this country; None: all customers.
    """
    if state is State.NO_LONGER_AGREES:
        return ((
            Range("relationship d", "d.customer_id",
                  lambda to: f"d.partner_id = {to.bind(partner)} and d.no_longer_agrees_at >= {to.bind(_EARLIEST)}"),
        ),)  # fmt: skip
    if state is State.NOT_CONFIRMED:
        return ()
    newest_majors = await newest_majors_of(uow, programme, at, country)
    countries = await countries_of(uow, partner) if country is None else [country]
    by_text: Ranges = ()
    for template in programme.templates:
        if template.opens_gate(at):
            of = {one: newest_majors.get(template.id, {}).get(one, _LOWEST) for one in countries}
            # The range without countries comes first: it is chosen where all ranges have many customers.
            in_order = sorted({*of.values()}, reverse=state is not State.CONFIRMED)
            splits = [_split_by(partner, template.id, text, of, newer=state is State.CONFIRMED) for text in in_order]
            if len(splits) > 1:
                splits = [one.ranges for one in rarest_first([await count(uow, ranges) for ranges in splits])]
            by_text += next(iter(splits), ())
    if state is not State.OVERDUE:
        return (by_text,)
    return (by_text, (renewed_range(partner, await outdated_from(uow, partner, newest_majors)),))


def renewed_range(partner: PartnerId, since: int) -> Range:
    """Return the customers with a subscription that was renewed after an instant, in microseconds since 1970, UTC."""
    return Range(
        "renewal w",
        "w.customer_id",
        lambda to: (
            f"w.partner_id = {to.bind(partner)} and w.outcome = 'renewed' and w.term > 1 and w.due_at > {to.bind(since)}"
        ),
    )


def _split_by(partner: PartnerId, template: TemplateId, text: Rank, of: Mapping[str, Rank], *, newer: bool) -> Ranges:
    """Return the customers whose accepted text is before a text, and all customers in countries whose newest is after it.

    Args:
        of: the newest major text of each country that the partner has customers in.
        newer: return the accepted texts from that text on instead, and the countries whose newest is before it.
    """

    def accepted(to: Statement) -> str:
        return f"""n.partner_id = {to.bind(partner)} and n.template_id = {to.bind(template)}
            and (n.text_at, n.text_number) {">=" if newer else "<"} ({to.bind_all(text)})"""

    others = [country for country, there in of.items() if (there < text if newer else there > text)]
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
        lambda to: f"c.partner_id = {to.bind(partner)} and c.country in ({to.bind_all(countries)})",
        "c.company_key",
    )
