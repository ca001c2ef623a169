"""Lists and searches of customers, read from the rarest condition of a search.

Most conditions are ranges of an index, which are counted without reading customers: the beginning of a word, of a domain or
of an id, a reseller's customers, customers that can be in a state. A list is read in one of two ways. Either the customers
in all ranges are read and sorted by name, or all customers are read in the order of names until the page is full.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from agreegate.domain.customers.customer_search import CustomerSearch, is_part_of_word
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.storage.customers.customer_range import (
    MOST_COMPARED,
    CountedRanges,
    Range,
    Ranges,
    Source,
    count,
    count_in,
    country_range,
    ids_in,
    is_among,
    rarest_first,
    read_together,
    reseller_range,
    served_range,
    state_ranges,
)
from agreegate.storage.customers.person import has_person
from agreegate.storage.customers.state import is_in
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.statement import Condition, Statement

MOST_COUNTED = 10_000
"""Maximum customers that are counted, and that a search by text reads."""
_NAMES, _PERSONS = "customer_word w", "person_word p"
"""The tables of words, with their aliases."""
_RELATED = "relationship r join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id"


class TooManyFit(Exception):
    """The typed text begins the names of more than `MOST_COUNTED` customers: the user must type more letters."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers of customers at which a search changes its way."""

    few: int = 1_000
    """A range with at most this many customers is read whole, and no rarer range is searched for."""
    walked: int = 50_000
    """Customers read in the order of names, where a small range skips most of them."""
    lookups: int = 10_000
    """Customers read in the order of names, where each customer is looked up."""


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class CustomerList(Source):
    """The customers of one partner that fit a search, and how to read them."""

    partner: PartnerId
    country: str | None
    """All customers of the list are in this country; None: in any country."""
    filters: tuple[Condition, ...]
    """Conditions on the customer of `k` that the ranges do not imply."""
    conditions: tuple[Condition, ...]
    """All conditions on the customer of `k`."""
    by_state: bool
    """Whether the search names a state."""
    limits: Limits

    @property
    def nobody(self) -> bool:
        """Whether it is known that no customer fits."""
        return not all(self.ranges)

    def found(self, to: Statement, *, with_key: bool = False, state: Condition | None = None) -> str:
        """SQL: the ids of the customers that fit, each once.

        Args:
            with_key: select their `company_key` too.
            state: select this expression over `c` and `r` too, as `state`.
        """
        rarest, *others = self.ranges
        *_, last = every = (rarest, *sorted(others, key=_have_key))
        has_key = with_key and _have_key(last)
        ids = ids_in(every, to, with_key=has_key)
        columns = ["k.customer_id"]
        if has_key:
            columns.append("k.company_key")
        elif with_key:
            same = f"c.partner_id = {to.bind(self.partner)} and c.customer_id = k.customer_id"
            columns.append(f"(select c.company_key from customer c where {same}) as company_key")
        if state is not None:
            related = f"{_RELATED} where r.partner_id = {to.bind(self.partner)} and r.customer_id = k.customer_id"
            columns.append(f"(select {state(to)} from {related}) as state")
        return f"select {', '.join(columns)} from (select distinct * from ({ids}) u) k where {_all(self.filters, to)}"

    def named(self, to: Statement) -> str:
        """SQL: the customers `k` in the order of names, from an index; those that fit are among them."""
        sql = f"select k.company_key, k.customer_id from customer k where k.partner_id = {to.bind(self.partner)}"
        return sql if self.country is None else f"{sql} and k.country = {to.bind(self.country)}"

    def fits(self, to: Statement) -> str:
        """SQL: the customer `k` of `named` fits."""
        if not self.small:
            return _all(self.conditions, to)
        among = [is_among("k.customer_id", ids_in([ranges], to)) for ranges in self.ranges]
        return " and ".join([*among, _all(self.filters, to)])


def _have_key(ranges: Ranges) -> bool:
    return all(one.company_key for one in ranges)


@dataclass(frozen=True, slots=True)
class _Criterion:
    """One condition of a search."""

    condition: Condition
    """On the customer of `k`."""
    ranges: tuple[Ranges, ...] = ()
    """Each contains all customers that meet the condition."""
    exact: bool = True
    """Whether every customer of the ranges meets the condition."""


async def list_of(
    uow: UnitOfWork, partner: PartnerId, search: CustomerSearch, programme: Programme, limits: Limits = LIMITS
) -> CustomerList:
    """Return the customers of a partner that fit a search, to be read from the rarest of its conditions.

    Raises:
        TooManyFit: the search has text, and no condition is rare enough.
    """
    every = await _criteria(uow, partner, search, programme)
    counted: list[CountedRanges] = []
    for one in every:
        found = [await count(uow, ranges) for ranges in one.ranges]
        counted += rarest_first(found)[:1]
        if any(ranges.rows <= limits.few for ranges in found):
            break
    rarest, *_ = read = read_together(counted or [CountedRanges(MOST_COMPARED + 1, (served_range(partner),))])
    rows, ranges = rarest.rows, tuple(one.ranges for one in read)
    if rows > MOST_COUNTED and search.text.strip():
        raise TooManyFit
    if rows > limits.few and len(ranges) > 1 and (both := await count_in(uow, ranges, limits.few)) <= limits.few:
        rows = both
    implied = [one for one in every if one.exact and any(some in one.ranges for some in ranges)]
    return CustomerList(
        ranges=ranges,
        rows=rows,
        partner=partner,
        country=search.country,
        filters=tuple(one.condition for one in every if one not in implied),
        conditions=tuple(one.condition for one in every),
        by_state=search.state is not None,
        limits=limits,
    )


def _all(conditions: Iterable[Condition], to: Statement) -> str:
    return " and ".join(condition(to) for condition in conditions) or "true"


async def _criteria(
    uow: UnitOfWork, partner: PartnerId, search: CustomerSearch, programme: Programme
) -> list[_Criterion]:
    """Return the conditions of a search. The state, or without one the relationship, is a condition of every search."""
    every = []
    if search.text.strip():
        ranges = await text_ranges(uow, partner, search)
        every.append(_Criterion(lambda to: _of_customer(partner, to, fits_text(search, to)), (ranges,)))
    if (reseller := search.reseller) is not None:
        every.append(
            _Criterion(
                lambda to: (
                    f"""exists (select 1 from customer_reseller v where v.partner_id = {to.bind(partner)}
                  and v.customer_id = k.customer_id and v.reseller_id = {to.bind(reseller)})"""
                ),
                ((reseller_range(partner, reseller),),),
            )
        )
    state, country = search.state, search.country
    if state is None:
        every.append(_Criterion(lambda to: _is_served(partner, to), exact=False))
    else:
        found = await state_ranges(uow, partner, state, programme, uow.now, country)
        every.append(
            _Criterion(lambda to: _is_served(partner, to, is_in(state, programme, uow.now, to)), found, exact=False)
        )
    if country is not None:
        there = country_range(partner, [country])
        every.append(_Criterion(lambda to: _of_customer(partner, to, f"c.country = {to.bind(country)}"), ((there,),)))
    return every


def _of_customer(partner: PartnerId, to: Statement, condition: str) -> str:
    """SQL: a condition on the customer `c` that has the id of `k`."""
    return f"""exists (select 1 from customer c where c.partner_id = {to.bind(partner)}
        and c.customer_id = k.customer_id and {condition})"""


def _is_served(partner: PartnerId, to: Statement, condition: str | None = None) -> str:
    """SQL: the partner serves the customer of `k` today, and `c` and `r` meet a condition."""
    return f"""exists (select 1 from {"relationship r" if condition is None else _RELATED}
        where r.partner_id = {to.bind(partner)} and r.customer_id = k.customer_id and r.ended_at is null
        and {condition or "true"})"""


async def text_ranges(uow: UnitOfWork, partner: PartnerId, search: CustomerSearch) -> tuple[Range, ...]:
    """Return the ranges of the typed text: its rarest word, its domain, id and e-mail address."""
    found: list[Range] = []
    counted = {
        word: {one: rows for one in _word_ranges(partner, word, search) if (rows := (await count(uow, (one,))).rows)}
        for word in search.words
    }
    if counted:
        rarest = min(counted, key=lambda word: sum(counted[word].values()))
        others = {word: [one.table for one in ranges] for word, ranges in counted.items() if word != rarest}
        found += [_with_words(one, others) for one in counted[rarest]]
    found += [_range(partner, "customer c", column, beginning) for column, beginning in _columns(search)]
    found += [_range(partner, _PERSONS, "p.word", beginning) for beginning in search.addresses]
    return tuple(found)


def _columns(search: CustomerSearch) -> Iterator[tuple[str, str]]:
    """The columns of the customer `c` that the typed text may begin, with that beginning."""
    for column, beginning in (("c.domain", search.domain), ("c.customer_id", search.customer)):
        if beginning is not None:
            yield column, beginning


def _word_ranges(partner: PartnerId, word: str, search: CustomerSearch) -> Iterator[Range]:
    yield _range(partner, _NAMES, "w.word", word)
    if word in search.person_words:
        yield _range(partner, _PERSONS, "p.word", word)


def _range(partner: PartnerId, table: str, column: str, beginning: str) -> Range:
    """The customers in whose row of a table a column begins with a text."""
    *_, row = table.split()
    return Range(
        table,
        f"{row}.customer_id",
        lambda to: f"{row}.partner_id = {to.bind(partner)} and {to.begins(column, beginning)}",
        f"{row}.company_key",
    )


def _with_words(one: Range, words: Mapping[str, Collection[str]]) -> Range:
    """The customers of a range of words that have other words too.

    Args:
        words: each word, with the tables that have it.
    """
    names, customer = "w.name_words", "w"
    if one.table == _PERSONS:
        names = (
            "(select n.name_words from customer n where n.partner_id = p.partner_id and n.customer_id = p.customer_id)"
        )
        customer = "p"
    return replace(one, besides=lambda to: _has_words(customer, names, words, to))


def _has_words(customer: str, names: str, words: Mapping[str, Collection[str]], to: Statement) -> str:
    """SQL: each word begins a word of the customer's name or of its persons, or is part of one that has no blanks.

    Args:
        words: each word, with the tables that are searched for it.
    """

    def has(word: str, tables: Collection[str]) -> str:
        parts = [to.contains(names, word if is_part_of_word(word) else f" {word}")] if _NAMES in tables else []
        if _PERSONS in tables:
            parts.append(has_person(customer, word, to))
        # Where the customers are those of a person's word, the next word is mostly that person's too.
        return f"({' or '.join(reversed(parts) if customer == 'p' else parts) or 'false'})"

    return " and ".join(has(word, tables) for word, tables in words.items()) or "true"


def fits_text(search: CustomerSearch, to: Statement) -> str:
    """SQL: the customer `c` fits the typed text."""
    words = {word: (_NAMES, _PERSONS) if word in search.person_words else (_NAMES,) for word in search.words}
    parts = [_has_words("c", "c.name_words", words, to)] if words else []
    parts += [to.begins(column, beginning) for column, beginning in _columns(search)]
    parts += [has_person("c", beginning, to) for beginning in search.addresses]
    return f"({' or '.join(f'({part})' for part in parts) or 'false'})"
