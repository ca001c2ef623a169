"""The parts of an answer: sentences that a condition lets through, and those computed from the programme and the gate."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from agreegate.domain.actor import Channel
from agreegate.domain.gate import Decision, decide
from agreegate.domain.partner import Cloud
from agreegate.domain.transaction import Action, Transaction
from agreegate.questions.case import Case, Condition, Customer, accepted, begun, closed, national, public

_DAY = timedelta(days=1)
_CHANNEL_RULES = {Channel.DASHBOARD: "R3", Channel.API: "R4"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word within a sentence, by message key: each language has its own."""

    key: str


Value = str | datetime | Word


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence or two of an answer: its message key, the rules it follows from, and what fills it."""

    key: str
    rules: tuple[str, ...]
    params: Mapping[str, Value]

    def spoken(self, text: Callable[..., str], date: Callable[[datetime], str]) -> str:
        """The sentence in the reader's language.

        Args:
            text: finds the text of a key and fills it.
            date: writes the date of an instant.
        """

        def written(value: Value) -> str:
            if isinstance(value, Word):
                return text(value.key)
            return date(value) if isinstance(value, datetime) else value

        return text(self.key, **{name: written(value) for name, value in self.params.items()})


Sentences = Iterator[Sentence]
Part = Callable[[Case], Sentences]


def say(key: str, *rules: str, when: Condition = public) -> Part:
    """A sentence and its rules, said where its condition holds: by default wherever confirmations exist."""

    def said(case: Case) -> Sentences:
        if when(case):
            yield Sentence(key, rules, _params(case))

    return said


def channels(case: Case) -> Sentences:
    """For each channel, whether a confirmation is optional or required now, and from when or since when."""
    for channel in (Channel.DASHBOARD, Channel.API):
        yield from _channel(case, channel)


def api_channel(case: Case) -> Sentences:
    """Whether a confirmation is optional or required now by API."""
    return _channel(case, Channel.API)


def between(case: Case) -> Sentences:
    """The months in which one channel refuses and the other does not (R5)."""
    match sorted((date, channel) for channel, date in case.programme.enforce_from.items() if date is not None):
        case [(first, early), (second, late)] if first < second and public(case):
            by = {"refused": Word(f"answer.by.{early}"), "served": Word(f"answer.by.{late}")}
            key = "answer.P2.between" if case.now < second else "answer.P2.between.over"
            yield Sentence(key, ("R5",), {"first": first, "last": second - _DAY, **by})


def regions(case: Case) -> Sentences:
    """Each cloud, and whether a confirmation is required in it."""
    for cloud in Cloud:
        absent = cloud in case.programme.unsupported_clouds
        key, rule = ("answer.L4.absent", "R31") if absent else ("answer.L4.required", "R30")
        yield Sentence(key, (rule,), {"cloud": Word(f"answer.cloud.{cloud}")})


def agreements(case: Case) -> Sentences:
    """When each agreement counts for orders, and until when it can be confirmed."""
    for template in case.programme.templates if begun(case) else ():
        opens, closes, retires = template.opens_from, template.opens_until, template.confirm_until
        if opens is not None and case.now < opens:
            yield Sentence("answer.opens.ahead", ("R32",), {"agreement": template.title, "date": opens})
        elif closes is not None:
            state = "over" if closes <= case.now else "until"
            yield Sentence(f"answer.opens.{state}", ("R33",), {"agreement": template.title, "date": closes})
        else:
            yield Sentence("answer.opens", ("R36",), {"agreement": template.title})
        if retires is not None:
            state = "over" if retires <= case.now else "ahead"
            yield Sentence(f"answer.retired.{state}", ("R33",), {"agreement": template.title, "date": retires})


def repeats(case: Case) -> Sentences:
    """For each agreement that can be confirmed now, whether an identical repeat is refused (contract 4.2)."""
    for template in case.programme.templates if begun(case) else ():
        if not template.retired(case.now):
            key = "answer.P3.no-repeats" if template.refuses_duplicates(case.now) else "answer.P3.repeats"
            yield Sentence(key, ("R17",), {"agreement": template.title})


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The gate's answers now for one kind of customer, by action and channel, below a heading that names the customer."""

    heading: str
    customer: Customer
    actions: tuple[Action, ...]
    when: Condition = begun

    def __call__(self, case: Case) -> Sentences:
        """The heading and one sentence per action."""
        if self.when(case):
            yield Sentence(self.heading, ("R6",), _params(case))
            for action in self.actions:
                yield self._outcome(case, action)

    def _outcome(self, case: Case, action: Action) -> Sentence:
        standing, cloud = self.customer(case), case.partner.cloud
        decisions = {
            channel: decide(Transaction(action, channel), standing, case.programme, cloud, case.now)
            for channel in Channel
        }
        rules = tuple(dict.fromkeys(rule for decision in decisions.values() for rule in _reasons(action, decision)))
        kind, params = "deny", {"action": Word(f"answer.action.{action}")}
        match [channel for channel, decision in decisions.items() if decision.allowed]:
            case [one]:
                [other] = set(Channel) - {one}
                kind, by = "split", {"through": Word(f"answer.by.{one}"), "stopped": Word(f"answer.by.{other}")}
                params |= by
            case [_, _]:
                kind = "allow"
        return Sentence(f"answer.outcome.{kind}", rules, params)


def closed_agreements(case: Case) -> Sentences:
    """Each agreement that no longer counts, and the gate's answer to a customer who confirmed no other (R33)."""
    for template in closed(case) if begun(case) else ():
        params = {**_params(case), "agreement": template.title}
        yield Sentence("answer.L18.closed", ("R33",), params)
        customer = partial(accepted, template=template)
        heading, *outcomes = Outcomes("answer.closed", customer, (Action.NEW_PURCHASE,))(case)
        yield from (Sentence(heading.key, heading.rules, params), *outcomes)


def _channel(case: Case, channel: Channel) -> Sentences:
    by, rule, enforced = Word(f"answer.by.{channel}"), _CHANNEL_RULES[channel], case.programme.enforce_from.get(channel)
    if national(case):
        return
    if enforced is None:
        yield Sentence("answer.channel.watches", ("R2",), {"by": by})
    elif case.now < enforced:
        yield Sentence("answer.channel.ahead", ("R2", rule), {"by": by, "date": enforced})
    else:
        key = "answer.channel.today" if case.now < enforced + _DAY else "answer.channel.since"
        yield Sentence(key, (rule,), {"by": by, "date": enforced})


def _params(case: Case) -> Mapping[str, Value]:
    """What any sentence of the table may be filled with."""
    programme = case.programme
    asked = programme.asked_template(case.now) or programme.templates[0]
    return {
        "agreement": programme.asks_for(case.now),
        "cloud": Word(f"answer.cloud.{case.partner.cloud}"),
        "starts": programme.starts,
        "date": case.now,
        "link": asked.link,
    }


def _reasons(action: Action, decision: Decision) -> list[str]:
    """The rules behind a decision: those of the gate, else the rule that makes the gate ask nothing."""
    named = [reason.rule for reason in (*decision.reasons, *decision.advisories)]
    return named or ["R7" if action.needs_confirmation else action.rule]
