"""Health checks and metrics: open to anybody, without names or ids in them."""

from typing import Any

from litestar import Request, Response, get, route
from prometheus_client import generate_latest

from agreegate.deployment.deployment import deployment_of
from agreegate.domain.error import StoreUnavailable


@route("/healthz", http_method=["GET", "HEAD"], opt={"public": True}, include_in_schema=False)
async def alive() -> dict[str, str]:
    """Return 200: the process answers."""
    return {"status": "alive"}


@route("/readyz", http_method=["GET", "HEAD"], opt={"public": True}, include_in_schema=False)
async def ready(request: Request[Any, Any, Any]) -> Response[dict[str, str]]:
    """Return 200 when the record can be read and written and the clock is near the database's, else 503 and why."""
    deployment = deployment_of(request)
    try:
        await deployment.store.require_ready()
    except StoreUnavailable:
        return Response({"status": "record unavailable"}, status_code=503)
    offset = deployment.clock_offset
    if offset is not None and (reason := offset.not_ready()) is not None:
        return Response({"status": reason}, status_code=503)
    return Response({"status": "ready"})


@get("/metrics", opt={"public": True}, include_in_schema=False)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the metrics as Prometheus reads them."""
    deployment = deployment_of(request)
    return Response(generate_latest(deployment.metrics.registry), media_type="text/plain; version=0.0.4")  # + charset
