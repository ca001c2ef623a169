"""From a bearer token to an actor: the token's claims with the directory's roles (contract 3.2)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from agreegate.diagnostics import Causes
from agreegate.domain.actor import Actor, Channel
from agreegate.domain.error import Rejected
from agreegate.identity.auth import Claims, TokenVerifier
from agreegate.services.caller import Identity, recognise
from agreegate.storage.engine.unit_of_work import Store
from agreegate.storage.partner import add_user

logger = logging.getLogger("agreegate.api")

KEPT_SECONDS = 60.0
"""Seconds until a changed role, a withdrawn key or a revocation takes effect (decision 0008)."""
KEPT_ACTORS = 4096

_BEARER = b"bearer "


@dataclass(frozen=True, slots=True)
class _Known:
    actor: Actor
    withdrawals: int
    since: float
    until: float


class Callers:
    """Finds the actor of a token, and keeps it for at most a minute. No other place keeps tokens."""

    def __init__(
        self,
        store: Store,
        verifier: TokenVerifier,
        machine_time: Callable[[], float],
        *,
        roles_from_token: bool = False,
    ) -> None:
        self._store = store
        self._verifier = verifier
        self._machine_time = machine_time
        self._roles_from_token = roles_from_token
        self._known: dict[bytes, _Known] = {}
        self._causes = Causes(logger, "bearer token refused: %s", machine_time)

    def known(self, authorization: bytes) -> Actor | None:
        """Return the actor of an `Authorization` value seen within the last minute, without waiting; else None."""
        known = self._known.get(authorization)
        if known is None or known.withdrawals != self._verifier.withdrawals:
            return None
        return known.actor if known.since <= self._machine_time() < known.until else None

    async def actor_of(self, authorization: bytes | None) -> Actor:
        """Return the actor of an `Authorization` value.

        Raises:
            `access.unauthenticated`: there is no bearer token, it cannot be trusted, or its tenant is not in the directory.
        """
        if authorization is None or authorization[: len(_BEARER)].lower() != _BEARER:
            raise Rejected("access.unauthenticated")
        if (actor := self.known(authorization)) is not None:
            return actor
        token = authorization[len(_BEARER) :].strip(b" ")  # any number of blanks may follow the scheme (RFC 9110, 11.4)
        claims = await self._verifier.verify(token)
        since, withdrawals = self._machine_time(), self._verifier.withdrawals
        actor = await self._resolve(claims)
        self._known.pop(authorization, None)
        if len(self._known) >= KEPT_ACTORS:
            del self._known[next(iter(self._known))]  # the one that was found longest ago
        until = min(since + KEPT_SECONDS, claims.expires_at)
        self._known[authorization] = _Known(actor, withdrawals, since, until)
        return actor

    async def _resolve(self, claims: Claims) -> Actor:
        roles = claims.roles if self._roles_from_token else None
        identity = Identity(claims.tenant, claims.user_id, claims.user_name, claims.application_id, roles)
        found = await self._store.read(lambda uow: recognise(uow, identity, Channel.API))
        if found is None:
            self._causes.warn("the directory does not have its tenant, or has closed its user")
            raise Rejected("access.unauthenticated")
        actor, stranger = found
        if stranger and actor.user_id is not None:
            partner, user, name = actor.partner.id, actor.user_id, actor.user_name or actor.user_id
            await self._store.write(lambda uow: add_user(uow, partner, user, name))
        return actor
