"""Find customers for the list of the dashboard, with their number in each state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agreegate.domain.actor import READ_PERSONS, Actor, may
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.customers.customer_search import CustomerSearch
from agreegate.domain.partner import Partner, PartnerId, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.reconfirmation import to_reconfirm
from agreegate.domain.standing import Standing, State, state_of
from agreegate.services.totals import KeptTotals, ShownTotals, totals_of
from agreegate.storage.customers.customer import countries_of
from agreegate.storage.customers.customer_list import (
    Counted,
    Entry,
    count_states,
    page_of_customers,
)
from agreegate.storage.customers.customer_search import LIMITS, MOST_COUNTED, CustomerList, TooManyFit, list_of
from agreegate.storage.customers.person import BEHIND, has_persons, persons_wait
from agreegate.storage.customers.standing import standings_of
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import Page, PageRequest
from agreegate.storage.partner import linked_providers, linked_resellers


@dataclass(frozen=True, slots=True)
class ListedCustomer:
    """A customer in the list."""

    entry: Entry
    state: State | None = None
    """None: customers have no state now, or the reader may not see it."""
    renews: TemplateId | None = None
    """The agreement to reconfirm, where the confirmation is outdated."""


@dataclass(frozen=True, slots=True)
class FoundCustomers:
    """One page of a search's result."""

    page: Page[ListedCustomer]
    counted: Counted
    states: Mapping[State, int] | None
    """The number that fits in each state, also in others than the searched one; None: not counted."""
    totals: ShownTotals | None = None
    """The source of `states`, if they were not counted for this page."""
    too_many: bool = False
    """The typed text begins too many names, so nothing was searched."""
    persons_wait: bool = False
    """Results by person may be missing, because many persons are not yet in the index."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The choices of the filters."""

    countries: list[str]
    resellers: list[Partner]


async def find_customers(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    search: CustomerSearch,
    page_request: PageRequest,
    kept: KeptTotals,
) -> FoundCustomers:
    """Find one page of the partner's customers, or of those that a reseller serves for any provider (R22), by name.

    The caller hands `FoundCustomers.totals` to `kept.refresh` once the unit of work has ended.
    """
    waiting = await persons_wait_for(uow, actor, search)
    search = await with_persons(uow, actor, search)
    try:
        lists = await _lists(uow, actor, programme, search)
    except TooManyFit:
        return FoundCustomers(Page(), Counted(None), None, too_many=True, persons_wait=waiting)
    states = await _count_states(uow, actor, programme, search, lists)
    totals = None
    if states is None and not search.text.strip() and _have_states(uow, actor, programme):
        totals = await totals_of(uow, actor, programme, kept)
        states = _states_in(totals, search)
    page, counted = await page_of_customers(uow, lists, page_request, counting=states is None)
    if states is not None:
        counted = Counted(sum(states.values()) if search.state is None else states[search.state])
    return FoundCustomers(await _listed(uow, actor, programme, page), counted, states, totals, persons_wait=waiting)


async def list_customers(
    uow: UnitOfWork, actor: Actor, programme: Programme, search: CustomerSearch, page_request: PageRequest
) -> Page[ListedCustomer]:
    """Return one page of a search's result, for a file.

    Raises:
        TooManyFit.
    """
    lists = await _lists(uow, actor, programme, await with_persons(uow, actor, search))
    page, _ = await page_of_customers(uow, lists, page_request, counting=False)
    return await _listed(uow, actor, programme, page)


async def filters(uow: UnitOfWork, actor: Actor) -> Filters:
    """Return the countries of the partner's customers, and a provider's resellers."""
    countries = await countries_of(uow, actor.partner.id)
    provider = actor.partner.kind is PartnerKind.INDIRECT_PROVIDER
    return Filters(countries, await linked_resellers(uow, actor.partner.id) if provider else [])


async def with_persons(uow: UnitOfWork, actor: Actor, search: CustomerSearch) -> CustomerSearch:
    """Return the search, by persons too if the actor may read persons and one fits a typed word."""
    search = replace(search, persons=_by_persons(actor, search))
    return replace(search, persons=await has_persons(uow, actor.partner.id, search))


async def persons_wait_for(uow: UnitOfWork, actor: Actor, search: CustomerSearch) -> bool:
    """Return whether results by person may be missing, because many persons are not yet in the index."""
    return _by_persons(actor, search) and await persons_wait(uow, more_than=BEHIND)


def _by_persons(actor: Actor, search: CustomerSearch) -> bool:
    return bool(search.typed) and may(actor, READ_PERSONS)


async def _lists(uow: UnitOfWork, actor: Actor, programme: Programme, search: CustomerSearch) -> list[CustomerList]:
    partners: Sequence[PartnerId] = [actor.partner.id]
    if actor.partner.kind is PartnerKind.INDIRECT_RESELLER:
        partners = [provider.id for provider in await linked_providers(uow, actor.partner.id)]
        search = replace(search, reseller=actor.partner.id)
    return [await list_of(uow, partner, search, programme) for partner in partners]


async def _count_states(
    uow: UnitOfWork, actor: Actor, programme: Programme, search: CustomerSearch, lists: Sequence[CustomerList]
) -> Mapping[State, int] | None:
    """Count the customers that fit in each state; None: too many, or they have no states."""
    if not _have_states(uow, actor, programme):
        return None
    most = LIMITS.few if search.text.strip() else MOST_COUNTED
    if search.state is None:
        return await count_states(uow, lists[0], programme, most)
    try:
        every = await list_of(uow, actor.partner.id, replace(search, state=None), programme)
    except TooManyFit:
        return None
    return await count_states(uow, every, programme, most)


def _states_in(shown: ShownTotals | None, search: CustomerSearch) -> Mapping[State, int] | None:
    """Return the number of customers in each state, of a country and a reseller if named; None: the count still runs."""
    if shown is None or shown.totals is None:
        return None
    found = shown.totals.of(search.country, search.reseller)
    return {state: found.get(state, 0) for state in State}


async def _listed(uow: UnitOfWork, actor: Actor, programme: Programme, page: Page[Entry]) -> Page[ListedCustomer]:
    standings: Mapping[str, Standing] = {}
    if _have_states(uow, actor, programme):
        standings = await standings_of(uow, actor.partner.id, [entry.customer_id for entry in page.items])

    def listed(entry: Entry) -> ListedCustomer:
        if (standing := standings.get(entry.customer_id)) is None:
            return ListedCustomer(entry)
        facts = (standing, programme, actor.partner.cloud, uow.now)
        current = to_reconfirm(*facts)
        return ListedCustomer(entry, state_of(*facts), None if current is None else current.template_id)

    return page.holding(map(listed, page.items))


def _have_states(uow: UnitOfWork, actor: Actor, programme: Programme) -> bool:
    """Return whether customers have a state now that the reader may see; a reseller may not (R26)."""
    reseller = actor.partner.kind is PartnerKind.INDIRECT_RESELLER
    return not reseller and programme.exists(uow.now, actor.partner.cloud)
