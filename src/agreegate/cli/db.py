"""`agreegate db`: the schema, a check of the record, backups while the server runs, and their way back."""

import asyncio
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import click

from agreegate.cli.database import database_file, folder_options, opened
from agreegate.cli.words import Words
from agreegate.storage.agreements.text import published_digests
from agreegate.storage.agreements.text_file import TextFiles
from agreegate.storage.engine import schema
from agreegate.storage.engine.backup import back_up, restore
from agreegate.storage.engine.commit_count import count_of, note_commits
from agreegate.storage.engine.folder import DataFolder
from agreegate.storage.engine.new_record import new_record
from agreegate.storage.engine.sqlite import check_file, connect, damage_of
from agreegate.storage.invariant import INVARIANTS, breaches_of, damaged_texts

BROKEN = 3
"""Exit status: the check ran, and something is wrong with the record."""


def command(words: Words) -> click.Group:
    """Return the group."""
    options = folder_options(words)
    file = words.argument("file", "cli.db.file", "file", type=click.Path(path_type=Path))
    replace_file = words.option("--force", "cli.db.backup.force", is_flag=True)
    replace_data = words.option("--force", "cli.db.restore.force", is_flag=True)
    return words.group(
        "db",
        words.command("db.upgrade", _upgrade, options, "agreegate db upgrade --data /srv/agreegate"),
        words.command("db.check", _check, options, "agreegate db check --data /srv/agreegate"),
        words.command("db.backup", _backup, [file, replace_file, *options], "agreegate db backup agreegate-backup.db"),
        words.command(
            "db.restore", _restore, [file, replace_data, *options], "agreegate db restore agreegate-backup.db --force"
        ),
    )


def _upgrade(words: Words, data: Path, database: str | None) -> None:
    target = database_file(data, database)
    if target.exists():
        check_file(target, at_any_schema=True)  # a foreign file is left as it is
    folder = DataFolder(data)
    folder.claim()
    try:
        if folder.database.exists():
            with closing(connect(folder.database)) as connection:
                steps = schema.upgrade(connection)
                note_commits(folder.database, count_of(connection))
        else:
            with new_record(folder):
                steps = schema.latest()
    finally:
        folder.release()
    key = "cli.db.upgrade.done" if steps else "cli.db.upgrade.current"
    click.echo(words(key, folder=data, number=schema.latest(), steps=steps))


def _check(words: Words, data: Path, database: str | None) -> int:
    broken: list[str] = []
    with opened(database_file(data, database)) as store:
        if damage := damage_of(store.reader):
            broken.append(words("invariant.undamaged", places=damage))
        with click.progressbar(INVARIANTS, label=words("cli.db.check.progress"), file=sys.stderr) as invariants:
            for invariant in invariants:
                find = partial(breaches_of, invariant=invariant)
                if found := asyncio.run(store.read(find)):
                    places = ", ".join(" ".join(map(str, row)) for row in found)
                    broken.append(words(f"invariant.{invariant.name}", places=places))
        if damaged := damaged_texts(TextFiles(DataFolder(data).texts), asyncio.run(store.read(published_digests))):
            broken.append(words("invariant.text-damaged", places=", ".join(damaged)))
    for sentence in broken:
        click.echo(sentence)
    if broken:
        return BROKEN
    click.echo(words("cli.db.check.done", folder=data, checks=len(INVARIANTS) + 2))
    return 0


def _backup(words: Words, file: Path, force: bool, data: Path, database: str | None) -> None:
    contents = back_up(database_file(data, database), file, replace=force)
    click.echo(words("cli.db.backup.done", file=file, number=contents.number, rows=contents.total))


def _restore(words: Words, file: Path, force: bool, data: Path, database: str | None) -> None:
    database_file(data, database)
    contents = restore(file, data, replace=force)
    click.echo(words("cli.db.restore.done", folder=data, number=contents.number, rows=contents.total))
    if contents.number < schema.latest():
        click.echo(words("schema.older", found=contents.number, expected=schema.latest()))
