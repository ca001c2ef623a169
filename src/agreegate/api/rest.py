"""Requests of our own API: body, caller, pages, and calls done once."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import MediaType, Request, Response
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from agreegate.api.body import LARGEST_RECORD, off_the_loop, read_json, receive_body
from agreegate.api.exchange import ids_of
from agreegate.bounded_request import BoundedRequest
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import Access, Actor, permit
from agreegate.domain.error import Rejected
from agreegate.services.idempotency import Answer, IdempotentCall, do_once
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import LARGEST, Page, PageRequest, PageStep

CustomerId = Annotated[
    str,
    PathParameter(
        description="The customer's tenant id, a GUID.",
        examples=[Example(value="ceda0000-0000-4000-8000-000000000011")],
    ),
]
"""The customer that an address names."""

PageSize = Annotated[int, QueryParameter(description="Items of a page, 500 at most.", examples=[Example(value=100)])]
"""How many items of a list an answer has."""
Cursor = Annotated[
    str | None,
    QueryParameter(
        description="Where the page begins, as the `Link` header of the page before it has it; the first page when left out.",
        examples=[Example(value="eyJhbGciOiJIUzI1NiJ9.WyIiLCIiLFswLCIiXSxbMCwiIl1d.c2lnbmF0dXJl")],
    ),
]
"""Which page of a list an answer has."""


class RestRequest(BoundedRequest):
    """A request whose body is bounded by its route's `request_max_body_size`."""

    async def body(self) -> bytes:
        """Return the body's bytes.

        Raises:
            `request.too-large`, `request.invalid`.
        """
        known: bytes | None = self.scope["state"].get("rest_body") if "state" in self.scope else None
        if known is None:
            length, limit = self.headers.get("content-length"), self.route_handler.resolve_request_max_body_size()
            known = await receive_body(
                self.receive, None if length is None else length.encode("latin-1"), limit or LARGEST_RECORD
            )
            self.scope["state"]["rest_body"] = known
        return known

    async def json(self) -> Any:
        """Return the body as untyped JSON.

        Raises:
            `request.too-large`, `request.invalid`.
        """
        return await off_the_loop(read_json, await self.body())


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Enforce the route's `access`. A route without one is denied.

    Raises:
        `access.unauthenticated`, `request.throttled`, `access.denied`, `access.user-required`, `access.role`,
            `confirmation.feature-absent`.
    """
    access = handler.opt.get("access")
    if not isinstance(access, Access):
        raise Rejected("access.denied")
    deployment = deployment_of(connection)
    authorization = next((value for name, value in connection.scope["headers"] if name == b"authorization"), None)
    actor = await deployment.callers.actor_of(authorization)
    if handler.opt.get("costly") and deployment.caller_throttle:
        deployment.caller_throttle.count(actor.key)
    permit(actor, access)
    connection.scope["user"] = actor


def actor_of(request: Request[Any, Any, Any]) -> Actor:
    """Return the caller that the guard has permitted."""
    actor: Actor = request.scope["user"]
    return actor


def page_request_of(request: Request[Any, Any, Any], size: int, cursor: str | None, *others: str) -> PageRequest:
    """Return the page of `size` and `cursor`; without a cursor the first page.

    Args:
        others: the names of the route's other query parameters.

    Raises:
        `request.invalid-parameter`: there is no such page, the cursor is another list's, or the route has no such parameter.
    """
    if not request.query_params.keys() <= {"size", "cursor", *others}:
        raise Rejected("request.invalid-parameter", name="query")
    if not 1 <= size <= LARGEST:
        raise Rejected("request.invalid-parameter", name="size")
    if cursor is None:
        return PageRequest(size)
    deployment = deployment_of(request)
    try:
        first, last = deployment.cursors.read(cursor, actor_of(request).partner.id, request.url.path)
    except Rejected:
        raise Rejected("request.invalid-parameter", name="cursor") from None
    return PageRequest(size, PageStep.NEXT, first, last)


def next_page(request: Request[Any, Any, Any], page: Page[Any]) -> dict[str, str]:
    """Return the `Link` header to the next page (RFC 8288); nothing where the list ends."""
    if page.first is None or page.last is None or not page.more_after:
        return {}
    deployment = deployment_of(request)
    path = request.url.path
    cursor = deployment.cursors.to(actor_of(request).partner.id, path, page.first, page.last)
    kept = [(name, value) for name, value in request.query_params.items() if name != "cursor"]
    return {"link": f'<{path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'}


def call_of(request: Request[Any, Any, Any], body: object) -> IdempotentCall:
    """Return what identifies this request; `body` is the parsed one.

    Raises:
        `request.invalid-parameter`: several request ids that differ.
    """
    ids = ids_of(*(",".join(request.headers.getall(name, [])) for name in ("ms-requestid", "ms-correlationid")))
    if ids.ambiguous:
        raise Rejected("request.invalid-parameter", name="MS-RequestId")
    return ids.call(actor_of(request), request.method, request.url.path, body)


async def once(
    request: Request[Any, Any, Any],
    call: IdempotentCall,
    work: Callable[[UnitOfWork], Awaitable[Answer]],
    names: Mapping[str, str],
) -> Response[Any]:
    """Do the work in one unit of work, or send the answer that this call got before.

    Args:
        names: what our own API calls the members that the domain names in an error.

    Raises:
        Rejected: as `run_idempotent`, and what `work` raises.
    """
    try:
        answer = await do_once(deployment_of(request).store, call, work)
    except Rejected as error:
        raise error.renamed(names) from None
    return Response(answer.body, status_code=answer.status, media_type=MediaType.JSON)
