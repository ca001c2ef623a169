"""Records at former versions of the schema, and the limits at which large lists are read in other ways."""

from pathlib import Path

import apsw

from agreegate.storage.customers.customer_search import Limits
from agreegate.storage.engine import schema
from agreegate.storage.engine.sqlite import connect
from tests import personas as cast
from tests.world import populate

SMALL_LIMITS = (Limits(few=0), Limits(few=0, walked=20, looked_up=20))
"""Limits for two ways of reading a large list: a walk that fills the page, and a walk that ends before."""


def old_record(number: int, path: Path | str = ":memory:") -> apsw.Connection:
    """A record with the cast at a former version of the schema."""
    connection = connect(path)
    for name, function in schema.FUNCTIONS.items():
        connection.create_scalar_function(name, function, 1, deterministic=True)
    for migration in schema.migrations()[:number]:
        connection.execute(migration.sql)
    connection.pragma("user_version", number)
    connection.pragma("application_id", schema.APPLICATION_ID)
    populate(connection)
    connection.execute("update customer set company_name = 'Großmann ÉRABLE 阿里', company_key = 'grossmann érable 阿里'"
                       " where partner_id = ? and customer_id = ?", (cast.ALDER, cast.CEDAR))  # fmt: skip
    return connection
