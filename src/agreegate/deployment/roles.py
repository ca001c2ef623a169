"""Roles from the sign-in provider (`--roles-from-token`), renewed once a minute while a session is used.

The provider's refresh token stays in memory, so that no reader of the record or of a backup gets it. After a restart users
sign in again.
"""

import asyncio
import logging
import time
from dataclasses import dataclass

from agreegate.diagnostics import Causes
from agreegate.domain.error import Rejected
from agreegate.identity.openid import OpenIdProvider, SignedIn

logger = logging.getLogger("agreegate.dashboard")

KEPT_SECONDS = 60.0
"""Seconds for which a withdrawn role may still count, as for bearer tokens (decision 0008)."""
MOST = 10_000
"""Maximum sessions. Beyond it the oldest is dropped, and its user signs in again."""


@dataclass(slots=True)
class _Held:
    who: SignedIn
    asked_at: float
    """By the provider's clock, before it was asked."""
    renewal: asyncio.Task[bool] | None = None
    """Its result: whether the provider answered."""


class HeldRoles:
    """The roles of each session, by the key of the session."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._causes = Causes(logger, "roles from the sign-in service: %s", time.monotonic)

    def hold(self, key: str, who: SignedIn, asked_at: float) -> None:
        """Keep the roles of a user who has just signed in.

        Args:
            asked_at: when the provider was asked, by its clock.
        """
        if who.refresh_token is None:
            self._causes.warn("it gives no refresh token, so users must sign in again every minute")
        if len(self._held) >= MOST:
            self.forget(next(iter(self._held)))
        self._held[key] = _Held(who, asked_at)

    def forget(self, key: str) -> None:
        """Drop a session that has ended."""
        self._held.pop(key, None)

    async def of(self, key: str, provider: OpenIdProvider) -> tuple[str, ...] | None:
        """Return the roles of a session's user, at most a minute old; None when the user must sign in again.

        Raises:
            `sign-in.provider-silent`: the provider does not answer now. The session stays.
        """
        held = self._held.get(key)
        if held is not None and not 0 <= provider.clock() - held.asked_at < KEPT_SECONDS:
            # Many requests of one browser share a renewal: a refresh token may be good once.
            held.renewal = held.renewal or asyncio.create_task(self._renew(key, held, provider))
            if not await asyncio.shield(held.renewal):
                raise Rejected("sign-in.provider-silent", cause="renewal")
            held = self._held.get(key)
        return None if held is None else held.who.roles

    async def _renew(self, key: str, held: _Held, provider: OpenIdProvider) -> bool:
        asked_at = provider.clock()
        try:
            held.who = await provider.renew(held.who)
            held.asked_at = asked_at
        except Rejected as error:
            if error.code == "sign-in.provider-silent":
                self._causes.warn(f"it does not answer ({error.parameters['cause']})")
                return False
            self._causes.warn(f"a user must sign in again ({error.parameters['cause']})")
            self.forget(key)
        finally:
            held.renewal = None
        return True
