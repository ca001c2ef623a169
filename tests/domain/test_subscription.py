"""What a change of a subscription asks the gate, and what it may not do."""

import pytest

from agreegate.domain.error import ErrorCode
from agreegate.domain.orders.subscription import (
    Subscription,
    SubscriptionChange,
    SubscriptionId,
    SubscriptionStatus,
    actions_of,
    changed,
    target_offer,
)
from agreegate.domain.orders.term import BillingCycle
from agreegate.domain.orders.transaction import Action
from agreegate.domain.partner import Account
from tests.domain.drafts import ACTIVE, DELETED, EXPIRED, SUSPENDED, subscription
from tests.rejection import rejected

WHOLE = SubscriptionChange(5, ACTIVE, True, "Office", BillingCycle.MONTHLY, None)
"""What a client that read `subscription()` sends back."""


@pytest.mark.rule("R10", "R11", "R12", "R40")
@pytest.mark.parametrize(
    ("stored", "requested", "actions"),
    [
        (subscription(), WHOLE, ()),
        (subscription(), SubscriptionChange(), ()),
        (subscription(), SubscriptionChange(quantity=6), (Action.SEAT_CHANGE,)),
        (subscription(), SubscriptionChange(quantity=4), (Action.SEAT_CHANGE,)),
        (subscription(), SubscriptionChange(quantity=0), (Action.SEAT_CHANGE,)),
        (subscription(), SubscriptionChange(status=SUSPENDED), (Action.SUSPEND,)),
        (subscription(), SubscriptionChange(status=DELETED), (Action.CANCEL,)),
        (subscription(status=SUSPENDED), SubscriptionChange(status=DELETED), (Action.CANCEL,)),
        (subscription(status=SUSPENDED), SubscriptionChange(status=ACTIVE), (Action.REACTIVATE,)),
        (subscription(status=SUSPENDED), SubscriptionChange(6, ACTIVE), (Action.SEAT_CHANGE, Action.REACTIVATE)),
        (subscription(), SubscriptionChange(auto_renew=False), ()),
        (subscription(), SubscriptionChange(friendly_name="New"), ()),
        (subscription(), SubscriptionChange(partner_id_on_record="1000002"), ()),
        (subscription(), SubscriptionChange(6, friendly_name="New"), (Action.SEAT_CHANGE,)),
        (subscription(status=EXPIRED), SubscriptionChange(status=EXPIRED), ()),
    ],
)
def test_only_differences_ask_the_gate(
    stored: Subscription, requested: SubscriptionChange, actions: tuple[Action, ...]
) -> None:
    assert actions_of(stored, requested) == actions


def test_nobody_makes_a_subscription_expire() -> None:
    with rejected("request.invalid-property"):
        actions_of(subscription(), SubscriptionChange(status=EXPIRED))


@pytest.mark.parametrize(
    ("stored", "requested", "account", "error"),
    [
        (subscription(), SubscriptionChange(quantity=0), "production", "subscription.quantity-out-of-range"),
        (subscription(), SubscriptionChange(quantity=-1), "production", "subscription.quantity-out-of-range"),
        (subscription(), SubscriptionChange(quantity=100_001), "production", "subscription.quantity-out-of-range"),
        (subscription(), SubscriptionChange(quantity=26), "sandbox", "sandbox.limit"),
        (subscription(), SubscriptionChange(quantity=100_001), "sandbox", "subscription.quantity-out-of-range"),
        (subscription(status=SUSPENDED), SubscriptionChange(quantity=6), "production", "subscription.suspended-quantity"),
        (subscription(), SubscriptionChange(6, SUSPENDED), "production", "subscription.suspended-quantity"),
        (subscription(status=DELETED), SubscriptionChange(friendly_name="New"), "production", "subscription.ended"),
        (subscription(status=DELETED), SubscriptionChange(status=ACTIVE), "production", "subscription.ended"),
        (subscription(status=EXPIRED), SubscriptionChange(status=ACTIVE), "production", "subscription.ended"),
        (subscription(), SubscriptionChange(billing_cycle=BillingCycle.ANNUAL), "production", "subscription.billing-cycle-fixed"),
        (subscription(is_trial=True, auto_renew=False), SubscriptionChange(auto_renew=True), "production",
         "subscription.not-auto-renewable"),
    ],
)  # fmt: skip
def test_what_a_change_may_not_do(
    stored: Subscription, requested: SubscriptionChange, account: str, error: ErrorCode
) -> None:
    with rejected(error):
        changed(stored, requested, None, Account(account))


def test_an_unchanged_subscription_stays_the_very_same() -> None:
    assert changed(subscription(), WHOLE, None, Account.PRODUCTION) == subscription()


def test_a_change_counts_once_and_keeps_the_rest() -> None:
    requested = SubscriptionChange(100_000, SUSPENDED, False, "New", BillingCycle.MONTHLY, "1000002")
    stored = subscription(quantity=100_000)
    assert changed(stored, requested, None, Account.PRODUCTION) == subscription(
        quantity=100_000,
        status=SUSPENDED,
        auto_renew=False,
        friendly_name="New",
        partner_id_on_record="1000002",
        revision=2,
    )


def test_seats_may_change_while_it_comes_back() -> None:
    after = changed(subscription(status=SUSPENDED), SubscriptionChange(25, ACTIVE), None, Account.SANDBOX)
    assert (after.quantity, after.status) == (25, ACTIVE)


@pytest.mark.parametrize("status", [SUSPENDED, DELETED, EXPIRED])
def test_an_addon_comes_back_only_to_an_active_subscription(status: SubscriptionStatus) -> None:
    addon = subscription(status=SUSPENDED, parent_id=SubscriptionId("p"))
    with rejected("subscription.parent-not-active"):
        changed(addon, SubscriptionChange(status=ACTIVE), subscription(status=status), Account.PRODUCTION)
    back = changed(addon, SubscriptionChange(status=ACTIVE), subscription(), Account.PRODUCTION)
    assert back.status is ACTIVE


def test_an_addon_can_be_renamed_whatever_its_subscription_does() -> None:
    addon = subscription(parent_id=SubscriptionId("p"))
    after = changed(addon, SubscriptionChange(friendly_name="N"), subscription(status=DELETED), Account.PRODUCTION)
    assert after.friendly_name == "N"


def test_the_offer_to_change_to_is_always_the_same() -> None:
    upper, lower = subscription(), subscription(offer_id=subscription().offer_id.lower())
    assert target_offer(upper) == target_offer(lower) != upper.offer_id.lower()
