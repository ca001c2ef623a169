"""An OpenID provider of the tests' own: its users' roles change, it can fall silent, and its time can be moved."""

import base64
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx2
from joserfc import jwt
from joserfc.jwk import KeySet

from agreegate.app import application, framework
from agreegate.dashboard.frame.signin import CALLBACK
from agreegate.deployment.deployment import Deployment
from agreegate.identity.issuer import fixed_keys
from agreegate.identity.openid import OpenIdClient, OpenIdProvider
from tests import personas as cast
from tests.dashboard.visitor import Visitor
from tests.world import BASE_URL, World, signing_key

CLIENT = "dashboard"


@dataclass
class Provider:
    """The provider as an ASGI application. A user sent to it is signed in as `user`, without a page."""

    url: str = "https://login.example"

    user: str = cast.ALDER_SALES
    roles: dict[str, Sequence[str]] = field(default_factory=lambda: {cast.ALDER_SALES: ("sales_agent",)})
    later: float = 0.0
    """Seconds by which the machine's time of provider and dashboard is ahead."""
    silent: bool = False
    refreshes: bool = True
    """Whether it gives refresh tokens."""
    names_user_again: bool = True
    """Whether a refresh is answered with an ID token."""
    rotates: bool = True
    """Whether a refresh token is good once."""
    scopes: Sequence[str] | None = None
    """The scopes that it says it knows."""
    asked: list[str] = field(default_factory=list)
    """What was asked of it, in order: paths and grants."""
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _refresh: dict[str, dict[str, str]] = field(default_factory=dict)

    def now(self) -> float:
        return time.time() + self.later

    def deployment(self, world: World, **options: Any) -> Deployment:
        """The world's deployment, with this provider."""
        client = OpenIdClient(
            discovery_url=f"{self.url}/.well-known/openid-configuration",
            issuers=[self.url],
            client_id=CLIENT,
            secret=None,
            redirect_uri=BASE_URL + CALLBACK,
            transport=lambda: httpx2.ASGITransport(app=self),
        )
        return replace(
            world.deployment, provider=OpenIdProvider(client, fixed_keys(KeySet([signing_key()])), self.now), **options
        )

    def visitor(self, world: World, deployment: Deployment) -> Visitor:
        """A browser at those pages."""
        return Visitor(world, app=application(deployment, framework(deployment)))

    async def sign_in(self, someone: Visitor, after: str = "/") -> httpx2.Response:
        """Sign in, as far as the provider's answer leads."""
        asked = await someone.client.get("/sign-in", params={"next": after})
        return await self.come_back(someone, asked.headers["location"])

    async def come_back(self, someone: Visitor, authorize_url: str) -> httpx2.Response:
        """Bring the provider's answer to the dashboard; its own answer, not followed any further."""
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self)) as browser:
            sent = await browser.get(authorize_url)
        return await someone.client.get(sent.headers["location"])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.asked.append(form.get("grant_type", scope["path"]))
        status, headers = 200, [(b"content-type", b"application/json")]
        answer: Any = {}
        if self.silent:
            status = 503
        elif scope["path"] == "/.well-known/openid-configuration":
            answer = {
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }
            if self.scopes is not None:
                answer["scopes_supported"] = self.scopes
        elif scope["path"] == "/keys":
            answer = KeySet([signing_key()]).as_dict(private=False)
        elif scope["path"] == "/authorize":
            code = token_urlsafe()
            self._codes[code] = query | {"user": self.user}
            status = 302
            location = f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"
            headers.append((b"location", location.encode()))
        else:
            answer = self._granted(form)
            status = 200 if "access_token" in answer else 400
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    def _granted(self, form: dict[str, str]) -> dict[str, Any]:
        if form["grant_type"] == "authorization_code":
            given = self._codes.pop(form["code"], None)
            shown = (
                base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
            )
            if given is None or shown != given["code_challenge"]:
                return {"error": "invalid_grant"}
        else:
            token = form["refresh_token"]
            given = self._refresh.pop(token, None) if self.rotates else self._refresh.get(token)
            if given is None or given["user"] not in self.roles:
                return {"error": "invalid_grant"}
            given = {name: value for name, value in given.items() if name != "nonce"}
        answer: dict[str, Any] = {"access_token": token_urlsafe(), "token_type": "Bearer", "expires_in": 3600}
        if form["grant_type"] == "authorization_code" or self.names_user_again:
            answer["id_token"] = self._id_token(given)
        if self.refreshes and (self.scopes is not None or "offline_access" in given["scope"]):
            answer["refresh_token"] = token_urlsafe()
            self._refresh[answer["refresh_token"]] = given
        return answer

    def _id_token(self, given: dict[str, str]) -> str:
        tenant, name = cast.USERS[given["user"]]
        claims = {
            "iss": self.url, "aud": CLIENT, "tid": tenant, "oid": given["user"], "preferred_username": name,
            "roles": list(self.roles.get(given["user"], ())), "iat": int(self.now()), "exp": int(self.now()) + 3600,
        }  # fmt: skip
        if "nonce" in given:
            claims["nonce"] = given["nonce"]
        return jwt.encode({"alg": "RS256", "kid": signing_key().kid}, claims, signing_key())
