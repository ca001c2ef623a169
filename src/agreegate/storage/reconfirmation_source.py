"""Where the work list is found: what is searched for as SQL, and the sources among whose customers it is (R33–R37).

All of a list is found among the customers of each of its *sources*, such as those of a reseller, or those who accepted an
older text. The smallest source is taken.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice, product
from operator import itemgetter

from agreegate.domain.customer_search import CustomerSearch
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.reconfirmation import STATES, Due, ReconfirmationSearch
from agreegate.domain.standing import State
from agreegate.storage.customer_range import BEYOND
from agreegate.storage.customer_search import fits_text
from agreegate.storage.floor import Floors, Rank
from agreegate.storage.state import Bind, opens_by, state_of
from agreegate.storage.unit_of_work import UnitOfWork, Value, to_micros

NOTHING_SUBSCRIBED = 999_999_999_999_999_999
"""Stands for the commitment end of a customer without a living subscription: after every instant there is."""
SPLITS = 16
"""Maximum number of sources that differ only in the text below which customers are found."""
LIVING = "s.status in ('active', 'suspended')"
"""SQL: the subscription `s` is living."""
LIVING_END = f"case when {LIVING} then s.commitment_end_at end"
"""SQL: the end of the commitment of the subscription `s`, where it is living.

Conditions on the rows of one customer stand in `case … end`: engines then read these rows, not an index over all customers.
"""
Source = Callable[[Bind], str]
"""Makes a statement that selects the ids of customers; `$1` is the partner."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is looked at before another way is taken."""

    read: int = 30_000
    """Maximum number of customers of a source that are all read and sorted, or examined for a count."""
    compared: int = 60_000
    """Maximum number of customers of a source that are counted to find the smallest source."""
    counted: int = 10_000
    """Maximum number of customers that are counted."""
    walked: tuple[int, ...] = (4_000, 12_000)
    """How many rows in the list's order are walked, one portion after the other. Then a source is searched instead."""
    sorted_first: int = 500
    """How many customers of a source are looked at first, the ones that come first in the list; then four times as many."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched for in the work list of a partner, and at which instant."""

    partner: PartnerId
    programme: Programme
    search: ReconfirmationSearch
    now: datetime
    floors: Floors
    limits: Limits
    late_from: int
    """The first instant at which a confirmation of the partner became outdated: the overdue renewed after it."""

    @property
    def states(self) -> tuple[State, ...]:
        """The states that are searched for."""
        return STATES if self.search.state is None else (self.search.state,)

    @property
    def due_before(self) -> int:
        """Only what must be renewed before this instant is searched for."""
        before = None if self.search.due is None else self.search.due.before(self.now)
        return NOTHING_SUBSCRIBED + 1 if before is None else to_micros(before)

    @property
    def due_from(self) -> int:
        """Only what must be renewed at this instant or later is searched for."""
        return NOTHING_SUBSCRIBED if self.search.due is Due.ORDER else -NOTHING_SUBSCRIBED

    def may_fit(self, bind: Bind, states: Collection[State]) -> str:
        """SQL: the customer of `d` may have one of the states. It is less to look up than the state itself."""
        below = " ".join(
            f"when {bind(template)} then (n.text_at, n.text_number) < ({', '.join(map(bind, max(of.values())))})"
            for template, of in self.floors.items()
        )
        if not below:
            return "false"
        found = f"""exists (select 1 from current_confirmation n where n.partner_id = $1
            and n.customer_id = d.customer_id and case n.template_id {below} else false end)"""
        if State.OUTDATED not in states:
            found = f"""exists (select 1 from renewal w where w.partner_id = $1 and w.customer_id = d.customer_id
            and case w.outcome when 'renewed' then w.due_at > {bind(self.late_from)} else false end) and {found}"""
        return found

    def state(self, bind: Bind) -> str:
        """SQL: the state of the customer `c` with the relationship `r`."""
        return state_of(self.programme, self.now, bind)

    def fits(self, bind: Bind, states: Iterable[State]) -> str:
        """SQL: the customer `c` with the relationship `r` has one of the states, and fits what is searched for."""
        listed = ", ".join(f"'{state}'" for state in states)
        return f"{self.state(bind)} in ({listed}){self.filters(bind)}"

    def filters(self, bind: Bind) -> str:
        """SQL: what is searched for, except the state and the date; it begins with `and`."""
        customers, found = self.search.customers, ""
        if customers.country is not None:
            found += f" and c.country = {bind(customers.country)}"
        if customers.reseller is not None:
            found += f""" and exists (select 1 from customer_reseller x where x.partner_id = c.partner_id
                and x.customer_id = c.customer_id and x.reseller_id = {bind(customers.reseller)})"""
        if customers.text.strip():
            found += f" and {fits_text(customers, bind)}"
        if self.search.template is not None:
            found += f" and {opens_by(self.search.template, self.programme, self.now, bind)}"
        return found


class Statement:
    """The values of one statement."""

    def __init__(self, partner: PartnerId) -> None:
        self.values: list[Value] = [partner]

    def bind(self, value: Value) -> str:
        """Add a value, and return its placeholder."""
        self.values.append(value)
        return f"${len(self.values)}"


async def coming_majors(uow: UnitOfWork) -> list[int]:
    """When published major texts take effect that have yet to do so, the next one first."""
    rows = await uow.all(
        "select distinct v.effective_at from text_version v where v.major = 1 and v.effective_at > $1"
        " order by v.effective_at",
        to_micros(uow.now),
    )
    return [effective_at for (effective_at,) in rows]


async def smallest(uow: UnitOfWork, question: Question, sources: Iterable[Source]) -> tuple[Source, int]:
    """The source with the fewest customers, and how many it has: at most one more than `Limits.compared`."""
    counted: list[tuple[Source, int]] = []
    for source in sources:
        statement = Statement(question.partner)
        some = f"{source(statement.bind)} limit {statement.bind(question.limits.compared + 1)}"
        [(count,)] = await uow.all(f"select count(*) from ({some}) d", *statement.values)
        counted.append((source, int(count)))
    return min(counted, key=itemgetter(1))


def sources_of(question: Question) -> list[Source]:
    """The sources of a list."""
    customers, floors = question.search.customers, question.floors
    if (country := customers.country) is not None:
        floors = {template: {country: of[country]} for template, of in floors.items() if country in of}
    # Below the floor of some countries, or in a country with a higher floor: any floor may leave the fewest.
    splits = islice(product(*(sorted(set(of.values())) for of in floors.values())), SPLITS)
    found: list[Source] = [partial(_outdated, floors, split) for split in splits]
    if country is not None:
        found.append(partial(_in_countries, [country]))
    if customers.reseller is not None:
        found.append(partial(_of_reseller, customers.reseller))
    if customers.text.strip() and (customers.words or _beginnings(customers)):
        found += [partial(_with_word, customers, word) for word in customers.words or (None,)]
    if question.search.due not in (None, Due.ORDER):
        found.append(partial(_due_before, question.due_before))
    return found


def _outdated(floors: Floors, split: Sequence[Rank], bind: Bind) -> str:
    parts = []
    for (template, of), (at, number) in zip(floors.items(), split, strict=True):
        parts.append(
            "select n.customer_id from current_confirmation n where n.partner_id = $1"
            f" and n.template_id = {bind(template)} and (n.text_at, n.text_number) < ({bind(at)}, {bind(number)})"
        )
        if higher := [country for country, floor in of.items() if floor > (at, number)]:
            parts.append(_in_countries(higher, bind))
    if not parts:
        return "select c.customer_id from customer c where c.partner_id = $1 and false"
    return f"select u.customer_id from ({' union all '.join(parts)}) u"


def _in_countries(countries: Iterable[str], bind: Bind) -> str:
    listed = ", ".join(bind(country) for country in countries)
    return f"select c.customer_id from customer c where c.partner_id = $1 and c.country in ({listed})"


def _of_reseller(reseller: PartnerId, bind: Bind) -> str:
    return f"select x.customer_id from customer_reseller x where x.reseller_id = {bind(reseller)} and x.partner_id = $1"


def _due_before(before: int, bind: Bind) -> str:
    return (
        "select s.customer_id from subscription s"
        f" where s.partner_id = $1 and {LIVING} and s.commitment_end_at < {bind(before)}"
    )


def late_source(question: Question) -> Source:
    """A source of the overdue customers: those who renewed since one can be overdue."""
    return lambda bind: (
        "select w.customer_id from renewal w"
        f" where w.partner_id = $1 and w.outcome = 'renewed' and w.term > 1 and w.due_at > {bind(question.late_from)}"
    )


def _with_word(customers: CustomerSearch, word: str | None, bind: Bind) -> str:
    """Customers with a word that begins as one of those that are typed, or with a domain, id or e-mail address that begins so."""
    found = [
        f"select c.customer_id from customer c where c.partner_id = $1 and {_begins(column, typed, bind)}"
        for column, typed in _beginnings(customers)
    ]
    if word is not None:
        found.append(
            f"select w.customer_id from customer_word w where w.partner_id = $1 and {_begins('w.word', word, bind)}"
        )
    persons = [*customers.addresses, *([word] if word in customers.person_words else [])]
    found += [
        f"select p.customer_id from person_word p where p.partner_id = $1 and {_begins('p.word', beginning, bind)}"
        for beginning in persons
    ]
    return f"select u.customer_id from ({' union all '.join(found)}) u"


def _beginnings(customers: CustomerSearch) -> list[tuple[str, str]]:
    typed = (("c.domain", customers.domain), ("c.customer_id", customers.customer))
    return [(column, beginning) for column, beginning in typed if beginning is not None]


def _begins(column: str, beginning: str, bind: Bind) -> str:
    return f"{column} >= {bind(beginning)} and {column} < {bind(beginning + BEYOND)}"
