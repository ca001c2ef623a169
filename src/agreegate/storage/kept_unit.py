"""Units of work that PostgreSQL kept, by their ids: see `storage/engine/outcome.py`."""

from datetime import timedelta

from agreegate.storage.engine.unit_of_work import UnitOfWork, first_id

KEPT = timedelta(hours=1)
"""Far longer than the server lets a transaction be idle, so that no commit comes after its row is gone."""
_ROWS = 100
"""Rows deleted where other steps delete one: these rows are small."""


async def forget_units(uow: UnitOfWork, most: int) -> int:
    """Delete rows of units older than an hour, the oldest first; return `most` if rows may be left, otherwise 0."""
    if uow.single_writer:
        return 0
    deleted = await uow.execute(
        "delete from kept_unit where unit_id in"
        " (select k.unit_id from kept_unit k where k.unit_id < $1 order by k.unit_id limit $2)",
        first_id(uow.machine_now - KEPT),
        most * _ROWS,
    )
    return most if deleted == most * _ROWS else 0
