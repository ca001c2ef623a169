"""Asking the gate about many transactions at once: `POST /api/gate/decisions:batch`."""

from typing import Any

import pytest

from agreegate.api.gate_batch import MOST_QUESTIONS
from tests import personas as cast
from tests.world import API_ENFORCED, World

BATCH = "/api/gate/decisions:batch"
QUESTIONS: list[dict[str, Any]] = [
    {"customerId": customer, "action": action, "channel": channel} | more
    for customer in (cast.CEDAR, cast.DOGWOOD, cast.FRENE, cast.ELM, cast.NOBODY, cast.CEDAR.upper())
    for action in ("new_purchase", "auto_renewal")
    for channel in ("api", "dashboard")
    for more in ({}, {"at": "2018-08-15"}, {"agreementType": "MicrosoftCustomerAgreement"}, {"partnerId": cast.ALDER})
]


async def decisions_of(
    world: World, questions: list[Any], who: str = cast.ALDER_SALES, **headers: str
) -> list[dict[str, Any]]:
    answer = await world.send(who, "POST", BATCH, {"decisions": questions}, headers)
    assert answer.status_code == 200, answer.text
    decisions: list[dict[str, Any]] = answer.json()["decisions"]
    return decisions


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_each_answer_is_that_of_the_question_alone_in_the_same_order(world: World, language: str) -> None:
    world.clock.now = API_ENFORCED
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    headers = {"X-Locale": language}
    alone = [
        (await world.send(cast.ALDER_SALES, "POST", "/api/gate/decisions", question, headers)).json()
        for question in QUESTIONS
    ]
    assert await decisions_of(world, QUESTIONS, **headers) == alone
    assert {answer["verdict"] for answer in alone} == {"allow", "deny"}


@pytest.mark.parametrize(
    ("faulty", "status", "code", "data"),
    [
        ({"action": "dance"}, 400, "request.invalid-choice", ["action"]),
        ({"channel": None}, 400, "request.invalid-choice", ["channel"]),
        ({"customerId": "no guid"}, 400, "request.malformed-id", ["customerId"]),
        ({"customerId": 7}, 400, "request.invalid-property", ["customerId"]),
        ({"at": "soon"}, 400, "request.invalid-instant", ["at"]),
        ({"agreementType": "Lease"}, 400, "request.invalid-property", ["agreementType"]),
        ({"recrod": True}, 400, "request.invalid-property", ["recrod"]),
        ({"record": True}, 400, "request.recorded-alone", ["record"]),
        ({"partnerId": cast.HAZEL}, 403, "access.denied", []),
    ],
)
async def test_a_faulty_question_has_its_problem_in_its_place(
    world: World, faulty: dict[str, Any], status: int, code: str, data: list[str]
) -> None:
    good = {"customerId": cast.DOGWOOD, "action": "new_purchase", "channel": "api"}
    first, problem, last = await decisions_of(world, [good, good | faulty, good])
    assert first == last
    assert first["verdict"] == "allow"
    assert (problem["status"], problem["code"], problem.get("data", [])) == (status, code, data)
    assert problem["detail"]
    if "record" not in faulty:
        alone = await world.send(cast.ALDER_SALES, "POST", "/api/gate/decisions", good | faulty)
        assert alone.json() == problem
    assert world.rows("select count(*) from decision") == [(0,)]


@pytest.mark.parametrize("item", [None, 7, "new_purchase", [], {}, {"customerId": cast.CEDAR}])
async def test_what_is_no_question_has_a_problem_too(world: World, item: object) -> None:
    [problem] = await decisions_of(world, [item])
    assert problem["status"] == 400
    assert problem["code"] in ("request.invalid", "request.invalid-property")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "request.invalid-property"),
        ({"decisions": 7}, 400, "request.invalid-property"),
        ({"decisions": [], "more": 1}, 400, "request.invalid-property"),
        ({"decisions": QUESTIONS[:1] * (MOST_QUESTIONS + 1)}, 400, "request.invalid-property"),
        ({"decisions": [QUESTIONS[0] | {"at": " " * 600} for _ in range(1_000)]}, 413, "request.too-large"),
        ([], 400, "request.invalid"),
    ],
)
async def test_a_batch_that_cannot_be_read_is_refused_whole(world: World, body: object, status: int, code: str) -> None:
    answer = await world.send(cast.ALDER_SALES, "POST", BATCH, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_most_questions_are_answered_and_none_at_all_too(world: World) -> None:
    assert len(await decisions_of(world, QUESTIONS[:1] * MOST_QUESTIONS)) == MOST_QUESTIONS
    assert await decisions_of(world, []) == []


@pytest.mark.parametrize(
    ("who", "status"), [(cast.ALDER_HELPDESK, 200), (cast.ALDER, 200), (cast.BIRCH_SALES, 403), (None, 401)]
)
async def test_who_may_ask_a_batch(world: World, who: str | None, status: int) -> None:
    assert (await world.send(who, "POST", BATCH, {"decisions": QUESTIONS[:1]})).status_code == status
