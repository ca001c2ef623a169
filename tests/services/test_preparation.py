"""What a form for a confirmation begins with: the agreement asked for, whom, through whom, and what was recorded last."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agreegate import programme as programmes
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.confirmation import Ending, EndReason
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.services.confirmation import confirm
from agreegate.services.preparation import Preparation, prepare
from agreegate.services.standing import record_no_longer_agrees, void_confirmation
from agreegate.storage.engine.unit_of_work import UnitOfWork
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call

SUCCESSOR = programmes.load("microsoft-customer-agreement")


@pytest.fixture
def memory() -> Memory:
    return Memory()


async def prepared(
    memory: Memory,
    customer: str | None = cast.CEDAR,
    *,
    partner: str = cast.ALDER,
    user: str = cast.ALDER_SALES,
    programme: Programme = PROGRAMME,
    template: str = "",
) -> Preparation:
    found: Preparation = await memory.do(prepare, await memory.actor(partner, user), programme, customer, template)
    return found


async def record(memory: Memory, name: str = "Noa", template: str = cast.CLOUD_AGREEMENT) -> None:
    contact = replace(DRAFT_CONFIRMATION.contact, first_name=name)
    draft = replace(DRAFT_CONFIRMATION, template_id=TemplateId(template), contact=contact)
    await memory.do(confirm, call(await memory.actor(cast.ALDER, cast.ALDER_ADMIN)), PROGRAMME, cast.CEDAR, draft)


@pytest.mark.parametrize(
    ("programme", "now", "asked", "choice"),
    [
        (PROGRAMME, datetime(2018, 8, 15, tzinfo=UTC), cast.CLOUD_AGREEMENT, 2),
        (PROGRAMME, datetime(2026, 1, 1, tzinfo=UTC), cast.CLOUD_AGREEMENT, 2),
        (SUCCESSOR, datetime(2018, 8, 15, tzinfo=UTC), cast.CLOUD_AGREEMENT, 2),
        (SUCCESSOR, datetime(2020, 3, 30, tzinfo=UTC), cast.CUSTOMER_AGREEMENT, 2),
        (SUCCESSOR, datetime(2020, 3, 31, tzinfo=UTC), cast.CUSTOMER_AGREEMENT, 1),
    ],
)
async def test_the_agreement_is_the_one_that_the_gate_asks_for_and_only_living_ones_can_be_chosen(
    memory: Memory, programme: Programme, now: datetime, asked: str, choice: int
) -> None:
    memory.clock.now = now
    found = await prepared(memory, programme=programme)
    assert (found.template.id, len(found.choice)) == (asked, choice)


@pytest.mark.rule("R19")
async def test_who_accepted_last_comes_before_the_primary_contact_and_that_before_nobody(memory: Memory) -> None:
    assert (await prepared(memory)).contact is None

    async def add(uow: UnitOfWork) -> int:
        return await uow.execute(
            "insert into customer_contact values ($1, $2, 'p', '1', 'ida@cedar.example', 'Ida', 'Roy', '', '', '', '', '', '')",
            cast.ALDER,
            cast.CEDAR,
        )

    await memory.store.write(add)
    primary = (await prepared(memory)).contact
    assert primary is not None
    assert (primary.first_name, primary.email, primary.phone) == ("Ida", "ida@cedar.example", None)
    await record(memory)
    last = (await prepared(memory)).contact
    assert last == DRAFT_CONFIRMATION.contact


@pytest.mark.rule("R23")
async def test_a_provider_chooses_among_its_resellers_the_customers_own_first(memory: Memory) -> None:
    names = [reseller.name for reseller in (await prepared(memory, cast.FRENE)).resellers]
    assert names == ["Hornbeam Informatique", "Birch IT"]
    assert len((await prepared(memory, None)).resellers) == 2
    assert (await prepared(memory, partner=cast.HAZEL, user=cast.HAZEL_ADMIN)).resellers == ()


async def test_a_provider_of_many_resellers_chooses_among_the_customers_own_and_some(memory: Memory) -> None:
    async def link(uow: UnitOfWork) -> None:
        for number in range(150):
            id_ = f"00000000-0000-4000-9000-{number:012}"
            await uow.execute(
                "insert into partner (partner_id, name, kind, cloud, account, domain, country, culture, profile_etag, created_at)"
                " values ($1, $2, 'indirect_reseller', 'public', 'production', $3, 'US', 'en-US', '1', 0)",
                id_,
                f"A{number}",
                f"r{number}.example",
            )
            await uow.execute("insert into reseller_link values ($1, $2, 0, null)", cast.ALDER, id_)

    await memory.store.write(link)
    offered = (await prepared(memory, cast.FRENE)).resellers
    assert (len(offered), offered[0].name) == (100, "Hornbeam Informatique")


@pytest.mark.rule("R28")
@pytest.mark.parametrize(
    ("user", "designated"), [(cast.ALDER_MARKETPLACE, True), (cast.ALDER_SALES, False), (cast.NOBODY, False)]
)
async def test_a_designated_account_is_known_as_one(memory: Memory, user: str, designated: bool) -> None:
    assert (await prepared(memory, user=user)).designated is designated
    assert (await prepared(memory, None, user=user)).designated is designated


async def test_what_was_recorded_last_about_this_agreement_is_reported_with_its_author(memory: Memory) -> None:
    assert (await prepared(memory)).newest is None
    await record(memory)
    await record(memory, template=cast.CUSTOMER_AGREEMENT)
    first = (await prepared(memory)).newest
    assert first is not None
    assert (first.record.sequence, first.by) == (1, "admin@alder.example")
    assert first.record == (await prepared(memory)).current
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    await memory.do(void_confirmation, call(actor), PROGRAMME, cast.CEDAR, cast.CLOUD_AGREEMENT, "")
    taken = (await prepared(memory)).newest
    assert taken is not None
    assert isinstance(taken.record, Ending)
    assert (taken.record.reason, taken.by) == (EndReason.RECORDED_IN_ERROR, "sales@alder.example")
    other = (await prepared(memory, template=cast.CUSTOMER_AGREEMENT)).newest
    assert other is not None
    assert other.record.sequence == 2
    await memory.do(record_no_longer_agrees, call(actor), PROGRAMME, cast.CEDAR, "")
    for template in (cast.CLOUD_AGREEMENT, cast.CUSTOMER_AGREEMENT):
        refused = (await prepared(memory, template=template)).newest
        assert refused is not None
        assert isinstance(refused.record, Ending)
        assert refused.record.reason is EndReason.NO_LONGER_AGREES


@pytest.mark.parametrize(
    ("attempt", "key"),
    [
        ({"customer": cast.NOBODY}, "relationship.missing"),
        ({"customer": cast.ELM}, "relationship.missing"),
        ({"template": cast.NOBODY}, "confirmation.template-unknown"),
        ({"partner": cast.FIR, "user": cast.FIR_ADMIN, "customer": cast.GINKGO}, "confirmation.feature-absent"),
    ],
)
@pytest.mark.rule("R31")
async def test_what_cannot_be_confirmed_is_not_prepared(memory: Memory, attempt: dict[str, str], key: str) -> None:
    with pytest.raises(Rejected) as raised:
        await prepared(memory, **attempt)
    assert raised.value.code == key


@pytest.mark.rule("R1")
async def test_before_the_programme_nothing_is_prepared(memory: Memory) -> None:
    memory.clock.now = datetime(2018, 8, 6, tzinfo=UTC)
    with pytest.raises(Rejected) as raised:
        await prepared(memory)
    assert raised.value.code == "confirmation.feature-absent"
