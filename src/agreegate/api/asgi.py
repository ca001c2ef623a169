"""From ASGI to the wire's routes and back."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler, route
from litestar.types import ASGIApp

from agreegate.api.body import receive_body
from agreegate.api.exchange import Incoming, Reply, Route, perform
from agreegate.deployment.deployment import Deployment
from agreegate.domain.error import Rejected

_LISTED = {b"ms-requestid", b"ms-correlationid"}

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def incoming_of(scope: Scope, receive: Receive, ids: Mapping[str, str], route: Route) -> Incoming:
    """Return the request of an ASGI scope, its body unread."""
    headers = dict(scope["headers"])
    if len(headers) < len(scope["headers"]):
        for name in headers.keys() & _LISTED:  # a repeated line is the same list as one with commas (RFC 9110, 5.3)
            headers[name] = b",".join(value for other, value in scope["headers"] if other == name)
    return Incoming(
        scope["method"],
        scope["path"],
        ids,
        scope["query_string"],
        headers,
        partial(receive_body, receive, headers.get(b"content-length"), route.largest_body),
    )


async def send_reply(send: Send, reply: Reply) -> None:
    """Write a reply to the connection."""
    length = len(reply.body) + sum(map(len, reply.more))
    headers = [*reply.headers, (b"content-length", b"%d" % length)]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    *first, last = reply.body, *reply.more
    for piece in first:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": last})


def wire_handlers(deployment: Deployment, routes: Iterable[Route]) -> list[HTTPRouteHandler]:
    """Return the framework's handlers for the contract's routes, each with its `access` in `opt`."""
    served = tuple(routes)
    paths = dict.fromkeys(one.path for one in served)
    # First, else the framework has registered handlers of its own for `OPTIONS`.
    return [*map(_without_options, paths), *(_handler(deployment, one) for one in served)]


def _handler(deployment: Deployment, one: Route) -> HTTPRouteHandler:
    async def answer_request(request: Request[Any, Any, Any]) -> ASGIApp:
        ids = {name: str(value) for name, value in request.path_params.items()}
        reply = await perform(deployment, one, incoming_of(request.scope, request.receive, ids, one))
        deployment.metrics.count(one.method, one.path, reply.status)

        async def send(_scope: Any, _receive: Any, send: Any) -> None:
            await send_reply(send, reply)

        return send

    decorate = route(
        _template(one.path),
        http_method=one.method,  # type: ignore[arg-type]  # a text, where the framework lists its literals
        status_code=200,  # the framework's word only: the reply has its own, and DELETE's default forbids a reply
        opt={"access": one.access},
        include_in_schema=False,
    )
    return decorate(answer_request)


def _without_options(path: str) -> HTTPRouteHandler:
    """Return a handler that answers `OPTIONS` with 404: the framework would list a path's methods to strangers."""

    async def refuse() -> None:
        raise Rejected("request.not-found")

    decorate = route(
        _template(path), http_method="OPTIONS", status_code=204, opt={"public": True}, include_in_schema=False
    )
    return decorate(refuse)


def _template(path: str) -> str:
    """Return the path as the framework writes it."""
    return path.replace("}", ":str}")
