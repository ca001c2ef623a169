"""The purpose of a database: its programme, and whether it is a demo's."""

from dataclasses import dataclass

from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.row import find, put, reader


@dataclass(frozen=True, slots=True)
class MadeFor:
    """The purpose of a database, written when it was first used."""

    programme: str
    demo: bool


_as_made_for = reader(MadeFor)


async def made_for(uow: UnitOfWork) -> MadeFor | None:
    """Return the purpose of this database; None: it has none yet."""
    return await find(uow, _as_made_for, "select programme, demo from deployment where id = 1")


async def rewrite(uow: UnitOfWork) -> None:
    """Write the purpose of this database again as it is: the smallest write that there is."""
    await uow.execute("update deployment set demo = demo where id = 1")


async def make_for(uow: UnitOfWork, programme: str, *, demo: bool) -> None:
    """Set the purpose of this database."""
    await put(uow, "deployment", {"id": 1}, programme=programme, demo=int(demo))
