"""Confirming: what is kept, what is refused, whose word counts (R13–R28, contract 4.2)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agreegate.domain.actor import Actor, Channel, UserId
from agreegate.domain.agreements.agreement import AgreementType, TemplateId
from agreegate.domain.agreements.text import Locale
from agreegate.domain.confirmation import Collection, CollectionDraft, Confirmation, Draft, Employee
from agreegate.domain.error import Rejected
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.warning import AcceptorWarning
from agreegate.services.confirmation import confirm, list_confirmations, list_without_employee, state_employee
from agreegate.services.customers.customer import remove_relationship
from agreegate.services.gate import ask
from agreegate.services.standing import Recorded, show_standing
from agreegate.storage.agreements.text import add_text_version
from agreegate.storage.customers.relationship import open_relationship
from tests import personas as cast
from tests.cast_rows import tables_of
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.rejection import rejected
from tests.texts import AMERICA, FRANCE, file
from tests.texts import draft as text_draft
from tests.world import API_ENFORCED, AUGUST

NOA = DRAFT_CONFIRMATION.contact
CUSTOMER_AGREEMENT = replace(DRAFT_CONFIRMATION, template_id=TemplateId(cast.CUSTOMER_AGREEMENT))


@pytest.fixture
def memory() -> Memory:
    return Memory()


async def sales(memory: Memory) -> Actor:
    return await memory.actor(cast.ALDER, cast.ALDER_SALES)


async def record(
    memory: Memory,
    draft: Draft = DRAFT_CONFIRMATION,
    customer: str = cast.CEDAR,
    actor: Actor | None = None,
    programme: Programme = PROGRAMME,
    **contact: Any,
) -> Confirmation:
    draft = replace(draft, contact=replace(draft.contact, **contact))
    return await memory.do(confirm, call(actor or await sales(memory)), programme, customer, draft)


async def refused(memory: Memory, **attempt: Any) -> str:
    """Return the code of the error; nothing must have been kept."""
    before = await rows_by_table(memory)
    with pytest.raises(Rejected) as raised:
        await record(memory, **attempt)
    assert await rows_by_table(memory) == before
    return raised.value.code


async def rows_by_table(memory: Memory) -> dict[str, int]:
    return {table: (await memory.rows(f"select count(*) from {table}"))[0][0] for table in tables_of(memory.connection)}


async def opens(memory: Memory, actor: Actor, customer: str = cast.CEDAR, channel: Channel = Channel.API) -> bool:
    asked = Transaction(Action.NEW_PURCHASE, channel)
    return (await ask(memory.store, actor, PROGRAMME, customer, asked, at=API_ENFORCED)).allowed


async def contacts(memory: Memory, actor: Actor, customer: str = cast.CEDAR) -> list[str]:
    found = await memory.do(list_confirmations, actor, PROGRAMME, customer)
    return [confirmation.contact.first_name for confirmation in found if confirmation.contact]


@pytest.mark.rule("R13", "R15", "R21", "R38")
async def test_what_was_handed_in_is_kept_with_who_recorded_it_when_and_by_which_channel(memory: Memory) -> None:
    actor = replace(await sales(memory), channel=Channel.DASHBOARD)
    kept = await record(memory, actor=actor)
    [listed] = await memory.do(list_confirmations, actor, PROGRAMME, cast.CEDAR)
    assert listed == kept
    assert kept == Confirmation(
        id=kept.id,
        sequence=1,
        template_id=TemplateId(cast.CLOUD_AGREEMENT),
        agreement_type=AgreementType("MicrosoftCloudAgreement"),
        date_agreed=AUGUST,
        contact=NOA,
        user_id=UserId(cast.ALDER_SALES),
        recorded_by=cast.ALDER_SALES,
        channel=Channel.DASHBOARD,
        recorded_at=AUGUST,
        request_id=call(actor).request_id,
    )


@pytest.mark.rule("R18", "R19", "R20")
async def test_nothing_is_written_but_the_record_and_who_made_it(memory: Memory) -> None:
    """No message waits to be sent, no document is kept, and nothing is counted."""
    before = await rows_by_table(memory)
    await record(memory)
    after = await rows_by_table(memory)
    written = {"confirmation", "confirmation_contact", "current_confirmation", "audit_record"}
    written |= {"customer_sequence"}
    changed = {table for table in after if after[table] != before[table]}
    assert changed - {"kept_unit"} == written, (
        "on PostgreSQL also the unit's own id, for a commit that loses its connection"
    )
    [audit] = await memory.rows(
        "select operation_type, resource_type, operation_status, user_id, resource_new_value from audit_record"
    )
    assert audit == ("record_confirmation", "confirmation", "succeeded", cast.ALDER_SALES, None)


@pytest.mark.rule("R6", "R7", "R41")
@pytest.mark.parametrize("recorded_on", Channel)
async def test_the_next_question_on_either_channel_finds_it(memory: Memory, recorded_on: Channel) -> None:
    actor = replace(await sales(memory), channel=recorded_on)
    assert not await opens(memory, actor)
    await record(memory, actor=actor)
    assert await opens(memory, actor, channel=Channel.API)
    assert await opens(memory, actor, channel=Channel.DASHBOARD)


@pytest.mark.rule("R17", "R27")
async def test_a_correction_is_one_more_record_and_the_newest_counts_even_if_the_clock_went_back(
    memory: Memory,
) -> None:
    actor = await sales(memory)
    await record(memory, first_name="Nia")
    memory.clock.now = AUGUST - timedelta(days=3)
    await record(memory, replace(DRAFT_CONFIRMATION, date_agreed=memory.clock.now), first_name="Noa")
    assert await contacts(memory, actor) == ["Noa", "Nia"]
    assert await memory.rows("select sequence from current_confirmation") == [(2,)]


@pytest.mark.rule("R22", "R27")
async def test_a_resellers_own_record_does_not_exist_and_one_by_the_provider_serves_all_its_resellers(
    memory: Memory,
) -> None:
    birch = await memory.actor(cast.BIRCH, cast.BIRCH_SALES)
    assert await refused(memory, actor=birch) == "relationship.missing"
    await record(memory)
    assert await memory.rows("select partner_id, customer_id from current_confirmation") == [(cast.ALDER, cast.CEDAR)]


@pytest.mark.rule("R28", "X8")
@pytest.mark.parametrize(
    ("named", "key"),
    [
        (None, None),
        (cast.ALDER_SALES, None),
        (cast.ALDER_MARKETPLACE, None),
        (cast.HAZEL_ADMIN, "confirmation.user-unknown"),
        (cast.NOBODY, "confirmation.user-unknown"),
    ],
)
async def test_the_user_named_is_one_of_the_partners(memory: Memory, named: str | None, key: str | None) -> None:
    draft = replace(DRAFT_CONFIRMATION, user_id=None if named is None else UserId(named))
    if key is not None:
        assert await refused(memory, draft=draft) == key
        return
    kept = await record(memory, draft)
    assert (kept.user_id, kept.recorded_by) == (named or cast.ALDER_SALES, cast.ALDER_SALES)


async def test_an_application_alone_confirms_nothing(memory: Memory) -> None:
    assert await refused(memory, actor=await memory.actor(cast.ALDER)) == "access.user-required"


@pytest.mark.rule("R1")
async def test_before_the_first_day_there_is_nothing_to_confirm(memory: Memory) -> None:
    memory.clock.now = datetime(2018, 8, 6, 23, 59, 59, 999_999, UTC)
    early = replace(DRAFT_CONFIRMATION, date_agreed=memory.clock.now)
    assert await refused(memory, draft=early) == "confirmation.feature-absent"
    memory.clock.now = datetime(2018, 8, 7, tzinfo=UTC)
    await record(memory, early)


@pytest.mark.rule("R28")
async def test_the_employee_behind_a_designated_account_is_stated_with_the_record_or_afterwards_and_corrected(
    memory: Memory,
) -> None:
    marketplace = await memory.actor(cast.ALDER, cast.ALDER_MARKETPLACE)
    said = Employee("Ada Quill", "ada@alder.example", "4711")
    named = await record(memory, replace(DRAFT_CONFIRMATION, employee=said), actor=marketplace)
    unnamed = await record(memory, customer=cast.FRENE, actor=marketplace)
    by_hand = await record(memory, customer=cast.DOGWOOD)
    assert (named.confirmed_by, unnamed.confirmed_by, by_hand.confirmed_by) == (said, None, None)
    assert (await memory.do(list_without_employee, marketplace)).items == (
        (cast.FRENE, unnamed.id, cast.CLOUD_AGREEMENT),
    )

    for actor, confirmation, key in (
        (await memory.actor(cast.HAZEL, cast.HAZEL_ADMIN), unnamed.id, "request.not-found"),
        (marketplace, by_hand.id, "confirmation.not-designated"),
    ):
        with pytest.raises(Rejected) as raised:
            await memory.do(state_employee, call(actor), confirmation, Employee("Eve"))
        assert raised.value.code == key
    await memory.do(state_employee, call(await sales(memory)), unnamed.id, Employee(" Ben Ohm "))
    [listed] = await memory.do(list_confirmations, marketplace, PROGRAMME, cast.FRENE)
    assert listed == replace(unnamed, confirmed_by=Employee("Ben Ohm"))
    assert (await memory.do(list_without_employee, marketplace)).items == ()
    await memory.do(state_employee, call(await sales(memory)), named.id, Employee("Eve Quill"))
    [listed] = await memory.do(list_confirmations, marketplace, PROGRAMME, cast.CEDAR)
    assert listed == replace(named, confirmed_by=Employee("Eve Quill"))
    kept = await memory.rows("select name, stated_by from confirmation_employee order by number")
    assert kept == [
        ("Ada Quill", cast.ALDER_MARKETPLACE),
        ("Ben Ohm", cast.ALDER_SALES),
        ("Eve Quill", cast.ALDER_SALES),
    ]


@pytest.mark.fault("B5")
async def test_only_a_designated_account_names_an_employee_with_its_confirmation(memory: Memory) -> None:
    named = replace(DRAFT_CONFIRMATION, employee=Employee("Ada Quill"))
    marketplace = await memory.actor(cast.ALDER, cast.ALDER_MARKETPLACE)
    assert await refused(memory, draft=named) == "confirmation.not-designated"
    other = replace(named, user_id=UserId(cast.ALDER_MARKETPLACE))
    assert await refused(memory, draft=other) == "confirmation.not-designated", "in its name is not by it"
    assert await refused(memory, draft=replace(named, user_id=UserId(cast.ALDER_SALES)), actor=marketplace) == (
        "confirmation.not-designated"
    ), "whoever is named by the user id is no employee without an account"
    await record(memory, named, actor=marketplace)
    designate(memory, cast.ALDER_MARKETPLACE, False)
    assert await refused(memory, draft=named, actor=marketplace) == "confirmation.not-designated"


@pytest.mark.fault("B5")
async def test_who_is_designated_when_the_statement_is_made_decides(memory: Memory) -> None:
    marketplace = await memory.actor(cast.ALDER, cast.ALDER_MARKETPLACE)
    confirmed = await record(memory, actor=marketplace)
    by_hand = await record(memory, customer=cast.DOGWOOD)
    designate(memory, cast.ALDER_MARKETPLACE, False)
    designate(memory, cast.ALDER_SALES, True)
    assert (await memory.do(list_without_employee, marketplace)).items == (
        (cast.DOGWOOD, by_hand.id, cast.CLOUD_AGREEMENT),
    )
    with rejected("confirmation.not-designated"):
        await memory.do(state_employee, call(marketplace), confirmed.id, Employee("Ben Ohm"))
    await memory.do(state_employee, call(marketplace), by_hand.id, Employee("Ben Ohm"))
    assert await memory.rows("select name from confirmation_employee") == [("Ben Ohm",)]


@pytest.mark.fault("B5")
async def test_a_statement_has_an_audit_record_and_the_same_again_adds_nothing(memory: Memory) -> None:
    marketplace = await memory.actor(cast.ALDER, cast.ALDER_MARKETPLACE)
    confirmed = await record(memory, actor=marketplace)
    kept = "select operation_type, resource_type, resource_id, user_id, correlation_id, resource_new_value from audit_record"
    before = len(await memory.rows(kept))
    for number, name in enumerate(("Ben Ohm", "Ben Ohm ", "Ada Quill", "Ben Ohm"), 2):
        await memory.do(state_employee, call(await sales(memory), number), confirmed.id, Employee(name))
    stated = ("state_employee", "confirmation", confirmed.id, cast.ALDER_SALES, call(marketplace).correlation_id, None)
    assert (await memory.rows(kept))[before:] == [stated] * 3
    rows = await memory.rows("select number, name from confirmation_employee order by number")
    assert rows == [(1, "Ben Ohm"), (2, "Ada Quill"), (3, "Ben Ohm")]


@pytest.mark.fault("B5")
async def test_nothing_is_stated_of_a_relationship_that_has_ended(memory: Memory) -> None:
    marketplace = await memory.actor(cast.ALDER, cast.ALDER_MARKETPLACE)
    confirmed = await record(memory, actor=marketplace)
    await memory.do(remove_relationship, call(marketplace), cast.CEDAR)
    for _ in range(2):
        with rejected("confirmation.relationship-over"):
            await memory.do(state_employee, call(marketplace), confirmed.id, Employee("Ben Ohm"))
        assert (await memory.do(list_without_employee, marketplace)).items == ()
        await memory.do(open_relationship, marketplace.partner.id, cast.CEDAR)
    assert await memory.rows("select * from confirmation_employee") == []


def designate(memory: Memory, user: str, designated: bool) -> None:
    """What `directory apply` does."""
    memory.connection.execute("update partner_user set designated = ? where user_id = ?", (designated, user))


@pytest.mark.rule("R26")
async def test_nobody_lists_what_is_not_theirs(memory: Memory) -> None:
    await record(memory)
    for customer in (cast.ELM, cast.NOBODY):
        with pytest.raises(Rejected) as raised:
            await contacts(memory, await sales(memory), customer)
        assert raised.value.code == "relationship.missing"


COLLECTION = CollectionDraft(PartnerId(cast.BIRCH), " Kim Marsh ", AUGUST)
COLLECTED = replace(DRAFT_CONFIRMATION, collection=COLLECTION)


async def shown(memory: Memory, actor: Actor) -> Recorded:
    """The newest confirmation, as the standing shows it."""
    standing = await memory.do(show_standing, actor, PROGRAMME, cast.CEDAR)
    return next(one.history[0] for one in standing.agreements if one.history)


@pytest.mark.rule("R22", "R23")
async def test_through_whom_a_provider_got_the_data_is_kept(memory: Memory) -> None:
    await record(memory, COLLECTED)
    assert (await shown(memory, await sales(memory))).collection == Collection(
        PartnerId(cast.BIRCH), "Kim Marsh", AUGUST
    )


@pytest.mark.rule("R23")
async def test_nothing_is_collected_unless_it_is_said(memory: Memory) -> None:
    await record(memory)
    assert (await shown(memory, await sales(memory))).collection is None


@pytest.mark.rule("R22", "R23")
@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"reseller_id": cast.HAZEL}, "customer.reseller-not-linked"),
        ({"reseller_id": cast.NOBODY}, "customer.reseller-not-linked"),
        ({"person": " "}, "request.invalid-property"),
        ({"person": "x" * 101}, "request.invalid-property"),
        ({"collected_on": AUGUST + timedelta(hours=14, seconds=1)}, "confirmation.agreed-in-future"),
    ],
)
async def test_who_collected_must_be_a_reseller_of_the_providers_a_person_and_a_day_that_has_come(
    memory: Memory, changes: dict[str, Any], key: str
) -> None:
    assert await refused(memory, draft=replace(COLLECTED, collection=replace(COLLECTION, **changes))) == key


async def test_only_a_provider_collects_through_resellers(memory: Memory) -> None:
    hazel = await memory.actor(cast.HAZEL, cast.HAZEL_ADMIN)
    assert await refused(memory, draft=COLLECTED, actor=hazel) == "request.invalid-property"


@pytest.mark.rule("R24", "R41")
@pytest.mark.parametrize("channel", list(Channel))
async def test_an_acceptor_of_the_partners_side_is_recorded_with_a_warning_on_both_channels(
    memory: Memory, channel: Channel
) -> None:
    await memory.store.write(
        lambda uow: uow.execute("insert into partner_mail_domain values ($1, 'post.example')", cast.ALDER)
    )
    await memory.store.write(
        lambda uow: uow.execute("insert into partner_mail_domain values ($1, 'kontor.example')", cast.BIRCH)
    )
    actor = replace(await sales(memory), channel=channel)
    found = {}
    for email in (
        "n@alder.example",
        "n@post.example",
        "n@eu.birch.example",
        "n@kontor.example",
        "X@Y.example",
        "n@cedar.example",
    ):
        await record(memory, actor=actor, email=email)
        found[email] = (await shown(memory, actor)).warnings
    assert found == {
        "n@alder.example": (AcceptorWarning.PARTNER_DOMAIN,),
        "n@post.example": (AcceptorWarning.PARTNER_DOMAIN,),
        "n@eu.birch.example": (AcceptorWarning.RESELLER_DOMAIN,),
        "n@kontor.example": (AcceptorWarning.RESELLER_DOMAIN,),
        "X@Y.example": (AcceptorWarning.OWN_ADDRESS,),
        "n@cedar.example": (),
    }
    assert await opens(memory, actor)


@pytest.mark.rule("R24")
async def test_a_reseller_whose_link_has_ended_is_nobodys_side_any_more(memory: Memory) -> None:
    await memory.store.write(
        lambda uow: uow.execute("update reseller_link set ended_at = 1 where reseller_id = $1", cast.BIRCH)
    )
    await record(memory, email="n@birch.example")
    assert (await shown(memory, await sales(memory))).warnings == ()


async def test_another_partners_resellers_warn_nobody(memory: Memory) -> None:
    hazel = await memory.actor(cast.HAZEL, cast.HAZEL_ADMIN)
    await record(memory, actor=hazel, email="n@birch.example")
    assert (await shown(memory, hazel)).warnings == ()


@pytest.mark.rule("R24")
async def test_a_kept_warning_is_neither_changed_nor_deleted(memory: Memory) -> None:
    await record(memory, email="n@birch.example")
    for change in ("delete from confirmation_warning", "update confirmation_warning set warning = 'own_address'"):
        with pytest.raises(Exception, match="append only"):
            await memory.store.write(lambda uow, change=change: uow.execute(change))


NOON = AUGUST + timedelta(hours=12)
EARLIER, LATER = AUGUST - timedelta(days=30), AUGUST - timedelta(days=3)


@pytest.mark.rule("R32", "R38")
@pytest.mark.parametrize(
    ("published", "agreed", "known"),
    [
        ([("1", EARLIER, AMERICA)], LATER, ("inferred", "1", "US", "en-US")),
        ([("1", EARLIER, AMERICA), ("2", LATER, AMERICA)], NOON, ("inferred", "2", "US", "en-US")),
        ([("1", EARLIER, AMERICA), ("2", LATER, AMERICA)], LATER - timedelta(days=1), ("inferred", "1", "US", "en-US")),
        (
            [("1", EARLIER, AMERICA), ("2", LATER + timedelta(hours=9), AMERICA)],
            LATER,
            ("undetermined", None, None, None),
        ),
        ([("1", EARLIER, FRANCE)], NOON, ("undetermined", None, None, None)),
        ([("1", NOON + timedelta(days=9), AMERICA)], NOON, None),
        ([], NOON, None),
    ],
)
async def test_which_text_was_accepted_is_kept_beside_the_confirmation(
    memory: Memory,
    published: list[tuple[str, datetime, Locale]],
    agreed: datetime,
    known: tuple[str | None, ...] | None,
) -> None:
    for label, effective, locale in published:
        draft = text_draft(label, effective_from=effective, files={locale: file(label)})
        await memory.do(add_text_version, draft, "tests")
    memory.clock.now = NOON + timedelta(hours=1)
    await record(memory, replace(DRAFT_CONFIRMATION, date_agreed=agreed))
    kept = await memory.rows(
        "select t.basis, v.label, t.country, t.language from confirmation_text t left join text_version v using (version_id)"
    )
    assert kept == ([] if known is None else [known])
