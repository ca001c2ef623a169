"""The 35 questions of the published process (contract section 2), answered from the rules.

Nothing is said from memory: dates are the programme's, outcomes are the gate's, and every sentence names its rules.
"""

from datetime import datetime

from agreegate.domain.partner import Partner
from agreegate.domain.programme import Programme
from agreegate.domain.question import policy, process, technical
from agreegate.domain.question.case import Case, Sentence, Value, Word
from agreegate.domain.question.question import Answered, Example, Group, Page, Question, ShowMe, answered

__all__ = [
    "Answered",
    "Example",
    "Group",
    "Page",
    "Sentence",
    "ShowMe",
    "Value",
    "Word",
    "answer",
    "questions",
]

_QUESTIONS = {question.id: question for question in (*process.QUESTIONS, *policy.QUESTIONS, *technical.QUESTIONS)}


def questions() -> tuple[Question, ...]:
    """Every question, in the order of the process's page: P1–P6, L1–L19, T1–T10."""
    return tuple(_QUESTIONS.values())


def answer(programme: Programme, partner: Partner, now: datetime, question_id: str) -> Answered:
    """The answer for this partner at `now`.

    Raises:
        KeyError: there is no question of this id.
    """
    return answered(_QUESTIONS[question_id], Case(programme, partner, now))
