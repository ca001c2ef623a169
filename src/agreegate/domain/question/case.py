"""One case of a question: whose programme, which partner, when. And the sentences that many answers share.

Every sentence carries the rules it follows from; what the gate would do is asked of the gate itself.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agreegate.domain.actor import Channel
from agreegate.domain.agreement import AgreementTemplate
from agreegate.domain.gate import Decision, decide
from agreegate.domain.partner import Account, Partner, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.standing import Current, Standing
from agreegate.domain.transaction import Action, Transaction

_DAY = timedelta(days=1)
_CHANNEL_RULES = {Channel.DASHBOARD: "R3", Channel.API: "R4"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word within a sentence that each language has its own for, by message key."""

    key: str


Value = str | datetime | Word


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence or two of an answer: its message key, what fills it, and the rules it follows from."""

    key: str
    rules: tuple[str, ...]
    params: Mapping[str, Value] = field(default_factory=dict)

    def spoken(self, text: Callable[..., str], date: Callable[[datetime], str]) -> str:
        """The sentence as it is read.

        Args:
            text: finds the words of a key in the reader's language and fills them.
            date: writes the date of an instant as the reader does.
        """
        return text(self.key, **{name: _spelled(value, text, date) for name, value in self.params.items()})


Sentences = Iterator[Sentence]


@dataclass(frozen=True, slots=True)
class Case:
    """Who asks, under which programme, at which instant."""

    programme: Programme
    partner: Partner
    now: datetime

    @property
    def absent(self) -> bool:
        """Whether the partner's cloud has no confirmations (R31)."""
        return self.partner.cloud in self.programme.unsupported_clouds

    @property
    def reached(self) -> bool:
        """Whether this partner can record anything now: its cloud has confirmations, and they have begun."""
        return not self.absent and self.programme.exists(self.now)

    @property
    def agreement(self) -> str:
        """The agreement to confirm now, as people write it."""
        return self.programme.asks_for(self.now)

    @property
    def template(self) -> AgreementTemplate | None:
        """The template of that agreement; None where nothing opens the gate now."""
        opening = [t for t in self.programme.templates if t.opens_gate(self.now)]
        return next((t for t in opening if t.title == self.agreement), None)

    def decision(self, action: Action, channel: Channel, standing: Standing) -> Decision:
        """What the gate says now of this partner's transaction."""
        return decide(Transaction(action, channel), standing, self.programme, self.partner.cloud, self.now)

    def unconfirmed(self) -> Standing:
        """A customer of whom nothing is recorded."""
        return Standing(related=True)

    def confirmed(self) -> Standing:
        """A customer who accepted the agreement of today."""
        return self.of(self.template)

    def outdated(self) -> Standing:
        """A customer who accepted a text that a newer one has replaced since."""
        return self.of(self.template, self.now)

    def refused(self) -> Standing:
        """A customer of whom it is recorded that it no longer agrees."""
        return Standing(related=True, refused_at=self.now)

    def of(self, template: AgreementTemplate | None, outdated_since: datetime | None = None) -> Standing:
        """A customer of whom nothing is confirmed but this template."""
        if template is None:
            return self.unconfirmed()
        current = Current(template.agreement_type, template.id, self.now, self.now, 1, outdated_since)
        return Standing(related=True, current=(current,))


def say(key: str, *rules: str, **params: Value) -> Sentence:
    """A sentence and its rules."""
    return Sentence(key, rules, params)


def facts(*rows: tuple[str, ...]) -> Callable[[Case], Sentences]:
    """An answer that is the same for everybody at all times: a key and its rules per row."""

    def told(case: Case) -> Sentences:
        for key, *rules in rows:
            yield say(key, *rules, agreement=case.agreement)

    return told


def standpoint(case: Case) -> Sentences:
    """What every answer begins with where the process does not reach: in another cloud, or too early."""
    if case.absent:
        yield say("answer.absent", "R31", cloud=Word(f"answer.cloud.{case.partner.cloud}"))
    if not case.programme.exists(case.now):
        yield say("answer.not-yet", "R1", date=case.programme.starts)


def rule_of(kind: PartnerKind) -> str:
    """The rule by which partners of this kind confirm, or do not."""
    return "R22" if kind is PartnerKind.INDIRECT_RESELLER else "R21"


def since(case: Case) -> Sentences:
    """Since when confirmations can be recorded; before that, `standpoint` has said so."""
    if case.programme.exists(case.now):
        yield say("answer.exists", "R1", date=case.programme.starts)


def role(case: Case) -> Sentences:
    """What the asking partner itself has to do."""
    if case.absent:
        return
    kind = case.partner.kind
    yield say(f"answer.role.{kind}", rule_of(kind))
    if case.partner.account is Account.SANDBOX:
        yield say("answer.sandbox", "R6")


def channels(case: Case, *only: Channel) -> Sentences:
    """For each channel, whether it asks for a confirmation now, and since or from when."""
    for channel in only or (Channel.DASHBOARD, Channel.API):
        by, rule = Word(f"answer.by.{channel}"), _CHANNEL_RULES[channel]
        enforced = case.programme.enforce_from.get(channel)
        if case.absent:
            continue
        if enforced is None:
            yield say("answer.channel.watches", "R2", by=by)
        elif case.now < enforced:
            yield say("answer.channel.ahead", "R2", rule, by=by, date=enforced)
        elif case.now < enforced + _DAY:
            yield say("answer.channel.today", rule, by=by, date=enforced)
        else:
            yield say("answer.channel.since", rule, by=by, date=enforced)


def outcomes(case: Case, heading: str, standing: Standing, *actions: Action, **params: Value) -> Sentences:
    """What the gate answers now for each action on both channels, below a heading that says of which customer."""
    if (standing.current or standing.refused_at) and not case.reached:
        return  # nobody can have recorded that
    yield say(heading, "R6", date=case.now, **params)
    for action in actions:
        decisions = {channel: case.decision(action, channel, standing) for channel in Channel}
        rules = dict.fromkeys(rule for decision in decisions.values() for rule in _reasons(case, action, decision))
        word, allowed = Word(f"answer.action.{action}"), [c for c, d in decisions.items() if d.allowed]
        match allowed:
            case []:
                yield say("answer.outcome.deny", *rules, action=word)
            case [one]:
                other = next(channel for channel in Channel if channel is not one)
                through, stopped = Word(f"answer.by.{one}"), Word(f"answer.by.{other}")
                yield say("answer.outcome.split", *rules, action=word, through=through, stopped=stopped)
            case _:
                yield say("answer.outcome.allow", *rules, action=word)


def without(case: Case, *actions: Action) -> Sentences:
    """What happens now for a customer without a confirmation."""
    return outcomes(case, "answer.without", case.unconfirmed(), *actions)


def once_confirmed(case: Case, *actions: Action) -> Sentences:
    """What happens now for a customer whose acceptance is confirmed."""
    return outcomes(case, "answer.with", case.confirmed(), *actions)


def agreements(case: Case) -> Sentences:
    """Which agreement to confirm now, until or from when each opens the gate, and until when it can be confirmed."""
    yield say("answer.agreement", "R32", agreement=case.agreement)
    for template in case.programme.templates:
        opens, closes = template.opens_from, template.opens_until
        if opens is not None and case.now < opens:
            yield say("answer.opens.ahead", "R32", agreement=template.title, date=opens)
        elif closes is not None and closes <= case.now:
            yield say("answer.opens.over", "R33", agreement=template.title, date=closes)
        elif closes is not None:
            yield say("answer.opens.until", "R33", agreement=template.title, date=closes)
        else:
            yield say("answer.opens", "R36", agreement=template.title)
        if (retires := template.confirm_until) is not None:
            key = "answer.retired.over" if template.retired(case.now) else "answer.retired.ahead"
            yield say(key, "R33", agreement=template.title, date=retires)


def _reasons(case: Case, action: Action, decision: Decision) -> list[str]:
    """The rules behind a decision: the gate's own, else why there was nothing to ask."""
    if named := [reason.rule for reason in (*decision.reasons, *decision.advisories)]:
        return named
    if case.absent:
        return ["R31"]
    return ["R7" if action.needs_confirmation else action.rule]


def _spelled(value: Value, text: Callable[..., str], date: Callable[[datetime], str]) -> str:
    match value:
        case Word(key):
            return text(key)
        case datetime():
            return date(value)
        case _:
            return value
