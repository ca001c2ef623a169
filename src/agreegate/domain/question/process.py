"""P1–P6: what is new, from when, and how it is checked."""

from datetime import timedelta

from agreegate.domain.email import valid_email
from agreegate.domain.question.case import (
    Case,
    Sentences,
    Word,
    agreements,
    channels,
    facts,
    once_confirmed,
    role,
    say,
    since,
    without,
)
from agreegate.domain.question.question import Example, Group, Page, Question, Scene, refused_first, while_open
from agreegate.domain.transaction import Action

_ADDRESSES = ("name@customer.example", "name.customer.example")
"""Made up, to show the only check of them."""


def _new_process(case: Case) -> Sentences:
    yield say("answer.P1.what", "R29", agreement=case.agreement)
    yield say("answer.P1.review", "R49")
    yield from since(case)
    yield from channels(case)
    yield from role(case)


def _in_effect(case: Case) -> Sentences:
    yield from since(case)
    yield from channels(case)
    match sorted((date, channel) for channel, date in case.programme.enforce_from.items() if date is not None):
        case [(first, early), (second, late)] if first < second and not case.absent:
            between = {"refused": Word(f"answer.by.{early}"), "served": Word(f"answer.by.{late}")}
            yield say("answer.P2.between", "R5", first=first, last=second - timedelta(days=1), **between)
    yield from without(case, Action.NEW_PURCHASE)
    if not case.absent:
        yield from agreements(case)


def _validation(case: Case) -> Sentences:
    yield say("answer.P3.form", "R15")
    yield say("answer.P3.address", "R16")
    for address in _ADDRESSES:
        yield say("answer.P3.taken" if valid_email(address) else "answer.P3.refused", "R16", address=address)
    yield say("answer.P3.unknown", "R16")
    yield say("answer.P3.duty", "R17")
    if case.template is not None and case.template.refuses_duplicates(case.now):
        yield say("answer.P3.no-repeats", "R17")
    else:
        yield say("answer.P3.repeats", "R17")


def _check(case: Case) -> Sentences:
    yield say("answer.P5.when", "R6")
    yield say("answer.P5.what", "R6", "R14")
    yield from channels(case)
    yield from without(case, Action.NEW_PURCHASE, Action.SEAT_CHANGE)
    yield say("answer.P5.whole", "R7")
    yield from once_confirmed(case, Action.NEW_PURCHASE, Action.SEAT_CHANGE)


QUESTIONS = (
    Question("P1", Group.PROCESS, _new_process, Scene(Page.TOUR, refused_first)),
    Question("P2", Group.PROCESS, _in_effect, Scene(Page.TOUR, refused_first)),
    Question("P3", Group.PROCESS, _validation, Scene(Page.CONFIRMATION, while_open, Example.UNCONFIRMED)),
    Question(
        "P4",
        Group.PROCESS,
        facts(("answer.P4.nothing", "R20"), ("answer.P4.statement", "R20"), ("answer.P4.records", "R14", "R20")),
        Scene(Page.CONFIRMATION, while_open, Example.UNCONFIRMED),
    ),
    Question("P5", Group.PROCESS, _check, Scene(Page.ORDER, refused_first, Example.UNCONFIRMED)),
    Question("P6", Group.PROCESS, facts(("answer.P6.nobody", "R18")), Scene(Page.ACTIVITY, while_open)),
)
