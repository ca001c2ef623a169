"""`agreegate gate`: print the gate's decision in one line, without recording it."""

from datetime import datetime
from pathlib import Path

import click

from agreegate.cli.record import location_of, location_options, named_partner, opened, programme_of
from agreegate.cli.values import guid, instant
from agreegate.cli.words import Words, second
from agreegate.domain.actor import Actor, Channel
from agreegate.domain.gate import Decision
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.programme import Programme
from agreegate.domain.reason import Reason
from agreegate.i18n import date_text
from agreegate.services.gate import ask

DENIED = 3
"""Exit status: the gate denies."""
EXAMPLE = """agreegate gate check --partner a1de0000-0000-4000-8000-000000000001 \\
  --customer ceda0000-0000-4000-8000-000000000011 --action new_purchase --channel api --at 2019-03-22"""


def command(words: Words) -> click.Group:
    """Return the group."""
    return words.group(
        "gate",
        words.command(
            "gate.check",
            _check,
            [
                words.option("--partner", "cli.gate.check.partner", "id", type=guid(words), required=True),
                words.option("--customer", "cli.gate.check.customer", "id", type=guid(words), required=True),
                words.option("--action", "cli.gate.check.action", type=click.Choice(list(map(str, Action))), required=True),
                words.option("--channel", "cli.gate.check.channel", type=click.Choice(list(map(str, Channel))), required=True),
                words.option("--at", "cli.gate.check.at", "instant", type=instant(words)),
                words.option("--programme", "cli.gate.check.programme", "programme"),
                *location_options(words),
            ],
            EXAMPLE,
        ),
    )  # fmt: skip


async def _check(
    words: Words,
    partner: str,
    customer: str,
    action: str,
    channel: str,
    at: datetime | None,
    programme: str | None,
    data: Path,
    database: str | None,
) -> int:
    transaction = Transaction(Action(action), Channel(channel))
    async with opened(location_of(data, database)) as store:
        rules, instant = await programme_of(store, programme), at or store.clock()
        known = await store.read(lambda uow: named_partner(uow, words, partner))
        actor = Actor(known, channel=transaction.channel)
        decision = await ask(store, actor, rules, customer, transaction, instant)
    click.echo(_line(words, decision, rules, instant))
    return 0 if decision.allowed else DENIED


def _line(words: Words, decision: Decision, programme: Programme, instant: datetime) -> str:
    """Return the decision in one line: verdict, programme, instant, every reason and advisory."""
    parts = [words(f"cli.gate.{decision.verdict}", policy=decision.policy, at=second(instant))]
    if (current := decision.confirmation) is not None:
        date = date_text(current.date_agreed, words.language)
        parts.append(words("cli.gate.confirmed", type=current.agreement_type, date=date))
    agreement = programme.asks_for(instant)
    parts += [_sentence(words, reason, agreement) for reason in (*decision.reasons, *decision.advisories)]
    if decision.advisories and not programme.exists(instant):
        parts.append(words("cli.gate.not-yet", date=date_text(programme.starts, words.language)))
    return " ".join(parts)


def _sentence(words: Words, reason: Reason, agreement: str) -> str:
    filled = {
        "agreement": agreement,
        "channel": "" if reason.channel is None else words(f"channel.{reason.channel}"),
        "date": "" if reason.date is None else date_text(reason.date, words.language),
    }
    return f"{words(reason.text_key, **filled)} ({reason.code}, {reason.rule}) {words(reason.next_key, **filled)}"
