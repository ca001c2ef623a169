"""Records as they were, and the ways in which large lists are read."""

import apsw

from agreegate.storage.customers.customer_search import Limits
from agreegate.storage.engine import schema
from agreegate.storage.engine.sqlite import connect
from tests import personas as cast
from tests.world import populate

SMALL_LIMITS = (Limits(few=0), Limits(few=0, walked=20, looked_up=20))
"""The ways in which large lists are read: a walk that fills the page, and one that ends before."""


def old_record(number: int) -> apsw.Connection:
    """A record as it was at a schema of before."""
    connection = connect(":memory:")
    for migration in schema.migrations()[:number]:
        if migration.number <= number:
            connection.execute(migration.sql)
    connection.pragma("user_version", number)
    connection.pragma("application_id", schema.APPLICATION_ID)
    populate(connection)
    connection.execute("update customer set company_name = 'Großmann ÉRABLE 阿里', company_key = 'grossmann érable 阿里'"
                       " where partner_id = ? and customer_id = ?", (cast.ALDER, cast.CEDAR))  # fmt: skip
    return connection
