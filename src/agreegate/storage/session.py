"""Sessions of the dashboard as rows. Their instants are of the machine's clock, which a demo cannot move."""

from datetime import timedelta

from agreegate.storage.engine.unit_of_work import UnitOfWork, to_micros

IDLE = timedelta(hours=1)
"""A session ends when it was not used for this time."""
LONGEST = timedelta(hours=12)
"""A session ends this time after it began, even if it is used."""
REMEMBERED = timedelta(days=1)
"""An ended session keeps its user and typed input for this time after its last use."""
_TOUCHED_AFTER = timedelta(minutes=1)
"""Minimum time between two updates of `seen_at`."""


async def session_data(uow: UnitOfWork, key: str) -> tuple[str, bool] | None:
    """Return the data of an open session, and whether `touch_session` is due; None: there is no open session."""
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
    """Return the data of a session that ended and is still kept."""
    return None if await session_data(uow, key) is not None else await kept_data(uow, key)


async def kept_data(uow: UnitOfWork, key: str) -> str | None:
    """Return the data of a session, ended or not."""
    rows = await uow.fetch_all("select data from session where session_key = $1", key)
    return next((data for (data,) in rows), None)


async def add_session(uow: UnitOfWork, key: str, data: str) -> None:
    """Add a session."""
    await uow.execute(
        "insert into session (session_key, data, began_at, seen_at) values ($1, $2, $3, $3)",
        key,
        data,
        to_micros(uow.machine_now),
    )


async def touch_session(uow: UnitOfWork, key: str) -> None:
    """Record that a session is used now."""
    await uow.execute("update session set seen_at = $2 where session_key = $1", key, to_micros(uow.machine_now))


async def keep_session(uow: UnitOfWork, key: str, data: str) -> None:
    """Record that a session is used now, and change its data. A session that was dropped meanwhile stays dropped."""
    await uow.execute(
        "update session set data = $2, seen_at = $3 where session_key = $1", key, data, to_micros(uow.machine_now)
    )


async def change_data(uow: UnitOfWork, key: str, data: str) -> None:
    """Change the data of a session, ended or not, without extending it."""
    await uow.execute("update session set data = $2 where session_key = $1", key, data)


async def expire_session(uow: UnitOfWork, key: str) -> None:
    """End a session, as if it had not been used for `IDLE`."""
    await uow.execute(
        "update session set seen_at = $2 where session_key = $1 and seen_at > $2",
        key,
        to_micros(uow.machine_now - IDLE),
    )


async def drop_session(uow: UnitOfWork, key: str) -> None:
    """Delete a session."""
    await uow.execute("delete from session where session_key = $1", key)


async def forget_sessions(uow: UnitOfWork, most: int) -> int:
    """Delete at most `most` sessions that ended a day ago, with their typed input; return how many it deleted."""
    return await uow.execute(
        "delete from session where session_key in (select session_key from session where seen_at <= $1 limit $2)",
        to_micros(uow.machine_now - REMEMBERED),
        most,
    )
