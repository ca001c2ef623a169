"""Signing in to the demo through a browser: the request, the page of made-up users, the one-time codes."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import urlencode

from agreegate.dashboard.frame.page import rendered
from agreegate.demo.oauth import OAuthError, audience_of, client_of, missing, redirect_of
from agreegate.demo.tokens import Granted
from agreegate.deployment.demo_start import DemoUser
from agreegate.i18n import text

CODE_LIFETIME = 120
MANY_CODES = 1000
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """A sign-in request that a redirect may answer."""

    granted: Granted
    """What will be granted, the user still open."""
    redirect_uri: str
    challenge: str
    state: str | None

    def back(self, **answer: str) -> str:
        """Return the address that takes the browser back to the client with this answer."""
        return _back(self.redirect_uri, self.state, answer)


class Redirected(Exception):
    """An error that the browser takes to the client, whose redirect address is valid."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


def read_request(query: Mapping[str, str], tenant_id: str, base_url: str, language: str) -> SignInRequest:
    """Return the sign-in that the parameters of an address ask for.

    Raises:
        OAuthError: client or redirect address cannot be trusted, so the browser stays here.
        Redirected: anything else is wrong (RFC 6749, 4.1.2.1; PKCE by S256 is a must).
    """
    client_id, redirect_uri = client_of(query), query.get("redirect_uri") or missing("redirect_uri")
    redirect_of(redirect_uri, base_url)
    try:
        if query.get("response_type", "") != "code":
            raise OAuthError("unsupported_response_type", "signin.parameter-unusable", name="response_type")
        if query.get("response_mode", "query") != "query":
            raise OAuthError("invalid_request", "signin.parameter-unusable", name="response_mode")
        challenge = query.get("code_challenge", "")
        if query.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(challenge):
            raise OAuthError("invalid_request", "signin.challenge")
        scope = query.get("scope") or missing("scope")
        audience = audience_of(scope, application=False)
        if query.get("prompt") == "none":
            raise OAuthError("login_required", "signin.login-required")
    except OAuthError as error:
        description = text(error.key, language, **error.parameters)
        answer = {"error": error.error, "error_description": description}
        raise Redirected(_back(redirect_uri, query.get("state"), answer)) from None
    granted = Granted(client_id, tenant_id, audience, None, scope, ("pwd", "mfa"), query.get("nonce"))
    return SignInRequest(granted, redirect_uri, challenge, query.get("state"))


class Codes:
    """Authorization codes: each good once, for two minutes, for the client and redirect address it was given for."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: dict[str, tuple[SignInRequest, float]] = {}

    def issue(self, request: SignInRequest, user: DemoUser) -> str:
        """Return a new code for this user; with too many codes open the oldest is dropped."""
        if len(self._open) >= MANY_CODES:
            del self._open[next(iter(self._open))]
        code = secrets.token_urlsafe(32)
        signed_in = replace(request, granted=replace(request.granted, user=user, tenant_id=user.tenant_id))
        self._open[code] = (signed_in, self._clock() + CODE_LIFETIME)
        return code

    def redeem(self, code: str, client_id: str, redirect_uri: str, verifier: str) -> Granted:
        """Return the grant of a code, which is used up by this call.

        Raises:
            OAuthError.
        """
        request, until = self._open.pop(code, (None, 0.0))
        if request is None or self._clock() >= until:
            raise OAuthError("invalid_grant", "signin.code")
        shown = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        same = client_id == request.granted.client_id and redirect_uri == request.redirect_uri
        if not same or not hmac.compare_digest(shown, request.challenge):
            raise OAuthError("invalid_grant", "signin.code-binding")
        return request.granted


def user_page(
    request: SignInRequest, users: Sequence[DemoUser], base_url: str, language: str, query: Mapping[str, str]
) -> tuple[str, str]:
    """Return the page with a button for each user, and its content security policy.

    Args:
        query: the parameters of the sign-in, which the choice of another language keeps.
    """
    back = redirect_of(request.redirect_uri, base_url)
    address = f"{back.scheme}://{back.netloc}"
    # A policy cannot name an IPv6 address, so the whole scheme stands for it there.
    target = f"{back.scheme}:" if "[" in back.netloc else address
    tenants = [(tenant, list(those)) for tenant, those in groupby(users, key=lambda user: user.tenant_name)]
    body = _page("signin.page-title", language, query, client=address, tenants=tenants)
    return body, _policy(f"'self' {target}")


def error_page(error: OAuthError, language: str, query: Mapping[str, str]) -> tuple[str, str]:
    """Return the page of a refused sign-in, and its content security policy."""
    return _page("signin.page-refused", language, query, error=error), _policy("'none'")


def _page(title: str, language: str, query: Mapping[str, str], error: OAuthError | None = None, **shown: object) -> str:
    def address_in(other: str) -> str:
        return f"?{urlencode({**query, 'ui_locales': other})}"

    return rendered("demo_sign_in.html", language, title=title, error=error, address_in=address_in, **shown)


def _policy(form_action: str) -> str:
    return (
        f"default-src 'none'; style-src 'self'; img-src 'self'; form-action {form_action}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


def _back(redirect_uri: str, state: str | None, answer: Mapping[str, str]) -> str:
    joint = "&" if "?" in redirect_uri else "?"
    return redirect_uri + joint + urlencode({**answer, **({} if state is None else {"state": state})})
