"""Answers the questions of the table by conditions, the programme's dates, and the gate's decisions."""

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from functools import cached_property

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.gate import decide
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import Account, Cloud, Partner, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.standing import Current, Standing


class When(StrEnum):
    """A condition of the table, beside the asking partner's kind and account."""

    PUBLIC = auto()
    """The partner's cloud has confirmations (R30)."""
    NATIONAL = auto()
    """The partner's cloud has no confirmations (R31). No other condition holds then."""
    EARLY = auto()
    """Confirmations cannot be recorded yet (R1)."""
    BEGUN = auto()
    """Confirmations can be recorded (R1)."""
    ENFORCED = auto()
    """A channel has a date from which it refuses, past or still to come (R3, R4)."""
    REFUSING = auto()
    """A channel refuses now (R3, R4)."""
    ALLOWING = auto()
    """No channel refuses now (R2)."""


Conditions = Set[When | PartnerKind | Account]
Value = str | datetime | Action | Channel | Cloud


@dataclass(frozen=True)
class Case:
    """Who asks, under which programme, at which instant."""

    programme: Programme
    partner: Partner
    now: datetime

    @cached_property
    def conditions(self) -> Conditions:
        """The conditions that hold."""
        if self.partner.cloud in self.programme.unsupported_clouds:
            return {When.NATIONAL}
        begun = When.BEGUN if self.programme.exists(self.now) else When.EARLY
        dates = [date for date in self.programme.enforce_from.values() if date is not None]
        refusing = When.REFUSING if any(date <= self.now for date in dates) else When.ALLOWING
        found: Conditions = {When.PUBLIC, begun, refusing, self.partner.kind, self.partner.account}
        return found | {When.ENFORCED} if dates else found

    @cached_property
    def params(self) -> Mapping[str, Value]:
        """What any sentence of the table may be filled with."""
        template = self.programme.asked_template(self.now) or self.programme.templates[0]
        return {
            "agreement": self.programme.asks_for(self.now),
            "cloud": self.partner.cloud,
            "starts": self.programme.starts,
            "date": self.now,
            "link": template.link,
        }


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence or two of an answer: its message key, the rules it follows from, and what fills it."""

    key: str
    rules: tuple[str, ...]
    params: Mapping[str, Value]

    def language(self, text: Callable[..., str], date: Callable[[datetime], str]) -> str:
        """Return the sentence in the reader's language: `text` finds and fills the sentence of a key, `date` writes a date."""

        def written(value: Value) -> str:
            match value:
                case datetime():
                    return date(value)
                case Action():
                    return text(f"answer.action.{value}")
                case Channel():
                    return text(f"answer.by.{value}")
                case Cloud():
                    return text(f"answer.cloud.{value}")
            return value

        return text(self.key, **{name: written(value) for name, value in self.params.items()})


Sentences = Iterator[Sentence]
Part = Callable[[Case], Sentences]


def say(key: str, *rules: str, when: Conditions = frozenset({When.PUBLIC})) -> Part:
    """Return a part with one sentence, given where all its conditions hold; by default wherever confirmations exist."""

    def sentences(case: Case) -> Sentences:
        if when <= case.conditions:
            yield Sentence(key, rules, case.params)

    return sentences


def outcomes(heading: str, customer: Callable[[Case], Standing], *actions: Action, when: When = When.BEGUN) -> Part:
    """Return a part with the gate's answers now for one kind of customer, one per action, below a heading."""

    def sentences(case: Case) -> Sentences:
        if when in case.conditions:
            yield Sentence(heading, ("R6",), case.params)
            yield from (_outcome(case, customer(case), action) for action in actions)

    return sentences


def accepted(case: Case, outdated_since: datetime | None = None) -> Standing:
    """Return a customer who accepted the agreement of today, in a text that is outdated since an instant or never was."""
    template = case.programme.asked_template(case.now)
    if template is None:
        return Standing(related=True)
    current = Current(template.agreement_type, template.id, case.now, case.now, 1, outdated_since)
    return Standing(related=True, current=(current,))


def channels(*of: Channel) -> Part:
    """Return a part that gives for each channel whether a confirmation is required, and from which date."""

    def sentences(case: Case) -> Sentences:
        for channel in of if When.PUBLIC in case.conditions else ():
            rule, enforced = "R3" if channel is Channel.DASHBOARD else "R4", case.programme.enforce_from.get(channel)
            if enforced is None:
                yield Sentence("answer.channel.watches", ("R2",), {"by": channel})
            else:
                key = "answer.channel.ahead" if case.now < enforced else "answer.channel.since"
                yield Sentence(key, ("R2", rule), {"by": channel, "date": enforced})

    return sentences


def between(case: Case) -> Sentences:
    """Yield the months in which one channel refuses and the other does not (R5)."""
    match sorted((date, channel) for channel, date in case.programme.enforce_from.items() if date is not None):
        case [(first, refused), (second, allowed)] if first < second and When.PUBLIC in case.conditions:
            key = "answer.P2.between" if case.now < second else "answer.P2.between.over"
            dates: dict[str, Value] = {"first": first, "last": second - timedelta(days=1)}
            yield Sentence(key, ("R5",), dates | {"refused": refused, "allowed": allowed})


def regions(case: Case) -> Sentences:
    """Each cloud, and whether a confirmation is required in it."""
    for cloud in Cloud:
        absent = cloud in case.programme.unsupported_clouds
        key, rule = ("answer.L4.absent", "R31") if absent else ("answer.L4.required", "R30")
        yield Sentence(key, (rule,), {"cloud": cloud})


def dated(key: str, rule: str, date_of: Callable[[AgreementTemplate], datetime | None]) -> Part:
    """Return a part with a sentence for each agreement with a date of this kind, past or still to come."""

    def sentences(case: Case) -> Sentences:
        for template in case.programme.templates if When.BEGUN in case.conditions else ():
            if (date := date_of(template)) is not None:
                yield Sentence(key, (rule,), {"agreement": template.title, "date": date})

    return sentences


def lasting(case: Case) -> Sentences:
    """Yield whether confirmations last: those of an agreement that no longer counts do not (R33), all others do (R36)."""
    templates = case.programme.templates if When.BEGUN in case.conditions else ()
    closed = [one for one in templates if one.has_opened(case.now) and not one.opens_gate(case.now)]
    for template in closed:
        yield Sentence("answer.L18.closed", ("R33",), {"agreement": template.title})
    if When.PUBLIC in case.conditions:
        yield Sentence("answer.L18.others" if closed else "answer.L18.stays", ("R36",), {})


def _outcome(case: Case, standing: Standing, action: Action) -> Sentence:
    """Return the gate's verdicts on the dashboard and by API, with the rules of their reasons."""
    dashboard, api = (
        decide(Transaction(action, channel), standing, case.programme, case.partner.cloud, case.now)
        for channel in (Channel.DASHBOARD, Channel.API)
    )
    reasons = (*dashboard.reasons, *dashboard.advisories, *api.reasons, *api.advisories)
    rules = dict.fromkeys(reason.rule for reason in reasons) or ("R7" if action.needs_confirmation else action.rule,)
    return Sentence(f"answer.outcome.{dashboard.verdict}.{api.verdict}", tuple(rules), {"action": action})
