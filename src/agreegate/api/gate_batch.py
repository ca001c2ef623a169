"""Ask the gate about many transactions at once: `POST /api/gate/decisions:batch`."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import MediaType, Response, post
from litestar.params import JSONBody
from msgspec import Meta

from agreegate.api.gate import DecisionOut, Question, encoded, inquiry_of
from agreegate.api.problem_details import Problem, problem_of, problems, reader_language, rejected_member
from agreegate.api.rest import RestRequest, actor_of
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import ASK_GATE, Actor
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.services.gate import Inquiry, ask_together

MOST_QUESTIONS = 1_000
"""Maximum number of questions in one batch."""
LARGEST_BATCH = 512 * 1024
"""Bytes of a batch: the most questions, each with every member."""
_SLICE = 100
"""Answers written before the event loop may do other work."""


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """Questions to the gate that belong together."""

    decisions: Annotated[
        list[Any],
        Meta(
            description="At most 1,000 questions, each as `POST /api/gate/decisions` takes it, without `record`.",
            max_length=MOST_QUESTIONS,
            examples=[
                [{"customerId": "d09d0000-0000-4000-8000-000000000012", "action": "new_purchase", "channel": "api"}]
            ],
        ),
    ]


class BatchOut(msgspec.Struct):
    """The gate's answers."""

    decisions: Annotated[
        list[Any],
        Meta(
            description="For each question, in order: a decision as `POST /api/gate/decisions` answers it, or the question's "
            "problem, with `code` and `detail`."
        ),
    ]


@post(
    "/gate/decisions:batch",
    status_code=200,
    opt={"access": ASK_GATE},
    request_max_body_size=LARGEST_BATCH,
    tags=["gate"],
    summary="Ask the gate about up to 1,000 transactions",
    response_description="The answers, from one state of the record. A faulty question has a problem in its place.",
    responses=problems(400, 403, 413),
)
async def decide_batch(request: RestRequest, data: JSONBody[Batch]) -> Response[BatchOut]:
    """Whether each of several transactions may complete, all judged on one state of the record. Nothing is recorded."""
    deployment = deployment_of(request)
    actor, language, programme = actor_of(request), reader_language(request), deployment.programme
    read = _read(data.decisions, actor, programme)
    await asyncio.sleep(0)
    now, decisions = await ask_together(
        deployment.store, actor, programme, [one for one in read if isinstance(one, Inquiry)]
    )
    following = iter(decisions)
    answers: list[DecisionOut | Problem] = []
    for place, one in enumerate(read, start=1):
        if isinstance(one, Inquiry):
            answers.append(encoded(next(following), programme, language, now, one.at or now))
        else:
            answers.append(problem_of(one, language))
        if place % _SLICE == 0:
            await asyncio.sleep(0)
    return Response(BatchOut(answers), media_type=MediaType.JSON)


def _read(items: list[Any], actor: Actor, programme: Programme) -> list[Inquiry | Rejected]:
    try:
        questions: list[Question | Rejected] = [*msgspec.convert(items, list[Question])]
    except msgspec.ValidationError:  # found again item by item
        questions = [_question(item) for item in items]
    return [one if isinstance(one, Rejected) else _inquiry(one, actor, programme) for one in questions]


def _question(item: object) -> Question | Rejected:
    try:
        return msgspec.convert(item, Question)
    except msgspec.ValidationError as error:
        return rejected_member(str(error))


def _inquiry(question: Question, actor: Actor, programme: Programme) -> Inquiry | Rejected:
    if question.record:
        return Rejected("request.recorded-alone", name="record")
    try:
        return inquiry_of(question, actor, programme)
    except Rejected as error:
        return error
