"""Bearer tokens: who signed one, for whom, and until when (contract 3.2, decision 0008).

A leaf for the edges: it knows tokens, no partner and no storage. `deployment/caller.py` turns claims into an actor.
"""

import logging
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import KeySet

from agreegate.diagnostics import Causes
from agreegate.domain.error import Rejected
from agreegate.identity.issuer import KeySource

ALGORITHMS = ("RS256", "ES256")
LARGEST_TOKEN = 16 * 1024
TOKEN_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
USER_MARKS = ("upn", "unique_name", "preferred_username", "nonce", "at_hash", "amr")
"""Claims about a person signing in. A token without `scp` that has one is an ID token, never an application's."""

logger = logging.getLogger(__name__)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_REGISTRY = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a verified token."""

    tenant: str
    """`tid`, a GUID in lower case."""
    user_id: str | None
    """`oid`, a GUID in lower case; None for App-only."""
    user_name: str | None
    """The user principal name; a person's, so never written to diagnostics."""
    application_id: str | None
    roles: tuple[str, ...]
    """The token's `roles` claim, unchanged."""
    expires_at: int
    """Seconds since 1970 by the machine's clock."""


class _Untrusted(ValueError):
    """Why a token is refused: a claim's name, never its value."""


class TokenVerifier:
    """Verifies bearer tokens and keeps none: `Callers` in `deployment/caller.py` keeps their actors.

    All issuers of one verifier must publish the same key set, as the identity platform's two issuers do. A template
    `https://issuer.example/{tid}/` binds the issuer to the token's tenant; an issuer without `{tid}` may name any tenant.
    `application_audiences` count for App-only tokens alone. `leeway` is in seconds, `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        *,
        issuers: Sequence[str],
        audiences: Collection[str],
        keys: KeySource,
        clock: Callable[[], float],
        application_audiences: Collection[str] = (),
        leeway: int = 60,
    ) -> None:
        self._issuers = tuple(issuers)
        self._audiences = frozenset(audience.removesuffix("/") for audience in audiences)
        self._application_audiences = frozenset(audience.removesuffix("/") for audience in application_audiences)
        self._keys = keys
        self._clock = clock
        self._dates = jwt.JWTClaimsRegistry(now=lambda: int(clock()), leeway=leeway, exp={"essential": True})
        self._trusted = KeySet([])
        self.withdrawals = 0
        """How many keys the issuer has withdrawn. After each, tokens must be verified again."""
        self._causes = Causes(logger, "bearer token refused: %s", clock)

    async def verify(self, token: bytes | str) -> Claims:
        """Verify a token and return its claims.

        Raises:
            `access.unauthenticated`: whatever is wrong with it; diagnostics at debug level name the reason, without values.
        """
        if isinstance(token, str):
            token = token.encode("utf-8", "surrogatepass")
        try:
            kid = _key_id(token)
            keys = await self._keys(kid)
            if keys is not self._trusted:
                self._trust(keys)
            return self._claims(jwt.decode(token, keys, registry=_REGISTRY).claims)
        except Exception as problem:  # noqa: BLE001 - a stranger wrote the bytes: any failure to read them means no
            reason = str(problem) if isinstance(problem, _Untrusted) else type(problem).__name__
            self._causes.warn(reason)
            raise Rejected("access.unauthenticated") from None

    def _trust(self, keys: KeySet) -> None:
        """Note a withdrawal when the issuer took a key away, and then alone: anybody can make it be asked again."""
        if _identities(self._trusted) - _identities(keys):
            self.withdrawals += 1
        self._trusted = keys

    def _claims(self, claims: Mapping[str, Any]) -> Claims:
        self._dates.validate(dict(claims))
        tenant = _guid(claims, "tid")
        if _text(claims, "iss") not in [template.replace("{tid}", claims["tid"]) for template in self._issuers]:
            raise _Untrusted("iss")
        user, application = claims.get("scp") is not None, _text(claims, "appid") or _text(claims, "azp")
        audiences = {audience.removesuffix("/") for audience in _texts(claims, "aud")}
        if audiences.isdisjoint(self._audiences) and (user or audiences.isdisjoint(self._application_audiences)):
            raise _Untrusted("aud")
        if user and (not _text(claims, "scp") or claims.get("idtyp") == "app"):
            raise _Untrusted("scp")
        if not user and (claims.get("idtyp", "app") != "app" or not application or any(map(claims.get, USER_MARKS))):
            raise _Untrusted("idtyp")
        return Claims(
            tenant=tenant,
            user_id=_guid(claims, "oid") if user else None,
            user_name=_text(claims, "upn") or _text(claims, "unique_name") or _text(claims, "preferred_username"),
            application_id=application,
            roles=_texts(claims, "roles"),
            expires_at=int(claims["exp"]),
        )


def _identities(keys: KeySet) -> set[tuple[str | None, str]]:
    """Return each key's id and thumbprint."""
    return {(key.kid, key.thumbprint()) for key in keys}


def _key_id(token: bytes) -> str:
    """Return the key id that the token's header names; a token without one is refused, so that keys are never guessed."""
    if len(token) > LARGEST_TOKEN:
        raise _Untrusted("size")
    header = jws.extract_compact(token, registry=_REGISTRY).headers()
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in TOKEN_TYPES:
        raise _Untrusted("typ")
    if header.get("alg") not in ALGORITHMS:
        raise _Untrusted("alg")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise _Untrusted("kid")
    return kid


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    # Not printable: control characters, and halves of characters that no database would take.
    if value is not None and not (isinstance(value, str) and value.isprintable()):
        raise _Untrusted(name)
    return value


def _guid(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise _Untrusted(name)
    return value.lower()


def _texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = claims.get(name)
    values = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) and item.isprintable() for item in values):
        raise _Untrusted(name)
    return tuple(values)
