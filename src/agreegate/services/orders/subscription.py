"""List, change, convert and upgrade subscriptions through the gate (contract 4.11)."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from agreegate.domain.actor import Actor
from agreegate.domain.audit import subscription_facts
from agreegate.domain.error import Rejected
from agreegate.domain.fact import ResourceChanged
from agreegate.domain.gate import Decision
from agreegate.domain.orders.order import (
    DEFAULT_CURRENCY,
    LineDraft,
    LineKind,
    OrderDraft,
    check_friendly_name,
    is_catalog_item,
)
from agreegate.domain.orders.subscription import (
    MOST_SUBSCRIPTIONS,
    Subscription,
    SubscriptionChange,
    SubscriptionStatus,
    actions_of,
    changed,
    check_seats,
)
from agreegate.domain.orders.term import BillingCycle, Commitment, TermDuration
from agreegate.domain.orders.transaction import GOES_ON, Action
from agreegate.domain.partner import PartnerKind
from agreegate.domain.programme import Programme
from agreegate.services.clock import require_clock
from agreegate.services.customers.relationship import require_relationship
from agreegate.services.gate import Denial, Paused, denial_of, never
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.orders.order import fulfil, save_with_addons
from agreegate.services.orders.renewal import renew_customer
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.orders.order import order_of
from agreegate.storage.orders.subscription import (
    providers_served,
    reseller_subscription,
    reseller_subscriptions,
    save_subscription,
    subscription_of,
    subscriptions_of,
)
from agreegate.storage.partner import linked_resellers
from agreegate.storage.record import record


async def list_subscriptions(uow: UnitOfWork, actor: Actor, customer: str) -> list[Subscription]:
    """Return a customer's subscriptions with the caller, oldest first; an indirect reseller gets those it may see.

    Raises:
        `relationship.missing`: the customer is not one of this partner's (decision 0018).
    """
    if actor.partner.kind is PartnerKind.INDIRECT_RESELLER:
        found = await reseller_subscriptions(uow, actor.partner, customer)
        if found is None:
            raise Rejected("relationship.missing", partner=actor.partner.id, customer=customer)
        return found
    await require_relationship(uow, actor, customer)
    return await subscriptions_of(uow, actor.partner.id, customer)


async def show_subscription(uow: UnitOfWork, actor: Actor, customer: str, id_: str) -> Subscription:
    """Return one subscription.

    Raises:
        `relationship.missing`, `subscription.not-found`.
    """
    if actor.partner.kind is PartnerKind.INDIRECT_RESELLER:
        providers = await providers_served(uow, actor.partner, customer)
        if not providers:
            raise Rejected("relationship.missing", partner=actor.partner.id, customer=customer)
        found = await reseller_subscription(uow, actor.partner, providers, customer, id_)
    else:
        await require_relationship(uow, actor, customer)
        found = await subscription_of(uow, actor.partner.id, customer, id_)
    if found is None:
        raise Rejected("subscription.not-found", subscription=id_)
    return found


async def list_addons(uow: UnitOfWork, actor: Actor, customer: str, id_: str) -> list[Subscription]:
    """Return the add-ons of a subscription.

    Raises:
        `relationship.missing`, `subscription.not-found`.
    """
    parent = await show_subscription(uow, actor, customer, id_)
    if actor.partner.kind is PartnerKind.INDIRECT_RESELLER:
        every = await list_subscriptions(uow, actor, customer)
        return [subscription for subscription in every if subscription.parent_id == id_]
    return await subscriptions_of(uow, actor.partner.id, parent.customer_id, parent=parent.id)


async def change_subscription(
    uow: UnitOfWork,
    call: IdempotentCall,
    programme: Programme,
    customer: str,
    id_: str,
    change: SubscriptionChange,
    revisions: Sequence[int],
    pause: Callable[[Decision], Paused | None] = never,
) -> Subscription | Denial | Paused:
    """Change a subscription that the client sends back, everything or nothing (R7, R10).

    Due renewals run first. The contract fixes the order of checks: shape, etag, gate, limits.

    Args:
        revisions: from the client's etags; empty if it sent none.
        pause: see `denial_of`.

    Raises:
        `clock.behind`: the clock is behind, and the change neither suspends nor cancels.
        `relationship.missing`, `subscription.not-found`.
        `request.invalid-property`: a status that a partner cannot set, a long name, or an unlinked reseller.
        `request.etag-stale`: the subscription has changed since the client read it.
        Rejected: see `changed`.
    """
    stored = await _stored(uow, call.actor, customer, id_)
    actions = actions_of(stored, change)
    check_friendly_name(change.friendly_name, "friendly_name")
    if any(revision != stored.revision for revision in revisions):
        raise Rejected("request.etag-stale")
    if (stopped := await denial_of(uow, call, programme, customer, actions, stored.id, pause)) is not None:
        return stopped
    if change.partner_id_on_record not in (None, stored.partner_id_on_record):
        resellers = {reseller.mpn_id for reseller in await linked_resellers(uow, call.actor.partner.id)}
        if change.partner_id_on_record not in resellers:
            raise Rejected("request.invalid-property", name="partner_id_on_record")
    parent = None
    if stored.parent_id is not None:
        parent = await subscription_of(uow, call.actor.partner.id, customer, stored.parent_id)
    after = changed(stored, change, parent, call.actor.partner.account)
    if after == stored:
        return stored
    if GOES_ON.isdisjoint(actions):
        await require_clock(uow, call.actor.partner.id)
    save = save_subscription if after.status is stored.status else save_with_addons
    await save(uow, call.actor.partner.id, after)
    await _record(uow, call, "update_subscription", stored, after)
    return after


async def convert_trial(
    uow: UnitOfWork,
    call: IdempotentCall,
    programme: Programme,
    customer: str,
    id_: str,
    offer_id: str,
    quantity: int | None,
    billing_cycle: BillingCycle | None,
) -> tuple[Subscription, Subscription] | Denial:
    """Convert a trial to a paid subscription of another offer with the same id, whose first term begins now.

    Args:
        quantity: the seats to buy; None: the seats of the trial.

    Returns:
        The subscription before and after.

    Raises:
        `relationship.missing`, `subscription.not-found`.
        `order.invalid-offer`: the offer id is malformed, or a trial's.
        `subscription.not-convertible`: it is no trial. `subscription.ended`, `subscription.suspended`: it is not active.
        `subscription.quantity-out-of-range`, `sandbox.limit`.
    """
    stored = await _stored(uow, call.actor, customer, id_)
    if not is_catalog_item(offer_id) or programme.is_trial(offer_id):
        raise Rejected("order.invalid-offer", name="offer_id")
    if (denied := await denial_of(uow, call, programme, customer, [Action.CONVERSION], stored.id)) is not None:
        return denied
    _require_active(stored)
    if not stored.is_trial:
        raise Rejected("subscription.not-convertible", offer=stored.offer_id)
    after = replace(
        stored,
        offer_id=offer_id,
        offer_name=offer_id,
        quantity=stored.quantity if quantity is None else quantity,
        billing_cycle=billing_cycle or stored.billing_cycle,
        is_trial=False,
        auto_renew=True,
        commitment=Commitment.begin(uow.now, TermDuration.YEAR),
        revision=stored.revision + 1,
    )
    check_seats(after.quantity, call.actor.partner.account)
    await save_subscription(uow, call.actor.partner.id, after)
    await _record(uow, call, "convert_trial_subscription", stored, after)
    return stored, after


async def upgrade(
    uow: UnitOfWork,
    call: IdempotentCall,
    programme: Programme,
    customer: str,
    id_: str,
    offer_id: str,
    quantity: int | None,
    most: int = MOST_SUBSCRIPTIONS,
) -> Subscription | Denial:
    """Replace a subscription by one of another offer with a new order; delete the old one with its add-ons.

    Args:
        quantity: the seats to buy; None: the seats of the old one.
        most: maximum subscriptions of the customer; the old one still counts.

    Raises:
        `relationship.missing`, `subscription.not-found`, `order.invalid-offer`.
        `subscription.ended`, `subscription.suspended`: it is not active.
        `subscription.quantity-out-of-range`, `sandbox.limit`, `order.too-many-subscriptions`.
    """
    partner = call.actor.partner.id
    stored = await _stored(uow, call.actor, customer, id_)
    if not is_catalog_item(offer_id):
        raise Rejected("order.invalid-offer", name="offer_id")
    if (denied := await denial_of(uow, call, programme, customer, [Action.UPGRADE], stored.id)) is not None:
        return denied
    _require_active(stored)
    seats = stored.quantity if quantity is None else quantity
    check_seats(seats, call.actor.partner.account)
    await save_with_addons(uow, partner, stored.with_status(SubscriptionStatus.DELETED))
    first = await order_of(uow, partner, customer, stored.order_id)
    line = LineDraft(
        number=0,
        offer_id=offer_id,
        quantity=seats,
        parent_id=stored.parent_id,
        partner_id_on_record=stored.partner_id_on_record,
        term=stored.commitment.term,
    )
    draft = OrderDraft((line,), stored.billing_cycle, DEFAULT_CURRENCY if first is None else first.currency_code)
    order = await fulfil(uow, call, programme, customer, draft, LineKind.CONVERT, most)
    after = await show_subscription(uow, call.actor, customer, order.lines[0].subscription_id)
    await _record(uow, call, "upgrade_subscription", stored, after)
    return after


async def _stored(uow: UnitOfWork, actor: Actor, customer: str, id_: str) -> Subscription:
    """Return the subscription to change, after the due renewals of the customer: an add-on depends on its subscription."""
    await lock_customers(uow, actor.partner.id, customer)
    await renew_customer(uow, actor.partner.id, customer)
    return await show_subscription(uow, actor, customer, id_)


def _require_active(stored: Subscription) -> None:
    if stored.status.ended:
        raise Rejected("subscription.ended", subscription=stored.id, status=stored.status)
    if stored.status is not SubscriptionStatus.ACTIVE:
        raise Rejected("subscription.suspended", subscription=stored.id)


async def _record(
    uow: UnitOfWork, call: IdempotentCall, operation: str, before: Subscription, after: Subscription
) -> None:
    old, new = subscription_facts(before), subscription_facts(after)
    change = ResourceChanged(operation, "subscription", after.customer_id, after.id, old, new)
    await record(uow, call.actor, change, correlation_id=call.correlation_id)
