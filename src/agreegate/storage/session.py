"""Sessions of the dashboard as rows. Their times are the machine's, whatever a demo's clock says."""

from datetime import timedelta

from agreegate.storage.engine.unit_of_work import UnitOfWork, to_micros

IDLE = timedelta(hours=1)
"""Unused for so long, a session has ended."""
LONGEST = timedelta(hours=12)
"""However much it is used, a session ends after this."""
REMEMBERED = timedelta(days=1)
"""So long after its last use it is known whose a session was, so that nobody's typing is lost or shown to another."""
_TOUCHED_AFTER = timedelta(minutes=1)
"""Use is noted no more often."""


async def session_data(uow: UnitOfWork, key: str) -> tuple[str, bool] | None:
    """The data of a session that has not ended, and whether its use should be noted again; None when there is none."""
    row = await uow.fetch_one(
        "select data, seen_at from session where session_key = $1 and seen_at > $2 and began_at > $3",
        key,
        to_micros(uow.machine_now - IDLE),
        to_micros(uow.machine_now - LONGEST),
    )
    if row is None:
        return None
    data, seen_at = row
    return data, seen_at < to_micros(uow.machine_now - _TOUCHED_AFTER)


async def ended_session(uow: UnitOfWork, key: str) -> str | None:
    """The data of a session that has ended not long ago."""
    return None if await session_data(uow, key) is not None else await kept_data(uow, key)


async def kept_data(uow: UnitOfWork, key: str) -> str | None:
    """The data of a session, whether it has ended or not."""
    rows = await uow.fetch_all("select data from session where session_key = $1", key)
    return next((data for (data,) in rows), None)


async def add_session(uow: UnitOfWork, key: str, data: str) -> None:
    """Begin a session."""
    await uow.execute(
        "insert into session (session_key, data, began_at, seen_at) values ($1, $2, $3, $3)",
        key,
        data,
        to_micros(uow.machine_now),
    )


async def touch_session(uow: UnitOfWork, key: str) -> None:
    """Note that a session is used."""
    await uow.execute("update session set seen_at = $2 where session_key = $1", key, to_micros(uow.machine_now))


async def keep_session(uow: UnitOfWork, key: str, data: str) -> None:
    """Note that a session is used, and change its data. A session that was ended meanwhile stays ended."""
    await uow.execute(
        "update session set data = $2, seen_at = $3 where session_key = $1", key, data, to_micros(uow.machine_now)
    )


async def change_data(uow: UnitOfWork, key: str, data: str) -> None:
    """Change the data of a session, whether it has ended or not. It lasts no longer by that."""
    await uow.execute("update session set data = $2 where session_key = $1", key, data)


async def expire_session(uow: UnitOfWork, key: str) -> None:
    """Let a session have ended as if it had not been used."""
    await uow.execute(
        "update session set seen_at = $2 where session_key = $1 and seen_at > $2",
        key,
        to_micros(uow.machine_now - IDLE),
    )


async def drop_session(uow: UnitOfWork, key: str) -> None:
    """End a session at once, and forget it."""
    await uow.execute("delete from session where session_key = $1", key)


async def forget_sessions(uow: UnitOfWork, most: int = 1_000) -> int:
    """Delete sessions that ended a day ago, with what was typed in them: at most that many; how many it deleted."""
    return await uow.execute(
        "delete from session where session_key in (select session_key from session where seen_at <= $1 limit $2)",
        to_micros(uow.machine_now - REMEMBERED),
        most,
    )
