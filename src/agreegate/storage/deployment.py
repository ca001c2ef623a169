"""The purpose of a database: its programme, and whether it is a demo's."""

from dataclasses import dataclass

from agreegate.storage.engine.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class MadeFor:
    """The purpose of a database, written when it was first used."""

    programme: str
    demo: bool


async def made_for(uow: UnitOfWork) -> MadeFor | None:
    """Return the purpose of this database; None: it has none yet."""
    row = await uow.fetch_one("select programme, demo from deployment where id = 1")
    if row is None:
        return None
    programme, demo = row
    return MadeFor(programme, bool(demo))


async def make_for(uow: UnitOfWork, programme: str, *, demo: bool) -> None:
    """Set the purpose of this database."""
    await uow.execute(
        "insert into deployment (id, programme, demo) values (1, $1, $2)"
        " on conflict (id) do update set programme = excluded.programme, demo = excluded.demo",
        programme,
        int(demo),
    )
