"""Where the work list is found: what is searched for as SQL, and the ranges in which its customers are (R33–R37)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.reconfirmation import STATES, Due, ReconfirmationSearch
from agreegate.domain.standing import State
from agreegate.storage.agreements.floor import Floors
from agreegate.storage.customers.customer_range import (
    MOST_COMPARED,
    Counted,
    Range,
    Ranges,
    count,
    count_in,
    country_range,
    read_together,
    renewed_range,
    reseller_range,
    state_ranges,
)
from agreegate.storage.customers.customer_search import fits_text, text_ranges
from agreegate.storage.engine.unit_of_work import UnitOfWork, to_micros
from agreegate.storage.state import Bind, opens_by, state_of

NOTHING_SUBSCRIBED = 999_999_999_999_999_999
"""Stands for the commitment end of a customer without a living subscription: after every instant there is."""
LIVING = "s.status in ('active', 'suspended')"
"""SQL: the subscription `s` is living."""
LIVING_END = f"case when {LIVING} then s.commitment_end_at end"
"""SQL: the end of the commitment of the subscription `s`, where it is living.

Conditions on the rows of one customer stand in `case … end`: engines then read these rows, not an index over all customers.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is looked at before another way is taken."""

    read: int = 30_000
    """Maximum number of customers of a source that are all read and sorted, or examined for a count."""
    few: int = 1_000
    """Maximum number of customers that may be overdue, where these are counted beside a narrower list."""
    counted: int = 10_000
    """Maximum number of customers that are counted."""
    walked: tuple[int, ...] = (4_000, 12_000)
    """How many rows in the list's order are walked, one portion after the other. Then a source is searched instead."""
    walked_fast: tuple[int, ...] = (50_000,)
    """The same, where the ids of the source pass over most of them without a look."""
    sorted_first: int = 2_000
    """How many customers of a source are looked at first, the ones that come first in the list; then eight times as many."""


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


async def coming_majors(uow: UnitOfWork) -> list[int]:
    """When published major texts take effect that have yet to do so, the next one first."""
    rows = await uow.fetch_all(
        "select distinct v.effective_at from text_version v where v.major = 1 and v.effective_at > $1"
        " order by v.effective_at",
        to_micros(uow.now),
    )
    return [effective_at for (effective_at,) in rows]


@dataclass(frozen=True, slots=True)
class Source:
    """Customers among whom all of a list is found: those that are in all of some ranges."""

    ranges: tuple[Ranges, ...]
    rows: int
    """How many they are at most; not more than one more than `MOST_COMPARED` are counted."""

    @property
    def small(self) -> bool:
        """Whether a statement can keep their ids in memory."""
        return self.rows <= MOST_COMPARED


async def ranges_of(uow: UnitOfWork, question: Question) -> list[Counted]:
    """Count the ranges in which the outdated and overdue customers are that fit what is searched for."""
    partner, customers = question.partner, question.search.customers
    at, country = question.now, customers.country
    every: list[Ranges] = []
    if country is not None:
        every.append((country_range(partner, [country]),))
    if customers.reseller is not None:
        every.append((reseller_range(partner, customers.reseller),))
    if customers.text.strip():
        every.append(await text_ranges(uow, partner, customers))
    if question.search.due not in (None, Due.ORDER):
        every.append((_due_range(question),))
    every += await state_ranges(uow, partner, State.OUTDATED, question.programme, at, country)
    return [await count(uow, ranges) for ranges in every]


async def source_of(
    uow: UnitOfWork, question: Question, counted: Sequence[Counted], states: Collection[State]
) -> Source:
    """Return the rarest of the ranges in which the customers in some states are.

    Args:
        counted: what `ranges_of` found.
    """
    if State.OUTDATED not in states:
        counted = [*counted, await count(uow, (renewed_range(question.partner, question.late_from),))]
    rarest, *_ = read = read_together(counted)
    rows, ranges = rarest.rows, tuple(one.ranges for one in read)
    if len(read) > 1:
        rows = min(rows, await count_in(uow, ranges, question.limits.read))
    return Source(ranges, rows)


def _due_range(question: Question) -> Range:
    """The customers who have a commitment that ends before the date that is searched for."""
    return Range(
        "subscription s",
        "s.customer_id",
        lambda to: (
            f"s.partner_id = {to.bind(question.partner)} and {LIVING}"
            f" and s.commitment_end_at < {to.bind(question.due_before)}"
        ),
    )
