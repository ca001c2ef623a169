"""Sessions of browsers, kept on the server: the framework's, with a record behind them that survives a restart.

A session's id is made here and nowhere else: one that a stranger puts into a browser is never taken over. The record has
its digest only.
"""

from datetime import timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Any

from litestar.connection import ASGIConnection
from litestar.middleware.session.server_side import ServerSideSessionBackend, ServerSideSessionConfig
from litestar.serialization import decode_json
from litestar.stores.base import Store as SessionStore
from litestar.types import Empty, Message, ScopeSession

from agreegate.storage.session import LONGEST, drop_session, ended_session, keep_session, session_data, touch_session
from agreegate.storage.unit_of_work import Store

STORE = "sessions"
_FOUND = "session_found"
_ID = "session_id"


class KeptSessions(SessionStore):
    """The framework's idea of a store, on the record."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, key: str, renew_for: int | timedelta | None = None) -> bytes | None:
        """The data of a session that has not ended; `renew_for` notes its use."""
        digest = _digest(key)
        found = await self._store.read(lambda uow: session_data(uow, digest))
        if found is None:
            return None
        data, stale = found
        if stale and renew_for is not None:
            await self._store.write(lambda uow: touch_session(uow, digest))
        return data.encode()

    async def set(self, key: str, value: str | bytes, expires_in: int | timedelta | None = None) -> None:  # noqa: ARG002
        """Keep the data. When a session ends is the record's own rule."""
        text = value.decode() if isinstance(value, bytes) else value
        digest = _digest(key)
        await self._store.write(lambda uow: keep_session(uow, digest, text))

    async def delete(self, key: str) -> None:
        """End a session."""
        digest = _digest(key)
        await self._store.write(lambda uow: drop_session(uow, digest))

    async def delete_all(self) -> None:
        """Never asked for: sessions end one by one.

        Raises:
            NotImplementedError.
        """
        raise NotImplementedError

    async def exists(self, key: str) -> bool:
        """Whether there is such a session."""
        return await self.get(key) is not None

    async def expires_in(self, key: str) -> int | None:
        """At most so many seconds are left."""
        return int(LONGEST.total_seconds()) if await self.exists(key) else None


class _Backend(ServerSideSessionBackend):
    """The framework's sessions, written only when they change."""

    async def load_from_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, Any]:
        data = await super().load_from_connection(connection)
        state = connection.scope["state"]
        state[_FOUND] = self.serialize_data(data) if data else None
        state[_ID] = connection.cookies[self.config.key] if data else token_hex(32)
        return data

    def get_session_id(self, connection: ASGIConnection[Any, Any, Any, Any]) -> str:
        session_id: str = connection.scope["state"][_ID]
        return session_id

    async def store_in_message(
        self, scope_session: ScopeSession, message: Message, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> None:
        state = connection.scope["state"]
        kept = {} if scope_session is Empty else scope_session
        if not kept:
            if state[_FOUND] is not None:
                await super().store_in_message(Empty, message, connection)
        elif self.serialize_data(kept) != state[_FOUND]:
            await super().store_in_message(kept, message, connection)


def renew_id(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """Give the session of a connection another id; the one that it had and that is void from now on, if it had one.

    Done when somebody signs in: whoever knew the id before knows nothing afterwards.
    """
    state = connection.scope["state"]
    former = state[_ID] if state[_FOUND] is not None else None
    state[_ID], state[_FOUND] = token_hex(32), None
    return former


async def former_user(store: Store, connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The id of the user whose session has ended in this browser not long ago."""
    name = cookie_name(secure=connection.app.state.site.public_url.startswith("https:"))
    digest = _digest(connection.cookies.get(name, ""))
    data = await store.read(lambda uow: ended_session(uow, digest))
    user = {} if data is None else decode_json(data).get("user") or {}
    return user.get("id")


def cookie_name(*, secure: bool) -> str:
    """What the cookie is called; under TLS a name that no other host can set."""
    return "__Host-agreegate" if secure else "agreegate"


def session_config(*, secure: bool) -> ServerSideSessionConfig:
    """The framework's settings for our sessions.

    Args:
        secure: the server is reached over TLS, so the cookie never travels without.
    """
    return _Config(
        key=cookie_name(secure=secure),
        max_age=int(LONGEST.total_seconds()),
        renew_on_access=True,
        secure=secure,
        httponly=True,
        samesite="lax",
        store=STORE,
    )


class _Config(ServerSideSessionConfig):
    _backend_class = _Backend


def _digest(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
