"""`agreegate clock`: accept the machine's clock although records are dated ahead of it."""

from datetime import datetime
from pathlib import Path

import click

from agreegate.cli.record import location_of, location_options, named_partner, opened
from agreegate.cli.values import guid
from agreegate.cli.words import Words
from agreegate.i18n import count_text, instant_text
from agreegate.services.clock import accept_clock
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.partner import every_partner

EXAMPLE = "agreegate clock accept --reason clock-was-a-year-ahead --data /srv/agreegate"


def command(words: Words) -> click.Group:
    """Return the group."""
    return words.group(
        "clock",
        words.command(
            "clock.accept",
            _accept,
            [
                words.option("--reason", "cli.clock.accept.reason", "reason", required=True),
                words.option("--partner", "cli.clock.accept.partner", "id", type=guid(words)),
                *location_options(words),
            ],
            EXAMPLE,
        ),
    )


async def _accept(words: Words, reason: str, partner: str | None, data: Path, database: str | None) -> None:
    async def accept(uow: UnitOfWork) -> tuple[datetime, int, list[datetime]]:
        partners = await every_partner(uow) if partner is None else [await named_partner(uow, words, partner)]
        return uow.now, len(partners), await accept_clock(uow, reason, partners)

    async with opened(location_of(data, database)) as store:
        now, count, ahead = await store.write(accept)
    language = words.language
    click.echo(count_text("cli.clock.accept.done", count, language, instant=instant_text(now, language)))
    if ahead:
        newest = instant_text(max(ahead), language)
        click.echo(count_text("cli.clock.accept.ahead", len(ahead), language, newest=newest))
    else:
        click.echo(words("cli.clock.accept.none"))
