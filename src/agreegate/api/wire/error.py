"""The error body of the wire (contract 3.6)."""

import msgspec

from agreegate.domain.error import Rejected
from agreegate.error import OUTCOMES, sentence_of


class ErrorBody(msgspec.Struct, rename="camel"):
    """The superset that every client understands: each reads what it knows (contract 3.6)."""

    code: int
    message: str
    description: str
    error_name: str
    is_retryable: bool
    parameters: dict[str, str | int]
    error_message_extended: str
    data: list[str]
    source: str


def error_body(error: Rejected, language: str) -> bytes:
    """Return the wire's error body, without a byte order mark (contract 3.5); empty for a silent error."""
    outcome = OUTCOMES[error.code]
    if outcome.silent:
        return b""
    sentence = sentence_of(error, language)
    body = ErrorBody(
        code=outcome.number,
        message=sentence,
        description=sentence,
        error_name=outcome.name,
        is_retryable=outcome.status in (408, 503),
        parameters=error.parameters,
        error_message_extended=f"InternalErrorCode={outcome.number}",
        data=[*error.names],
        source=outcome.source,
    )
    return msgspec.json.encode(body)


def throttled_body(error: Rejected, language: str) -> bytes:
    """Return the contract's fourth form of an error body, that of a throttled request (3.8)."""
    return msgspec.json.encode({"statusCode": OUTCOMES[error.code].status, "message": sentence_of(error, language)})
