"""One transaction on the wire: done once, and answered with the gate's reasons when the gate denies it (3.10, 4.14)."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from agreegate.api.exchange import Exchange, answer
from agreegate.api.wire import Body
from agreegate.api.wire.error import error_body
from agreegate.domain.error import ErrorCode, Rejected
from agreegate.domain.reason import Code
from agreegate.error import OUTCOMES
from agreegate.services.gate import Denial
from agreegate.services.idempotency import Answer, IdempotentCall
from agreegate.storage.engine.unit_of_work import UnitOfWork

T = TypeVar("T")

_CODES: dict[Code, ErrorCode] = {Code.CONFIRMATION_ENDED: "gate.ended", Code.CONFIRMATION_OUTDATED: "gate.outdated"}
"""The errors of first reasons that have a sentence of their own."""


async def transact(
    exchange: Exchange,
    call: IdempotentCall,
    work: Callable[[UnitOfWork], Awaitable[T | Denial]],
    status: int,
    encoded: Callable[[T], Body],
    *,
    goes_on: bool = False,
) -> Answer:
    """Do the work in one unit of work, or return the answer that this call got before.

    A denial is committed like any result: its decision is kept, and nothing else was written.

    Args:
        status: of the answer when the work is done.
        encoded: turns the result into the body of the answer.
        goes_on: as in `run_idempotent`.
    """

    async def done(uow: UnitOfWork) -> Answer:
        result = await work(uow)
        return denied(exchange, result) if isinstance(result, Denial) else answer(status, encoded(result))

    return await exchange.once(call, done, goes_on=goes_on)


def denied(exchange: Exchange, denial: Denial) -> Answer:
    """Return 403 / 13605 with the sentence of the first reason; `data` lists the codes of all reasons."""
    deployment = exchange.deployment
    codes = list(dict.fromkeys(reason.code for reason in denial.reasons))
    agreement = deployment.programme.asks_for(deployment.store.clock())
    error = Rejected(_CODES.get(codes[0], "gate.refused"), *codes, agreement=agreement, name=codes[0])
    return Answer(OUTCOMES[error.code].status, error_body(error, exchange.language))
