"""Lists and searches of customers: ordinary statements, driven by the rarest of all that is asked for.

Most of what is asked for is a range of an index, which is counted without reading customers: the beginning of a word, of a
domain or of an id, a reseller's customers, those that can be in a state. Where one range has few enough customers,
a statement reads them and keeps those that meet the other conditions. Otherwise pages are read in the order of names.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from agreegate.domain.agreement import TemplateId
from agreegate.domain.customer_search import CustomerSearch, is_part_of_word
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State
from agreegate.storage.person import BEYOND, has_person
from agreegate.storage.state import Bind, is_in
from agreegate.storage.unit_of_work import Row, UnitOfWork, Value, to_micros

MOST_COUNTED = 10_000
"""Maximum customers that are counted, and that a search by text reads."""
MOST_READ = 50_000
"""Maximum customers that a list with several filters reads and sorts.

Those that meet all filters may be few and far between in the order of names.
"""
FEW = 1_000
"""Where a range has so few customers, no rarer one is looked for."""
_NAMES, _PERSONS = "customer_word w", "person_word p"
"""Where words are."""
_EARLIEST = -(2**62)
"""An instant before every other: a comparison with it makes the engine read an index that is ordered by instants."""
_RELATED = "customer c join relationship r on r.partner_id = c.partner_id and r.customer_id = c.customer_id"
_FIRST_NEWER = """
    select min(v.effective_at) from text_version v where v.template_id = $2 and v.major = 1 and v.effective_at <= $3
      and (v.effective_at, v.number) > (select n.text_at, n.text_number from current_confirmation n
        where n.partner_id = $1 and n.template_id = $2 order by n.text_at, n.text_number limit 1)"""
"""The first major text of a template in force that comes after the oldest one that a customer of the partner accepted."""


class TooManyFit(Exception):
    """What is typed begins the names of more than `MOST_COUNTED` customers: more letters are needed."""


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

    def rows(self, to: Statement, *, with_key: bool) -> str:
        """SQL: the customers, perhaps some of them twice."""
        key = f", {self.company_key} as company_key" if with_key else ""
        besides = "" if self.besides is None else f" and {self.besides(to)}"
        return f"select {self.customer_id} as customer_id{key} from {self.table} where {self.condition(to)}{besides}"


@dataclass(frozen=True, slots=True)
class CustomerList:
    """How the customers of one partner are read that fit a search."""

    partner: PartnerId
    ranges: tuple[Range, ...]
    """All that fit are in these; empty: nobody fits."""
    rows: int
    """How many these have, at most one more than `MOST_READ`."""
    filters: tuple[Condition, ...]
    """Conditions on a customer `c` with its relationship `r` that the ranges do not imply."""
    reads_customer: bool
    """The filters read `c`."""
    conditions: tuple[Condition, ...]
    """All conditions."""
    by_state: bool
    """A state is asked for."""

    @property
    def by_name(self) -> bool:
        """Whether the ranges have too many customers: pages are read in the order of names."""
        return self.rows > (MOST_READ if len(self.conditions) > 1 else MOST_COUNTED)

    def found(self, to: Statement, *, with_key: bool = False, state: Condition | None = None) -> str:
        """SQL: the ids of the customers that fit, each once.

        Args:
            with_key: beside them, their `company_key`.
            state: beside them, the `state` that this decides of `c` and `r`.
        """
        partner, has_key = to.bind(self.partner), all(one.company_key for one in self.ranges)
        same = f"c.partner_id = {partner} and c.customer_id = h.customer_id"
        columns = ["h.customer_id as customer_id"]
        if with_key:
            key = "h.company_key" if has_key else f"(select c.company_key from customer c where {same})"
            columns.append(f"{key} as company_key")
        if state is not None:
            columns.append(f"(select {state(to)} from {_RELATED} where {same}) as state")
        # In the order of ids, in which their rows lie beside each other in other tables.
        rows = " union ".join(one.rows(to, with_key=has_key) for one in self.ranges)
        if len(self.ranges) == 1:
            rows = f"select distinct * from ({rows}) u"
        served = f"{_RELATED} and {same}" if self.reads_customer else "relationship r"
        return f"""select {", ".join(columns)} from ({rows}) h
            where exists (select 1 from {served} where r.partner_id = {partner} and r.customer_id = h.customer_id
              and r.ended_at is null and {_all(self.filters, to)})"""

    def named(self, to: Statement) -> str:
        """SQL: the customers that fit, from the index of names."""
        return f"""select c.company_key, c.customer_id from customer c where c.partner_id = {to.bind(self.partner)}
            and exists (select 1 from relationship r where r.partner_id = c.partner_id
              and r.customer_id = c.customer_id and r.ended_at is null and {_all(self.conditions, to)})"""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One thing that is asked for."""

    condition: Condition | None
    ranges: tuple[tuple[Range, ...], ...] = ()
    """Where the customers that meet it are: in all ranges of one of these."""
    exact: bool = True
    """Every customer of the ranges meets it."""
    reads_customer: bool = True
    """The condition reads `c`, not only `r`."""


async def list_of(uow: UnitOfWork, partner: PartnerId, search: CustomerSearch, programme: Programme) -> CustomerList:
    """Choose how the customers of a partner are read that fit a search: by the rarest of all that is asked for.

    Raises:
        TooManyFit: text is typed, and nothing that is asked for is rare enough.
    """
    every = await _asked(uow, partner, search, programme)
    driver = next(asked for asked in every if asked.exact)
    fewest, (best, *_) = MOST_READ + 1, driver.ranges
    for asked in every:
        for ranges in asked.ranges:
            found = await _count_ranges(uow, ranges)
            if found < fewest:
                fewest, best, driver = found, ranges, asked
        if fewest <= FEW:
            break
    if fewest > MOST_COUNTED and search.text.strip():
        raise TooManyFit
    left = [asked for asked in every if asked.condition and not (asked is driver and asked.exact)]
    return CustomerList(
        partner=partner,
        ranges=best,
        rows=fewest,
        filters=tuple(asked.condition for asked in left if asked.condition),
        reads_customer=any(asked.reads_customer for asked in left),
        conditions=tuple(asked.condition for asked in every if asked.condition),
        by_state=search.state is not None,
    )


async def _count_ranges(uow: UnitOfWork, ranges: Iterable[Range]) -> int:
    """How many rows some ranges have; of each at most one more than `MOST_READ`."""
    found = 0
    for one in ranges:
        to = Statement()
        rows = f"select 1 from {one.table} where {one.condition(to)} limit {MOST_READ + 1}"
        found += await number(uow, f"select count(*) from ({rows}) n", to)
    return found


async def number(uow: UnitOfWork, sql: str, to: Statement) -> int:
    """The number that a statement counts."""
    [(count,)] = await uow.all(sql, *to.values)
    return int(count)


def _all(conditions: Iterable[Condition], to: Statement) -> str:
    return " and ".join(condition(to) for condition in conditions) or "true"


async def _asked(uow: UnitOfWork, partner: PartnerId, search: CustomerSearch, programme: Programme) -> list[_Asked]:
    """Everything that a search asks for; at last, that the customer is the partner's."""
    asked = []
    if search.text.strip():
        ranges = await _text_ranges(uow, partner, search)
        asked.append(_Asked(lambda to: fits_text(search, to.bind), (ranges,)))
    if (reseller := search.reseller) is not None:
        served = Range(
            "customer_reseller v",
            "v.customer_id",
            lambda to: f"v.reseller_id = {to.bind(reseller)} and v.partner_id = {to.bind(partner)}",
        )
        asked.append(
            _Asked(
                lambda to: (
                    f"""exists (select 1 from customer_reseller v where v.partner_id = c.partner_id
                  and v.customer_id = c.customer_id and v.reseller_id = {to.bind(reseller)})"""
                ),
                ((served,),),
            )
        )
    if (state := search.state) is not None:
        asked.append(
            _Asked(
                lambda to: is_in(state, programme, uow.now, to.bind),
                await _state_ranges(uow, partner, state, programme),
                exact=False,
            )
        )
    if (country := search.country) is not None:
        there = Range(
            "customer c",
            "c.customer_id",
            lambda to: f"c.partner_id = {to.bind(partner)} and c.country = {to.bind(country)}",
            "c.company_key",
        )
        asked.append(_Asked(lambda to: f"c.country = {to.bind(country)}", ((there,),)))
    served = Range(
        "relationship d", "d.customer_id", lambda to: f"d.partner_id = {to.bind(partner)} and d.ended_at is null"
    )
    return [*asked, _Asked(None, ((served,),))]


async def _text_ranges(uow: UnitOfWork, partner: PartnerId, search: CustomerSearch) -> tuple[Range, ...]:
    """What is typed as ranges: the rarest word, the domain, the id, the e-mail address."""
    found: list[Range] = []
    counted = {
        word: {one: rows for one in _word_ranges(partner, word, search) if (rows := await _count_ranges(uow, [one]))}
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
        named = f"{names} like {bind(f'%{word}%' if is_part_of_word(word) else f'% {word}%')}"
        if _PERSONS not in tables:
            return named if _NAMES in tables else "false"
        person = has_person(customer, word, bind)
        # Where the customers are those of a person's word, the next word is mostly that person's too.
        either = (person, named) if customer == "p" else (named, person)
        return f"({' or '.join(either)})" if _NAMES in tables else person

    return " and ".join(has(word, tables) for word, tables in words.items()) or "true"


def fits_text(search: CustomerSearch, bind: Bind) -> str:
    """SQL: the customer `c` fits what is typed."""
    words = {word: (_NAMES, _PERSONS) if word in search.person_words else (_NAMES,) for word in search.words}
    parts = [_has_words("c", "c.name_words", words, bind)] if words else []
    for column, beginning in (("c.domain", search.domain), ("c.customer_id", search.customer)):
        if beginning is not None:
            parts.append(f"{column} >= {bind(beginning)} and {column} < {bind(beginning + BEYOND)}")
    parts += [has_person("c", beginning, bind) for beginning in search.addresses]
    return f"({' or '.join(f'({part})' for part in parts) or 'false'})"


async def _state_ranges(
    uow: UnitOfWork, partner: PartnerId, state: State, programme: Programme
) -> tuple[tuple[Range, ...], ...]:
    """Ranges with all customers in a state, and others. None for those who are missing a confirmation: no index has them."""
    opening = [template.id for template in programme.templates if template.opens_gate(uow.now)]
    if state is State.ENDED:
        return ((
            Range("relationship d", "d.customer_id",
                  lambda to: f"d.partner_id = {to.bind(partner)} and d.refused_at >= {to.bind(_EARLIEST)}"),
        ),)  # fmt: skip
    if state is State.CURRENT:
        return (tuple(_confirmed_range(partner, template) for template in opening),)
    if state not in (State.OUTDATED, State.OVERDUE):
        return ()
    outdated = []
    first_newer = None
    now = to_micros(uow.now)
    for template in opening:
        newest = await uow.one(
            "select effective_at, number from text_version where template_id = $1 and major = 1 and effective_at <= $2"
            " order by effective_at desc, number desc limit 1",
            template,
            now,
        )
        if newest is not None:
            outdated.append(_confirmed_range(partner, template, newest))
        [(first,)] = await uow.all(_FIRST_NEWER, partner, template, now)
        if first is not None:
            first_newer = first if first_newer is None else min(first_newer, first)
    if state is State.OUTDATED or first_newer is None:
        return (tuple(outdated),)
    since = first_newer
    renewed = Range(
        "renewal w",
        "w.customer_id",
        lambda to: (
            f"w.partner_id = {to.bind(partner)} and w.outcome = 'renewed' and w.term > 1 and w.due_at > {to.bind(since)}"
        ),
    )
    return (tuple(outdated), (renewed,))


def _confirmed_range(partner: PartnerId, template: TemplateId, before: Row | None = None) -> Range:
    """Customers with a confirmation of a template that is current, whatever has been accepted, or a text before another."""

    def condition(to: Statement) -> str:
        sql = f"n.partner_id = {to.bind(partner)} and n.template_id = {to.bind(template)}"
        if before is not None:
            text_at, number = before
            sql += f" and (n.text_at, n.text_number) < ({to.bind(text_at)}, {to.bind(number)})"
        return sql

    return Range("current_confirmation n", "n.customer_id", condition)
