"""Errors of our own API as `application/problem+json` (RFC 9457), with the domain's code."""

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from agreegate.api.problems import RETRY_AFTER, problem_of, sentence_of
from agreegate.domain import errors
from agreegate.domain.errors import Rejected, StoreUnavailable
from agreegate.i18n import language_of

logger = logging.getLogger("agreegate.api")

_BY_STATUS: dict[int, type[Rejected]] = {
    400: errors.InvalidRequest,
    401: errors.Unauthenticated,
    403: errors.AccessDenied,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
}


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong, for a program (`code`) and a person (`detail`)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    data: list[str] = []


def language(request: Request[Any, Any, Any]) -> str:
    """The language a caller reads: `X-Locale`, else `Accept-Language`."""
    return language_of(request.headers.get("x-locale") or request.headers.get("accept-language"))


def problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The answer to an error raised by a handler of ours, or by the framework on the way to it."""
    known = as_rejected(error)
    problem = problem_of(known)
    if problem.status >= 500 and not isinstance(known, StoreUnavailable):
        handler = request.scope.get("route_handler")
        logger.error("defect in %s", handler and handler.handler_name, exc_info=error)
    headers = {"cache-control": "no-store"}
    if problem.status == 401:
        headers["www-authenticate"] = 'Bearer realm="agreegate"'
    if problem.status == 503:
        headers["retry-after"] = str(RETRY_AFTER)
    sentence = sentence_of(known, language(request))
    key = known.key if isinstance(known, Rejected) else "store.unavailable" if problem.status == 503 else "defect"
    name = known.parameters.get("name") if isinstance(known, Rejected) else None
    body = Problem("about:blank", problem.name, problem.status, sentence, key, [str(name)] if name else [])
    return Response(
        msgspec.json.encode(body),
        status_code=problem.status,
        media_type="application/problem+json",
        headers=headers,
    )


def as_rejected(error: Exception) -> Exception:
    """The domain's kind of a refusal by the framework; other errors as they are."""
    if isinstance(error, ValidationException):
        extra = error.extra if isinstance(error.extra, list) else []
        names = [str(item["key"]) for item in extra if isinstance(item, dict) and item.get("key")]
        return errors.InvalidProperty(name=names[0] if names else "body")
    if isinstance(error, HTTPException) and error.status_code in _BY_STATUS:
        return _BY_STATUS[error.status_code]()
    return error
