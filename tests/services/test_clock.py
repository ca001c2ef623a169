"""A clock behind what a partner has recorded: what it closes, what goes on, and how it is accepted (decision 0015)."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.orders.transaction import GOES_ON, Action, Transaction
from agreegate.domain.reason import Code
from agreegate.services.clock import accept_clock, is_behind, is_behind_here
from agreegate.services.confirmation import confirm, state_employee
from agreegate.services.gate import ask, check, foresee
from agreegate.services.standing import record_no_longer_agrees
from agreegate.storage.clock import NEWEST
from agreegate.storage.deployment import make_for
from agreegate.storage.engine.sqlite import InlineStore
from agreegate.storage.engine.trusted import MOST, TrustedInstants
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, Value
from agreegate.storage.partner import every_partner, partner_of
from tests import personas as cast
from tests.engines import run
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.rejection import rejected

pytestmark = pytest.mark.fault("B8")

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE, INSTANT, YEAR = timedelta(minutes=1), timedelta(microseconds=1), timedelta(days=365)
PURCHASE = Transaction(Action.NEW_PURCHASE, Channel.API)


@dataclass
class Desk:
    """A partner that records, on a clock that tests move."""

    memory: Memory = field(default_factory=lambda: Memory(NOW, demo=False))
    calls: Any = field(default_factory=lambda: count(1))

    async def actor(self, partner: str = cast.ALDER, user: str = cast.ALDER_SALES) -> Actor:
        return await self.memory.actor(partner, user)

    async def confirmation(self) -> None:
        actor = await self.actor()
        await self.memory.do(confirm, call(actor, next(self.calls)), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)

    async def ending(self) -> None:
        await self.memory.do(
            record_no_longer_agrees, call(await self.actor(), next(self.calls)), PROGRAMME, cast.CEDAR, ""
        )

    async def decision(self, action: Action = Action.NEW_PURCHASE) -> None:
        asked = Transaction(action, Channel.API)
        await self.memory.do(check, call(await self.actor(), next(self.calls)), PROGRAMME, cast.CEDAR, asked)

    async def accept(self, partner: str | None = None) -> list[datetime]:
        async def accepted(uow: UnitOfWork) -> list[datetime]:
            known = await every_partner(uow)
            return await accept_clock(uow, "Made up", [one for one in known if partner in (None, one.id)])

        return await self.memory.do(accepted)

    def restart(self) -> None:
        """Another process on the same record."""
        self.memory.restart()

    async def reasons(self, partner: str = cast.ALDER, action: Action = Action.NEW_PURCHASE) -> list[str]:
        """What the gate says no for."""
        actor = await self.actor(partner, cast.ALDER_SALES if partner == cast.ALDER else cast.HAZEL_ADMIN)
        answer = await ask(self.memory.store, actor, PROGRAMME, cast.CEDAR, Transaction(action, Channel.API))
        return [reason.code for reason in (*answer.reasons, *answer.advisories)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.rule("R6")
@pytest.mark.parametrize("record", [Desk.confirmation, Desk.ending, Desk.decision])
@pytest.mark.parametrize("known", [False, True], ids=["after a restart", "in memory"])
async def test_more_than_five_minutes_behind_a_record_closes_the_gate(
    desk: Desk, record: Callable[[Desk], Awaitable[None]], known: bool
) -> None:
    await record(desk)
    before = await desk.reasons()
    if not known:
        desk.restart()
    desk.memory.clock.now -= 5 * MINUTE
    assert await desk.reasons() == before
    desk.memory.clock.now -= INSTANT
    assert await desk.reasons() == ["clock.behind"]
    desk.memory.clock.now += INSTANT
    assert await desk.reasons() == before, "once the clock is right, the gate answers as before"


@pytest.mark.rule("R11", "R40")
@pytest.mark.parametrize("action", Action)
async def test_what_goes_on_is_answered_as_ever(desk: Desk, action: Action) -> None:
    await desk.confirmation()
    desk.memory.clock.now -= YEAR
    assert await desk.reasons(action=action) == ([] if action in GOES_ON else ["clock.behind"])
    asked = Transaction(action, Channel.API)
    for at in (None, NOW, NOW + YEAR):
        answer = await ask(desk.memory.store, await desk.actor(), PROGRAMME, cast.CEDAR, asked, at=at)
        assert answer.allowed is (action in GOES_ON), "`at` moves the programme's dates alone"
    foreseen = await desk.memory.do(foresee, await desk.actor(), PROGRAMME, cast.CEDAR, asked)
    assert foreseen.allowed is (action in GOES_ON)


@pytest.mark.parametrize("action", Action)
async def test_a_transaction_that_goes_on_is_kept_and_another_keeps_nothing(desk: Desk, action: Action) -> None:
    await desk.confirmation()
    desk.memory.clock.now -= YEAR
    if action in GOES_ON:
        await desk.decision(action)
    else:
        with rejected("clock.behind"):
            await desk.decision(action)
    assert await desk.memory.rows("select count(*) from decision") == [(int(action in GOES_ON),)]
    assert await desk.reasons() == ["clock.behind"], "what is recorded meanwhile does not hide what is ahead"


async def test_the_employee_behind_a_record_is_not_stated_either(desk: Desk) -> None:
    marketplace = await desk.actor(user=cast.ALDER_MARKETPLACE)
    kept = await desk.memory.do(confirm, call(marketplace, 1), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    desk.memory.clock.now -= YEAR
    with rejected("clock.behind"):
        await desk.memory.do(state_employee, call(marketplace), kept.id, "nobody looks at it")


async def test_another_partners_gate_stays_as_it_was(desk: Desk) -> None:
    await desk.confirmation()
    desk.memory.clock.now -= YEAR
    assert await desk.reasons(cast.HAZEL) == ["confirmation.missing"]


async def test_a_unit_that_was_undone_closes_nothing(desk: Desk) -> None:
    actor = await desk.actor()
    desk.memory.clock.now += YEAR

    async def undone(uow: UnitOfWork) -> None:
        await confirm(uow, call(actor), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await desk.memory.do(undone)
    desk.memory.clock.now -= YEAR
    assert await desk.reasons() == ["confirmation.missing"]


@pytest.mark.parametrize("restarted", [False, True])
async def test_an_accepted_clock_opens_until_something_new_is_dated_ahead(desk: Desk, restarted: bool) -> None:
    desk.memory.clock.now += YEAR
    await desk.confirmation()
    desk.memory.clock.now -= YEAR
    assert await desk.reasons() == ["clock.behind"]
    assert await desk.accept() == [NOW + YEAR]
    if restarted:
        desk.restart()
    assert await desk.reasons() == []
    await desk.decision()
    desk.memory.clock.now += 2 * YEAR
    await desk.confirmation()
    desk.memory.clock.now -= YEAR
    if restarted:
        desk.restart()
    assert await desk.reasons() == ["clock.behind"], "later than all that was ahead then"


@pytest.mark.parametrize("restarted", [False, True])
async def test_accepting_twice_counts_the_second_time_however_the_clock_stood(desk: Desk, restarted: bool) -> None:
    desk.memory.clock.now += YEAR
    await desk.confirmation()
    desk.memory.clock.now += YEAR
    await desk.accept()
    desk.memory.clock.now -= 2 * YEAR
    assert await desk.reasons() == ["clock.behind"], "it was accepted while it was two years ahead"
    assert await desk.accept() == [NOW + YEAR]
    if restarted:
        desk.restart()
    assert await desk.reasons() == []
    await desk.decision()
    desk.memory.clock.now -= 6 * MINUTE
    if restarted:
        desk.restart()
    assert await desk.reasons() == ["clock.behind"], "what is recorded before the acceptance is compared"


async def test_a_clock_is_accepted_for_the_partner_named_and_audited_there(desk: Desk) -> None:
    hazel = await desk.actor(cast.HAZEL, cast.HAZEL_ADMIN)
    desk.memory.clock.now += YEAR
    await desk.confirmation()
    await desk.memory.do(confirm, call(hazel), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    desk.memory.clock.now -= YEAR
    await desk.accept(cast.HAZEL)
    assert (await desk.reasons(), await desk.reasons(cast.HAZEL)) == (["clock.behind"], [])
    audit = (
        "select partner_id, application_id, resource_new_value from audit_record where operation_type = 'accept_clock'"
    )
    [(partner, application, details)] = await desk.memory.rows(audit)
    assert (partner, application) == (cast.HAZEL, "agreegate clock accept")
    assert json.loads(details) == {"accepted_at": NOW.isoformat(), "reason": "Made up"}


@pytest.mark.parametrize("reason", ["", "  ", "\u200b", "\x00", "x" * 1001])
async def test_a_reason_must_be_readable(desk: Desk, reason: str) -> None:
    partner = await desk.memory.do(partner_of, cast.ALDER)
    with rejected("request.invalid-property"):
        await desk.memory.do(accept_clock, reason, [partner])
    assert await desk.memory.rows("select count(*) from clock_acceptance") == [(0,)]


async def test_a_demos_clock_may_go_back(desk: Desk) -> None:
    await desk.memory.do(make_for, PROGRAMME.name, demo=True)
    for _ in range(2):
        await desk.confirmation()
        desk.memory.clock.now -= YEAR
        assert "clock.behind" not in await desk.reasons()
        await desk.decision(Action.SEAT_CHANGE)
        desk.restart()


class Counted(InlineStore):
    """Counts the statements of questions."""

    looks = 0

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        self.looks += 1
        return await super().fetch_all(sql, *parameters)


@pytest.mark.sqlite
async def test_a_question_costs_one_statement_once_the_partner_is_known(desk: Desk) -> None:
    await desk.confirmation()
    actor, store = await desk.actor(), Counted(desk.memory.connection, desk.memory.clock)

    async def looks(of: Actor = actor) -> int:
        before = store.looks
        await ask(store, of, PROGRAMME, cast.CEDAR, PURCHASE)
        return store.looks - before

    assert [await looks(), await looks(), await looks()] == [2, 1, 1]
    desk.memory.clock.now -= YEAR
    assert [await looks(), await looks()] == [1, 1], "while it is behind, the record is asked whether it was accepted"
    desk.memory.clock.now += YEAR
    assert await looks() == 1
    for number in range(MOST):
        store.trusted.learn(f"partner {number}", NOW, None)
    assert [await looks(), await looks()] == [2, 1], "no more partners are remembered than that"


@pytest.mark.sqlite
async def test_the_newest_instant_is_found_by_index(desk: Desk) -> None:
    plan = desk.memory.connection.execute("explain query plan " + NEWEST.replace("$1", "'p'")).fetchall()
    searched = [row[3] for row in plan if "SEARCH" in row[3] or "SCAN" in row[3]]
    used = [step for step in searched if re.search("confirmation|ending|decision", step)]
    assert len(used) == 6
    assert all(re.match(r"SEARCH (\w+) USING COVERING INDEX \1_by_time \(partner_id=\? AND", step) for step in used), (
        used
    )


def test_memory_that_was_advanced_meanwhile_is_not_overwritten() -> None:
    trusted = TrustedInstants()
    trusted.learn(cast.ALDER, NOW, None)
    trusted.advance(cast.ALDER, NOW + YEAR)
    trusted.learn(cast.ALDER, NOW, NOW)
    assert trusted.of(cast.ALDER) == NOW + YEAR
    trusted.learn(cast.ALDER, NOW, NOW + YEAR)
    assert trusted.of(cast.ALDER) == NOW


STEPS = st.lists(
    st.one_of(
        st.sampled_from(["confirmation", "decision", "cancel", "undone", "accept", "restart"]),
        st.integers(-20, 20).map(lambda minutes: minutes * MINUTE),
        st.sampled_from([-YEAR, YEAR, -INSTANT, INSTANT]),
    ),
    max_size=30,
)


@given(STEPS)
@settings(max_examples=60)
def test_every_history_is_answered_as_its_words_say(steps: list[Any]) -> None:
    """The rule a second time: of what was recorded and accepted, in their order, and nothing of how it is remembered."""
    run(play(steps))


async def play(steps: list[Any]) -> None:
    desk = Desk()
    recorded: list[datetime] = []
    accepted: datetime | None = None
    """By the last acceptance; what is dated after it, up to `until`, is not compared."""
    until = NOW

    def is_wrong(now: datetime) -> bool:
        compared = [at for at in recorded if accepted is None or not accepted < at <= until]
        return any(now < at - 5 * MINUTE for at in compared)

    for step in steps:
        now = desk.memory.clock.now
        match step:
            case timedelta():
                desk.memory.clock.now += step
            case "restart":
                desk.restart()
            case "accept":
                until = max([now, *recorded, *([until] if accepted else [])])
                accepted = now
                await desk.accept(cast.ALDER)
            case "cancel":
                await desk.decision(Action.CANCEL)
                recorded.append(now)
            case "undone" if not is_wrong(now):
                await undo(desk)
            case "confirmation" | "decision" if not is_wrong(now):
                await (desk.confirmation() if step == "confirmation" else desk.decision())
                recorded.append(now)
        wrong = is_wrong(desk.memory.clock.now)
        assert (await desk.reasons() == [Code.CLOCK_BEHIND]) is wrong, step
        assert await desk.memory.do(is_behind_here, cast.ALDER) is wrong
        assert await is_behind(desk.memory.store, cast.ALDER, desk.memory.clock.now) is wrong


async def undo(desk: Desk) -> None:
    actor = await desk.actor()

    async def undone(uow: UnitOfWork) -> None:
        await check(uow, call(actor, next(desk.calls)), PROGRAMME, cast.CEDAR, replace(PURCHASE))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await desk.memory.do(undone)
