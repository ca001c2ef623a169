"""Access to pages: a route without an `access` is denied, and errors are shown as pages."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.connection import ASGIConnection, Request
from litestar.exceptions import HTTPException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from agreegate.dashboard.frame import session
from agreegate.dashboard.frame.form import LARGEST_FORM, SAFE, Fields, in_parts, typed
from agreegate.dashboard.frame.page import FORM_TOKEN, DashboardRequest, page, to
from agreegate.dashboard.frame.signin import local
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import Access, Actor, Channel, permit
from agreegate.domain.error import Rejected, StoreUnavailable
from agreegate.error import OUTCOMES, known, retry_after
from agreegate.services.caller import Identity, recognise
from agreegate.services.clock import is_behind

logger = logging.getLogger("agreegate.dashboard")

PAGE_SENTENCES = {"request.not-found": "page.not-found", "request.throttled": "page.throttled"}
"""The sentence of a page for an error whose own sentence speaks to programs."""
LARGEST_KEPT = 64 * 1024
"""Characters of a form that are kept while its user signs in again."""


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Find the signed-in user and enforce the route's `access`. A route without one is denied.

    Raises:
        `request.throttled`, `access.unauthenticated`, `access.denied`, `access.role`, `confirmation.feature-absent`.
        `sign-in.provider-silent`: the user's roles cannot be read now. A public page then treats the user as signed out.
    """
    public = handler.opt.get("public") is True
    try:
        reader = await _reader(connection)
    except Rejected as error:
        error.expect("sign-in.provider-silent")
        if not public:
            await _keep_form(connection, error)
            raise
        reader = None
    connection.scope["user"] = reader
    throttle = deployment_of(connection).caller_throttle
    if reader is not None and throttle is not None and handler.opt.get("costly"):
        throttle.count(reader.key)
    store = deployment_of(connection).store
    if reader is not None and await is_behind(store, reader.partner.id, store.clock()):
        connection.scope["state"]["clock_behind"] = True
    if public:
        return
    access = handler.opt.get("access")
    if not isinstance(access, Access):
        raise Rejected("access.denied")
    if reader is None:
        await _keep_form(connection, Rejected("access.unauthenticated"))
        raise Rejected("access.unauthenticated")
    permit(reader, access)


async def _reader(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor | None:
    """Return the signed-in user. Reads the directory each time, so that a user removed there is out at once."""
    user = connection.session.get("user")
    if user is None:
        return None
    deployment = deployment_of(connection)
    roles = await session.roles_of(connection) if deployment.roles_from_token else None
    if roles is None and deployment.roles_from_token:
        return None
    identity = Identity(user["tenant"], user["id"], user["name"], None, roles)
    found = await deployment.store.read(lambda uow: recognise(uow, identity, Channel.DASHBOARD))
    return None if found is None else found[0]


async def _keep_form(connection: ASGIConnection[Any, Any, Any, Any], error: Rejected) -> None:
    if isinstance(connection, Request) and connection.method not in SAFE and not in_parts(connection):
        await keep_typed(connection, error, lambda: typed(connection))


async def keep_typed(request: DashboardRequest, error: Rejected, read: Callable[[], Awaitable[Fields]]) -> None:
    """Keep the fields of a form that cannot be taken now, for the same user at the same address.

    Without a former session nothing is read or kept.

    Args:
        error: why the form is not taken: the session has ended, or the user's roles cannot be read now.
        read: returns the fields of the form without the form token.
    """
    silent = error.code == "sign-in.provider-silent"
    user = request.session["user"]["id"] if silent else await session.former_user(request)
    if user is None or not _shows_forms(request):
        return
    fields = await read()
    size = sum(len(name) + sum(map(len, values)) for name, values in fields.items())
    if size <= LARGEST_KEPT:
        await session.keep_typed(request, user, fields)


def _shows_forms(request: DashboardRequest) -> bool:
    """Whether the address of a sent form also shows that form."""
    route = request.scope["path_template"]
    return any(getattr(one, "path_format", "") == route and "GET" in one.methods for one in request.app.routes)


def refused(request: DashboardRequest, error: Exception) -> Response[Any]:
    """Return the page for an error: one sentence, and what to do next."""
    if isinstance(error, PermissionDeniedException):
        return page(request, "refused.html", 403, sentence_key="page.form-untrusted", parameters={})
    rejected = known(_of_framework(request, error) if isinstance(error, HTTPException) else error)
    if rejected.code == "access.unauthenticated":
        next_path = "/"
        if request.method in SAFE or _shows_forms(request):
            # Without what it asks for, where it is too long to be led back to.
            next_path = local(f"{request.url.path}?{request.url.query}".rstrip("?"))
            next_path = request.url.path if next_path == "/" else next_path
        location = f"/sign-in?next={quote(next_path, safe='')}"
        if request.headers.get("hx-request"):
            return Response(b"", status_code=401, media_type="text/plain", headers={"hx-redirect": location})
        return to(location)
    if rejected.code == "defect":
        handler = request.scope.get("route_handler")
        logger.error("defect in %s", handler and handler.handler_name, exc_info=error)
    status, key = OUTCOMES[rejected.code].on_page, PAGE_SENTENCES.get(rejected.code, rejected.code)
    if key == "sign-in.provider-silent" and request.method not in SAFE:
        key = "sign-in.provider-silent-form"
    answer: Response[Any] = page(request, "refused.html", status, sentence_key=key, parameters=rejected.parameters)
    if (seconds := retry_after(rejected)) is not None:
        answer.headers["retry-after"] = str(seconds)
    if status == 429 and request.headers.get("hx-request"):
        # The sentence takes the list's place, and the form stays as it is.
        answer.headers |= {"hx-reselect": ".lead", "hx-reswap": "innerHTML"}
    return answer


class UnroutedPage(Response[Any]):
    """What a browser gets at an address that no page has: the error, on a page like every other that its reader sees."""

    def __init__(self, error: Exception) -> None:
        super().__init__(None)
        self._error = error

    def to_asgi_response(self, app: Any, request: DashboardRequest, **_: Any) -> ASGIApp:  # type: ignore[override]  # reads two
        """Return the response for the framework to send. It reads the session itself: no route, no middleware.

        The framework passes more arguments by name than this answer needs.
        """

        async def send_page(scope: Scope, receive: Receive, send: Send) -> None:
            with suppress(Rejected, StoreUnavailable):  # a reader who cannot be known now is a stranger
                scope["session"] = await session.session_of(request)
                scope["user"] = await _reader(request)
            # Without the middleware nothing stores a session. The framework's type says that every scope has one.
            scope.pop("session", None)  # type: ignore[misc]  # the line above
            scope["state"][FORM_TOKEN] = request.cookies.get(session.form_cookie(deployment_of(request)).key, "")
            await refused(request, self._error).to_asgi_response(app, request)(scope, receive, send)

        return send_page


def _of_framework(request: DashboardRequest, error: HTTPException) -> Rejected:
    """Translate an error of the framework: an unreadable address is not found."""
    if error.status_code == 413:
        return Rejected(
            "request.too-large", limit=request.route_handler.resolve_request_max_body_size() or LARGEST_FORM
        )
    return Rejected("request.method-not-allowed" if error.status_code == 405 else "request.not-found")
