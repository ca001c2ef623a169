"""Subscriptions: the purchases of a customer, and the actions and limits of a change (R10, contract 4.11)."""

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
"""Maximum seats of every offer, as there is no catalogue."""
MOST_SUBSCRIPTIONS = 10_000
"""Maximum subscriptions of a customer with one partner, ended ones included; a setting can change it."""
SANDBOX_SEATS = 25
SANDBOX_SUBSCRIPTIONS = 5
"""Maximum living subscriptions of a sandbox account's customer (contract section 1)."""


class SubscriptionStatus(StrEnum):
    """The status of a subscription."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"
    """Cancelled by the partner, which must cancel once a customer no longer agrees (R40)."""
    EXPIRED = "expired"
    """The commitment ended without a renewal."""

    @property
    def ended(self) -> bool:
        """Whether the status is final."""
        return self in (SubscriptionStatus.DELETED, SubscriptionStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One purchase with a term."""

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
    """The subscription of which this is an add-on."""
    partner_id_on_record: str | None = None
    """The partner network id of the indirect reseller."""
    is_trial: bool = False
    revision: int = 1
    """Number of changes plus one; the etag contains it."""

    def with_status(self, status: SubscriptionStatus) -> "Subscription":
        """Return the subscription with another status, as its next revision."""
        return replace(self, status=status, revision=self.revision + 1)


@dataclass(frozen=True, slots=True)
class SubscriptionChange:
    """A subscription that a client sends back to change it. None: no change."""

    quantity: int | None = None
    status: SubscriptionStatus | None = None
    auto_renew: bool | None = None
    friendly_name: str | None = None
    billing_cycle: BillingCycle | None = None
    partner_id_on_record: str | None = None


def check_seats(quantity: int, account: Account) -> None:
    """Check the seats of a subscription.

    Raises:
        `subscription.quantity-out-of-range`: not between 1 and 100,000.
        `sandbox.limit`: more than a sandbox account allows.
    """
    if not 1 <= quantity <= MOST_SEATS:
        raise Rejected("subscription.quantity-out-of-range", least=1, most=MOST_SEATS)
    if account is Account.SANDBOX and quantity > SANDBOX_SEATS:
        raise Rejected("sandbox.limit")


def actions_of(stored: Subscription, change: SubscriptionChange) -> tuple[Action, ...]:
    """Return the actions of a change (R10, R11, R40): clients send everything back, so only differences count.

    A change of name, auto-renewal or reseller on record needs no decision of the gate.

    Raises:
        `request.invalid-property`: a status that a partner cannot set.
    """
    seats = () if change.quantity in (None, stored.quantity) else (Action.SEAT_CHANGE,)
    if change.status is None or change.status is stored.status:
        return seats
    match change.status:
        case SubscriptionStatus.ACTIVE:
            return (*seats, Action.REACTIVATE)
        case SubscriptionStatus.SUSPENDED:
            return (*seats, Action.SUSPEND)
        case SubscriptionStatus.DELETED:
            return (*seats, Action.CANCEL)
        case SubscriptionStatus.EXPIRED:
            raise Rejected("request.invalid-property", name="status")
        case _:
            assert_never(change.status)


def changed(
    stored: Subscription, change: SubscriptionChange, parent: Subscription | None, account: Account
) -> Subscription:
    """Return the subscription after a change that the gate allowed; `stored` itself when nothing differs.

    Args:
        parent: the subscription of which this is an add-on, if there is one.

    Raises:
        `subscription.ended`: the subscription is deleted or expired.
        `subscription.billing-cycle-fixed`: only a change of the order changes the billing cycle.
        `subscription.quantity-out-of-range`, `sandbox.limit`: see `check_seats`.
        `subscription.suspended-quantity`: the quantity changes with a suspension.
        `subscription.not-auto-renewable`: a trial renews by conversion only.
        `subscription.parent-not-active`: see `check_parent`.
    """
    if stored.status.ended:
        raise Rejected("subscription.ended", subscription=stored.id, status=stored.status)
    if change.billing_cycle not in (None, stored.billing_cycle):
        raise Rejected("subscription.billing-cycle-fixed")
    status = change.status or stored.status
    if change.quantity is not None and change.quantity != stored.quantity:
        check_seats(change.quantity, account)
        if status is SubscriptionStatus.SUSPENDED:
            raise Rejected("subscription.suspended-quantity")
    if change.auto_renew and stored.is_trial:
        raise Rejected("subscription.not-auto-renewable")
    if status is SubscriptionStatus.ACTIVE and status is not stored.status:
        check_parent(parent)
    after = replace(
        stored,
        quantity=stored.quantity if change.quantity is None else change.quantity,
        status=status,
        auto_renew=stored.auto_renew if change.auto_renew is None else change.auto_renew,
        friendly_name=change.friendly_name or stored.friendly_name,
        partner_id_on_record=change.partner_id_on_record or stored.partner_id_on_record,
    )
    return stored if after == stored else replace(after, revision=stored.revision + 1)


def check_parent(parent: Subscription | None) -> None:
    """Check that the subscription of an add-on, if there is one, is active.

    Raises:
        `subscription.parent-not-active`.
    """
    if parent is not None and parent.status is not SubscriptionStatus.ACTIVE:
        raise Rejected("subscription.parent-not-active", subscription=parent.id)


def target_offer(subscription: Subscription) -> str:
    """Return the one made-up offer to which a subscription can be upgraded or converted."""
    return str(uuid5(NAMESPACE_OID, subscription.offer_id.lower()))
