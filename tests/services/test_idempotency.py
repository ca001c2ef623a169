"""A kept answer is given again for 24 hours of the machine's clock: no longer, and no shorter (contract 3.10)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agreegate.services.idempotency import Answer, IdempotentCall, run_idempotent
from agreegate.storage.engine.unit_of_work import MICROSECOND, UnitOfWork
from agreegate.storage.idempotency import forget_answers
from tests import personas as cast
from tests.memory import Memory, call
from tests.rejection import rejected

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
