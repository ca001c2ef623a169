"""The 35 questions of the published process (contract section 2), answered for a partner at an instant.

`table.py` is the data; `case.py` has its conditions; `parts.py` computes dates and outcomes; `place.py` says where to look.
"""

from agreegate.questions.case import Case
from agreegate.questions.parts import Sentence, Word
from agreegate.questions.place import Example, Page, Show, address, examples, shown
from agreegate.questions.table import QUESTIONS, Question

__all__ = [
    "QUESTIONS",
    "Case",
    "Example",
    "Page",
    "Question",
    "Sentence",
    "Show",
    "Word",
    "address",
    "answer",
    "examples",
    "shown",
]


def answer(question: Question, case: Case) -> tuple[Sentence, ...]:
    """The answer to a question in a case, sentence by sentence."""
    return tuple(sentence for part in question.parts for sentence in part(case))
