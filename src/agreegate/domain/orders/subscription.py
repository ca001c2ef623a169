"""Subscriptions: what a customer holds, what a change asks the gate, and what may not be done (R10, contract 4.11)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType, assert_never
from uuid import NAMESPACE_OID, uuid5

from agreegate.domain.error import Rejected
from agreegate.domain.orders.term import BillingCycle, Commitment
from agreegate.domain.orders.transaction import Action
from agreegate.domain.partner import Account

SubscriptionId = NewType("SubscriptionId", str)

MOST_SEATS = 100_000
"""There is no catalogue, so one limit serves every offer."""
MOST_SUBSCRIPTIONS = 10_000
"""A customer's with one partner, those that ended included, unless a setting says otherwise: clients list them whole."""
SANDBOX_SEATS = 25
SANDBOX_SUBSCRIPTIONS = 5
"""For each customer of a sandbox account; those that ended do not count (contract section 1)."""


class SubscriptionStatus(StrEnum):
    """Where a subscription is in its life."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"
    """Cancelled by the partner, which is its duty once a customer no longer agrees (R40)."""
    EXPIRED = "expired"
    """Its commitment ended and nothing renewed it."""

    @property
    def ended(self) -> bool:
        """Whether nothing changes it any more."""
        return self in (SubscriptionStatus.DELETED, SubscriptionStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One purchase that lasts."""

    id: SubscriptionId
    customer_id: str
    order_id: str
    offer_id: str
    offer_name: str
    friendly_name: str
    quantity: int
    """Seats: the licence count."""
    billing_cycle: BillingCycle
    status: SubscriptionStatus
    auto_renew: bool
    commitment: Commitment
    created_at: datetime
    parent_id: SubscriptionId | None = None
    """The subscription that it is an add-on of."""
    partner_id_on_record: str | None = None
    """The partner network id of the indirect reseller."""
    is_trial: bool = False
    revision: int = 1
    """Counts changes; the etag tells it."""


@dataclass(frozen=True, slots=True)
class WantedSubscription:
    """A subscription as a client sends it back. None: not said, so as it is."""

    quantity: int | None = None
    status: SubscriptionStatus | None = None
    auto_renew: bool | None = None
    friendly_name: str | None = None
    billing_cycle: BillingCycle | None = None
    partner_id_on_record: str | None = None


def check_seats(quantity: int, account: Account) -> None:
    """Refuse a quantity that no subscription can have.

    Raises:
        `subscription.quantity-out-of-range`: not between 1 and 100,000.
        `sandbox.limit`: more than a sandbox account allows.
    """
    if not 1 <= quantity <= MOST_SEATS:
        raise Rejected("subscription.quantity-out-of-range", least=1, most=MOST_SEATS)
    if account is Account.SANDBOX and quantity > SANDBOX_SEATS:
        raise Rejected("sandbox.limit")


def actions_of(stored: Subscription, wanted: WantedSubscription) -> tuple[Action, ...]:
    """What a change asks the gate (R10, R11, R40): clients send everything back, so only differences count.

    Names, auto-renewal and the reseller on record are nobody's purchase: they ask nothing.

    Raises:
        `request.invalid-property`: the status wanted is one that a partner cannot give.
    """
    seats = () if wanted.quantity in (None, stored.quantity) else (Action.SEAT_CHANGE,)
    if wanted.status is None or wanted.status is stored.status:
        return seats
    match wanted.status:
        case SubscriptionStatus.ACTIVE:
            return (*seats, Action.REACTIVATE)
        case SubscriptionStatus.SUSPENDED:
            return (*seats, Action.SUSPEND)
        case SubscriptionStatus.DELETED:
            return (*seats, Action.CANCEL)
        case SubscriptionStatus.EXPIRED:
            raise Rejected("request.invalid-property", name="status")
        case _:
            assert_never(wanted.status)


def changed(
    stored: Subscription, wanted: WantedSubscription, parent: Subscription | None, account: Account
) -> Subscription:
    """The subscription after the change, once the gate has let it pass. Equal to `stored` when nothing differs.

    Args:
        parent: the subscription that this one is an add-on of, if it is.

    Raises:
        `subscription.ended`: it is deleted or expired.
        `subscription.billing-cycle-fixed`: the billing cycle is the order's to change.
        `subscription.quantity-out-of-range`, `sandbox.limit`: the quantity is none that a subscription can have.
        `subscription.suspended-quantity`: the quantity changes while it is, or is being, suspended.
        `subscription.not-auto-renewable`: a trial renews by conversion only.
        `subscription.parent-not-active`: an add-on comes back only to an active subscription.
    """
    if stored.status.ended:
        raise Rejected("subscription.ended", subscription=stored.id, status=stored.status)
    if wanted.billing_cycle not in (None, stored.billing_cycle):
        raise Rejected("subscription.billing-cycle-fixed")
    status = wanted.status or stored.status
    if wanted.quantity is not None and wanted.quantity != stored.quantity:
        check_seats(wanted.quantity, account)
        if status is SubscriptionStatus.SUSPENDED:
            raise Rejected("subscription.suspended-quantity")
    if wanted.auto_renew and stored.is_trial:
        raise Rejected("subscription.not-auto-renewable")
    if status is SubscriptionStatus.ACTIVE and status is not stored.status:
        check_parent(parent)
    after = replace(
        stored,
        quantity=stored.quantity if wanted.quantity is None else wanted.quantity,
        status=status,
        auto_renew=stored.auto_renew if wanted.auto_renew is None else wanted.auto_renew,
        friendly_name=wanted.friendly_name or stored.friendly_name,
        partner_id_on_record=wanted.partner_id_on_record or stored.partner_id_on_record,
    )
    return stored if after == stored else replace(after, revision=stored.revision + 1)


def check_parent(parent: Subscription | None) -> None:
    """Refuse an add-on whose subscription is not active; None: it is no add-on.

    Raises:
        `subscription.parent-not-active`.
    """
    if parent is not None and parent.status is not SubscriptionStatus.ACTIVE:
        raise Rejected("subscription.parent-not-active", subscription=parent.id)


def target_offer(subscription: Subscription) -> str:
    """The one offer that a subscription is offered to be upgraded or converted to: made up, and always the same."""
    return str(uuid5(NAMESPACE_OID, subscription.offer_id.lower()))
