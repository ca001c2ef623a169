"""T1–T10: the two channels, and what the API has and has not."""

from agreegate.domain.actor import CONFIRM, Channel
from agreegate.domain.question.case import (
    Case,
    Sentences,
    channels,
    facts,
    once_confirmed,
    role,
    say,
    since,
    without,
)
from agreegate.domain.question.question import (
    Example,
    Group,
    Page,
    Question,
    Scene,
    before_api,
    refused_by_api,
    refused_first,
    while_open,
)
from agreegate.domain.transaction import Action


def _methods(case: Case) -> Sentences:
    yield say("answer.T1.two", "R41")
    yield from since(case)
    yield from channels(case)
    yield from role(case)


def _api_changes(case: Case) -> Sentences:
    yield say("answer.T2.three", "R45")
    yield say("answer.T2.metadata", "R45")
    yield say("answer.T2.confirm", "R45")
    yield say("answer.T2.read", "R45")
    yield from channels(case, Channel.API)
    yield say("answer.T2.refusal", "R4", "R7")


def _api_trouble(case: Case) -> Sentences:
    yield say("answer.T3.dashboard", "R42")
    yield from channels(case, Channel.API)
    yield say("answer.T3.counts", "R41")
    yield from once_confirmed(case, Action.NEW_PURCHASE)


def _middleware(case: Case) -> Sentences:
    yield say("answer.T5.vendor", "R44")
    yield say("answer.T5.unchanged", "R44")
    yield from channels(case, Channel.API)
    yield say("answer.T5.meanwhile", "R42")


def _flow(case: Case) -> Sentences:
    yield say("answer.T6.metadata", "R50", "R45")
    yield say("answer.T6.order", "R50", "R7")
    yield from without(case, Action.NEW_PURCHASE)
    yield say("answer.T6.confirm", "R50", "R15")
    yield say("answer.T6.read", "R50", "R45")
    yield say("answer.T6.same-order", "R50", "R7")
    yield from once_confirmed(case, Action.NEW_PURCHASE)


def _current_text(case: Case) -> Sentences:
    yield say("answer.T7.no", "R38")
    yield say("answer.T7.era", "R38")
    if case.template is not None:
        yield say("answer.T7.link", "R45", link=case.template.link, agreement=case.agreement)
    yield say("answer.T7.page", "R46", "R49")


def _user_id(case: Case) -> Sentences:
    yield say("answer.T8.partner", "R28")
    yield say("answer.T8.left-out", "R28")
    if not CONFIRM.application:
        yield say("answer.T8.application", "R28")
    yield say("answer.T8.designated", "R28")
    yield from role(case)


def _both_channels(case: Case) -> Sentences:
    yield say("answer.T10.either", "R41")
    yield from channels(case)
    yield from without(case, Action.NEW_PURCHASE)
    yield from once_confirmed(case, Action.NEW_PURCHASE)


QUESTIONS = (
    Question("T1", Group.TECHNICAL, _methods, Scene(Page.HOW_TO_CONFIRM, while_open)),
    Question("T2", Group.TECHNICAL, _api_changes),
    Question("T3", Group.TECHNICAL, _api_trouble, Scene(Page.CONFIRMATION, refused_by_api, Example.UNCONFIRMED)),
    Question("T4", Group.TECHNICAL, facts(("answer.T4.no", "R43"), ("answer.T4.one-by-one", "R45"))),
    Question("T5", Group.TECHNICAL, _middleware),
    Question("T6", Group.TECHNICAL, _flow, Scene(Page.ORDER, refused_first, Example.UNCONFIRMED)),
    Question("T7", Group.TECHNICAL, _current_text, Scene(Page.AGREEMENTS, while_open)),
    Question("T8", Group.TECHNICAL, _user_id, Scene(Page.CONFIRMATION, while_open, Example.UNCONFIRMED)),
    Question(
        "T9",
        Group.TECHNICAL,
        facts(("answer.T9.seller", "R29"), ("answer.T9.contract", "R29"), ("answer.T9.direct", "R29")),
        Scene(Page.HOW_TO_CONFIRM, while_open),
    ),
    Question("T10", Group.TECHNICAL, _both_channels, Scene(Page.TOUR, before_api)),
)
