"""Answers already given, kept for a day of the machine's clock (contract 3.10)."""

from datetime import timedelta

from agreegate.domain.partner import PartnerId
from agreegate.storage.unit_of_work import UnitOfWork, to_micros

KEPT = timedelta(hours=24)


async def kept_answer(
    uow: UnitOfWork, partner: PartnerId, method: str, path: str, request_id: str
) -> tuple[str, int, bytes, str | None] | None:
    """(fingerprint, status, body, confirmation) of the answer given to this request id, if it is not too old."""
    row = await uow.one(
        "select fingerprint, status, body, confirmation_id from replay"
        " where partner_id = $1 and method = $2 and path = $3 and request_id = $4 and kept_at > $5",
        partner,
        method,
        path,
        request_id,
        to_micros(uow.machine_now - KEPT),
    )
    return None if row is None else (row[0], row[1], row[2], row[3])


async def keep_answer(
    uow: UnitOfWork,
    partner: PartnerId,
    method: str,
    path: str,
    request_id: str,
    fingerprint: str,
    status: int,
    body: bytes,
    confirmation: str | None = None,
) -> None:
    """Keep an answer for its repeats; one that is too old gives way.

    Args:
        confirmation: the id of the one that the answer acknowledges.
    """
    await uow.run(
        "insert into replay (partner_id, method, path, request_id, fingerprint, status, body, kept_at,"
        " confirmation_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " on conflict (partner_id, method, path, request_id) do update set fingerprint = excluded.fingerprint,"
        " status = excluded.status, body = excluded.body, kept_at = excluded.kept_at,"
        " confirmation_id = excluded.confirmation_id",
        partner,
        method,
        path,
        request_id,
        fingerprint,
        status,
        body,
        to_micros(uow.machine_now),
        confirmation,
    )


async def forget_answers(uow: UnitOfWork, most: int = 5_000) -> int:
    """Drop answers older than a day, at most so many at a time; how many went."""
    return await uow.run(
        "delete from replay where (partner_id, method, path, request_id) in"
        " (select partner_id, method, path, request_id from replay where kept_at <= $1 limit $2)",
        to_micros(uow.machine_now - KEPT),
        most,
    )
