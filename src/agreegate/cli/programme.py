"""`agreegate programme`: a programme's dates and rules, and another programme for an existing record (decision 0017)."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import click

from agreegate.cli.record import location_of, location_options, opened
from agreegate.cli.words import Words, second
from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme, StaleRule
from agreegate.i18n import count_text
from agreegate.programme import DEFAULT, load, shipped
from agreegate.services.agreements.text import at_command_line
from agreegate.services.programme import COMMAND, Shift, preview_programme, use_programme
from agreegate.storage.deployment import made_for
from agreegate.storage.engine.unit_of_work import UnitOfWork

EXAMPLE = "agreegate programme show\nagreegate programme show microsoft-customer-agreement"

EXAMPLE_USE = """agreegate programme use microsoft-customer-agreement --dry-run --data /srv/agreegate
agreegate programme use microsoft-customer-agreement --data /srv/agreegate"""


def command(words: Words) -> click.Group:
    """Return the group."""
    name = words.argument("name", "cli.programme.show.name", "name", required=False, default=DEFAULT)
    new_name = words.argument("name", "cli.programme.use.name", "name")
    dry_run = words.option("--dry-run", "cli.programme.use.dry-run", is_flag=True)
    yes = words.option("--yes", "cli.programme.use.yes", is_flag=True)
    return words.group(
        "programme",
        words.command("programme.show", _show, [name], EXAMPLE),
        words.command("programme.use", _use, [new_name, dry_run, yes, *location_options(words)], EXAMPLE_USE),
    )


def _show(words: Words, name: str) -> None:
    programme = load(name)
    click.echo(f"{programme.title} ({programme.policy})")
    source = words("cli.programme.published" if programme.name in shipped() else "cli.programme.own")
    for line, extension in _lines(words, programme):
        click.echo(f"  {line} [{words('cli.programme.extension') if extension else source}]")


async def _use(words: Words, name: str, dry_run: bool, yes: bool, data: Path, database: str | None) -> None:
    after, location = load(name), location_of(data, database)
    async with nullcontext() if dry_run else location.without_servers(), opened(location) as store:
        made = await store.read(made_for)
        if made is not None and made.programme == after.name:
            click.echo(words("cli.programme.use.same", programme=after.policy))
            return
        before = None if made is None else _shipped(made.programme)
        for line in _rules(words, before, after):
            click.echo(line)
        shifts = await store.read_slow(lambda uow: preview_programme(uow, before, after))
        for shift in shifts:
            for line in _shift_lines(words, shift, compared=before is not None):
                click.echo(line)
        if not shifts:
            click.echo(words("cli.programme.use.nobody"))
        was = "-" if made is None else made.programme
        if dry_run:
            click.echo(words("cli.programme.use.tried", programme=was))
            return
        if not yes and sys.stdin.isatty():
            click.confirm(words("cli.programme.use.sure", programme=after.policy, before=was), abort=True)

        async def change(uow: UnitOfWork) -> None:
            await use_programme(uow, await at_command_line(uow, COMMAND), after)

        await store.write(change)
    click.echo(words("cli.programme.use.done", programme=after.policy, name=name))


def _shipped(name: str) -> Programme | None:
    """Return the programme that the record was made for; None when it was the operator's own file."""
    try:
        return load(name)
    except Rejected:
        return None


def _rules(words: Words, before: Programme | None, after: Programme) -> Iterator[str]:
    """Yield the rules that go, and the rules that come."""
    old = [] if before is None else [line for line, _ in _lines(words, before)]
    new = [line for line, _ in _lines(words, after)]
    yield from (f"- {line}" for line in old if line not in new)
    yield from (f"+ {line}" for line in new if line not in old)


def _shift_lines(words: Words, shift: Shift, *, compared: bool) -> Iterator[str]:
    """Yield how many customers' orders the programme allows and refuses.

    Args:
        compared: whether the counts are changes against the programme before.
    """
    counts = (("opened", shift.opened), ("closed", shift.closed))
    if not compared:
        counts = (("allowed", shift.opened), ("refused", shift.closed))
    when = words("cli.programme.use.from", date=second(shift.at))
    for what, count in counts:
        if count:
            channel = words(f"channel.{shift.channel}")
            yield count_text(f"cli.programme.use.{what}", count, words.language, when=when, channel=channel)


def _lines(words: Words, programme: Programme) -> Iterator[tuple[str, bool]]:
    """Yield every rule as a line, and whether it goes beyond the published process."""
    yield words("cli.programme.starts", date=second(programme.starts)), False
    for channel in Channel:
        enforced, named = programme.enforce_from.get(channel), words(f"channel.{channel}")
        if enforced is None:
            yield words("cli.programme.watches", channel=named), True
        else:
            yield words("cli.programme.enforces", channel=named, date=second(enforced)), False
    clouds = ", ".join(sorted(programme.unsupported_clouds)) or "-"
    yield words("cli.programme.clouds", clouds=clouds), False
    yield words("cli.programme.default", type=programme.default_agreement_type), False
    if programme.trial_offers:
        yield words("cli.programme.trials", offers=", ".join(sorted(programme.trial_offers))), False
    for template in programme.templates:
        for line in _template_lines(words, template):
            yield f"{template.agreement_type} {template.id}: {line}", False
    match programme.stale_rule:
        case StaleRule.ADVISE:
            yield words("cli.programme.stale.advise"), False
        case StaleRule.REFUSE:
            yield words("cli.programme.stale.refuse"), True
            if programme.stale_from is not None:
                yield words("cli.programme.stale.from", date=second(programme.stale_from)), True


def _template_lines(words: Words, template: AgreementTemplate) -> Iterator[str]:
    opens, closes = template.opens_from, template.opens_until
    yield words(
        "cli.programme.opens",
        start=words("cli.programme.ever") if opens is None else words("cli.programme.from", date=second(opens)),
        end=words("cli.programme.no-end") if closes is None else words("cli.programme.until", date=second(closes)),
    )
    if template.confirm_until is not None:
        yield words("cli.programme.retired", date=second(template.confirm_until))
    if template.duplicates_refused_from is None:
        yield words("cli.programme.repeats")
    else:
        yield words("cli.programme.no-repeats", date=second(template.duplicates_refused_from))
