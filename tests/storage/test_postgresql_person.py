"""The search by person passes over no confirmation that a transaction commits late (PostgreSQL)."""

import asyncio

from agreegate.domain.actor import Actor
from agreegate.services.confirmation import confirm
from agreegate.storage.customers.person import take_over_persons
from agreegate.storage.engine.postgresql import PostgresStore
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.partner import partner_of
from agreegate.upkeep import PersonIndex
from tests import personas as cast
from tests.cast_rows import populate
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, call
from tests.postgresql import Connection, drop_databases, new_database, schema_template
from tests.world import AUGUST


async def test_a_confirmation_that_is_committed_late_with_a_lower_number_is_found() -> None:
    database = Connection(new_database(schema_template()))
    populate(database)
    store = PostgresStore(database.url, lambda: AUGUST)
    recorded, go_on = asyncio.Event(), asyncio.Event()

    async def accepted(uow: UnitOfWork, customer: str, number: int) -> None:
        partner = await partner_of(uow, cast.ALDER)
        assert partner is not None
        asked = call(Actor(partner, user_id=cast.ALDER_SALES, application_id="tests"), number)
        await confirm(uow, asked, PROGRAMME, customer, DRAFT_CONFIRMATION)

    async def slowly(uow: UnitOfWork) -> None:
        await accepted(uow, cast.CEDAR, 1)
        recorded.set()
        await go_on.wait()

    async def taken() -> int:
        return await store.write(lambda uow: take_over_persons(uow, 10))

    def found() -> list[tuple[str]]:
        return database.execute("select customer_id from person order by customer_id")

    late = asyncio.ensure_future(store.write(slowly))
    await recorded.wait()
    await store.write(lambda uow: accepted(uow, cast.DOGWOOD, 2))
    assert await taken() == 0, "a lower number may still be committed"
    seconds = [100.0]
    index = PersonIndex(store, lambda: seconds[0])
    seconds[0] = 107.0
    await index.catch_up()
    assert index.lag() == 7, "a person waits"
    go_on.set()
    await late
    await index.catch_up()
    await index.catch_up()
    assert index.lag() == 0
    assert found() == [(cast.CEDAR,), (cast.DOGWOOD,)]
    database.execute("delete from confirmation_contact")
    await store.write(lambda uow: accepted(uow, cast.CEDAR, 3))
    assert await taken() == 1, "what was erased holds nothing up"
    await store.finish()
    database.close()
    drop_databases([database.url])
