"""Ask the gate everything, and write its answers into `docs/gate.md` between the markers.

`python -m tools.generate_gate` writes the page; a test fails when it is not current.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import AgreementType, TemplateId
from agreegate.domain.gate import Decision, decide
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme, StaleRule
from agreegate.domain.reason import Code
from agreegate.domain.standing import NO_RELATIONSHIP, Current, Standing, Unknown
from agreegate.i18n import text
from agreegate.programme import load, shipped

PAGE = Path(__file__).resolve().parent.parent / "docs" / "gate.md"

END = "<!-- end -->"

LONG_AGO = datetime(2018, 8, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CLOUD = "MicrosoftCloudAgreement"
CUSTOMER = "MicrosoftCustomerAgreement"

Known = Standing | Unknown


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that one answer depends on."""

    action: Action
    channel: Channel
    standing: Known
    programme: Programme
    cloud: Cloud
    now: datetime

    def answer(self) -> Decision:
        """The gate's."""
        return decide(Transaction(self.action, self.channel), self.standing, self.programme, self.cloud, self.now)


def confirmed(programme: Programme, agreement: str, *, outdated: bool = False, overdue: bool = False) -> Standing:
    """A customer who accepted this agreement."""
    template = programme.of_type(agreement)
    identifier = TemplateId("") if template is None else template.id
    since = LONG_AGO if outdated else None
    return Standing(True, (Current(AgreementType(agreement), identifier, LONG_AGO, LONG_AGO, 1, since, None, overdue),))


def standings(programme: Programme) -> dict[str, Known]:
    """What can be known of a customer, in the columns' words."""
    return {
        "nothing confirmed": Standing(True),
        "Cloud Agreement confirmed": confirmed(programme, CLOUD),
        "Customer Agreement confirmed": confirmed(programme, CUSTOMER),
        "no longer agrees": Standing(True, no_longer_agrees_at=LONG_AGO),
    }


def everything() -> Iterator[Asked]:
    """Every question whose answer may differ, under every shipped programme and its variants."""
    for name in shipped():
        for programme in (load(name), strict(load(name)), watching(load(name))):
            known = [
                *standings(programme).values(),
                confirmed(programme, CLOUD, outdated=True),
                confirmed(programme, CLOUD, outdated=True, overdue=True),
                NO_RELATIONSHIP,
                Unknown(),
                Unknown(clock_behind=True),
            ]
            for action in Action:
                for channel in Channel:
                    for standing in known:
                        for cloud in Cloud:
                            for now in instants(programme):
                                yield Asked(action, channel, standing, programme, cloud, now)


def strict(programme: Programme) -> Programme:
    """With the stale rule that refuses."""
    return replace(programme, stale_rule=StaleRule.REFUSE)


def watching(programme: Programme) -> Programme:
    """Without enforcement dates."""
    return replace(programme, enforce_from={})


def instants(programme: Programme) -> list[datetime]:
    """Instants between which no answer can change: long before, and each date of the programme."""
    dates = {programme.starts, *(at for at in programme.enforce_from.values() if at is not None)}
    for template in programme.templates:
        dates |= {at for at in (template.opens_from, template.opens_until) if at is not None}
    return [min(dates) - 365 * DAY, *sorted(dates)]


def codes() -> str:
    """The closed list: what each code does, by which rule, what it says, and the next step."""
    refuses: dict[Code, set[str]] = {code: set() for code in Code}
    advises: dict[Code, set[str]] = {code: set() for code in Code}
    for asked in everything():
        decision = asked.answer()
        for reason in decision.reasons:
            refuses[reason.code].add(reason.rule)
        for advisory in decision.advisories:
            advises[advisory.code].add(advisory.rule)
    rows = []
    for code in Code:
        if not refuses[code] | advises[code]:
            raise SystemExit(f"{code}: no standing in everything() meets it")
        does = " · ".join(word for word, seen in (("refuses", refuses), ("advises", advises)) if seen[code])
        rules = ", ".join(sorted(refuses[code] | advises[code], key=lambda rule: int(rule[1:])))
        said = {"agreement": "*agreement*", "date": "*date*", "channel": "*channel*"}
        rows.append(
            [f"`{code}`", does, rules, text(f"gate.{code}.text", "en", **said), text(f"gate.{code}.next", "en", **said)]
        )
    return table(["Code", "It", "Rule", "Text", "Next step"], rows)


def always() -> str:
    """Standings that are answered alike, whatever is asked, when and how."""
    rows = []
    for words, standing, clouds in (
        ("the record cannot be read", Unknown(), Cloud),
        ("the clock is behind the record", Unknown(clock_behind=True), Cloud),
        ("no relationship, or no such customer", NO_RELATIONSHIP, Cloud),
        ("any other, in a national cloud", Standing(True), [cloud for cloud in Cloud if cloud is not Cloud.PUBLIC]),
    ):
        answers = {
            outcome(Asked(action, channel, standing, programme, cloud, now).answer())
            for programme in map(load, shipped())
            for action in Action
            for channel in Channel
            for cloud in clouds
            for now in instants(programme)
        }
        if len(answers) != 1:
            raise SystemExit(f"{words}: {answers}; docs/gate.md says that there is one answer")
        rows.append([words, *answers])
    return table(["What is known", "Answer"], rows)


def by_date(name: str) -> str:
    """What a programme's gate answers in the public cloud: one table a channel, actions and dates that answer alike joined."""
    programme = load(name)
    parts = []
    for channel in Channel:
        rows = []
        for actions in alike(programme, channel):
            dated = [(now, row(programme, actions[0], channel, now)) for now in instants(programme)]
            periods = [(next(period)[0], answers) for answers, period in groupby(dated, key=lambda one: one[1])]
            for number, (since, answers) in enumerate(periods):
                until = periods[number + 1][0] - DAY if number + 1 < len(periods) else None
                rows.append([listed(actions), dates(since if number else None, until), *answers])
        parts.append(f"Channel `{channel}`:\n\n" + table(["Action", "When", *standings(programme)], rows))
    return "\n\n".join(parts)


def alike(programme: Programme, channel: Channel) -> list[list[Action]]:
    """The actions, those together that are always answered alike."""
    groups: dict[tuple[tuple[str, ...], ...], list[Action]] = {}
    for action in Action:
        groups.setdefault(tuple(row(programme, action, channel, now) for now in instants(programme)), []).append(action)
    return list(groups.values())


def variants() -> str:
    """A new purchase by the API once it is enforced, under what a programme can change."""
    plain = load()
    now = max(instants(plain))
    rows = []
    for words, programme in (
        ("as shipped", plain),
        ('`stale_rule = "refuse"`', strict(plain)),
        ("no `enforce_from`: watching only", watching(plain)),
    ):
        known: Mapping[str, Known] = {
            "nothing confirmed": Standing(True),
            "current text": confirmed(programme, CLOUD),
            "older text": confirmed(programme, CLOUD, outdated=True),
            "older text, and a renewal ran": confirmed(programme, CLOUD, outdated=True, overdue=True),
            "no longer agrees": Standing(True, no_longer_agrees_at=LONG_AGO),
        }
        rows.append(
            [words]
            + [
                outcome(Asked(Action.NEW_PURCHASE, Channel.API, standing, programme, Cloud.PUBLIC, now).answer())
                for standing in known.values()
            ]
        )
    return table(["Programme", *known], rows)


def row(programme: Programme, action: Action, channel: Channel, now: datetime) -> tuple[str, ...]:
    """The answers to one action at one instant, a column each."""
    return tuple(
        outcome(Asked(action, channel, standing, programme, Cloud.PUBLIC, now).answer())
        for standing in standings(programme).values()
    )


def outcome(decision: Decision) -> str:
    """An answer in a cell."""
    said = [f"`{reason.code}`" for reason in (*decision.reasons, *decision.advisories)]
    verdict = "**deny**" if not decision.allowed else "allow"
    return ", ".join([verdict, *said])


def dates(since: datetime | None, until: datetime | None) -> str:
    """A period, both days included."""
    if since is None:
        return "always" if until is None else f"until {until:%Y-%m-%d}"
    return f"from {since:%Y-%m-%d}" if until is None else f"{since:%Y-%m-%d} to {until:%Y-%m-%d}"


def listed(actions: Iterable[Action]) -> str:
    """Actions in a cell."""
    return ", ".join(f"`{action}`" for action in actions)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def page(current: str) -> str:
    """The page with every generated part as the code has it now.

    Raises:
        SystemExit: the page has no place for a part, or for one that is not there.
    """
    parts = {"codes": codes(), "always": always(), "variants": variants()} | {name: by_date(name) for name in shipped()}
    found = re.findall(r"<!-- generated: ([\w-]+) -->", current)
    if sorted(found) != sorted(parts):
        raise SystemExit(f"docs/gate.md has places for {sorted(found)}, and there are {sorted(parts)}")
    for name, part in parts.items():
        before, marker, rest = current.partition(f"<!-- generated: {name} -->\n")
        current = before + marker + part + "\n" + END + rest.partition(END)[2]
    return current


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
