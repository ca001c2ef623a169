"""Decisions on real transactions: which are kept, with what, and which are not (R6, R7, decision 0028)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.error import StoreUnavailable
from agreegate.domain.gate import Decision, decide
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import StaleRule
from agreegate.domain.standing import Unknown
from agreegate.programme import load
from agreegate.services.confirmation import confirm
from agreegate.services.customers.customer import relate
from agreegate.services.gate import ask, check, denial_of
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.standing import record_no_longer_agrees
from agreegate.storage.agreements.text import add_text_version
from agreegate.storage.customers.customer import customer_of
from agreegate.storage.customers.standing import standing_of
from agreegate.storage.decision import as_reasons, as_standing, forget_repeats, standing_text
from agreegate.storage.engine.sqlite import InlineStore
from agreegate.storage.engine.sqlite_unit import SqliteUnitOfWork, drive
from agreegate.storage.engine.unit_of_work import Row, Value, from_micros, new_id
from tests import personas as cast
from tests.cast_rows import tables_of
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.texts import draft
from tests.world import API_ENFORCED, AUGUST, EVE_OF_API

WATCHFUL = replace(PROGRAMME, enforce_from=dict.fromkeys(Channel, datetime(2000, 1, 1, tzinfo=UTC)))
"""Refuses on whatever day of its time."""
PURCHASE = Transaction(Action.NEW_PURCHASE, Channel.API)


@pytest.fixture
def memory() -> Memory:
    return Memory(API_ENFORCED)


async def sales(memory: Memory) -> Actor:
    return await memory.actor(cast.ALDER, cast.ALDER_SALES)


async def kept(memory: Memory) -> list[tuple[str, str]]:
    rows = await memory.rows("select action, verdict from decision")
    return sorted((action, verdict) for action, verdict in rows)


@pytest.mark.rule("R6", "R14")
@pytest.mark.fault("D11")
@pytest.mark.parametrize("policy", ["microsoft-cloud-agreement@1", "microsoft-cloud-agreement@2"])
async def test_a_decision_is_kept_with_all_it_takes_to_decide_again(memory: Memory, policy: str) -> None:
    """Also one of an earlier version of the rules: the policy that is kept with it finds them."""
    actor, rules = await sales(memory), load(policy)
    denied = await memory.do(check, call(actor, 1), rules, cast.CEDAR, PURCHASE)
    await memory.do(confirm, call(actor, 2), rules, cast.CEDAR, DRAFT_CONFIRMATION)
    allowed = await memory.do(check, call(actor, 3), rules, cast.CEDAR, PURCHASE)
    columns = "decision_id, customer_id, action, channel, verdict, policy, decided_by, cloud, decided_at"
    by_id = {row[0]: row for row in await memory.rows(f"select {columns}, standing from decision")}
    for recorded, verdict in ((denied, "deny"), (allowed, "allow")):
        *known, cloud, decided_at, standing = by_id[recorded.id][1:]
        assert known == [cast.CEDAR, "new_purchase", "api", verdict, policy, cast.ALDER_SALES]
        again = decide(PURCHASE, as_standing(standing), load(known[4]), Cloud(cloud), from_micros(decided_at))
        assert again == recorded.decision
    for secret in ("Noa", "Berg", "noa@", "5550100"):
        assert secret not in str(await memory.rows("select * from decision"))


async def test_the_same_request_with_the_same_verdict_is_kept_once(memory: Memory) -> None:
    actor = await sales(memory)
    denied = [await memory.do(check, call(actor, 1), PROGRAMME, cast.CEDAR, PURCHASE) for _ in range(3)]
    assert len({decision.id for decision in denied}) == 1
    await memory.do(confirm, call(actor, 2), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    healed = await memory.do(check, call(actor, 1), PROGRAMME, cast.CEDAR, PURCHASE)
    assert healed.id != denied[0].id
    another_body: IdempotentCall = replace(call(actor, 1), fingerprint="another")
    await memory.do(check, another_body, PROGRAMME, cast.CEDAR, PURCHASE)
    assert await kept(memory) == [("new_purchase", "allow"), ("new_purchase", "allow"), ("new_purchase", "deny")]


@pytest.mark.fault("B3")
@pytest.mark.parametrize("clock", [timedelta(), timedelta(days=-9), timedelta(days=9)])
@pytest.mark.sqlite
async def test_a_refused_repeat_is_kept_again_after_a_day_of_the_machines_clock(
    memory: Memory, clock: timedelta
) -> None:
    """Whatever the product's clock says meanwhile: in the demo it can be moved."""
    actor = await sales(memory)
    ids = []
    for hours in (0, 23, 24, 47, 48):
        now = API_ENFORCED + clock * hours
        uow = SqliteUnitOfWork(memory.connection, now, AUGUST + timedelta(hours=hours), new_id)
        actions = [Action.SUSPEND, Action.NEW_PURCHASE]
        denied = drive(denial_of(uow, call(actor, 1), WATCHFUL, cast.CEDAR, actions))
        assert denied is not None
        ids.append(denied.id)
    assert ids[0] == ids[1] != ids[2] == ids[3] != ids[4]
    assert await kept(memory) == [("new_purchase", "deny")] * 3 + [("suspend", "allow")] * 3
    for hours, gone in ((71, 0), (72, 2)):
        uow = SqliteUnitOfWork(memory.connection, API_ENFORCED, AUGUST + timedelta(hours=hours), new_id)
        assert drive(forget_repeats(uow, 10)) == gone


@pytest.mark.fault("B3")
@pytest.mark.parametrize("question", [True, False])
async def test_a_repeat_that_is_refused_for_another_reason_has_a_decision_of_its_own(
    memory: Memory, question: bool
) -> None:
    """The record says of each answer why it was given, and an answer names the decision that is its own."""
    actor = await sales(memory)

    async def ask_again() -> tuple[str, str]:
        arguments = (call(actor, 1), PROGRAMME, cast.CEDAR)
        if question:
            answered = await memory.do(check, *arguments, PURCHASE)
            id_, reasons = answered.id, answered.decision.reasons
        else:
            denied = await memory.do(denial_of, *arguments, [Action.NEW_PURCHASE])
            assert denied is not None
            id_, reasons = denied.id, denied.reasons
        [row] = await memory.rows(f"select reasons from decision where decision_id = '{id_}'")
        assert as_reasons(row[0]) == reasons
        return reasons[0].code, id_

    answers = [await ask_again(), await ask_again()]
    for number in (2, 3):
        memory.clock.now += timedelta(hours=1)
        await memory.do(confirm, call(actor, number), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
        await memory.do(record_no_longer_agrees, call(actor, number), PROGRAMME, cast.CEDAR, "")
        answers += [await ask_again(), await ask_again()]
    assert [code for code, _ in answers] == ["confirmation.missing"] * 2 + ["confirmation.ended"] * 4
    first, again, ended, still, restarted, at_last = [id_ for _, id_ in answers]
    assert first == again != ended == still != restarted == at_last != first
    assert await kept(memory) == [("new_purchase", "deny")] * 3


@pytest.mark.fault("B3")
async def test_every_transaction_that_may_complete_is_kept(memory: Memory) -> None:
    """Where its answer is kept, a repeat does not come here: a call that does is a new one."""
    actor = await sales(memory)
    await memory.do(confirm, call(actor, 2), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    for _ in range(2):
        assert await memory.do(denial_of, call(actor, 1), PROGRAMME, cast.CEDAR, [Action.NEW_PURCHASE]) is None
    assert await kept(memory) == [("new_purchase", "allow")] * 2


@pytest.mark.rule("R7")
@pytest.mark.parametrize(
    ("actions", "stopped_by"),
    [
        ([Action.SUSPEND, Action.CANCEL], None),
        ([Action.SUSPEND, Action.SEAT_CHANGE, Action.NEW_PURCHASE], Action.SEAT_CHANGE),
        ([], None),
    ],
)
async def test_one_denial_stops_all_and_every_decision_is_kept(
    memory: Memory, actions: list[Action], stopped_by: Action | None
) -> None:
    denied = await memory.do(denial_of, call(await sales(memory)), PROGRAMME, cast.CEDAR, actions, "cart 7")
    assert (denied is None) is (stopped_by is None)
    subjects = await memory.rows("select action, subject_id from decision order by action")
    assert subjects == [(action, "cart 7") for action in sorted(actions)]
    if denied is not None:
        [row] = await memory.rows(f"select action from decision where decision_id = '{denied.id}'")
        assert row == (stopped_by,)


@pytest.mark.rule("R2", "R7")
async def test_a_transaction_is_paused_only_where_all_of_it_may_complete_and_records_nothing(memory: Memory) -> None:
    def pause(decision: Decision) -> str | None:
        return "paused" if decision.advisories else None

    actor, actions = await sales(memory), [Action.NEW_PURCHASE, Action.SUSPEND]
    denied = await memory.do(denial_of, call(actor, 1), PROGRAMME, cast.CEDAR, actions, None, pause)
    assert [one.decision.allowed for one in denied.denied] == [False]
    assert await kept(memory) == [("new_purchase", "deny"), ("suspend", "allow")]
    memory.clock.now = EVE_OF_API
    assert await memory.do(denial_of, call(actor, 2), PROGRAMME, cast.CEDAR, actions, None, pause) == "paused"
    assert len(await kept(memory)) == 2
    await memory.do(confirm, call(actor, 3), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    assert await memory.do(denial_of, call(actor, 4), PROGRAMME, cast.CEDAR, actions, None, pause) is None
    assert len(await kept(memory)) == 4


@pytest.mark.rule("R7", "R47")
async def test_a_denial_hands_on_the_reasons_of_every_denied_action_each_once(memory: Memory) -> None:
    actor = await sales(memory)
    await memory.do(record_no_longer_agrees, call(actor, 1), PROGRAMME, cast.CEDAR, "By phone.")
    actions = [Action.REACTIVATE, Action.CANCEL, Action.SEAT_CHANGE, Action.NEW_PURCHASE]
    denied = await memory.do(denial_of, call(actor, 2), PROGRAMME, cast.CEDAR, actions)
    assert denied is not None
    assert [(reason.code, reason.rule) for reason in denied.reasons] == [
        ("confirmation.ended", "R47"),
        ("confirmation.missing", "R10"),
        ("confirmation.missing", "R9"),
    ]
    assert denied.advisories == ()
    by_action = {
        action: [reason.code for reason in as_reasons(reasons)]
        for action, reasons in await memory.rows("select action, reasons from decision")
    }
    assert by_action == {
        "reactivate": ["confirmation.ended"],
        "cancel": [],
        "seat_change": ["confirmation.ended", "confirmation.missing"],
        "new_purchase": ["confirmation.ended", "confirmation.missing"],
    }


@pytest.mark.rule("R27", "R33", "X5")
async def test_recording_or_correcting_an_old_agreement_does_not_close_what_a_current_one_opens(
    memory: Memory,
) -> None:
    """Under `stale_rule = "refuse"`: the best confirmation counts, not the newest."""
    actor, strict = await sales(memory), replace(PROGRAMME, stale_rule=StaleRule.REFUSE)
    memory.clock.now = datetime(2019, 10, 1, tzinfo=UTC)
    for label, day in (("1", datetime(2018, 1, 1, tzinfo=UTC)), ("2", datetime(2019, 5, 1, tzinfo=UTC))):
        await memory.do(add_text_version, draft(label, effective_from=day), "tests")

    async def verdict() -> list[str]:
        decision = await ask(memory.store, actor, strict, cast.CEDAR, PURCHASE)
        return [decision.verdict, *(reason.code for reason in decision.reasons)]

    await memory.do(confirm, call(actor, 1), strict, cast.CEDAR, DRAFT_CONFIRMATION)
    assert await verdict() == ["deny", "confirmation.outdated"]
    customer_agreement = replace(DRAFT_CONFIRMATION, template_id=TemplateId(cast.CUSTOMER_AGREEMENT))
    await memory.do(confirm, call(actor, 2), strict, cast.CEDAR, customer_agreement)
    assert await verdict() == ["allow"]
    corrected = replace(DRAFT_CONFIRMATION, contact=replace(DRAFT_CONFIRMATION.contact, first_name="Nia"))
    for number, again in enumerate((DRAFT_CONFIRMATION, corrected), 3):
        await memory.do(confirm, call(actor, number), strict, cast.CEDAR, again)
        assert await verdict() == ["allow"]
    assert await memory.do(denial_of, call(actor, 9), strict, cast.CEDAR, [Action.NEW_PURCHASE]) is None


@pytest.mark.rule("R8", "R12", "R39")
async def test_a_new_customer_can_be_made_and_buys_nothing_before_it_accepts(memory: Memory) -> None:
    actor = await memory.actor(cast.HAZEL, cast.HAZEL_ADMIN)
    found = await memory.do(customer_of, (await sales(memory)).partner, cast.DOGWOOD)
    assert found is not None
    await memory.do(relate, actor.partner.id, found[0], [])
    for action in Action:
        answer = await ask(memory.store, actor, PROGRAMME, cast.DOGWOOD, Transaction(action, Channel.API))
        assert answer.allowed is not action.needs_confirmation
    await memory.do(confirm, call(actor), PROGRAMME, cast.DOGWOOD, DRAFT_CONFIRMATION)
    assert (await ask(memory.store, actor, PROGRAMME, cast.DOGWOOD, PURCHASE)).allowed


@pytest.mark.rule("R4", "R6")
async def test_asking_changes_nothing_and_at_moves_the_dates_alone(memory: Memory) -> None:
    actor = await sales(memory)
    before = [memory.connection.execute(f"select * from {name}").fetchall() for name in tables_of(memory.connection)]
    assert not (await ask(memory.store, actor, PROGRAMME, cast.CEDAR, PURCHASE)).allowed
    assert (await ask(memory.store, actor, PROGRAMME, cast.CEDAR, PURCHASE, at=EVE_OF_API)).allowed
    assert before == [
        memory.connection.execute(f"select * from {name}").fetchall() for name in tables_of(memory.connection)
    ]
    await memory.do(confirm, call(actor), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    assert (await ask(memory.store, actor, PROGRAMME, cast.CEDAR, PURCHASE, at=API_ENFORCED)).allowed
    memory.clock.now = AUGUST
    assert not (await ask(memory.store, actor, PROGRAMME, cast.ELM, PURCHASE)).allowed


class Unreachable(InlineStore):
    """A store whose disk is gone."""

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        raise StoreUnavailable("IOError")


@pytest.mark.rule("R6")
async def test_a_record_that_cannot_be_read_is_not_a_missing_confirmation(memory: Memory) -> None:
    actor = await sales(memory)
    gone = Unreachable(memory.connection, memory.clock)
    for now in (AUGUST, API_ENFORCED):
        answer = await ask(gone, actor, PROGRAMME, cast.CEDAR, PURCHASE, at=now)
        assert [reason.code for reason in answer.reasons] == ["standing.unknown"]


async def test_what_was_known_is_read_back_as_it_was(memory: Memory) -> None:
    actor = await sales(memory)
    await memory.do(confirm, call(actor), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    standing = await memory.do(standing_of, actor.partner.id, cast.CEDAR)
    [current] = standing.current
    outdated = replace(
        standing,
        current=(replace(current, outdated_since=AUGUST, renew_by=API_ENFORCED, overdue=True),),
        no_longer_agrees_at=AUGUST,
    )
    for known in (standing, outdated, Unknown()):
        assert as_standing(standing_text(known)) == known
