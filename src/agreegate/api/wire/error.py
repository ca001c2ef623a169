"""The error body of the wire (contract 3.6)."""

import msgspec

from agreegate.domain.error import Rejected
from agreegate.error import OUTCOMES, sentence_of


def error_body(error: Rejected, language: str) -> bytes:
    """Return the wire's error body, without a byte order mark (contract 3.5); empty for a silent error.

    It has the members of every form of the contract: each client reads the members that it knows (3.6).
    """
    outcome = OUTCOMES[error.code]
    if outcome.silent:
        return b""
    sentence = sentence_of(error, language)
    body = {
        "code": outcome.number,
        "message": sentence,
        "description": sentence,
        "errorName": outcome.name,
        "isRetryable": outcome.status in (408, 503),
        "parameters": error.parameters,
        "errorMessageExtended": f"InternalErrorCode={outcome.number}",
        "data": error.names,
        "source": outcome.source,
    }
    return msgspec.json.encode(body)


def throttled_body(error: Rejected, language: str) -> bytes:
    """Return the contract's fourth form of an error body, that of a throttled request (3.8)."""
    return msgspec.json.encode({"statusCode": OUTCOMES[error.code].status, "message": sentence_of(error, language)})
