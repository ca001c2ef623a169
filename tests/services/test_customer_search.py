"""What a search finds: each customer in the state that the gate knows, a reseller's through each of its providers."""

from datetime import timedelta

import pytest

from agreegate.domain.customers.customer_search import CustomerSearch
from agreegate.domain.standing import State
from agreegate.services.confirmation import confirm
from agreegate.services.customers.customer_search import FoundCustomers, ListedCustomer, find_customers, list_customers
from agreegate.services.totals import KeptTotals, TotalsLimits
from agreegate.storage.customers.customer_list import Counted
from agreegate.storage.customers.customer_search import MOST_COUNTED
from agreegate.storage.pagination import Page, PageRequest, PageStep
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.world import AUGUST

OAK = "0a400000-0000-4000-8000-00000000000a"


async def find(
    memory: Memory, user: str, search: CustomerSearch | None = None, page_request: PageRequest | None = None
) -> FoundCustomers:
    actor = await memory.actor(cast.USERS[user][0], user)
    return await memory.do(
        find_customers, actor, PROGRAMME, search or CustomerSearch(), page_request or PageRequest(), KeptTotals()
    )


def states(finding: FoundCustomers) -> dict[str, State | None]:
    return {one.entry.company_name: one.state for one in finding.page.items}


@pytest.mark.rule("R26", "R27")
async def test_each_customer_is_listed_and_counted_in_its_state() -> None:
    memory = Memory()
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    await memory.do(confirm, call(actor), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    finding = await find(memory, cast.ALDER_SALES)
    assert states(finding) == {
        "Cedar Bakery": State.CONFIRMED,
        "Dogwood Legal": State.NOT_CONFIRMED,
        "Frêne Conseil": State.NOT_CONFIRMED,
    }
    assert finding.states == dict.fromkeys(State, 0) | {State.CONFIRMED: 1, State.NOT_CONFIRMED: 2}
    for state in State:
        one = await find(memory, cast.ALDER_SALES, CustomerSearch(state=state))
        assert one.counted.customers == len(one.page.items) == finding.states[state]
        assert set(states(one).values()) <= {state}
        assert one.states == finding.states


@pytest.mark.rule("R26", "R31")
@pytest.mark.parametrize("user", [cast.HORNBEAM_SALES, cast.FIR_ADMIN, cast.ALDER_SALES])
async def test_where_customers_have_no_state_none_is_shown(user: str) -> None:
    memory = Memory(AUGUST if user != cast.ALDER_SALES else PROGRAMME.starts - timedelta.resolution)
    finding = await find(memory, user)
    assert finding.page.items
    assert finding.states is None
    assert set(states(finding).values()) == {None}


@pytest.mark.rule("R22")
async def test_a_reseller_finds_its_customers_through_each_of_its_providers() -> None:
    memory = Memory()
    memory.connection.execute(
        "insert into partner (partner_id, name, kind, cloud, account, domain, country, culture, profile_etag, created_at)"
        " values (?, 'Oak', 'indirect_provider', 'public', 'production', 'oak.example', 'US', 'en-US', '1', 0)", (OAK,)
    )  # fmt: skip
    memory.connection.execute("insert into reseller_link values (?, ?, 0, null)", (OAK, cast.HORNBEAM))
    for customer in (cast.CEDAR, cast.ELM):
        for sql in (
            """insert into customer select ?1, customer_id, commerce_id, company_name, company_key, domain, country, language,
               culture, registration_number, created_at, name_words from customer where customer_id = ?2 limit 1""",
            """insert into customer_word select ?1, word, min(company_key), min(customer_id), min(name_words)
               from customer_word where customer_id = ?2 group by word""",
            "insert into relationship (partner_id, customer_id, period, started_at) values (?1, ?2, 1, 0)",
            f"insert into customer_reseller values (?1, ?2, '{cast.HORNBEAM}', 0)",
        ):
            memory.connection.execute(sql, (OAK, customer))

    def named(page: Page[ListedCustomer]) -> list[tuple[str, str]]:
        return [(one.entry.company_name, one.entry.partner_name) for one in page.items]

    every = [("Cedar Bakery", "Oak"), ("Cedar Bakery", "Alder Distribution"), ("Elm Studio", "Oak"),
             ("Frêne Conseil", "Alder Distribution")]  # fmt: skip
    finding = await find(memory, cast.HORNBEAM_SALES)
    assert (named(finding.page), finding.counted.customers) == (every, 4)
    assert named((await find(memory, cast.HORNBEAM_SALES, CustomerSearch("bak"))).page) == every[:2]
    assert named((await find(memory, cast.HORNBEAM_SALES, CustomerSearch("elm"))).page) == [every[2]]

    seen, page_request = [], PageRequest(1)
    while True:
        page = (await find(memory, cast.HORNBEAM_SALES, page_request=page_request)).page
        seen += named(page)
        if not page.more_after:
            break
        page_request = PageRequest(1, PageStep.NEXT, last=page.last)
    assert seen == every
    back = (
        await find(memory, cast.HORNBEAM_SALES, page_request=PageRequest(2, PageStep.PREVIOUS, first=page.first))
    ).page
    assert named(back) == every[1:3]

    actor = await memory.actor(cast.HORNBEAM, cast.HORNBEAM_SALES)
    assert named(await memory.do(list_customers, actor, PROGRAMME, CustomerSearch(), PageRequest())) == every
    memory.connection.execute("update reseller_link set ended_at = 1 where partner_id = ?", (OAK,))
    assert named((await find(memory, cast.HORNBEAM_SALES)).page) == [every[1], every[3]]
    assert named((await find(memory, cast.BIRCH_SALES)).page) == [every[1]]


async def test_a_long_list_says_how_many_there_are_by_the_partners_totals() -> None:
    memory = Memory()
    ids = [f"{number:08x}-0000-4000-8000-0000000000fe" for number in range(MOST_COUNTED)]
    with memory.connection:
        memory.connection.executemany(
            "insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, domain, country, language,"
            " culture, created_at) values (?, ?, '', 'Sample', 'sample', 'x.example', 'DE', 'en', 'en-US', 0)",
            [(cast.ALDER, id_) for id_ in ids],
        )
        memory.connection.executemany(
            "insert into relationship (partner_id, customer_id, period, started_at) values (?, ?, 1, 0)",
            [(cast.ALDER, id_) for id_ in ids],
        )
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    kept = KeptTotals(TotalsLimits(counted_at_once=100))

    async def find_again(search: CustomerSearch) -> FoundCustomers:
        return await memory.do(find_customers, actor, PROGRAMME, search, PageRequest(10), kept)

    first = await find_again(CustomerSearch())
    assert (first.counted, first.states) == (Counted(MOST_COUNTED, more=True), None)
    missing = await find_again(CustomerSearch(state=State.NOT_CONFIRMED))
    assert (len(missing.page.items), missing.counted, missing.states) == (10, Counted(None), None)
    kept.refresh(memory.store, PROGRAMME, actor, first.totals)
    await kept.settle()
    for search, number, named in (
        (CustomerSearch(), MOST_COUNTED + 3, MOST_COUNTED + 3),
        (CustomerSearch(state=State.NOT_CONFIRMED), MOST_COUNTED + 3, MOST_COUNTED + 3),
        (CustomerSearch(state=State.NO_LONGER_AGREES), 0, MOST_COUNTED + 3),
        (CustomerSearch(country="DE"), MOST_COUNTED, MOST_COUNTED),
        (CustomerSearch(country="US"), 2, 2),
    ):
        finding = await find_again(search)
        assert finding.counted == Counted(number)
        assert finding.states == dict.fromkeys(State, 0) | {State.NOT_CONFIRMED: named}
