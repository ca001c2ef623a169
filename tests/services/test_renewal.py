"""What falls due renews or expires by itself, once, however time passes (R11, contract 4.11)."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from agreegate.domain.error import Rejected, StoreUnavailable
from agreegate.domain.orders.order import LineDraft, Order, OrderDraft
from agreegate.domain.orders.subscription import Subscription, SubscriptionChange, SubscriptionId, SubscriptionStatus
from agreegate.domain.orders.term import TermDuration
from agreegate.services.customers.customer import remove_relationship
from agreegate.services.gate import Denial
from agreegate.services.orders.order import place_order
from agreegate.services.orders.renewal import read_renewed, run_renewals
from agreegate.services.orders.subscription import change_subscription, show_subscription
from agreegate.services.standing import record_no_longer_agrees
from agreegate.storage.engine.unit_of_work import from_micros
from agreegate.storage.orders.renewal import next_due
from tests import personas as cast
from tests.memory import PROGRAMME, Memory, call
from tests.world import API_ENFORCED, AUGUST

OFFER = "BD938F12-058F-4927-BBA3-AE36B1D2501C"
YEAR_LATER = AUGUST.replace(year=2019)
FAR = AUGUST.replace(year=2023)


@pytest.fixture
def memory() -> Memory:
    return Memory()


async def buy(memory: Memory, number: int = 1, customer: str = cast.DOGWOOD, **changes: Any) -> SubscriptionId:
    line = LineDraft(0, OFFER, 5, **changes)
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    order = await memory.do(place_order, call(actor, number), PROGRAMME, customer, OrderDraft((line,)))
    assert isinstance(order, Order)
    return order.lines[0].subscription_id


async def change(memory: Memory, subscription: str, number: int, **requested: Any) -> Subscription:
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    after = await memory.do(
        change_subscription,
        call(actor, number),
        PROGRAMME,
        cast.DOGWOOD,
        subscription,
        SubscriptionChange(**requested),
        (),
    )
    assert isinstance(after, Subscription)
    return after


async def read(memory: Memory, subscription: str) -> Subscription:
    return await memory.do(show_subscription, await memory.actor(cast.ALDER), cast.DOGWOOD, subscription)


async def kept(memory: Memory, subscription: str) -> list[tuple[int, str, datetime]]:
    found = await memory.rows(
        f"select term, outcome, due_at from renewal where subscription_id = '{subscription}' order by term"
    )
    return [(term, outcome, from_micros(due)) for term, outcome, due in found]


@pytest.mark.rule("R11", "R47")
async def test_it_renews_even_when_the_customer_no_longer_agrees(memory: Memory) -> None:
    subscription = await buy(memory)
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    await memory.do(record_no_longer_agrees, call(actor, 7), PROGRAMME, cast.DOGWOOD, "said so")
    await run_renewals(memory.store, YEAR_LATER)
    assert (await read(memory, subscription)).commitment.terms == 2


async def test_not_before_the_commitment_ends(memory: Memory) -> None:
    subscription = await buy(memory)
    await run_renewals(memory.store, YEAR_LATER - timedelta(microseconds=1))
    assert await kept(memory, subscription) == []
    assert await memory.do(next_due) == YEAR_LATER


async def test_five_years_at_once_and_step_by_step_are_the_same() -> None:
    jumped = Memory(AUGUST.replace(day=31))
    stepped = Memory(jumped.clock.now)
    once = await buy(jumped, term=TermDuration.MONTH)
    often = await buy(stepped, term=TermDuration.MONTH)
    end = jumped.clock.now + timedelta(days=5 * 366)
    await run_renewals(jumped.store, end)
    while stepped.clock.now < end:
        stepped.clock.now += timedelta(days=17)
        await run_renewals(stepped.store, min(stepped.clock.now, end))
    assert await kept(jumped, once) == await kept(stepped, often)
    assert (await read(jumped, once)).commitment == (await read(stepped, often)).commitment
    assert len(await kept(jumped, once)) == 60
    assert {due.day for _, _, due in await kept(jumped, once)} == {28, 29, 30, 31}


async def test_many_subscriptions_and_more_terms_than_one_unit_of_work_holds(memory: Memory) -> None:
    bought = [await buy(memory, number, term=TermDuration.MONTH) for number in range(1, 121)]
    end = AUGUST.replace(year=2028)
    assert await run_renewals(memory.store, end) > 1
    for subscription in bought:
        terms = [term for term, _, _ in await kept(memory, subscription)]
        assert terms == list(range(2, 122))
    assert await run_renewals(memory.store, end) == 0


async def test_without_auto_renewal_it_expires_once(memory: Memory) -> None:
    subscription = await buy(memory)
    await change(memory, subscription, 2, auto_renew=False)
    await run_renewals(memory.store, FAR)
    await run_renewals(memory.store, FAR)
    after = await read(memory, subscription)
    assert (after.status, after.commitment.terms, after.commitment.ends_at) == ("expired", 1, YEAR_LATER)
    assert await kept(memory, subscription) == [(2, "expired", YEAR_LATER)]
    assert await memory.do(next_due) is None


async def test_a_suspended_one_renews_and_a_cancelled_one_does_not(memory: Memory) -> None:
    suspended, cancelled = await buy(memory, 1), await buy(memory, 2)
    await change(memory, suspended, 3, status=SubscriptionStatus.SUSPENDED)
    await change(memory, cancelled, 4, status=SubscriptionStatus.DELETED)
    await run_renewals(memory.store, YEAR_LATER)
    assert (await read(memory, suspended)).commitment.terms == 2
    assert (await read(memory, cancelled)).commitment.terms == 1
    assert await kept(memory, cancelled) == []


async def test_a_clock_set_back_undoes_nothing_and_repeats_nothing(memory: Memory) -> None:
    subscription = await buy(memory)
    await run_renewals(memory.store, FAR)
    renewed = await kept(memory, subscription)
    memory.clock.now = AUGUST
    await run_renewals(memory.store, AUGUST)
    await run_renewals(memory.store, FAR)
    assert await kept(memory, subscription) == renewed
    assert (await read(memory, subscription)).commitment.ends_at == FAR.replace(year=2024)


async def test_a_change_finds_what_was_due_already_renewed(memory: Memory) -> None:
    """Nothing ran while the term ended; switching auto-renewal off afterwards comes too late for that term."""
    subscription = await buy(memory)
    memory.clock.now = YEAR_LATER + timedelta(hours=1)
    after = await change(memory, subscription, 2, auto_renew=False)
    assert after.commitment.ends_at == AUGUST.replace(year=2020)
    await run_renewals(memory.store, FAR)
    assert [outcome for _, outcome, _ in await kept(memory, subscription)] == ["renewed", "expired"]


async def test_a_renewal_ordered_by_the_partner_is_not_repeated_by_the_system(memory: Memory) -> None:
    subscription = await buy(memory)
    await buy(memory, 2, subscription_id=subscription, renews_to=TermDuration.MONTH)
    assert await kept(memory, subscription) == [(2, "renewed", YEAR_LATER)]
    await run_renewals(memory.store, YEAR_LATER)
    assert len(await kept(memory, subscription)) == 1
    await run_renewals(memory.store, YEAR_LATER + timedelta(days=31))
    assert [term for term, _, _ in await kept(memory, subscription)] == [2, 3]


@pytest.mark.rule("R33")
async def test_a_renewal_ordered_by_the_partner_is_gated(memory: Memory) -> None:
    subscription = await buy(memory)
    memory.clock.now = API_ENFORCED
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    line = LineDraft(0, OFFER, 5, subscription_id=subscription, renews_to=TermDuration.YEAR)
    refused = await memory.do(place_order, call(actor, 2), PROGRAMME, cast.DOGWOOD, OrderDraft((line,)))
    assert isinstance(refused, Denial)
    assert await kept(memory, subscription) == []
    [row] = await memory.rows("select action, verdict from decision where verdict = 'deny'")
    assert row == ("renewal", "deny")


async def test_the_record_of_renewals_cannot_be_changed(memory: Memory) -> None:
    await buy(memory)
    await run_renewals(memory.store, YEAR_LATER)
    for statement in ("delete from renewal", "update renewal set outcome = 'expired'"):
        with pytest.raises(Exception, match="append only"):
            memory.connection.execute(statement)


class Counted:
    """A store that counts its writes, and whose process ends after some of them."""

    def __init__(self, store: Any, most: int = 1_000) -> None:
        self._store, self._most, self.writes = store, most, 0
        self.read, self.read_slow, self.clock = store.read, store.read_slow, store.clock

    async def write(self, work: Any, turn: Any = None) -> Any:
        if self.writes == self._most:
            raise StoreUnavailable("ended")
        self.writes += 1
        return await self._store.write(work, turn)


async def all_terms(memory: Memory) -> list[tuple[int, int, int]]:
    """The numbers of subscriptions, renewals and distinct terms of renewals."""
    [subscriptions] = await memory.rows(
        "select count(distinct subscription_id), count(*), (select count(*) from (select distinct subscription_id, term"
        " from renewal) as d) from renewal"
    )
    return [subscriptions]


async def test_several_processes_at_once_renew_each_term_once(memory: Memory) -> None:
    bought = [await buy(memory, number, term=TermDuration.MONTH) for number in range(1, 41)]
    stores = [memory.store]
    for _ in range(3):
        memory.restart()
        stores.append(memory.store)
    end = AUGUST.replace(year=2021)
    await asyncio.gather(*(run_renewals(store, end) for store in stores))
    assert await all_terms(memory) == [(40, 40 * 36, 40 * 36)]
    for subscription in bought:
        assert [term for term, _, _ in await kept(memory, subscription)] == list(range(2, 38))
        assert (await read(memory, subscription)).commitment.terms == 37


@pytest.mark.parametrize("units", [0, 1, 3])
@pytest.mark.fault("C1")
async def test_what_a_killed_process_left_is_renewed_by_the_next(units: int, memory: Memory) -> None:
    for number in range(1, 36):
        await buy(memory, number)
    with pytest.raises(StoreUnavailable):
        await run_renewals(Counted(memory.store, units), FAR)  # type: ignore[arg-type]
    [(subscriptions, rows, terms)] = await all_terms(memory)
    assert rows == terms == 5 * subscriptions
    assert bool(subscriptions) == bool(units)
    assert subscriptions < 35
    memory.restart()
    await run_renewals(memory.store, FAR)
    assert await all_terms(memory) == [(35, 35 * 5, 35 * 5)]


async def renewed_read(
    memory: Memory, store: Any, subscription: str, partner: str = cast.ALDER, customer: str = cast.DOGWOOD
) -> Subscription:
    actor = await memory.actor(partner)
    return await read_renewed(store, actor, customer, lambda uow: show_subscription(uow, actor, customer, subscription))


async def test_a_read_renews_what_is_due_and_otherwise_writes_nothing(memory: Memory) -> None:
    subscription = await buy(memory, term=TermDuration.MONTH)
    store = Counted(memory.store)
    assert (await renewed_read(memory, store, subscription)).commitment.terms == 1
    assert store.writes == 0
    memory.clock.now = FAR
    assert (await renewed_read(memory, store, subscription)).commitment.terms == 61
    assert store.writes > 0
    before = store.writes
    assert (await renewed_read(memory, store, subscription)).commitment.terms == 61
    assert store.writes == before
    assert await run_renewals(memory.store, FAR) == 0
    assert [term for term, _, _ in await kept(memory, subscription)] == list(range(2, 62))


async def test_a_read_renews_more_than_one_unit_of_work_holds(memory: Memory) -> None:
    bought = [await buy(memory, number, term=TermDuration.MONTH) for number in range(1, 26)]
    memory.clock.now = AUGUST.replace(year=2028)
    store = Counted(memory.store)
    assert (await renewed_read(memory, store, bought[0])).commitment.terms == 121
    assert store.writes > 2
    assert await all_terms(memory) == [(25, 25 * 120, 25 * 120)]


async def test_reads_and_upkeep_at_once_renew_each_term_once(memory: Memory) -> None:
    bought = [await buy(memory, number, term=TermDuration.MONTH) for number in range(1, 13)]
    memory.clock.now = YEAR_LATER
    reads = [renewed_read(memory, memory.store, subscription) for subscription in bought]
    *found, _ = await asyncio.gather(*reads, run_renewals(memory.store, YEAR_LATER))
    assert {one.commitment.terms for one in found} == {13}
    assert await all_terms(memory) == [(12, 12 * 12, 12 * 12)]


async def test_a_reseller_sees_no_overdue_renewal(memory: Memory) -> None:
    subscription = await buy(memory, customer=cast.CEDAR)
    memory.clock.now = YEAR_LATER
    found = await renewed_read(memory, memory.store, subscription, cast.BIRCH, cast.CEDAR)
    assert found.commitment.terms == 2


async def test_a_read_of_a_customer_of_someone_else_is_refused_as_before(memory: Memory) -> None:
    subscription = await buy(memory)
    memory.clock.now = YEAR_LATER
    with pytest.raises(Rejected, match=r"relationship\.missing"):
        await renewed_read(memory, memory.store, subscription, cast.FIR)
    assert await kept(memory, subscription) == []


async def test_an_order_finds_the_subscription_of_its_add_on_expired(memory: Memory) -> None:
    subscription = await buy(memory, term=TermDuration.MONTH)
    await change(memory, subscription, 2, auto_renew=False)
    memory.clock.now = AUGUST + timedelta(days=31)
    with pytest.raises(Rejected, match=r"parent-not-active"):
        await buy(memory, 3, parent_id=subscription)
    assert await kept(memory, subscription) == [], "undone with the refused order"


async def test_a_relationship_ends_when_its_last_subscription_has_expired(memory: Memory) -> None:
    subscription = await buy(memory)
    await change(memory, subscription, 2, auto_renew=False)
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    with pytest.raises(Rejected, match=r"relationship\.subscriptions-active"):
        await memory.do(remove_relationship, call(actor, 3), cast.DOGWOOD)
    memory.clock.now = YEAR_LATER
    await memory.do(remove_relationship, call(actor, 4), cast.DOGWOOD)
    assert await kept(memory, subscription) == [(2, "expired", YEAR_LATER)]
