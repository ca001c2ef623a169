"""`agreegate programme`: a programme's dates and rules, and which of them go beyond the published process (D17)."""

from collections.abc import Iterator
from datetime import datetime

import click

from agreegate.cli.words import Words
from agreegate.domain.actor import Channel
from agreegate.domain.agreement import AgreementTemplate
from agreegate.domain.programme import Programme, StaleRule
from agreegate.programme import DEFAULT, load, shipped

EXAMPLE = "agreegate programme show\nagreegate programme show microsoft-customer-agreement"


def command(words: Words) -> click.Group:
    """The group."""
    name = words.argument("name", "cli.programme.show.name", "name", required=False, default=DEFAULT)
    return words.group("programme", words.command("programme.show", _show, [name], EXAMPLE))


def _show(words: Words, name: str) -> None:
    programme = load(name)
    click.echo(f"{programme.title} ({programme.policy})")
    usual = words("cli.programme.published" if programme.name in shipped() else "cli.programme.own")
    for line, extension in _lines(words, programme):
        click.echo(f"  {line} [{words('cli.programme.extension') if extension else usual}]")


def _lines(words: Words, programme: Programme) -> Iterator[tuple[str, bool]]:
    """Every rule as a line, and whether it is an extension of ours."""
    yield words("cli.programme.starts", date=_date(programme.starts)), False
    for channel in Channel:
        enforced, named = programme.enforce_from.get(channel), words(f"channel.{channel}")
        if enforced is None:
            yield words("cli.programme.watches", channel=named), True
        else:
            yield words("cli.programme.enforces", channel=named, date=_date(enforced)), False
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
                yield words("cli.programme.stale.from", date=_date(programme.stale_from)), True


def _template_lines(words: Words, template: AgreementTemplate) -> Iterator[str]:
    opens, closes = template.opens_from, template.opens_until
    yield words(
        "cli.programme.opens",
        start=words("cli.programme.ever") if opens is None else words("cli.programme.from", date=_date(opens)),
        end=words("cli.programme.no-end") if closes is None else words("cli.programme.until", date=_date(closes)),
    )
    if template.confirm_until is not None:
        yield words("cli.programme.retired", date=_date(template.confirm_until))
    if template.duplicates_refused_from is None:
        yield words("cli.programme.repeats")
    else:
        yield words("cli.programme.no-repeats", date=_date(template.duplicates_refused_from))


def _date(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
