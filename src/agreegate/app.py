"""The composition root: the parts of a server, from the network inwards.

host check → hot path → canonical paths → framework (wire routes, our own API, pages)
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from litestar import Litestar, Request, Response, Router, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import BaseRoute
from litestar.serialization import encode_json
from litestar.types import ControllerRouterHandler

from agreegate import __version__
from agreegate.api import (
    audit,
    confirmation,
    country,
    customer,
    employee,
    gate,
    gate_batch,
    health,
    partner,
    standing,
)
from agreegate.api.agreements import text, text_link
from agreegate.api.agreements.text_page import LaidOutTexts
from agreegate.api.asgi import wire_handlers
from agreegate.api.body import LARGEST_RECORD
from agreegate.api.exchange import Route, unrouted
from agreegate.api.orders import cart, order, subscription
from agreegate.api.paths import NormalisedPaths, PathNormaliser
from agreegate.api.problem_details import as_rejected, methods_of, problem_response
from agreegate.api.rest import RestRequest, guard
from agreegate.bounded_request import BoundedRequest
from agreegate.dashboard.dashboard import dashboard
from agreegate.dashboard.frame.guard import UnroutedPage
from agreegate.deployment.deployment import Deployment
from agreegate.domain.error import Rejected
from agreegate.hotpath import App, HotPath

WIRE_ROUTES: tuple[Route, ...] = (
    *confirmation.ROUTES,
    *text.ROUTES,
    *customer.ROUTES,
    *country.ROUTES,
    *order.ROUTES,
    *cart.ROUTES,
    *subscription.ROUTES,
    *partner.ROUTES,
    *audit.ROUTES,
)
"""Every operation of the contract that is served."""

REST_HANDLERS = (
    gate.decide_question,
    gate_batch.decide_batch,
    confirmation.record_confirmation,
    standing.read_standing,
    standing.end_standing,
    employee.without_employee,
    employee.state_confirming_employee,
    text.read_text,
)
"""Our own API, below `/api`."""

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


class _Unserved(Router):
    """The framework's own pages about our API, which would be a second copy of what `openapi` and `reference` serve."""

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:  # noqa: ARG002 - the framework hands it over
        """Register nothing."""
        return []


def openapi() -> HTTPRouteHandler:
    """Return the handler of `/api/openapi.json`, the description of our own API, made at the first request."""
    written: list[bytes] = []

    @get("/api/openapi.json", opt={"public": True}, include_in_schema=False)
    async def show_openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
        if not written:
            written.append(await asyncio.to_thread(lambda: encode_json(request.app.openapi_schema.to_schema())))
        return Response(written[0], media_type="application/json")

    return show_openapi


def framework(
    deployment: Deployment,
    more: Sequence[BaseRouteHandler] = (),
    rest: Sequence[BaseRouteHandler] = (),
    lifespan: Sequence[Lifespan] = (),
) -> Litestar:
    """Return the framework's application with every route, each with its `access`.

    Args:
        more: further handlers below `/`, such as the demo's sign-in.
        rest: further handlers below `/api`, such as the demo's clock.
        lifespan: work beside requests while the application runs.
    """
    api = Router(
        "/api",
        route_handlers=[*REST_HANDLERS, *rest],
        request_class=RestRequest,
        guards=[guard],
        request_max_body_size=LARGEST_RECORD,
        security=[{"token": []}],
        exception_handlers={Exception: problem_response},
    )
    return Litestar(
        route_handlers=[
            api,
            *dashboard(deployment),
            *wire_handlers(deployment, WIRE_ROUTES),
            openapi(),
            *text_link.HANDLERS,
            health.alive,
            health.ready,
            *(() if deployment.metrics_elsewhere else (health.metrics,)),
            *more,
        ],
        request_class=BoundedRequest,
        state=State({"deployment": deployment, "pages": LaidOutTexts(deployment.texts)}),
        exception_handlers={Exception: _elsewhere},
        openapi_config=OpenAPIConfig(
            title="Agreegate",
            version=__version__,
            description="Our own API. Partner Center's contract, below `/v1`, is described in docs/wire.md of the source.",
            openapi_router=_Unserved("/api/docs", route_handlers=[]),
            components=Components(
                security_schemes={"token": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
            ),
            use_handler_docstrings=True,
        ),
        lifespan=list(lifespan),
        logging_config=None,
        debug=False,
    )


def application(deployment: Deployment, inner: Litestar) -> App:
    """Return the ASGI application around the framework's."""
    normaliser = PathNormaliser(route.path for route in WIRE_ROUTES)
    return HotPath(NormalisedPaths(inner, normaliser), deployment)


def _elsewhere(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Return the answer to an error outside our own API: a page for a browser, else the contract's error body (3.6)."""
    if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(("/api", "/v1")):
        return UnroutedPage(error)
    known = as_rejected(error)
    if known.code == "request.method-not-allowed" and request.url.path.startswith("/v1/"):
        # Clients of the contract repeat a 405 without end, and take a 404 for an answer.
        error = known = Rejected("request.not-found")
    if request.url.path.startswith("/api") or known.code in ("defect", "store.unavailable"):
        return problem_response(request, error)
    reply = unrouted(known, request.scope["headers"])
    headers = methods_of(error) | {name.decode(): value.decode() for name, value in reply.headers}
    return Response(reply.body, status_code=reply.status, headers=headers, media_type=headers.get("content-type"))
