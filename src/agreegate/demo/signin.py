"""The demo's sign-in service, shaped as the identity platform's (interface.md, sections 2 and 3).

It exists under `agreegate demo` only. Every password, and the secret of every application, is `demo`.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote_plus

from joserfc.jwk import RSAKey
from litestar import MediaType, Request, Response, get, post, route
from litestar.exceptions import InternalServerException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import Method

from agreegate.demo.authorize import Redirected, error_page, read_request, user_page
from agreegate.demo.grants import SignIn
from agreegate.demo.oauth import PARTNER_CENTER, OAuthError, parameters
from agreegate.demo.tokens import Version, issuers
from agreegate.deployment.demo_start import DemoUser
from agreegate.domain.error import Rejected
from agreegate.i18n import language_of, text

LARGEST_FORM = 64 * 1024
FORM = "application/x-www-form-urlencoded"
FRESH = {"Cache-Control": "no-store", "Pragma": "no-cache"}
EVERY_METHOD: Sequence[Method] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""The token addresses take all of them, so that a wrong one gets an error of OAuth."""
OPTIONS: dict[str, Any] = {"public": True}


def _with_basic(form: dict[str, str], header: str | None) -> dict[str, str]:
    """Return the form with the client id and secret of a Basic header, as some clients send them (RFC 6749, 2.3.1)."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return form
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise OAuthError("invalid_request", "signin.parameter-unusable", name="Authorization") from None
    client_id = unquote_plus(client_id)
    if form.get("client_id", client_id) != client_id:
        raise OAuthError("invalid_request", "signin.parameter-unusable", name="client_id")
    return {**form, "client_id": client_id, "client_secret": unquote_plus(secret)}


async def _form(request: Request[Any, Any, Any]) -> dict[str, str]:
    if request.method != "POST":
        raise OAuthError("invalid_request", "signin.method")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise OAuthError("invalid_request", "signin.form")
    try:
        return parameters(await request.body())
    except (RequestEntityTooLarge, InternalServerException):  # too large, or broken off
        raise OAuthError("invalid_request", "signin.form") from None


def _language(request: Request[Any, Any, Any], query: Mapping[str, str] | None = None) -> str:
    locales = (query or {}).get("ui_locales", "").replace(" ", ",")
    return language_of(locales or request.headers.get("accept-language"))


def _refused(request: Request[Any, Any, Any], error: OAuthError) -> Response[Any]:
    description = text(error.key, _language(request), **error.parameters)
    headers = FRESH | ({"WWW-Authenticate": "Basic"} if error.status == 401 else {})
    body = {"error": error.error, "error_description": description}
    return Response(body, status_code=error.status, headers=headers)


def _page(page: tuple[str, str], status: int) -> Response[Any]:
    body, policy = page
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(body, status_code=status, media_type=MediaType.HTML, headers=headers)


def signin_routes(
    users: Sequence[DemoUser], key: RSAKey, base_url: str, clock: Callable[[], float]
) -> list[HTTPRouteHandler]:
    """Return the routes of the sign-in service, and of the exchange of tokens that Partner Center had until January 2019.

    `base_url` has no slash at the end; Host headers do not count. `clock` is the machine's, in seconds since 1970, not the
    demo's.
    """
    service = SignIn(users, key, base_url, clock)

    @route(
        ["/{tenant:str}/oauth2/v2.0/token", "/{tenant:str}/oauth2/token"],
        http_method=EVERY_METHOD,
        status_code=200,
        opt=OPTIONS,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
        exception_handlers={OAuthError: _refused},
    )
    async def token(request: Request[Any, Any, Any], tenant: FromPath[str]) -> Response[Any]:
        version = Version.V2 if request.url.path.endswith("/v2.0/token") else Version.V1
        form = _with_basic(await _form(request), request.headers.get("authorization"))
        return Response(service.mint.answer(service.grant(form, tenant, version), version), headers=FRESH)

    @post("/generatetoken", status_code=200, opt=OPTIONS, include_in_schema=False, request_max_body_size=LARGEST_FORM)
    async def generate_token(request: Request[Any, Any, Any]) -> Response[Any]:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Rejected("access.unauthenticated")
        granted = service.mint.read_identity_token(credentials.strip())
        try:
            grant_type = (await _form(request)).get("grant_type")
        except OAuthError:
            raise Rejected("request.invalid") from None
        if grant_type != "jwt_token":
            raise Rejected("request.invalid-property", name="grant_type")
        answer = service.mint.answer(granted, Version.V2)
        return Response({name: answer[name] for name in ("access_token", "token_type", "expires_in")}, headers=FRESH)

    @route(
        "/{tenant:str}/oauth2/v2.0/authorize",
        http_method=["GET", "POST"],
        status_code=200,
        opt=OPTIONS,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def authorize(request: Request[Any, Any, Any], tenant: FromPath[str]) -> Response[Any]:
        language, query = _language(request), dict[str, str]()
        try:
            query = parameters(request.scope["query_string"])
            language = _language(request, query)
            tenant_id = service.tenant_of(tenant)
            sign_in = read_request(query, tenant_id or "", base_url, language)
            offered = service.users_of(tenant_id)
            if request.method == "GET":
                return _page(user_page(sign_in, offered, base_url, language, query), 200)
            # A form of another site must not sign anybody in; browsers name where a form came from.
            if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                raise OAuthError("invalid_request", "signin.form")
            chosen = (await _form(request)).get("user")
            for user in offered:
                if user.user_id == chosen:
                    return _sent_to(sign_in.back(code=service.codes.issue(sign_in, user)))
            raise OAuthError("invalid_request", "signin.parameter-unusable", name="user")
        except Redirected as error:
            return _sent_to(error.location)
        except OAuthError as error:
            return _page(error_page(error, language, query), 400)

    @get(
        "/{tenant:str}/discovery/v2.0/keys",
        opt=OPTIONS,
        include_in_schema=False,
        exception_handlers={OAuthError: _refused},
    )
    async def keys(tenant: FromPath[str]) -> Response[Any]:
        service.tenant_of(tenant)
        return Response(service.mint.key_set())

    @get(
        "/{tenant:str}/v2.0/.well-known/openid-configuration",
        opt=OPTIONS,
        include_in_schema=False,
        exception_handlers={OAuthError: _refused},
    )
    async def configuration(tenant: FromPath[str]) -> Response[Any]:
        return Response(_configuration(base_url, tenant.lower(), service.tenant_of(tenant)))

    return [token, generate_token, authorize, keys, configuration]


def _sent_to(location: str) -> Response[Any]:
    return Response(None, status_code=303, headers={"Location": location, "Cache-Control": "no-store"})


def _configuration(base_url: str, tenant: str, tenant_id: str | None) -> dict[str, Any]:
    """Return the OpenID discovery document. Where the user tells the tenant, the issuer is a template."""
    return {
        "issuer": issuers(base_url)[0].replace("{tid}", tenant_id or "{tenantid}"),
        "authorization_endpoint": f"{base_url}/{tenant}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base_url}/{tenant}/oauth2/v2.0/token",
        "jwks_uri": f"{base_url}/{tenant}/discovery/v2.0/keys",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials", "password", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "none"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access", f"{PARTNER_CENTER}/.default"],
    }
