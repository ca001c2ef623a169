"""The process's questions, answered live: for the clock's date and the reader's own partner, with rules and a place to see it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from agreegate.dashboard.frame.clock import jump
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
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
    may,
)
from agreegate.domain.error import Rejected
from agreegate.i18n import date_text, text
from agreegate.questions.answer import Case
from agreegate.questions.place import Example, Page, Show, address, examples, shown
from agreegate.questions.table import QUESTIONS, Question

LONGEST = 200
"""Maximum characters of a search."""
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
    """The page that shows an answer."""

    path: str
    name: str
    """The page's name, in the reader's language."""
    at: datetime | None
    """The instant to set the demo's clock to; None: the clock stays."""


@dataclass(frozen=True, slots=True)
class Read:
    """A question with its answer, in the reader's language."""

    id: str
    group: str
    question: str
    sentences: list[str]
    rules: list[tuple[str, str]]
    """Id and statement."""
    place: Place | None

    def holds(self, words: Collection[str]) -> bool:
        """Whether every one of the words is in the question, its answer or a rule."""
        whole = " ".join((self.id, self.question, *self.sentences, *(rule for rule, _ in self.rules))).casefold()
        return all(word in whole for word in words)


@get("/questions", opt={"access": ANYONE_SIGNED_IN, "costly": True})
async def show_questions(request: DashboardRequest) -> Response[str]:
    """Show every question, or those with the words that the reader typed."""
    deployment, actor, language = deployment_of(request), actor_of(request), reader_language(request)
    search = request.query_params.get("q", "")[:LONGEST].strip()
    customers, case = await _examples(request), _case(deployment, actor)
    read = [_read(question, case, actor, customers, language) for question in QUESTIONS]
    found = [one for one in read if one.holds(search.casefold().split())]
    groups = [(group, list(those)) for group, those in groupby(found, key=lambda one: one.group)]
    return page(request, "questions.html", groups=groups, search=search, found=len(found), total=len(read))


@post("/questions/{question:str}/show", opt={"access": ANYONE_SIGNED_IN})
async def show_answer(request: DashboardRequest, question: FromPath[str]) -> Response[Any]:
    """Set the demo's clock to the day on which an answer is seen, and open the page.

    Raises:
        `request.not-found`: there is no such question, no date to set, no customer to show it with, or this is no demo.
    """
    deployment, actor = deployment_of(request), actor_of(request)
    asked = next((known for known in QUESTIONS if known.id == question), None)
    if asked is None:
        raise Rejected("request.not-found")
    customers = await _examples(request)
    place = _place(shown(asked.show, _case(deployment, actor)), actor, customers, reader_language(request))
    if place is None or place.at is None:
        raise Rejected("request.not-found")
    return await jump(request, place.at, place.path)


ROUTES = (show_questions, show_answer)


def _case(deployment: Deployment, actor: Actor) -> Case:
    return Case(deployment.programme, actor.partner, deployment.store.clock())


async def _examples(request: DashboardRequest) -> dict[Example, str]:
    deployment, actor = deployment_of(request), actor_of(request)
    made_up = [] if deployment.demo_start is None else [customer.id for customer in deployment.demo_start.customers]
    shared = sorted({customer for customer in made_up if made_up.count(customer) > 1})
    return await records_of(request).read_slow(lambda uow: examples(uow, actor, deployment.programme, shared))


def _read(question: Question, case: Case, actor: Actor, customers: Mapping[Example, str], language: str) -> Read:
    sentences = question.answer(case)
    rules = dict.fromkeys(rule for sentence in sentences for rule in sentence.rules)
    written, date = partial(text, language=language), partial(date_text, language=language)
    return Read(
        question.id,
        question.group,
        text(f"question.{question.id}", language),
        [sentence.language(written, date) for sentence in sentences],
        [(rule, text(f"rule.{rule}", language)) for rule in rules],
        _place(shown(question.show, case), actor, customers, language),
    )


def _place(show: Show, actor: Actor, customers: Mapping[Example, str], language: str) -> Place | None:
    """Return where this reader sees the answer; a reader who may not open that page reads how to confirm."""
    if not may(actor, ACCESS.get(show.page, ANYONE_SIGNED_IN)):
        show = Show(Page.HOW_TO_CONFIRM)
    path = address(show, customers)
    return None if path is None else Place(path, text(show.page.key, language), show.at)
