"""The work list as ordinary statements over ordinary indexes: customers whose one state is outdated or overdue (R33–R37).

What is found among few customers is read whole and sorted. Otherwise the list is walked in its order until the page is
full. `storage/state.py` says whether a customer fits; the lines that are shown are decided by `domain/standing.py`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agreegate.domain.agreements.accepted_text import Basis
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.partner import PartnerId
from agreegate.domain.standing import State
from agreegate.storage.customers.customer_range import Statement, ids_in
from agreegate.storage.engine.unit_of_work import UnitOfWork, Value
from agreegate.storage.reconfirmation_source import LIVING_END, NOTHING_SUBSCRIBED, Question, Source
from agreegate.storage.state import Bind

FIRST = {State.OVERDUE: 0, State.OUTDATED: 1}
"""The order of the states in the list."""
LAST_ID = "\U0010ffff"
"""Comes after every customer id."""
PORTION = 500
"""Maximum number of customers named in one statement."""

_RENEW_AT = f"""coalesce((select min({LIVING_END}) from subscription s
    where s.partner_id = $1 and s.customer_id = d.customer_id), {NOTHING_SUBSCRIBED})"""
_CUSTOMER = """relationship r join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
    where r.partner_id = $1 and r.customer_id = d.customer_id and r.ended_at is null"""
"""The customer of the row `d`, where the partner serves it today."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a customer is in the list: the overdue first, then by the end before which it must be renewed."""

    first: int
    """`FIRST` of the state."""
    renew_at: int
    """The next end of a commitment, or `NOTHING_SUBSCRIBED`."""
    customer_id: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a line of the list says beside the confirmation."""

    company_name: str
    domain: str
    country: str
    basis: Basis | None
    """How it is known which text was accepted; None where no text was in force when it was recorded."""
    label: str | None
    resellers: tuple[str, ...]
    """Names of those through which the partner serves the customer."""


async def read_all(uow: UnitOfWork, question: Question, source: Source, states: Collection[State]) -> tuple[Place, ...]:
    """Every place of the list, in order, found among the customers of a source."""
    statement = Statement([question.partner])
    state, filters = question.state(statement.bind), question.filters(statement.bind)
    rows = await uow.fetch_all(
        f"""select d.customer_id, {_RENEW_AT}, (select {state} from {_CUSTOMER}{filters})
            from {_among(source, statement)} and {question.may_fit(statement.bind, states)}""",
        *statement.values,
    )
    return tuple(
        sorted(
            Place(FIRST[State(state)], renew_at, customer)
            for customer, renew_at, state in rows
            if state in states and question.due_from <= renew_at < question.due_before
        )
    )


async def count_all(uow: UnitOfWork, question: Question, source: Source, states: Collection[State]) -> tuple[int, bool]:
    """How many places the list has, and whether it may have more: `Limits` end the count."""
    limits, statement = question.limits, Statement([question.partner])
    bind = statement.bind
    due = "" if question.search.due is None else f" and {_RENEW_AT} >= {bind(question.due_from)}"
    due += "" if question.search.due is None else f" and {_RENEW_AT} < {bind(question.due_before)}"
    [(found,)] = await uow.fetch_all(
        f"""select count(*) from (select 1 from {_among(source, statement, limits.read)}
              and {question.may_fit(bind, states)}
              and exists (select 1 from {_CUSTOMER} and {question.fits(bind, states)}){due}
              limit {bind(limits.counted + 1)}) e""",
        *statement.values,
    )
    counted = int(found)
    return min(counted, limits.counted), counted > limits.counted or source.rows > limits.read


def _among(source: Source, to: Statement, most: int | None = None) -> str:
    """SQL: the relationships `d` of a source's customers, which engines read in the order of their ids."""
    ids = ids_in(source.ranges, to)
    limit = "" if most is None else f" limit {to.bind(most)}"
    return f"relationship d where d.partner_id = $1 and d.ended_at is null and d.customer_id in ({ids}{limit})"


def beyond(places: Sequence[Place], start: Place | None, *, backwards: bool) -> list[Place]:
    """Of places in order, those after another place; or (backwards) those before it, the very last first."""
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
    """The places of a state after another place; or (backwards) those before it, the very last first.

    Args:
        source: all of the list is found among its customers.
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
    """Customers of one state, with or without a living subscription, in the order of the list."""

    question: Question
    source: Source
    state: State
    subscribed: bool
    backwards: bool

    def within(self, start: Place | None) -> Place | None:
        """The place in this part after which the list goes on; None: it does not go on in this part."""
        low = max(self.question.due_from, -NOTHING_SUBSCRIBED if self.subscribed else NOTHING_SUBSCRIBED)
        high = min(self.question.due_before, NOTHING_SUBSCRIBED if self.subscribed else NOTHING_SUBSCRIBED + 1)
        before = Place(FIRST[self.state], low, "")
        after = Place(FIRST[self.state], high, "") if self.subscribed else Place(FIRST[self.state], low, LAST_ID)
        if low >= high:
            return None
        if self.backwards:
            within = after if start is None else min(start, after)
            return within if within > before else None
        within = before if start is None else max(start, before)
        return within if within < after else None

    async def walk(self, uow: UnitOfWork, start: Place, size: int) -> tuple[list[Place], Place | None]:
        """The first places after another, and up to where the list was walked; None: up to its end."""
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
        """The position `rows` further in the walked index; None: the index ends before it."""
        statement = Statement([self.question.partner])
        walked = self._walked(statement.bind, start)
        row = await uow.fetch_one(
            f"{walked} order by {self._order} limit 1 offset {statement.bind(rows)}", *statement.values
        )
        return None if row is None else Place(FIRST[self.state], *row)

    async def _between(self, uow: UnitOfWork, start: Place, end: Place | None, size: int) -> list[Place]:
        statement = Statement([self.question.partner])
        bind = statement.bind
        among = ""
        if self.source.small:
            # Concatenated, so that the walk goes on in its order and customers are not looked up by their ids.
            among = f" and d.customer_id || '' in ({ids_in(self.source.ranges, statement)})"
        sooner = f"{LIVING_END} < d.commitment_end_at" if self.subscribed else f"{LIVING_END} is not null"
        rows = await uow.fetch_all(
            f"""{self._walked(bind, start, end)}{among}
                  and {self.question.may_fit(bind, [self.state])}
                  and exists (select 1 from {_CUSTOMER} and {self.question.fits(bind, [self.state])})
                  and not exists (select 1 from subscription s
                    where s.partner_id = $1 and s.customer_id = d.customer_id and {sooner})
                group by {self._key} order by {self._order} limit {bind(size)}""",
            *statement.values,
        )
        return [Place(FIRST[self.state], *row) for row in rows]

    async def search(self, uow: UnitOfWork, start: Place, size: int) -> list[Place]:
        """The first places after another, found among the customers of a source: what fits is rare in the list's order."""
        if self.state is State.OVERDUE:
            every = await read_all(uow, self.question, self.source, [State.OVERDUE])
            places = [one for one in every if (one.renew_at < NOTHING_SUBSCRIBED) is self.subscribed]
            return beyond(places, start, backwards=self.backwards)[:size]
        found: list[Place] = []
        some = self.question.limits.sorted_first
        while True:
            candidates = await self._candidates(uow, start, some)
            for begin in range(0, len(candidates), PORTION):
                found += await self._fitting(uow, candidates[begin : begin + PORTION])
                if len(found) >= size:
                    return found[:size]
            if len(candidates) < some:
                return found
            *_, start = candidates
            some *= 8

    async def _candidates(self, uow: UnitOfWork, start: Place, some: int) -> list[Place]:
        """The first customers of the source, in the order of the list, who may have the state."""
        statement = Statement([self.question.partner])
        bind, way = statement.bind, " desc" if self.backwards else ""
        rows = await uow.fetch_all(
            f"""with e as materialized (select {_RENEW_AT} as renew_at, d.customer_id
                  from {_among(self.source, statement)} and {self.question.may_fit(bind, [self.state])})
                select e.renew_at, e.customer_id from e
                where e.renew_at {"<" if self.subscribed else "="} {NOTHING_SUBSCRIBED}
                  and e.renew_at < {bind(self.question.due_before)}
                  and (e.renew_at, e.customer_id) {self._sign} ({bind(start.renew_at)}, {bind(start.customer_id)})
                order by e.renew_at{way}, e.customer_id{way} limit {bind(some)}""",
            *statement.values,
        )
        return [Place(FIRST[self.state], *row) for row in rows]

    async def _fitting(self, uow: UnitOfWork, candidates: Sequence[Place]) -> list[Place]:
        statement = Statement([self.question.partner])
        bind = statement.bind
        listed = ", ".join(bind(one.customer_id) for one in candidates)
        rows = await uow.fetch_all(
            f"""select d.customer_id from relationship d where d.partner_id = $1 and d.customer_id in ({listed})
                  and exists (select 1 from {_CUSTOMER} and {self.question.fits(bind, [self.state])})""",
            *statement.values,
        )
        fitting = {customer for (customer,) in rows}
        return [one for one in candidates if one.customer_id in fitting]

    def _walked(self, bind: Bind, start: Place, end: Place | None = None) -> str:
        """Rows `d` of the index that is walked, after one place up to another."""
        if self.subscribed:
            found = f"""select d.commitment_end_at, d.customer_id from subscription d where d.partner_id = $1
                and d.status in ('active', 'suspended') and d.commitment_end_at < {bind(self.question.due_before)}"""
        else:
            found = f"""select {NOTHING_SUBSCRIBED}, d.customer_id from relationship d where d.partner_id = $1
                and d.ended_at is null"""
        for place, sign in ((start, self._sign), (end, f"{'>' if self.backwards else '<'}=")):
            if place is not None:
                values: list[Value] = [place.renew_at] if self.subscribed else []
                found += (
                    f" and ({self._key}) {sign} ({', '.join(bind(value) for value in (*values, place.customer_id))})"
                )
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
    """What the lines of the list say, by customer.

    Args:
        lines: by customer, the template of the confirmation that is shown.
    """
    found: dict[str, Shown] = {}
    ids = list(lines)
    for begin in range(0, len(ids), PORTION):
        some = ids[begin : begin + PORTION]
        listed = ", ".join(f"${place}" for place in range(2, len(some) + 2))
        resellers: dict[str, list[str]] = {}
        for customer, name in await uow.fetch_all(
            "select x.customer_id, o.name from customer_reseller x join partner o on o.partner_id = x.reseller_id"
            f" where x.partner_id = $1 and x.customer_id in ({listed}) order by x.customer_id, o.name",
            partner,
            *some,
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
            partner,
            *some,
        ):
            if lines[customer] == template:
                through = tuple(resellers.get(customer, ()))
                found[customer] = Shown(name, domain, country, basis and Basis(basis), label, through)
    return found
