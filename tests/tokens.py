"""Bearer tokens, the keys that sign them, and a verifier whose clock and keys a test turns."""

import json
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, KeySet, RSAKey

from agreegate.identity.auth import TokenVerifier
from agreegate.identity.issuer import fixed_keys

NOW = 1_500_000_000

ALDER = "a1de0000-0000-4000-8000-000000000001"

ADMIN = "a1de0000-0000-4000-8000-0000000000a1"

APPLICATION = "0ff1ce00-0000-4000-8000-000000000009"

AUDIENCE = "https://api.partnercenter.microsoft.com"

GRAPH = "https://graph.windows.net"

SIGNING = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})

ELLIPTIC = ECKey.generate_key("P-256", {"kid": "curve"})

USER = {
    "aud": AUDIENCE,
    "iss": f"https://issuer.example/{ALDER}/",
    "exp": NOW + 3600,
    "nbf": NOW,
    "iat": NOW,
    "tid": ALDER,
    "oid": ADMIN,
    "upn": "admin@alder.example",
    "appid": APPLICATION,
    "scp": "user_impersonation",
    "amr": ["pwd", "mfa"],
}


class Clock:
    """A clock the test turns."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Rotating:
    """A key source whose set the test exchanges."""

    def __init__(self, *keys: RSAKey | ECKey) -> None:
        self.set = KeySet(list(keys))
        self.asked: list[str] = []

    async def __call__(self, kid: str) -> KeySet:
        self.asked.append(kid)
        return self.set


def verifier(clock: Clock | None = None, keys: Any = None, **options: Any) -> TokenVerifier:
    return TokenVerifier(
        issuers=["https://issuer.example/{tid}/v2.0", "https://issuer.example/{tid}/"],
        audiences=[AUDIENCE],
        application_audiences=[GRAPH],
        keys=keys or fixed_keys(KeySet([SIGNING, ELLIPTIC])),
        clock=clock or Clock(),
        **{"leeway": 0, **options},
    )


def token(claims: dict[str, Any] | None = None, key: Any = SIGNING, /, *, alg: str = "RS256", **header: Any) -> str:
    head = {"alg": alg, "kid": key.kid, **header}
    return jws.serialize_compact(head, json.dumps(USER if claims is None else claims), key, algorithms=[alg])
