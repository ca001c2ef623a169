"""Subscriptions: read them, change them, replace a trial or an offer; seats and purchases go through the gate (4.11)."""

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
from agreegate.services.orders.order import fulfil, take_along
from agreegate.services.orders.renewal import renew
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
    """A customer's subscriptions with the caller, oldest first; to an indirect reseller those it may see.

    Raises:
        `relationship.missing`: the customer is not one of this partner's (D18).
    """
    if actor.partner.kind is PartnerKind.INDIRECT_RESELLER:
        found = await reseller_subscriptions(uow, actor.partner, customer)
        if found is None:
            raise Rejected("relationship.missing", partner=actor.partner.id, customer=customer)
        return found
    await require_relationship(uow, actor, customer)
    return await subscriptions_of(uow, actor.partner.id, customer)


async def show_subscription(uow: UnitOfWork, actor: Actor, customer: str, id_: str) -> Subscription:
    """One subscription.

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
    """What was bought in addition to a subscription.

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
    actor: Actor,
    programme: Programme,
    customer: str,
    id_: str,
    wanted: SubscriptionChange,
    revisions: Sequence[int],
    call: IdempotentCall,
    pause: Callable[[Decision], Paused | None] = never,
) -> Subscription | Denial | Paused:
    """Change a subscription as the client sends it back, everything or nothing (R7, R10).

    The order of checks is part of the contract: shape, etag, gate, limits. What is due to renew does so first.

    Args:
        revisions: those that the client's etags speak of; none when it sent no etag.
        pause: see `denial_of`.

    Raises:
        `clock.behind`: the clock is behind, and neither a suspension nor a cancellation is asked for.
        `relationship.missing`, `subscription.not-found`.
        `request.invalid-property`: a status that no partner can give, a name that is too long, no linked reseller's id.
        `request.etag-stale`: the subscription has changed since the client read it.
        `subscription.ended`, `subscription.billing-cycle-fixed`, `subscription.quantity-out-of-range`, `sandbox.limit`,
            `subscription.suspended-quantity`, `subscription.not-auto-renewable`,
        `subscription.parent-not-active`: see `changed`.
    """
    stored = await _stored(uow, actor, customer, id_)
    actions = actions_of(stored, wanted)
    check_friendly_name(wanted.friendly_name, "friendly_name")
    _check_revisions(stored, revisions)
    if (stopped := await denial_of(uow, actor, programme, customer, actions, call, stored.id, pause)) is not None:
        return stopped
    if wanted.partner_id_on_record not in (None, stored.partner_id_on_record):
        resellers = {reseller.mpn_id for reseller in await linked_resellers(uow, actor.partner.id)}
        if wanted.partner_id_on_record not in resellers:
            raise Rejected("request.invalid-property", name="partner_id_on_record")
    parent = None
    if stored.parent_id is not None:
        parent = await subscription_of(uow, actor.partner.id, customer, stored.parent_id)
    after = changed(stored, wanted, parent, actor.partner.account)
    if after == stored:
        return stored
    if GOES_ON.isdisjoint(actions):
        await require_clock(uow, actor.partner.id)
    await save_subscription(uow, actor.partner.id, after)
    if after.status is not stored.status:
        await take_along(uow, actor.partner.id, after)
    await _record(uow, actor, "update_subscription", stored, after, call)
    return after


async def convert_trial(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    customer: str,
    id_: str,
    offer_id: str,
    quantity: int | None,
    billing_cycle: BillingCycle | None,
    call: IdempotentCall,
) -> tuple[Subscription, Subscription] | Denial:
    """Turn a trial into a paid subscription of another offer, under its own id, its first term beginning now.

    The trial and what it became.

    Args:
        quantity: the seats to buy; None: as many as the trial has.

    Raises:
        `relationship.missing`, `subscription.not-found`.
        `order.invalid-offer`: the offer id is malformed, or a trial's.
        `subscription.not-convertible`: it is no trial. `subscription.ended`, `subscription.suspended`: it is not active.
        `subscription.quantity-out-of-range`, `sandbox.limit`.
    """
    stored = await _stored(uow, actor, customer, id_)
    if not is_catalog_item(offer_id) or programme.is_trial(offer_id):
        raise Rejected("order.invalid-offer", name="offer_id")
    if (denied := await denial_of(uow, actor, programme, customer, [Action.CONVERSION], call, stored.id)) is not None:
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
    check_seats(after.quantity, actor.partner.account)
    await save_subscription(uow, actor.partner.id, after)
    await _record(uow, actor, "convert_trial_subscription", stored, after, call)
    return stored, after


async def upgrade(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    customer: str,
    id_: str,
    offer_id: str,
    quantity: int | None,
    call: IdempotentCall,
    most: int = MOST_SUBSCRIPTIONS,
) -> Subscription | Denial:
    """Replace a subscription by one of another offer, with an order of its own; the one replaced is deleted.

    Its add-ons go with it: which of them the new offer would take, only a catalogue could say.

    Args:
        quantity: the seats to buy; None: as many as it has.
        most: subscriptions that the customer can have; the one replaced counts on.

    Raises:
        `relationship.missing`, `subscription.not-found`, `order.invalid-offer`.
        `subscription.ended`, `subscription.suspended`: it is not active.
        `subscription.quantity-out-of-range`, `sandbox.limit`, `order.too-many-subscriptions`.
    """
    partner = actor.partner.id
    stored = await _stored(uow, actor, customer, id_)
    if not is_catalog_item(offer_id):
        raise Rejected("order.invalid-offer", name="offer_id")
    if (denied := await denial_of(uow, actor, programme, customer, [Action.UPGRADE], call, stored.id)) is not None:
        return denied
    _require_active(stored)
    seats = stored.quantity if quantity is None else quantity
    check_seats(seats, actor.partner.account)
    old = replace(stored, status=SubscriptionStatus.DELETED, revision=stored.revision + 1)
    await save_subscription(uow, partner, old)
    await take_along(uow, partner, old)
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
    order = await fulfil(uow, actor, programme, customer, draft, call, LineKind.CONVERT, most)
    after = await show_subscription(uow, actor, customer, order.lines[0].subscription_id)
    await _record(uow, actor, "upgrade_subscription", stored, after, call)
    return after


async def _stored(uow: UnitOfWork, actor: Actor, customer: str, id_: str) -> Subscription:
    """The subscription to change, once what is due has been renewed."""
    found = await show_subscription(uow, actor, customer, id_)
    return await renew(uow, actor.partner.id, found, uow.now)


def _check_revisions(stored: Subscription, revisions: Sequence[int]) -> None:
    if any(revision != stored.revision for revision in revisions):
        raise Rejected("request.etag-stale")


def _require_active(stored: Subscription) -> None:
    if stored.status.ended:
        raise Rejected("subscription.ended", subscription=stored.id, status=stored.status)
    if stored.status is not SubscriptionStatus.ACTIVE:
        raise Rejected("subscription.suspended", subscription=stored.id)


async def _record(
    uow: UnitOfWork, actor: Actor, operation: str, before: Subscription, after: Subscription, call: IdempotentCall
) -> None:
    old, new = subscription_facts(before), subscription_facts(after)
    change = ResourceChanged(operation, "subscription", after.customer_id, after.id, old, new)
    await record(uow, actor, change, correlation_id=call.correlation_id)
