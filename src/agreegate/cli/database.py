"""What commands work on: a database, and in it a programme and a partner."""

import asyncio
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from agreegate.cli.words import Misuse, Words
from agreegate.domain.partner import Partner
from agreegate.domain.programme import Programme
from agreegate.programme import DEFAULT, load
from agreegate.settings import SETTINGS, not_yet, variable
from agreegate.storage.deployment import made_for
from agreegate.storage.engine.commit_count import missing_database
from agreegate.storage.engine.folder import DATABASE
from agreegate.storage.engine.sqlite import SqliteStore, check_file
from agreegate.storage.engine.unit_of_work import Clock, UnitOfWork, machine_clock
from agreegate.storage.partner import partner_of

_DEFAULT = next(str(setting.default) for setting in SETTINGS if setting.name == "data")


def folder_options(words: Words) -> list[click.Option]:
    """`--data` and `--database`, as `serve` has them."""
    return [
        words.option("--data", "setting.data", "folder", type=click.Path(path_type=Path), default=_DEFAULT,
                     envvar=variable("data"), show_default=True),
        words.option("--database", "setting.database", "url", envvar=variable("database")),
    ]  # fmt: skip


def database_file(data: Path, database: str | None) -> Path:
    """Return the database that the options name, whether it exists or not.

    Raises:
        Rejected: a URL, which no engine takes yet.
        NotADirectoryError: the folder is a file.
    """
    if database is not None:
        not_yet("database", database)
    if data.exists() and not data.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "", str(data))
    return data / DATABASE


@contextmanager
def opened(file: Path) -> Iterator[SqliteStore]:
    """Open the store on an existing database of the current schema, beside a running server too.

    The store of a demo has the demo's clock (decision 0014).

    Raises:
        Rejected: there is no database, it is not ours, or it is at another schema.
    """
    if not file.is_file():
        raise missing_database(file)
    check_file(file)
    store = SqliteStore(file)
    try:
        made = asyncio.run(store.read(made_for))
        if made is not None and made.demo:
            store.clock = _demo_clock(store)
        yield store
    finally:
        store.close()


def programme_of(store: SqliteStore, name: str | None) -> Programme:
    """Return the programme of a name, else the one that the database was made for.

    Raises:
        Rejected: there is no such programme, or its file is malformed.
    """
    made = asyncio.run(store.read(made_for))
    return load(name or (made.programme if made else DEFAULT))


async def named_partner(uow: UnitOfWork, words: Words, id_: str) -> Partner:
    """Return the partner of an id that was typed.

    Raises:
        Misuse: the directory has no such partner.
    """
    partner = await partner_of(uow, id_)
    if partner is None:
        raise Misuse(words("cli.gate.check.no-partner", partner=id_))
    return partner


def _demo_clock(store: SqliteStore) -> Clock:
    from agreegate.demo.clock import DemoClock, kept_offset

    offset = asyncio.run(store.read(kept_offset))
    return machine_clock if offset is None else DemoClock(offset)
