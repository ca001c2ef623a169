"""Activity is the partner's own, within the days asked for, on every page."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agreegate.domain.activity import Activity, ActivitySearch
from agreegate.services.audit import list_activity
from agreegate.services.confirmation import confirm
from agreegate.storage.pagination import Page, PageRequest, PageStep
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.world import AUGUST

pytestmark = pytest.mark.fault("F6")

DAY = timedelta(days=1)


@pytest.fixture
async def memory() -> Memory:
    """Alder confirmed Cedar once a day for a week; Hazel, which calls Cedar something else, did once."""
    memory = Memory()
    alder, hazel = await memory.actor(cast.ALDER, cast.ALDER_SALES), await memory.actor(cast.HAZEL, cast.HAZEL_ADMIN)
    for number in range(7):
        await memory.do(confirm, call(alder, number), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
        memory.clock.now += DAY
    await memory.do(confirm, call(hazel, 7), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    memory.connection.execute(
        "update customer set company_name = 'Zebra', company_key = 'zebra' where partner_id = ?", (cast.HAZEL,)
    )
    return memory


async def read(memory: Memory, search: ActivitySearch, page_request: PageRequest | None = None) -> Page[Activity]:
    return await memory.do(list_activity, await memory.actor(cast.ALDER), search, page_request or PageRequest())


@pytest.mark.parametrize(
    "search", [ActivitySearch(), ActivitySearch(customer=cast.CEDAR), ActivitySearch(company="ced")]
)
async def test_no_page_goes_beyond_the_first_or_the_last_day(memory: Memory, search: ActivitySearch) -> None:
    page_request = replace(search, start=AUGUST + 2 * DAY, end=AUGUST + 4 * DAY)
    every = await read(memory, page_request)
    assert [one.at for one in every.items] == [AUGUST + 3 * DAY, AUGUST + 2 * DAY]
    first = await read(memory, page_request, PageRequest(1))
    second = await read(memory, page_request, PageRequest(1, PageStep.NEXT, first.first, first.last))
    assert (first.items + second.items, second.more_after) == (every.items, False)
    assert (await read(memory, page_request, PageRequest(9, PageStep.NEXT, second.first, second.last))).items == ()
    assert (await read(memory, page_request, PageRequest(9, PageStep.PREVIOUS, first.first, first.last))).items == ()


@pytest.mark.rule("R26")
async def test_another_partners_name_for_a_customer_finds_nothing(memory: Memory) -> None:
    assert (await read(memory, ActivitySearch(company="zebra"))).items == ()
    assert len((await read(memory, ActivitySearch(company="cedar"))).items) == 7
    assert {one.customer_name for one in (await read(memory, ActivitySearch())).items} == {"Cedar Bakery"}
