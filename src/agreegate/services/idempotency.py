"""One call of a client, and the promise that the same call is done once (contract 3.10)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from agreegate.domain.actor import Actor
from agreegate.domain.error import Rejected
from agreegate.services.clock import require_clock
from agreegate.storage.confirmation import still_counting
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.idempotency import IdempotencyKey, claim_key, keep_answer, release_key


@dataclass(frozen=True, slots=True)
class IdempotentCall:
    """What identifies one request."""

    method: str
    path: str
    """Canonical: ids in lower case, literals in the contract's spelling."""
    request_id: str
    correlation_id: str
    fingerprint: str
    """Digest of the path, the parsed body and the acting user or application."""
    repeatable: bool = True
    """False when the client sent no usable request id: the call can then not be recognised again."""

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
        """The call that an actor makes.

        Args:
            body: the parsed one, in one spelling: what clients write differently and mean alike is the same call.
        """
        canonical = path.lower()
        kind = b"application" if actor.user_id is None else b"user"
        digest = sha256(b"\x00".join((method.encode(), canonical.encode(), kind, actor.recorded_by.encode(), body)))
        return cls(method, canonical, request_id, correlation_id, digest.hexdigest(), repeatable)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client is sent, as bytes, so that a repeat gets the very same."""

    status: int
    body: bytes
    confirmation_id: str | None = None
    """The confirmation that it acknowledges: once that has ended, the answer is not given again."""
    more: tuple[bytes, ...] = ()
    """What follows `body`, where a long answer goes out in pieces. Such an answer is never kept."""

    @property
    def accepted(self) -> bool:
        """Only these are kept: a kept refusal would outlive the confirmation that heals it."""
        return 200 <= self.status < 300


async def run_idempotent(
    uow: UnitOfWork, actor: Actor, call: IdempotentCall, work: Callable[[], Awaitable[Answer]], *, goes_on: bool = False
) -> Answer:
    """Do the work, unless this very call was answered within 24 hours of the machine's clock: then answer that again.

    Answer and work are kept in one unit, so neither exists without the other.

    Args:
        goes_on: whether the work may be done while the clock is behind; it then looks at the clock itself.

    Raises:
        `clock.behind`: nothing was done, and the same call may be sent again.
        `request.id-reused`: the request id came with another body or from another user.
        `confirmation.ended-since`: the answer acknowledged a confirmation that has ended since, or whose relationship has.
    """
    if not call.repeatable:
        if not goes_on:
            await require_clock(uow, actor.partner.id)
        return await work()
    partner = actor.partner.id
    key = IdempotencyKey(partner, call.method, call.path, call.request_id)
    kept = await claim_key(uow, key, call.fingerprint)
    if kept is not None:
        if kept.fingerprint != call.fingerprint:
            raise Rejected("request.id-reused", name="MS-RequestId")
        if kept.confirmation_id is not None and not await still_counting(uow, partner, kept.confirmation_id):
            raise Rejected("confirmation.ended-since", name="MS-RequestId")
        return Answer(kept.status, kept.body, kept.confirmation_id)
    if not goes_on:
        await require_clock(uow, partner)
    answer = await work()
    if answer.accepted:
        await keep_answer(uow, key, answer.status, answer.body, answer.confirmation_id)
    else:
        await release_key(uow, key)
    return answer
