"""Orders: buy, add to an order, change its billing, cancel it; what costs money goes through the gate (contract 4.9)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agreegate.domain.actor import Actor
from agreegate.domain.audit import order_facts
from agreegate.domain.error import Rejected
from agreegate.domain.fact import ResourceChanged
from agreegate.domain.gate import Decision
from agreegate.domain.orders.order import (
    LineDraft,
    LineKind,
    Order,
    OrderChange,
    OrderDraft,
    OrderId,
    OrderLine,
    OrderStatus,
    actions_of,
    bought,
    check_draft,
    check_lines,
    line_of,
    renewed_by,
)
from agreegate.domain.orders.subscription import (
    MOST_SUBSCRIPTIONS,
    SANDBOX_SUBSCRIPTIONS,
    Subscription,
    SubscriptionId,
    SubscriptionStatus,
    check_parent,
    check_seats,
)
from agreegate.domain.orders.transaction import Action
from agreegate.domain.partner import Account, Partner, PartnerId
from agreegate.domain.programme import Programme
from agreegate.services.customers.customer import get_customer, resellers_of_customer
from agreegate.services.customers.relationship import require_relationship
from agreegate.services.gate import Denial, Paused, denial_of, never
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.orders.renewal import renew
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.orders.order import add_line, add_order, newest_orders, order_of, orders_of, save_order
from agreegate.storage.orders.renewal import add_renewals
from agreegate.storage.orders.subscription import (
    LIVING_STATUSES,
    add_subscription,
    count_subscriptions,
    offers_of,
    save_subscription,
    subscription_of,
    subscriptions_of,
)
from agreegate.storage.pagination import Page, PageRequest
from agreegate.storage.partner import linked_resellers
from agreegate.storage.record import record


@dataclass(frozen=True, slots=True)
class Offered:
    """What an order of one customer can be made of. There is no catalogue."""

    company: str
    resellers: list[Partner]
    """Those through which the customer is served."""
    offers: list[tuple[str, str]]
    """Ids and names of the offers that the customer has subscriptions of, by name."""


async def offered_to(uow: UnitOfWork, actor: Actor, customer: str) -> Offered:
    """What an order of the customer can be made of.

    Raises:
        `relationship.missing`: the customer is not one of this partner's (D18).
    """
    served = await get_customer(uow, actor, customer)
    offers = await offers_of(uow, actor.partner.id, customer)
    return Offered(
        served.customer.company_name,
        await order_resellers(uow, actor, customer),
        sorted(offers.items(), key=lambda offer: offer[1]),
    )


async def order_resellers(uow: UnitOfWork, actor: Actor, customer: str) -> list[Partner]:
    """The resellers that an order of the customer can name.

    Raises:
        `relationship.missing`.
    """
    return [reseller for reseller in await resellers_of_customer(uow, actor, customer) if reseller.mpn_id is not None]


async def place_order(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    customer: str,
    draft: OrderDraft,
    call: IdempotentCall,
    most: int = MOST_SUBSCRIPTIONS,
    pause: Callable[[Decision], Paused | None] = never,
) -> Order | Denial | Paused:
    """Buy what the order names, all of it or nothing (R7). A refusal by the gate is the answer, not an error.

    Args:
        most: subscriptions that the customer can have.
        pause: see `denial_of`.

    Raises:
        `relationship.missing`: the customer is not one of this partner's (D18).
        `request.invalid-property`, `order.line-numbers`, `order.invalid-offer`: the order does not say what is bought.
        `subscription.quantity-out-of-range`, `sandbox.limit`, `subscription.not-found`, `subscription.parent-not-active`,
            `order.not-processable`: see `fulfil`.
    """
    await require_relationship(uow, actor, customer)
    check_draft(draft)
    stopped = await denial_of(uow, actor, programme, customer, actions_of(draft.lines), call, pause=pause)
    return await fulfil(uow, actor, programme, customer, draft, call, most=most) if stopped is None else stopped


async def list_orders(uow: UnitOfWork, actor: Actor, customer: str) -> list[Order]:
    """Every order that this partner placed for the customer, oldest first.

    Raises:
        `relationship.missing`.
    """
    await require_relationship(uow, actor, customer)
    return await orders_of(uow, actor.partner.id, customer)


async def browse_orders(uow: UnitOfWork, actor: Actor, customer: str, page_request: PageRequest) -> Page[Order]:
    """A page of them, newest first.

    Raises:
        `relationship.missing`.
    """
    await require_relationship(uow, actor, customer)
    return await newest_orders(uow, actor.partner.id, customer, page_request)


async def show_order(uow: UnitOfWork, actor: Actor, customer: str, order: str) -> Order:
    """One order.

    Raises:
        `relationship.missing`, `order.not-found`.
    """
    await require_relationship(uow, actor, customer)
    found = await order_of(uow, actor.partner.id, customer, order)
    if found is None:
        raise Rejected("order.not-found", order=order)
    return found


async def change_order(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    customer: str,
    order: str,
    change: OrderChange,
    call: IdempotentCall,
    most: int = MOST_SUBSCRIPTIONS,
) -> Order | Denial:
    """Buy add-ons with an order, change its billing cycle, or (sandbox accounts) cancel it.

    Clients may send the whole order back: lines that name a subscription of it are those it has. A changed billing cycle is a new
    purchase to the gate, an add-on an add-on; cancelling is never denied (R40).

    Args:
        most: subscriptions that the customer can have.

    Raises:
        `relationship.missing`, `order.not-found`.
        `access.action-not-allowed`: only a sandbox account cancels orders.
        `order.not-processable`: the order is cancelled.
        `request.invalid-property`: a new line names no subscription to add to, or a line names one that is not of this order.
        `order.line-numbers`, `order.invalid-offer`, and what `fulfil` raises: the new lines.
    """
    stored = await show_order(uow, actor, customer, order)
    if change.cancelled:
        return await _cancel(uow, actor, programme, stored, call)
    added = _added(stored, change.lines)
    rebilled = change.billing_cycle not in (None, stored.billing_cycle)
    if not added and not rebilled:
        return stored
    actions = dict.fromkeys([*actions_of(added), *([Action.NEW_PURCHASE] if rebilled else [])])
    if (denied := await denial_of(uow, actor, programme, customer, actions, call, stored.id)) is not None:
        return denied
    if stored.status is OrderStatus.CANCELLED:
        raise Rejected("order.not-processable", name="status")
    after = replace(stored, billing_cycle=change.billing_cycle or stored.billing_cycle)
    if rebilled:
        await save_order(uow, actor.partner.id, after)
        for subscription in await _living_of(uow, actor, stored):
            await save_subscription(
                uow,
                actor.partner.id,
                replace(subscription, billing_cycle=after.billing_cycle, revision=subscription.revision + 1),
            )
    after = replace(after, lines=(*after.lines, *await _buy(uow, actor, programme, after, added, LineKind.NEW, most)))
    await _record(uow, actor, "update_order", after, call, stored)
    return after


async def fulfil(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    customer: str,
    draft: OrderDraft,
    call: IdempotentCall,
    kind: LineKind = LineKind.NEW,
    most: int = MOST_SUBSCRIPTIONS,
) -> Order:
    """Make an order that the gate has let through: the order, its lines and its subscriptions.

    Args:
        kind: what its lines did, those that renew apart.
        most: subscriptions that the customer can have.

    Raises:
        `subscription.quantity-out-of-range`, `sandbox.limit`, `order.too-many-subscriptions`: more than there can be.
        `subscription.not-found`: an add-on's or a renewal's subscription is not the customer's.
        `subscription.parent-not-active`: an add-on's subscription is not active.
        `order.not-processable`: a subscription that cannot be renewed now.
        `request.invalid-property`: the partner on record is no reseller of this partner.
    """
    order = Order(
        id=OrderId(uow.new_id()),
        customer_id=customer,
        billing_cycle=draft.billing_cycle,
        currency_code=draft.currency_code,
        status=OrderStatus.COMPLETED,
        created_at=uow.now,
        lines=(),
    )
    await add_order(uow, actor.partner.id, order)
    order = replace(order, lines=tuple(await _buy(uow, actor, programme, order, draft.lines, kind, most)))
    await _record(uow, actor, "create_order", order, call)
    return order


def _added(stored: Order, lines: Sequence[LineDraft]) -> list[LineDraft]:
    """The lines that an order does not have yet."""
    if not lines:
        return []
    check_lines(lines)
    had = {line.subscription_id for line in stored.lines}
    added = []
    for line in lines:
        if line.subscription_id is None:
            if line.parent_id is None:
                raise Rejected("request.invalid-property", name=f"lines[{line.number}].parent_id")
            added.append(line)
        elif line.subscription_id not in had:
            raise Rejected("request.invalid-property", name=f"lines[{line.number}].subscription_id")
    return added


async def _buy(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    order: Order,
    lines: Sequence[LineDraft],
    kind: LineKind,
    most: int,
) -> list[OrderLine]:
    """Carry lines out, in their order; numbered after those that the order has."""
    await _check_limits(uow, actor, order.customer_id, lines, most)
    kept: list[OrderLine] = []
    for line in sorted(lines, key=lambda draft: draft.number):
        if line.parent_line is not None:
            line = replace(line, parent_id=kept[line.parent_line].subscription_id)
        if line.renews_to is not None and line.subscription_id is not None:
            stored = await _existing(uow, actor, order.customer_id, line.subscription_id)
            subscription, did = renewed_by(line, stored, uow.now), LineKind.RENEW
            due = [stored.commitment.ends_at]
            await add_renewals(uow, actor.partner.id, stored, subscription.commitment.terms, due, "renewed")
            await save_subscription(uow, actor.partner.id, subscription)
        else:
            if line.parent_id is not None:
                check_parent(await _existing(uow, actor, order.customer_id, line.parent_id))
            subscription, did = bought(line, order, SubscriptionId(uow.new_id()), programme), kind
            await add_subscription(uow, actor.partner.id, subscription)
        kept.append(line_of(line, len(order.lines) + len(kept), subscription, did))
        await add_line(uow, actor.partner.id, order, kept[-1])
    return kept


async def _check_limits(uow: UnitOfWork, actor: Actor, customer: str, lines: Sequence[LineDraft], most: int) -> None:
    """Check what a catalogue would limit, and how many subscriptions there can be, after the gate has been asked."""
    for line in lines:
        check_seats(line.quantity, actor.partner.account)
    through = [line for line in lines if line.partner_id_on_record is not None]
    resellers = {reseller.mpn_id for reseller in await linked_resellers(uow, actor.partner.id)} if through else set()
    for line in through:
        if line.partner_id_on_record not in resellers:
            raise Rejected("request.invalid-property", name=f"lines[{line.number}].partner_id_on_record")
    new = sum(1 for line in lines if line.renews_to is None or line.subscription_id is None)
    if new and await count_subscriptions(uow, actor.partner.id, customer) + new > most:
        raise Rejected("order.too-many-subscriptions", most=most)
    sandbox = actor.partner.account is Account.SANDBOX
    if (
        sandbox
        and await count_subscriptions(uow, actor.partner.id, customer, LIVING_STATUSES) + new > SANDBOX_SUBSCRIPTIONS
    ):
        raise Rejected("sandbox.limit")


async def _existing(uow: UnitOfWork, actor: Actor, customer: str, id_: SubscriptionId) -> Subscription:
    """A subscription of the customer, as it is once what is due has been renewed."""
    found = await subscription_of(uow, actor.partner.id, customer, id_)
    if found is None:
        raise Rejected("subscription.not-found", subscription=id_)
    return await renew(uow, actor.partner.id, found, uow.now)


async def _cancel(
    uow: UnitOfWork, actor: Actor, programme: Programme, stored: Order, call: IdempotentCall
) -> Order | Denial:
    """Cancel an order and delete what it bought. A second time it stays as it is."""
    if actor.partner.account is not Account.SANDBOX:
        raise Rejected("access.action-not-allowed")
    if stored.status is OrderStatus.CANCELLED:
        return stored
    denied = await denial_of(uow, actor, programme, stored.customer_id, [Action.CANCEL], call, stored.id)
    if denied is not None:
        return denied
    after = replace(stored, status=OrderStatus.CANCELLED)
    await save_order(uow, actor.partner.id, after)
    for subscription in await _living_of(uow, actor, stored):
        deleted = replace(subscription, status=SubscriptionStatus.DELETED, revision=subscription.revision + 1)
        await save_subscription(uow, actor.partner.id, deleted)
        await take_along(uow, actor.partner.id, deleted)
    await _record(uow, actor, "update_order", after, call, stored)
    return after


async def take_along(uow: UnitOfWork, partner: PartnerId, subscription: Subscription) -> None:
    """Let the add-ons of a subscription that was suspended or cancelled follow it. They do not come back by themselves."""
    if subscription.status is SubscriptionStatus.ACTIVE:
        return
    for addon in await subscriptions_of(uow, partner, subscription.customer_id, parent=subscription.id):
        if addon.status.ended or addon.status is subscription.status:
            continue
        after = replace(addon, status=subscription.status, revision=addon.revision + 1)
        await save_subscription(uow, partner, after)
        await take_along(uow, partner, after)


async def _living_of(uow: UnitOfWork, actor: Actor, order: Order) -> list[Subscription]:
    """The subscriptions that an order began and that have not ended."""
    began = await subscriptions_of(uow, actor.partner.id, order.customer_id, order=order.id)
    return [subscription for subscription in began if not subscription.status.ended]


async def _record(
    uow: UnitOfWork, actor: Actor, operation: str, order: Order, call: IdempotentCall, before: Order | None = None
) -> None:
    old = None if before is None else order_facts(before)
    change = ResourceChanged(operation, "order", order.customer_id, order.id, old, order_facts(order))
    await record(uow, actor, change, correlation_id=call.correlation_id)
