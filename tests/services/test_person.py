"""Customers are found by the person who accepted for them, soon after it was recorded, by those who may read the person."""

import pytest

from agreegate.domain.actor import Actor, Role
from agreegate.domain.confirmation import Draft, PrimaryContact
from agreegate.domain.customers.customer_search import CustomerSearch
from agreegate.domain.partner import PartnerId
from agreegate.domain.reconfirmation import ReconfirmationSearch
from agreegate.services.confirmation import confirm
from agreegate.services.customers.customer_search import find_customers, list_customers
from agreegate.services.reconfirmation import find_reconfirmations, list_reconfirmations, locate_reconfirmations
from agreegate.services.standing import void_confirmation
from agreegate.services.totals import KeptTotals
from agreegate.storage.agreements.text import add_text_version
from agreegate.storage.customers.customer import rename_customer
from agreegate.storage.customers.person import BEHIND, persons_wait, take_over_persons
from agreegate.storage.customers.reconfirmation_source import Limits
from agreegate.storage.customers.relationship import end_relationship, open_relationship
from agreegate.storage.pagination import PageRequest
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.texts import AMERICA, draft, file
from tests.world import AUGUST

NORA = PrimaryContact("Nora", "Whitfield", "n.whitfield_1@office.example")


async def accepted(
    memory: Memory, contact: PrimaryContact = NORA, customer: str = cast.CEDAR, user: str = cast.ALDER_SALES
) -> None:
    """Record a confirmation, and let the person be found."""
    actor = await memory.actor(cast.USERS[user][0], user)
    acceptance = Draft(contact, DRAFT_CONFIRMATION.template_id, DRAFT_CONFIRMATION.date_agreed)
    numbers = await memory.rows("select count(*) from confirmation")
    await memory.do(confirm, call(actor, numbers[0][0] + 1), PROGRAMME, customer, acceptance)
    await memory.do(take_over_persons, 10)


async def find(memory: Memory, actor: Actor, search: str | CustomerSearch) -> list[str]:
    search = CustomerSearch(search) if isinstance(search, str) else search
    finding = await memory.do(find_customers, actor, PROGRAMME, search, PageRequest(), KeptTotals())
    names = [one.entry.company_name for one in finding.page.items]
    file = await memory.do(list_customers, actor, PROGRAMME, search, PageRequest())
    assert [one.entry.company_name for one in file.items] == names
    assert finding.counted.customers == len(names)
    return names


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("nora", True),
        ("WHITF", True),
        ("ｎｏｒａ", True),
        ("whitfield nora", True),
        ("nora bakery", True),
        ("cedar whit", True),
        ("n.whitfield_1@office.example", True),
        ("N.Whitfield_1@OFFICE.ex", True),
        ("n.whitf", True),
        ("office.ex", True),
        ("@office", True),
        ("nora 1", True),
        ("nora office", True),
        ("hitfield", False),
        ("nora legal", False),
        ("n%whitfield_1@office.example", False),
        ("n.whitfield-1@office.example", False),
        ("nora@office.example", False),
        ("example", False),
    ],
)
async def test_a_customer_is_found_by_the_person_who_accepted(typed: str, found: bool) -> None:
    memory = Memory()
    await accepted(memory)
    await accepted(memory, PrimaryContact("Ida", "Roy", "ida@dogwood.example"), cast.DOGWOOD)
    actor = await memory.actor(cast.ALDER, cast.ALDER_ADMIN)
    expected = ["Cedar Bakery"] if found else []
    assert await find(memory, actor, typed) == expected
    assert await find(memory, actor, CustomerSearch(typed, country="US")) == expected
    assert await find(memory, actor, CustomerSearch(typed, reseller=PartnerId(cast.BIRCH))) == expected
    assert await find(memory, actor, CustomerSearch(typed, country="FR")) == []


async def test_names_without_blanks_are_found_together_and_apart() -> None:
    memory = Memory()
    await accepted(memory, PrimaryContact("太郎", "山田", "t@office.example"))
    actor = await memory.actor(cast.ALDER, cast.ALDER_ADMIN)
    for typed in ("山田太郎", "太郎 山田", "田太", "郎", "山田 bak"):
        assert await find(memory, actor, typed) == ["Cedar Bakery"]


@pytest.mark.rule("R26")
async def test_who_may_not_read_the_person_finds_nobody_by_it() -> None:
    memory = Memory()
    await accepted(memory)
    helpdesk, alone = (await memory.actor(cast.ALDER, cast.ALDER_HELPDESK), await memory.actor(cast.ALDER))
    helpdesk = Actor(helpdesk.partner, frozenset({Role.HELPDESK_AGENT}), helpdesk.user_id)
    reseller = await memory.actor(cast.BIRCH, cast.BIRCH_SALES)
    for actor in (helpdesk, alone, reseller):
        assert await find(memory, actor, "bakery") == ["Cedar Bakery"]
        for typed in ("nora", "n.whitfield_1@office.example", "office.ex", "bakery nora"):
            assert await find(memory, actor, typed) == []
            assert await find(memory, actor, CustomerSearch(typed, persons=True)) == []


async def test_persons_of_another_partner_find_nobody() -> None:
    memory = Memory()
    await accepted(memory)
    hazel = await memory.actor(cast.HAZEL, cast.HAZEL_ADMIN)
    assert await find(memory, hazel, "nora") == []
    assert await find(memory, hazel, "bakery nora") == []
    await accepted(memory, PrimaryContact("Ida", "Roy", "ida@cedar.example"), user=cast.HAZEL_ADMIN)
    assert await find(memory, hazel, "ida") == ["Cedar Bakery"]
    assert await find(memory, await memory.actor(cast.ALDER, cast.ALDER_ADMIN), "ida") == []


async def test_every_confirmation_of_a_present_customer_finds_it() -> None:
    """Also one that was recorded in error, or in an earlier relationship: its person is in the customer's record."""
    memory = Memory()
    actor = await memory.actor(cast.ALDER, cast.ALDER_ADMIN)
    await accepted(memory)
    await memory.do(void_confirmation, call(actor, 8), PROGRAMME, cast.CEDAR, cast.CLOUD_AGREEMENT, "wrong customer")
    await accepted(memory, PrimaryContact("Ida", "Roy", "ida@cedar.example"))
    assert await find(memory, actor, "nora") == await find(memory, actor, "ida") == ["Cedar Bakery"]
    assert await find(memory, actor, "nora ida") == ["Cedar Bakery"]
    await memory.do(end_relationship, cast.ALDER, cast.CEDAR)
    assert await find(memory, actor, "nora") == []
    await memory.do(open_relationship, cast.ALDER, cast.CEDAR)
    assert await find(memory, actor, "nora") == ["Cedar Bakery"]


async def test_a_customer_that_is_renamed_stands_at_its_new_place() -> None:
    memory = Memory()
    actor = await memory.actor(cast.ALDER, cast.ALDER_ADMIN)
    await accepted(memory, PrimaryContact("太郎", "山田", "t.yamada@office.example"))
    await accepted(memory, PrimaryContact("太郎", "Roy", "roy@office.example"), cast.DOGWOOD)
    assert await find(memory, actor, "office") == await find(memory, actor, "太") == ["Cedar Bakery", "Dogwood Legal"]
    await memory.do(rename_customer, cast.ALDER, cast.CEDAR, "Zelkova Bakery")
    for typed in ("office", "太", "太郎", "郎", "office.ex"):
        assert await find(memory, actor, typed) == ["Dogwood Legal", "Zelkova Bakery"]
    await accepted(memory, PrimaryContact("Ida", "Roy", "ida@office.example"))
    assert await find(memory, actor, "roy office") == ["Dogwood Legal", "Zelkova Bakery"]


async def test_persons_are_taken_over_in_order_and_once() -> None:
    memory = Memory()
    for number in range(7):
        await accepted(memory, PrimaryContact(f"Nora{number}", "Roy", f"n{number}@cedar.example"))
    await memory.do(lambda uow: uow.execute("delete from person"))
    await memory.do(lambda uow: uow.execute("delete from person_word"))
    await memory.do(lambda uow: uow.execute("update person_progress set confirmation_number = 0"))
    actor = await memory.actor(cast.ALDER, cast.ALDER_ADMIN)
    assert [await memory.do(take_over_persons, 3) for _ in range(2)] == [3, 3]
    assert await find(memory, actor, "nora5") == ["Cedar Bakery"]
    assert await find(memory, actor, "nora6") == []
    assert await memory.do(persons_wait)
    assert [await memory.do(take_over_persons, 3) for _ in range(2)] == [1, 0]
    assert await find(memory, actor, "nora6") == ["Cedar Bakery"]
    assert not await memory.do(persons_wait)
    kept = await memory.rows("select count(*) from person_word")
    await accepted(memory, PrimaryContact("Nora6", "Roy", "n6@cedar.example"))
    assert await memory.rows("select count(*) from person_word") == kept


async def test_a_search_says_that_many_persons_are_missing() -> None:
    memory = Memory()
    await accepted(memory)
    actor = await memory.actor(cast.ALDER, cast.ALDER_ADMIN)

    async def wait(text: str, actor: Actor = actor) -> bool:
        finding = await memory.do(find_customers, actor, PROGRAMME, CustomerSearch(text), PageRequest(), KeptTotals())
        return finding.persons_wait

    await memory.do(lambda uow: uow.execute(f"update person_progress set confirmation_number = -{BEHIND - 1}"))
    assert not await wait("ced")
    await memory.do(lambda uow: uow.execute(f"update person_progress set confirmation_number = -{BEHIND}"))
    assert await wait("ced")
    assert not await wait(" ")
    assert not await wait("ced", await memory.actor(cast.ALDER)), "who may not read persons is told nothing of them"


async def test_the_work_list_finds_customers_by_the_person_who_accepted() -> None:
    memory = Memory()
    newer = AUGUST.replace(month=9)
    for at, label in ((AUGUST.replace(month=7), "1"), (newer, "2")):
        await memory.do(
            add_text_version, draft(label, effective_from=at, files={AMERICA: file(label)}), cast.OPERATOR_USER
        )
    await accepted(memory)
    await accepted(memory, PrimaryContact("Ida", "Roy", "ida@dogwood.example"), cast.DOGWOOD)
    memory.clock.now = newer.replace(month=10)
    actor = await memory.actor(cast.ALDER, cast.ALDER_ADMIN)
    for typed, names in (
        ("nora", ["Cedar Bakery"]),
        ("n.whitfield_1@off", ["Cedar Bakery"]),
        ("bak nora", ["Cedar Bakery"]),
        ("nora legal", []),
        ("ida", ["Dogwood Legal"]),
        ("", ["Cedar Bakery", "Dogwood Legal"]),
    ):
        search = ReconfirmationSearch(CustomerSearch(typed))

        async def read(uow, search=search):  # type: ignore[no-untyped-def]
            found = await find_reconfirmations(uow, actor, PROGRAMME, search, KeptTotals())
            lists = [found.list, await locate_reconfirmations(uow, actor, PROGRAMME, search)]
            for limits in (Limits(read=0, few=0), Limits(read=0, few=0, walked_fast=(), sorted_first=1)):
                walked = await find_reconfirmations(uow, actor, PROGRAMME, search, KeptTotals(), limits)
                lists.append(walked.list)
            return found, [await list_reconfirmations(uow, actor, one, PageRequest()) for one in lists]

        found, pages = await memory.do(read)
        for page in pages:
            assert [one.shown.company_name for one in page.items] == names, (
                "on the page, in the file, and where the list is long"
            )
        assert found.total.number == len(names)
