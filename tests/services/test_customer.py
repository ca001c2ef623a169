"""Customers are created, listed, shown to those whom they concern, and parted with."""

import asyncio
from dataclasses import replace

import pytest

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.customers.customer import Search, SearchField
from agreegate.domain.error import Rejected
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import PartnerId
from agreegate.services.confirmation import confirm
from agreegate.services.customers.customer import (
    ServedCustomer,
    create_customer,
    delete_customer,
    domain_taken,
    get_customer,
    list_customers,
    relate,
    remove_relationship,
    resellers_of_customer,
)
from agreegate.services.gate import ask
from agreegate.services.standing import show_standing
from agreegate.storage.engine.unit_of_work import UnitOfWork, to_micros
from agreegate.storage.pagination import Page, PageRequest, PageStep
from tests import personas as cast
from tests.domain.drafts import CUSTOMER
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.rejection import rejected
from tests.world import AUGUST


@pytest.fixture
def memory() -> Memory:
    return Memory()


async def created(memory: Memory, actor: Actor, name: str = "Contoso", reseller: str | None = None) -> ServedCustomer:
    draft = replace(CUSTOMER, company_name=name, domain=f"{name.encode().hex()}.example")
    return await memory.do(create_customer, call(actor), draft, None if reseller is None else PartnerId(reseller))


async def names(memory: Memory, actor: Actor, search: Search | None = None) -> list[str]:
    return [item.company_name for item in (await memory.do(list_customers, actor, search, PageRequest())).items]


@pytest.mark.rule("R12", "R19")
async def test_a_new_customer_is_there_and_not_confirmed(memory: Memory) -> None:
    alder = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    served = await created(memory, alder)
    assert await memory.do(get_customer, alder, served.customer.id) == served
    standing = await memory.do(show_standing, alder, PROGRAMME, served.customer.id)
    assert [agreement.state for agreement in standing.agreements] == ["missing", "missing"]
    assert await memory.rows("select operation_type, resource_type, customer_id, user_id from audit_record") == [
        ("add_customer", "customer", served.customer.id, cast.ALDER_SALES)
    ]


async def test_what_is_audited_names_nobody(memory: Memory) -> None:
    await created(memory, await memory.actor(cast.ALDER, cast.ALDER_SALES))
    kept = repr(await memory.rows("select * from audit_record"))
    assert not [word for word in ("Noa", "Berg", "noa@", "5550100", "Contoso") if word in kept]


async def test_a_provider_creates_for_its_linked_reseller_only(memory: Memory) -> None:
    alder, birch = await memory.actor(cast.ALDER), await memory.actor(cast.BIRCH)
    served = await created(memory, alder, reseller=cast.BIRCH)
    assert served.reseller == cast.BIRCH
    assert (await memory.do(get_customer, birch, served.customer.id)).reseller == cast.BIRCH
    with rejected("customer.reseller-not-linked"):
        await created(memory, alder, "Second", reseller=cast.HAZEL)
    with rejected("customer.reseller-not-linked"):
        await created(memory, await memory.actor(cast.HAZEL), "Third", reseller=cast.BIRCH)
    assert len(await memory.rows("select 1 from audit_record")) == 1


@pytest.mark.parametrize("domain", ["cedar.example", "CEDAR.example", "alder.example", "mail.alder.example"])
async def test_a_domain_that_somebody_has_is_refused(memory: Memory, domain: str) -> None:
    memory.connection.execute("insert into partner_mail_domain values (?, 'mail.alder.example')", (cast.ALDER,))
    assert await memory.do(domain_taken, domain)
    with rejected("customer.domain-taken"):
        await memory.do(create_customer, call(await memory.actor(cast.HAZEL)), replace(CUSTOMER, domain=domain), None)


async def test_a_free_domain_is_free_and_a_malformed_one_is_no_domain(memory: Memory) -> None:
    assert not await memory.do(domain_taken, "nobody.example")
    with rejected("request.invalid-property"):
        await memory.do(domain_taken, "no domain")


async def test_a_sandbox_account_has_at_most_seventy_five_customers(memory: Memory) -> None:
    maple = await memory.actor(cast.MAPLE, cast.MAPLE_ADMIN)
    served = [await created(memory, maple, f"Leaf {number}") for number in range(75)]
    with rejected("sandbox.limit"):
        await created(memory, maple, "Leaf 75")
    await memory.do(delete_customer, call(maple), served[0].customer.id)
    await created(memory, maple, "Leaf 75")


async def test_customers_created_at_once_stay_within_the_limit_of_a_sandbox(memory: Memory) -> None:
    maple = await memory.actor(cast.MAPLE, cast.MAPLE_ADMIN)
    for number in range(73):
        await created(memory, maple, f"Leaf {number}")
    at_once = (created(memory, maple, f"Twig {number}") for number in range(6))
    answers = await asyncio.gather(*at_once, return_exceptions=True)
    assert sum(isinstance(answer, ServedCustomer) for answer in answers) == 2
    assert {answer.code for answer in answers if isinstance(answer, Rejected)} == {"sandbox.limit"}


async def test_only_a_sandbox_account_deletes_and_nothing_recorded_is_lost(memory: Memory) -> None:
    maple, alder = await memory.actor(cast.MAPLE, cast.MAPLE_ADMIN), await memory.actor(cast.ALDER, cast.ALDER_SALES)
    for customer in (cast.CEDAR, cast.NOBODY):
        with rejected("access.action-not-allowed"):
            await memory.do(delete_customer, call(alder), customer)
    served = await created(memory, maple)
    subscribe(memory, "active", cast.MAPLE, served.customer.id)
    await memory.do(confirm, call(maple), PROGRAMME, served.customer.id, DRAFT_CONFIRMATION)
    await memory.do(delete_customer, call(maple), served.customer.id)
    with rejected("relationship.missing"):
        await memory.do(get_customer, maple, served.customer.id)
    assert await memory.rows("select status, revision from subscription") == [("deleted", 2)]
    assert await memory.rows(
        "select count(*) from confirmation union all select count(*) from current_confirmation"
    ) == [
        (1,),
        (0,),
    ]


async def test_a_relationship_ends_only_when_nothing_is_active(memory: Memory) -> None:
    alder = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    subscribe(memory, "active")
    with rejected("relationship.subscriptions-active"):
        await memory.do(remove_relationship, call(alder), cast.CEDAR)
    assert (await memory.do(get_customer, alder, cast.CEDAR)).customer.id == cast.CEDAR
    memory.connection.execute("update subscription set status = 'suspended'")
    await memory.do(remove_relationship, call(alder), cast.CEDAR)
    with rejected("relationship.missing"):
        await memory.do(remove_relationship, call(alder), cast.CEDAR)
    with rejected("relationship.missing"):
        await memory.do(get_customer, alder, cast.CEDAR)
    assert "Cedar Bakery" not in await names(memory, alder)
    assert await memory.rows("select operation_type from audit_record") == [("end_relationship",)]


@pytest.mark.fault("F6")
@pytest.mark.rule("R40")
@pytest.mark.parametrize("last", ["a", "b", "c"])
async def test_a_relationship_ends_only_when_the_last_of_several_is_no_longer_active(memory: Memory, last: str) -> None:
    alder = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    for id_ in "abc":
        subscribe(memory, "active", id_=id_)
    for status in ("suspended", "deleted", "expired"):
        memory.connection.execute("update subscription set status = ? where subscription_id <> ?", (status, last))
        with rejected("relationship.subscriptions-active"):
            await memory.do(remove_relationship, call(alder), cast.CEDAR)
    assert (await memory.do(get_customer, alder, cast.CEDAR)).customer.id == cast.CEDAR
    assert await memory.rows("select 1 from audit_record") == []
    memory.connection.execute("update subscription set status = 'suspended'")
    await memory.do(remove_relationship, call(alder), cast.CEDAR)
    with rejected("relationship.missing"):
        await memory.do(get_customer, alder, cast.CEDAR)


async def test_a_customer_that_comes_back_starts_without_a_confirmation(memory: Memory) -> None:
    alder, birch = await memory.actor(cast.ALDER, cast.ALDER_SALES), await memory.actor(cast.BIRCH)
    customer = (await memory.do(get_customer, alder, cast.CEDAR)).customer
    await memory.do(confirm, call(alder), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    assert await memory.do(relate, PartnerId(cast.ALDER), customer, []) == 1, "open already"
    await memory.do(remove_relationship, call(alder), cast.CEDAR)
    assert await names(memory, birch) == []

    assert await memory.do(relate, PartnerId(cast.ALDER), customer, [PartnerId(cast.HORNBEAM)]) == 2
    standing = await memory.do(show_standing, alder, PROGRAMME, cast.CEDAR)
    assert standing.agreements[-1].state == "missing"
    assert len(standing.agreements[-1].history) == 1, "what was confirmed before stays in the record"
    decision = await ask(memory.store, alder, PROGRAMME, cast.CEDAR, Transaction(Action.NEW_PURCHASE, Channel.API))
    assert decision.confirmation is None
    serving = [reseller.id for reseller in await memory.do(resellers_of_customer, alder, cast.CEDAR)]
    assert serving == [cast.HORNBEAM], "Birch is not taken along"
    with rejected("relationship.missing"):
        await memory.do(get_customer, birch, cast.CEDAR)


@pytest.mark.parametrize(
    ("partner", "seen"),
    [
        (cast.ALDER, ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil"]),
        (cast.HAZEL, ["Cedar Bakery", "Elm Studio"]),
        (cast.FIR, ["Ginkgo Agency"]),
        (cast.BIRCH, ["Cedar Bakery"]),
        (cast.HORNBEAM, ["Cedar Bakery", "Frêne Conseil"]),
        (cast.MAPLE, []),
    ],
)
async def test_everybody_sees_its_own_customers_only(memory: Memory, partner: str, seen: list[str]) -> None:
    actor = await memory.actor(partner)
    listed = (await memory.do(list_customers, actor, None, PageRequest())).items
    assert sorted(item.company_name for item in listed) == seen
    for customer in (cast.CEDAR, cast.DOGWOOD, cast.ELM, cast.GINKGO, cast.FRENE, cast.NOBODY):
        if customer in {item.id for item in listed}:
            assert (await memory.do(get_customer, actor, customer)).customer.id == customer
        else:
            with rejected("relationship.missing") as refused:
                await memory.do(get_customer, actor, customer)
            assert refused.value.parameters == {"partner": partner, "customer": customer}


async def test_a_reseller_is_shown_no_other_reseller_and_loses_sight_with_its_link(memory: Memory) -> None:
    birch, alder = await memory.actor(cast.BIRCH), await memory.actor(cast.ALDER)
    served = await memory.do(get_customer, birch, cast.CEDAR)
    assert served.reseller == cast.BIRCH
    assert [p.id for p in await memory.do(resellers_of_customer, birch, cast.CEDAR)] == [cast.BIRCH]
    assert [p.id for p in await memory.do(resellers_of_customer, alder, cast.CEDAR)] == [cast.BIRCH, cast.HORNBEAM]
    memory.connection.execute("update reseller_link set ended_at = 1 where reseller_id = ?", (cast.BIRCH,))
    assert await names(memory, birch) == []
    with rejected("relationship.missing"):
        await memory.do(get_customer, birch, cast.CEDAR)
    assert [p.id for p in await memory.do(resellers_of_customer, alder, cast.CEDAR)] == [cast.HORNBEAM]


async def test_a_reseller_of_two_providers_sees_a_customer_of_both_once(memory: Memory) -> None:
    provider = "0b1d0000-0000-4000-8000-000000000099"
    memory.connection.execute(
        "insert into partner select ?, 'Oak', kind, cloud, account, null, 'oak.example', country, culture, email, null,"
        " '1', 0 from partner where partner_id = ?",
        (provider, cast.ALDER),
    )
    memory.connection.execute("insert into reseller_link values (?, ?, 0, null)", (provider, cast.BIRCH))
    cedar = (await memory.do(get_customer, await memory.actor(cast.ALDER), cast.CEDAR)).customer
    await memory.do(relate, PartnerId(provider), cedar, [PartnerId(cast.BIRCH)])
    birch = await memory.actor(cast.BIRCH)
    assert await names(memory, birch) == ["Cedar Bakery"]
    for asked, seen in ((provider, ["Cedar Bakery"]), (cast.ALDER, ["Cedar Bakery"]), (cast.HAZEL, [])):
        assert await names(memory, birch, Search(SearchField.INDIRECT_PROVIDER, asked)) == seen


@pytest.mark.parametrize(
    ("partner", "field", "value", "whole", "found"),
    [
        (cast.ALDER, SearchField.COMPANY_NAME, "FRÊ", False, ["Frêne Conseil"]),
        (cast.ALDER, SearchField.COMPANY_NAME, "fre\u0302ne c", False, ["Frêne Conseil"]),
        (cast.ALDER, SearchField.COMPANY_NAME, "", False, ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil"]),
        (cast.ALDER, SearchField.COMPANY_NAME, "bakery", False, []),
        (cast.ALDER, SearchField.COMPANY_NAME, "c_dar", False, []),
        (cast.ALDER, SearchField.COMPANY_NAME, "%", False, []),
        (cast.ALDER, SearchField.COMPANY_NAME, "cedar", True, []),
        (cast.ALDER, SearchField.COMPANY_NAME, "CEDAR BAKERY", True, ["Cedar Bakery"]),
        (cast.ALDER, SearchField.DOMAIN, "Dog", False, ["Dogwood Legal"]),
        (cast.ALDER, SearchField.DOMAIN, "dogwood.example", True, ["Dogwood Legal"]),
        (cast.ALDER, SearchField.DOMAIN, "elm", False, []),
        (cast.ALDER, SearchField.INDIRECT_RESELLER, cast.HORNBEAM, False, ["Cedar Bakery", "Frêne Conseil"]),
        (cast.ALDER, SearchField.INDIRECT_RESELLER, cast.BIRCH, True, ["Cedar Bakery"]),
        (cast.ALDER, SearchField.INDIRECT_RESELLER, cast.HAZEL, False, []),
        (cast.ALDER, SearchField.INDIRECT_PROVIDER, cast.HAZEL, False, []),
        (cast.ALDER, SearchField.INDIRECT_PROVIDER, cast.ALDER, False, ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil"]),
        (cast.HAZEL, SearchField.INDIRECT_RESELLER, cast.BIRCH, False, []),
        (cast.HORNBEAM, SearchField.COMPANY_NAME, "fr", False, ["Frêne Conseil"]),
        (cast.HORNBEAM, SearchField.DOMAIN, "cedar", False, ["Cedar Bakery"]),
        (cast.HORNBEAM, SearchField.INDIRECT_RESELLER, cast.BIRCH, False, []),
        (cast.HORNBEAM, SearchField.INDIRECT_RESELLER, cast.HORNBEAM, False, ["Cedar Bakery", "Frêne Conseil"]),
    ],
)  # fmt: skip
async def test_customers_are_found(
    memory: Memory, partner: str, field: SearchField, value: str, whole: bool, found: list[str]
) -> None:
    actor = await memory.actor(partner)
    assert sorted(await names(memory, actor, Search(field, value, whole))) == found


@pytest.mark.parametrize("partner", [cast.HAZEL, cast.BIRCH])
@pytest.mark.parametrize("field", [None, SearchField.COMPANY_NAME, SearchField.DOMAIN])
async def test_pages_forwards_and_back_show_every_customer_once(
    memory: Memory, partner: str, field: SearchField | None
) -> None:
    actor, owner = await memory.actor(partner), await memory.actor(cast.ALDER if partner == cast.BIRCH else partner)
    through = cast.BIRCH if partner == cast.BIRCH else None
    for name in ("ada", "Ada", "Bob", "élan", "Élan", "Zoé", "ada", "42"):
        served = await memory.do(
            create_customer,
            call(owner),
            replace(CUSTOMER, company_name=name, domain=f"a{len(await memory.rows('select 1 from customer'))}.example"),
            None if through is None else PartnerId(through),
        )
        assert served.customer.company_name == name
    search = None if field is None else Search(field, "a" if field is SearchField.COMPANY_NAME else "")
    everything = (await memory.do(list_customers, actor, search, PageRequest())).items
    assert len(everything) == {None: 8, SearchField.COMPANY_NAME: 3, SearchField.DOMAIN: 8}[field] + (
        0 if field is SearchField.COMPANY_NAME else 1 if partner == cast.BIRCH else 2
    )

    async def page(page_request: PageRequest) -> Page:
        return await memory.do(list_customers, actor, search, page_request)

    forwards = [await page(PageRequest(3))]
    assert not forwards[0].more_before
    while forwards[-1].more_after:
        forwards.append(await page(PageRequest(3, PageStep.NEXT, forwards[-1].first, forwards[-1].last)))
        assert forwards[-1].more_before
    assert tuple(item for one in forwards for item in one.items) == everything

    last = await page(PageRequest(3, PageStep.LAST))
    assert last.items == everything[-3:]
    assert not last.more_after
    backwards = [last]
    while backwards[-1].more_before:
        backwards.append(await page(PageRequest(3, PageStep.PREVIOUS, backwards[-1].first, backwards[-1].last)))
        assert backwards[-1].more_after
    assert tuple(item for one in reversed(backwards) for item in one.items) == everything
    assert (await page(PageRequest(3, PageStep.NEXT, last.first, last.last))).items == ()


@pytest.mark.sqlite
async def test_a_long_list_is_entered_by_an_index_at_every_page(memory: Memory) -> None:
    plans: list[str] = []
    connection = memory.connection

    class Explained:
        """Asks the engine how it would go about each statement, instead of running it."""

        async def fetch_all(self, sql: str, *parameters: object) -> list:
            bound = {str(number): value for number, value in enumerate(parameters, 1)}
            plans.extend(row[3] for row in connection.execute(f"explain query plan {sql}", bound))
            return []

    uow: UnitOfWork = Explained()  # type: ignore[assignment]
    for partner in (cast.ALDER, cast.BIRCH):
        actor = await memory.actor(partner)
        for search in (None, *(Search(field, cast.ALDER) for field in SearchField)):
            for step in PageStep:
                await list_customers(uow, actor, search, PageRequest(2, step, ("b", "x"), ("c", "y")))
    assert plans
    assert not [plan for plan in plans if plan.startswith("SCAN") or "TEMP" in plan]


def subscribe(
    memory: Memory, status: str, partner: str = cast.ALDER, customer: str = cast.CEDAR, id_: str = "s"
) -> None:
    """The customer has bought something from the partner."""
    memory.connection.execute(
        "insert into order_ (partner_id, customer_id, order_id, billing_cycle, currency_code, status, created_at)"
        " values (?, ?, 'o', 'monthly', 'USD', 'completed', 0) on conflict do nothing",
        (partner, customer),
    )
    memory.connection.execute(
        "insert into subscription (partner_id, customer_id, subscription_id, order_id, offer_id, offer_name,"
        " friendly_name, quantity, billing_cycle, term_duration, renewal_term_duration, status, auto_renew, created_at,"
        " started_at, months, commitment_end_at)"
        " values (?, ?, ?, 'o', 'f', 'n', 'n', 1, 'monthly', 'P1Y', 'P1Y', ?, 1, ?, ?, 12, ?)",
        (partner, customer, id_, status, to_micros(AUGUST), to_micros(AUGUST), to_micros(AUGUST.replace(year=2019))),
    )
