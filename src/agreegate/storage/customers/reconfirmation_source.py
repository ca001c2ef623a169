"""A search of the work list as SQL, and the ranges in which its customers are (R33–R37)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.reconfirmation import STATES, Due, ReconfirmationSearch
from agreegate.domain.standing import State
from agreegate.storage.agreements.newest_major import NewestMajors
from agreegate.storage.customers.customer_range import (
    CountedRanges,
    Range,
    Ranges,
    Source,
    count,
    count_in,
    country_range,
    read_together,
    renewed_range,
    reseller_range,
    state_ranges,
)
from agreegate.storage.customers.customer_search import fits_text, text_ranges
from agreegate.storage.customers.state import opens_by, state_of
from agreegate.storage.engine.unit_of_work import UnitOfWork, to_micros
from agreegate.storage.orders.subscription import LIVING
from agreegate.storage.statement import Statement

NOTHING_SUBSCRIBED = 999_999_999_999_999_999
"""The commitment end of a customer without a living subscription: after every instant."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers of customers at which a search changes its way."""

    read: int = 30_000
    """Maximum number of customers of a source that are read and sorted, or examined for a count."""
    few: int = 1_000
    """Maximum number of customers that may be overdue, where they are counted beside a narrower list."""
    counted: int = 10_000
    """Maximum number of customers that are counted."""
    walked: tuple[int, ...] = (4_000, 12_000)
    """Rows that are read in the list's order, one portion after the other, before a source is searched."""
    walked_fast: tuple[int, ...] = (50_000,)
    """Like `walked`, where the ids of the source skip most rows."""
    sorted_first: int = 2_000
    """Customers of a source that are read first, in the order of the list; each further portion is eight times as large."""


@dataclass(frozen=True, slots=True)
class Question:
    """A search of the work list of a partner, at an instant."""

    partner: PartnerId
    programme: Programme
    search: ReconfirmationSearch
    now: datetime
    newest_majors: NewestMajors
    limits: Limits
    late_from: int
    """The first instant at which a confirmation of the partner became outdated, in microseconds; overdue customers renewed
    after it."""

    @property
    def states(self) -> tuple[State, ...]:
        """The states that the search allows."""
        return STATES if self.search.state is None else (self.search.state,)

    @property
    def due_before(self) -> int:
        """The search allows customers that must be renewed before this instant, in microseconds."""
        before = None if self.search.due is None else self.search.due.before(self.now)
        return NOTHING_SUBSCRIBED + 1 if before is None else to_micros(before)

    @property
    def due_from(self) -> int:
        """The search allows customers that must be renewed at this instant or later, in microseconds."""
        return NOTHING_SUBSCRIBED if self.search.due is Due.ORDER else -NOTHING_SUBSCRIBED

    def may_fit(self, to: Statement, states: Collection[State]) -> str:
        """SQL: the customer of `d` may have one of the states. It costs less than the state itself."""
        below = " ".join(
            f"when {to.bind(template)} then (n.text_at, n.text_number) < ({to.bind_all(max(of.values()))})"
            for template, of in self.newest_majors.items()
        )
        if not below:
            return "false"
        found = f"""exists (select 1 from current_confirmation n where n.partner_id = $1
            and n.customer_id = d.customer_id and case n.template_id {below} else false end)"""
        if State.OUTDATED not in states:
            found = f"""exists (select 1 from renewal w where w.partner_id = $1 and w.customer_id = d.customer_id
            and case w.outcome when 'renewed' then w.due_at > {to.bind(self.late_from)} else false end) and {found}"""
        return found

    def state(self, to: Statement) -> str:
        """SQL: the state of the customer `c` with the relationship `r`."""
        return state_of(self.programme, self.now, to)

    def fits(self, to: Statement, states: Iterable[State]) -> str:
        """SQL: the customer `c` with the relationship `r` has one of the states, and fits the search."""
        return f"{self.state(to)} in ({to.bind_all(states)}){self.filters(to)}"

    def filters(self, to: Statement) -> str:
        """SQL: the conditions of the search but state and date, each after an `and`."""
        customers, found = self.search.customers, ""
        if customers.country is not None:
            found += f" and c.country = {to.bind(customers.country)}"
        if customers.reseller is not None:
            found += f""" and exists (select 1 from customer_reseller x where x.partner_id = c.partner_id
                and x.customer_id = c.customer_id and x.reseller_id = {to.bind(customers.reseller)})"""
        if customers.text.strip():
            found += f" and {fits_text(customers, to)}"
        if self.search.template is not None:
            found += f" and {opens_by(self.search.template, self.programme, self.now, to)}"
        return found


async def coming_majors(uow: UnitOfWork) -> list[int]:
    """Return the instants at which published major texts will take effect, in microseconds, the next first."""
    rows = await uow.fetch_all(
        "select distinct v.effective_at from text_version v where v.major = 1 and v.effective_at > $1"
        " order by v.effective_at",
        to_micros(uow.now),
    )
    return [effective_at for (effective_at,) in rows]


async def ranges_of(uow: UnitOfWork, question: Question) -> list[CountedRanges]:
    """Count the ranges in which the outdated and overdue customers are that fit the search."""
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
    uow: UnitOfWork, question: Question, counted: Sequence[CountedRanges], states: Collection[State]
) -> Source:
    """Return the customers of the rarest ranges: those in some states are among them.

    Args:
        counted: the ranges that `ranges_of` counted.
    """
    if State.OUTDATED not in states:
        counted = [*counted, await count(uow, (renewed_range(question.partner, question.late_from),))]
    rarest, *_ = read = read_together(counted)
    rows, ranges = rarest.rows, tuple(one.ranges for one in read)
    if len(read) > 1:
        rows = min(rows, await count_in(uow, ranges, question.limits.read))
    return Source(ranges, rows)


def _due_range(question: Question) -> Range:
    """Return the customers with a commitment that ends before the date of the search."""
    return Range(
        "subscription s",
        "s.customer_id",
        lambda to: (
            f"s.partner_id = {to.bind(question.partner)} and {LIVING}"
            f" and s.commitment_end_at < {to.bind(question.due_before)}"
        ),
    )
