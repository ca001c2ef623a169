"""`agreegate db`: the schema, a check of the record, backups, their way back, and copies into another place."""

import sys
from functools import partial
from pathlib import Path

import click

from agreegate.cli.record import location_of, location_options, opened
from agreegate.cli.values import Typed
from agreegate.cli.words import Misuse, Words
from agreegate.domain.error import Rejected
from agreegate.i18n import count_text
from agreegate.storage.agreements.text import published_digests
from agreegate.storage.engine import schema
from agreegate.storage.engine.backup import back_up, restore
from agreegate.storage.engine.folder import DATABASE, FORM_KEY
from agreegate.storage.engine.location import Location
from agreegate.storage.invariant import INVARIANTS, breaches_of, damaged_texts

BROKEN = 3
"""Exit status: the check ran, and something is wrong with the record."""


def command(words: Words) -> click.Group:
    """Return the group."""
    options = location_options(words)
    file = words.argument("file", "cli.db.file", "file", type=click.Path(path_type=Path))
    replace_file = words.option("--force", "cli.db.backup.force", is_flag=True)
    replace_data = words.option("--force", "cli.db.restore.force", is_flag=True)
    places = [
        words.argument("source", "cli.db.copy.from", "from", type=_place(words)),
        words.argument("target", "cli.db.copy.to", "to", type=_place(words)),
    ]
    return words.group(
        "db",
        words.command("db.upgrade", _upgrade, options, "agreegate db upgrade --data /srv/agreegate"),
        words.command("db.check", _check, options, "agreegate db check --data /srv/agreegate"),
        words.command("db.backup", _backup, [file, replace_file, *options], "agreegate db backup agreegate-backup.db"),
        words.command(
            "db.restore", _restore, [file, replace_data, *options], "agreegate db restore agreegate-backup.db --force"
        ),
        words.command("db.copy", _copy, places, "agreegate db copy /srv/agreegate postgresql:///agreegate"),
    )


async def _upgrade(words: Words, data: Path, database: str | None) -> None:
    location = location_of(data, database)
    steps = await location.upgrade()
    if steps:
        click.echo(count_text("cli.db.upgrade.done", steps, words.language, folder=location, number=location.number))
    else:
        click.echo(words("cli.db.upgrade.current", folder=location, number=location.number))


async def _check(words: Words, data: Path, database: str | None) -> int:
    broken: list[str] = []
    location = location_of(data, database)
    async with opened(location) as store:
        if damage := location.damage(store):
            broken.append(words("invariant.undamaged", places=damage))
        with click.progressbar(INVARIANTS, label=words("cli.db.check.progress"), file=sys.stderr) as invariants:
            for invariant in invariants:
                if found := await store.read_slow(partial(breaches_of, invariant=invariant)):
                    places = ", ".join(" ".join(map(str, row)) for row in found)
                    broken.append(words(f"invariant.{invariant.name}", places=places))
        if damaged := await damaged_texts(location.texts(store), await store.read_slow(published_digests)):
            broken.append(words("invariant.text-damaged", places=", ".join(damaged)))
    for sentence in broken:
        click.echo(sentence)
    if broken:
        return BROKEN
    click.echo(words("cli.db.check.done", folder=location, checks=len(INVARIANTS) + 2))
    return 0


def _folder_database(words: Words, data: Path, database: str | None) -> Path:
    """Return the SQLite file that the options name."""
    if database is not None:
        raise Misuse(words("cli.db.backup.postgresql"))
    return data / DATABASE


def _backup(words: Words, file: Path, force: bool, data: Path, database: str | None) -> None:
    contents = back_up(_folder_database(words, data, database), file, replace=force)
    click.echo(words("cli.db.backup.done", file=file, number=contents.number, rows=contents.total))


def _restore(words: Words, file: Path, force: bool, data: Path, database: str | None) -> None:
    _folder_database(words, data, database)
    contents = restore(file, data, replace=force)
    click.echo(words("cli.db.restore.done", folder=data, number=contents.number, rows=contents.total))
    if contents.number < schema.latest():
        click.echo(words("schema.older", found=contents.number, expected=schema.latest()))


def _place(words: Words) -> Typed[Location]:
    """Return the type of a data folder or the URL of a PostgreSQL database."""

    def read(value: str) -> Location:
        try:
            return location_of(Path(value), value if "://" in value else None)
        except Rejected as error:
            raise ValueError from error

    return Typed(words, "cli.db.copy.not-a-place", read)


async def _copy(words: Words, source: Location, target: Location) -> None:
    from agreegate.storage.engine.copy import copying, tables

    async with copying(source, target) as copy:
        with click.progressbar(length=copy.rows, label=words("cli.db.copy.copying"), file=sys.stderr) as copied:
            await copy.run(copied.update)
        with click.progressbar(length=2 * copy.rows, label=words("cli.db.copy.comparing"), file=sys.stderr) as compared:
            digest = await copy.finish(compared.update)
    click.echo(
        words("cli.db.copy.done", folder=target, rows=copy.rows, tables=len(tables()), texts=copy.texts, digest=digest)
    )
    if source.folder is not None and target.folder is None and (source.folder / FORM_KEY).exists():
        click.echo(words("cli.db.copy.key-to-database", file=source.folder / FORM_KEY))
    if source.folder is None and target.folder is not None:
        click.echo(words("cli.db.copy.key-to-folder", file=target.folder / FORM_KEY))
