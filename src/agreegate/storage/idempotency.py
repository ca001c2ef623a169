"""Idempotency keys and the answers that they hold, kept for a day of the machine's clock (contract 3.10).

A key is a partner's, and consists of the method, the path and the request id. It is inserted before the work is done: on an
engine with several writers a second equal call waits on that row.
"""

from dataclasses import dataclass
from datetime import timedelta

from agreegate.domain.partner import PartnerId
from agreegate.storage.engine.unit_of_work import Lock, UnitOfWork, to_micros

KEPT = timedelta(hours=24)
_KEY = "partner_id = $1 and method = $2 and path = $3 and request_id = $4"


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The values by which a repeated call is recognised."""

    partner: PartnerId
    method: str
    path: str
    request_id: str

    @property
    def values(self) -> tuple[str, str, str, str]:
        """The values of the key's columns."""
        return self.partner, self.method, self.path, self.request_id


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The answer that a key holds."""

    fingerprint: str
    status: int
    body: bytes
    confirmation_id: str | None
    """The confirmation that the answer acknowledges."""


async def claim_key(uow: UnitOfWork, key: IdempotencyKey, fingerprint: str) -> KeptAnswer | None:
    """Insert a key and return None, or return the answer that the key holds already.

    A key older than a day is replaced.
    """
    uow.note_lock(Lock.IDEMPOTENCY_KEY, *key.values)
    values = (*key.values, fingerprint, to_micros(uow.machine_now))
    insert = (
        "insert into idempotency (partner_id, method, path, request_id, fingerprint, kept_at)"
        " values ($1, $2, $3, $4, $5, $6) on conflict (partner_id, request_id, method, path) do nothing"
    )
    while not await uow.execute(insert, *values):
        row = await uow.fetch_one(
            f"select fingerprint, status, body, confirmation_id from idempotency where {_KEY} and kept_at > $5",
            *key.values,
            to_micros(uow.machine_now - KEPT),
        )
        if row is not None:
            return KeptAnswer(*row)
        await uow.execute(
            f"delete from idempotency where {_KEY} and kept_at <= $5", *key.values, to_micros(uow.machine_now - KEPT)
        )
    return None


async def keep_answer(
    uow: UnitOfWork, key: IdempotencyKey, status: int, body: bytes, confirmation_id: str | None
) -> None:
    """Store the answer under a claimed key."""
    await uow.execute(
        f"update idempotency set status = $5, body = $6, confirmation_id = $7 where {_KEY}",
        *key.values,
        status,
        body,
        confirmation_id,
    )


async def release_key(uow: UnitOfWork, key: IdempotencyKey) -> None:
    """Delete a key, so that a call that failed can be sent again."""
    await uow.execute(f"delete from idempotency where {_KEY}", *key.values)


async def forget_answers(uow: UnitOfWork, most: int) -> int:
    """Delete at most `most` keys older than a day, the oldest first; return how many it deleted."""
    return await uow.execute(
        "delete from idempotency where number in (select o.number from (select number, kept_at from idempotency"
        " order by number limit $2) o where o.kept_at <= $1)",
        to_micros(uow.machine_now - KEPT),
        most,
    )
