"""A relationship begins, ends, and begins again as a new period."""

from datetime import UTC, datetime, timedelta

import pytest

from agreegate.domain.partner import PartnerId
from agreegate.storage.customers.relationship import open_relationship
from agreegate.storage.engine.sqlite import InlineStore
from agreegate.storage.engine.unit_of_work import UnitOfWork, from_micros
from agreegate.storage.standing import relationship_since

ALDER = PartnerId("a1de0000-0000-4000-8000-000000000001")
CEDAR = "ceda0000-0000-4000-8000-000000000011"
START = datetime(2018, 9, 3, tzinfo=UTC)


class Clock:
    """A clock that moves only when a test sets it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


async def _customer(uow: UnitOfWork) -> None:
    await uow.execute(
        "insert into partner (partner_id, name, kind, cloud, account, domain, country, culture, profile_etag, created_at)"
        " values ($1, 'Alder', 'indirect_provider', 'public', 'production', 'alder.example', 'US', 'en-US', '1', 0)",
        ALDER,
    )
    await uow.execute(
        "insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, domain, country,"
        " language, culture, created_at) values ($1, $2, $2, 'Cedar', 'cedar', 'cedar.example', 'US', 'en', 'en-US', 0)",
        ALDER,
        CEDAR,
    )


@pytest.fixture
async def store() -> InlineStore:
    store = InlineStore.in_memory(Clock())
    await store.write(_customer)
    return store


async def test_first_period_is_one_and_an_open_one_stays(store: InlineStore) -> None:
    clock = store.clock
    assert isinstance(clock, Clock)
    assert await store.write(lambda uow: open_relationship(uow, ALDER, CEDAR)) == 1
    clock.now += timedelta(days=1)
    assert await store.write(lambda uow: open_relationship(uow, ALDER, CEDAR)) == 1

    row = await store.read(lambda uow: relationship_since(uow, ALDER, CEDAR))
    assert row is not None
    assert from_micros(row[1]) == START
