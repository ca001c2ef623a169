"""What is known of a customer's acceptance, and how it ends: told from the record alone (R17, R27, R47)."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.confirmation import EndReason
from agreegate.domain.error import Rejected
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.programme import Programme
from agreegate.services.confirmation import confirm, list_confirmations
from agreegate.services.customers.customer import remove_relationship
from agreegate.services.customers.customer_record import Entry, read_record
from agreegate.services.gate import ask
from agreegate.services.standing import (
    CustomerStanding,
    record_no_longer_agrees,
    show_recorded,
    show_standing,
    void_confirmation,
)
from agreegate.storage.customers.relationship import open_relationship
from agreegate.storage.customers.standing import standing_of
from agreegate.storage.pagination import PageRequest, PageStep
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.rejection import rejected
from tests.world import API_ENFORCED, AUGUST, EVE_OF_API

CLOUD, CUSTOMER = cast.CLOUD_AGREEMENT, cast.CUSTOMER_AGREEMENT


class Case:
    """One partner and one customer, in short sentences."""

    def __init__(self, memory: Memory, actor: Actor, customer: str = cast.CEDAR) -> None:
        self.memory = memory
        self.actor = actor
        self.customer = customer
        self.calls = 0

    async def confirm(self, template: str = CLOUD, name: str = "Noa") -> None:
        draft = replace(
            DRAFT_CONFIRMATION,
            template_id=TemplateId(template),
            contact=replace(DRAFT_CONFIRMATION.contact, first_name=name),
        )
        await self._do(confirm, draft)

    async def void_confirmation(self, template: str = CLOUD, note: str = "Wrong customer.") -> CustomerStanding:
        standing: CustomerStanding = await self._do(void_confirmation, template, note)
        return standing

    async def refuse(self, note: str = "By phone.") -> CustomerStanding:
        standing: CustomerStanding = await self._do(record_no_longer_agrees, note)
        return standing

    async def leave(self) -> None:
        await self.memory.do(remove_relationship, call(self.actor), self.customer)

    async def come_back(self) -> None:
        await self.memory.do(open_relationship, self.actor.partner.id, self.customer)

    async def standing(self, programme: Programme = PROGRAMME) -> CustomerStanding:
        return await self.memory.do(show_standing, self.actor, programme, self.customer)

    async def states(self, programme: Programme = PROGRAMME) -> tuple[str, str]:
        """Of the Cloud Agreement and of the Customer Agreement."""
        agreements = {a.template.id: a.state for a in (await self.standing(programme)).agreements}
        return agreements[TemplateId(CLOUD)], agreements[TemplateId(CUSTOMER)]

    async def counts(self, template: str = CLOUD) -> str | None:
        """The first name in the confirmation that counts."""
        [found] = [a.confirmation for a in (await self.standing()).agreements if a.template.id == template]
        return found.contact.first_name if found and found.contact else None

    async def gate(self, now: datetime = API_ENFORCED, action: Action = Action.NEW_PURCHASE) -> str:
        """`allow`, or why not."""
        asked = Transaction(action, Channel.API)
        decision = await ask(self.memory.store, self.actor, PROGRAMME, self.customer, asked, at=now)
        return decision.reasons[0].code if decision.reasons else "allow"

    async def nothing_to_end(self, *what: Any) -> None:
        """Ending is refused, and changes nothing."""
        before = [
            await self.memory.rows(f"select * from {table}") for table in ("ending", "relationship", "audit_record")
        ]
        with pytest.raises(Rejected) as raised:
            await self._do(*what)
        assert raised.value.code == "confirmation.nothing-to-end"
        after = [
            await self.memory.rows(f"select * from {table}") for table in ("ending", "relationship", "audit_record")
        ]
        assert after == before

    async def _do(self, work: Any, *what: Any) -> Any:
        self.calls += 1
        return await self.memory.do(work, call(self.actor, self.calls), PROGRAMME, self.customer, *what)


@pytest.fixture
async def cedar() -> Case:
    memory = Memory()
    return Case(memory, await memory.actor(cast.ALDER, cast.ALDER_SALES))


@pytest.mark.rule("R17", "R36")
async def test_the_record_stays_and_says_what_ended_it(cedar: Case) -> None:
    await cedar.confirm(name="first")
    await cedar.confirm(name="wrong")
    cedar.memory.clock.now = EVE_OF_API
    cedar.actor = replace(cedar.actor, channel=Channel.DASHBOARD)
    await cedar.void_confirmation(note="Typed into the wrong customer.")
    [agreement] = [a for a in (await cedar.standing()).agreements if a.template.id == CLOUD]
    assert [r.confirmation.contact.first_name for r in agreement.history if r.confirmation.contact] == [
        "wrong",
        "first",
    ]
    ended, counting = agreement.history
    assert counting.ended_by is None
    assert ended.ended_by is not None
    assert (ended.ended_by.reason, ended.ended_by.note, ended.ended_by.recorded_by, ended.ended_by.channel) == (
        EndReason.RECORDED_IN_ERROR,
        "Typed into the wrong customer.",
        cast.ALDER_SALES,
        Channel.DASHBOARD,
    )
    assert (ended.ended_by.recorded_at, ended.ended_by.confirmation_id) == (EVE_OF_API, ended.confirmation.id)
    audit = "select operation_type, user_id, resource_id from audit_record order by operation_at desc limit 1"
    assert await cedar.memory.rows(audit) == [("end_confirmation", cast.ALDER_SALES, ended.ended_by.id)]


@pytest.mark.rule("R40", "R47")
async def test_no_longer_agrees_ends_every_agreement_type_and_is_kept_with_reason_user_and_instant(cedar: Case) -> None:
    await cedar.confirm(CLOUD)
    await cedar.confirm(CUSTOMER)
    standing = await cedar.refuse("Said so on the phone.")
    assert await cedar.states() == ("ended", "ended")
    [ending] = standing.no_longer_agreed
    assert (ending.reason, ending.note, ending.recorded_by, ending.recorded_at, ending.confirmation_id) == (
        EndReason.NO_LONGER_AGREES,
        "Said so on the phone.",
        cast.ALDER_SALES,
        AUGUST,
        None,
    )
    assert {r.ended_by for a in standing.agreements for r in a.history} == {ending}
    assert await cedar.memory.do(list_confirmations, cedar.actor, PROGRAMME, cast.CEDAR) == []
    for action in Action:
        stopped = action.needs_confirmation or action is Action.REACTIVATE
        assert await cedar.gate(AUGUST, action) == ("confirmation.ended" if stopped else "allow")


@pytest.mark.fault("F6")
@pytest.mark.rule("R47")
async def test_the_gate_knows_the_date_of_the_newest_no(cedar: Case) -> None:
    for day in (0, 5):
        cedar.memory.clock.now = said = AUGUST + timedelta(days=day)
        await cedar.confirm(name=f"day {day}")
        await cedar.refuse()
        known = await cedar.memory.do(standing_of, cedar.actor.partner.id, cast.CEDAR)
        assert known.no_longer_agrees_at == said
    await cedar.confirm(name="after both")
    known = await cedar.memory.do(standing_of, cedar.actor.partner.id, cast.CEDAR)
    assert known.no_longer_agrees_at == said
    await cedar.leave()
    await cedar.come_back()
    known = await cedar.memory.do(standing_of, cedar.actor.partner.id, cast.CEDAR)
    assert known.no_longer_agrees_at == said


async def test_a_relationship_that_returns_starts_without_a_confirmation_and_the_history_stays(cedar: Case) -> None:
    await cedar.confirm(name="first period")
    await cedar.leave()
    assert await cedar.gate() == "relationship.missing"
    with pytest.raises(Rejected) as raised:
        await cedar.standing()
    assert raised.value.code == "relationship.missing"
    cedar.memory.clock.now = EVE_OF_API
    await cedar.come_back()
    standing = await cedar.standing()
    assert (await cedar.states(), standing.relationship_since) == (("missing", "missing"), EVE_OF_API)
    assert [len(a.history) for a in standing.agreements if a.template.id == CLOUD] == [1]
    assert await cedar.gate() == "confirmation.missing"
    await cedar.nothing_to_end(void_confirmation, CLOUD, "")
    assert await cedar.memory.do(list_confirmations, cedar.actor, PROGRAMME, cast.CEDAR) == []
    await cedar.confirm(name="second period")
    await cedar.void_confirmation()
    assert await cedar.counts() is None, "the first period does not come back"


@pytest.mark.rule("R47")
async def test_a_customer_that_never_confirmed_can_no_longer_agree_once(cedar: Case) -> None:
    await cedar.refuse("x" * 1000)
    assert await cedar.states() == ("ended", "ended")
    await cedar.nothing_to_end(record_no_longer_agrees, "")


async def test_a_confirmation_of_another_template_of_the_type_is_not_voided(cedar: Case) -> None:
    await cedar.confirm()
    templates = (replace(one, id=TemplateId(cast.NOBODY)) if one.id == CLOUD else one for one in PROGRAMME.templates)
    successor = replace(PROGRAMME, templates=tuple(templates))
    with rejected("confirmation.nothing-to-end"):
        await cedar.memory.do(void_confirmation, call(cedar.actor), successor, cast.CEDAR, cast.NOBODY, "")
    assert await cedar.counts() == "Noa"


@pytest.mark.rule("R26")
async def test_a_confirmation_is_shown_only_with_its_partner_and_customer(cedar: Case) -> None:
    await cedar.confirm()
    [(id_,)] = await cedar.memory.rows("select confirmation_id from confirmation")
    shown = await cedar.memory.do(show_recorded, cedar.actor, PROGRAMME, cast.CEDAR, id_)
    assert shown.confirmation.id == id_
    hazel = await cedar.memory.actor(cast.HAZEL, cast.HAZEL_ADMIN)
    for actor, customer in ((cedar.actor, cast.DOGWOOD), (hazel, cast.CEDAR)):
        with rejected("request.not-found"):
            await cedar.memory.do(show_recorded, actor, PROGRAMME, customer, id_)


@pytest.mark.rule("R26")
async def test_one_partners_ending_is_not_anothers(cedar: Case) -> None:
    hazel = Case(cedar.memory, await cedar.memory.actor(cast.HAZEL, cast.HAZEL_ADMIN))
    for partner in (cedar, hazel):
        await partner.confirm()
    await cedar.refuse("Secret of Alder.")
    assert (await cedar.gate(), await hazel.gate()) == ("confirmation.ended", "allow")
    assert "Secret" not in str(await hazel.standing())
    await hazel.void_confirmation()
    assert (await cedar.gate(), await hazel.gate()) == ("confirmation.ended", "confirmation.missing")


@pytest.mark.parametrize(
    ("work", "what", "key"),
    [
        (record_no_longer_agrees, ("x" * 1001,), "request.invalid-property"),
        (record_no_longer_agrees, ("a\x00b",), "request.invalid-property"),
        (void_confirmation, (CLOUD, "x" * 1001), "request.invalid-property"),
        (void_confirmation, (cast.NOBODY, ""), "confirmation.template-unknown"),
        (void_confirmation, (CUSTOMER, ""), "confirmation.nothing-to-end"),
    ],
)
async def test_an_ending_that_cannot_be_leaves_everything_as_it_was(
    cedar: Case, work: Any, what: tuple[str, ...], key: str
) -> None:
    await cedar.confirm()
    with pytest.raises(Rejected) as raised:
        await cedar._do(work, *what)
    assert raised.value.code == key
    assert (await cedar.counts(), await cedar.gate()) == ("Noa", "allow")
    assert await cedar.memory.rows("select * from ending") == []


@pytest.mark.rule("R1", "R26")
@pytest.mark.parametrize(
    ("customer", "now", "key"),
    [
        (cast.ELM, AUGUST, "relationship.missing"),
        (cast.NOBODY, AUGUST, "relationship.missing"),
        (cast.CEDAR, datetime(2018, 8, 6, tzinfo=UTC), "confirmation.feature-absent"),
    ],
)
async def test_of_whom_and_when_there_is_nothing_to_say(cedar: Case, customer: str, now: datetime, key: str) -> None:
    cedar.customer, cedar.memory.clock.now = customer, now
    for attempt in (cedar.standing, cedar.refuse, cedar.void_confirmation):
        with pytest.raises(Rejected) as raised:
            await attempt()
        assert raised.value.code == key


@pytest.mark.fault("A6")
async def test_the_pages_of_a_record_tell_what_the_whole_tells() -> None:
    chance = Random(6)
    for _ in range(4):
        memory = Memory()
        case = Case(memory, await memory.actor(cast.ALDER, cast.ALDER_SALES))
        for _ in range(25):
            with suppress(Rejected):
                match chance.choice("cccctr"):
                    case "c":
                        await case.confirm(chance.choice([CLOUD, CUSTOMER]))
                    case "t":
                        await case.void_confirmation(chance.choice([CLOUD, CUSTOMER]))
                    case _:
                        await case.refuse()
        whole = await case.memory.do(read_record, case.actor, PROGRAMME, case.customer)
        for size in (1, 2, 3, 7):
            page_request: PageRequest | None = PageRequest(size)
            entries: list[Entry] = []
            while page_request is not None:
                record = await case.memory.do(read_record, case.actor, PROGRAMME, case.customer, page_request)
                entries += record.history
                page = record.standing.page
                page_request = PageRequest(size, PageStep.NEXT, page.first, page.last) if page.more_after else None
                assert [one.state for one in record.standing.agreements] == [
                    one.state for one in whole.standing.agreements
                ]
            assert {entry.sequence: entry for entry in entries} == {one.sequence: one for one in whole.history}
            assert len(entries) == len(whole.history)
