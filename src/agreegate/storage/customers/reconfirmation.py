"""The work list: a partner's outdated and overdue customers, in the order in which they must be renewed (R33–R37).

A list among few customers is read whole and sorted. A longer list is read in its order until the page is full.
`storage/customers/state.py` decides whether a customer fits; `domain/standing.py` decides the lines that are shown.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agreegate.domain.agreements.accepted_text import Basis
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.partner import PartnerId
from agreegate.domain.standing import State
from agreegate.storage.customers.customer_range import Source, ids_in, is_among
from agreegate.storage.customers.reconfirmation_source import NOTHING_SUBSCRIBED, Question
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.orders.subscription import LIVING_END, is_living
from agreegate.storage.statement import BEYOND, Statement, portions

FIRST = {State.OVERDUE: 0, State.OUTDATED: 1}
"""The order of the states in the list."""
_RENEW_AT = f"""coalesce((select min({LIVING_END}) from subscription s
    where s.partner_id = $1 and s.customer_id = d.customer_id), {NOTHING_SUBSCRIBED})"""
_CUSTOMER = """relationship r join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
    where r.partner_id = $1 and r.customer_id = d.customer_id and r.ended_at is null"""
"""SQL: the customer of the row `d`, where the partner serves it today."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a customer is in the list: overdue customers first, then by the end before which they must be renewed."""

    first: int
    """`FIRST` of the state."""
    renew_at: int
    """The next end of a commitment in microseconds, or `NOTHING_SUBSCRIBED`."""
    customer_id: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a line of the list shows beside the confirmation."""

    company_name: str
    domain: str
    country: str
    basis: Basis | None
    """How the accepted text is known; None: no text was in force when the confirmation was recorded."""
    label: str | None
    resellers: tuple[str, ...]
    """Names of the resellers through which the partner serves the customer."""


async def read_all(uow: UnitOfWork, question: Question, source: Source, states: Collection[State]) -> tuple[Place, ...]:
    """Return every place of the list, in order, from the customers of a source."""
    to = Statement(question.partner)
    state, filters = question.state(to), question.filters(to)
    rows = await uow.fetch_all(
        f"""select d.customer_id, {_RENEW_AT}, (select {state} from {_CUSTOMER}{filters})
            from {_among(source, to)} and {question.may_fit(to, states)}""",
        *to.values,
    )
    return tuple(
        sorted(
            Place(FIRST[State(state)], renew_at, customer)
            for customer, renew_at, state in rows
            if state in states and question.due_from <= renew_at < question.due_before
        )
    )


async def count_all(uow: UnitOfWork, question: Question, source: Source, states: Collection[State]) -> tuple[int, bool]:
    """Count the places of the list up to the `Limits`; and return whether the list may have more."""
    limits, to, due = question.limits, Statement(question.partner), ""
    if question.search.due is not None:
        due = f" and {_RENEW_AT} >= {to.bind(question.due_from)} and {_RENEW_AT} < {to.bind(question.due_before)}"
    [(found,)] = await uow.fetch_all(
        f"""select count(*) from (select 1 from {_among(source, to, limits.read)} and {question.may_fit(to, states)}
              and exists (select 1 from {_CUSTOMER} and {question.fits(to, states)}){due}
              limit {to.bind(limits.counted + 1)}) e""",
        *to.values,
    )
    counted = int(found)
    return min(counted, limits.counted), counted > limits.counted or source.rows > limits.read


def _among(source: Source, to: Statement, most: int | None = None) -> str:
    """SQL: the relationships `d` of a source's customers; engines read them in the order of their ids."""
    ids = ids_in(source.ranges, to)
    limit = "" if most is None else f" limit {to.bind(most)}"
    return f"relationship d where d.partner_id = $1 and d.ended_at is null and d.customer_id in ({ids}{limit})"


def beyond(places: Sequence[Place], start: Place | None, *, backwards: bool) -> list[Place]:
    """Return the places after another one of a list in order; or (backwards) the places before it, the last first."""
    if backwards:
        return [one for one in reversed(places) if start is None or one < start]
    return [one for one in places if start is None or one > start]


async def walk(
    uow: UnitOfWork,
    question: Question,
    source: Source,
    state: State,
    start: Place | None,
    size: int,
    *,
    backwards: bool,
) -> list[Place]:
    """Return the places of a state after another place; or (backwards) the places before it, the last first.

    Args:
        source: the customers of the list are among these.
        start: the other place; None: all places of the state.
        size: maximum number of places.
    """
    found: list[Place] = []
    for subscribed in (False, True) if backwards else (True, False):
        part = _Part(question, source, state, subscribed, backwards)
        if len(found) < size and (within := part.within(start)) is not None:
            some, end = await part.walk(uow, within, size - len(found))
            found += some
            if len(found) < size and end is not None:
                found += await part.search(uow, end, size - len(found))
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """The part of the list with the customers of one state, either with or without a living subscription."""

    question: Question
    source: Source
    state: State
    subscribed: bool
    backwards: bool

    def within(self, start: Place | None) -> Place | None:
        """Return the place in this part after which the list continues; None: it does not continue in this part."""
        low = max(self.question.due_from, -NOTHING_SUBSCRIBED if self.subscribed else NOTHING_SUBSCRIBED)
        high = min(self.question.due_before, NOTHING_SUBSCRIBED if self.subscribed else NOTHING_SUBSCRIBED + 1)
        before = Place(FIRST[self.state], low, "")
        after = Place(FIRST[self.state], high, "") if self.subscribed else Place(FIRST[self.state], low, BEYOND)
        if low >= high:
            return None
        if self.backwards:
            within = after if start is None else min(start, after)
            return within if within > before else None
        within = before if start is None else max(start, before)
        return within if within < after else None

    async def walk(self, uow: UnitOfWork, start: Place, size: int) -> tuple[list[Place], Place | None]:
        """Return the first places after another, and the last place that was read; None: the part was read to its end."""
        found: list[Place] = []
        limits = self.question.limits
        walked = limits.walked_fast if self.source.small else limits.walked
        for rows in walked[:1] if self.state is State.OVERDUE else walked:
            end = await self._ahead(uow, start, rows)
            found += await self._between(uow, start, end, size - len(found))
            if len(found) == size or end is None:
                return found, None
            start = end
        return found, start

    async def _ahead(self, uow: UnitOfWork, start: Place, rows: int) -> Place | None:
        """Return the place `rows` further in the index; None: the index ends before it."""
        to = Statement(self.question.partner)
        walked = self._walked(to, start)
        row = await uow.fetch_one(f"{walked} order by {self._order} limit 1 offset {to.bind(rows)}", *to.values)
        return None if row is None else Place(FIRST[self.state], *row)

    async def _between(self, uow: UnitOfWork, start: Place, end: Place | None, size: int) -> list[Place]:
        to, among = Statement(self.question.partner), ""
        if self.source.small:
            among = f" and {is_among('d.customer_id', ids_in(self.source.ranges, to))}"
        sooner = f"{LIVING_END} < d.commitment_end_at" if self.subscribed else f"{LIVING_END} is not null"
        rows = await uow.fetch_all(
            f"""{self._walked(to, start, end)}{among} and {self.question.may_fit(to, [self.state])}
                  and exists (select 1 from {_CUSTOMER} and {self.question.fits(to, [self.state])})
                  and not exists (select 1 from subscription s
                    where s.partner_id = $1 and s.customer_id = d.customer_id and {sooner})
                group by {self._key} order by {self._order} limit {to.bind(size)}""",
            *to.values,
        )
        return [Place(FIRST[self.state], *row) for row in rows]

    async def search(self, uow: UnitOfWork, start: Place, size: int) -> list[Place]:
        """Return the first places after another, from the customers of the source: few customers of the list fit."""
        if self.state is State.OVERDUE:
            every = await read_all(uow, self.question, self.source, [State.OVERDUE])
            places = [one for one in every if (one.renew_at < NOTHING_SUBSCRIBED) is self.subscribed]
            return beyond(places, start, backwards=self.backwards)[:size]
        found: list[Place] = []
        some = self.question.limits.sorted_first
        while True:
            candidates = await self._candidates(uow, start, some)
            for portion in portions(candidates):
                found += await self._fitting(uow, portion)
                if len(found) >= size:
                    return found[:size]
            if len(candidates) < some:
                return found
            *_, start = candidates
            some *= 8

    async def _candidates(self, uow: UnitOfWork, start: Place, some: int) -> list[Place]:
        """Return the first customers of the source, in the order of the list, that may have the state."""
        to, way = Statement(self.question.partner), " desc" if self.backwards else ""
        rows = await uow.fetch_all(
            f"""with e as materialized (select {_RENEW_AT} as renew_at, d.customer_id
                  from {_among(self.source, to)} and {self.question.may_fit(to, [self.state])})
                select e.renew_at, e.customer_id from e
                where e.renew_at {"<" if self.subscribed else "="} {NOTHING_SUBSCRIBED}
                  and e.renew_at < {to.bind(self.question.due_before)}
                  and (e.renew_at, e.customer_id) {self._sign} ({to.bind(start.renew_at)}, {to.bind(start.customer_id)})
                order by e.renew_at{way}, e.customer_id{way} limit {to.bind(some)}""",
            *to.values,
        )
        return [Place(FIRST[self.state], *row) for row in rows]

    async def _fitting(self, uow: UnitOfWork, candidates: Sequence[Place]) -> list[Place]:
        to = Statement(self.question.partner)
        listed = to.bind_all(one.customer_id for one in candidates)
        rows = await uow.fetch_all(
            f"""select d.customer_id from relationship d where d.partner_id = $1 and d.customer_id in ({listed})
                  and exists (select 1 from {_CUSTOMER} and {self.question.fits(to, [self.state])})""",
            *to.values,
        )
        fitting = {customer for (customer,) in rows}
        return [one for one in candidates if one.customer_id in fitting]

    def _walked(self, to: Statement, start: Place, end: Place | None = None) -> str:
        """SQL: the rows `d` of the index, after one place up to another."""
        if self.subscribed:
            found = f"""select d.commitment_end_at, d.customer_id from subscription d where d.partner_id = $1
                and {is_living("d")} and d.commitment_end_at < {to.bind(self.question.due_before)}"""
        else:
            found = f"""select {NOTHING_SUBSCRIBED}, d.customer_id from relationship d where d.partner_id = $1
                and d.ended_at is null"""
        for place, sign in ((start, self._sign), (end, f"{'>' if self.backwards else '<'}=")):
            if place is not None:
                values = (place.renew_at, place.customer_id) if self.subscribed else (place.customer_id,)
                found += f" and ({self._key}) {sign} ({to.bind_all(values)})"
        return found

    @property
    def _sign(self) -> str:
        return "<" if self.backwards else ">"

    @property
    def _key(self) -> str:
        return "d.commitment_end_at, d.customer_id" if self.subscribed else "d.customer_id"

    @property
    def _order(self) -> str:
        return self._key.replace(",", " desc,") + " desc" if self.backwards else self._key


async def shown(uow: UnitOfWork, partner: PartnerId, lines: Mapping[str, TemplateId]) -> dict[str, Shown]:
    """Return what the lines of the list show, by customer.

    Args:
        lines: by customer, the template of the confirmation that is shown.
    """
    found: dict[str, Shown] = {}
    for some in portions(list(lines)):
        to = Statement(partner)
        listed = to.bind_all(some)
        resellers: dict[str, list[str]] = {}
        for customer, name in await uow.fetch_all(
            "select x.customer_id, o.name from customer_reseller x join partner o on o.partner_id = x.reseller_id"
            f" where x.partner_id = $1 and x.customer_id in ({listed}) order by x.customer_id, o.name",
            *to.values,
        ):
            resellers.setdefault(customer, []).append(name)
        for customer, template, name, domain, country, basis, label in await uow.fetch_all(
            f"""select c.customer_id, n.template_id, c.company_name, c.domain, c.country, t.basis, v.label
               from current_confirmation n
               join customer c on c.partner_id = n.partner_id and c.customer_id = n.customer_id
               join confirmation f on f.partner_id = n.partner_id and f.customer_id = n.customer_id
                 and f.sequence = n.sequence
               left join confirmation_text t on t.confirmation_number = f.number
               left join text_version v on v.version_id = t.version_id
               where n.partner_id = $1 and n.customer_id in ({listed})""",
            *to.values,
        ):
            if lines[customer] == template:
                through = tuple(resellers.get(customer, ()))
                found[customer] = Shown(name, domain, country, basis and Basis(basis), label, through)
    return found
