"""Do each call of a client once, and give a repeat the same answer (contract 3.10)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from agreegate.domain.actor import Actor
from agreegate.domain.error import Rejected
from agreegate.domain.partner import PartnerId
from agreegate.services.clock import require_clock
from agreegate.storage.confirmation import still_counting
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork
from agreegate.storage.idempotency import IdempotencyKey, claim_key, keep_answer, release_key


@dataclass(frozen=True, slots=True)
class IdempotentCall:
    """One request of an actor, and its identity."""

    actor: Actor
    method: str
    path: str
    """Canonical: ids in lower case, literals in the contract's spelling."""
    request_id: str
    correlation_id: str
    fingerprint: str
    """Digest of the path, the parsed body and the acting user or application."""
    repeatable: bool = True
    """False: the client sent no usable request id, so a repeat cannot be recognised."""

    @classmethod
    def of(
        cls,
        actor: Actor,
        method: str,
        path: str,
        request_id: str,
        correlation_id: str,
        body: bytes,
        *,
        repeatable: bool,
    ) -> "IdempotentCall":
        """Return an actor's call.

        Args:
            body: the parsed body, encoded again, so that different spellings of one body are the same call.
        """
        canonical = path.lower()
        kind = b"application" if actor.user_id is None else b"user"
        digest = sha256(b"\x00".join((method.encode(), canonical.encode(), kind, actor.recorded_by.encode(), body)))
        return cls(actor, method, canonical, request_id, correlation_id, digest.hexdigest(), repeatable)


@dataclass(frozen=True, slots=True)
class Answer:
    """The response as bytes, so that a repeat gets the same."""

    status: int
    body: bytes
    confirmation_id: str | None = None
    """The recorded confirmation; once it has ended, a repeat does not get this answer."""
    more: tuple[bytes, ...] = ()
    """The pieces of a long answer after `body`. Such an answer is never kept."""

    @property
    def accepted(self) -> bool:
        """Whether the answer is a success. Only successes are kept: a kept denial would outlive a new confirmation."""
        return 200 <= self.status < 300


async def do_once(
    store: Store, call: IdempotentCall, work: Callable[[UnitOfWork], Awaitable[Answer]], *, goes_on: bool = False
) -> Answer:
    """Do the work in one unit of work, or return the answer that this call got before: see `run_idempotent`.

    Equal calls wait for each other before they begin: at most one in each process waits in the database.
    """
    turn = (call.actor.partner.id, call.method, call.path, call.request_id) if call.repeatable else None
    return await store.write(lambda uow: run_idempotent(uow, call, lambda: work(uow), goes_on=goes_on), turn)


async def run_idempotent(
    uow: UnitOfWork, call: IdempotentCall, work: Callable[[], Awaitable[Answer]], *, goes_on: bool = False
) -> Answer:
    """Do the work, unless the same call was answered within 24 hours of the machine's clock: then return that answer.

    The answer is kept in the unit of work that does the work.

    Args:
        goes_on: the work may be done while the clock is behind, and checks the clock itself.

    Raises:
        `clock.behind`: nothing was done, and the client may send the same call again.
        `request.id-reused`: the request id came with another body or from another user.
        `confirmation.ended-since`: the answer's confirmation, or its relationship, has ended.
    """
    partner = call.actor.partner.id
    if not call.repeatable:
        return await _done(uow, partner, work, goes_on=goes_on)
    key = IdempotencyKey(partner, call.method, call.path, call.request_id)
    kept = await claim_key(uow, key, call.fingerprint)
    if kept is not None:
        if kept.fingerprint != call.fingerprint:
            raise Rejected("request.id-reused", name="MS-RequestId")
        if kept.confirmation_id is not None and not await still_counting(uow, partner, kept.confirmation_id):
            raise Rejected("confirmation.ended-since", name="MS-RequestId")
        return Answer(kept.status, kept.body, kept.confirmation_id)
    answer = await _done(uow, partner, work, goes_on=goes_on)
    if answer.accepted:
        await keep_answer(uow, key, answer.status, answer.body, answer.confirmation_id)
    else:
        await release_key(uow, key)
    return answer


async def _done(uow: UnitOfWork, partner: PartnerId, work: Callable[[], Awaitable[Answer]], *, goes_on: bool) -> Answer:
    """Do the work, then check the clock: the work locks a customer first, and so reads the clock that it records.

    Raises:
        `clock.behind`: also instead of what the work raises.
    """
    if goes_on:
        return await work()
    try:
        answer = await work()
    except Rejected:
        await require_clock(uow, partner)
        raise
    await require_clock(uow, partner)
    return answer
