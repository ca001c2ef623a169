"""`agreegate directory`: fill the directory from a file, or print it as one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from agreegate.cli.record import location_of, location_options, opened
from agreegate.cli.words import Words
from agreegate.directory import LARGEST, read, written
from agreegate.domain.directory import Change, ListedPartner, Verb
from agreegate.domain.error import Rejected
from agreegate.i18n import count_text
from agreegate.services.directory import apply_directory, plan_directory
from agreegate.storage.directory import listed_partners
from agreegate.storage.engine.location import Location
from agreegate.storage.engine.sqlite import InlineStore
from agreegate.toml_input import TomlFile

EXAMPLE_APPLY = "agreegate directory apply partners.toml --dry-run\nagreegate directory apply partners.toml"
_MARKS = {Verb.ADDED: "+", Verb.CHANGED: "~", Verb.ENDED: "-", Verb.RESUMED: "+"}
EXAMPLE_SHOW = "agreegate directory show > partners.toml"


def command(words: Words) -> click.Group:
    """Return the group."""
    file = words.argument("file", "cli.directory.apply.file", "file", type=click.Path(path_type=Path))
    dry_run = words.option("--dry-run", "cli.directory.apply.dry-run", is_flag=True)
    return words.group(
        "directory",
        words.command("directory.apply", _apply, [file, dry_run, *location_options(words)], EXAMPLE_APPLY),
        words.command("directory.show", _show, location_options(words), EXAMPLE_SHOW),
    )


async def _apply(words: Words, file: Path, dry_run: bool, data: Path, database: str | None) -> None:
    location = location_of(data, database)
    toml = TomlFile.at(file, LARGEST)
    partners = read(toml)
    try:
        changes = await (_planned(location, partners) if dry_run else _applied(words, location, partners))
    except Rejected as error:
        if not error.names:  # the database cannot be used: no place of the file
            raise
        raise toml.refused(error.code, **error.parameters) from error
    names = _names_of(partners)
    for change in changes:
        for line in _lines(words, change, names):
            click.echo(line)
    if not changes:
        click.echo(words("cli.directory.nothing"))
    else:
        key = "cli.directory.would" if dry_run else "cli.directory.applied"
        click.echo(count_text(key, len(changes), words.language))


async def _planned(location: Location, partners: Sequence[ListedPartner]) -> tuple[Change, ...]:
    """Return what would change; everything, where there is no database yet."""
    if not await location.exists():
        return await InlineStore.in_memory().read(lambda uow: plan_directory(uow, partners))
    async with opened(location) as store:
        return await store.read(lambda uow: plan_directory(uow, partners))


async def _applied(words: Words, location: Location, partners: Sequence[ListedPartner]) -> tuple[Change, ...]:
    """Apply the file, to a new database where there is none; return what changed."""
    if not await location.exists():
        await _planned(location, partners)  # a file that cannot be applied makes no database
        if await location.upgrade():
            click.echo(words("cli.directory.made", folder=location))
    async with opened(location) as store:
        return await store.write(lambda uow: apply_directory(uow, partners))


async def _show(words: Words, data: Path, database: str | None) -> None:
    location = location_of(data, database)
    async with opened(location) as store:
        partners = await store.read(listed_partners)
    click.echo(words("cli.directory.shown", folder=location))
    click.echo(written(partners), nl=False)


def _names_of(partners: Sequence[ListedPartner]) -> dict[str, str]:
    """Return the names that a file gives to ids, shown to the operator who applies it."""
    names: dict[str, str] = {}
    for listed in partners:
        names |= {user.id: user.name for user in listed.users}
        names |= {customer.id: customer.draft.company_name for customer in listed.customers}
    return names | {listed.partner.id: listed.partner.name for listed in partners}


def _lines(words: Words, change: Change, names: Mapping[str, str]) -> list[str]:
    """One change: its mark, what it is about, and the fields before and after."""
    subject, verb = words(f"cli.directory.subject.{change.subject}"), words(f"cli.directory.change.{change.verb}")
    name = f"{names[change.id]}, {change.id}" if change.id in names else change.id
    of = f" ({change.partner.name})" if change.id != change.partner.id else ""
    lines = [f"{_MARKS[change.verb]} {verb}: {subject} {name}{of}"]
    for field in change.fields:
        values = f": {field.before or '-'} -> {field.after or '-'}" if field.before or field.after else ""
        lines.append(f"    {field.name}{values}")
    return lines
