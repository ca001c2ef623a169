"""A clock behind a partner's records closes its gate until the clock is right or accepted (decision 0015)."""

import logging
from collections.abc import Sequence
from datetime import datetime

from agreegate.domain.actor import Actor
from agreegate.domain.characters import nothing_to_read
from agreegate.domain.clock import TOLERANCE
from agreegate.domain.confirmation import NOTE_LENGTH
from agreegate.domain.error import Rejected
from agreegate.domain.fact import ResourceChanged
from agreegate.domain.partner import Partner, PartnerId
from agreegate.storage.clock import NEWEST, add_acceptance, trusted_in_record, trusted_of
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork
from agreegate.storage.record import record

logger = logging.getLogger("agreegate.clock")

COMMAND = "agreegate clock accept"
"""The application in audit records."""


async def is_behind(store: Store, partner: PartnerId, now: datetime) -> bool:
    """Return whether the clock is behind the partner's records; reads nothing while memory says that it is not.

    Args:
        now: the store's clock.

    Raises:
        StoreUnavailable: the record cannot be read now.
    """
    known = store.trusted.of(partner)
    if known is not None and now >= known:
        return False
    trusted = trusted_of(await store.fetch_all(NEWEST, partner))
    store.trusted.learn(partner, trusted, known)
    return _behind(now, trusted)


async def is_behind_here(uow: UnitOfWork, partner: PartnerId) -> bool:
    """Like `is_behind`, inside a unit of work."""
    known = uow.trusted.of(partner)
    if known is not None and uow.now >= known:
        return False
    return _behind(uow.now, await trusted_in_record(uow, partner))


async def require_clock(uow: UnitOfWork, partner: PartnerId) -> None:
    """Refuse to record anything for the partner while the clock is behind.

    Raises:
        `clock.behind`.
    """
    if await is_behind_here(uow, partner):
        raise Rejected("clock.behind")


async def accept_clock(uow: UnitOfWork, reason: str, partners: Sequence[Partner]) -> list[datetime]:
    """Accept the clock for partners, so that their records from the future are no longer compared with it.

    Each partner gets an audit record.

    Returns:
        The newest record from the future, for each partner that has one.

    Raises:
        `request.invalid-property`: the reason shows nothing, or is too long.
    """
    reason = reason.strip()
    if nothing_to_read(reason) or len(reason) > NOTE_LENGTH or "\x00" in reason:
        raise Rejected("request.invalid-property", name="reason")
    ahead = []
    for partner in partners:
        newest = await add_acceptance(uow, partner.id, reason, COMMAND)
        if newest is not None:
            ahead.append(newest)
        accepted = {"accepted_at": uow.now.isoformat(), "reason": reason}
        actor = Actor(partner, application_id=COMMAND)
        await record(uow, actor, ResourceChanged("accept_clock", "clock", new_value=accepted))
    return ahead


def _behind(now: datetime, trusted: datetime) -> bool:
    if now >= trusted:
        return False
    logger.warning(
        "the clock is %s behind the newest record of a partner: its gate is closed until the clock is right, or until"
        " `agreegate clock accept` says that it is",
        trusted + TOLERANCE - now,
    )
    return True
