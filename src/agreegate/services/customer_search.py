"""Find customers: what the list of the dashboard shows, with how many there are of each standing."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.actor import Actor
from agreegate.domain.agreement import TemplateId
from agreegate.domain.customer_search import CustomerSearch, state_of
from agreegate.domain.partner import Partner, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State
from agreegate.services.reconfirmation import Outdated, count_outdated, outdated_among
from agreegate.storage.customer_search import (
    MANY,
    Chosen,
    Entry,
    Tally,
    choose,
    choose_as_reseller,
    entries_of,
    tally,
)
from agreegate.storage.page import Page, Wanted
from agreegate.storage.partner import linked_resellers
from agreegate.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ListedCustomer:
    """A customer in the list."""

    id: str
    company_name: str
    domain: str
    country: str
    provider: str
    """The partner's name whose customer it is; a reseller may have it from several."""
    state: State
    renews: TemplateId | None
    """The agreement to be confirmed anew, where the confirmation is outdated."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a search found, for every page of it."""

    chosen: Chosen
    coverages: frozenset[str] | None
    """Those of the standing that is asked for; None: any."""
    total: int
    """How many fit, at most `MANY` where `more` says so."""
    more: bool
    """More fit than are counted; the newest come first."""
    states: Mapping[State, int] | None
    """How many fit of each standing, whichever is asked for; None where they are not counted."""
    customers: int
    """How many there are in all."""
    outdated: int = 0
    """How many of them accepted an older text than the one that binds them, whatever is looked for."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What can be chosen to see fewer."""

    countries: list[str]
    resellers: list[Partner]


async def find_customers(uow: UnitOfWork, actor: Actor, programme: Programme, search: CustomerSearch) -> Finding:
    """Which customers fit a search: the partner's own, or those that a reseller serves through any provider (R22)."""
    if actor.partner.kind is PartnerKind.INDIRECT_RESELLER:
        chosen = await choose_as_reseller(uow, actor.partner.id, search)
        found = MANY if chosen.entries is None else len(chosen.entries)
        return Finding(chosen, None, found, more=chosen.match is not None, states=None, customers=found)
    every = await tally(uow, actor.partner.id)
    coverages = None if search.state is None else _coverages(every, programme, uow.now, {search.state})
    here = [row for row in every if search.country in (None, row.country)]
    asked = _count(row for row in here if coverages is None or row.coverage in coverages)
    chosen = await choose(uow, actor.partner.id, search, coverages, asked)
    customers = _count(every)
    outdated = await count_outdated(uow, actor.partner.id, programme)
    if chosen.match is not None:
        return Finding(chosen, coverages, MANY, more=True, states=None, customers=customers, outdated=outdated)
    if chosen.entries is not None:
        fitting = Counter((one.country, one.coverage) for one in chosen.entries)
        here = [Tally(*of, number) for of, number in fitting.items() if search.country in (None, of[0])]
    states: Counter[State] = Counter()
    for row in here:
        states[state_of(row.coverage, programme, uow.now)] += row.customers
    total = _count(here) if search.state is None else states[search.state]
    return Finding(chosen, coverages, total, more=False, states=states, customers=customers, outdated=outdated)


async def list_found(
    uow: UnitOfWork, actor: Actor, programme: Programme, search: CustomerSearch, finding: Finding, wanted: Wanted
) -> Page[ListedCustomer]:
    """One page of what a search found."""
    found = await entries_of(
        uow,
        actor.partner.id,
        finding.chosen,
        wanted,
        country=search.country,
        coverages=finding.coverages,
        as_reseller=actor.partner.kind is PartnerKind.INDIRECT_RESELLER,
    )
    outdated: Mapping[str, Outdated] = {}
    if actor.partner.kind is not PartnerKind.INDIRECT_RESELLER:  # it is not told how they stand (R26)
        outdated = await outdated_among(uow, actor.partner.id, programme, [entry.customer_id for entry in found.items])
    items = tuple(_listed(entry, programme, uow.now, outdated.get(entry.customer_id)) for entry in found.items)
    return Page(items, found.first, found.last, found.more_before, found.more_after)


async def filters(uow: UnitOfWork, actor: Actor) -> Filters:
    """The countries that the partner has customers in, and a provider's resellers."""
    countries = sorted({row.country for row in await tally(uow, actor.partner.id)})
    provider = actor.partner.kind is PartnerKind.INDIRECT_PROVIDER
    return Filters(countries, await linked_resellers(uow, actor.partner.id) if provider else [])


def _listed(entry: Entry, programme: Programme, now: datetime, outdated: Outdated | None) -> ListedCustomer:
    state = state_of(entry.coverage, programme, now) if outdated is None else outdated.state
    renews = None if outdated is None else outdated.template_id
    return ListedCustomer(
        entry.customer_id, entry.company_name, entry.domain, entry.country, entry.partner_name, state, renews
    )


def _coverages(every: Iterable[Tally], programme: Programme, at: datetime, states: Collection[State]) -> frozenset[str]:
    return frozenset(row.coverage for row in every if state_of(row.coverage, programme, at) in states)


def _count(rows: Iterable[Tally]) -> int:
    return sum(row.customers for row in rows)
