"""`agreegate standing`: the standing of a customer on a day, by the records of another day."""

from collections.abc import Iterator
from pathlib import Path

import click

from agreegate.cli.record import location_of, location_options, named_partner, opened, programme_of
from agreegate.cli.values import day_or_instant, guid
from agreegate.cli.words import Misuse, Words
from agreegate.domain.actor import Actor
from agreegate.domain.as_of import AgreementAsOf, Moment
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State
from agreegate.i18n import country_text, date_text
from agreegate.services.as_of import CustomerAsOf, standing_as_of
from agreegate.storage.engine.unit_of_work import Store

NONE = 3
"""Exit status: no confirmation was in effect."""
EXAMPLE = """agreegate standing --partner a1de0000-0000-4000-8000-000000000001 \\
  --customer ceda0000-0000-4000-8000-000000000011 --on 2019-05-01 --known-at 2019-06-01"""


def command(words: Words) -> click.Command:
    """Return the command."""
    return words.command(
        "standing",
        _standing,
        [
            words.option("--partner", "cli.gate.check.partner", "id", type=guid(words), required=True),
            words.option("--customer", "cli.gate.check.customer", "id", type=guid(words), required=True),
            words.option("--on", "cli.standing.on", "moment", type=day_or_instant(words)),
            words.option("--known-at", "cli.standing.known-at", "moment", type=day_or_instant(words)),
            *location_options(words),
        ],
        EXAMPLE,
    )


async def _standing(
    words: Words,
    partner: str,
    customer: str,
    on: Moment | None,
    known_at: Moment | None,
    data: Path,
    database: str | None,
) -> int:
    async with opened(location_of(data, database)) as store:
        rules = await programme_of(store, None)
        as_of = await _standing_as_of(words, store, partner, customer, rules, on, known_at)
    for line in _lines(words, as_of, rules):
        click.echo(line)
    return 0 if as_of.found.covered else NONE


async def _standing_as_of(
    words: Words,
    store: Store,
    partner: str,
    customer: str,
    programme: Programme,
    on: Moment | None,
    known_at: Moment | None,
) -> CustomerAsOf:
    known = await store.read(lambda uow: named_partner(uow, words, partner))
    try:
        return await store.read(lambda uow: standing_as_of(uow, Actor(known), programme, customer, on, known_at))
    except Rejected as error:
        error.expect("as-of.known-ahead")
        raise Misuse(words(error.code, name="--known-at")) from None


def _lines(words: Words, as_of: CustomerAsOf, programme: Programme) -> Iterator[str]:
    """Yield the days, a line for each agreement type, and what the answer rests on. No personal data."""
    from agreegate.api.instant import written_z

    found = as_of.found
    on, known_at = written_z(found.on), written_z(found.known_at)
    yield words("cli.standing.asked", on=on, known_at=known_at, policy=programme.policy)
    if found.period is None:
        yield words("as-of.unrelated")
    else:
        yield from (" ".join(_parts(words, as_of, agreement)) for agreement in found.agreements)
    if found.expected:
        yield words("as-of.expected")
    if not programme.exists(min(found.on, found.known_at)):
        yield words("as-of.early", date=date_text(programme.starts, words.language))
    yield words("cli.standing.considered", **found.considered)
    yield words("cli.standing.left-out", **found.left_out)
    yield words("as-of.country", country=country_text(as_of.country, words.language))


def _parts(words: Words, as_of: CustomerAsOf, agreement: AgreementAsOf) -> Iterator[str]:
    """Yield the state of an agreement type, and the record that it rests on."""
    from agreegate.api.instant import written_z

    yield words("cli.standing.state", agreement=agreement.template.title, state=words(f"state.{agreement.state}"))
    if (confirmation := agreement.confirmation) is not None:
        yield words(
            "cli.standing.confirmation",
            agreed=written_z(confirmation.date_agreed),
            recorded=written_z(confirmation.recorded_at),
            through=words(f"answer.by.{confirmation.channel}"),
            id=confirmation.id,
        )
        if (text := as_of.recorded[confirmation.sequence].text) is not None:
            yield words(f"record.text.{text.basis}", label=text.label)
        if agreement.outdated_since is not None:
            yield words(f"standing.{agreement.state}", date=written_z(agreement.outdated_since))
    elif agreement.state is State.NO_LONGER_AGREES and (last := as_of.found.no_longer_agrees) is not None:
        through = words(f"answer.by.{last.channel}")
        yield words("cli.standing.no-longer-agreed", recorded=written_z(last.recorded_at), through=through, id=last.id)
