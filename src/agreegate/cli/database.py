"""Which database a command works on: a folder with SQLite, later a PostgreSQL URL."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from agreegate.cli.words import Words
from agreegate.settings import SETTINGS, SettingError, variable
from agreegate.storage.schema import SchemaError
from agreegate.storage.sqlite import DATABASE, SqliteStore, check_file

_DEFAULT = next(str(setting.default) for setting in SETTINGS if setting.name == "data")


def folder_options(words: Words) -> list[click.Option]:
    """`--data` and `--database`, as `serve` has them."""
    return [
        words.option("--data", "setting.data", "folder", type=click.Path(path_type=Path), default=_DEFAULT,
                     envvar=variable("data"), show_default=True),
        words.option("--database", "setting.database", "url", envvar=variable("database")),
    ]  # fmt: skip


def database_file(data: Path, database: str | None) -> Path:
    """The database that the options name, whether it exists or not.

    Raises:
        SettingError: a URL, which no engine takes yet.
        NotADirectoryError: the folder is a file.
    """
    if database is not None:
        raise SettingError("setting.not-yet", "database", "postgresql://")
    if data.exists() and not data.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "", str(data))
    return data / DATABASE


@contextmanager
def opened(file: Path) -> Iterator[SqliteStore]:
    """The store on an existing database of the current schema. A running server is not disturbed by it.

    Raises:
        SchemaError: there is no database, it is not ours, or it is at another schema.
    """
    if not file.is_file():
        raise SchemaError("data.missing", folder=str(file.parent))
    check_file(file)
    store = SqliteStore(file)
    try:
        yield store
    finally:
        store.close()
