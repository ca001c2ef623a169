"""From ASGI to the wire's routes and back: one handler per path, which knows the path's methods."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

from litestar import asgi
from litestar.handlers import ASGIRouteHandler

from agreegate.api.body import receive_body
from agreegate.api.deployment import Deployment
from agreegate.api.exchange import Incoming, Reply, Route, perform, unrouted
from agreegate.domain.errors import MethodNotAllowed

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def incoming_of(scope: Scope, receive: Receive, ids: Mapping[str, str]) -> Incoming:
    """The request of an ASGI scope, its body unread."""
    headers = dict(scope["headers"])
    return Incoming(
        scope["method"],
        scope["path"],
        ids,
        scope["query_string"],
        headers,
        partial(receive_body, receive, headers.get(b"content-length")),
    )


async def send_reply(send: Send, reply: Reply) -> None:
    """Write a reply to the connection."""
    headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def wire_handlers(deployment: Deployment, routes: Iterable[Route]) -> list[ASGIRouteHandler]:
    """The framework's handlers for the contract's routes. Each carries the rules of who may call it in `opt`."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        if route.method in by_path.setdefault(route.path, {}):
            raise ValueError(f"{route.method} {route.path} is there twice")
        by_path[route.path][route.method] = route
    return [_handler(deployment, path, methods) for path, methods in by_path.items()]


def _handler(deployment: Deployment, path: str, methods: dict[str, Route]) -> ASGIRouteHandler:
    allowed = (b"allow", ", ".join(sorted(methods)).encode())

    async def answer_path(scope: Any, receive: Any, send: Any) -> None:
        route = methods.get(scope["method"])
        if route is None:
            refused = unrouted(MethodNotAllowed(), scope["headers"])
            await send_reply(send, Reply(refused.status, [*refused.headers, allowed], refused.body))
            return
        ids = {name: str(value) for name, value in scope["path_params"].items()}
        reply = await perform(deployment, route, incoming_of(scope, receive, ids))
        deployment.figures.count(route.method, route.path, reply.status)
        await send_reply(send, reply)

    template = path.replace("}", ":str}")
    access = {method: route.access for method, route in methods.items()}
    return asgi(template, copy_scope=True, opt={"access": access})(answer_path)
