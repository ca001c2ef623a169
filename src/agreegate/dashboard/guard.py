"""Who reads a page, and what somebody sees who may not: default-deny, as everywhere."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.connection import ASGIConnection, Request
from litestar.exceptions import HTTPException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from agreegate.dashboard import session
from agreegate.dashboard.form import LARGEST_FORM, SAFE, Fields, in_parts, typed
from agreegate.dashboard.page import PageRequest, page, to
from agreegate.dashboard.signin import local
from agreegate.deployment.deployment import deployment_of
from agreegate.domain import errors
from agreegate.domain.actor import Access, Actor, Channel, permit
from agreegate.domain.errors import AccessDenied, NotFound, Rejected, StoreUnavailable, Unauthenticated
from agreegate.openid import ProviderSilent
from agreegate.services.caller import Identity, recognise
from agreegate.services.clock import is_behind

logger = logging.getLogger("agreegate.dashboard")

LARGEST_KEPT = 64 * 1024
"""Characters of a form that are kept while its user signs in again."""
_STATUS: dict[type[Exception], int] = {
    errors.AccessDenied: 403,
    errors.RoleRefused: 403,
    errors.ResellerRefused: 403,
    errors.UserRequired: 403,
    errors.ActionNotAllowed: 403,
    errors.NoRelationship: 404,
    errors.FeatureAbsent: 404,
    errors.NotFound: 404,
    errors.OrderNotFound: 404,
    errors.SubscriptionNotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.RequestIdReused: 409,
    errors.RelationshipOver: 409,
    errors.BodyTooLarge: 413,
    errors.TooManyRequests: 429,
    errors.ClockBehind: 503,
    StoreUnavailable: 503,
}
_BY_STATUS: dict[int, Rejected] = {
    404: errors.NotFound(),
    405: errors.MethodNotAllowed(),
}


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Find who is signed in, and let only those pass whom the page names.

    Raises:
        TooManyRequests, Unauthenticated, AccessDenied, RoleRefused, FeatureAbsent.
        ProviderSilent: the user's roles cannot be known now. Public pages take the user for a stranger then.
    """
    public = handler.opt.get("public") is True
    try:
        reader = await _reader(connection)
    except ProviderSilent as error:
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
        raise AccessDenied
    if reader is None:
        await _keep_form(connection, Unauthenticated())
        raise Unauthenticated
    permit(reader, access)


def actor_of(request: PageRequest) -> Actor:
    """Whom the guard let pass."""
    actor: Actor = request.scope["user"]
    return actor


async def _reader(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor | None:
    """Who is signed in. The directory is asked each time, so that a user closed there is out at once."""
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


async def _keep_form(connection: ASGIConnection[Any, Any, Any, Any], error: Unauthenticated | ProviderSilent) -> None:
    if isinstance(connection, Request) and connection.method not in SAFE and not in_parts(connection):
        await keep_typed(connection, error, lambda: typed(connection))


async def keep_typed(
    request: PageRequest, error: Unauthenticated | ProviderSilent, read: Callable[[], Awaitable[Fields]]
) -> None:
    """Keep what was typed into a form that is not taken now, for the same user at the same address.

    A stranger has had no session, and gets nothing read and nothing kept.

    Args:
        error: why it is not taken: the session has ended, or goes on and its user's roles cannot be known now.
        read: the fields of the form, without what only we put into it.
    """
    silent = isinstance(error, ProviderSilent)
    user = request.session["user"]["id"] if silent else await session.former_user(request)
    if user is None or not _shows_forms(request):
        return
    fields = await read()
    size = sum(len(name) + sum(map(len, values)) for name, values in fields.items())
    if size <= LARGEST_KEPT:
        await session.keep_typed(request, user, fields)


def _shows_forms(request: PageRequest) -> bool:
    """Whether the address that a form was sent to also shows it."""
    route = request.scope["path_template"]
    return any(getattr(one, "path_format", "") == route and "GET" in one.methods for one in request.app.routes)


def refused(request: PageRequest, error: Exception) -> Response[Any]:
    """The page for what cannot be done, in one sentence that says what to do next."""
    known = _BY_STATUS.get(error.status_code, NotFound()) if isinstance(error, HTTPException) else error
    if isinstance(error, HTTPException) and error.status_code == 413:
        known = errors.BodyTooLarge(limit=request.route_handler.resolve_request_max_body_size() or LARGEST_FORM)
    if isinstance(error, PermissionDeniedException):
        return page(request, "refused.html", 403, sentence_key="page.form-untrusted", parameters={})
    if isinstance(known, Unauthenticated):
        wanted = "/"
        if request.method in SAFE or _shows_forms(request):
            # Without what it asks for, where it is too long to be led back to.
            wanted = local(f"{request.url.path}?{request.url.query}".rstrip("?"))
            wanted = request.url.path if wanted == "/" else wanted
        location = f"/sign-in?next={quote(wanted, safe='')}"
        if request.headers.get("hx-request"):
            return Response(b"", status_code=401, media_type="text/plain", headers={"hx-redirect": location})
        return to(location)
    if isinstance(known, ProviderSilent):
        key = "sign-in.provider-silent" if request.method in SAFE else "sign-in.provider-silent-form"
        silent = page(request, "refused.html", 503, sentence_key=key, parameters={})
        silent.headers["retry-after"] = "60"
        return silent
    if isinstance(known, Rejected | StoreUnavailable):
        status = next((_STATUS[kind] for kind in type(known).__mro__ if kind in _STATUS), 400)
        key = known.key if isinstance(known, Rejected) else "store.unavailable"
        if isinstance(known, errors.TooManyRequests):
            key = "page.throttled"
        parameters = known.parameters if isinstance(known, Rejected) else {}
        answer: Response[Any] = page(request, "refused.html", status, sentence_key=key, parameters=parameters)
        if status == 503:
            answer.headers["retry-after"] = "5"
        if isinstance(known, errors.TooManyRequests):
            answer.headers["retry-after"] = str(parameters["seconds"])
            if request.headers.get("hx-request"):  # the sentence takes the list's place, and the form stays as it is
                answer.headers |= {"hx-reselect": ".lead", "hx-reswap": "innerHTML"}
        return answer
    handler = request.scope.get("route_handler")
    logger.error("defect in %s", handler and handler.handler_name, exc_info=error)
    return page(request, "refused.html", 500, sentence_key="defect", parameters={})
