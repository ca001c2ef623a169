"""A request that cannot be read, or that names something in no way that is known."""

from agreegate.domain.errors.rejected import Rejected


class InvalidRequest(Rejected):
    """The body or the query cannot be read at all: not JSON, wrong encoding, nested too deep."""

    key = "request.invalid"


class BodyTooLarge(Rejected):
    """The body is larger than `limit` bytes."""

    key = "request.too-large"


class FilesTooLarge(BodyTooLarge):
    """The files of a form are larger than `limit` MB together."""

    key = "request.files-too-large"


class TargetTooLong(Rejected):
    """The address that is asked for, path and query, is longer than `limit` bytes."""

    key = "request.target-too-long"


class HeadTooLarge(Rejected):
    """What comes before the body is larger than `limit` bytes."""

    key = "request.head-too-large"


class CookiesTooLarge(HeadTooLarge):
    """The cookies are more than `most`, or larger than `limit` bytes together."""

    key = "request.cookies-too-large"


class TooManyParameters(HeadTooLarge):
    """The query has more than `most` parameters."""

    key = "request.too-many-parameters"


class MalformedRequest(Rejected):
    """The bytes on the connection are not HTTP."""

    key = "request.malformed"


class RequestTooSlow(Rejected):
    """The head or the body did not arrive in time (408)."""

    key = "request.too-slow"


class TooManyConnections(Rejected):
    """No connection can be closed for this one: each has a request under way (503)."""

    key = "request.too-many-connections"


class InvalidProperty(Rejected):
    """The member `name` is missing or has a value that cannot be used."""

    key = "request.invalid-property"


class NotUtf8(InvalidProperty):
    """The header `name` holds bytes that are neither UTF-8 nor encoded as in RFC 2047."""

    key = "request.not-utf8"


class InvalidInstant(InvalidProperty):
    """The member `name` is no date or instant that can be read, or lies beyond what is taken."""

    key = "request.invalid-instant"


class RecordedAtNow(InvalidProperty):
    """A decision is to be kept, and asked of another instant than now: only one of the two is possible."""

    key = "request.recorded-at-now"


class KnownAhead(InvalidProperty):
    """The member `name` asks for what will be recorded: it lies ahead of now."""

    key = "retrospect.known-ahead"


class InvalidChoice(InvalidProperty):
    """The member `name` must be one of `allowed`."""

    key = "request.invalid-choice"


class MalformedId(Rejected):
    """The identifier `name` in the path or query is not a GUID."""

    key = "request.malformed-id"


class InvalidParameter(Rejected):
    """The query parameter or paging header `name` has a value that cannot be used (400 / 2000)."""

    key = "request.invalid-parameter"


class NotFound(Rejected):
    """No such resource, or none that the caller may know of."""

    key = "request.not-found"


class MethodNotAllowed(Rejected):
    """The resource exists, but not for this method."""

    key = "request.method-not-allowed"


class NotAcceptable(Rejected):
    """The caller accepts no JSON (contract 3.3)."""

    key = "request.not-acceptable"


class TooManyRequests(Rejected):
    """The caller passed a rate limit (contract 3.8); `seconds` from now it may ask again."""

    key = "request.throttled"


class HostUnknown(Rejected):
    """The request asks for another host name than the public one."""

    key = "request.host-unknown"


class RequestIdReused(Rejected):
    """The request id was used before, with another body or by somebody else (contract 3.10)."""

    key = "request.id-reused"


class ClockBehind(Rejected):
    """The clock is behind what the partner has recorded: nothing is recorded until it is right (503).

    No fault of the request: nothing was changed, and the same call may be sent again.
    """

    key = "clock.behind"
