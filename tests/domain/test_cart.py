"""What is wrong with a cart's line stands with the line; the rest makes orders."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agreegate.domain.error import ErrorCode
from agreegate.domain.orders.cart import (
    Cart,
    CartId,
    CartLine,
    CartStatus,
    Known,
    LineError,
    check_shape,
    checked,
    orders_of,
)
from agreegate.domain.orders.order import actions_of
from agreegate.domain.orders.term import BillingCycle, TermDuration
from agreegate.domain.orders.transaction import Action
from agreegate.domain.partner import Account
from tests.rejection import rejected

NOW = datetime(2019, 3, 22, tzinfo=UTC)
ITEM = "DG7GMGF0DWTL:0001:DG7GMGF0DSJB"
HELD = "1c2b75c1-74a5-472a-a729-7f8cefc477f9"
KNOWN = Known(Account.PRODUCTION, frozenset({"1000002"}), frozenset({HELD}), None)
SANDBOX = Known(Account.SANDBOX, frozenset(), frozenset(), 2)


def line(id_: int = 0, **changes: Any) -> CartLine:
    members: dict[str, Any] = {"id": id_, "catalog_item_id": ITEM, "quantity": 1}
    return CartLine(**members | changes)


def cart(*lines: CartLine) -> Cart:
    return Cart(CartId("cart"), "c", CartStatus.ACTIVE, checked(lines, KNOWN), NOW, NOW, "u")


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([], "request.invalid-property"),
        ([line(number) for number in range(501)], "request.invalid-property"),
        ([line(1)], "order.line-numbers"),
        ([line(0), line(0)], "order.line-numbers"),
        ([line(0, addons=(line(0),))], "order.line-numbers"),
        ([line(0, addons=(line(1, addons=(line(2),)),))], "request.invalid-property"),
        ([line(quantity=0)], "subscription.quantity-out-of-range"),
        ([line(quantity=100_001)], "subscription.quantity-out-of-range"),
        ([line(0, addons=(line(1, quantity=0),))], "subscription.quantity-out-of-range"),
        ([line(friendly_name="\x07")], "request.invalid-property"),
    ],
)
def test_carts_that_do_not_say_what_is_to_be_bought(lines: list[CartLine], error: ErrorCode) -> None:
    with rejected(error):
        check_shape(lines)


def test_addons_are_counted_with_the_lines() -> None:
    check_shape([line(0, addons=(line(1), line(2))), line(3)])


@pytest.mark.parametrize(
    ("given", "known", "error"),
    [
        (line(), KNOWN, None),
        (line(catalog_item_id="nonsense"), KNOWN, LineError.CATALOG_ITEM),
        (line(currency_code="XX"), KNOWN, LineError.CURRENCY),
        (line(participants=(("transaction_reseller", "1000002"),)), KNOWN, None),
        (line(participants=(("transaction_reseller", "1000003"),)), KNOWN, LineError.PARTICIPANT),
        (line(participants=(("transaction_reseller", "1000002"),) * 2), KNOWN, LineError.INPUT),
        (line(provisioning_context={"ParentSubscriptionId": HELD.upper()}), KNOWN, None),
        (line(provisioning_context={"parentSubscriptionId": "nobody"}), KNOWN, LineError.SUBSCRIPTION),
        (line(provisioning_context={"parentSubscriptionId": ITEM}), KNOWN, LineError.SUBSCRIPTION),
        (line(quantity=25), SANDBOX, None),
        (line(quantity=26), SANDBOX, LineError.SANDBOX),
        (line(), replace(SANDBOX, places=0), LineError.SANDBOX),
    ],
)
def test_what_is_wrong_with_a_line(given: CartLine, known: Known, error: LineError | None) -> None:
    [found] = checked([given], known)
    assert found.error is error


def test_a_sandbox_cart_says_which_lines_are_too_many() -> None:
    found = checked([line(0, addons=(line(1),)), line(2)], SANDBOX)
    assert [found[0].error, found[0].addons[0].error, found[1].error] == [None, None, LineError.SANDBOX]


def test_lines_of_one_billing_cycle_and_currency_are_grouped_unless_the_client_said_how() -> None:
    annual, euro = BillingCycle.ANNUAL, "EUR"
    found = checked(
        [line(0), line(1, billing_cycle=annual), line(2), line(3, currency_code=euro), line(4, order_group="mine")],
        KNOWN,
    )
    assert [one.order_group for one in found] == ["0", "1", "0", "2", "mine"]


@pytest.mark.rule("R9")
def test_each_group_becomes_an_order_and_addons_follow_their_line() -> None:
    first, second, third = orders_of(
        cart(
            line(0, addons=(line(1, quantity=2),)),
            line(2, billing_cycle=BillingCycle.ANNUAL, term=TermDuration.MONTH),
            line(3, participants=(("transaction_reseller", "1000002"),)),
            line(4, order_group="0", billing_cycle=BillingCycle.ONE_TIME),
        )
    )
    assert [(one.number, one.quantity, one.parent_line) for one in first.lines] == [
        (0, 1, None),
        (1, 2, 0),
        (2, 1, None),
    ]
    assert first.lines[2].partner_id_on_record == "1000002"
    assert (second.billing_cycle, second.lines[0].term) == (BillingCycle.ANNUAL, TermDuration.MONTH)
    assert third.billing_cycle is BillingCycle.ONE_TIME
    assert actions_of(first.lines) == (Action.NEW_PURCHASE, Action.ADD_ON)


def test_an_addon_to_what_the_customer_has_is_an_addon_to_the_gate() -> None:
    [order] = orders_of(cart(line(provisioning_context={"ParentSubscriptionId": HELD.upper()})))
    assert order.lines[0].parent_id == HELD
    assert actions_of(order.lines) == (Action.ADD_ON,)


@pytest.mark.parametrize(
    ("after", "gone"),
    [(timedelta(0), False), (timedelta(minutes=14, seconds=59), False), (timedelta(minutes=15), True)],
)
def test_a_cart_lasts_fifteen_minutes(after: timedelta, gone: bool) -> None:
    assert cart(line()).gone(NOW + after) is gone
    assert not replace(cart(line()), status=CartStatus.ORDERED).gone(NOW + after)
