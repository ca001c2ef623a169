"""Every kind of error has a status, a code and a sentence in both languages, and one shape (contract 3.6, 3.7)."""

import json
import re
from collections.abc import Iterator

import pytest

from agreegate.api.problems import PROBLEMS, error_body, problem_of, sentence_of
from agreegate.domain.errors import Rejected, StoreUnavailable
from agreegate.i18n import LANGUAGES, catalogue

STATUSES = {400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 414, 417, 429, 431, 503}
"""What the contract uses (3.6), and 413, 414 and 431 for a body, an address and headers beyond our limits."""
RETRYABLE = {408, 503}
"""Nothing was done, and the same request may succeed a moment later."""
MEMBERS = {
    "code": int,
    "message": str,
    "description": str,
    "errorName": str,
    "isRetryable": bool,
    "parameters": dict,
    "errorMessageExtended": str,
    "data": list,
    "source": str,
}


def kinds(kind: type[Rejected] = Rejected) -> Iterator[type[Rejected]]:
    for below in kind.__subclasses__():
        yield below
        yield from kinds(below)


KINDS = sorted(set(kinds()), key=lambda kind: kind.__name__)


def test_every_kind_of_error_has_its_row_and_nothing_else_has_one() -> None:
    assert set(KINDS) == set(PROBLEMS)
    assert len({kind.key for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_error_speaks_both_languages_in_one_shape(kind: type[Rejected]) -> None:
    named_in = {language: set(re.findall(r"\{(\w+)\}", catalogue(language)[kind.key])) for language in LANGUAGES}
    assert named_in["en"] == named_in["fr"]
    error = kind(**dict.fromkeys(named_in["en"], "…"))
    assert problem_of(error).status in STATUSES
    for language in LANGUAGES:
        sentence = sentence_of(error, language)
        assert 0 < len(sentence) <= 1024
        assert sentence[-1] in ".?!…"
        if problem_of(error).silent:
            assert error_body(error, language) == b""
            continue
        body = json.loads(error_body(error, language))
        assert {name: type(value) for name, value in body.items()} == MEMBERS
        assert body["description"] == body["message"] == sentence
        assert body["errorMessageExtended"] == f"InternalErrorCode={body['code']}"
        assert body["isRetryable"] is (problem_of(error).status in RETRYABLE)
    assert sentence_of(error, "en") != sentence_of(error, "fr")


@pytest.mark.parametrize("error", [StoreUnavailable("FullError"), RuntimeError("a secret of ours")])
def test_our_own_faults_say_nothing_of_the_cause(error: Exception) -> None:
    for language in LANGUAGES:
        body = error_body(error, language)
        assert {name: type(value) for name, value in json.loads(body).items()} == MEMBERS
        assert str(error).encode() not in body
