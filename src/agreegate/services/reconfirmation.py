"""The work list of a partner: its outdated and overdue customers, in the order in which they must be renewed (R33–R37)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agreegate.domain.actor import Actor
from agreegate.domain.agreements.accepted_text import Basis
from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.partner import Partner, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.reconfirmation import STATES, ReconfirmationSearch, days_left, to_reconfirm
from agreegate.domain.standing import State
from agreegate.services.customers.customer_search import persons_wait_for, with_persons
from agreegate.services.totals import KeptTotals, ShownTotals, totals_of
from agreegate.storage.agreements.floor import floors_of, outdated_from
from agreegate.storage.customers.customer import countries_of
from agreegate.storage.customers.customer_range import Source
from agreegate.storage.engine.unit_of_work import UnitOfWork, from_micros
from agreegate.storage.pagination import Page, PageRequest
from agreegate.storage.partner import linked_resellers
from agreegate.storage.reconfirmation import FIRST, Place, beyond, count_all, read_all, shown, walk
from agreegate.storage.reconfirmation_source import Limits, Question, coming_majors, ranges_of, source_of
from agreegate.storage.standing import standings_of
from agreegate.storage.totals import Totals

LIMITS = Limits()
EVERY = ReconfirmationSearch()
"""Searches for the whole list."""


@dataclass(frozen=True, slots=True)
class Reconfirmation:
    """An outdated or overdue customer, as the list shows it: with the confirmation by which the gate opens."""

    customer_id: str
    company_name: str
    domain: str
    country: str
    template: AgreementTemplate
    agreed_at: datetime
    basis: Basis | None
    """How it is known which text was accepted; None where none was in force when it was recorded."""
    label: str | None
    """Of the accepted text, where it is known."""
    outdated_since: datetime
    renew_by: datetime | None
    """Before when it must be renewed; None: before the next new order (R37)."""
    days_left: int | None
    state: State
    """Outdated, or overdue."""
    resellers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """A number of customers."""

    number: int
    more: bool
    """There are more, or there may be."""

    def __bool__(self) -> bool:
        return self.number > 0 or self.more


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, for every page of it."""

    list: "Sought"
    total: Counted
    """How many fit."""
    overdue: Counted
    """How many of all of the partner's customers are overdue."""
    any: bool
    """Whether the partner has any to renew, whatever is searched for."""
    next_at: datetime | None
    """Where it has none: when the next version to come outdates some; None: none is published."""
    countries: tuple[str, ...]
    templates: tuple[AgreementTemplate, ...]
    resellers: tuple[Partner, ...]
    """What can be chosen to see fewer."""
    totals: ShownTotals | None
    """Where numbers of a long list come from, or will come from."""
    persons_wait: bool
    """Customers may be missing that would be found by a person: many persons wait to be taken over."""


@dataclass(frozen=True, slots=True)
class Sought:
    """A list, and where it is found."""

    question: Question
    source: Source
    late_source: Source
    """Of the overdue."""
    places: tuple[Place, ...] | None
    """All places in order, where they were few enough to be read."""
    late_places: tuple[Place, ...] | None
    """Number of overdue ones, counted in the same way."""

    async def count(self, uow: UnitOfWork, totals: Totals | None) -> Counted:
        """How many places it has.

        Args:
            totals: the partner's, where they are known: long lists that they count are not counted again.
        """
        if self.places is not None:
            return Counted(len(self.places), more=False)
        states = self.question.states
        counted = None if totals is None else _in_totals(totals, self.question.search, states)
        if counted is not None:
            return counted
        return Counted(*await count_all(uow, self.question, self.source, states))


async def find_reconfirmations(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    search: ReconfirmationSearch,
    kept: KeptTotals,
    limits: Limits = LIMITS,
) -> Found:
    """Which of the partner's outdated and overdue customers fit a search.

    The caller hands `Found.totals` to `kept.refresh` once the unit of work has ended.

    Raises:
        `confirmation.feature-absent`.
    """
    whole = await _question(uow, actor, programme, limits)
    search = replace(search, customers=await with_persons(uow, actor, search.customers))
    found = await _sought(uow, replace(whole, search=search))
    overdue = await _overdue(uow, whole, found)
    totals = await totals_of(uow, actor, programme, kept) if found.places is None or overdue is None else None
    known = None if totals is None else totals.totals
    total = await found.count(uow, known)
    if overdue is None:
        overdue = await _count_overdue(uow, whole, known)
    present = bool(total or overdue or await _has_any(uow, whole))
    countries = await countries_of(uow, whole.partner)
    provider = actor.partner.kind is PartnerKind.INDIRECT_PROVIDER
    return Found(
        found,
        total,
        overdue,
        present,
        next_at=None if present else await _next_at(uow, whole),
        countries=tuple(one for one in countries if any(one in of for of in whole.floors.values())),
        templates=tuple(one for one in programme.templates if one.id in whole.floors),
        resellers=tuple(await linked_resellers(uow, whole.partner)) if provider else (),
        totals=totals,
        persons_wait=await persons_wait_for(uow, actor, search.customers),
    )


async def list_page_of_reconfirmations(
    uow: UnitOfWork, actor: Actor, programme: Programme, search: ReconfirmationSearch
) -> Sought:
    """Return where the customers are found that fit a search, for a file: nothing is counted.

    Raises:
        `confirmation.feature-absent`.
    """
    whole = await _question(uow, actor, programme, LIMITS)
    search = replace(search, customers=await with_persons(uow, actor, search.customers))
    return await _sought(uow, replace(whole, search=search))


async def list_reconfirmations(
    uow: UnitOfWork, actor: Actor, sought: Sought, page_request: PageRequest
) -> Page[Reconfirmation]:
    """One page of a list: the overdue first, then the soonest. Positions: see `_position`."""
    start = None if page_request.start is None else _place(*page_request.start)
    backwards = page_request.is_backwards(start)
    some = await _places(uow, sought, start, page_request.size + 1, backwards=backwards)
    page = page_request.page(some, start, _position)
    return page.holding(await _lines(uow, actor.partner, sought.question.programme, page.items))


def _in_totals(totals: Totals, search: ReconfirmationSearch, states: Sequence[State]) -> Counted | None:
    """How many customers in some states fit a search, by the totals; None: they do not tell."""
    customers = search.customers
    if customers.text.strip() or search.due or search.template:
        return None
    found = totals.of(customers.country, customers.reseller)
    return Counted(sum(found.get(state, 0) for state in states), more=False)


async def _question(uow: UnitOfWork, actor: Actor, programme: Programme, limits: Limits) -> Question:
    """The whole list of a partner.

    Raises:
        `confirmation.feature-absent`.
    """
    programme.require(uow.now, actor.partner.cloud)
    floors = await floors_of(uow, programme, uow.now)
    late_from = await outdated_from(uow, actor.partner.id, floors)
    return Question(actor.partner.id, programme, EVERY, uow.now, floors, limits, late_from)


async def _sought(uow: UnitOfWork, question: Question) -> Sought:
    """Where a list is found."""
    most, counted = question.limits.read, await ranges_of(uow, question)
    source = await source_of(uow, question, counted, question.states)
    if source.rows <= most:
        places = await read_all(uow, question, source, question.states)
        overdue = tuple(place for place in places if place.first == FIRST[State.OVERDUE])
        return Sought(question, source, source, places, overdue)
    late, late_places = await source_of(uow, question, counted, [State.OVERDUE]), None
    if State.OVERDUE in question.states and late.rows <= most:
        late_places = await read_all(uow, question, late, [State.OVERDUE])
    return Sought(question, source, late, None, late_places)


async def _overdue(uow: UnitOfWork, whole: Question, found: Sought) -> Counted | None:
    """How many of all customers of a partner are overdue; None: they are too many to be counted for a narrower list."""
    places = found.late_places if found.question.search == EVERY else None
    if places is None:
        late = await source_of(uow, whole, await ranges_of(uow, whole), [State.OVERDUE])
        if late.rows > whole.limits.few:
            return None
        places = await read_all(uow, whole, late, [State.OVERDUE])
    return Counted(len(places), more=False)


async def _count_overdue(uow: UnitOfWork, whole: Question, totals: Totals | None) -> Counted:
    """How many of all customers of a partner are overdue, by its totals where they are known."""
    counted = None if totals is None else _in_totals(totals, EVERY, [State.OVERDUE])
    if counted is not None:
        return counted
    late = await source_of(uow, whole, await ranges_of(uow, whole), [State.OVERDUE])
    few = replace(whole, limits=replace(whole.limits, read=whole.limits.read // 8))
    return Counted(*await count_all(uow, few, late, [State.OVERDUE]))


async def _has_any(uow: UnitOfWork, whole: Question) -> Counted:
    """Whether the whole list has a place."""
    one = replace(whole, limits=replace(whole.limits, counted=1))
    source = await source_of(uow, one, await ranges_of(uow, one), STATES)
    return Counted(*await count_all(uow, one, source, STATES))


async def _places(uow: UnitOfWork, sought: Sought, start: Place | None, size: int, *, backwards: bool) -> list[Place]:
    """The places after another; or (backwards) those before it, the very last first."""
    if sought.places is not None:
        return beyond(sought.places, start, backwards=backwards)[:size]
    found: list[Place] = []
    for state in sorted(sought.question.states, key=FIRST.__getitem__, reverse=backwards):
        if state is State.OVERDUE and sought.late_places is not None:
            found += beyond(sought.late_places, start, backwards=backwards)
        elif len(found) < size:
            source = sought.late_source if state is State.OVERDUE else sought.source
            found += await walk(uow, sought.question, source, state, start, size - len(found), backwards=backwards)
    return found[:size]


async def _lines(
    uow: UnitOfWork, partner: Partner, programme: Programme, places: Sequence[Place]
) -> list[Reconfirmation]:
    """The lines of some places. A customer that is neither outdated nor overdue any more has none."""
    standings = await standings_of(uow, partner.id, [place.customer_id for place in places])
    renewing = {
        customer: current
        for customer, standing in standings.items()
        if (current := to_reconfirm(standing, programme, partner.cloud, uow.now)) is not None
    }
    lines = await shown(uow, partner.id, {customer: current.template_id for customer, current in renewing.items()})
    found = []
    for customer, current in renewing.items():
        line, template = lines[customer], programme.template(current.template_id)
        if template is None or current.outdated_since is None:
            continue
        found.append(
            Reconfirmation(
                customer_id=customer,
                company_name=line.company_name,
                domain=line.domain,
                country=line.country,
                template=template,
                agreed_at=current.date_agreed,
                basis=line.basis,
                label=line.label,
                outdated_since=current.outdated_since,
                renew_by=current.renew_by,
                days_left=None if current.renew_by is None else days_left(current.renew_by, uow.now),
                state=current.state,
                resellers=line.resellers,
            )
        )
    return found


async def _next_at(uow: UnitOfWork, whole: Question) -> datetime | None:
    """When the next version to come outdates customers of a partner that has nothing to renew now."""
    for instant in await coming_majors(uow):
        at = from_micros(instant)
        floors = await floors_of(uow, whole.programme, at)
        then = replace(whole, now=at, floors=floors, late_from=min(whole.late_from, instant))
        if (await _has_any(uow, then)).number:
            return at
    return None


def _place(key: str | int, id_: str) -> Place:
    """The place that a position of a page stands for."""
    state, _, customer = id_.partition(".")
    return Place(FIRST[State.OVERDUE] if state == State.OVERDUE else FIRST[State.OUTDATED], int(key), customer)


def _position(place: Place) -> tuple[int, str]:
    """The commitment end, then the state and the customer."""
    state = State.OVERDUE if place.first == FIRST[State.OVERDUE] else State.OUTDATED
    return place.renew_at, f"{state}.{place.customer_id}"
