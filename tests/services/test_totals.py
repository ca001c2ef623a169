"""Totals of customers by state: exact where they are few, else kept for a minute, with the instant of counting."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.error import StoreUnavailable
from agreegate.domain.programme import StaleRule
from agreegate.domain.standing import State
from agreegate.services.confirmation import confirm
from agreegate.services.customers.customer import remove_relationship
from agreegate.services.standing import record_no_longer_agrees
from agreegate.services.totals import KeptTotals, ShownTotals, TotalsLimits, totals_of, upcoming
from agreegate.storage.agreements.text import add_text_version
from agreegate.storage.engine.sqlite import InlineStore
from agreegate.storage.engine.unit_of_work import T, Work
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.texts import draft as text_draft
from tests.world import API_ENFORCED, AUGUST, DASHBOARD_ENFORCED

DAY = timedelta(days=1)
NONE = dict.fromkeys(State, 0)
MANY = TotalsLimits(counted_at_once=0)
"""Limits by which every partner has many customers."""


@pytest.fixture
async def memory() -> Memory:
    return Memory()


@pytest.fixture
async def alder(memory: Memory) -> Actor:
    return await memory.actor(cast.ALDER, cast.ALDER_SALES)


async def shown(memory: Memory, actor: Actor, kept: KeptTotals) -> ShownTotals:
    """What a page shows, which then starts the count that is due."""
    found = await memory.do(totals_of, actor, PROGRAMME, kept)
    assert found is not None
    kept.refresh(memory.store, PROGRAMME, actor, found)
    await kept.settle()
    return found


async def states(memory: Memory, actor: Actor) -> Mapping[State, int]:
    found = await shown(memory, actor, KeptTotals())
    assert found.totals is not None
    return found.totals.states


async def publish(memory: Memory, label: str, effective: datetime) -> None:
    await memory.do(add_text_version, text_draft(label, effective_from=effective), "tests")


async def test_few_customers_are_counted_at_once(memory: Memory, alder: Actor) -> None:
    await memory.do(confirm, call(alder), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    await memory.do(record_no_longer_agrees, call(alder, 2), PROGRAMME, cast.FRENE, "")
    found = await shown(memory, alder, KeptTotals())
    totals = found.totals
    assert totals is not None
    assert (found.as_of, found.unseen_change, found.is_due) == (None, None, False)
    assert totals.states == NONE | {State.CONFIRMED: 1, State.NOT_CONFIRMED: 1, State.NO_LONGER_AGREES: 1}
    assert totals.customers == 3, "a customer of two resellers once"
    assert totals.countries == {"US": {State.CONFIRMED: 1, State.NOT_CONFIRMED: 1}, "FR": {State.NO_LONGER_AGREES: 1}}
    assert totals.resellers == {
        cast.BIRCH: {State.CONFIRMED: 1},
        cast.HORNBEAM: {State.CONFIRMED: 1, State.NO_LONGER_AGREES: 1},
    }
    await memory.do(remove_relationship, call(alder, 3), cast.CEDAR)
    assert (await states(memory, alder))[State.CONFIRMED] == 0


async def test_the_operator_counts_every_partner_whose_cloud_is_supported(memory: Memory, alder: Actor) -> None:
    operator = await memory.actor(cast.OPERATOR, cast.OPERATOR_USER)
    await memory.do(confirm, call(alder), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    found = await shown(memory, operator, KeptTotals())
    assert found.totals is not None
    assert found.totals.states == NONE | {State.CONFIRMED: 1, State.NOT_CONFIRMED: 4}, (
        "Cedar of two partners twice, Ginkgo never"
    )
    assert found.totals.resellers == {}


@pytest.mark.rule("R1", "R31")
async def test_where_confirmations_do_not_exist_nothing_is_counted(memory: Memory, alder: Actor) -> None:
    fir = await memory.actor(cast.FIR, cast.FIR_ADMIN)
    assert await memory.do(totals_of, fir, PROGRAMME, KeptTotals()) is None
    memory.clock.now = PROGRAMME.starts - timedelta.resolution
    assert await memory.do(totals_of, alder, PROGRAMME, KeptTotals()) is None


@pytest.mark.rule("R3", "R5", "R27")
async def test_dates_ahead_count_what_would_be_refused_then(memory: Memory, alder: Actor) -> None:
    await memory.do(confirm, call(alder), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    for label, effective in (("1", AUGUST - 90 * DAY), ("2", DASHBOARD_ENFORCED)):
        await publish(memory, label, effective)
    refusing = replace(PROGRAMME, stale_rule=StaleRule.REFUSE, stale_from=API_ENFORCED)
    for programme, expected in (
        (PROGRAMME, [(Channel.API, API_ENFORCED, 2), (Channel.DASHBOARD, DASHBOARD_ENFORCED, 2)]),
        (refusing, [(Channel.API, API_ENFORCED, 3), (Channel.DASHBOARD, DASHBOARD_ENFORCED, 2)]),
    ):
        found = await memory.do(totals_of, alder, programme, KeptTotals())
        assert found is not None
        assert found.totals is not None
        ahead = [(one.channel, one.date, one.customers) for one in upcoming(found.totals, programme, AUGUST)]
        assert ahead == expected
        assert upcoming(found.totals, programme, API_ENFORCED) == ()


async def test_many_customers_are_counted_in_the_background_and_said_to_be_as_of_then(
    memory: Memory, alder: Actor
) -> None:
    kept = KeptTotals(MANY)
    first = await shown(memory, alder, kept)
    assert (first.totals, first.is_due) == (None, True)
    second = await shown(memory, alder, kept)
    assert second.totals is not None
    assert (second.as_of, second.totals.states[State.NOT_CONFIRMED], second.is_due) == (AUGUST, 3, False)


async def test_ones_own_change_is_said_to_be_missing_until_it_is_counted(memory: Memory, alder: Actor) -> None:
    kept = KeptTotals(replace(MANY, renewed_after=timedelta()))
    colleague = await memory.actor(cast.ALDER, cast.ALDER_ADMIN)
    await shown(memory, alder, kept)
    await memory.do(confirm, call(alder), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    changed = await memory.do(totals_of, alder, PROGRAMME, kept)
    assert changed is not None
    assert changed.totals is not None
    assert (changed.unseen_change, changed.totals.states[State.CONFIRMED]) == (AUGUST, 0)
    assert (await shown(memory, colleague, kept)).unseen_change is None, "somebody else's"
    counted = await shown(memory, alder, kept)
    assert counted.totals is not None
    assert (counted.unseen_change, counted.totals.states[State.CONFIRMED]) == (None, 1)


async def test_totals_that_are_too_old_are_not_shown(memory: Memory, alder: Actor) -> None:
    kept = KeptTotals(replace(MANY, used_for=timedelta.min))
    assert (await shown(memory, alder, kept)).totals is None
    assert (await shown(memory, alder, kept)).totals is None


@pytest.mark.parametrize("days", [1, -1])
async def test_a_moved_clock_empties_what_is_kept(memory: Memory, alder: Actor, days: int) -> None:
    kept = KeptTotals(MANY)
    await shown(memory, alder, kept)
    memory.clock.now += days * DAY
    assert (await shown(memory, alder, kept)).totals is None
    assert (await shown(memory, alder, kept)).as_of == memory.clock.now


@pytest.mark.rule("R34")
async def test_a_publication_empties_what_is_kept(memory: Memory, alder: Actor) -> None:
    kept = KeptTotals(MANY)
    draft = replace(DRAFT_CONFIRMATION, date_agreed=AUGUST - DAY)
    await memory.do(confirm, call(alder), PROGRAMME, cast.CEDAR, draft)
    await publish(memory, "1", AUGUST - 90 * DAY)
    await shown(memory, alder, kept)
    await publish(memory, "2", AUGUST)
    assert (await shown(memory, alder, kept)).totals is None
    counted = (await shown(memory, alder, kept)).totals
    assert counted is not None
    assert counted.states[State.OUTDATED] == 1


async def test_the_least_recently_used_are_dropped(memory: Memory, alder: Actor) -> None:
    kept = KeptTotals(replace(MANY, partners=1))
    hazel = await memory.actor(cast.HAZEL, cast.HAZEL_ADMIN)
    await shown(memory, alder, kept)
    assert (await shown(memory, alder, kept)).totals is not None
    await shown(memory, hazel, kept)
    assert (await shown(memory, hazel, kept)).totals is not None
    assert (await shown(memory, alder, kept)).totals is None


async def test_a_record_that_cannot_be_read_is_counted_later(memory: Memory, alder: Actor) -> None:
    class Unreadable(InlineStore):
        async def read_slow(self, work: Work[T]) -> T:
            raise StoreUnavailable("down")

    kept = KeptTotals(MANY)
    found = await memory.do(totals_of, alder, PROGRAMME, kept)
    kept.refresh(Unreadable(memory.connection, memory.clock), PROGRAMME, alder, found)
    await kept.settle()
    assert (await shown(memory, alder, kept)).totals is None
    assert (await shown(memory, alder, kept)).totals is not None
