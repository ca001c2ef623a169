"""Every error has a status, a code and a sentence in both languages, and one shape (contract 3.6, 3.7)."""

import json
import re
from typing import get_args

import pytest

from agreegate.api.wire.error import error_body
from agreegate.domain.error import Rejected, RequestCode, StoreUnavailable
from agreegate.error import OUTCOMES, known, sentence_of
from agreegate.i18n import LANGUAGES, catalogue
from tests import personas as cast
from tests.world import World

STATUSES = {400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 414, 417, 429, 431, 501, 503}
"""What the contract uses (3.6); 413, 414 and 431 for a body, an address and headers beyond our limits."""
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


CODES = get_args(RequestCode)


def test_every_error_has_its_row_and_nothing_else_has_one() -> None:
    assert list(OUTCOMES) == list(CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_error_speaks_both_languages_in_one_shape(code: RequestCode) -> None:
    named_in = {language: set(re.findall(r"\{(\w+)\}", catalogue(language)[code])) for language in LANGUAGES}
    assert named_in["en"] == named_in["fr"]
    error, outcome = Rejected(code, **dict.fromkeys(named_in["en"], "…")), OUTCOMES[code]
    assert outcome.status in STATUSES
    for language in LANGUAGES:
        sentence = sentence_of(error, language)
        assert 0 < len(sentence) <= 1024
        assert sentence[-1] in ".?!…"
        if outcome.silent:
            assert error_body(error, language) == b""
            continue
        body = json.loads(error_body(error, language))
        assert {name: type(value) for name, value in body.items()} == MEMBERS
        assert body["description"] == body["message"] == sentence
        assert body["errorMessageExtended"] == f"InternalErrorCode={body['code']}"
        assert body["isRetryable"] is (outcome.status in RETRYABLE)
    assert sentence_of(error, "en") != sentence_of(error, "fr")


@pytest.mark.parametrize("error", [StoreUnavailable("FullError"), RuntimeError("a secret of ours")])
def test_our_own_faults_say_nothing_of_the_cause(error: Exception) -> None:
    for language in LANGUAGES:
        body = error_body(known(error), language)
        assert {name: type(value) for name, value in json.loads(body).items()} == MEMBERS
        assert str(error).encode() not in body


@pytest.mark.parametrize(
    ("path", "methods"), [("/api/gate/decisions", {"POST", "OPTIONS"}), ("/healthz", {"GET", "HEAD", "OPTIONS"})]
)
async def test_a_method_that_a_path_of_ours_has_not_names_those_that_it_has(
    world: World, path: str, methods: set[str]
) -> None:
    answer = await world.send(cast.ALDER_SALES, "DELETE", path)
    assert answer.status_code == 405
    assert set(re.split(", *", answer.headers["allow"])) == methods
