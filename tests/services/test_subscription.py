"""Seats, suspensions, trials and upgrades: what is let through, what is kept, and what is not."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from agreegate.domain.orders.order import LineDraft, Order, OrderDraft
from agreegate.domain.orders.subscription import Subscription, SubscriptionChange, SubscriptionId, SubscriptionStatus
from agreegate.domain.orders.term import BillingCycle
from agreegate.services.confirmation import confirm
from agreegate.services.gate import Denial
from agreegate.services.orders.order import place_order
from agreegate.services.orders.subscription import (
    change_subscription,
    convert_trial,
    list_addons,
    list_subscriptions,
    show_subscription,
    upgrade,
)
from agreegate.services.standing import record_no_longer_agrees
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.rejection import rejected
from tests.world import API_ENFORCED

OFFER = "BD938F12-058F-4927-BBA3-AE36B1D2501C"
TARGET = "796B6B5F-613C-4E24-A17C-EBA730D49C02"
ACTIVE, SUSPENDED, DELETED, EXPIRED = SubscriptionStatus


@pytest.fixture
def memory() -> Memory:
    return Memory()


async def buy(memory: Memory, number: int = 1, **changes: Any) -> SubscriptionId:
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    draft = OrderDraft((LineDraft(0, OFFER, 5, **changes),))
    order = await memory.do(place_order, call(actor, number), PROGRAMME, cast.CEDAR, draft)
    assert isinstance(order, Order)
    return order.lines[0].subscription_id


async def change(
    memory: Memory, id_: str, number: int = 2, revisions: Sequence[int] = (), **requested: Any
) -> Subscription | Denial:
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    return await memory.do(
        change_subscription, call(actor, number), PROGRAMME, cast.CEDAR, id_, SubscriptionChange(**requested), revisions
    )


async def convert(memory: Memory, id_: str, offer: str = TARGET, **said: Any) -> Any:
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    given = {"quantity": None, "billing_cycle": None} | said
    return await memory.do(
        convert_trial, call(actor, 5), PROGRAMME, cast.CEDAR, id_, offer, given["quantity"], given["billing_cycle"]
    )


async def upgraded(memory: Memory, id_: str, offer: str = TARGET, quantity: int | None = None) -> Any:
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    return await memory.do(upgrade, call(actor, 6), PROGRAMME, cast.CEDAR, id_, offer, quantity)


async def read(memory: Memory, id_: str) -> Subscription:
    return await memory.do(show_subscription, await memory.actor(cast.ALDER), cast.CEDAR, id_)


async def confirmed(memory: Memory) -> None:
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    await memory.do(confirm, call(actor, 800), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)


@pytest.mark.rule("R7", "R10")
@pytest.mark.parametrize("quantity", [4, 6])
async def test_a_seat_change_with_a_new_name_is_refused_whole(memory: Memory, quantity: int) -> None:
    id_ = await buy(memory)
    stored = await read(memory, id_)
    memory.clock.now = API_ENFORCED
    refused = await change(memory, id_, quantity=quantity, friendly_name="New", auto_renew=False)
    assert isinstance(refused, Denial)
    assert await read(memory, id_) == stored
    assert ("seat_change", "deny", id_) in await memory.rows("select action, verdict, subject_id from decision")
    await confirmed(memory)
    after = await change(memory, id_, quantity=quantity, friendly_name="New", auto_renew=False)
    assert isinstance(after, Subscription)
    assert (after.quantity, after.friendly_name, after.auto_renew) == (quantity, "New", False)


@pytest.mark.rule("R11", "R12", "R40")
@pytest.mark.parametrize(
    "requested",
    [
        {"quantity": 5, "friendly_name": "New"},
        {"auto_renew": False},
        {"partner_id_on_record": "1000002"},
        {"status": SUSPENDED},
        {"status": DELETED},
    ],
)
async def test_what_needs_no_confirmation(memory: Memory, requested: dict[str, Any]) -> None:
    id_ = await buy(memory)
    memory.clock.now = API_ENFORCED
    after = await change(memory, id_, **requested)
    assert isinstance(after, Subscription)
    assert after.revision == 2
    assert await read(memory, id_) == after


@pytest.mark.rule("R40", "R47")
async def test_after_no_longer_agrees_it_can_be_suspended_and_cancelled_but_not_reactivated(memory: Memory) -> None:
    id_ = await buy(memory)
    await confirmed(memory)
    await change(memory, id_, 2, status=SUSPENDED)
    assert isinstance(await change(memory, id_, 3, status=ACTIVE), Subscription)
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    await memory.do(record_no_longer_agrees, call(actor, 4), PROGRAMME, cast.CEDAR, "said so")
    assert isinstance(await change(memory, id_, 5, status=SUSPENDED), Subscription)
    refused = await change(memory, id_, 6, status=ACTIVE)
    assert isinstance(refused, Denial)
    assert [reason.code for reason in refused.reasons] == ["confirmation.ended"]
    assert (await read(memory, id_)).status is SUSPENDED
    cancelled = await change(memory, id_, 7, status=DELETED)
    assert isinstance(cancelled, Subscription)
    assert cancelled.status is DELETED


async def test_reactivating_without_a_confirmation_is_not_denied(memory: Memory) -> None:
    id_ = await buy(memory)
    memory.clock.now = API_ENFORCED
    await change(memory, id_, 2, status=SUSPENDED)
    assert isinstance(await change(memory, id_, 3, status=ACTIVE), Subscription)


async def test_the_checks_come_in_the_contracts_order(memory: Memory) -> None:
    """Shape, etag, gate, limits: each of these changes breaks every rule after the one that answers."""
    id_ = await buy(memory)
    memory.clock.now = API_ENFORCED
    bad: dict[str, Any] = {"quantity": 0, "billing_cycle": BillingCycle.ANNUAL}
    with rejected("request.invalid-property"):
        await change(memory, id_, revisions=(7,), friendly_name="\x01", **bad)
    with rejected("request.invalid-property"):
        await change(memory, id_, revisions=(7,), status=EXPIRED, **bad)
    with rejected("request.etag-stale"):
        await change(memory, id_, revisions=(1, 7), **bad)
    assert isinstance(await change(memory, id_, revisions=(1,), **bad), Denial)
    await confirmed(memory)
    with rejected("subscription.quantity-out-of-range"):
        await change(memory, id_, revisions=(1,), quantity=0)


async def test_an_unchanged_subscription_leaves_no_trace(memory: Memory) -> None:
    id_ = await buy(memory)
    stored = await read(memory, id_)
    memory.clock.now = API_ENFORCED
    same = await change(memory, id_, quantity=5, status=ACTIVE, auto_renew=True, friendly_name=stored.friendly_name)
    assert same == stored
    assert await memory.rows("select operation_type from audit_record") == [("create_order",)]
    assert await memory.rows("select count(*) from decision") == [(1,)]


async def test_a_change_is_audited_with_before_and_after_and_names_nobody(memory: Memory) -> None:
    id_ = await buy(memory, friendly_name="Noa Berg's seats")
    await change(memory, id_, quantity=7, friendly_name="Noa Berg's own")
    [(old, new)] = await memory.rows(
        "select resource_old_value, resource_new_value from audit_record where operation_type = 'update_subscription'"
    )
    assert (json.loads(old)["quantity"], json.loads(new)["quantity"]) == (5, 7)
    assert "Noa" not in repr(await memory.rows("select * from audit_record"))


async def test_addons_are_listed_and_follow_their_subscription(memory: Memory) -> None:
    base = await buy(memory)
    addon = await buy(memory, 2, parent_id=base)
    actor = await memory.actor(cast.ALDER)
    assert [one.id for one in await memory.do(list_addons, actor, cast.CEDAR, base)] == [addon]
    assert await memory.do(list_addons, actor, cast.CEDAR, addon) == []
    await change(memory, base, 3, status=SUSPENDED)
    assert (await read(memory, addon)).status is SUSPENDED
    await change(memory, base, 4, status=ACTIVE)
    assert (await read(memory, addon)).status is SUSPENDED
    await change(memory, addon, 5, status=ACTIVE)
    await change(memory, base, 6, status=DELETED)
    assert (await read(memory, addon)).status is DELETED


@pytest.mark.fault("F6")
async def test_addons_of_addons_follow_to_the_last_and_their_neighbours_do_not(memory: Memory) -> None:
    base, neighbour = await buy(memory), await buy(memory, 2)
    chain = [base]
    for number in range(3, 6):
        chain.append(await buy(memory, number, parent_id=chain[-1]))
    actor = await memory.actor(cast.ALDER)

    async def statuses() -> list[SubscriptionStatus]:
        return [(await read(memory, id_)).status for id_ in (*chain, neighbour)]

    assert [one.id for one in await memory.do(list_addons, actor, cast.CEDAR, base)] == [chain[1]]
    await change(memory, chain[1], 10, status=SUSPENDED)
    assert await statuses() == [ACTIVE, SUSPENDED, SUSPENDED, SUSPENDED, ACTIVE]
    await change(memory, chain[2], 11, status=DELETED)
    assert await statuses() == [ACTIVE, SUSPENDED, DELETED, DELETED, ACTIVE]
    await change(memory, base, 12, status=DELETED)
    assert await statuses() == [DELETED, DELETED, DELETED, DELETED, ACTIVE]


@pytest.mark.fault("F6")
async def test_an_addon_of_an_addon_was_bought_through_whom_its_subscription_was(memory: Memory) -> None:
    chains = {}
    for place, mpn_id in enumerate(("1000002", "1000007")):
        base = await buy(memory, 10 * place + 1, partner_id_on_record=mpn_id)
        addon = await buy(memory, 10 * place + 2, parent_id=base)
        chains[mpn_id] = [base, addon, await buy(memory, 10 * place + 3, parent_id=addon)]
    birch = await memory.actor(cast.BIRCH)
    assert {one.id for one in await memory.do(list_subscriptions, birch, cast.CEDAR)} == set(chains["1000002"])
    for id_ in chains["1000002"]:
        assert (await memory.do(show_subscription, birch, cast.CEDAR, id_)).id == id_
    for id_ in chains["1000007"]:
        with rejected("subscription.not-found"):
            await memory.do(show_subscription, birch, cast.CEDAR, id_)


@pytest.mark.parametrize("mpn_id", ["1000003", "1000001", "nobody"])
async def test_the_partner_on_record_is_a_linked_reseller(memory: Memory, mpn_id: str) -> None:
    id_ = await buy(memory)
    with rejected("request.invalid-property"):
        await change(memory, id_, partner_id_on_record=mpn_id)


async def test_a_reseller_sees_what_was_bought_through_it_or_through_nobody(memory: Memory) -> None:
    nobody = await buy(memory, 1)
    birch = await buy(memory, 2, partner_id_on_record="1000002")
    hornbeam = await buy(memory, 3, partner_id_on_record="1000007")
    seen = await memory.do(list_subscriptions, await memory.actor(cast.BIRCH), cast.CEDAR)
    assert {one.id for one in seen} == {nobody, birch}
    with rejected("subscription.not-found"):
        await memory.do(show_subscription, await memory.actor(cast.BIRCH), cast.CEDAR, hornbeam)
    for customer in (cast.DOGWOOD, cast.FRENE, cast.ELM, cast.NOBODY):
        with rejected("relationship.missing"):
            await memory.do(list_subscriptions, await memory.actor(cast.BIRCH), customer)


TRIAL = {"isTrial": "true"}


async def test_a_trial_becomes_paid_under_its_own_id(memory: Memory) -> None:
    id_ = await buy(memory, provisioning_context=TRIAL)
    trial = await read(memory, id_)
    assert (trial.is_trial, trial.auto_renew) == (True, False)
    memory.clock.now = memory.clock.now.replace(day=20)
    before, paid = await convert(memory, id_, quantity=25, billing_cycle=BillingCycle.ANNUAL)
    assert (before, paid.id) == (trial, id_)
    assert (paid.offer_id, paid.quantity, paid.billing_cycle) == (TARGET, 25, BillingCycle.ANNUAL)
    assert (paid.is_trial, paid.auto_renew) == (False, True)
    assert paid.commitment.ends_at == memory.clock.now.replace(year=2019)
    assert await read(memory, id_) == paid
    assert ("convert_trial_subscription",) in await memory.rows("select operation_type from audit_record")


@pytest.mark.rule("R9")
async def test_an_upgrade_is_gated(memory: Memory) -> None:
    id_ = await buy(memory)
    kept = await memory.rows("select * from subscription")
    memory.clock.now = API_ENFORCED
    assert isinstance(await upgraded(memory, id_), Denial)
    assert await memory.rows("select * from subscription") == kept
    assert ("upgrade", "deny") in await memory.rows("select action, verdict from decision")


@pytest.mark.rule("R9")
async def test_a_conversion_is_gated(memory: Memory) -> None:
    memory.clock.now = API_ENFORCED.replace(day=21)
    id_ = await buy(memory, provisioning_context=TRIAL)
    memory.clock.now = API_ENFORCED
    assert isinstance(await convert(memory, id_), Denial)
    assert (await read(memory, id_)).is_trial
    assert ("conversion", "deny") in await memory.rows("select action, verdict from decision")
    await confirmed(memory)
    assert not isinstance(await convert(memory, id_), Denial)


async def test_only_an_active_trial_is_converted_to_a_guid(memory: Memory) -> None:
    paid, trial = await buy(memory, 1), await buy(memory, 2, provisioning_context=TRIAL)
    with rejected("subscription.not-convertible"):
        await convert(memory, paid)
    with rejected("order.invalid-offer"):
        await convert(memory, trial, offer="nonsense")
    with rejected("subscription.quantity-out-of-range"):
        await convert(memory, trial, quantity=100_001)
    await change(memory, trial, 3, status=SUSPENDED)
    with rejected("subscription.suspended"):
        await convert(memory, trial)
    await change(memory, trial, 4, status=DELETED)
    with rejected("subscription.ended"):
        await convert(memory, trial)


async def test_an_upgrade_takes_the_place_of_what_was_upgraded(memory: Memory) -> None:
    id_ = await buy(memory, partner_id_on_record="1000002")
    addon = await buy(memory, 2, parent_id=id_)
    target = await upgraded(memory, id_)
    assert (target.offer_id, target.quantity, target.partner_id_on_record) == (TARGET, 5, "1000002")
    assert target.status is ACTIVE
    assert (await read(memory, id_)).status is DELETED
    assert (await read(memory, addon)).status is DELETED
    rows = await memory.rows("select kind, subscription_id from order_line")
    assert ("convert", target.id) in rows
    assert ("upgrade_subscription",) in await memory.rows("select operation_type from audit_record")


async def test_an_upgrade_that_breaks_a_rule_changes_nothing(memory: Memory) -> None:
    id_ = await buy(memory)
    with rejected("order.invalid-offer"):
        await upgraded(memory, id_, offer="nonsense")
    with rejected("subscription.quantity-out-of-range"):
        await upgraded(memory, id_, quantity=100_001)
    assert (await read(memory, id_)).status is ACTIVE
    await change(memory, id_, status=SUSPENDED)
    with rejected("subscription.suspended"):
        await upgraded(memory, id_)
