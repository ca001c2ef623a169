"""Errors of our own API as `application/problem+json` (RFC 9457), with the domain's code."""

import logging
import re
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import ResponseSpec
from msgspec import Meta

from agreegate.domain.actor import Channel
from agreegate.domain.confirmation import EndReason
from agreegate.domain.error import ErrorCode, Rejected
from agreegate.domain.orders.transaction import Action
from agreegate.error import OUTCOMES, known, retry_after, sentence_of
from agreegate.i18n import language_of

logger = logging.getLogger("agreegate.api")

PROBLEM_JSON = "application/problem+json"

_BY_STATUS: dict[int, ErrorCode] = {
    400: "request.invalid",
    401: "access.unauthenticated",
    403: "access.denied",
    404: "request.not-found",
    405: "request.method-not-allowed",
}


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong, for a program (`code`) and a person (`detail`)."""

    type: Annotated[str, Meta(description="Always `about:blank`: `code` says more.", examples=["about:blank"])]
    title: Annotated[
        str, Meta(description="The kind of error, as Partner Center's contract names it.", examples=["InvalidProperty"])
    ]
    status: Annotated[int, Meta(description="The HTTP status.", examples=[400])]
    detail: Annotated[
        str,
        Meta(
            description="What is wrong and what to do, in the caller's language (`X-Locale`, else `Accept-Language`).",
            examples=["Invalid property: customerId is missing or has a value that cannot be used."],
        ),
    ]
    code: Annotated[
        str, Meta(description="Stable, for programs: the message key.", examples=["request.invalid-property"])
    ]
    data: Annotated[
        list[str],
        Meta(
            description="The members concerned, or the codes of the gate's reasons; left out when there are none.",
            examples=[["customerId"]],
        ),
    ] = []


_ERRORS = {
    400: "The request cannot be read, or a member has a value that cannot be used.",
    401: "No bearer token, or one that is not trusted.",
    403: "The caller may not do this, or has no relationship with the customer (a customer that does not exist is answered "
    "alike).",
    404: "No such record, or confirmations do not exist at this date.",
    409: "What is recorded already stands against it, or the request id was used for another request.",
    413: "The body is too large: more than 4 KiB for a question to the gate, 512 KiB for a batch, 128 KiB for anything else.",
    429: "The caller asked for too many lists within a minute; `Retry-After` says the seconds.",
    503: "The record cannot be reached, or the server's clock is behind it. Nothing was changed; send the same request again.",
}


_MEMBER = re.compile(r"(?:missing required|unknown) field `([\w.-]{1,50})`")
"""The framework's error paths: which member is missing or unknown."""
_PLACE = re.compile(r" - at `\$\.(\w{1,50})`\Z")
_CHOICES: dict[str, type[StrEnum]] = {"action": Action, "channel": Channel, "reason": EndReason}
"""Members that take one of a few words."""


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Return the error answers of an operation for its description: these, and the two that every operation has."""
    return {
        status: ResponseSpec(Problem, generate_examples=False, description=_ERRORS[status], media_type=PROBLEM_JSON)
        for status in sorted({*statuses, 401, 503})
    }


def reader_language(request: Request[Any, Any, Any]) -> str:
    """Return the caller's language: `X-Locale`, else `Accept-Language`."""
    return language_of(request.headers.get("x-locale") or request.headers.get("accept-language"))


def problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Return the answer to an error of a handler of our own API, or of the framework before it."""
    rejected = as_rejected(error)
    outcome = OUTCOMES[rejected.code]
    status = outcome.status
    if rejected.code == "defect":
        status = 500  # the contract's 501 is the contract's alone
        handler = request.scope.get("route_handler")
        logger.error("defect in %s", handler and handler.handler_name, exc_info=error)
    headers = {"cache-control": "no-store"} | methods_of(error)
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="agreegate"'
    if (seconds := retry_after(rejected)) is not None:
        headers["retry-after"] = str(seconds)
    body = problem_of(rejected, reader_language(request), status)
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=PROBLEM_JSON,
        headers=headers,
    )


def problem_of(rejected: Rejected, language: str, status: int | None = None) -> Problem:
    """Return an error as a document, in one of our languages.

    Args:
        status: the HTTP status, where it is not the one of the code.
    """
    outcome = OUTCOMES[rejected.code]
    sentence = sentence_of(rejected, language)
    return Problem("about:blank", outcome.name, status or outcome.status, sentence, rejected.code, [*rejected.names])


def methods_of(error: Exception) -> dict[str, str]:
    """Return the `Allow` header for a method that a path does not have."""
    allow = error.headers.get("allow") if isinstance(error, HTTPException) and error.headers else None
    return {} if allow is None else {"allow": allow}


def rejected_member(message: str, key: str = "") -> Rejected:
    """Return the error for a body that does not fit its model.

    Args:
        message: what msgspec says.
        key: the member that the framework names; `data` is its word for the whole body. Without it the message has the place.
    """
    named = _MEMBER.search(message)
    place = _PLACE.search(message)
    name = named[1] if named else key or (place[1] if place else "")
    if name in ("", "data"):
        return Rejected("request.invalid")
    if not named and name in _CHOICES:
        return Rejected("request.invalid-choice", name=name, allowed=", ".join(_CHOICES[name]))
    return Rejected("request.invalid-property", name=name)


def as_rejected(error: Exception) -> Rejected:
    """Return the framework's error as one of ours; any other error as `known` does."""
    if isinstance(error, ValidationException):
        extra = error.extra if isinstance(error.extra, list) else []
        first = next((item for item in extra if isinstance(item, dict)), {})
        return rejected_member(str(first.get("message", "")), str(first.get("key", "")))
    if isinstance(error, HTTPException) and error.status_code in _BY_STATUS:
        return Rejected(_BY_STATUS[error.status_code])
    return known(error)
