"""The process's questions, answered live: for the clock's date and the reader's own partner, with rules and a place to see it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from agreegate.dashboard.clock import jump
from agreegate.dashboard.guard import actor_of
from agreegate.dashboard.navigation import may
from agreegate.dashboard.page import PageRequest, language, page
from agreegate.deployment.deployment import Deployment, deployment_of
from agreegate.domain.actor import (
    ANYONE_SIGNED_IN,
    CONFIRM,
    READ_AUDIT,
    READ_CUSTOMERS,
    READ_RESELLERS,
    WRITE_CUSTOMERS,
    WRITE_ORDERS,
    Access,
    Actor,
)
from agreegate.domain.errors import NotFound
from agreegate.domain.question import Answered, Example, Group, Page, Sentence, ShowMe, answer, questions
from agreegate.i18n import date_text, text
from agreegate.services.question import address, examples

LONGEST = 200
"""Characters of what is looked for."""
ACCESS: Mapping[Page, Access] = {
    Page.CUSTOMER: READ_CUSTOMERS,
    Page.ORDER: WRITE_ORDERS,
    Page.CONFIRMATION: CONFIRM,
    Page.NEW_CUSTOMER: WRITE_CUSTOMERS,
    Page.RESELLERS: READ_RESELLERS,
    Page.ACTIVITY: READ_AUDIT,
}
"""Who may open a page that not everybody may."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer is seen."""

    path: str
    page: Page
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A question with its answer, in the reader's words."""

    id: str
    group: Group
    question: str
    sentences: list[str]
    rules: list[tuple[str, str]]
    """Id and statement."""
    place: Place | None
    lacking: bool
    """It would be seen with a customer of a kind that the reader does not have."""

    def holds(self, words: Collection[str]) -> bool:
        """Whether every one of the words is somewhere in it."""
        whole = " ".join((self.id, self.question, *self.sentences, *(rule for rule, _ in self.rules))).casefold()
        return all(word in whole for word in words)


@get("/questions", opt={"access": ANYONE_SIGNED_IN, "costly": True}, include_in_schema=False)
async def show_questions(request: PageRequest) -> Response[str]:
    """Every question, or those with the words that are looked for."""
    deployment, actor, spoken = deployment_of(request), actor_of(request), language(request)
    wanted = request.query_params.get("q", "")[:LONGEST].strip()
    customers, now = await _examples(deployment, actor), deployment.store.clock()
    told = [
        _told(answer(deployment.programme, actor.partner, now, question.id), actor, customers, spoken)
        for question in questions()
    ]
    found = [one for one in told if one.holds(wanted.casefold().split())]
    groups = [(group, list(those)) for group, those in groupby(found, key=lambda one: one.group)]
    return page(request, "questions.html", groups=groups, wanted=wanted, found=len(found), everything=len(told))


@post("/questions/{question:str}/show", opt={"access": ANYONE_SIGNED_IN}, include_in_schema=False)
async def show_answer(request: PageRequest, question: FromPath[str]) -> Response[Any]:
    """Set the demo's clock to the day on which an answer is seen, and open the page.

    Raises:
        NotFound: there is no such question, it is shown nowhere, or this is no demo.
    """
    deployment, actor = deployment_of(request), actor_of(request)
    if question not in {known.id for known in questions()}:
        raise NotFound
    answered = answer(deployment.programme, actor.partner, deployment.store.clock(), question)
    place = _place(answered.show_me, actor, await _examples(deployment, actor))
    if place is None:
        raise NotFound
    return await jump(request, place.at, place.path)


ROUTES = (show_questions, show_answer)


async def _examples(deployment: Deployment, actor: Actor) -> dict[Example, str]:
    made_up = [] if deployment.guide is None else [customer.id for customer in deployment.guide.customers]
    shared = sorted({customer for customer in made_up if made_up.count(customer) > 1})
    return await deployment.store.browse(lambda uow: examples(uow, actor, shared))


def _told(answered: Answered, actor: Actor, customers: Mapping[Example, str], spoken: str) -> Told:
    place = _place(answered.show_me, actor, customers)
    return Told(
        answered.id,
        answered.group,
        text(answered.question_key, spoken),
        [_spoken(sentence, spoken) for sentence in answered.answers],
        [(rule, text(f"rule.{rule}", spoken)) for rule in answered.rules],
        place,
        lacking=place is None and answered.show_me is not None,
    )


def _spoken(sentence: Sentence, spoken: str) -> str:
    return sentence.spoken(partial(text, language=spoken), partial(date_text, language=spoken))


def _place(shown: ShowMe | None, actor: Actor, customers: Mapping[Example, str]) -> Place | None:
    """Where this reader sees it: who may not open the page is sent to the one that says who may."""
    if shown is None:
        return None
    if not may(actor, ACCESS.get(shown.page, ANYONE_SIGNED_IN)):
        shown = replace(shown, page=Page.HOW_TO_CONFIRM, example=None)
    path = address(shown, customers)
    return None if path is None else Place(path, shown.page, shown.at)
