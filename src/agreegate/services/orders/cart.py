"""Create, change and check out carts; the checkout goes through the gate (R7, contract 4.10)."""

from collections.abc import Sequence
from dataclasses import replace

from agreegate.domain.actor import Actor
from agreegate.domain.error import Rejected
from agreegate.domain.orders.cart import (
    Cart,
    CartId,
    CartLine,
    CartStatus,
    Known,
    all_lines,
    check_shape,
    checked,
    orders_of,
)
from agreegate.domain.orders.order import Order, actions_of
from agreegate.domain.orders.subscription import MOST_SUBSCRIPTIONS, SANDBOX_SUBSCRIPTIONS, SubscriptionStatus
from agreegate.domain.partner import Account
from agreegate.domain.programme import Programme
from agreegate.services.customers.relationship import require_relationship
from agreegate.services.gate import Denial, denial_of
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.orders.order import fulfil
from agreegate.services.orders.renewal import renew_customer
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.orders.cart import add_cart, cart_of, save_cart
from agreegate.storage.orders.subscription import LIVING_STATUSES, count_subscriptions, subscription_of
from agreegate.storage.partner import linked_resellers


async def create_cart(uow: UnitOfWork, actor: Actor, customer: str, lines: Sequence[CartLine]) -> Cart:
    """Create a cart without asking the gate. A line that cannot be bought keeps its error.

    Raises:
        `relationship.missing`: the customer is not one of this partner's (decision 0018).
        Rejected: see `check_shape`.
    """
    await lock_customers(uow, actor.partner.id, customer)
    await renew_customer(uow, actor.partner.id, customer)
    await require_relationship(uow, actor, customer)
    cart = Cart(
        id=CartId(uow.new_id()),
        customer_id=customer,
        status=CartStatus.ACTIVE,
        lines=await _checked(uow, actor, customer, lines),
        created_at=uow.now,
        modified_at=uow.now,
        modified_by=actor.recorded_by,
    )
    await add_cart(uow, actor.partner.id, cart)
    return cart


async def show_cart(uow: UnitOfWork, actor: Actor, customer: str, id_: str) -> Cart:
    """Return a cart that was bought or can be.

    Raises:
        `relationship.missing`.
        `cart.not-found`: it does not exist, or has expired.
    """
    await require_relationship(uow, actor, customer)
    cart = await cart_of(uow, actor.partner.id, customer, id_)
    if cart is None or cart.gone(uow.now):
        raise Rejected("cart.not-found", cart=id_)
    return cart


async def replace_lines(uow: UnitOfWork, actor: Actor, customer: str, id_: str, lines: Sequence[CartLine]) -> Cart:
    """Replace the lines of a cart; its expiry stays.

    Raises:
        `relationship.missing`, `cart.not-found`, `cart.submitted`, and for the lines what `create_cart` raises.
    """
    cart = await _open(uow, actor, customer, id_)
    after = replace(
        cart,
        lines=await _checked(uow, actor, customer, lines),
        modified_at=uow.now,
        modified_by=actor.recorded_by,
    )
    await save_cart(uow, actor.partner.id, after)
    return after


async def check_out(
    uow: UnitOfWork, call: IdempotentCall, programme: Programme, customer: str, id_: str, most: int = MOST_SUBSCRIPTIONS
) -> tuple[Order, ...] | Denial:
    """Buy a cart: one order for each order group, all of them or none (R7).

    A denial concerns the whole cart, which then stays unchanged.

    Args:
        most: maximum subscriptions of the customer.

    Raises:
        `relationship.missing`, `cart.not-found`, `cart.submitted`.
        `cart.faulty`: a line cannot be bought.
        `order.too-many-subscriptions`: the customer would have more than `most`.
    """
    cart = await _open(uow, call.actor, customer, id_)
    drafts = orders_of(cart)
    actions = actions_of(line for draft in drafts for line in draft.lines)
    if (denied := await denial_of(uow, call, programme, customer, actions, cart.id)) is not None:
        return denied
    now = replace(cart, lines=await _checked(uow, call.actor, customer, cart.lines))
    if now.faulty:
        raise Rejected("cart.faulty", cart=cart.id)
    orders = [await fulfil(uow, call, programme, customer, draft, most=most) for draft in drafts]
    after = replace(cart, status=CartStatus.ORDERED, modified_at=uow.now, modified_by=call.actor.recorded_by)
    await save_cart(uow, call.actor.partner.id, after)
    return tuple(orders)


async def _open(uow: UnitOfWork, actor: Actor, customer: str, id_: str) -> Cart:
    """Return a cart that was not bought yet."""
    await lock_customers(uow, actor.partner.id, customer)
    await renew_customer(uow, actor.partner.id, customer)
    cart = await show_cart(uow, actor, customer, id_)
    if cart.status is CartStatus.ORDERED:
        raise Rejected("cart.submitted", cart=id_)
    return cart


async def _checked(uow: UnitOfWork, actor: Actor, customer: str, lines: Sequence[CartLine]) -> tuple[CartLine, ...]:
    """Return the lines with today's errors."""
    check_shape(lines)
    partner = actor.partner
    through = any(line.participants for line in all_lines(lines))
    resellers = await linked_resellers(uow, partner.id) if through else []
    parents = {line.parent_id for line in all_lines(lines) if line.parent_id is not None}
    named = [await subscription_of(uow, partner.id, customer, parent) for parent in sorted(parents)]
    places = None
    if partner.account is Account.SANDBOX:
        places = SANDBOX_SUBSCRIPTIONS - await count_subscriptions(uow, partner.id, customer, LIVING_STATUSES)
    return checked(
        lines,
        Known(
            account=partner.account,
            reseller_ids={reseller.mpn_id for reseller in resellers if reseller.mpn_id is not None},
            active_subscriptions={s.id for s in named if s is not None and s.status is SubscriptionStatus.ACTIVE},
            places=places,
        ),
    )
