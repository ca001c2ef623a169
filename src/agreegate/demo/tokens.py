"""The tokens that the demo signs, shaped as the identity platform's (contract 3.2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from agreegate.demo.oauth import PARTNER_CENTER, OAuthError
from agreegate.deployment.demo_start import DemoUser
from agreegate.domain.error import Rejected

LIFETIME = 3600
REFRESH_LIFETIME = 90 * 24 * 3600


class Version(StrEnum):
    """The two generations of the sign-in addresses; they differ in issuer and in the shape of the answer."""

    V1 = "1.0"
    V2 = "2.0"


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant of the sign-in service: client, user and audience."""

    client_id: str
    tenant_id: str
    audience: str
    user: DemoUser | None = None
    """None for App-only."""
    scope: str = ""
    factors: tuple[str, ...] = ("pwd",)
    nonce: str | None = None


def issuers(base_url: str) -> tuple[str, str]:
    """Return the templates of the demo's two issuers, for `TokenVerifier`: the v2 address's, the v1 address's."""
    return f"{base_url}/{{tid}}/v2.0", f"{base_url}/{{tid}}/"


class Mint:
    """Signs tokens with the demo's key, by the machine's clock (seconds since 1970)."""

    def __init__(self, base_url: str, key: RSAKey, clock: Callable[[], float], users: Sequence[DemoUser]) -> None:
        key.ensure_kid()
        self._base_url = base_url
        self._key = key
        self._clock = clock
        self._users = {user.user_id: user for user in users}

    def answer(self, granted: Granted, version: Version) -> dict[str, Any]:
        """Return the token answer: numbers are texts in version 1, and numbers in version 2."""
        now = int(self._clock())
        answer: dict[str, Any] = {
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "ext_expires_in": LIFETIME,
            "access_token": self._access_token(granted, version, now),
        }
        if version is Version.V1:
            answer |= {
                "expires_in": str(LIFETIME),
                "ext_expires_in": str(LIFETIME),
                "expires_on": str(now + LIFETIME),
                "not_before": str(now),
                "resource": granted.audience,
            }
        if granted.user is not None:
            scopes = granted.scope.split()
            answer["scope"] = granted.scope if version is Version.V2 else "user_impersonation"
            if version is Version.V1 or "offline_access" in scopes:
                answer["refresh_token"] = self._refresh_token(granted, granted.user, now)
            if "openid" in scopes:
                answer["id_token"] = self._id_token(granted, granted.user, now)
        return answer

    def key_set(self) -> dict[str, Any]:
        """Return the public key, as published."""
        return dict(KeySet([self._key]).as_dict(private=False))

    def read_refresh_token(self, token: str, client_id: str) -> Granted:
        """Return the grant of a refresh token.

        Raises:
            OAuthError: not ours, expired, or another client's.
        """
        dates = jwt.JWTClaimsRegistry(
            now=int(self._clock()), exp={"essential": True}, aud={"essential": True, "value": self._refresh_audience}
        )
        try:
            claims = jwt.decode(token, self._key, algorithms=["RS256"]).claims
            dates.validate(claims)
            user, factors = self._users[claims["oid"]], tuple(claims["amr"])
            granted = Granted(claims["client_id"], user.tenant_id, claims["for"], user, claims["scope"], factors)
        except Exception:  # noqa: BLE001 - a stranger wrote the text: any failure to read it means no
            raise OAuthError("invalid_grant", "signin.refresh") from None
        if granted.client_id != client_id:
            raise OAuthError("invalid_grant", "signin.refresh")
        return granted

    def read_identity_token(self, token: str) -> Granted:
        """Return a grant for Partner Center to the user or application that a token of this service was signed for.

        Raises:
            `access.unauthenticated`: not ours, expired, or a refresh token.
        """
        dates = jwt.JWTClaimsRegistry(now=int(self._clock()), exp={"essential": True})
        try:
            read = jwt.decode(token, self._key, algorithms=["RS256"])
            claims = read.claims
            dates.validate(claims)
            if read.header["typ"] != "JWT":
                raise Rejected("access.unauthenticated")
            user = None if claims.get("idtyp") == "app" else self._users[claims["oid"]]
            client_id, factors = claims.get("appid") or claims["aud"], tuple(claims.get("amr", ("pwd",)))
            return Granted(client_id, claims["tid"], PARTNER_CENTER, user, factors=factors)
        except Exception:  # noqa: BLE001 - a stranger wrote the text: any failure to read it means no
            raise Rejected("access.unauthenticated") from None

    @property
    def _refresh_audience(self) -> str:
        return f"{self._base_url}/refresh"

    def _access_token(self, granted: Granted, version: Version, now: int) -> str:
        template = issuers(self._base_url)[0 if version is Version.V2 else 1]
        claims: dict[str, Any] = {
            "aud": granted.audience,
            "iss": template.replace("{tid}", granted.tenant_id),
            "tid": granted.tenant_id,
            "appid": granted.client_id,
            "ver": str(version),
        }
        if granted.user is None:
            principal = str(uuid5(UUID(granted.tenant_id), granted.client_id))
            return self._sign(claims | {"oid": principal, "sub": principal, "idtyp": "app"}, now)
        claims |= {
            "oid": granted.user.user_id,
            "sub": _subject(granted, granted.user),
            "upn": granted.user.name,
            "unique_name": granted.user.name,
            "scp": "user_impersonation" if granted.audience == PARTNER_CENTER else "openid profile",
            "amr": list(granted.factors),
        }
        return self._sign(claims, now)

    def _id_token(self, granted: Granted, user: DemoUser, now: int) -> str:
        claims: dict[str, Any] = {
            "aud": granted.client_id,
            "iss": issuers(self._base_url)[0].replace("{tid}", granted.tenant_id),
            "tid": granted.tenant_id,
            "oid": user.user_id,
            "sub": _subject(granted, user),
            "preferred_username": user.name,
            "name": user.name,
            "ver": str(Version.V2),
        }
        if granted.nonce is not None:
            claims["nonce"] = granted.nonce
        return self._sign(claims, now)

    def _refresh_token(self, granted: Granted, user: DemoUser, now: int) -> str:
        claims = {
            "aud": self._refresh_audience,
            "oid": user.user_id,
            "client_id": granted.client_id,
            "for": granted.audience,
            "scope": granted.scope,
            "amr": list(granted.factors),
        }
        return self._sign(claims, now, lifetime=REFRESH_LIFETIME, kind="refresh+jwt")

    def _sign(self, claims: dict[str, Any], now: int, *, lifetime: int = LIFETIME, kind: str = "JWT") -> str:
        header = {"alg": "RS256", "typ": kind, "kid": self._key.kid}
        return jwt.encode(header, claims | {"iat": now, "nbf": now, "exp": now + lifetime}, self._key, ["RS256"])


def _subject(granted: Granted, user: DemoUser) -> str:
    """Return the user's subject for one client: the identity platform gives each client another."""
    return str(uuid5(UUID(user.user_id), granted.client_id))
