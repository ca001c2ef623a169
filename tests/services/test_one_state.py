"""A customer has one state: whatever counts customers by state gives the same numbers on a record at rest (decision 0026)."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from agreegate.domain.actor import Actor
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.customers.customer import search_key
from agreegate.domain.customers.customer_search import CustomerSearch
from agreegate.domain.reconfirmation import ReconfirmationSearch
from agreegate.domain.standing import State, state_of
from agreegate.services.confirmation import confirm
from agreegate.services.customers.customer import remove_relationship
from agreegate.services.customers.customer_search import find_customers, list_customers
from agreegate.services.reconfirmation import find_reconfirmations, list_reconfirmations
from agreegate.services.standing import record_no_longer_agrees, void_confirmation
from agreegate.services.totals import KeptTotals, TotalsLimits, totals_of
from agreegate.storage.agreements.text import add_text_version
from agreegate.storage.customers.standing import standing_of
from agreegate.storage.customers.totals import Totals
from agreegate.storage.engine.unit_of_work import to_micros
from agreegate.storage.pagination import PageRequest
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.texts import draft as text_draft
from tests.world import API_ENFORCED, AUGUST

DAY = timedelta(days=1)
OCTOBER = datetime(2019, 10, 1, tzinfo=AUGUST.tzinfo)
"""The Customer Agreement opens the gate from then on."""
HISTORIES = ("", "c", "n", "cn", "nc", "cv", "cr", "cx", "m", "cm", "nm", "cnm", "mn", "C", "Cr", "CM", "cCr", "Cn")
"""What happened to a customer: confirmed (c: the Cloud Agreement, m: the Customer Agreement; in capitals after the newer text
took effect), no longer agrees (n), voided (v), renewed after it (r), the relationship ended (x)."""
Counts = Callable[[Memory, Actor], Awaitable[Counter[State]]]


@pytest.fixture
async def alder(memory: Memory) -> Actor:
    return await memory.actor(cast.ALDER, cast.ALDER_SALES)


@pytest.fixture
async def memory() -> Memory:
    memory = Memory()
    memory.connection.pragma("foreign_keys", False)  # renewals of subscriptions that nobody bought
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    for label, effective in (("1", AUGUST - 90 * DAY), ("2", AUGUST + 9 * DAY)):
        await memory.do(add_text_version, text_draft(label, effective_from=effective), "tests")
    number = 0
    for place, history in enumerate(HISTORIES * 2):
        customer = f"{place:08x}-0000-4000-8000-00000000c0de"
        await add_customer(memory, customer, country="US" if place < len(HISTORIES) else "FR")
        for what in history:
            number += 1
            memory.clock.now = AUGUST + number * timedelta(seconds=1) + (20 * DAY if what.isupper() else timedelta())
            await happen(memory, actor, customer, what, number)
    memory.clock.now = API_ENFORCED
    return memory


async def add_customer(memory: Memory, customer: str, country: str) -> None:
    name = f"Customer {customer}"
    await memory.do(
        lambda uow: uow.execute(
            "insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, domain, country, language,"
            " culture, created_at) values ($1, $2, $2, $3, $4, $2 || '.example', $5, 'en', 'en-US', 0)",
            cast.ALDER, customer, name, search_key(name), country,
        )
    )  # fmt: skip
    await memory.do(
        lambda uow: uow.execute(
            "insert into relationship (partner_id, customer_id, period, started_at) values ($1, $2, 1, 0)",
            cast.ALDER,
            customer,
        )
    )


async def happen(memory: Memory, actor: Actor, customer: str, what: str, number: int) -> None:
    match what.lower():
        case "c" | "m":
            template = cast.CLOUD_AGREEMENT if what.lower() == "c" else cast.CUSTOMER_AGREEMENT
            draft = replace(DRAFT_CONFIRMATION, template_id=TemplateId(template), date_agreed=memory.clock.now)
            await memory.do(confirm, call(actor, number), PROGRAMME, customer, draft)
        case "n":
            await memory.do(record_no_longer_agrees, call(actor, number), PROGRAMME, customer, "")
        case "v":
            await memory.do(void_confirmation, call(actor, number), PROGRAMME, customer, cast.CLOUD_AGREEMENT, "")
        case "x":
            await memory.do(remove_relationship, call(actor, number), customer)
        case "r":
            await memory.do(
                lambda uow: uow.execute(
                    "insert into renewal (partner_id, customer_id, subscription_id, term, outcome, due_at, recorded_at)"
                    " values ($1, $2, 's', 2, 'renewed', $3, $3)",
                    cast.ALDER,
                    customer,
                    to_micros(AUGUST + 30 * DAY),
                )
            )


async def one_by_one(memory: Memory, actor: Actor) -> Counter[State]:
    """Every customer as the domain decides it."""
    found: Counter[State] = Counter()
    for (customer,) in await memory.rows(f"select customer_id from customer where partner_id = '{actor.partner.id}'"):
        standing = await memory.do(standing_of, actor.partner.id, customer)
        state = state_of(standing, PROGRAMME, actor.partner.cloud, memory.clock.now)
        if state is not None:
            found[state] += 1
    return found


async def totals(memory: Memory, actor: Actor, kept: KeptTotals | None = None) -> Totals:
    shown = await memory.do(totals_of, actor, PROGRAMME, kept or KeptTotals())
    if kept is not None:
        kept.refresh(memory.store, PROGRAMME, actor, shown)
        await kept.settle()
        shown = await memory.do(totals_of, actor, PROGRAMME, kept)
    assert shown is not None
    assert shown.totals is not None
    return shown.totals


async def overview(memory: Memory, actor: Actor) -> Counter[State]:
    return Counter((await totals(memory, actor)).states)


async def overview_of_many(memory: Memory, actor: Actor) -> Counter[State]:
    return Counter((await totals(memory, actor, KeptTotals(TotalsLimits(counted_at_once=0)))).states)


async def countries(memory: Memory, actor: Actor) -> Counter[State]:
    found: Counter[State] = Counter()
    for states in (await totals(memory, actor)).countries.values():
        found.update(states)
    return found


async def customer_list(memory: Memory, actor: Actor) -> Counter[State]:
    """What the list of customers counts, and the rows that its file has."""
    found: Counter[State] = Counter()
    asked = (actor, PROGRAMME, CustomerSearch(), PageRequest())
    finding = await memory.do(find_customers, *asked, KeptTotals())
    listed = await memory.do(list_customers, *asked)
    found.update(one.state for one in listed.items if one.state is not None)
    assert finding.states is not None
    assert +Counter(finding.states) == found
    return found


async def filtered_lists(memory: Memory, actor: Actor) -> Counter[State]:
    """What each filter by a state finds; of outdated and overdue customers also the lines of the work list."""
    found: Counter[State] = Counter()
    for state in State:
        finding = await memory.do(
            find_customers, actor, PROGRAMME, CustomerSearch(state=state), PageRequest(), KeptTotals()
        )
        assert {one.state for one in finding.page.items} <= {state}
        found[state] = len(finding.page.items)
        if state in (State.OUTDATED, State.OVERDUE):
            asked = await memory.do(
                find_reconfirmations, actor, PROGRAMME, ReconfirmationSearch(state=state), KeptTotals()
            )
            lines = await memory.do(list_reconfirmations, actor, asked.list, PageRequest())
            assert len(lines.items) == asked.total.number == found[state]
    return found


COUNTED_BY: list[Counts] = [overview, overview_of_many, countries, customer_list, filtered_lists]
"""Everything that counts the customers of a partner by state: a new list or page adds itself here."""


@pytest.mark.rule("R27", "R34", "R47")
@pytest.mark.parametrize("counts", COUNTED_BY, ids=lambda counts: counts.__name__)
@pytest.mark.parametrize("now", [AUGUST + 10 * DAY, API_ENFORCED, OCTOBER])
async def test_every_count_by_state_is_the_same(memory: Memory, alder: Actor, counts: Counts, now: datetime) -> None:
    memory.clock.now = now
    expected = await one_by_one(memory, alder)
    assert set(expected) == set(State) or now < API_ENFORCED
    assert +await counts(memory, alder) == expected


@pytest.mark.parametrize("now", [AUGUST + 10 * DAY, API_ENFORCED, OCTOBER])
async def test_the_customers_of_a_reseller_are_counted_by_the_same_rule(
    memory: Memory, alder: Actor, now: datetime
) -> None:
    await memory.do(
        lambda uow: uow.execute(
            "insert into customer_reseller (partner_id, customer_id, reseller_id, created_at)"
            " select partner_id, customer_id, $2, 0 from customer where partner_id = $1"
            " and customer_id not in (select customer_id from customer_reseller where reseller_id = $2)",
            cast.ALDER,
            cast.BIRCH,
        )
    )
    memory.clock.now = now
    counted = await totals(memory, alder)
    assert Counter(counted.of(None, cast.BIRCH)) == await one_by_one(memory, alder)
    for country, states in counted.countries.items():
        assert counted.of(country, cast.BIRCH) == states
