"""List a partner's outdated and overdue customers, in the order in which they must be reconfirmed (R33–R37)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agreegate.domain.actor import Actor
from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.partner import Partner, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.reconfirmation import STATES, ReconfirmationSearch, days_left, to_reconfirm
from agreegate.domain.standing import Current, State
from agreegate.services.customers.customer_search import persons_wait_for, with_persons
from agreegate.services.totals import Counted, KeptTotals, ShownTotals, totals_of
from agreegate.storage.agreements.newest_major import newest_majors_of, outdated_from
from agreegate.storage.customers.customer import countries_of
from agreegate.storage.customers.customer_range import Source
from agreegate.storage.customers.reconfirmation import FIRST, Place, Shown, beyond, count_all, read_all, shown, walk
from agreegate.storage.customers.reconfirmation_source import Limits, Question, coming_majors, ranges_of, source_of
from agreegate.storage.customers.standing import standings_of
from agreegate.storage.customers.totals import Totals
from agreegate.storage.engine.unit_of_work import UnitOfWork, from_micros
from agreegate.storage.pagination import Page, PageRequest
from agreegate.storage.partner import linked_resellers

LIMITS = Limits()
EVERY = ReconfirmationSearch()
"""The search without a condition."""


@dataclass(frozen=True, slots=True)
class Reconfirmation:
    """An outdated or overdue customer in the list."""

    customer_id: str
    shown: Shown
    """The customer, the accepted text and the resellers."""
    template: AgreementTemplate
    current: Current
    """The confirmation that opens the gate."""
    days_left: int | None
    """Calendar days until it must be renewed; None: before the next new order (R37)."""


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search, for each of its pages."""

    list: "ReconfirmationList"
    total: Counted
    """Customers that fit."""
    overdue: Counted
    """Overdue customers of the partner, also those that do not fit."""
    any: bool
    """The partner has an outdated or overdue customer, which may not fit."""
    next_at: datetime | None
    """If it has none: when the next published version outdates a customer; None: no version will."""
    countries: tuple[str, ...]
    templates: tuple[AgreementTemplate, ...]
    resellers: tuple[Partner, ...]
    """The choices of the filters."""
    totals: ShownTotals | None
    """The source of the numbers of a long list."""
    persons_wait: bool
    """Results by person may be missing, because many persons are not yet in the index."""


@dataclass(frozen=True, slots=True)
class ReconfirmationList:
    """A list of customers to reconfirm, with the sources of its customers."""

    question: Question
    source: Source
    overdue_source: Source
    """The source of the overdue customers."""
    places: tuple[Place, ...] | None
    """All places in order; None: too many to read."""
    overdue_places: tuple[Place, ...] | None
    """The places of the overdue customers; None: too many to read."""

    async def count(self, uow: UnitOfWork, totals: Totals | None) -> Counted:
        """Count the places.

        Args:
            totals: the partner's totals, where they are known. A long list that they count is not counted again.
        """
        if self.places is not None:
            return Counted(len(self.places))
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
    """Find the partner's outdated and overdue customers that fit a search.

    The caller hands `Found.totals` to `kept.refresh` once the unit of work has ended.

    Raises:
        `confirmation.feature-absent`.
    """
    found = await locate_reconfirmations(uow, actor, programme, search, limits)
    whole, search = replace(found.question, search=EVERY), found.question.search
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
        countries=tuple(one for one in countries if any(one in of for of in whole.newest_majors.values())),
        templates=tuple(one for one in programme.templates if one.id in whole.newest_majors),
        resellers=tuple(await linked_resellers(uow, whole.partner)) if provider else (),
        totals=totals,
        persons_wait=await persons_wait_for(uow, actor, search.customers),
    )


async def locate_reconfirmations(
    uow: UnitOfWork, actor: Actor, programme: Programme, search: ReconfirmationSearch, limits: Limits = LIMITS
) -> ReconfirmationList:
    """Return where the customers that fit a search are found, without counting them.

    Raises:
        `confirmation.feature-absent`.
    """
    programme.require(uow.now, actor.partner.cloud)
    newest = await newest_majors_of(uow, programme, uow.now)
    late_from = await outdated_from(uow, actor.partner.id, newest)
    search = replace(search, customers=await with_persons(uow, actor, search.customers))
    question = Question(actor.partner.id, programme, search, uow.now, newest, limits, late_from)
    most, counted = limits.read, await ranges_of(uow, question)
    source = await source_of(uow, question, counted, question.states)
    if source.rows <= most:
        places = await read_all(uow, question, source, question.states)
        overdue = tuple(place for place in places if place.first == FIRST[State.OVERDUE])
        return ReconfirmationList(question, source, source, places, overdue)
    overdue_source, overdue_places = await source_of(uow, question, counted, [State.OVERDUE]), None
    if State.OVERDUE in question.states and overdue_source.rows <= most:
        overdue_places = await read_all(uow, question, overdue_source, [State.OVERDUE])
    return ReconfirmationList(question, source, overdue_source, None, overdue_places)


async def list_reconfirmations(
    uow: UnitOfWork, actor: Actor, found: ReconfirmationList, page_request: PageRequest
) -> Page[Reconfirmation]:
    """Return one page of a list. Positions: see `_position`."""
    start = None if page_request.start is None else _place(*page_request.start)
    backwards = page_request.is_backwards(start)
    places = await _places(uow, found, start, page_request.size + 1, backwards=backwards)
    page = page_request.page(places, start, _position)
    return page.holding(await _lines(uow, actor.partner, found.question.programme, page.items))


def _in_totals(totals: Totals, search: ReconfirmationSearch, states: Sequence[State]) -> Counted | None:
    """Return the customers in some states that fit a search, by the totals; None: the totals do not count them."""
    customers = search.customers
    if customers.text.strip() or search.due or search.template:
        return None
    found = totals.of(customers.country, customers.reseller)
    return Counted(sum(found.get(state, 0) for state in states))


async def _overdue(uow: UnitOfWork, whole: Question, found: ReconfirmationList) -> Counted | None:
    """Count all overdue customers of a partner; None: too many to count for a narrower list."""
    places = found.overdue_places if found.question.search == EVERY else None
    if places is None:
        source = await source_of(uow, whole, await ranges_of(uow, whole), [State.OVERDUE])
        if source.rows > whole.limits.few:
            return None
        places = await read_all(uow, whole, source, [State.OVERDUE])
    return Counted(len(places))


async def _count_overdue(uow: UnitOfWork, whole: Question, totals: Totals | None) -> Counted:
    """Count all overdue customers of a partner, by its totals where they are known."""
    counted = None if totals is None else _in_totals(totals, EVERY, [State.OVERDUE])
    few = replace(whole, limits=replace(whole.limits, read=whole.limits.read // 8))
    return await _count(uow, few, [State.OVERDUE]) if counted is None else counted


async def _has_any(uow: UnitOfWork, whole: Question) -> Counted:
    """Count whether the whole list has a place."""
    return await _count(uow, replace(whole, limits=replace(whole.limits, counted=1)), STATES)


async def _count(uow: UnitOfWork, question: Question, states: Sequence[State]) -> Counted:
    source = await source_of(uow, question, await ranges_of(uow, question), states)
    return Counted(*await count_all(uow, question, source, states))


async def _places(
    uow: UnitOfWork, listed: ReconfirmationList, start: Place | None, size: int, *, backwards: bool
) -> list[Place]:
    """Return the places after another or, backwards, those before it, the last first."""
    if listed.places is not None:
        return beyond(listed.places, start, backwards=backwards)[:size]
    found: list[Place] = []
    for state in sorted(listed.question.states, key=FIRST.__getitem__, reverse=backwards):
        if state is State.OVERDUE and listed.overdue_places is not None:
            found += beyond(listed.overdue_places, start, backwards=backwards)
        elif len(found) < size:
            source = listed.overdue_source if state is State.OVERDUE else listed.source
            found += await walk(uow, listed.question, source, state, start, size - len(found), backwards=backwards)
    return found[:size]


async def _lines(
    uow: UnitOfWork, partner: Partner, programme: Programme, places: Sequence[Place]
) -> list[Reconfirmation]:
    """Return the lines of some places, without customers that are no longer outdated or overdue."""
    standings = await standings_of(uow, partner.id, [place.customer_id for place in places])
    renewing = {
        customer: current
        for customer, standing in standings.items()
        if (current := to_reconfirm(standing, programme, partner.cloud, uow.now)) is not None
    }
    lines = await shown(uow, partner.id, {customer: current.template_id for customer, current in renewing.items()})
    return [
        Reconfirmation(
            customer,
            lines[customer],
            template,
            current,
            None if current.renew_by is None else days_left(current.renew_by, uow.now),
        )
        for customer, current in renewing.items()
        if (template := programme.template(current.template_id)) is not None
    ]


async def _next_at(uow: UnitOfWork, whole: Question) -> datetime | None:
    """Return when the next version outdates a customer of a partner that has none to reconfirm now."""
    for instant in await coming_majors(uow):
        at = from_micros(instant)
        newest = await newest_majors_of(uow, whole.programme, at)
        then = replace(whole, now=at, newest_majors=newest, late_from=min(whole.late_from, instant))
        if (await _has_any(uow, then)).number:
            return at
    return None


def _place(key: str | int, id_: str) -> Place:
    """Return the place of a position."""
    state, _, customer = id_.partition(".")
    return Place(FIRST[State.OVERDUE] if state == State.OVERDUE else FIRST[State.OUTDATED], int(key), customer)


def _position(place: Place) -> tuple[int, str]:
    """Return a page's position of a place: the commitment end, then the state and the customer."""
    state = State.OVERDUE if place.first == FIRST[State.OVERDUE] else State.OUTDATED
    return place.renew_at, f"{state}.{place.customer_id}"
