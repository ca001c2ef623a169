"""The keys of a token issuer, as it publishes them, followed through rotations (decision 0008). A leaf, like `auth`."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

KeySource = Callable[[str], Awaitable[KeySet]]
"""Returns the key set to trust now, for a token's key id; the same object as long as nothing has changed."""

PAUSE = 5.0
"""Minimum seconds between two requests to the issuer."""
LIFETIME = 900.0
"""Seconds after which the key set is renewed."""
LARGEST = 256 * 1024
"""Maximum bytes of an answer of the issuer."""

logger = logging.getLogger(__name__)


def fixed_keys(keys: KeySet) -> KeySource:
    """Return a key source without a network, for the demo, which signs its tokens itself."""

    async def known(_kid: str) -> KeySet:
        return keys

    return known


class PublishedKeys:
    """The key set that an issuer publishes: found by its OpenID discovery document, followed through rotations.

    An unknown key id asks the issuer again, at most once in `PAUSE` seconds and once at a time; the set is renewed in the
    background after `LIFETIME` seconds. An issuer that is down or answers nonsense leaves the known set in force.
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
        timeout: float = 5.0,
    ) -> None:
        self._url = safe_url(discovery_url)
        self._client = client
        self._clock = clock
        self._timeout = timeout
        self._set = KeySet([])
        self._attempted_at = self._renewed_at = float("-inf")
        self._renewal: asyncio.Task[None] | None = None

    async def __call__(self, kid: str) -> KeySet:
        """Return the key set to trust now; wait for the issuer only when the set does not hold `kid`."""
        now = self._clock()
        known = any(key.kid == kid for key in self._set)
        if not known or not 0 <= now - self._renewed_at < LIFETIME:
            renewal = self._start_renewal(now)
            if renewal is not None and not known:
                await asyncio.shield(renewal)  # Others wait for it too: one caller who leaves must not end it.
        return self._set

    def _start_renewal(self, now: float) -> asyncio.Task[None] | None:
        if self._renewal is None or self._renewal.done():
            if 0 <= now - self._attempted_at < PAUSE:
                return None
            self._attempted_at = now
            self._renewal = asyncio.create_task(self._renew())
        return self._renewal

    async def _renew(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                discovered = await self._read(self._url)
                fresh = _signing_keys(await self._read(safe_url(discovered["jwks_uri"])))
        except Exception as problem:  # noqa: BLE001 - whatever goes wrong there, the known keys stay good
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
        async with self._client.stream("GET", url, timeout=self._timeout, follow_redirects=False) as answer:
            if answer.status_code != 200:
                raise ValueError(f"status {answer.status_code}")
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > LARGEST:
                    raise ValueError("answer too large")
        return json.loads(body)

    async def close(self) -> None:
        """Cancel a renewal under way."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)


def safe_url(url: str) -> str:
    """Return the address if its content can be trusted: https, or this machine itself.

    Raises:
        ValueError.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not (parts.scheme == "https" and host) and not (parts.scheme == "http" and is_loopback(host)):
        raise ValueError("keys are read over https only")
    return url


def is_loopback(host: str) -> bool:
    """Return whether a host name means this machine and no other."""
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
    """Return the key; None for a key that must not be used, such as a shared secret."""
    try:
        small = data["kty"] == "RSA" and len(data["n"]) < 342  # 2048 bits in base64url
        if data["kty"] not in ("RSA", "EC") or data.get("use", "sig") != "sig" or "d" in data or small:
            return None
        return JWKRegistry.import_key(data)
    except (JoseError, ValueError, TypeError, LookupError, AttributeError):
        return None
