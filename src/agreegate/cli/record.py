"""What commands work on: the record of an installation, and in it a programme and a partner."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click

from agreegate.cli.words import Misuse, Words
from agreegate.domain.partner import Partner
from agreegate.domain.programme import Programme
from agreegate.programme import DEFAULT, load
from agreegate.settings import SETTINGS, database_url, variable
from agreegate.storage.deployment import made_for
from agreegate.storage.engine import location
from agreegate.storage.engine.location import Location
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork
from agreegate.storage.partner import partner_of

_DEFAULT = next(str(setting.default) for setting in SETTINGS if setting.name == "data")


def location_options(words: Words) -> list[click.Option]:
    """`--data` and `--database`, as `serve` has them."""
    return [
        words.option("--data", "setting.data", "folder", type=click.Path(path_type=Path), default=_DEFAULT,
                     envvar=variable("data"), show_default=True),
        words.option("--database", "setting.database", "url", envvar=variable("database")),
    ]  # fmt: skip


def location_of(data: Path, database: str | None) -> Location:
    """Return the location that the options name, whether it has a record or not.

    The URL of a pooler of transactions will do, too: a command keeps no statement prepared.

    Raises:
        Rejected: `--database` is not the URL of a PostgreSQL database.
    """
    return location.location_of(data, None if database is None else database_url("database", database), pooler=True)


@asynccontextmanager
async def opened(place: Location) -> AsyncIterator[Store]:
    """Open the store on an existing record of the current schema, beside running servers too.

    The store of a demo has the demo's clock (decision 0014).

    Raises:
        Rejected: there is no record, it is not ours, or it is at another schema.
    """
    store = place.open()
    try:
        made = await store.read(made_for)
        if made is not None and made.demo:
            await _set_demo_clock(store)
        yield store
    finally:
        await store.finish()


async def programme_of(store: Store, name: str | None) -> Programme:
    """Return the programme of a name, else the one that the database was made for.

    Raises:
        Rejected: there is no such programme, or its file is malformed.
    """
    made = await store.read(made_for)
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


async def _set_demo_clock(store: Store) -> None:
    from agreegate.demo.clock import DemoClock, kept_offset

    offset = await store.read(kept_offset)
    if offset is not None:
        store.clock = DemoClock(offset)
