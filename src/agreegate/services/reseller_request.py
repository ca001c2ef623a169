"""Ask resellers for acceptance data, and show a reseller which data its providers lack (R22, R23).

Agreegate sends nothing to anybody (R18): pages show texts to copy, and the provider notes what came of a request.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from agreegate.domain.actor import Actor
from agreegate.domain.customers.customer import CustomerId
from agreegate.domain.error import Rejected
from agreegate.domain.fact import ResourceChanged
from agreegate.domain.partner import Partner, PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.reseller_request import (
    LARGEST_REQUEST,
    Lacking,
    NeededData,
    ResellerRequest,
    ResellerRequests,
    checked_reason,
    lacking_since,
)
from agreegate.domain.standing import State, opening, state_of
from agreegate.services.idempotency import IdempotentCall
from agreegate.storage.customers.customer import position_of
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.customers.standing import standing_of, standings_of
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, from_micros
from agreegate.storage.pagination import Page, PageRequest, PageStep, Position
from agreegate.storage.partner import has_reseller, linked_providers, partner_of
from agreegate.storage.record import record
from agreegate.storage.resellers.reseller_request import (
    add_request,
    count_lacking,
    count_open_requests,
    lacking_page,
    last_request,
    last_voided,
    note_received,
    note_returned,
    request_of,
    requests_asked_at,
    requests_page,
    resellers_page,
    serves,
    serves_anybody,
)

PAGE = 50
"""Lines on one page of a list."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A page of a list: the items after an item, or before one; neither: the first page."""

    after: str = ""
    """The item's id. An item that is no longer in the list gives the first page."""
    before: str = ""

    def page_request(self, place: Position | None, size: int = PAGE) -> PageRequest:
        """Return the request for the page beside the item's place."""
        if place is None:
            return PageRequest(size)
        return PageRequest(size, PageStep.NEXT if self.after else PageStep.PREVIOUS, first=place, last=place)


async def linked_reseller(uow: UnitOfWork, actor: Actor, reseller: str) -> Partner:
    """Return one of the provider's resellers.

    Raises:
        `request.not-found`: it does not exist, or is another provider's (R26).
    """
    found = await partner_of(uow, reseller) if await has_reseller(uow, actor.partner.id, reseller) else None
    if found is None:
        raise Rejected("request.not-found")
    return found


async def list_resellers(uow: UnitOfWork, actor: Actor, programme: Programme, cursor: Cursor) -> Page[ResellerRequests]:
    """Return a page of the provider's resellers, by name, with their open requests.

    Raises:
        `confirmation.feature-absent`.
    """
    programme.require(uow.now, actor.partner.cloud)
    item = cursor.after or cursor.before
    at = await partner_of(uow, item) if await has_reseller(uow, actor.partner.id, item) else None
    page_request = cursor.page_request(None if at is None else (at.name, at.id))
    found = await resellers_page(uow, actor.partner.id, page_request)
    return found.holding([await requests_of(uow, actor, reseller) for reseller in found.items])


async def requests_of(uow: UnitOfWork, actor: Actor, reseller: Partner) -> ResellerRequests:
    """Return a reseller with its open requests."""
    asked, oldest = await count_open_requests(uow, actor.partner.id, reseller.id)
    return ResellerRequests(reseller, asked, oldest)


async def list_lacking(
    uow: UnitOfWork, actor: Actor, programme: Programme, reseller: str, cursor: Cursor
) -> Page[Lacking]:
    """Return a page of a reseller's customers without a confirmation that opens the gate, by name.

    Raises:
        `request.not-found`, `confirmation.feature-absent`.
    """
    programme.require(uow.now, actor.partner.cloud)
    await linked_reseller(uow, actor, reseller)
    page_request = cursor.page_request(await position_of(uow, actor.partner.id, cursor.after or cursor.before))
    found = await lacking_page(uow, actor.partner.id, reseller, programme, page_request)
    return found.holding(await _lacking(uow, actor.partner, programme, reseller, found.items))


async def has_customers(uow: UnitOfWork, actor: Actor, reseller: str) -> bool:
    """Whether the provider serves customers through the reseller."""
    return await serves_anybody(uow, actor.partner.id, reseller)


async def can_be_asked(
    uow: UnitOfWork, actor: Actor, programme: Programme, reseller: str, shown: Page[Lacking]
) -> bool:
    """Whether a customer lacks a confirmation for which the reseller has no open request.

    Args:
        shown: a page of these customers. Other pages are read only if every customer of this page has an open request.
    """
    if any(one.request is None or not one.request.open for one in shown.items):
        return True
    if not shown.more_before and not shown.more_after:
        return False
    return bool((await lacking_page(uow, actor.partner.id, reseller, programme, PageRequest(1), unasked=True)).items)


async def list_unasked(
    uow: UnitOfWork, actor: Actor, programme: Programme, reseller: str, among: Sequence[str] = ()
) -> Page[Lacking]:
    """Return the first customers, by name, without an open request to a reseller: as many as one request may name.

    Args:
        among: only these customers; empty: all.

    Raises:
        `request.not-found`, `confirmation.feature-absent`.
    """
    programme.require(uow.now, actor.partner.cloud)
    await linked_reseller(uow, actor, reseller)
    most = PageRequest(LARGEST_REQUEST)
    found = await lacking_page(
        uow, actor.partner.id, reseller, programme, most, unasked=True, among=among[:LARGEST_REQUEST]
    )
    return found.holding(await _lacking(uow, actor.partner, programme, reseller, found.items))


async def list_requests(
    uow: UnitOfWork, actor: Actor, reseller: str, page_request: PageRequest
) -> Page[ResellerRequest]:
    """Return a page of the requests to a reseller, newest first.

    Raises:
        `request.not-found`.
    """
    await linked_reseller(uow, actor, reseller)
    return await requests_page(uow, actor.partner.id, reseller, page_request)


async def list_asked_together(uow: UnitOfWork, actor: Actor, reseller: str, request: str) -> list[ResellerRequest]:
    """Return the requests to a reseller made together with this one, by the customer's name.

    Raises:
        `request.not-found`.
    """
    found = await show_request(uow, actor, reseller, request)
    return await requests_asked_at(uow, actor.partner.id, reseller, found.asked_at)


async def show_request(uow: UnitOfWork, actor: Actor, reseller: str, request: str) -> ResellerRequest:
    """Return one request to a reseller.

    Raises:
        `request.not-found`: the provider made no such request to this reseller.
    """
    found = await request_of(uow, actor.partner.id, request)
    if found is None or found.reseller_id != reseller:
        raise Rejected("request.not-found")
    return found


async def _locked_request(uow: UnitOfWork, actor: Actor, reseller: str, request: str) -> ResellerRequest:
    """Lock the customer of a request, then return the request."""
    found = await show_request(uow, actor, reseller, request)
    await lock_customers(uow, actor.partner.id, found.customer_id)
    return await show_request(uow, actor, reseller, request)


async def ask_for_data(
    uow: UnitOfWork, call: IdempotentCall, programme: Programme, reseller: str, customers: Collection[str]
) -> list[str]:
    """Request acceptance data of customers from a reseller (R23); return the ids of the requests.

    Leaves out customers that the reseller does not serve, that have a confirmation that opens the gate, or an open request.

    Raises:
        `request.not-found`, `confirmation.feature-absent`.
    """
    await lock_customers(uow, call.actor.partner.id, *customers)
    programme.require(uow.now, call.actor.partner.cloud)
    asked = await linked_reseller(uow, call.actor, reseller)
    made = []
    for customer in dict.fromkeys(customers):
        if not await serves(uow, call.actor.partner.id, asked.id, customer):
            continue
        standing = await standing_of(uow, call.actor.partner.id, customer)
        if opening(standing, programme, uow.now) is not None:
            continue
        request = await add_request(uow, call.actor.partner.id, asked.id, customer, call.actor.recorded_by)
        if request is not None:
            made.append(request)
            await _audit(uow, call, "create_collection_request", customer, request)
    return made


async def receive_data(uow: UnitOfWork, call: IdempotentCall, reseller: str, request: str) -> bool:
    """Note that the reseller gave the data; return False if that, or a reason without data, is noted already.

    Agreegate does not keep the data before the provider confirms (R22).

    Raises:
        `request.not-found`.
    """
    found = await _locked_request(uow, call.actor, reseller, request)
    noted = found.open and await note_received(uow, call.actor.partner.id, request, call.actor.recorded_by)
    if noted:
        await _audit(uow, call, "receive_collection_request", found.customer_id, request)
    return noted


async def return_request(uow: UnitOfWork, call: IdempotentCall, reseller: str, request: str, reason: str) -> bool:
    """Note why the reseller gave no usable data; return False if the request is closed.

    Raises:
        `request.not-found`.
        `request.invalid-property`: see `checked_reason`.
    """
    checked = checked_reason(reason)
    found = await _locked_request(uow, call.actor, reseller, request)
    noted = found.open and await note_returned(uow, call.actor.partner.id, request, call.actor.recorded_by, checked)
    if noted:
        await _audit(uow, call, "return_collection_request", found.customer_id, request)
    return noted


async def count_needed(uow: UnitOfWork, actor: Actor, programme: Programme) -> list[tuple[Partner, int]]:
    """Return the reseller's providers, by name, each with the number of customers without a confirmation there.

    The number is 0 where confirmations do not exist.
    """
    found = []
    for provider in await linked_providers(uow, actor.partner.id):
        exists = programme.exists(uow.now, provider.cloud)
        lacking = await count_lacking(uow, provider.id, programme, actor.partner.id) if exists else 0
        found.append((provider, lacking))
    return found


async def list_needed(
    uow: UnitOfWork, actor: Actor, programme: Programme, provider: str, cursor: Cursor
) -> Page[NeededData]:
    """Return a page of the reseller's customers whose data one of its providers lacks, by name (R22, R23).

    The page does not show whether there was a confirmation, when or why it ended, or requests to other resellers.

    Raises:
        `request.not-found`: the provider does not exist, or the caller is not its reseller.
        `confirmation.feature-absent`.
    """
    found_provider = await partner_of(uow, provider)
    if found_provider is None or not await has_reseller(uow, found_provider.id, actor.partner.id):
        raise Rejected("request.not-found")
    programme.require(uow.now, found_provider.cloud)
    item = cursor.after or cursor.before
    # The place of a customer that the reseller does not serve would reveal that the provider has it.
    served = await serves(uow, found_provider.id, actor.partner.id, item)
    page_request = cursor.page_request(await position_of(uow, found_provider.id, item) if served else None)
    found = await lacking_page(uow, found_provider.id, actor.partner.id, programme, page_request)
    return found.holding(
        [await _needed(uow, found_provider.id, actor.partner.id, customer, name) for customer, name, _ in found.items]
    )


async def _lacking(
    uow: UnitOfWork, provider: Partner, programme: Programme, reseller: str, rows: Sequence[Row]
) -> tuple[Lacking, ...]:
    customers = [customer for customer, _, _ in rows]
    standings = await standings_of(uow, provider.id, customers)
    voided = await last_voided(uow, provider.id, customers)
    items = []
    for customer, name, related_at in rows:
        standing = standings[customer]
        since = lacking_since(standing, programme, uow.now, from_micros(related_at), voided.get(customer))
        state = state_of(standing, programme, provider.cloud, uow.now) or State.NOT_CONFIRMED
        last = await _last_unconfirmed(uow, provider.id, reseller, customer)
        items.append(Lacking(CustomerId(customer), name, state, since, last))
    return tuple(items)


async def _needed(uow: UnitOfWork, provider: PartnerId, reseller: PartnerId, customer: str, name: str) -> NeededData:
    last = await _last_unconfirmed(uow, provider, reseller, customer)
    if last is None:
        return NeededData(CustomerId(customer), name, None, None, "")
    return NeededData(CustomerId(customer), name, last.asked_at, last.returned_at, last.return_reason)


async def _last_unconfirmed(
    uow: UnitOfWork, provider: PartnerId, reseller: str, customer: str
) -> ResellerRequest | None:
    """Return the last request, unless a confirmation has closed it."""
    last = await last_request(uow, provider, reseller, customer)
    return None if last is None or last.confirmed_at is not None else last


async def _audit(uow: UnitOfWork, call: IdempotentCall, operation: str, customer: str, request: str) -> None:
    change = ResourceChanged(operation, "collection_request", customer, request)
    await record(uow, call.actor, change, correlation_id=call.correlation_id)
