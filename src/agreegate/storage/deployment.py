"""The purpose of a database: its programme, and whether it is a demo's."""

from dataclasses import dataclass

from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.row import find, reader


@dataclass(frozen=True, slots=True)
class MadeFor:
    """The purpose of a database, written when it was first used."""

    programme: str
    demo: bool


_as_made_for = reader(MadeFor)


async def made_for(uow: UnitOfWork) -> MadeFor | None:
    """Return the purpose of this database; None: it has none yet."""
    return await find(uow, _as_made_for, "select programme, demo from deployment where id = 1")


async def make_for(uow: UnitOfWork, programme: str, *, demo: bool) -> None:
    """Set the purpose of this database."""
    await uow.execute(
        "insert into deployment (id, programme, demo) values (1, $1, $2)"
        " on conflict (id) do update set programme = excluded.programme, demo = excluded.demo",
        programme,
        int(demo),
    )
