"""`agreegate gate`: what the gate would answer, as one line; nothing is changed or kept."""

import asyncio
from datetime import datetime
from pathlib import Path

import click

from agreegate.cli.database import database_file, folder_options, opened
from agreegate.cli.values import Guid, Instant
from agreegate.cli.words import Misuse, Words
from agreegate.domain.actor import Actor, Channel
from agreegate.domain.gate import Decision
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.programme import Programme
from agreegate.domain.reason import Reason
from agreegate.i18n import date_text
from agreegate.programme import DEFAULT, load
from agreegate.services.gate import ask
from agreegate.storage.deployment import made_for
from agreegate.storage.engine.sqlite import SqliteStore
from agreegate.storage.partner import partner_of

DENIED = 3
"""Exit status: the gate answered, and its answer is no."""
EXAMPLE = """agreegate gate check --partner a1de0000-0000-4000-8000-000000000001 \\
  --customer ceda0000-0000-4000-8000-000000000011 --action new_purchase --channel api --at 2019-03-22"""


def command(words: Words) -> click.Group:
    """The group."""
    return words.group(
        "gate",
        words.command(
            "gate.check",
            _check,
            [
                words.option("--partner", "cli.gate.check.partner", "id", type=Guid(words), required=True),
                words.option("--customer", "cli.gate.check.customer", "id", type=Guid(words), required=True),
                words.option("--action", "cli.gate.check.action", type=click.Choice(list(map(str, Action))), required=True),
                words.option("--channel", "cli.gate.check.channel", type=click.Choice(list(map(str, Channel))), required=True),
                words.option("--at", "cli.gate.check.at", "instant", type=Instant(words)),
                words.option("--programme", "cli.gate.check.programme", "programme"),
                *folder_options(words),
            ],
            EXAMPLE,
        ),
    )  # fmt: skip


def _check(
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
    asked = Transaction(Action(action), Channel(channel))
    with opened(database_file(data, database)) as store:
        made = asyncio.run(store.read(made_for))
        rules, instant = load(programme or (made.programme if made else DEFAULT)), at or store.clock()
        decision = asyncio.run(_decide(words, store, partner, customer, asked, rules, instant))
    click.echo(_line(words, decision, rules, instant))
    return 0 if decision.allowed else DENIED


async def _decide(
    words: Words,
    store: SqliteStore,
    partner: str,
    customer: str,
    asked: Transaction,
    programme: Programme,
    instant: datetime,
) -> Decision:
    known = await store.read(lambda uow: partner_of(uow, partner))
    if known is None:
        raise Misuse(words("cli.gate.check.no-partner", partner=partner))
    return await ask(store, Actor(known, channel=asked.channel), programme, customer, asked, instant)


def _line(words: Words, decision: Decision, programme: Programme, instant: datetime) -> str:
    """The whole decision in one line: verdict, under which rules and when, every reason and advisory."""
    when = instant.strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = [words(f"cli.gate.{decision.verdict}", policy=decision.policy, at=when)]
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
