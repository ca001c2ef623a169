"""A question of the published process, its answer, and where the dashboard shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agreegate.domain.actor import Channel
from agreegate.domain.partner import PartnerKind
from agreegate.domain.question.case import Case, Sentence, Sentences, standpoint


class Group(StrEnum):
    """The three parts of the process's questions."""

    PROCESS = "process"
    POLICY = "policy"
    TECHNICAL = "technical"


class Page(StrEnum):
    """A page of the dashboard."""

    CUSTOMER = "customer"
    ORDER = "order"
    CONFIRMATION = "confirmation"
    NEW_CUSTOMER = "new-customer"
    RESELLERS = "resellers"
    AGREEMENTS = "agreements"
    ACTIVITY = "activity"
    HOW_TO_CONFIRM = "how-to-confirm"
    TOUR = "tour"


class Example(StrEnum):
    """What kind of customer the page is to show."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    """Of an indirect provider: one that two of its resellers sell to."""
    REFUSED = "refused"
    """It no longer agrees."""
    SHARED = "shared"
    """A customer of another partner too, which confirmed for itself."""


@dataclass(frozen=True, slots=True)
class ShowMe:
    """Where the reader sees the answer happen."""

    page: Page
    at: datetime
    """The instant to set the demo's clock to."""
    example: Example | None = None
    """The customer of the page; None: the page is of no customer."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a question is shown to a partner who confirms; `ShowMe` is the scene for one case."""

    page: Page
    when: Callable[[Case], datetime]
    example: Example | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question: how it is answered in any case, and where that is seen."""

    id: str
    group: Group
    answer: Callable[[Case], Sentences]
    scene: Scene | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with its answer for one partner at one instant."""

    id: str
    group: Group
    question_key: str
    answers: tuple[Sentence, ...]
    show_me: ShowMe | None

    @property
    def rules(self) -> tuple[str, ...]:
        """Every rule that the answer follows from, each once, in the order of the sentences."""
        return tuple(dict.fromkeys(rule for sentence in self.answers for rule in sentence.rules))


_FORMS = frozenset({Page.ORDER, Page.CONFIRMATION, Page.NEW_CUSTOMER})


def answered(question: Question, case: Case) -> Answered:
    """The answer in this case."""
    return Answered(
        question.id,
        question.group,
        f"question.{question.id}",
        (*standpoint(case), *question.answer(case)),
        None if question.scene is None else _shown(question.scene, case),
    )


def _shown(scene: Scene, case: Case) -> ShowMe:
    """The scene for this partner; who does not have the page is sent to the one that says why."""
    kind, at = case.partner.kind, scene.when(case)
    if scene.page is Page.RESELLERS and kind is not PartnerKind.INDIRECT_PROVIDER:
        return ShowMe(Page.HOW_TO_CONFIRM, at)
    if scene.page in _FORMS and not kind.confirms:
        return ShowMe(Page.HOW_TO_CONFIRM, at)
    if scene.page is Page.CONFIRMATION and case.absent:
        return ShowMe(Page.CUSTOMER, at, scene.example)
    return ShowMe(scene.page, at, scene.example)


def while_open(case: Case) -> datetime:
    """Now, or the day on which confirmations begin when that is still ahead."""
    return max(case.now, case.programme.starts)


def refused_first(case: Case) -> datetime:
    """The first day on which the dashboard refuses; while it only watches, as `while_open`."""
    return case.programme.enforce_from.get(Channel.DASHBOARD) or while_open(case)


def refused_by_api(case: Case) -> datetime:
    """The first day on which the API refuses; while it only watches, as `while_open`."""
    return case.programme.enforce_from.get(Channel.API) or while_open(case)


def before_api(case: Case) -> datetime:
    """The day before the API refuses: the channels differ, if they ever do."""
    return max(refused_by_api(case) - timedelta(days=1), case.programme.starts)


def settled(case: Case) -> datetime:
    """When every date of the programme has passed, or now if that is later."""
    programme = case.programme
    turns = [programme.starts, *programme.enforce_from.values()]
    for template in programme.templates:
        turns += [template.opens_from, template.opens_until, template.confirm_until, template.duplicates_refused_from]
    return max(case.now, *(turn for turn in turns if turn is not None))
