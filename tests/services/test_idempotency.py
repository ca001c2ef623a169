"""A kept answer is given again for 24 hours of the machine's clock: no longer, and no shorter (contract 3.10)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from agreegate.domain.orders.order import LineDraft, OrderDraft
from agreegate.services.confirmation import confirm
from agreegate.services.gate import Denial
from agreegate.services.idempotency import Answer, IdempotentCall, do_once, run_idempotent
from agreegate.services.orders.order import place_order
from agreegate.storage.engine.unit_of_work import MICROSECOND, UnitOfWork
from agreegate.storage.idempotency import forget_answers
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.rejection import rejected
from tests.world import API_ENFORCED

pytestmark = pytest.mark.fault("F6")

DAY, MINUTE = timedelta(hours=24), timedelta(minutes=1)


async def called(memory: Memory, number: int = 1) -> IdempotentCall:
    return call(await memory.actor(cast.ALDER, cast.ALDER_SALES), number)


async def answered(memory: Memory, body: bytes, asked: IdempotentCall | None = None) -> bytes:
    """What a call is answered whose work would answer `body`."""
    asked = asked or await called(memory)

    async def ask(uow: UnitOfWork) -> Answer:
        async def work() -> Answer:
            return Answer(201, body)

        return await run_idempotent(uow, asked, work)

    return (await memory.do(ask)).body


def later(memory: Memory, by: timedelta) -> None:
    """The machine's clock goes on."""
    memory.connection.execute("update idempotency set kept_at = kept_at - ?", (by // MICROSECOND,))


async def test_an_answer_is_kept_for_a_day_and_not_a_minute_longer() -> None:
    memory = Memory()
    assert await answered(memory, b"first") == b"first"
    later(memory, DAY - MINUTE)
    assert await answered(memory, b"second") == b"first"
    later(memory, 2 * MINUTE)
    assert await answered(memory, b"third") == b"third"
    assert await answered(memory, b"fourth") == b"third", "the newer answer is kept for a day of its own"


async def test_an_id_is_free_for_another_request_after_a_day_only() -> None:
    memory = Memory()
    other = replace(await called(memory), fingerprint="another body")
    await answered(memory, b"first")
    later(memory, DAY - MINUTE)
    with rejected("request.id-reused"):
        await answered(memory, b"second", other)
    later(memory, 2 * MINUTE)
    assert await answered(memory, b"third", other) == b"third"


async def test_answers_are_deleted_after_a_day_and_not_before() -> None:
    memory = Memory()
    await answered(memory, b"older")
    later(memory, 2 * MINUTE)
    await answered(memory, b"newer", await called(memory, 2))
    later(memory, DAY - MINUTE)
    assert await memory.do(forget_answers, 100) == 1
    assert await memory.rows("select body from idempotency") == [(b"newer",)]


async def at_once(
    memory: Memory, asked: IdempotentCall, work: Callable[[UnitOfWork], Awaitable[Answer]]
) -> list[Answer]:
    """What 32 equal calls get that two processes receive at once."""
    first = memory.store
    memory.restart()
    both = (first, memory.store)
    return list(await asyncio.gather(*(do_once(both[number % 2], asked, work) for number in range(32))))


async def test_equal_calls_at_once_make_one_record_and_get_one_answer() -> None:
    memory = Memory()
    asked = call(await memory.actor(cast.ALDER, cast.ALDER_SALES))

    async def work(uow: UnitOfWork) -> Answer:
        made = await confirm(uow, asked, PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
        return Answer(201, made.id.encode(), made.id)

    answers = await at_once(memory, asked, work)
    [(recorded,)] = await memory.rows("select confirmation_id from confirmation")
    assert answers == [Answer(201, recorded.encode(), recorded)] * 32


async def test_equal_refused_calls_at_once_make_one_decision_and_get_one_answer() -> None:
    memory = Memory(API_ENFORCED)
    asked = call(await memory.actor(cast.ALDER, cast.ALDER_SALES))
    draft = OrderDraft([LineDraft(number=0, offer_id="BD938F12-058F-4927-BBA3-AE36B1D2501C", quantity=5)])

    async def work(uow: UnitOfWork) -> Answer:
        denial = await place_order(uow, asked, PROGRAMME, cast.CEDAR, draft)
        assert isinstance(denial, Denial)
        return Answer(403, denial.id.encode())

    answers = await at_once(memory, asked, work)
    [(decision,)] = await memory.rows("select decision_id from decision")
    assert answers == [Answer(403, decision.encode())] * 32
    assert await memory.rows("select count(*) from idempotency") == [(0,)], "the call may be sent again"
