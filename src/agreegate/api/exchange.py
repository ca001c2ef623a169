"""One request on the wire and its answer: caller, ids, language, body, errors. Every `/v1` handler gets an `Exchange`.

The framework and the hot path both call `perform`, so that they cannot differ.
"""

import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from agreegate.api.body import LARGEST_RECORD, off_the_loop, read_json, to_model
from agreegate.api.paths import as_guid
from agreegate.api.wire.error import error_body, throttled_body
from agreegate.deployment.deployment import Deployment
from agreegate.domain.actor import Access, Actor, permit
from agreegate.domain.error import Rejected
from agreegate.error import OUTCOMES, known, retry_after
from agreegate.i18n import language_of
from agreegate.services.idempotency import Answer, IdempotentCall, do_once
from agreegate.storage.engine.unit_of_work import UnitOfWork

logger = logging.getLogger("agreegate.api")

M = TypeVar("M", bound=msgspec.Struct)
Handler = Callable[["Exchange"], Awaitable[Answer]]
Headers = list[tuple[bytes, bytes]]

BOM = b"\xef\xbb\xbf"
JSON = b"application/json"
JSON_UTF8 = b"application/json; charset=utf-8"

_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNBRACED = re.compile(r"\A\{([^{}]*)\}\Z")
_NO_IDS = frozenset({"usagerecords", "overage"})
"""Resources of the contract that stand where an id may stand: `/v1/customers/{id}/subscriptions/overage`."""
_NOT_AT_ALL = re.compile(rb"q=0(\.0*)?")
_MOST_LISTED = 100
"""Maximum values of a header that are read."""
_deterministic = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the contract: where it is, who may call it, what answers."""

    method: str
    path: str
    """A template such as `/v1/customers/{customer_id}/agreements`."""
    access: Access
    handler: Handler
    content_type: bytes = JSON_UTF8
    throttled: bool = False
    """Whether the contract's rate limit counts it, per partner tenant (3.8)."""
    largest_body: int = LARGEST_RECORD
    """Bytes of the largest body that it reads."""
    costly: bool = False
    """Whether the rate limit per user or application counts it: audit records, searches, lists without an id."""
    parameters: tuple[str, ...] = ()
    """The query parameters that the handler reads; `Exchange.query` has these and no others."""
    names: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What the wire calls the members that the domain names in an error (see `Rejected.renamed`)."""
    unserved: tuple[str, ...] = ()
    """Query parameters that the contract has here and the handler does not read. They are refused, never ignored."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The status, headers and body of an answer."""

    status: int
    headers: Headers
    body: bytes
    more: tuple[bytes, ...] = ()
    """What follows `body`, where a long answer goes out in pieces."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request before its caller is known."""

    method: str
    path: str
    """Canonical (see `paths`)."""
    ids: Mapping[str, str]
    """The path's parameters, as they were sent."""
    query_string: bytes
    headers: Mapping[bytes, bytes]
    """Names in lower case; of a repeated header the last."""
    receive: Callable[[], Awaitable[bytes]]
    """Reads the body, capped.

    Raises:
        `request.too-large`, `request.invalid`.
    """

    def header(self, name: bytes) -> str | None:
        """Return a header's value, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


@dataclass(frozen=True, slots=True)
class CallIds:
    """The ids of a call: the client's, or new ones."""

    request_id: str
    correlation_id: str
    repeatable: bool
    """Whether the client sent the request id, so that a repeat can be recognised."""
    ambiguous: bool
    """Whether the client sent several different request ids."""

    def call(self, actor: Actor, method: str, path: str, body: object) -> IdempotentCall:
        """Return what identifies a request with these ids; `body` is the parsed one."""
        encoded = _deterministic.encode(body)
        return IdempotentCall.of(
            actor, method, path, self.request_id, self.correlation_id, encoded, repeatable=self.repeatable
        )


@dataclass(slots=True)
class Exchange:
    """A request of a known caller."""

    deployment: Deployment
    actor: Actor
    incoming: Incoming
    language: str
    ids: CallIds
    query: Mapping[str, str] = field(default_factory=dict)
    """The route's `parameters`, each with its value or an empty text."""

    def guid(self, name: str, shown: str) -> str:
        """Return a path parameter as a GUID in lower case.

        Args:
            shown: its name in the error, such as `Customer Id`.

        Raises:
            `request.not-found`: the path names a resource of the contract that is not served.
            `request.malformed-id`.
        """
        given = self.incoming.ids[name]
        if given.lower() in _NO_IDS:
            raise Rejected("request.not-found")
        return as_guid(given, shown)

    def customer(self) -> str:
        """Return the customer in the path.

        Raises:
            Rejected: as `guid`.
        """
        return self.guid("customer_id", "Customer Id")

    async def read(self, model: type[M]) -> M:
        """Return the body as a model of the contract.

        Raises:
            `request.too-large`, `request.invalid`, `request.invalid-property`.
        """
        raw = await self.incoming.receive()
        return await off_the_loop(lambda body: to_model(read_json(body), model), raw)

    async def read_untyped(self) -> object:
        """Return the body's JSON value, for a handler that needs one member before it reads the rest with `to_model`.

        Raises:
            `request.too-large`, `request.invalid`.
        """
        return await off_the_loop(read_json, await self.incoming.receive())

    def call(self, body: object = None) -> IdempotentCall:
        """Return what identifies this request; `body` is the parsed one (contract 3.10)."""
        return self.ids.call(self.actor, self.incoming.method, self.incoming.path, body)

    async def once(
        self, call: IdempotentCall, work: Callable[[UnitOfWork], Awaitable[Answer]], *, goes_on: bool = False
    ) -> Answer:
        """Do the work in one unit of work, or return the answer that this call got before.

        Args:
            goes_on: as in `run_idempotent`.

        Raises:
            Rejected: as `run_idempotent`, and what `work` raises.
        """
        return await do_once(self.deployment.store, call, work, goes_on=goes_on)


def answer(status: int, body: object = None, confirmation_id: str | None = None) -> Answer:
    """Return an answer with a wire model as its body; None for an empty body.

    Args:
        confirmation_id: the confirmation that the answer acknowledges.
    """
    return Answer(status, b"" if body is None else msgspec.json.encode(body), confirmation_id)


async def perform(deployment: Deployment, route: Route, incoming: Incoming) -> Reply:
    """Authenticate and permit the caller, run the handler, and return the reply. Nothing that a caller sends makes it raise."""
    language, ids, headers = _frame(incoming)
    try:
        if ids.ambiguous:
            raise Rejected("request.invalid-parameter", name="MS-RequestId")
        accepted = incoming.headers.get(b"accept", b"")
        if accepted and not _accepts_json(accepted):
            raise Rejected("request.not-acceptable")
        actor = await deployment.callers.actor_of(incoming.headers.get(b"authorization"))
        if route.throttled and deployment.throttle:
            deployment.throttle.count(actor.partner.id)
        if route.costly and deployment.caller_throttle:
            deployment.caller_throttle.count(actor.key)
        permit(actor, route.access)
        query = _parameters(route, incoming.query_string)
        exchange = Exchange(deployment, actor, incoming, language, ids, query)
        done = await route.handler(exchange)
    except Exception as error:
        rejected = known(error)
        if rejected.code == "defect":
            logger.exception("defect in %s %s", route.method, route.path)
        return error_reply(rejected.renamed(route.names), language, headers)
    if done.status >= 400:
        return Reply(done.status, [*headers, (b"content-type", JSON)], done.body)
    if not done.body:
        return Reply(done.status, headers, b"")
    body = BOM + done.body if deployment.emit_bom else done.body
    return Reply(done.status, [*headers, (b"content-type", route.content_type)], body, done.more)


def error_reply(error: Rejected, language: str, headers: Headers) -> Reply:
    """Return the reply with an error."""
    status, seconds = OUTCOMES[error.code].status, retry_after(error)
    if status == 401:
        headers = [*headers, (b"www-authenticate", b'Bearer realm="agreegate", OAuth realm="urn:cpsvc:cpid"')]
    if seconds is not None:
        headers = [*headers, (b"retry-after", str(seconds).encode())]
    write = throttled_body if error.code == "request.throttled" else error_body
    body = write(error, language)
    return Reply(status, [*headers, (b"content-type", JSON)] if body else headers, body)


def unrouted(error: Rejected, request_headers: Iterable[tuple[bytes, bytes]]) -> Reply:
    """Return the reply to a path or method that the contract does not have."""
    incoming = Incoming("", "", {}, b"", dict(request_headers), _nothing)
    language, _, headers = _frame(incoming)
    return error_reply(error, language, headers)


async def _nothing() -> bytes:
    return b""


def _frame(incoming: Incoming) -> tuple[str, CallIds, Headers]:
    """Return the language of the answer to a request, its ids, and the headers of every answer."""
    given = incoming.header(b"x-locale") or ""
    locale = given if _LOCALE.fullmatch(given) else "en-US"
    ids = ids_of(incoming.header(b"ms-requestid"), incoming.header(b"ms-correlationid"))
    headers = [
        (b"ms-requestid", ids.request_id.encode()),
        (b"ms-correlationid", ids.correlation_id.encode()),
        (b"x-locale", f"{locale},{locale}".encode()),  # doubled, as the original sends it (contract 3.4)
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    return language_of(given or incoming.header(b"accept-language")), ids, headers


def ids_of(request_ids: str | None, correlation_ids: str | None) -> CallIds:
    """Return the ids in the two headers (contract 3.3), which a proxy may have repeated, separated by commas.

    Of several correlation ids the first GUID counts: they only group calls.
    """
    sent = _distinct(request_ids)
    usable = len(sent) == 1 and _GUID.fullmatch(sent[0]) is not None
    return CallIds(
        request_id=sent[0] if usable else str(uuid.uuid4()),
        correlation_id=next(filter(_GUID.fullmatch, _distinct(correlation_ids)), None) or str(uuid.uuid4()),
        repeatable=usable,
        ambiguous=len(sent) > 1 and any(map(_GUID.fullmatch, sent)),
    )


def _distinct(listed: str | None) -> list[str]:
    """Return the values of a list in a header, each once, in lower case and without braces around it."""
    values = (_UNBRACED.sub(r"\1", value.strip()).lower() for value in (listed or "").split(",", _MOST_LISTED))
    return list(dict.fromkeys(filter(None, values)))


def _accepts_json(accept: bytes) -> bool:
    """Return whether an `Accept` value admits JSON (contract 3.3)."""
    for part in accept.lower().split(b",", _MOST_LISTED):
        kind, *parameters = (piece.strip() for piece in part.split(b";"))
        if kind in (b"*/*", b"application/*", b"application/json", b"text/json") and not any(
            _NOT_AT_ALL.fullmatch(parameter) for parameter in parameters
        ):
            return True
    return False


def _parameters(route: Route, query_string: bytes) -> dict[str, str]:
    """Return the value of each parameter of the route, without blanks around it; empty when it is left out.

    Names match in any case. An empty value counts as left out: .NET clients send it for what is not set (contract 4.6).
    Parameters that the contract does not have here are ignored, as the original ignores them, but for `filter`: a client
    that filters must not get the whole list.

    Raises:
        `request.invalid-parameter`: a parameter that is not served here.
        `request.invalid-property`: a parameter with two values.
    """
    served = {name.lower(): name for name in route.parameters}
    refused = {name.lower(): name for name in ("filter", *route.unserved)}
    values = dict.fromkeys(route.parameters, "")
    for given, value in _query(query_string):
        name = served.get(given.lower())
        if not value.strip():
            continue
        if name is None:
            if given.lower() in refused:
                raise Rejected("request.invalid-parameter", name=refused[given.lower()])
            continue
        if values[name] not in ("", value.strip()):
            raise Rejected("request.invalid-property", name=name)
        values[name] = value.strip()
    return values


def _query(query_string: bytes) -> Sequence[tuple[str, str]]:
    if not query_string:
        return ()
    try:
        return parse_qsl(query_string.decode("ascii"), keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:
        raise Rejected("request.invalid") from None
