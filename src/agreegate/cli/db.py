"""`agreegate db`: the schema, backups while the server runs, and their way back."""

from contextlib import closing
from pathlib import Path

import click

from agreegate.cli.database import database_file, folder_options
from agreegate.cli.words import Words
from agreegate.storage.engine import schema
from agreegate.storage.engine.backup import back_up, restore
from agreegate.storage.engine.commit_count import count_of, note_commits
from agreegate.storage.engine.folder import DataFolder
from agreegate.storage.engine.new_record import new_record
from agreegate.storage.engine.sqlite import check_file, connect


def command(words: Words) -> click.Group:
    """The group."""
    options = folder_options(words)
    file = words.argument("file", "cli.db.file", "file", type=click.Path(path_type=Path))
    replace_file = words.option("--force", "cli.db.backup.force", is_flag=True)
    replace_data = words.option("--force", "cli.db.restore.force", is_flag=True)
    return words.group(
        "db",
        words.command("db.upgrade", _upgrade, options, "agreegate db upgrade --data /srv/agreegate"),
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


def _backup(words: Words, file: Path, force: bool, data: Path, database: str | None) -> None:
    contents = back_up(database_file(data, database), file, replace=force)
    click.echo(words("cli.db.backup.done", file=file, number=contents.number, rows=contents.total))


def _restore(words: Words, file: Path, force: bool, data: Path, database: str | None) -> None:
    database_file(data, database)
    contents = restore(file, data, replace=force)
    click.echo(words("cli.db.restore.done", folder=data, number=contents.number, rows=contents.total))
    if contents.number < schema.latest():
        click.echo(words("schema.older", found=contents.number, expected=schema.latest()))
