"""A cart is put together freely and bought as a whole through the gate (R7, contract 4.10)."""

from datetime import timedelta
from typing import Any

import pytest

from agreegate.domain.orders.cart import Cart, CartLine, CartStatus, LineError
from agreegate.domain.orders.order import Order
from agreegate.domain.orders.subscription import SubscriptionChange, SubscriptionStatus
from agreegate.domain.orders.term import BillingCycle, TermDuration
from agreegate.services.confirmation import confirm
from agreegate.services.gate import Denial
from agreegate.services.orders.cart import check_out, create_cart, replace_lines, show_cart
from agreegate.services.orders.subscription import change_subscription
from agreegate.storage.orders.cart import forget_carts
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.rejection import rejected
from tests.world import API_ENFORCED

ITEM = "DG7GMGF0DWTL:0001:DG7GMGF0DSJB"


@pytest.fixture
def memory() -> Memory:
    return Memory()


def line(id_: int = 0, **changes: Any) -> CartLine:
    members: dict[str, Any] = {"id": id_, "catalog_item_id": ITEM, "quantity": 3}
    return CartLine(**members | changes)


FULL = (
    line(0, friendly_name="Base", addons=(line(1, quantity=1),), renews_to=TermDuration.MONTH),
    line(2, billing_cycle=BillingCycle.ANNUAL, participants=(("transaction_reseller", "1000002"),)),
    line(3, provisioning_context={"scope": "shared"}, term=TermDuration.MONTH),
)


async def begin(memory: Memory, *lines: CartLine, customer: str = cast.CEDAR) -> Cart:
    return await memory.do(create_cart, await memory.actor(cast.ALDER, cast.ALDER_SALES), customer, lines)


async def read(memory: Memory, cart: Cart) -> Cart:
    return await memory.do(show_cart, await memory.actor(cast.ALDER), cast.CEDAR, cart.id)


async def buy(memory: Memory, cart: Cart, number: int = 1) -> tuple[Order, ...] | Denial:
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    return await memory.do(check_out, call(actor, number), PROGRAMME, cast.CEDAR, cart.id)


async def test_a_cart_reads_back_as_it_was_made(memory: Memory) -> None:
    cart = await begin(memory, *FULL)
    assert await read(memory, cart) == cart
    assert (cart.status, cart.modified_by) == (CartStatus.ACTIVE, cast.ALDER_SALES)
    assert [one.order_group for one in cart.lines] == ["0", "1", "0"]


@pytest.mark.rule("R12")
async def test_nothing_asks_the_gate_before_checkout(memory: Memory) -> None:
    memory.clock.now = API_ENFORCED
    cart = await begin(memory, *FULL)
    actor = await memory.actor(cast.ALDER)
    await memory.do(replace_lines, actor, cast.CEDAR, cart.id, (line(),))
    assert await memory.rows("select * from decision") == []


async def test_checkout_makes_an_order_for_each_group(memory: Memory) -> None:
    cart = await begin(memory, *FULL)
    orders = await buy(memory, cart)
    assert not isinstance(orders, Denial)
    monthly, annual = orders
    assert [one.quantity for one in monthly.lines] == [3, 1, 3]
    assert monthly.lines[1].parent_id == monthly.lines[0].subscription_id
    assert monthly.lines[0].renews_to is TermDuration.MONTH
    assert (annual.billing_cycle, annual.lines[0].partner_id_on_record) == (BillingCycle.ANNUAL, "1000002")
    assert (await read(memory, cart)).status is CartStatus.ORDERED
    assert await memory.rows("select count(*) from order_") == [(2,)]
    assert await memory.rows("select count(*) from subscription") == [(4,)]
    assert await memory.rows("select operation_type from audit_record") == [("create_order",)] * 2
    actions = await memory.rows("select action, verdict, subject_id from decision order by action")
    assert actions == [(name, "allow", cart.id) for name in ("add_on", "new_purchase", "renewal")]


@pytest.mark.rule("R4", "R7")
async def test_a_refused_checkout_leaves_the_cart_as_it_was(memory: Memory) -> None:
    memory.clock.now = API_ENFORCED
    cart = await begin(memory, *FULL)
    assert isinstance(await buy(memory, cart), Denial)
    assert await read(memory, cart) == cart
    assert await memory.rows("select * from order_") == []
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    await memory.do(confirm, call(actor, 2), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    assert not isinstance(await buy(memory, cart), Denial)


async def test_a_cart_is_bought_once(memory: Memory) -> None:
    cart = await begin(memory, line())
    await buy(memory, cart)
    with rejected("cart.submitted"):
        await buy(memory, cart, 2)
    with rejected("cart.submitted"):
        await memory.do(replace_lines, await memory.actor(cast.ALDER), cast.CEDAR, cart.id, (line(),))
    assert await memory.rows("select count(*) from order_") == [(1,)]


async def test_a_faulty_line_stops_the_checkout_until_it_is_put_right(memory: Memory) -> None:
    cart = await begin(memory, line(), line(1, catalog_item_id="nonsense"))
    assert [one.error for one in cart.lines] == [None, LineError.CATALOG_ITEM]
    with rejected("cart.faulty"):
        await buy(memory, cart)
    assert await memory.rows("select * from order_") == []
    right = await memory.do(
        replace_lines, await memory.actor(cast.ALDER), cast.CEDAR, cart.id, (line(), line(1, order_group="x"))
    )
    assert [one.error for one in right.lines] == [None, None]
    orders = await buy(memory, cart, 2)
    assert not isinstance(orders, Denial)
    assert len(orders) == 2


async def test_what_was_right_may_be_wrong_at_checkout(memory: Memory) -> None:
    bought = await buy(memory, await begin(memory, line()))
    assert not isinstance(bought, Denial)
    base = bought[0].lines[0].subscription_id
    cart = await begin(memory, line(provisioning_context={"ParentSubscriptionId": base}))
    assert not cart.faulty
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    requested = SubscriptionChange(status=SubscriptionStatus.SUSPENDED)
    await memory.do(change_subscription, call(actor, 2), PROGRAMME, cast.CEDAR, base, requested, ())
    with rejected("cart.faulty"):
        await buy(memory, cart, 3)


async def test_after_fifteen_minutes_it_is_gone_unless_it_was_bought(memory: Memory) -> None:
    left, bought = await begin(memory, line()), await begin(memory, line())
    await buy(memory, bought)
    memory.clock.now += timedelta(minutes=15)
    with rejected("cart.not-found"):
        await read(memory, left)
    with rejected("cart.not-found"):
        await buy(memory, left, 2)
    assert (await read(memory, bought)).status is CartStatus.ORDERED
    assert await memory.do(lambda uow: forget_carts(uow, 100)) == 1
    assert await memory.rows("select cart_id from cart") == [(bought.id,)]


async def test_changing_a_cart_does_not_prolong_it(memory: Memory) -> None:
    cart = await begin(memory, line())
    memory.clock.now += timedelta(minutes=14)
    changed = await memory.do(replace_lines, await memory.actor(cast.ALDER), cast.CEDAR, cart.id, (line(),))
    assert (changed.expires_at, changed.modified_at) == (cart.expires_at, memory.clock.now)
