"""Place, change and cancel orders through the gate (contract 4.9)."""

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
from agreegate.services.orders.renewal import renew_customer
from agreegate.storage.customers.customer_lock import lock_customers
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
class OrderChoices:
    """The choices for an order of one customer, as there is no catalogue."""

    company: str
    resellers: list[Partner]
    """The resellers that serve the customer."""
    offers: list[tuple[str, str]]
    """Ids and names of the customer's present offers, by name."""


async def order_choices(uow: UnitOfWork, actor: Actor, customer: str) -> OrderChoices:
    """Return the choices for an order of the customer.

    Raises:
        `relationship.missing`: the customer is not one of this partner's (decision 0018).
    """
    served = await get_customer(uow, actor, customer)
    offers = await offers_of(uow, actor.partner.id, customer)
    return OrderChoices(
        served.customer.company_name,
        await order_resellers(uow, actor, customer),
        sorted(offers.items(), key=lambda offer: offer[1]),
    )


async def order_resellers(uow: UnitOfWork, actor: Actor, customer: str) -> list[Partner]:
    """Return the resellers that an order of the customer can name.

    Raises:
        `relationship.missing`.
    """
    return [reseller for reseller in await resellers_of_customer(uow, actor, customer) if reseller.mpn_id is not None]


async def place_order(
    uow: UnitOfWork,
    call: IdempotentCall,
    programme: Programme,
    customer: str,
    draft: OrderDraft,
    most: int = MOST_SUBSCRIPTIONS,
    pause: Callable[[Decision], Paused | None] = never,
) -> Order | Denial | Paused:
    """Buy everything in an order or nothing (R7). A denial by the gate is returned, not raised.

    Args:
        most: maximum subscriptions of the customer.
        pause: see `denial_of`.

    Raises:
        `relationship.missing`: the customer is not one of this partner's (decision 0018).
        Rejected: see `check_draft` and `fulfil`.
    """
    await lock_customers(uow, call.actor.partner.id, customer)
    await renew_customer(uow, call.actor.partner.id, customer)
    await require_relationship(uow, call.actor, customer)
    check_draft(draft)
    stopped = await denial_of(uow, call, programme, customer, actions_of(draft.lines), pause=pause)
    return await fulfil(uow, call, programme, customer, draft, most=most) if stopped is None else stopped


async def list_orders(uow: UnitOfWork, actor: Actor, customer: str) -> list[Order]:
    """Return every order of this partner for the customer, oldest first.

    Raises:
        `relationship.missing`.
    """
    await require_relationship(uow, actor, customer)
    return await orders_of(uow, actor.partner.id, customer)


async def list_page_of_orders(uow: UnitOfWork, actor: Actor, customer: str, page_request: PageRequest) -> Page[Order]:
    """Return a page of this partner's orders for the customer, newest first.

    Raises:
        `relationship.missing`.
    """
    await require_relationship(uow, actor, customer)
    return await newest_orders(uow, actor.partner.id, customer, page_request)


async def show_order(uow: UnitOfWork, actor: Actor, customer: str, order: str) -> Order:
    """Return one order.

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
    call: IdempotentCall,
    programme: Programme,
    customer: str,
    order: str,
    change: OrderChange,
    most: int = MOST_SUBSCRIPTIONS,
) -> Order | Denial:
    """Buy add-ons with an order, change its billing cycle, or (sandbox accounts) cancel it.

    A client may send the whole order back: lines that name a subscription of the order are not new. To the gate, another
    billing cycle is a new purchase; cancelling is never denied (R40).

    Args:
        most: maximum subscriptions of the customer.

    Raises:
        `relationship.missing`, `order.not-found`.
        `access.action-not-allowed`: only a sandbox account cancels orders.
        `order.not-processable`: the order is cancelled.
        `request.invalid-property`: a new line names no subscription to extend, or a line names one of another order.
        Rejected: see `check_lines` and `fulfil`.
    """
    await lock_customers(uow, call.actor.partner.id, customer)
    await renew_customer(uow, call.actor.partner.id, customer)
    stored = await show_order(uow, call.actor, customer, order)
    if change.cancelled:
        return await _cancel(uow, call, programme, stored)
    added = _added(stored, change.lines)
    rebilled = change.billing_cycle not in (None, stored.billing_cycle)
    if not added and not rebilled:
        return stored
    actions = dict.fromkeys([*actions_of(added), *([Action.NEW_PURCHASE] if rebilled else [])])
    if (denied := await denial_of(uow, call, programme, customer, actions, stored.id)) is not None:
        return denied
    if stored.status is OrderStatus.CANCELLED:
        raise Rejected("order.not-processable", name="status")
    after = replace(stored, billing_cycle=change.billing_cycle or stored.billing_cycle)
    if rebilled:
        await save_order(uow, call.actor.partner.id, after)
        for subscription in await _living_of(uow, call.actor, stored):
            await save_subscription(
                uow,
                call.actor.partner.id,
                replace(subscription, billing_cycle=after.billing_cycle, revision=subscription.revision + 1),
            )
    after = await _buy(uow, call.actor, programme, after, added, LineKind.NEW, most)
    await _record(uow, call, "update_order", after, stored)
    return after


async def fulfil(
    uow: UnitOfWork,
    call: IdempotentCall,
    programme: Programme,
    customer: str,
    draft: OrderDraft,
    kind: LineKind = LineKind.NEW,
    most: int = MOST_SUBSCRIPTIONS,
) -> Order:
    """Record an order that the gate allowed, with its lines and subscriptions.

    Args:
        kind: of lines that do not renew.
        most: maximum subscriptions of the customer.

    Raises:
        `subscription.quantity-out-of-range`, `sandbox.limit`, `order.too-many-subscriptions`: a limit is exceeded.
        `subscription.not-found`: the subscription of an add-on or a renewal is not the customer's.
        `subscription.parent-not-active`, `order.not-processable`: see `check_parent` and `renewed_by`.
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
    await add_order(uow, call.actor.partner.id, order)
    order = await _buy(uow, call.actor, programme, order, draft.lines, kind, most)
    await _record(uow, call, "create_order", order)
    return order


def _added(stored: Order, lines: Sequence[LineDraft]) -> list[LineDraft]:
    """Return the lines that an order does not have yet."""
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
) -> Order:
    """Carry out lines by number; return the order with these lines after its own."""
    await _check_limits(uow, actor, order.customer_id, lines, most)
    begun: list[SubscriptionId] = []
    for line in sorted(lines, key=lambda draft: draft.number):
        if line.parent_line is not None:
            line = replace(line, parent_id=begun[line.parent_line])
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
        begun.append(subscription.id)
        done = line_of(line, len(order.lines), subscription, did)
        await add_line(uow, actor.partner.id, order, done)
        order = replace(order, lines=(*order.lines, done))
    return order


async def _check_limits(uow: UnitOfWork, actor: Actor, customer: str, lines: Sequence[LineDraft], most: int) -> None:
    """Check seats, resellers and the number of subscriptions, after the gate decided."""
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
    """Return a subscription of the customer."""
    found = await subscription_of(uow, actor.partner.id, customer, id_)
    if found is None:
        raise Rejected("subscription.not-found", subscription=id_)
    return found


async def _cancel(uow: UnitOfWork, call: IdempotentCall, programme: Programme, stored: Order) -> Order | Denial:
    """Cancel an order and delete its subscriptions. A second time changes nothing."""
    if call.actor.partner.account is not Account.SANDBOX:
        raise Rejected("access.action-not-allowed")
    if stored.status is OrderStatus.CANCELLED:
        return stored
    denied = await denial_of(uow, call, programme, stored.customer_id, [Action.CANCEL], stored.id)
    if denied is not None:
        return denied
    after = replace(stored, status=OrderStatus.CANCELLED)
    await save_order(uow, call.actor.partner.id, after)
    for subscription in await _living_of(uow, call.actor, stored):
        await save_with_addons(uow, call.actor.partner.id, subscription.with_status(SubscriptionStatus.DELETED))
    await _record(uow, call, "update_order", after, stored)
    return after


async def save_with_addons(uow: UnitOfWork, partner: PartnerId, subscription: Subscription) -> None:
    """Save a subscription. If it was suspended or cancelled, its add-ons follow; they do not come back by themselves."""
    await save_subscription(uow, partner, subscription)
    if subscription.status is SubscriptionStatus.ACTIVE:
        return
    for addon in await subscriptions_of(uow, partner, subscription.customer_id, parent=subscription.id):
        if not addon.status.ended and addon.status is not subscription.status:
            await save_with_addons(uow, partner, addon.with_status(subscription.status))


async def _living_of(uow: UnitOfWork, actor: Actor, order: Order) -> list[Subscription]:
    """Return the subscriptions of an order that have not ended."""
    began = await subscriptions_of(uow, actor.partner.id, order.customer_id, order=order.id)
    return [subscription for subscription in began if not subscription.status.ended]


async def _record(
    uow: UnitOfWork, call: IdempotentCall, operation: str, order: Order, before: Order | None = None
) -> None:
    old = None if before is None else order_facts(before)
    change = ResourceChanged(operation, "order", order.customer_id, order.id, old, order_facts(order))
    await record(uow, call.actor, change, correlation_id=call.correlation_id)
