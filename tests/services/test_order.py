"""An order, its lines, its subscriptions, its decision and its audit record stand or fall together."""

import json
from typing import Any

import pytest

from agreegate.domain.error import ErrorCode
from agreegate.domain.orders.order import LineDraft, Order, OrderChange, OrderDraft
from agreegate.domain.orders.subscription import SubscriptionChange, SubscriptionId, SubscriptionStatus
from agreegate.domain.orders.term import BillingCycle, TermDuration
from agreegate.services.confirmation import confirm
from agreegate.services.customers.customer import create_customer
from agreegate.services.gate import Denial
from agreegate.services.orders.order import change_order, list_orders, place_order, show_order
from agreegate.services.orders.subscription import change_subscription
from tests import personas as cast
from tests.domain.drafts import CUSTOMER
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.rejection import rejected
from tests.world import API_ENFORCED

OFFER = "BD938F12-058F-4927-BBA3-AE36B1D2501C"
TABLES = ("order_", "order_line", "subscription", "audit_record", "renewal")


@pytest.fixture
def memory() -> Memory:
    return Memory()


def line(number: int = 0, **changes: Any) -> LineDraft:
    members: dict[str, Any] = {"number": number, "offer_id": OFFER, "quantity": 5}
    return LineDraft(**members | changes)


async def place(
    memory: Memory, *lines: LineDraft, number: int = 1, customer: str = cast.CEDAR, partner: str = cast.ALDER
) -> Order | Denial:
    actor = await memory.actor(partner, cast.ALDER_SALES)
    return await memory.do(place_order, call(actor, number), PROGRAMME, customer, OrderDraft(lines))


async def patch(memory: Memory, order: Order, number: int, **change: Any) -> Order | Denial:
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    return await memory.do(
        change_order, call(actor, number), PROGRAMME, order.customer_id, order.id, OrderChange(**change)
    )


async def counts(memory: Memory) -> list[int]:
    return [(await memory.rows(f"select count(*) from {table}"))[0][0] for table in TABLES]


async def test_an_order_is_kept_with_everything_that_follows(memory: Memory) -> None:
    order = await place(memory, line(), line(1, quantity=2))
    assert isinstance(order, Order)
    assert await counts(memory) == [1, 2, 2, 1, 0]
    actor = await memory.actor(cast.ALDER)
    assert await memory.do(show_order, actor, cast.CEDAR, order.id) == order
    assert await memory.do(list_orders, actor, cast.CEDAR) == [order]
    [(verdict, action, advisories)] = await memory.rows("select verdict, action, advisories from decision")
    assert (verdict, action) == ("allow", "new_purchase")
    assert "enforcement.upcoming" in advisories
    [(operation, resource, user, old, new)] = await memory.rows(
        "select operation_type, resource_id, user_id, resource_old_value, resource_new_value from audit_record"
    )
    assert (operation, resource, user, old) == ("create_order", order.id, cast.ALDER_SALES, None)
    assert json.loads(new)["lines"][1]["quantity"] == 2


@pytest.mark.rule("R4", "R7", "R39")
async def test_a_refused_order_leaves_its_decision_and_nothing_else(memory: Memory) -> None:
    memory.clock.now = API_ENFORCED
    refused = await place(memory, line(), line(1, renews_to=TermDuration.YEAR))
    assert isinstance(refused, Denial)
    assert await counts(memory) == [0, 0, 0, 0, 0]
    rows = await memory.rows("select action, verdict, subject_id from decision order by action")
    assert rows == [("new_purchase", "deny", None), ("renewal", "deny", None)]


@pytest.mark.rule("R7")
async def test_after_the_confirmation_the_same_order_passes(memory: Memory) -> None:
    memory.clock.now = API_ENFORCED
    assert isinstance(await place(memory, line()), Denial)
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    await memory.do(confirm, call(actor, 2), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    assert isinstance(await place(memory, line()), Order)
    assert await memory.rows("select verdict from decision order by verdict") == [("allow",), ("deny",)]


async def test_a_repeated_denial_adds_no_row(memory: Memory) -> None:
    memory.clock.now = API_ENFORCED
    first, second = await place(memory, line()), await place(memory, line())
    assert isinstance(first, Denial)
    assert isinstance(second, Denial)
    assert first.id == second.id
    assert await memory.rows("select count(*) from decision") == [(1,)]


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([line(quantity=0)], "subscription.quantity-out-of-range"),
        ([line(), line(1, quantity=100_001)], "subscription.quantity-out-of-range"),
        ([line(partner_id_on_record="1000003")], "request.invalid-property"),
        ([line(), line(1, parent_id=SubscriptionId(cast.NOBODY))], "subscription.not-found"),
        (
            [line(), line(1, renews_to=TermDuration.YEAR, subscription_id=SubscriptionId(cast.NOBODY))],
            "subscription.not-found",
        ),
    ],
)
async def test_an_order_that_breaks_a_rule_leaves_nothing(
    memory: Memory, lines: list[LineDraft], error: ErrorCode
) -> None:
    with rejected(error):
        await place(memory, *lines)
    assert await counts(memory) == [0, 0, 0, 0, 0]
    assert await memory.rows("select * from decision") == []


@pytest.mark.rule("R6")
async def test_the_gate_comes_before_the_limits(memory: Memory) -> None:
    memory.clock.now = API_ENFORCED
    assert isinstance(await place(memory, line(quantity=0)), Denial)


async def test_an_order_through_a_linked_reseller_names_it(memory: Memory) -> None:
    order = await place(memory, line(partner_id_on_record="1000002"))
    assert isinstance(order, Order)
    assert order.lines[0].partner_id_on_record == "1000002"
    assert await memory.rows("select partner_id_on_record from subscription") == [("1000002",)]


async def test_an_addon_is_bought_with_the_order_of_its_subscription(memory: Memory) -> None:
    order = await place(memory, line())
    assert isinstance(order, Order)
    base = order.lines[0].subscription_id
    after = await patch(memory, order, 2, lines=(line(parent_id=base, quantity=2),))
    assert isinstance(after, Order)
    assert [(one.number, one.quantity, one.parent_id) for one in after.lines] == [(0, 5, None), (1, 2, base)]
    assert await memory.do(show_order, await memory.actor(cast.ALDER), cast.CEDAR, order.id) == after
    assert ("add_on", order.id) in await memory.rows("select action, subject_id from decision")


async def test_the_whole_order_may_be_sent_back_with_the_addon(memory: Memory) -> None:
    order = await place(memory, line())
    assert isinstance(order, Order)
    base = order.lines[0].subscription_id
    after = await patch(memory, order, 2, lines=(line(0, subscription_id=base), line(1, parent_id=base)))
    assert isinstance(after, Order)
    assert len(after.lines) == 2


async def test_an_order_sent_back_unchanged_asks_nothing(memory: Memory) -> None:
    order = await place(memory, line())
    assert isinstance(order, Order)
    memory.clock.now = API_ENFORCED
    same = line(0, subscription_id=order.lines[0].subscription_id)
    assert await patch(memory, order, 2, lines=(same,), billing_cycle=BillingCycle.MONTHLY) == order
    assert await memory.rows("select count(*) from decision") == [(1,)]


@pytest.mark.rule("R9")
@pytest.mark.parametrize("change", ["addon", "billing"])
async def test_changes_of_an_order_that_cost_money_are_gated(memory: Memory, change: str) -> None:
    order = await place(memory, line())
    assert isinstance(order, Order)
    memory.clock.now = API_ENFORCED
    requested: dict[str, Any] = (
        {"lines": (line(parent_id=order.lines[0].subscription_id),)}
        if change == "addon"
        else {"billing_cycle": BillingCycle.ANNUAL}
    )
    before = await counts(memory)
    assert isinstance(await patch(memory, order, 2, **requested), Denial)
    assert await counts(memory) == before
    assert await memory.do(show_order, await memory.actor(cast.ALDER), cast.CEDAR, order.id) == order


async def test_the_billing_cycle_changes_with_the_order(memory: Memory) -> None:
    order = await place(memory, line())
    assert isinstance(order, Order)
    after = await patch(memory, order, 2, billing_cycle=BillingCycle.ANNUAL)
    assert isinstance(after, Order)
    assert after.billing_cycle is BillingCycle.ANNUAL
    assert await memory.rows("select billing_cycle, revision from subscription") == [("annual", 2)]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"lines": (line(),)}, "request.invalid-property"),
        ({"lines": (line(subscription_id=SubscriptionId(cast.NOBODY)),)}, "request.invalid-property"),
        ({"lines": (line(parent_id=SubscriptionId(cast.NOBODY)),)}, "subscription.not-found"),
        ({"cancelled": True}, "access.action-not-allowed"),
    ],
)
async def test_what_a_change_of_an_order_may_not_do(memory: Memory, change: dict[str, Any], error: ErrorCode) -> None:
    order = await place(memory, line())
    assert isinstance(order, Order)
    with rejected(error):
        await patch(memory, order, 2, **change)


async def test_no_addon_for_a_suspended_subscription(memory: Memory) -> None:
    order = await place(memory, line())
    assert isinstance(order, Order)
    base = order.lines[0].subscription_id
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    requested = SubscriptionChange(status=SubscriptionStatus.SUSPENDED)
    await memory.do(change_subscription, call(actor, 2), PROGRAMME, cast.CEDAR, base, requested, ())
    with rejected("subscription.parent-not-active"):
        await patch(memory, order, 3, lines=(line(parent_id=base),))


class Sandbox:
    """Maple, with a customer of its own."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.customer = ""

    async def open(self) -> "Sandbox":
        self.actor = await self.memory.actor(cast.MAPLE, cast.MAPLE_ADMIN)
        made = await self.memory.do(create_customer, call(self.actor, 900), CUSTOMER, None)
        self.customer = made.customer.id
        return self

    async def place(self, number: int, *lines: LineDraft) -> Order:
        order = await self.memory.do(place_order, call(self.actor, number), PROGRAMME, self.customer, OrderDraft(lines))
        assert isinstance(order, Order)
        return order

    async def cancel(self, number: int, order: Order) -> Order | Denial:
        return await self.memory.do(
            change_order, call(self.actor, number), PROGRAMME, self.customer, order.id, OrderChange(cancelled=True)
        )


async def test_a_sandbox_holds_five_subscriptions_of_25_licences(memory: Memory) -> None:
    sandbox = await Sandbox(memory).open()
    with rejected("sandbox.limit"):
        await sandbox.place(1, line(quantity=26))
    with rejected("sandbox.limit"):
        await sandbox.place(2, *(line(number) for number in range(6)))
    order = await sandbox.place(3, *(line(number, quantity=25) for number in range(5)))
    with rejected("sandbox.limit"):
        await sandbox.place(4, line())
    await sandbox.cancel(5, order)
    await sandbox.place(6, line())


@pytest.mark.rule("R40")
async def test_a_sandbox_order_is_cancelled_without_a_confirmation(memory: Memory) -> None:
    sandbox = await Sandbox(memory).open()
    order = await sandbox.place(1, line())
    memory.clock.now = API_ENFORCED
    cancelled = await sandbox.cancel(2, order)
    assert isinstance(cancelled, Order)
    assert cancelled.status == "cancelled"
    assert await memory.rows("select status from subscription") == [("deleted",)]
    assert await sandbox.cancel(3, order) == cancelled
    assert ("cancel", "allow") in await memory.rows("select action, verdict from decision")
    actor = sandbox.actor
    await memory.do(confirm, call(actor, 4), PROGRAMME, sandbox.customer, DRAFT_CONFIRMATION)
    change = OrderChange(billing_cycle=BillingCycle.ANNUAL)
    with rejected("order.not-processable"):
        await memory.do(change_order, call(actor, 5), PROGRAMME, sandbox.customer, order.id, change)
