"""Lists and searches of customers: ordinary statements, driven by the rarest of all that is asked for.

Most of what is asked for is a range of an index, which is counted without reading customers: the beginning of a word, of a
domain or of an id, a reseller's customers, those that can be in a state. A list is read in one of two ways: the customers
that are in all ranges, sorted by name; or all customers in the order of names, until the page is full or the walk is long.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from agreegate.domain.customers.customer_search import CustomerSearch, is_part_of_word
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.storage.customers.customer_range import (
    BEYOND,
    MOST_COMPARED,
    Condition,
    Counted,
    Range,
    Ranges,
    Statement,
    count,
    count_in,
    country_range,
    ids_in,
    rarest_first,
    read_together,
    reseller_range,
    served_range,
    state_ranges,
)
from agreegate.storage.customers.person import has_person
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.state import Bind, is_in

MOST_COUNTED = 10_000
"""Maximum customers that are counted, and that a search by text reads."""
_NAMES, _PERSONS = "customer_word w", "person_word p"
"""Where words are."""
_RELATED = "relationship r join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id"


class TooManyFit(Exception):
    """What is typed begins the names of more than `MOST_COUNTED` customers: more letters are needed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read before another way is taken."""

    few: int = 1_000
    """Where a range has so few customers, no rarer one is looked for, and all of them are read."""
    walked: int = 50_000
    """How many customers are walked in the order of names, where a small range passes over most of them without a look."""
    looked_up: int = 10_000
    """How many are walked where each is looked up."""


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class CustomerList:
    """How the customers of one partner are read that fit a search."""

    partner: PartnerId
    country: str | None
    """All that fit are in this country."""
    ranges: tuple[Ranges, ...]
    """All that fit are in each of these, the rarest first."""
    rows: int
    """How many are in all ranges at most; not more than one more than `MOST_COMPARED` are counted."""
    filters: tuple[Condition, ...]
    """Conditions on the customer of `k` that the ranges do not imply."""
    conditions: tuple[Condition, ...]
    """All conditions on the customer of `k`."""
    by_state: bool
    """A state is asked for."""
    limits: Limits

    @property
    def small(self) -> bool:
        """Whether a statement can keep the ids of the ranges in memory."""
        return self.rows <= MOST_COMPARED

    @property
    def nobody(self) -> bool:
        """Whether it is known that nobody fits."""
        return not all(self.ranges)

    def found(self, to: Statement, *, with_key: bool = False, state: Condition | None = None) -> str:
        """SQL: the ids of the customers that fit, each once.

        Args:
            with_key: beside them, their `company_key`.
            state: beside them, the `state` that this decides of `c` and `r`.
        """
        partner = to.bind(self.partner)
        rarest, *others = self.ranges
        *_, last = every = (rarest, *sorted(others, key=_have_key))
        has_key = with_key and _have_key(last)
        ids = ids_in(every, to, with_key=has_key)
        columns, same = ["k.customer_id"], f"c.partner_id = {partner} and c.customer_id = k.customer_id"
        if with_key:
            key = "k.company_key" if has_key else f"(select c.company_key from customer c where {same})"
            columns.append(f"{key} as company_key")
        if state is not None:
            related = f"{_RELATED} where r.partner_id = {partner} and r.customer_id = k.customer_id"
            columns.append(f"(select {state(to)} from {related}) as state")
        return (
            f"""select {", ".join(columns)} from (select distinct * from ({ids}) u) k where {_all(self.filters, to)}"""
        )

    def named(self, to: Statement) -> str:
        """SQL: all customers `k` among which those that fit are, from an index of names."""
        sql = f"select k.company_key, k.customer_id from customer k where k.partner_id = {to.bind(self.partner)}"
        return sql if self.country is None else f"{sql} and k.country = {to.bind(self.country)}"

    def fits(self, to: Statement) -> str:
        """SQL: the customer of a row of `named` fits."""
        if not self.small:
            return _all(self.conditions, to)
        among = [f"k.customer_id || '' in ({ids_in([ranges], to)})" for ranges in self.ranges]
        return " and ".join([*among, _all(self.filters, to)])


def _have_key(ranges: Ranges) -> bool:
    return all(one.company_key for one in ranges)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One thing that is asked for."""

    condition: Condition
    """On the customer of `k`."""
    ranges: tuple[Ranges, ...] = ()
    """The customers that meet it are in each of these."""
    exact: bool = True
    """Every customer of the ranges meets it."""


async def list_of(
    uow: UnitOfWork, partner: PartnerId, search: CustomerSearch, programme: Programme, limits: Limits = LIMITS
) -> CustomerList:
    """Choose how the customers of a partner are read that fit a search: by the rarest of all that is asked for.

    Raises:
        TooManyFit: text is typed, and nothing that is asked for is rare enough.
    """
    every = await _asked(uow, partner, search, programme)
    counted: list[Counted] = []
    for asked in every:
        found = [await count(uow, ranges) for ranges in asked.ranges]
        counted += rarest_first(found)[:1]
        if any(one.rows <= limits.few for one in found):
            break
    rarest, *_ = read = read_together(counted or [Counted(MOST_COMPARED + 1, (served_range(partner),))])
    rows = rarest.rows
    if rows > MOST_COUNTED and search.text.strip():
        raise TooManyFit
    ranges = tuple(one.ranges for one in read)
    if rows > limits.few and len(ranges) > 1 and (both := await count_in(uow, ranges, limits.few)) <= limits.few:
        rows = both
    return CustomerList(
        partner=partner,
        country=search.country,
        ranges=ranges,
        rows=rows,
        filters=_not_implied(every, read),
        conditions=tuple(asked.condition for asked in every),
        by_state=search.state is not None,
        limits=limits,
    )


def _not_implied(every: Iterable[_Asked], read: Sequence[Counted]) -> tuple[Condition, ...]:
    """The conditions that customers may fail who are in some ranges."""
    return tuple(
        asked.condition for asked in every if not (asked.exact and any(one.ranges in asked.ranges for one in read))
    )


def _all(conditions: Iterable[Condition], to: Statement) -> str:
    return " and ".join(condition(to) for condition in conditions) or "true"


async def _asked(uow: UnitOfWork, partner: PartnerId, search: CustomerSearch, programme: Programme) -> list[_Asked]:
    """Everything that a search asks for; that the partner serves the customer is part of the state, where that is asked for."""
    asked = []
    if search.text.strip():
        ranges = await text_ranges(uow, partner, search)
        asked.append(_Asked(lambda to: _of_customer(partner, to, fits_text(search, to.bind)), (ranges,)))
    if (reseller := search.reseller) is not None:
        asked.append(
            _Asked(
                lambda to: (
                    f"""exists (select 1 from customer_reseller v where v.partner_id = {to.bind(partner)}
                  and v.customer_id = k.customer_id and v.reseller_id = {to.bind(reseller)})"""
                ),
                ((reseller_range(partner, reseller),),),
            )
        )
    state, country = search.state, search.country
    if state is None:
        asked.append(_Asked(lambda to: _is_served(partner, to), exact=False))
    else:
        found = await state_ranges(uow, partner, state, programme, uow.now, country)
        asked.append(
            _Asked(lambda to: _is_served(partner, to, is_in(state, programme, uow.now, to.bind)), found, exact=False)
        )
    if country is not None:
        there = country_range(partner, [country])
        asked.append(_Asked(lambda to: _of_customer(partner, to, f"c.country = {to.bind(country)}"), ((there,),)))
    return asked


def _of_customer(partner: PartnerId, to: Statement, condition: str) -> str:
    """SQL: a condition on the customer `c` that has the id of `k`."""
    return f"""exists (select 1 from customer c where c.partner_id = {to.bind(partner)}
        and c.customer_id = k.customer_id and {condition})"""


def _is_served(partner: PartnerId, to: Statement, condition: str | None = None) -> str:
    """SQL: the partner serves the customer of `k` today, and a condition on its `c` and `r`."""
    return f"""exists (select 1 from {"relationship r" if condition is None else _RELATED}
        where r.partner_id = {to.bind(partner)} and r.customer_id = k.customer_id and r.ended_at is null
        and {condition or "true"})"""


async def text_ranges(uow: UnitOfWork, partner: PartnerId, search: CustomerSearch) -> tuple[Range, ...]:
    """Return what is typed as ranges: the rarest word, the domain, the id, the e-mail address."""
    found: list[Range] = []
    counted = {
        word: {one: rows for one in _word_ranges(partner, word, search) if (rows := (await count(uow, (one,))).rows)}
        for word in search.words
    }
    if counted:
        rarest = min(counted, key=lambda word: sum(counted[word].values()))
        others = {word: [one.table for one in ranges] for word, ranges in counted.items() if word != rarest}
        found += [_with_words(one, others) for one in counted[rarest]]
    for column, beginning in (("c.domain", search.domain), ("c.customer_id", search.customer)):
        if beginning is not None:
            found.append(_customer_range(partner, column, beginning))
    found += [_person_range(partner, beginning) for beginning in search.addresses]
    return tuple(found)


def _word_ranges(partner: PartnerId, word: str, search: CustomerSearch) -> Iterator[Range]:
    yield Range(
        _NAMES,
        "w.customer_id",
        lambda to: f"w.partner_id = {to.bind(partner)} and {to.begins('w.word', word)}",
        "w.company_key",
    )
    if word in search.person_words:
        yield _person_range(partner, word)


def _person_range(partner: PartnerId, beginning: str) -> Range:
    return Range(
        _PERSONS,
        "p.customer_id",
        lambda to: f"p.partner_id = {to.bind(partner)} and {to.begins('p.word', beginning)}",
        "p.company_key",
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
    return replace(one, besides=lambda to: _has_words(customer, names, words, to.bind))


def _customer_range(partner: PartnerId, column: str, beginning: str) -> Range:
    return Range(
        "customer c",
        "c.customer_id",
        lambda to: f"c.partner_id = {to.bind(partner)} and {to.begins(column, beginning)}",
        "c.company_key",
    )


def _has_words(customer: str, names: str, words: Mapping[str, Collection[str]], bind: Bind) -> str:
    """SQL: each of the words begins a word of a customer's name or of its persons, or is anywhere in one without blanks.

    Args:
        words: each word, with the tables that are looked through for it.
    """

    def has(word: str, tables: Collection[str]) -> str:
        beginning = f"%{word}%" if is_part_of_word(word) else f"% {word}%"
        parts = [f"{names} like {bind(beginning)}"] if _NAMES in tables else []
        if _PERSONS in tables:
            parts.append(has_person(customer, word, bind))
        # Where the customers are those of a person's word, the next word is mostly that person's too.
        return f"({' or '.join(reversed(parts) if customer == 'p' else parts) or 'false'})"

    return " and ".join(has(word, tables) for word, tables in words.items()) or "true"


def fits_text(search: CustomerSearch, bind: Bind) -> str:
    """Return SQL: the customer `c` fits what is typed."""
    words = {word: (_NAMES, _PERSONS) if word in search.person_words else (_NAMES,) for word in search.words}
    parts = [_has_words("c", "c.name_words", words, bind)] if words else []
    for column, beginning in (("c.domain", search.domain), ("c.customer_id", search.customer)):
        if beginning is not None:
            parts.append(f"{column} >= {bind(beginning)} and {column} < {bind(beginning + BEYOND)}")
    parts += [has_person("c", beginning, bind) for beginning in search.addresses]
    return f"({' or '.join(f'({part})' for part in parts) or 'false'})"
