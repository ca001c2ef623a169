"""Who did what is read back: one's own, newest first, with contacts joined from where they live."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agreegate.domain.audit import AuditField, AuditRecord, AuditSearch
from agreegate.domain.fact import ResourceChanged
from agreegate.services.audit import list_audit_records
from agreegate.services.confirmation import confirm
from agreegate.services.customers.customer import create_customer, remove_relationship
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import Page, PageRequest, PageStep
from agreegate.storage.record import record
from tests import personas as cast
from tests.domain.drafts import CUSTOMER
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.rejection import rejected
from tests.world import AUGUST

DAY = timedelta(days=1)


@pytest.fixture
async def memory() -> Memory:
    """Alder confirmed Cedar, then Frêne, a day apart; then Hazel confirmed Cedar, and Alder created a customer."""
    memory = Memory()
    alder, hazel = await memory.actor(cast.ALDER, cast.ALDER_SALES), await memory.actor(cast.HAZEL)
    await memory.do(confirm, call(alder, 1), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    memory.clock.now += DAY
    await memory.do(confirm, call(alder, 2), PROGRAMME, cast.FRENE, DRAFT_CONFIRMATION)
    memory.clock.now += DAY
    hazel = replace(hazel, user_id=alder.user_id)
    await memory.do(confirm, call(hazel, 3), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    await memory.do(create_customer, call(await memory.actor(cast.ALDER), 4), CUSTOMER, None)
    return memory


async def read(
    memory: Memory, search: AuditSearch | None = None, page_request: PageRequest | None = None
) -> Page[AuditRecord]:
    alder = await memory.actor(cast.ALDER)
    return await memory.do(list_audit_records, alder, None, None, search, page_request or PageRequest())


async def test_a_partner_reads_its_own_records_newest_first(memory: Memory) -> None:
    newest, second, oldest = (await read(memory)).items
    assert [newest.operation_type, second.operation_type, oldest.operation_type] == [
        "add_customer",
        "record_confirmation",
        "record_confirmation",
    ]
    assert (newest.customer_name, newest.user_id, newest.user_name, newest.application_id) == (
        "Contoso",
        None,
        None,
        "tests",
    )
    assert (second.customer_name, second.user_name) == ("Frêne Conseil", "sales@alder.example")
    assert oldest.operation_at == AUGUST
    assert oldest.confirmation is not None
    assert oldest.confirmation.contact == DRAFT_CONFIRMATION.contact


async def test_an_erased_contact_is_gone_from_the_record_too(memory: Memory) -> None:
    memory.connection.execute("delete from confirmation_contact")
    record = (await read(memory)).items[-1]
    assert record.confirmation is not None
    assert record.confirmation.contact is None


@pytest.mark.parametrize(
    ("field", "value", "customers"),
    [
        (AuditField.COMPANY_NAME, "CONSEIL", ["Frêne Conseil"]),
        (AuditField.COMPANY_NAME, "con", ["Contoso", "Frêne Conseil"]),
        (AuditField.COMPANY_NAME, "%", []),
        (AuditField.COMPANY_NAME, "!", []),
        (AuditField.COMPANY_NAME, "_", []),
        (AuditField.CUSTOMER_ID, cast.CEDAR, ["Cedar Bakery"]),
        (AuditField.CUSTOMER_ID, cast.ELM, []),
        (AuditField.RESOURCE_TYPE, "confirmation", ["Frêne Conseil", "Cedar Bakery"]),
        (AuditField.RESOURCE_TYPE, "order", []),
        (AuditField.RESOURCE_TYPE, "directory", []),
    ],
)
async def test_records_are_found(memory: Memory, field: AuditField, value: str, customers: list[str]) -> None:
    found = (await read(memory, AuditSearch(field, value))).items
    assert [record.customer_name for record in found] == customers


async def test_records_of_our_own_kinds_are_not_shown(memory: Memory) -> None:
    alder = await memory.actor(cast.ALDER, cast.ALDER_ADMIN)
    await memory.do(record, alder, ResourceChanged("change_directory", "directory"))
    assert len((await read(memory)).items) == 3


async def test_thirty_days_are_shown_and_ninety_can_be_asked_for(memory: Memory) -> None:
    memory.clock.now = AUGUST + 31 * DAY
    assert [record.operation_type for record in (await read(memory)).items] == ["add_customer", "record_confirmation"]
    alder = await memory.actor(cast.ALDER)

    async def since(days: int, until: int | None = None) -> int:
        now = memory.clock.now
        end = None if until is None else now - until * DAY
        return len((await memory.do(list_audit_records, alder, now - days * DAY, end, None, PageRequest())).items)

    assert await since(31) == 3
    assert await since(90) == 3
    assert await since(31, 30) == 1
    with rejected("audit.too-old"):
        await since(91)


async def test_pages_show_every_record_once(memory: Memory) -> None:
    everything = (await read(memory)).items
    first = await read(memory, page_request=PageRequest(2))
    assert (first.more_before, first.more_after) == (False, True)
    second = await read(memory, page_request=PageRequest(2, PageStep.NEXT, first.first, first.last))
    assert (second.more_before, second.more_after) == (True, False)
    assert first.items + second.items == everything
    assert (
        await read(memory, page_request=PageRequest(2, PageStep.PREVIOUS, second.first, second.last))
    ).items == first.items
    assert (await read(memory, page_request=PageRequest(2, PageStep.LAST))).items == everything[1:]


@pytest.mark.fault("F6")
@pytest.mark.parametrize("search", [None, AuditSearch(AuditField.CUSTOMER_ID, cast.CEDAR)])
async def test_no_page_goes_beyond_the_first_or_the_last_day(memory: Memory, search: AuditSearch | None) -> None:
    alder = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    for number in range(3, 7):  # one a day from the third on, all about Cedar
        memory.clock.now += DAY
        await memory.do(confirm, call(alder, number), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    start, end = AUGUST + 4 * DAY, AUGUST + 6 * DAY
    every = await memory.do(list_audit_records, alder, start, end, search, PageRequest())
    assert [record.operation_at for record in every.items] == [AUGUST + 5 * DAY, start]
    first = await memory.do(list_audit_records, alder, start, end, search, PageRequest(1))
    second = await memory.do(
        list_audit_records, alder, start, end, search, PageRequest(1, PageStep.NEXT, first.first, first.last)
    )
    beyond = await memory.do(
        list_audit_records, alder, start, end, search, PageRequest(9, PageStep.NEXT, second.first, second.last)
    )
    before = await memory.do(
        list_audit_records, alder, start, end, search, PageRequest(9, PageStep.PREVIOUS, first.first, first.last)
    )
    assert (first.items + second.items, second.more_after) == (every.items, False)
    assert (beyond.items, before.items) == ((), ())


@pytest.mark.fault("F6")
@pytest.mark.rule("R26")
async def test_another_partners_name_for_a_customer_finds_nothing(memory: Memory) -> None:
    memory.connection.execute(
        "update customer set company_name = 'Zebra', company_key = 'zebra' where partner_id = ?", (cast.HAZEL,)
    )
    assert (await read(memory, AuditSearch(AuditField.COMPANY_NAME, "zebra"))).items == ()
    assert len((await read(memory, AuditSearch(AuditField.COMPANY_NAME, "cedar"))).items) == 1


@pytest.mark.parametrize("search", [None, AuditSearch(AuditField.CUSTOMER_ID, cast.CEDAR)])
@pytest.mark.sqlite
async def test_no_more_records_are_walked_than_are_shown(memory: Memory, search: AuditSearch | None) -> None:
    plans: list[str] = []
    connection = memory.connection

    class Explained:
        """Asks the engine how it would go about each statement, instead of running it."""

        now = memory.clock.now

        async def fetch_all(self, sql: str, *parameters: object) -> list:
            bound = {str(number): value for number, value in enumerate(parameters, 1)}
            plans.extend(row[3] for row in connection.execute(f"explain query plan {sql}", bound))
            return []

    uow: UnitOfWork = Explained()  # type: ignore[assignment]
    await list_audit_records(uow, await memory.actor(cast.ALDER), None, None, search, PageRequest())
    assert not [plan for plan in plans if plan.startswith("SCAN") or "TEMP" in plan]
    assert ("customer_id=? AND operation_at>?" in plans[0]) is (search is not None)


async def test_a_removal_is_recorded_with_the_customers_name_still(memory: Memory) -> None:
    alder = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    memory.clock.now += DAY
    await memory.do(remove_relationship, call(alder, 5), cast.DOGWOOD)
    record = (await read(memory)).items[0]
    assert (record.operation_type, record.customer_name, record.correlation_id) == (
        "end_relationship",
        "Dogwood Legal",
        call(alder).correlation_id,
    )
