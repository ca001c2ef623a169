"""Sessions of users, kept in the record so that they survive a restart (decision 0020).

A session begins when somebody has signed in: nothing is kept for anybody else. Its id is made here and nowhere else, so an
id that a stranger puts into a browser is never taken over. The record has its digest only.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from secrets import token_hex
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.middleware import DefineMiddleware
from litestar.middleware.session.base import SessionMiddleware
from litestar.middleware.session.server_side import ServerSideSessionBackend, ServerSideSessionConfig
from litestar.serialization import decode_json, encode_json
from litestar.types import Message, ScopeSession

from agreegate.bounded_request import cookies_of
from agreegate.dashboard.frame.page import cookie
from agreegate.deployment.deployment import Deployment, deployment_of
from agreegate.domain.error import StoreUnavailable
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork, Work
from agreegate.storage.session import (
    LONGEST,
    add_session,
    change_data,
    drop_session,
    ended_session,
    expire_session,
    keep_session,
    kept_data,
    session_data,
    touch_session,
)

_FOUND = "session_found"

Connection = ASGIConnection[Any, Any, Any, Any]


class _Backend(ServerSideSessionBackend):
    """The framework's sessions, on the record, and written only when they change.

    What a page notes in a session may fail, as on a full disk: the page is shown all the same.
    """

    def get_session_id(self, connection: Connection) -> str:
        """Return the id that the browser names, or none: a session's id is made where the session begins."""
        return _session_id(connection)

    async def load_from_connection(self, connection: Connection) -> dict[str, Any]:
        session, stale = await _read(connection)
        if stale is not None:
            await self._note(deployment_of(connection).store, lambda uow: touch_session(uow, stale))
        return session

    async def store_in_message(self, scope_session: ScopeSession, message: Message, connection: Connection) -> None:  # noqa: ARG002
        key, found = _key(connection), connection.scope["state"].get(_FOUND)
        if key is None or found is None or not isinstance(scope_session, dict):
            return
        data = encode_json(scope_session).decode()
        if data != found:
            await self._note(deployment_of(connection).store, lambda uow: keep_session(uow, key, data))

    async def _note(self, store: Store, work: Work[None]) -> None:
        with suppress(StoreUnavailable):  # the store has told the operator
            await store.write(work)


async def begin_session(connection: Connection, user: Mapping[str, Any], also: Work[None]) -> tuple[str, Cookie]:
    """Begin the session of a user who has just signed in: its key, and the cookie that makes it the browser's.

    The browser's former session ends, so its id is worthless afterwards. What the same user had typed into a
    form before is taken over.

    Args:
        also: done in the same unit of work.

    Raises:
        StoreUnavailable: nobody is signed in.
    """
    former, session_id, data = _key(connection), token_hex(32), dict[str, Any](user=user)

    async def begin(uow: UnitOfWork) -> None:
        await also(uow)
        if former is not None:
            kept = decode_json(await kept_data(uow, former) or "{}").get("kept")
            if kept is not None and kept["user"] == user["id"]:
                data["kept"] = kept
            await drop_session(uow, former)
        await add_session(uow, _digest(session_id), encode_json(data).decode())

    deployment = deployment_of(connection)
    await deployment.store.write(begin)
    if former is not None:
        deployment.held.forget(former)
    return _digest(session_id), cookie(deployment, _name(deployment), session_id, int(LONGEST.total_seconds()))


async def end_session(connection: Connection) -> Cookie:
    """End the browser's session; the cookie that makes the browser forget its id.

    Raises:
        StoreUnavailable: the session goes on.
    """
    key, deployment = _key(connection), deployment_of(connection)
    if key is not None and _FOUND in connection.scope["state"]:
        await deployment.store.write(lambda uow: drop_session(uow, key))
        deployment.held.forget(key)
    return cookie(deployment, _name(deployment), "", 0)


async def roles_of(connection: Connection) -> tuple[str, ...] | None:
    """Return the roles of the session's user, which the provider stated at most a minute ago.

    None when the user must sign in again: the session has ended then, and what is typed is kept in it.

    Raises:
        `sign-in.provider-silent`: nobody knows now.
        StoreUnavailable: the end of the session cannot be noted.
    """
    key, deployment = _key(connection), deployment_of(connection)
    if key is None or deployment.provider is None:
        return None
    roles = await deployment.held.of(key, deployment.provider)
    if roles is None:
        connection.scope["state"].pop(_FOUND, None)
        await deployment.store.write(lambda uow: expire_session(uow, key))
    return roles


async def former_user(connection: Connection) -> str | None:
    """Return the id of the user whose session ended in this browser not long ago."""
    key = _key(connection)
    data = None if key is None else await deployment_of(connection).store.read(lambda uow: ended_session(uow, key))
    user = {} if data is None else decode_json(data).get("user") or {}
    return user.get("id")


async def keep_typed(connection: Connection, user: str, fields: Mapping[str, Sequence[str]]) -> None:
    """Keep what a user typed into a form, beside the browser's session that has ended, until the user signs in again.

    It replaces what was kept there before, so a browser without a session adds nothing to the record.

    Raises:
        StoreUnavailable: nothing was kept.
    """
    key = _key(connection)

    async def keep(uow: UnitOfWork) -> None:
        if key is not None and (data := await kept_data(uow, key)) is not None:
            typed = {"path": connection.url.path, "fields": fields, "user": user}
            await change_data(uow, key, encode_json(decode_json(data) | {"kept": typed}).decode())

    await deployment_of(connection).store.write(keep)


def session_middleware(deployment: Deployment) -> DefineMiddleware:
    """Return the middleware that gives each page the session of its browser."""
    return DefineMiddleware(SessionMiddleware, backend=_Backend(ServerSideSessionConfig(key=_name(deployment))))


async def session_of(connection: Connection) -> dict[str, Any]:
    """Read the session of a browser where no middleware has, without noting its use; empty when it has none.

    Raises:
        StoreUnavailable: nobody knows now.
    """
    session, _ = await _read(connection)
    return session


async def _read(connection: Connection) -> tuple[dict[str, Any], str | None]:
    """Return what a session holds, and its key where its use is to be noted."""
    key = _key(connection)
    found = None if key is None else await deployment_of(connection).store.read(lambda uow: session_data(uow, key))
    if found is None:
        return {}, None
    data, stale = found
    connection.scope["state"][_FOUND] = data
    return dict(decode_json(data)), key if stale else None


def form_cookie(deployment: Deployment) -> Cookie:
    """Return the cookie in which a browser keeps its form token, without the token."""
    return cookie(deployment, f"{deployment.cookie_prefix}agreegate-form")


def _key(connection: Connection) -> str | None:
    """Return the digest by which the record finds the browser's session; None when the browser names none."""
    session_id = _session_id(connection)
    return _digest(session_id) if session_id else None


def _session_id(connection: Connection) -> str:
    """Return the id that the browser names; empty when it names none."""
    return cookies_of(connection.scope).get(_name(deployment_of(connection)), "")


def _digest(session_id: str) -> str:
    return sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()


def _name(deployment: Deployment) -> str:
    return f"{deployment.cookie_prefix}agreegate"
