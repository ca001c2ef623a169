"""Records at former versions of the schema, made-up customers, and searches among them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import apsw

from agreegate.domain.customers.customer import search_key
from agreegate.domain.customers.customer_search import CustomerSearch, index_words, spaced_words
from agreegate.domain.partner import PartnerId
from agreegate.storage.customers.customer_list import Counted, Entry, page_of_customers
from agreegate.storage.customers.customer_search import LIMITS, Limits, list_of
from agreegate.storage.engine import schema
from agreegate.storage.engine.sqlite import InlineStore, connect
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import NEWEST, Page, PageRequest
from tests import personas as cast
from tests.cast_rows import populate
from tests.memory import PROGRAMME, Memory

SMALL_LIMITS = (Limits(few=0), Limits(few=0, walked=20, lookups=20))
"""Limits for two ways of reading a large list: a walk that fills the page, and a walk that ends before."""


ALDER = PartnerId(cast.ALDER)
START = 1_530_000_000_000_000

Insert = tuple[str, tuple[str | int, ...]]
"""A statement and its values."""


def a_customer(number: int, name: str, country: str) -> Iterator[Insert]:
    """The rows of a customer of Alder."""
    id_ = customer_id(number)
    key, words = search_key(name), spaced_words(name)
    yield (
        """insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, name_words, domain, country,
           language, culture, created_at) values (?, ?, ?, ?, ?, ?, ?, ?, 'en', 'en-US', 0)""",
        (ALDER, id_, id_, name, key, words, f"c{number:05}.example", country),
    )
    yield (
        "insert into relationship (partner_id, customer_id, period, started_at) values (?, ?, 1, ?)",
        (ALDER, id_, START),
    )
    for word in index_words(name):
        yield (
            "insert into customer_word (partner_id, word, company_key, customer_id, name_words) values (?, ?, ?, ?, ?)",
            (ALDER, word, key, id_, words),
        )


def customer_id(number: int) -> str:
    """The id of a customer: customers are in another order by id than by number."""
    return f"{number * 2654435761 % 2**32:08x}-0000-4000-8000-{number:012x}"


def write(memory: Memory, customers: Iterable[Iterable[Insert]]) -> None:
    """Write the rows of customers into a record, where other tables may lack them."""
    memory.connection.pragma("foreign_keys", False)
    with memory.connection:
        for rows in customers:
            for sql, values in rows:
                memory.connection.execute(sql, values)


async def read(
    store: InlineStore,
    search: CustomerSearch,
    page_request: PageRequest = NEWEST,
    limits: Limits = LIMITS,
    *,
    counting: bool = True,
) -> tuple[Page[Entry], Counted]:
    """A page of Alder's customers that fit a search, and how many fit."""

    async def work(uow: UnitOfWork) -> tuple[Page[Entry], Counted]:
        lists = [await list_of(uow, ALDER, search, PROGRAMME, limits)]
        return await page_of_customers(uow, lists, page_request, counting=counting)

    return await store.read(work)


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
