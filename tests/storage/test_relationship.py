"""A relationship begins, and stays open until it ends."""

from datetime import timedelta

from agreegate.storage.customers.relationship import end_relationship, open_relationship
from agreegate.storage.customers.standing import relationship_since
from agreegate.storage.engine.unit_of_work import from_micros
from tests.memory import Memory
from tests.personas import ALDER, CEDAR
from tests.world import AUGUST


async def test_an_open_relationship_stays_as_it_is_and_an_ended_one_begins_again() -> None:
    memory = Memory()
    assert await memory.do(open_relationship, ALDER, CEDAR) == 1
    await memory.do(end_relationship, ALDER, CEDAR)
    assert await memory.do(relationship_since, ALDER, CEDAR) is None
    for days in (0, 1):
        memory.clock.now = AUGUST + timedelta(days=days)
        assert await memory.do(open_relationship, ALDER, CEDAR) == 2
        row = await memory.do(relationship_since, ALDER, CEDAR)
        assert row is not None
        assert from_micros(row.started_at) == AUGUST
