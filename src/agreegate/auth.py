"""Bearer tokens: who signed one, for whom, and until when (contract 3.2, design D8).

A leaf for the edges: it knows tokens and key sets, no partner and no storage. `api/caller.py` turns claims into an actor.
"""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx2
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from agreegate.domain.errors import Unauthenticated

ALGORITHMS = ("RS256", "ES256")
LARGEST_TOKEN = 16 * 1024
LONGEST_CACHED = 60.0
"""Seconds. This is the delay with which a withdrawn key or a changed issuer takes effect at the latest."""
TOKEN_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
USER_MARKS = ("upn", "unique_name", "preferred_username", "nonce", "at_hash", "amr")
"""Claims about a person signing in. A token without `scp` that has one is an ID token, never an application's."""

KeySource = Callable[[str], Awaitable[KeySet]]
"""Gives the key set to trust now, asked by the key id of a token. The same object means: nothing has changed."""

logger = logging.getLogger(__name__)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_REGISTRY = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says about the caller."""

    tenant: str
    """`tid`, a GUID in lower case."""
    user_id: str | None
    """`oid`, a GUID in lower case; None for App-only."""
    user_name: str | None
    """The user principal name; a person's, so never written to diagnostics."""
    application_id: str | None
    roles: tuple[str, ...]
    """The token's own `roles` claim, as spelled there."""
    issuer: str
    expires_at: int
    """Seconds since 1970 by the machine's clock."""
    mfa: bool = False
    """Whether the user proved a second factor (contract 3.2)."""


class _Untrusted(ValueError):
    """Why a token is refused: a claim's name, never its value."""


class TokenVerifier:
    """Verifies bearer tokens and remembers the good ones for at most a minute.

    All issuers of one verifier must publish the same key set, as the identity platform's two issuers do. A template
    `https://issuer.example/{tid}/` trusts any tenant of that issuer; one without `{tid}` trusts its word about the tenant.
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
        cache_size: int = 4096,
        cache_seconds: float = LONGEST_CACHED,
    ) -> None:
        self._issuers = tuple(issuers)
        self._audiences = frozenset(
            audience.removesuffix("/") for audience in audiences
        )
        self._application_audiences = frozenset(
            audience.removesuffix("/") for audience in application_audiences
        )
        self._keys = keys
        self._clock = clock
        self._dates = jwt.JWTClaimsRegistry(
            now=lambda: int(clock()), leeway=leeway, exp={"essential": True}
        )
        self._cache: dict[bytes, tuple[Claims, float, float]] = {}
        self._cache_size = cache_size
        self._cache_seconds = min(cache_seconds, LONGEST_CACHED)
        self._trusted: KeySet | None = None

    def verify_cached(self, token: bytes | str) -> Claims | None:
        """The claims of a token verified a moment ago, or None: then `verify` decides. Give bytes where speed counts."""
        if isinstance(token, str):
            token = token.encode("utf-8", "surrogatepass")
        held = self._cache.get(token)
        if held is None:
            return None
        claims, since, until = held
        return claims if since <= self._clock() < until else None

    async def verify(self, token: bytes | str) -> Claims:
        """The claims of a token that can be trusted.

        Raises:
            Unauthenticated: whatever is wrong with it; the reason goes to the diagnostics at debug level, without values.
        """
        if isinstance(token, str):
            token = token.encode("utf-8", "surrogatepass")
        if (claims := self.verify_cached(token)) is not None:
            return claims
        try:
            keys = await self._keys(_key_id(token))
            if keys is not self._trusted:
                self._trusted = keys
                self._cache.clear()
            claims = self._claims(jwt.decode(token, keys, registry=_REGISTRY).claims)
        except (
            Exception
        ) as problem:  # The bytes are a stranger's: any failure to read them means no.
            reason = (
                str(problem)
                if isinstance(problem, _Untrusted)
                else type(problem).__name__
            )
            logger.debug("bearer token refused: %s", reason)
            raise Unauthenticated from None
        self._remember(token, claims)
        return claims

    def _remember(self, token: bytes, claims: Claims) -> None:
        now = self._clock()
        self._cache.pop(token, None)
        if len(self._cache) >= self._cache_size:
            del self._cache[next(iter(self._cache))]
        self._cache[token] = (
            claims,
            now,
            min(now + self._cache_seconds, claims.expires_at),
        )

    def _claims(self, said: Mapping[str, Any]) -> Claims:
        self._dates.validate(dict(said))
        tenant, issuer = _guid(said, "tid"), _text(said, "iss")
        if issuer not in [
            template.replace("{tid}", said["tid"]) for template in self._issuers
        ]:
            raise _Untrusted("iss")
        user, application = (
            said.get("scp") is not None,
            _text(said, "appid") or _text(said, "azp"),
        )
        audiences = {audience.removesuffix("/") for audience in _texts(said, "aud")}
        if audiences.isdisjoint(self._audiences) and (
            user or audiences.isdisjoint(self._application_audiences)
        ):
            raise _Untrusted("aud")
        if user and (not _text(said, "scp") or said.get("idtyp") == "app"):
            raise _Untrusted("scp")
        if not user and (
            said.get("idtyp", "app") != "app"
            or not application
            or any(map(said.get, USER_MARKS))
        ):
            raise _Untrusted("idtyp")
        name = (
            _text(said, "upn")
            or _text(said, "unique_name")
            or _text(said, "preferred_username")
        )
        return Claims(
            tenant=tenant,
            user_id=_guid(said, "oid") if user else None,
            user_name=name,
            application_id=application,
            roles=_texts(said, "roles"),
            issuer=issuer,
            expires_at=int(said["exp"]),
            mfa=user and "mfa" in _texts(said, "amr"),
        )


def _key_id(token: bytes) -> str:
    """The key id that the token's header names; a token without one is refused, so that keys are never guessed."""
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


def _text(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    # Not printable: control characters, and halves of characters that no database would take.
    if value is not None and not (isinstance(value, str) and value.isprintable()):
        raise _Untrusted(name)
    return value


def _guid(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise _Untrusted(name)
    return value.lower()


def _texts(said: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = said.get(name)
    values = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(
        isinstance(item, str) and item.isprintable() for item in values
    ):
        raise _Untrusted(name)
    return tuple(values)


def fixed_keys(keys: KeySet) -> KeySource:
    """A key source without a network, for one who signs the tokens too (the demo)."""

    async def known(_kid: str) -> KeySet:
        return keys

    return known


class PublishedKeys:
    """The key set that an issuer publishes: found by its OpenID discovery document, followed through rotations.

    A key id not seen before asks the issuer again, at most once in `pause` seconds and once at a time; an old set is renewed
    in the background after `lifetime` seconds. An issuer that is down or answers nonsense leaves the known set in force.
    `client` belongs to the caller; `clock` counts seconds.

    Raises:
        ValueError: the address is neither https nor this machine's own.
    """

    def __init__(
        self,
        discovery_url: str,
        client: httpx2.AsyncClient,
        *,
        clock: Callable[[], float],
        pause: float = 5.0,
        lifetime: float = 900.0,
        timeout: float = 5.0,
        largest: int = 256 * 1024,
    ) -> None:
        self._url = _safe(discovery_url)
        self._client = client
        self._clock = clock
        self._pause, self._lifetime, self._timeout, self._largest = (
            pause,
            lifetime,
            timeout,
            largest,
        )
        self._set = KeySet([])
        self._tried_at = self._renewed_at = float("-inf")
        self._renewal: asyncio.Task[None] | None = None

    async def __call__(self, kid: str) -> KeySet:
        """The key set to trust now; waits for the issuer only when the set does not hold `kid`."""
        now = self._clock()
        known = any(key.kid == kid for key in self._set)
        if not known or not 0 <= now - self._renewed_at < self._lifetime:
            renewal = self._start_renewal(now)
            if renewal is not None and not known:
                await asyncio.shield(
                    renewal
                )  # Others wait for it too: one caller who leaves must not end it.
        return self._set

    def _start_renewal(self, now: float) -> asyncio.Task[None] | None:
        if self._renewal is None or self._renewal.done():
            if 0 <= now - self._tried_at < self._pause:
                return None
            self._tried_at = now
            self._renewal = asyncio.create_task(self._renew())
        return self._renewal

    async def _renew(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                discovered = await self._read(self._url)
                fresh = _signing_keys(await self._read(_safe(discovered["jwks_uri"])))
        except Exception as problem:  # Whatever the network or the issuer does wrong, the known keys stay good.
            logger.warning(
                "keys of %s not renewed (%s); %d known",
                self._url,
                type(problem).__name__,
                len(self._set.keys),
            )
            return
        if fresh != self._set:
            self._set = fresh
        self._renewed_at = self._clock()

    async def _read(self, url: str) -> Any:
        body = bytearray()
        async with self._client.stream(
            "GET", url, timeout=self._timeout, follow_redirects=False
        ) as answer:
            if answer.status_code != 200:
                raise ValueError(f"status {answer.status_code}")
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > self._largest:
                    raise ValueError("answer too large")
        return json.loads(body)

    async def close(self) -> None:
        """Give up a renewal under way."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)


def _safe(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not (parts.scheme == "https" and host) and not (
        parts.scheme == "http" and is_loopback(host)
    ):
        raise ValueError("keys are read over https only")
    return url


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine and no other."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _signing_keys(document: Mapping[str, Any]) -> KeySet:
    keys = [key for data in document["keys"] if (key := _signing_key(data)) is not None]
    if not keys:
        raise ValueError("no usable key")
    return KeySet(keys)


def _signing_key(data: Any) -> Key | None:
    """The key, or None for one that this product cannot or must not use: shared secrets above all."""
    try:
        small = data["kty"] == "RSA" and len(data["n"]) < 342  # 2048 bits in base64url
        if (
            data["kty"] not in ("RSA", "EC")
            or data.get("use", "sig") != "sig"
            or "d" in data
            or small
        ):
            return None
        return JWKRegistry.import_key(data)
    except (JoseError, ValueError, TypeError, LookupError, AttributeError):
        return None
