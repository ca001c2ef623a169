"""Makes the database of a new data folder: it is there whole or not at all, whenever the process ends."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import apsw

from agreegate.storage.engine.commit_count import CommitFile, missing_database
from agreegate.storage.engine.durable import draft_of, put_in_place
from agreegate.storage.engine.folder import DataFolder
from agreegate.storage.engine.schema import upgrade
from agreegate.storage.engine.sqlite import connect


@contextmanager
def new_record(folder: DataFolder) -> Iterator[apsw.Connection]:
    """A connection to a new database at the latest schema. The database gets its name after the block.

    When the block raises, or the process is killed, the folder has no database; `DataFolder.claim` removes the draft.

    Args:
        folder: claimed, without a database.

    Raises:
        Rejected: the folder had one with commits, and it is gone.
    """
    if CommitFile(folder.database).read():
        raise missing_database(folder.database)
    draft = draft_of(folder.database)
    with closing(connect(draft)) as connection:
        connection.pragma("synchronous", "off")  # the whole file is synced once, before it gets its name
        upgrade(connection)
        yield connection
    put_in_place(draft, folder.database)
