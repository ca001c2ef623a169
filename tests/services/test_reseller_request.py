"""Providers collect data from resellers; a reseller learns what is missing, and nothing of any confirmation."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agreegate.domain.actor import Actor
from agreegate.domain.confirmation import PrimaryContact
from agreegate.domain.reseller_request import RequestState
from agreegate.domain.standing import State
from agreegate.services.confirmation import confirm
from agreegate.services.customers.customer import remove_relationship
from agreegate.services.reseller_request import (
    PAGE,
    Cursor,
    ask_for_data,
    can_be_asked,
    count_needed,
    list_asked_together,
    list_lacking,
    list_needed,
    list_requests,
    list_resellers,
    list_unasked,
    receive_data,
    return_request,
    show_request,
)
from agreegate.services.standing import record_no_longer_agrees, void_confirmation
from agreegate.services.totals import KeptTotals, totals_of
from agreegate.storage.engine.unit_of_work import to_micros
from agreegate.storage.pagination import PageRequest
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.rejection import rejected
from tests.world import AUGUST

FIRST = Cursor()
Tried = tuple[Callable[..., Awaitable[object]], tuple[Any, ...]]
BEFORE_THE_START = datetime(2018, 8, 6, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
async def memory() -> Memory:
    return Memory()


@pytest.fixture
async def alder(memory: Memory) -> Actor:
    return await memory.actor(cast.ALDER, cast.ALDER_ADMIN)


@pytest.fixture
async def birch(memory: Memory) -> Actor:
    return await memory.actor(cast.BIRCH, cast.BIRCH_SALES)


async def ask(memory: Memory, actor: Actor, reseller: str, *customers: str) -> list[str]:
    return await memory.do(ask_for_data, call(actor), PROGRAMME, reseller, customers)


async def lacking(memory: Memory, actor: Actor, reseller: str) -> list[tuple[str, State, datetime]]:
    found = await memory.do(list_lacking, actor, PROGRAMME, reseller, FIRST)
    return [(one.company_name, one.state, one.since) for one in found.items]


async def confirmed(memory: Memory, actor: Actor, customer: str, name: str = "Noa") -> None:
    draft = replace(DRAFT_CONFIRMATION, contact=PrimaryContact(name, "Berg", "noa@cedar.example"))
    await memory.do(confirm, call(actor), PROGRAMME, customer, draft)


def crowd(memory: Memory, provider: str, reseller: str, count: int) -> list[str]:
    """Many customers of one reseller, named so that their ids stand in another order."""
    ids = [f"{count - number:08x}-0000-4000-8000-00000000c0de" for number in range(count)]
    with memory.connection:
        for number, customer in enumerate(ids):
            name = f"customer {number:06}"
            memory.connection.execute(
                "insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, domain, country,"
                " language, culture, created_at) values (?, ?, ?, ?, ?, ?, 'US', 'en', 'en-US', ?)",
                (provider, customer, customer, name, name, f"c{number}.example", to_micros(AUGUST)),
            )
            memory.connection.execute(
                "insert into relationship (partner_id, customer_id, period, started_at) values (?, ?, 1, ?)",
                (provider, customer, to_micros(AUGUST)),
            )
            memory.connection.execute(
                "insert into customer_reseller values (?, ?, ?, ?)", (provider, customer, reseller, to_micros(AUGUST))
            )
    return ids


@pytest.mark.rule("R22", "R23", "R27")
async def test_each_reseller_is_counted_with_how_its_customers_stand(memory: Memory, alder: Actor) -> None:
    async def counted() -> dict[str, tuple[int, int, int]]:
        shown = await memory.do(totals_of, alder, PROGRAMME, KeptTotals())
        assert shown is not None
        assert shown.totals is not None
        resellers = shown.totals.resellers
        found = await memory.do(list_resellers, alder, PROGRAMME, FIRST)
        return {
            one.reseller.name: tuple(
                resellers.get(one.reseller.id, {}).get(state, 0)
                for state in (State.CONFIRMED, State.NOT_CONFIRMED, State.NO_LONGER_AGREES)
            )  # type: ignore[misc]
            for one in found.items
        }

    assert await counted() == {"Birch IT": (0, 1, 0), "Hornbeam Informatique": (0, 2, 0)}
    await confirmed(memory, alder, cast.CEDAR)  # one record, for both resellers
    await memory.do(record_no_longer_agrees, call(alder), PROGRAMME, cast.FRENE, "")
    assert await counted() == {"Birch IT": (1, 0, 0), "Hornbeam Informatique": (1, 0, 1)}
    await memory.do(remove_relationship, call(alder), cast.CEDAR)
    assert await counted() == {"Birch IT": (0, 0, 0), "Hornbeam Informatique": (0, 0, 1)}


async def test_it_says_whether_anybody_is_left_to_ask_for(memory: Memory, alder: Actor) -> None:
    async def askable(cursor: Cursor = FIRST) -> bool:
        found = await memory.do(list_lacking, alder, PROGRAMME, cast.BIRCH, cursor)
        return await memory.do(can_be_asked, alder, PROGRAMME, cast.BIRCH, found)

    ids = crowd(memory, cast.ALDER, cast.BIRCH, 2 * PAGE)
    await ask(memory, alder, cast.BIRCH, cast.CEDAR, *ids[:-1])
    assert await askable(), "one on another page is left"
    await ask(memory, alder, cast.BIRCH, ids[-1])
    assert not await askable()


async def test_it_says_since_when_a_confirmation_is_missing(memory: Memory, alder: Actor) -> None:
    related = datetime(2018, 7, 1, tzinfo=UTC)
    assert await lacking(memory, alder, cast.HORNBEAM) == [
        ("Cedar Bakery", State.NOT_CONFIRMED, related),
        ("Frêne Conseil", State.NOT_CONFIRMED, related),
    ]
    memory.clock.now += timedelta(days=1)
    await memory.do(record_no_longer_agrees, call(alder), PROGRAMME, cast.FRENE, "")
    await confirmed(memory, alder, cast.CEDAR)
    memory.clock.now += timedelta(days=1)
    await memory.do(void_confirmation, call(alder), PROGRAMME, cast.CEDAR, cast.CLOUD_AGREEMENT, "")
    assert await lacking(memory, alder, cast.HORNBEAM) == [
        ("Cedar Bakery", State.NOT_CONFIRMED, AUGUST + timedelta(days=2)),
        ("Frêne Conseil", State.NO_LONGER_AGREES, AUGUST + timedelta(days=1)),
    ]


@pytest.mark.rule("R18", "R23")
async def test_a_request_goes_from_asked_to_confirmed_and_every_step_is_audited(memory: Memory, alder: Actor) -> None:
    [request] = await ask(memory, alder, cast.BIRCH, cast.CEDAR)
    memory.clock.now += timedelta(days=2)
    assert await memory.do(receive_data, call(alder), cast.BIRCH, request)
    assert not await memory.do(receive_data, call(alder), cast.BIRCH, request), "once"
    shown = await memory.do(show_request, alder, cast.BIRCH, request)
    assert (shown.asked_at, shown.received_at) == (AUGUST, AUGUST + timedelta(days=2))
    assert (shown.asked_by, shown.state) == ("admin@alder.example", RequestState.RECEIVED)
    memory.clock.now += timedelta(days=1)
    await confirmed(memory, alder, cast.CEDAR)
    shown = await memory.do(show_request, alder, cast.BIRCH, request)
    assert (shown.state, shown.confirmed_by) == (RequestState.CONFIRMED, "admin@alder.example")
    assert shown.confirmed_at == AUGUST + timedelta(days=3)
    assert not await memory.do(return_request, call(alder), cast.BIRCH, request, "too late")
    kept = await memory.rows("select operation_type, customer_id, resource_id, user_id from audit_record")
    assert [row for row in kept if row[0] != "record_confirmation"] == [
        ("create_collection_request", cast.CEDAR, request, cast.ALDER_ADMIN),
        ("receive_collection_request", cast.CEDAR, request, cast.ALDER_ADMIN),
    ]


async def test_what_was_returned_with_a_reason_can_be_asked_again(memory: Memory, alder: Actor) -> None:
    [first] = await ask(memory, alder, cast.BIRCH, cast.CEDAR)
    assert await ask(memory, alder, cast.BIRCH, cast.CEDAR) == [], "asked already"
    with rejected("request.invalid-property"):
        await memory.do(return_request, call(alder), cast.BIRCH, first, " ")
    assert await memory.do(return_request, call(alder), cast.BIRCH, first, "Nobody answers")
    assert not await memory.do(return_request, call(alder), cast.BIRCH, first, "Twice")
    assert not await memory.do(receive_data, call(alder), cast.BIRCH, first)
    shown = await memory.do(show_request, alder, cast.BIRCH, first)
    assert (shown.state, shown.return_reason) == (RequestState.RETURNED, "Nobody answers")
    memory.clock.now += timedelta(days=1)
    [second] = await ask(memory, alder, cast.BIRCH, cast.CEDAR)
    found = await memory.do(list_requests, alder, cast.BIRCH, PageRequest(50))
    assert [one.id for one in found.items] == [second, first]


async def test_a_voided_confirmation_leaves_the_request_open(memory: Memory, alder: Actor) -> None:
    await confirmed(memory, alder, cast.CEDAR)
    await memory.do(void_confirmation, call(alder), PROGRAMME, cast.CEDAR, cast.CLOUD_AGREEMENT, "")
    [request] = await ask(memory, alder, cast.BIRCH, cast.CEDAR)
    assert (await memory.do(show_request, alder, cast.BIRCH, request)).open, "the one before answers nothing"
    await confirmed(memory, alder, cast.CEDAR, "Ada")
    assert not (await memory.do(show_request, alder, cast.BIRCH, request)).open
    await memory.do(void_confirmation, call(alder), PROGRAMME, cast.CEDAR, cast.CLOUD_AGREEMENT, "")
    assert (await memory.do(show_request, alder, cast.BIRCH, request)).open


async def test_a_clock_set_back_confuses_nothing(memory: Memory, alder: Actor) -> None:
    memory.clock.now += timedelta(days=30)
    [request] = await ask(memory, alder, cast.BIRCH, cast.CEDAR)
    memory.clock.now = AUGUST
    await confirmed(memory, alder, cast.CEDAR)
    shown = await memory.do(show_request, alder, cast.BIRCH, request)
    assert (shown.state, shown.days_open(memory.clock.now)) == (RequestState.CONFIRMED, 0)


async def test_only_who_can_be_asked_for_is(memory: Memory, alder: Actor) -> None:
    assert await ask(memory, alder, cast.BIRCH, cast.DOGWOOD, cast.FRENE, cast.ELM, cast.NOBODY, "x") == []
    await confirmed(memory, alder, cast.CEDAR)
    assert await ask(memory, alder, cast.BIRCH, cast.CEDAR) == []
    assert await memory.rows("select * from reseller_request") == []


async def test_asking_for_several_is_one_request_each_and_one_text(memory: Memory, alder: Actor) -> None:
    made = await ask(memory, alder, cast.HORNBEAM, cast.FRENE, cast.CEDAR, cast.FRENE)
    assert len(made) == 2
    memory.clock.now += timedelta(seconds=1)
    together = await memory.do(list_asked_together, alder, cast.HORNBEAM, made[0])
    assert [one.company_name for one in together] == ["Cedar Bakery", "Frêne Conseil"]
    found = await memory.do(list_unasked, alder, PROGRAMME, cast.HORNBEAM)
    assert found.items == ()


@pytest.mark.rule("R26")
async def test_another_partner_sees_and_changes_nothing_of_it(memory: Memory, alder: Actor) -> None:
    [request] = await ask(memory, alder, cast.BIRCH, cast.CEDAR)
    hazel = await memory.actor(cast.HAZEL, cast.HAZEL_ADMIN)
    # Another provider of the same reseller, serving the same customer through it.
    with memory.connection:
        memory.connection.execute("update partner set kind = 'indirect_provider' where partner_id = ?", (cast.HAZEL,))
    tried: list[Tried] = [
        (list_lacking, (hazel, PROGRAMME, cast.BIRCH, FIRST)),
        (list_requests, (hazel, cast.BIRCH, PageRequest(50))),
        (ask_for_data, (call(hazel), PROGRAMME, cast.BIRCH, [cast.CEDAR])),
        (show_request, (hazel, cast.BIRCH, request)),
        (receive_data, (call(hazel), cast.BIRCH, request)),
        (return_request, (call(hazel), cast.BIRCH, request, "mine")),
        (list_asked_together, (hazel, cast.BIRCH, request)),
    ]
    for work, arguments in tried:
        with rejected("request.not-found"):
            await memory.do(work, *arguments)
    with memory.connection:
        start = to_micros(AUGUST)
        memory.connection.execute("insert into reseller_link values (?, ?, ?, null)", (cast.HAZEL, cast.BIRCH, start))
        memory.connection.execute(
            "insert into customer_reseller values (?, ?, ?, ?)", (cast.HAZEL, cast.CEDAR, cast.BIRCH, start)
        )
    [theirs] = (await memory.do(list_lacking, hazel, PROGRAMME, cast.BIRCH, FIRST)).items
    assert theirs.request is None
    assert (await memory.do(list_requests, hazel, cast.BIRCH, PageRequest(50))).items == ()
    with rejected("request.not-found"):
        await memory.do(show_request, hazel, cast.BIRCH, request)
    await confirmed(memory, alder, cast.CEDAR)
    assert len((await memory.do(list_lacking, hazel, PROGRAMME, cast.BIRCH, FIRST)).items) == 1
    [birch] = (await memory.do(list_resellers, hazel, PROGRAMME, FIRST)).items
    assert birch.open_requests == 0
    with rejected("request.not-found"):
        await memory.do(show_request, alder, cast.HORNBEAM, request)


@pytest.mark.rule("R22", "R23", "R26")
async def test_a_reseller_learns_that_data_are_missing_and_nothing_else(
    memory: Memory, alder: Actor, birch: Actor
) -> None:
    hornbeam = await memory.actor(cast.HORNBEAM, cast.HORNBEAM_SALES)

    async def answered(actor: Actor) -> str:
        found = await memory.do(list_needed, actor, PROGRAMME, cast.ALDER, FIRST)
        counted = await memory.do(count_needed, actor, PROGRAMME)
        return json.dumps([asdict(found), [(provider.name, count) for provider, count in counted]], default=str)

    never = await answered(birch)
    assert "Cedar Bakery" in never
    assert "Dogwood" not in never, "served without a reseller"
    assert "Frêne" not in never, "served through another"
    # Confirmed and taken back, then no longer agreed: to the reseller all of it is the same.
    await confirmed(memory, alder, cast.CEDAR)
    gone = await answered(birch)
    assert "Cedar" not in gone
    await memory.do(void_confirmation, call(alder), PROGRAMME, cast.CEDAR, cast.CLOUD_AGREEMENT, "a secret note")
    assert await answered(birch) == never
    await confirmed(memory, alder, cast.CEDAR, "Ada")
    await memory.do(record_no_longer_agrees, call(alder), PROGRAMME, cast.CEDAR, "another secret")
    assert await answered(birch) == never
    # What the other reseller of this customer is asked is not told either.
    [asked] = await ask(memory, alder, cast.HORNBEAM, cast.CEDAR)
    await memory.do(return_request, call(alder), cast.HORNBEAM, asked, "third secret")
    assert await answered(birch) == never
    assert "third secret" in await answered(hornbeam)
    assert "admin@alder.example" not in await answered(hornbeam)


async def test_a_reseller_sees_when_it_was_asked_and_why_it_was_returned(
    memory: Memory, alder: Actor, birch: Actor
) -> None:
    [request] = await ask(memory, alder, cast.BIRCH, cast.CEDAR)
    [needed] = (await memory.do(list_needed, birch, PROGRAMME, cast.ALDER, FIRST)).items
    assert (needed.asked_at, needed.returned_at, needed.return_reason) == (AUGUST, None, "")
    await memory.do(return_request, call(alder), cast.BIRCH, request, "No answer")
    [needed] = (await memory.do(list_needed, birch, PROGRAMME, cast.ALDER, FIRST)).items
    assert (needed.asked_at, needed.returned_at, needed.return_reason) == (AUGUST, AUGUST, "No answer")


@pytest.mark.parametrize("provider", [cast.HAZEL, cast.HORNBEAM, cast.NOBODY, "x"])
async def test_a_reseller_has_no_other_providers(memory: Memory, birch: Actor, provider: str) -> None:
    with rejected("request.not-found"):
        await memory.do(list_needed, birch, PROGRAMME, provider, FIRST)


async def test_an_ended_link_tells_a_reseller_nothing_more(memory: Memory, alder: Actor, birch: Actor) -> None:
    with memory.connection:
        memory.connection.execute("update reseller_link set ended_at = 1 where reseller_id = ?", (cast.BIRCH,))
    assert await memory.do(count_needed, birch, PROGRAMME) == []
    with rejected("request.not-found"):
        await memory.do(list_needed, birch, PROGRAMME, cast.ALDER, FIRST)
    with rejected("request.not-found"):
        await memory.do(list_lacking, alder, PROGRAMME, cast.BIRCH, FIRST)


@pytest.mark.rule("R1", "R31")
@pytest.mark.parametrize("why", ["national", "early"])
async def test_where_confirmations_do_not_exist_nothing_is_missing(
    memory: Memory, alder: Actor, birch: Actor, why: str
) -> None:
    if why == "early":
        memory.clock.now = BEFORE_THE_START
    else:
        with memory.connection:
            memory.connection.execute("update partner set cloud = 'germany' where partner_id = ?", (cast.ALDER,))
        alder = await memory.actor(cast.ALDER, cast.ALDER_ADMIN)
    tried: list[Tried] = [
        (list_resellers, (alder, PROGRAMME, FIRST)),
        (list_lacking, (alder, PROGRAMME, cast.BIRCH, FIRST)),
        (ask_for_data, (call(alder), PROGRAMME, cast.BIRCH, [cast.CEDAR])),
    ]
    for work, arguments in tried:
        with rejected("confirmation.feature-absent"):
            await memory.do(work, *arguments)
    with rejected("confirmation.feature-absent"):
        await memory.do(list_needed, birch, PROGRAMME, cast.ALDER, FIRST)
    assert [count for _, count in await memory.do(count_needed, birch, PROGRAMME)] == [0]


async def test_long_lists_are_turned_page_by_page_by_name_and_back(memory: Memory, alder: Actor, birch: Actor) -> None:
    ids = crowd(memory, cast.ALDER, cast.BIRCH, 2 * PAGE + 5)
    expected = [cast.CEDAR, *ids]
    pages, cursor = [], FIRST
    for _ in range(4):
        found = await memory.do(list_lacking, alder, PROGRAMME, cast.BIRCH, cursor)
        needed = await memory.do(list_needed, birch, PROGRAMME, cast.ALDER, cursor)
        pages.append([one.customer_id for one in found.items])
        assert [one.customer_id for one in needed.items] == pages[-1]
        if not found.more_after:
            break
        cursor = Cursor(after=pages[-1][-1])
    assert [customer for page in pages for customer in page] == expected
    back = await memory.do(list_lacking, alder, PROGRAMME, cast.BIRCH, Cursor(before=pages[2][0]))
    assert [one.customer_id for one in back.items] == pages[1]
    lost = await memory.do(list_lacking, alder, PROGRAMME, cast.BIRCH, Cursor(after=cast.NOBODY))
    assert [one.customer_id for one in lost.items] == pages[0]
