"""The words of OAuth that the demo's token and sign-in addresses share: parameters, scopes, redirects, errors."""

from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import SplitResult, parse_qsl, urlsplit

from agreegate.identity.issuer import is_loopback

PARTNER_CENTER = "https://api.partnercenter.microsoft.com"
DIRECTORY_GRAPH = "https://graph.windows.net"
"""A resource for App-only tokens of the v1 address alone (contract 3.2)."""
PROFILE = "00000003-0000-0000-c000-000000000000"
"""The audience of an access token for signing in only; no API takes it."""
SIGN_IN_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
MANY_PARAMETERS = 40


class OAuthError(Exception):
    """An error in OAuth's words: `error` for programs, the catalogue's sentence `key` for people."""

    def __init__(self, error: str, key: str, **parameters: str) -> None:
        super().__init__(error)
        self.error = error
        self.key = key
        self.parameters = parameters

    @property
    def status(self) -> int:
        """The HTTP status (RFC 6749, 5.2)."""
        return 401 if self.error == "invalid_client" else 400


def missing(name: str) -> NoReturn:
    """Refuse a request that lacks a parameter.

    Raises:
        OAuthError.
    """
    raise OAuthError("invalid_request", "signin.parameter-missing", name=name)


def parameters(encoded: bytes) -> dict[str, str]:
    """Return the parameters of a form or a query; empty ones count as left out (RFC 6749, 3.1).

    Raises:
        OAuthError: not a form, or a parameter appears twice.
    """
    try:
        pairs = parse_qsl(encoded.decode(), errors="strict", max_num_fields=MANY_PARAMETERS)
    except ValueError:
        raise OAuthError("invalid_request", "signin.form") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise OAuthError("invalid_request", "signin.form")
    return found


def client_of(found: Mapping[str, str]) -> str:
    """Return the client id. Any is taken, if it can be written into a token.

    Raises:
        OAuthError.
    """
    client_id = found.get("client_id") or missing("client_id")
    if not client_id.isprintable() or len(client_id) > 200:
        raise OAuthError("invalid_request", "signin.parameter-unusable", name="client_id")
    return client_id


def resource_of(resource: str, *, application: bool) -> str:
    """Return the audience of a v1 `resource`, which may be written as a scope too.

    Raises:
        OAuthError.
    """
    plain = resource.lower().removesuffix("/.default").removesuffix("/user_impersonation").removesuffix("/")
    if plain == PARTNER_CENTER or (application and plain == DIRECTORY_GRAPH):
        return plain
    raise OAuthError("invalid_resource", "signin.resource", resource=PARTNER_CENTER)


def audience_of(scope: str, *, application: bool) -> str:
    """Return the audience of a v2 `scope`: Partner Center's, or the profile's when the scope only signs in.

    Raises:
        OAuthError: any other scope.
    """
    scopes = set(scope.split())
    resources = scopes - SIGN_IN_SCOPES
    try:
        audiences = {resource_of(resource, application=False) for resource in resources}
    except OAuthError:
        audiences = set()
    if audiences:
        return PARTNER_CENTER
    if resources or application or "openid" not in scopes:
        raise OAuthError("invalid_scope", "signin.scope", resource=PARTNER_CENTER)
    return PROFILE


def redirect_of(uri: str, base_url: str) -> SplitResult:
    """Return the address to send a browser back to: on the demo itself, or on this machine.

    Raises:
        OAuthError: it leads elsewhere, or is not plainly readable.
    """
    error = OAuthError("invalid_request", "signin.redirect")
    if not uri.isascii() or not uri.isprintable() or set(uri) & set('\\"<># '):
        raise error
    try:
        parts, base = urlsplit(uri), urlsplit(base_url)
        demo = (parts.scheme, parts.hostname, parts.port) == (base.scheme, base.hostname, base.port)
    except ValueError:
        raise error from None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not (demo or is_loopback(parts.hostname or "")):
        raise error
    return parts
