"""Signing in to the dashboard: OpenID Connect, authorization code with PKCE (decision 0008). A leaf, like `auth`.

authlib calls the provider, joserfc verifies the ID token.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from ssl import SSLContext
from typing import Any
from uuid import UUID

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jws, jwt
from joserfc.errors import JoseError

from agreegate.domain.error import Rejected
from agreegate.identity.auth import ALGORITHMS, LARGEST_TOKEN
from agreegate.identity.issuer import KeySource, safe_url

SCOPE = "openid profile"
LASTING = "offline_access"
"""The scope that asks for a refresh token."""
LEEWAY = 60
"""Seconds by which the provider's clock may differ."""
PAUSE = 5.0
"""Seconds between two attempts to read the description of a provider that does not answer."""

logger = logging.getLogger(__name__)
_REGISTRY = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way. The browser keeps it, so that another browser's answer is refused."""

    url: str
    """Where the browser is sent."""
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The user that the provider has signed in."""

    tenant: str
    user_id: str
    user_name: str
    roles: tuple[str, ...]
    """The roles in the ID token."""
    refresh_token: str | None = field(default=None, repr=False)
    """Renews the user's roles; None when the provider gave none."""


@dataclass(frozen=True, slots=True)
class OpenIdClient:
    """The dashboard as the provider's client, and the way to the provider."""

    discovery_url: str
    issuers: Sequence[str]
    """Templates, as for bearer tokens: `{tid}` stands for the tenant."""
    client_id: str
    secret: str | None
    """None for a public client; PKCE protects both kinds."""
    redirect_uri: str
    transport: Callable[[], httpx2.AsyncBaseTransport | None] = lambda: None
    """Reaches the provider without the network: a demo is its own provider."""


class OpenIdProvider:
    """The provider that signs users in."""

    def __init__(self, client: OpenIdClient, keys: KeySource, clock: Callable[[], float]) -> None:
        self._client = client
        self._keys = keys
        self.clock = clock
        """The machine's time, in seconds since 1970."""
        self._described: Mapping[str, Any] | None = None
        self._describing = asyncio.Lock()
        self._silent_since = float("-inf")
        safe_url(client.discovery_url)

    async def begin(self, language: str, *, lasting: bool = False) -> Begun:
        """Begin a sign-in; return it with the address to send the browser to.

        Args:
            lasting: ask for a refresh token, so that the user can be renewed.

        Raises:
            `sign-in.provider-silent`: the provider cannot be reached. The parameter `cause` names why, never a value.
        """
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        async with self._session() as session:
            endpoint = await self._endpoint(session, "authorization_endpoint")
            # A provider without this scope refuses it; it may give refresh tokens without being asked.
            lasting = lasting and LASTING in (self._described or {}).get("scopes_supported", (LASTING,))
            url, state = session.create_authorization_url(
                endpoint,
                scope=f"{SCOPE} {LASTING}" if lasting else SCOPE,
                code_verifier=verifier,
                nonce=nonce,
                ui_locales=language,
                prompt="select_account",
            )
        return Begun(url, state, nonce, verifier)

    async def finish(self, begun: Begun, code: str) -> SignedIn:
        """Return the user who signed in, by the code that the browser brings back.

        Raises:
            `sign-in.again`: the code is not valid, or the provider's answer cannot be trusted.
        """
        async with self._session() as session:
            answer = await self._granted(
                session, session.fetch_token, grant_type="authorization_code", code=code, code_verifier=begun.verifier
            )
        return await self._believe(answer, begun.nonce)

    async def renew(self, who: SignedIn) -> SignedIn:
        """Return the same user with the roles of now.

        Raises:
            `sign-in.provider-silent`: it does not answer now.
            `sign-in.again`: the user must sign in again.
        """
        if who.refresh_token is None:
            raise Rejected("sign-in.again", cause="no refresh token")
        async with self._session() as session:
            answer = await self._granted(session, session.refresh_token, refresh_token=who.refresh_token)
        renewed = await self._believe(answer, None)
        if (renewed.tenant, renewed.user_id) != (who.tenant, who.user_id):
            raise Rejected("sign-in.again", cause="oid")
        return renewed

    async def _granted(
        self, session: AsyncOAuth2Client, ask: Callable[..., Awaitable[Mapping[str, Any]]], **named: str
    ) -> Mapping[str, Any]:
        """Return the answer of the token endpoint."""
        endpoint = await self._endpoint(session, "token_endpoint")
        try:
            return await ask(endpoint, **named)
        except OAuthError as error:
            silent = error.error in ("server_error", "temporarily_unavailable")
            raise Rejected("sign-in.provider-silent" if silent else "sign-in.again", cause=str(error.error)) from None
        except (httpx2.HTTPError, ValueError) as error:
            raise Rejected("sign-in.provider-silent", cause=type(error).__name__) from None

    def _session(self) -> AsyncOAuth2Client:
        client = self._client
        return AsyncOAuth2Client(
            client_id=client.client_id,
            client_secret=client.secret,
            token_endpoint_auth_method="client_secret_post" if client.secret else "none",
            redirect_uri=client.redirect_uri,
            code_challenge_method="S256",
            transport=client.transport(),
            verify=tls(),
            timeout=10,
        )

    async def _endpoint(self, session: AsyncOAuth2Client, name: str) -> str:
        try:
            if self._described is None:
                async with self._describing:  # one request at a time, however many sign-ins wait for it
                    self._described = self._described or await self._describe(session)
            return safe_url(str(self._described[name]))
        except (httpx2.HTTPError, ValueError, KeyError) as error:
            raise Rejected("sign-in.provider-silent", cause=type(error).__name__) from None

    async def _describe(self, session: AsyncOAuth2Client) -> Mapping[str, Any]:
        if 0 <= self.clock() - self._silent_since < PAUSE:
            raise Rejected("sign-in.provider-silent", cause="discovery")
        try:
            answer = await session.request("GET", self._client.discovery_url, withhold_token=True)
            answer.raise_for_status()
            return dict(answer.json())
        except (httpx2.HTTPError, ValueError):
            self._silent_since = self.clock()
            raise

    async def _believe(self, answer: Mapping[str, Any], nonce: str | None) -> SignedIn:
        """Return the user of an answer's ID token; `nonce` is None where the request had none."""
        token, refresh_token = answer.get("id_token"), answer.get("refresh_token")
        if not isinstance(token, str) or len(token) > LARGEST_TOKEN:
            raise Rejected("sign-in.again", cause="id_token")
        try:
            header = jws.extract_compact(token.encode(), registry=_REGISTRY).headers()
            kid = header.get("kid")
            if header.get("alg") not in ALGORITHMS or not isinstance(kid, str):
                raise Rejected("sign-in.again", cause="alg or kid")
            claims = jwt.decode(token, await self._keys(kid), registry=_REGISTRY).claims
            jwt.JWTClaimsRegistry(
                now=int(self.clock()),
                leeway=LEEWAY,
                exp={"essential": True},
                aud={"essential": True, "value": self._client.client_id},
            ).validate(claims)
            tenant, user = str(UUID(claims["tid"])), str(UUID(claims["oid"]))
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Rejected("sign-in.again", cause=type(error).__name__) from None
        if nonce is not None and claims.get("nonce") != nonce:
            raise Rejected("sign-in.again", cause="nonce")
        if claims.get("iss") not in [template.replace("{tid}", claims["tid"]) for template in self._client.issuers]:
            raise Rejected("sign-in.again", cause="iss")
        name = claims.get("preferred_username")
        roles = claims.get("roles")
        return SignedIn(
            tenant,
            user,
            name if isinstance(name, str) and name.isprintable() else user,
            tuple(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else (),
            refresh_token if isinstance(refresh_token, str) and len(refresh_token) <= LARGEST_TOKEN else None,
        )


@cache
def tls() -> SSLContext:
    """Return the TLS settings of calls to the provider, made once: reading the trusted certificates takes long."""
    return httpx2.create_ssl_context()
