"""What a partner knows of itself and of the partners it works with, and no more."""

from datetime import timedelta

import pytest

from agreegate.services.confirmation import signed_directly
from agreegate.services.partner import (
    RelationshipType,
    mpn_partner,
    organization_profile,
    partner_agreement_signed,
    partner_relationships,
)
from agreegate.storage.engine.unit_of_work import to_micros
from tests import personas as cast
from tests.memory import PROGRAMME, Memory
from tests.rejection import rejected
from tests.world import AUGUST

MPN = {
    cast.ALDER: "1000001",
    cast.BIRCH: "1000002",
    cast.HAZEL: "1000003",
    cast.MAPLE: "1000006",
    cast.HORNBEAM: "1000007",
}
WORKS_WITH = {
    cast.ALDER: {cast.ALDER, cast.BIRCH, cast.HORNBEAM},
    cast.BIRCH: {cast.BIRCH, cast.ALDER},
    cast.HAZEL: {cast.HAZEL},
}


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.mark.parametrize("asking", WORKS_WITH)
@pytest.mark.parametrize("asked", MPN)
async def test_only_partners_one_works_with_are_known(memory: Memory, asking: str, asked: str) -> None:
    actor = await memory.actor(asking)
    memory.connection.execute("update partner set mpa_signed_at = 0 where partner_id <> ?", (cast.HORNBEAM,))
    for ids in ({"mpn_id": MPN[asked], "tenant": None}, {"mpn_id": None, "tenant": asked}):
        if asked in WORKS_WITH[asking]:
            assert await memory.do(partner_agreement_signed, actor, **ids) is (asked != cast.HORNBEAM)
        else:
            with rejected("partner.unknown"):
                await memory.do(partner_agreement_signed, actor, **ids)
    if asked in WORKS_WITH[asking]:
        assert (await memory.do(mpn_partner, actor, MPN[asked])).id == asked
    else:
        with rejected("request.not-found"):
            await memory.do(mpn_partner, actor, MPN[asked])


async def test_a_link_that_ended_is_none(memory: Memory) -> None:
    alder, birch = await memory.actor(cast.ALDER), await memory.actor(cast.BIRCH)
    memory.connection.execute("update reseller_link set ended_at = 1 where reseller_id = ?", (cast.BIRCH,))
    for actor, other in ((alder, cast.BIRCH), (birch, cast.ALDER)):
        with rejected("partner.unknown"):
            await memory.do(partner_agreement_signed, actor, mpn_id=None, tenant=other)
    assert await memory.do(partner_relationships, birch, RelationshipType.RESELLER_OF) == []
    resellers = await memory.do(partner_relationships, alder, RelationshipType.PROVIDER_OF)
    assert [partner.id for partner in resellers] == [cast.HORNBEAM]


async def test_an_agreement_to_be_signed_later_is_not_signed_yet(memory: Memory) -> None:
    hazel = await memory.actor(cast.HAZEL)
    memory.connection.execute("update partner set mpa_signed_at = ?", (to_micros(AUGUST + timedelta(days=1)),))
    assert not await memory.do(partner_agreement_signed, hazel, mpn_id=None, tenant=cast.HAZEL)
    memory.clock.now += timedelta(days=1)
    assert await memory.do(partner_agreement_signed, hazel, mpn_id=None, tenant=cast.HAZEL)


async def test_links_are_listed_from_either_end(memory: Memory) -> None:
    alder, birch = await memory.actor(cast.ALDER), await memory.actor(cast.BIRCH)
    resellers = await memory.do(partner_relationships, alder, RelationshipType.PROVIDER_OF)
    assert [partner.name for partner in resellers] == ["Birch IT", "Hornbeam Informatique"]
    providers = await memory.do(partner_relationships, birch, RelationshipType.RESELLER_OF)
    assert [partner.id for partner in providers] == [cast.ALDER]
    assert await memory.do(partner_relationships, birch, RelationshipType.PROVIDER_OF) == []


async def test_a_partner_without_a_network_id_has_no_network_profile(memory: Memory) -> None:
    hazel = await memory.actor(cast.HAZEL)
    assert (await memory.do(mpn_partner, hazel, None)).mpn_id == "1000003"
    memory.connection.execute("update partner set mpn_id = null where partner_id = ?", (cast.HAZEL,))
    with rejected("request.not-found"):
        await memory.do(mpn_partner, hazel, None)
    assert (await memory.do(organization_profile, hazel)).partner.domain == "hazel.example"


async def test_direct_acceptance_is_read_from_the_record_and_per_partner(memory: Memory) -> None:
    alder, hazel = await memory.actor(cast.ALDER), await memory.actor(cast.HAZEL)
    assert not await memory.do(signed_directly, alder, PROGRAMME, cast.CEDAR)
    for agreement_type in ("MicrosoftCustomerAgreement", "MicrosoftCloudAgreement"):
        memory.connection.execute(
            "insert into direct_acceptance values (?, ?, ?, 0)",
            (cast.ALDER if agreement_type.endswith("CustomerAgreement") else cast.HAZEL, cast.CEDAR, agreement_type),
        )
    assert await memory.do(signed_directly, alder, PROGRAMME, cast.CEDAR)
    assert not await memory.do(signed_directly, hazel, PROGRAMME, cast.CEDAR)


@pytest.mark.rule("R1")
async def test_direct_acceptance_of_strangers_and_before_the_start_is_refused(memory: Memory) -> None:
    alder = await memory.actor(cast.ALDER)
    for customer in (cast.ELM, cast.NOBODY):
        with rejected("relationship.missing"):
            await memory.do(signed_directly, alder, PROGRAMME, customer)
    memory.clock.now = AUGUST.replace(day=6)
    with rejected("confirmation.feature-absent"):
        await memory.do(signed_directly, alder, PROGRAMME, cast.CEDAR)
