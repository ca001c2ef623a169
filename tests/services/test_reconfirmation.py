"""The work list of outdated confirmations: the same that the standing of each customer says, in order (R33–R37)."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agreegate import programme
from agreegate.domain.actor import Actor, Channel, UserId
from agreegate.domain.agreements.accepted_text import AcceptedText, Basis
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.agreements.text import TextVersion
from agreegate.domain.confirmation import Confirmation, ConfirmationId
from agreegate.domain.customers.customer_search import CustomerSearch
from agreegate.domain.error import Rejected
from agreegate.domain.fact import ConfirmationRecorded, Counting
from agreegate.domain.orders.order import LineDraft, OrderDraft
from agreegate.domain.orders.subscription import SubscriptionChange, SubscriptionStatus
from agreegate.domain.orders.term import TermDuration
from agreegate.domain.partner import Cloud, PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.reconfirmation import Due, ReconfirmationSearch, days_left
from agreegate.domain.standing import State, opening, state_of
from agreegate.services.confirmation import confirm
from agreegate.services.customers.customer import remove_relationship
from agreegate.services.orders.order import place_order
from agreegate.services.orders.renewal import run_renewals
from agreegate.services.orders.subscription import change_subscription
from agreegate.services.reconfirmation import (
    LIMITS,
    Limits,
    Reconfirmation,
    find_reconfirmations,
    list_reconfirmations,
)
from agreegate.services.standing import record_no_longer_agrees, void_confirmation
from agreegate.services.totals import KeptTotals
from agreegate.storage.agreements.text import add_text_version, text_versions
from agreegate.storage.customers.relationship import open_relationship
from agreegate.storage.customers.standing import relationship_since, standing_of
from agreegate.storage.engine.unit_of_work import UnitOfWork, from_micros, maybe_instant
from agreegate.storage.pagination import Page, PageRequest, PageStep
from agreegate.storage.record import next_sequence, record
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.texts import AMERICA, FRANCE, draft, file
from tests.world import AUGUST

DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
NEWER = datetime(2019, 5, 1, tzinfo=UTC)
ENDS = AUGUST.replace(year=2019)
OFFER = "BD938F12-058F-4927-BBA3-AE36B1D2501C"
HISTORY = programme.load("microsoft-customer-agreement")
EVERY = ReconfirmationSearch()
ALDERS = (cast.CEDAR, cast.DOGWOOD, cast.FRENE)
CUSTOMERS = {
    cast.ALDER: [
        (cast.CEDAR, "Cedar Bakery", ("Birch IT", "Hornbeam Informatique")),
        (cast.DOGWOOD, "Dogwood Legal", ()),
        (cast.FRENE, "Frêne Conseil", ("Hornbeam Informatique",)),
    ],
    cast.HAZEL: [(cast.CEDAR, "Cedar Bakery", ()), (cast.ELM, "Elm Studio", ())],
}
"""Each partner's customers, and through which resellers it serves them."""
CANCELLED = SubscriptionChange(status=SubscriptionStatus.DELETED)
FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """What is compared of a line."""

    renew_by: datetime | None
    customer: str
    template: str
    since: datetime | None
    overdue: bool
    country: str
    resellers: tuple[str, ...]

    @classmethod
    def of(cls, one: Reconfirmation) -> "Line":
        return cls(
            one.current.renew_by,
            one.customer_id,
            one.template.id,
            one.current.outdated_since,
            one.current.overdue,
            one.shown.country,
            one.shown.resellers,
        )


class Desk:
    """A partner's desk: what it does, and its work list."""

    def __init__(self, memory: Memory, actor: Actor, programme: Programme = PROGRAMME) -> None:
        self.memory, self.actor, self.programme, self.calls = memory, actor, programme, 0

    async def do(self, work: Any, customer: str, *what: Any) -> Any:
        self.calls += 1
        return await self.memory.do(work, call(self.actor, self.calls), self.programme, customer, *what)

    async def publish(self, label: str, effective: datetime, *where: Any, **changes: Any) -> TextVersion:
        files = {locale: file() for locale in where or (AMERICA, FRANCE)}
        return await self.memory.do(
            add_text_version, draft(label, effective_from=effective, files=files, **changes), "tests"
        )

    async def confirm(self, customer: str, agreed: datetime, template: str = cast.CLOUD_AGREEMENT) -> None:
        await self.do(
            confirm, customer, replace(DRAFT_CONFIRMATION, date_agreed=agreed, template_id=TemplateId(template))
        )

    async def buy(self, customer: str, term: TermDuration = TermDuration.YEAR) -> None:
        await self.do(place_order, customer, OrderDraft((LineDraft(0, OFFER, 5, term=term),)))

    async def at(self, now: datetime) -> None:
        """Let time pass, and what is due renew."""
        self.memory.clock.now = now
        await run_renewals(self.memory.store, now)

    async def page(
        self, search: ReconfirmationSearch = EVERY, page_request: PageRequest | None = None, limits: Limits = LIMITS
    ) -> Page[Reconfirmation]:
        async def read(uow: UnitOfWork) -> Page[Reconfirmation]:
            found = await find_reconfirmations(uow, self.actor, self.programme, search, KeptTotals(), limits)
            page = await list_reconfirmations(uow, self.actor, found.list, page_request or PageRequest())
            assert found.total.more or found.total.number >= len(page.items)
            return page

        return await self.memory.store.read_slow(read)

    async def list(self, search: ReconfirmationSearch = EVERY) -> list[tuple[str, str, datetime | None]]:
        """Customer, state and *renew by* of each line."""
        return [(one.customer_id, one.current.state, one.current.renew_by) for one in (await self.page(search)).items]


async def desk_of(memory: Memory, partner: str = cast.ALDER, user: str = cast.ALDER_SALES, **named: Any) -> Desk:
    return Desk(memory, await memory.actor(partner, user), **named)


@pytest.fixture
async def desk() -> Desk:
    found = await desk_of(Memory())
    await found.publish("1", datetime(2018, 1, 1, tzinfo=UTC))
    return found


@pytest.mark.rule("R33", "R34", "R37")
async def test_the_soonest_renewal_comes_first_and_who_has_no_subscription_last(desk: Desk) -> None:
    for customer in ALDERS:
        await desk.confirm(customer, AUGUST)
    await desk.buy(cast.CEDAR)
    await desk.at(AUGUST + 10 * DAY)
    await desk.buy(cast.FRENE, TermDuration.MONTH)
    await desk.publish("2", NEWER)
    await desk.at(NEWER - INSTANT)
    assert await desk.list() == []
    await desk.at(NEWER)
    may = datetime(2019, 5, 25, tzinfo=UTC)
    assert await desk.list() == [
        (cast.FRENE, "outdated", may), (cast.CEDAR, "outdated", ENDS), (cast.DOGWOOD, "outdated", None),
    ]  # fmt: skip
    one = (await desk.page()).items[0]
    assert (one.days_left, one.current.outdated_since, one.shown.label, one.shown.basis) == (24, NEWER, "1", "inferred")
    assert (one.shown.company_name, one.shown.country, one.shown.resellers) == (
        "Frêne Conseil",
        "FR",
        ("Hornbeam Informatique",),
    )
    await desk.at(may)
    june = datetime(2019, 6, 25, tzinfo=UTC)
    assert await desk.list() == [
        (cast.FRENE, "overdue", june), (cast.CEDAR, "outdated", ENDS), (cast.DOGWOOD, "outdated", None),
    ]  # fmt: skip
    await desk.confirm(cast.FRENE, may)
    await desk.confirm(cast.DOGWOOD, may)
    assert await desk.list() == [(cast.CEDAR, "outdated", ENDS)]


async def test_a_count_ends_where_it_is_said_to_end(desk: Desk) -> None:
    for customer in ALDERS:
        await desk.confirm(customer, AUGUST)
    await desk.publish("2", NEWER)
    await desk.at(NEWER)

    async def total(search: ReconfirmationSearch, **limits: int) -> tuple[int, bool]:
        asked = (desk.actor, PROGRAMME, search, KeptTotals(), Limits(**limits))
        found = await desk.memory.do(find_reconfirmations, *asked)
        return found.total.number, found.total.more

    assert await total(EVERY) == (3, False)
    assert await total(EVERY, read=2) == (3, False), "the totals have the number of a long list"
    assert await total(ReconfirmationSearch(due=Due.ORDER), read=2) == (2, True)
    assert await total(ReconfirmationSearch(CustomerSearch("cedar"))) == (1, False)
    assert await total(ReconfirmationSearch(CustomerSearch(country="FR")), read=1) == (1, False)


async def confirm_naming(
    desk: Desk, customer: str, version: TextVersion, agreed: datetime, template: str = cast.CLOUD_AGREEMENT
) -> None:
    """Confirm with the version that a person names."""

    async def work(uow: UnitOfWork) -> None:
        partner, found = desk.actor.partner.id, desk.programme.template(template)
        related = await relationship_since(uow, partner, customer)
        if found is None or related is None:
            raise Rejected("relationship.missing", partner=partner, customer=customer)
        recorded = Confirmation(
            id=ConfirmationId(uow.new_id()),
            sequence=await next_sequence(uow, partner, customer),
            template_id=found.id,
            agreement_type=found.agreement_type,
            date_agreed=agreed,
            contact=None,
            user_id=UserId(cast.ALDER_SALES),
            recorded_by=cast.ALDER_SALES,
            channel=Channel.DASHBOARD,
            recorded_at=uow.now,
        )
        text = AcceptedText(Basis.STATED, version.id, rank=version.rank)
        no_longer_agrees_at = maybe_instant(related.no_longer_agrees_at)
        await record(
            uow,
            desk.actor,
            ConfirmationRecorded(customer, Counting(recorded, text, related.period, no_longer_agrees_at)),
        )

    await desk.memory.do(work)


async def move(desk: Desk, customer: str, country: str) -> None:
    """The partner corrects where a customer is."""

    async def work(uow: UnitOfWork) -> None:
        await uow.execute(
            "update customer set country = $3 where partner_id = $1 and customer_id = $2",
            desk.actor.partner.id,
            customer,
            country,
        )

    await desk.memory.do(work)


# Worlds of a few customers of two partners: most confirmed and subscribed early, then anything may happen to them.
def moments_within(first: int, last: int) -> st.SearchStrategy[datetime]:
    """Instants between two days, counted from the middle of August 2018: midnights, and others."""
    more = st.sampled_from([timedelta(), timedelta(), INSTANT, timedelta(hours=13)])
    return st.builds(lambda day, more: AUGUST + day * DAY + more, st.integers(first, last), more)


SETTLED = AUGUST + 60 * DAY
moments = moments_within(0, 700)
templates = st.sampled_from([cast.CLOUD_AGREEMENT, cast.CLOUD_AGREEMENT, cast.CUSTOMER_AGREEMENT])
WHOM = [(cast.ALDER, cast.CEDAR), (cast.ALDER, cast.DOGWOOD), (cast.ALDER, cast.FRENE), (cast.HAZEL, cast.CEDAR)]
whom = st.sampled_from(WHOM)
everywhere = st.sampled_from([(), (), (AMERICA,), (FRANCE,)])
published = st.tuples(
    st.just("publish"), templates, moments_within(30, 400), st.sampled_from([True, True, False]), everywhere
)
beginnings = st.tuples(
    *(
        st.lists(
            st.one_of(
                st.tuples(st.just("confirm"), st.just(who), templates, moments_within(0, 60)),
                st.tuples(st.just("buy"), st.just(who), st.sampled_from(list(TermDuration))),
            ),
            min_size=1,
            max_size=3,
        )
        for who in WHOM
    )
)
deeds = st.one_of(
    published,
    st.tuples(st.just("pass"), st.integers(1, 200)),
    st.tuples(st.just("pass"), st.integers(1, 200)),
    st.tuples(st.just("confirm"), whom, templates, moments),
    st.tuples(st.just("name"), whom, templates, st.integers(0, 3), moments),
    st.tuples(st.just("buy"), whom, st.sampled_from(list(TermDuration))),
    st.tuples(st.just("cancel"), whom),
    st.tuples(st.just("refuse"), whom),
    st.tuples(st.just("take back"), whom, templates),
    st.tuples(st.just("part"), whom),
    st.tuples(st.just("come back"), whom),
    st.tuples(st.just("move"), whom, st.sampled_from(["US", "FR"])),
    st.tuples(st.just("at"), moments),
)


Fits = Callable[[Line, datetime], bool]


def due_within(line: Line, now: datetime, due: Due | None) -> bool:
    if due is None or line.renew_by is None:
        return due in (None, Due.ORDER)
    return due is not Due.ORDER and days_left(line.renew_by, now) <= int(due)


def searched(
    country: str | None, template: str | None, state: State | None, due: Due | None, reseller: bool, text: str
) -> tuple[ReconfirmationSearch, Fits]:
    """A search, and what fits it."""
    names = {customer: name for served in CUSTOMERS.values() for customer, name, _ in served}
    customers = CustomerSearch(text, None, country, PartnerId(cast.HORNBEAM) if reseller else None)
    search = ReconfirmationSearch(customers, None if template is None else TemplateId(template), state, due)

    def fits(line: Line, now: datetime) -> bool:
        return (
            country in (None, line.country)
            and template in (None, line.template)
            and (state is None or line.overdue is (state is State.OVERDUE))
            and due_within(line, now, due)
            and (not reseller or "Hornbeam Informatique" in line.resellers)
            and (text in ("", line.customer) or text in names[line.customer].lower().split())
        )

    return search, fits


searches = st.builds(
    searched,
    st.sampled_from([None, None, "US", "FR"]),
    st.sampled_from([None, None, cast.CLOUD_AGREEMENT, cast.CUSTOMER_AGREEMENT]),
    st.sampled_from([None, None, State.OUTDATED, State.OVERDUE]),
    st.sampled_from([None, None, *Due]),
    st.sampled_from([False, False, True]),
    st.sampled_from(["", "", "cedar", "bakery", cast.DOGWOOD]),
)


limits = st.sampled_from(
    [
        LIMITS,
        Limits(read=0, few=0, walked_fast=(1, 1), sorted_first=1),
        Limits(read=0, few=0, walked_fast=(2,), sorted_first=2),
        Limits(read=1, few=0, walked_fast=(), sorted_first=1),
        Limits(read=1, counted=1),
    ]
)
"""The ways that are taken where there are many, taken where there are few."""


class Stories:
    """Lets things happen to customers; what a rule refuses does not."""

    def __init__(self, memory: Memory, desks: dict[str, Desk]) -> None:
        self.memory, self.desks, self.labels = memory, desks, 0

    async def happen(self, deed: tuple[Any, ...]) -> None:
        with suppress(Rejected):
            await self._happen(*deed)

    async def _happen(self, what: str, *of: Any) -> None:
        if what in ("at", "pass"):
            await self.desks[cast.ALDER].at(of[0] if what == "at" else self.memory.clock.now + of[0] * DAY)
            return
        if what == "publish":
            template, effective, major, where = of
            self.labels += 1
            desk = self.desks[cast.ALDER]
            await desk.publish(str(self.labels), effective, *where, major=major, template_id=TemplateId(template))
            return
        (partner, customer), *more = of
        desk = self.desks[partner]
        match what:
            case "confirm":
                await desk.confirm(customer, min(more[1], self.memory.clock.now), more[0])
            case "name":
                published = await self.memory.do(text_versions, TemplateId(more[0]))
                if published:
                    named = published[more[1] % len(published)]
                    await confirm_naming(desk, customer, named, min(more[2], self.memory.clock.now), more[0])
            case "buy":
                await desk.buy(customer, more[0])
            case "cancel":
                sql = "select subscription_id from subscription where status = 'active'"
                for (id_,) in await self.memory.rows(f"{sql} and customer_id = '{customer}' limit 1"):
                    await desk.do(change_subscription, customer, id_, CANCELLED, ())
            case "refuse":
                await desk.do(record_no_longer_agrees, customer, "")
            case "take back":
                await desk.do(void_confirmation, customer, more[0], "")
            case "part":
                await self.memory.do(remove_relationship, call(desk.actor, 0), customer)
            case "come back":
                await self.memory.do(open_relationship, desk.actor.partner.id, customer)
            case "move":
                await move(desk, customer, more[0])

    async def next_at(self, partner: str, listed: list[Line]) -> datetime | None:
        """When the next text outdates somebody, where nobody is listed now."""
        now = self.memory.clock.now
        rows = await self.memory.rows("select distinct effective_at from text_version where major = 1 order by 1")
        for at in (from_micros(row[0]) for row in rows if not listed and from_micros(row[0]) > now):
            self.memory.clock.now = at
            try:
                if await self.listed_lines(partner):
                    return at
            finally:
                self.memory.clock.now = now
        return None

    async def listed_lines(self, partner: str) -> list[Line]:
        """What the list of a partner must have, by the standing of each of its customers."""
        desk, lines = self.desks[partner], []
        for customer, _, resellers in CUSTOMERS[partner]:
            standing = await self.memory.do(standing_of, desk.actor.partner.id, customer)
            [(moved,)] = await self.memory.rows(
                f"select country from customer where partner_id = '{partner}' and customer_id = '{customer}'"
            )
            now = self.memory.clock.now
            if state_of(standing, desk.programme, Cloud.PUBLIC, now) in (State.OUTDATED, State.OVERDUE):
                one = opening(standing, desk.programme, now)
                assert one is not None
                lines.append(
                    Line(one.renew_by, customer, one.template_id, one.outdated_since, one.overdue, moved, resellers)
                )
        return sorted(lines, key=lambda one: (not one.overdue, one.renew_by or FOREVER, one.customer))


@given(
    texts=st.lists(published, min_size=1, max_size=4),
    begun=beginnings,
    story=st.lists(deeds, max_size=15),
    now=st.one_of(st.none(), moments),
    rules=st.sampled_from([PROGRAMME, HISTORY]),
    size=st.integers(1, 3),
    data=st.data(),
)
@settings(max_examples=100)
@pytest.mark.rule("R17", "R26", "R27", "R33", "R34", "R35", "R36", "R37", "R47")
async def test_the_list_is_what_the_standing_of_every_customer_says(
    texts: list[tuple[Any, ...]],
    begun: list[list[tuple[Any, ...]]],
    story: list[tuple[Any, ...]],
    now: datetime | None,
    rules: Programme,
    size: int,
    data: st.DataObject,
) -> None:
    memory = Memory(SETTLED)
    desks = {
        cast.ALDER: await desk_of(memory, programme=rules),
        cast.HAZEL: await desk_of(memory, cast.HAZEL, cast.HAZEL_ADMIN, programme=rules),
    }
    stories = Stories(memory, desks)
    for deed in (*chain(*begun), *texts, ("pass", 200), *story):
        await stories.happen(deed)
    if now is not None:  # earlier or later
        await stories.happen(("at", now))
    for partner, desk in desks.items():
        expected = await stories.listed_lines(partner)
        assert [Line.of(one) for one in (await desk.page()).items] == expected
        search, fits = data.draw(searches)
        narrowed = [line for line in expected if fits(line, memory.clock.now)]
        few = data.draw(limits)
        assert [Line.of(one) for one in await turned(desk, search, size, few)] == narrowed
        found = await memory.do(find_reconfirmations, desk.actor, rules, search, KeptTotals(), few)
        assert found.total.number <= len(narrowed), "never more than there are"
        assert found.total.more or found.total.number == len(narrowed)
        assert found.overdue.more or found.overdue.number == sum(line.overdue for line in expected)
        assert found.any or not expected
        if few == LIMITS:
            assert found.next_at == await stories.next_at(partner, expected)
    memory.connection.close()


async def turned(desk: Desk, search: ReconfirmationSearch, size: int, limits: Limits) -> list[Reconfirmation]:
    """Every line, page by page from the first to the last; the same as from the last to the first."""
    forth, back = [], []
    page = await desk.page(search, PageRequest(size), limits)
    assert not page.more_before
    forth += page.items
    while page.more_after:
        page = await desk.page(search, PageRequest(size, PageStep.NEXT, last=page.last), limits)
        forth += page.items
    page = await desk.page(search, PageRequest(size, PageStep.LAST), limits)
    back = list(page.items)
    while page.more_before:
        page = await desk.page(search, PageRequest(size, PageStep.PREVIOUS, first=page.first), limits)
        back[:0] = page.items
    assert forth == back
    return forth
