"""Looking back tells what was known then, exactly: against what was shown then, and against a model in plain words."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agreegate.domain.actor import Actor
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.agreements.text import TextVersion
from agreegate.domain.as_of import Moment
from agreegate.domain.confirmation import Confirmation, Employee
from agreegate.domain.error import Rejected
from agreegate.domain.orders.order import LineDraft, OrderDraft
from agreegate.domain.orders.subscription import SubscriptionChange, SubscriptionStatus
from agreegate.domain.orders.term import TermDuration
from agreegate.services.agreements.text import publish_text
from agreegate.services.as_of import CustomerAsOf, standing_as_of
from agreegate.services.confirmation import confirm, state_employee
from agreegate.services.customers.customer import get_customer, relate, remove_relationship
from agreegate.services.orders.order import place_order
from agreegate.services.orders.renewal import run_renewals
from agreegate.services.orders.subscription import change_subscription, list_subscriptions
from agreegate.services.standing import record_no_longer_agrees, show_standing, void_confirmation
from agreegate.storage.agreements.accepted_text import accepted_texts_of
from agreegate.storage.customers.standing import relationship_since
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.model import as_of as model
from tests.rejection import rejected
from tests.texts import AMERICA, FRANCE, draft, file
from tests.world import AUGUST

DAY, HOUR, INSTANT = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
OFFER = "BD938F12-058F-4927-BBA3-AE36B1D2501C"
TEMPLATES = {"cloud": cast.CLOUD_AGREEMENT, "customer": cast.CUSTOMER_AGREEMENT}
AGREEMENTS = {template: agreement for agreement, template in TEMPLATES.items()}
BEGAN = datetime(2018, 7, 1, tzinfo=UTC)
OPENED = model.OPENS["customer"]


@dataclass
class Past:
    """A partner and a customer, what happened between them through the product's own services, and a list of it."""

    memory: Memory
    actor: Actor
    events: list[dict[str, Any]] = field(default_factory=list)
    calls: int = 0
    customer: Any = None

    @classmethod
    async def new(cls, now: datetime = AUGUST) -> "Past":
        memory = Memory(now)
        past = cls(memory, await memory.actor(cast.ALDER, cast.ALDER_SALES))
        past.note("began", at=BEGAN, period=1)
        return past

    @property
    def now(self) -> datetime:
        return self.memory.clock.now

    def note(self, did: str, **what: Any) -> None:
        self.events.append({"did": did, "at": self.now} | what)

    async def do(self, work: Any, *what: Any) -> Any:
        self.calls += 1
        return await self.memory.do(work, call(self.actor, self.calls), PROGRAMME, cast.CEDAR, *what)

    async def period(self) -> int:
        row = await self.memory.do(relationship_since, self.actor.partner.id, cast.CEDAR)
        assert row is not None
        return int(row[0])

    async def move(self, by: timedelta, *, renew: bool = True) -> None:
        """Let time pass; what is due renews, unless no server runs."""
        self.memory.clock.now = max(self.now + by, AUGUST)
        if renew:
            await run_renewals(self.memory.store, self.now)

    async def confirm(
        self, agreement: str = "cloud", agreed: datetime | None = None, version: int | None = None
    ) -> str:
        """With the version that a person names, if it does; the confirmation's id."""
        when = self.now if agreed is None else agreed
        versions = [one for one in self.events if one["did"] == "published" and one["agreement"] == agreement]
        here = [one for one in versions if one["here"]]
        stated = here[version % len(here)] if here and version is not None else None
        handed_in = replace(
            DRAFT_CONFIRMATION,
            template_id=TemplateId(TEMPLATES[agreement]),
            date_agreed=when,
            date_zoned=False,
            version=stated and stated["version"].label,
            contact=replace(DRAFT_CONFIRMATION.contact, first_name=f"Person {self.calls}"),
        )
        done: Confirmation = await self.do(confirm, handed_in)
        texts = await self.memory.do(accepted_texts_of, self.actor.partner.id, cast.CEDAR)
        known = texts[done.sequence].version_id if done.sequence in texts else None
        text = next((one for one in versions if one["version"].id == known), None)
        self.note("confirmed", id=done.id, agreement=agreement, agreed=when, period=await self.period(), text=text)
        return done.id

    async def err(self, agreement: str = "cloud") -> None:
        """The newest confirmation was recorded in error."""
        standing = await self.do_show()
        found = next(one.confirmation for one in standing.agreements if one.template.id == TEMPLATES[agreement])
        await self.do(void_confirmation, TEMPLATES[agreement], "Typed twice.")
        assert found is not None
        self.note("erred", of=found.id)

    async def do_show(self) -> Any:
        return await self.memory.do(show_standing, self.actor, PROGRAMME, cast.CEDAR)

    async def refuse(self) -> None:
        await self.do(record_no_longer_agrees, "By phone.")
        self.note("refused")

    async def part(self) -> None:
        """Suspend what is subscribed, then end the relationship."""
        self.customer = (await self.memory.do(get_customer, self.actor, cast.CEDAR)).customer
        period = await self.period()
        for one in await self.memory.do(list_subscriptions, self.actor, cast.CEDAR):
            if one.status is SubscriptionStatus.ACTIVE:
                await self.do(change_subscription, one.id, SubscriptionChange(status=SubscriptionStatus.SUSPENDED), ())
        await self.memory.do(remove_relationship, call(self.actor), cast.CEDAR)
        self.note("parted", period=period)

    async def come_back(self) -> None:
        if await self.memory.do(relationship_since, self.actor.partner.id, cast.CEDAR) is None:
            await self.memory.do(relate, self.actor.partner.id, self.customer, [])
            self.note("began", period=await self.period())

    async def publish(
        self, effective: datetime, agreement: str = "cloud", *, major: bool = True, here: bool = True
    ) -> TextVersion:
        number = 1 + sum(one["did"] == "published" and one["agreement"] == agreement for one in self.events)
        requested = draft(
            str(number),
            template_id=TemplateId(TEMPLATES[agreement]),
            effective_from=effective,
            major=major,
            files={AMERICA if here else FRANCE: file()},
        )
        done = await self.memory.do(publish_text, self.actor, PROGRAMME, requested, allow_past=True)
        facts = {"agreement": agreement, "number": number, "from": effective, "major": major, "here": here}
        self.note("published", version=done.version, **facts)
        published: TextVersion = done.version
        return published

    async def buy(self) -> None:
        await self.do(place_order, OrderDraft((LineDraft(0, OFFER, 5, term=TermDuration.MONTH),)))

    async def renew_ahead(self) -> None:
        """Order the next term of the first subscription before it begins."""
        for one in (await self.memory.do(list_subscriptions, self.actor, cast.CEDAR))[:1]:
            line = LineDraft(0, OFFER, 5, subscription_id=one.id, renews_to=TermDuration.MONTH)
            await self.do(place_order, OrderDraft((line,)))

    async def back(
        self, on: Moment | datetime | None = None, known_at: Moment | datetime | None = None
    ) -> CustomerAsOf:
        asked = [Moment(one) if isinstance(one, datetime) else one for one in (on, known_at)]
        found: CustomerAsOf = await self.memory.do(standing_as_of, self.actor, PROGRAMME, cast.CEDAR, *asked)
        return found

    async def states(self, on: Any = None, known_at: Any = None) -> dict[str, str | None]:
        found = (await self.back(on, known_at)).found
        return {AGREEMENTS[str(one.template.id)]: one.state for one in found.agreements}

    async def state(self, on: Any = None, known_at: Any = None) -> str | None:
        """Of the Cloud Agreement."""
        return (await self.states(on, known_at))["cloud"]

    async def id(self, on: Any = None, known_at: Any = None) -> str | None:
        """Which confirmation of the Cloud Agreement was in effect."""
        found = (await self.back(on, known_at)).found
        [one] = [one.confirmation for one in found.agreements if one.template.id == TEMPLATES["cloud"]]
        return one and one.id

    async def all_events(self) -> list[dict[str, Any]]:
        """With the renewals, which happened by themselves."""
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        rows = await self.memory.rows("select due_at, recorded_at from renewal where outcome = 'renewed'")
        renewed = [
            {"did": "renewed", "due": epoch + due * INSTANT, "at": epoch + recorded * INSTANT} for due, recorded in rows
        ]
        return [*self.events, *renewed]

    async def seen(self) -> object:
        """What the standing shows now; None where there is no relationship."""
        try:
            standing = await self.do_show()
        except Rejected as error:
            error.expect("relationship.missing")
            return None
        return (
            standing.relationship_since,
            standing.no_longer_agreed,
            [
                (one.template, one.state, one.confirmation, one.outdated_since, one.history)
                for one in standing.agreements
            ],
        )

    async def summary_at(self, at: datetime) -> object:
        """The same, as it is reported afterwards."""
        return summary_of(await self.back(at, at))


def summary_of(as_of: CustomerAsOf) -> object:
    """A look back in the shape of what `seen` gives."""
    found = as_of.found
    if found.period is None:
        return None
    return (
        found.period.started_at,
        found.no_longer_agreed,
        [
            (
                one.template,
                one.state,
                one.confirmation and as_of.recorded[one.confirmation.sequence].confirmation,
                one.outdated_since,
                tuple(as_of.recorded[marked.confirmation.sequence] for marked in one.history),
            )
            for one in found.agreements
        ],
    )


agreements = st.sampled_from(["cloud", "cloud", "cloud", "customer"])
quarters = st.sampled_from([0, 0, 1, 2, 4, 12, 80, 240])
"""Of days, so that instants often are the same."""
ago = quarters | st.just(-1)
"""A date without a zone may lie ahead: where the customer is, it has come."""
confirmed = st.tuples(st.just("confirm"), agreements, ago, st.none() | st.integers(0, 5))
published = st.tuples(
    st.just("publish"), agreements, quarters, st.sampled_from([-1, 1]), st.sampled_from([True, True, False]),
    st.sampled_from([True, True, False]),
)  # fmt: skip
ended = st.tuples(st.just("err"), agreements) | st.sampled_from(
    [("refuse",), ("part",), ("come_back",), ("come_back",)]
)
bought = st.sampled_from([("buy",), ("renew_ahead",)])
waits = st.tuples(st.just("wait"), st.sampled_from([INSTANT, *3 * [6 * HOUR, DAY, 3 * DAY, 20 * DAY]]), st.booleans())
setbacks = st.tuples(st.just("wait"), st.sampled_from([-INSTANT, -6 * HOUR, -3 * DAY, -20 * DAY]), st.just(False))
starts = st.sampled_from([AUGUST, AUGUST + 60 * DAY, OPENED - 20 * DAY])


def histories(*more: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """What happens, most of all confirmations and time."""
    kinds = st.one_of(confirmed, confirmed, waits, waits, *more, published, ended, bought)
    return st.lists(kinds, min_size=12, max_size=36)


async def happen(past: Past, event: tuple[Any, ...]) -> None:
    """Do one thing; what the rules refuse does not happen."""
    match event:
        case ("confirm", agreement, quarters, version):
            with suppress(Rejected):
                await past.confirm(agreement, past.now - quarters * 6 * HOUR, version)
        case ("err", agreement):
            try:
                await past.err(agreement)
            except Rejected as error:
                error.expect("confirmation.nothing-to-end", "relationship.missing")
        case ("publish", agreement, quarters, sign, major, here):
            await past.publish(past.now + sign * quarters * 6 * HOUR, agreement, major=major, here=here)
        case (name,):
            with suppress(Rejected):
                await getattr(past, name)()


@pytest.mark.rule("R17", "R27", "R33", "R34", "R36", "R47", "R48")
@settings(max_examples=100)
@given(start=starts, history=histories())
async def test_looking_back_at_an_instant_gives_what_was_shown_at_it(
    start: datetime, history: list[tuple[Any, ...]]
) -> None:
    past, seen = await Past.new(start), []
    for event in history:
        if event[0] == "wait":  # all that happens at one instant has happened when it is looked at
            seen.append((past.now, await past.seen()))
            await past.move(event[1], renew=event[2])
        else:
            await happen(past, event)
    seen.append((past.now, await past.seen()))
    for at, shown in seen:
        assert await past.summary_at(at) == shown, at
    assert summary_of(await past.back()) == seen[-1][1], "now, when nothing is said"
    past.memory.connection.close()


@pytest.mark.rule("R17", "R27", "R33", "R34", "R36", "R47", "R48")
@settings(max_examples=100)
@given(start=starts, history=histories(setbacks), data=st.data())
async def test_any_day_as_known_on_any_day_is_what_the_words_say(
    start: datetime, history: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    past = await Past.new(start)
    for event in history:
        if event[0] == "wait":
            await past.move(event[1], renew=event[2])
        else:
            await happen(past, event)
    happened = await past.all_events()
    marks = sorted({instant for event in happened for instant in instants(event)} | {past.now})
    days = st.tuples(st.sampled_from([*marks, past.now + 40 * DAY]), st.sampled_from([0, 0, 0, -1, 1]))
    drawn = data.draw(st.lists(st.tuples(days, days), min_size=60, max_size=60))
    for (on, by), (known_at, at) in drawn:
        await agree(past, happened, on + by * INSTANT, min(known_at + at * INSTANT, past.now))
    past.memory.connection.close()


async def agree(past: Past, happened: list[dict[str, Any]], on: datetime, known_at: datetime) -> None:
    """The product and the model say the same."""
    for one in (await past.back(on, known_at)).found.agreements:
        agreement = AGREEMENTS[str(one.template.id)]
        expected = model.in_effect(happened, agreement, on, known_at)
        assert (one.state, one.confirmation and one.confirmation.id, one.outdated_since) == (
            model.state(happened, agreement, on, known_at),
            expected and expected["id"],
            expected and model.outdated_since(happened, expected, on, known_at),
        ), (agreement, on, known_at)


def instants(event: dict[str, Any]) -> Iterator[datetime]:
    for name in ("at", "agreed", "from", "due"):
        if name in event:
            yield event[name]


def day_of(instant: datetime) -> Moment:
    """The whole day of an instant."""
    return Moment(instant.replace(hour=0, minute=0, second=0, microsecond=0), whole_day=True)


@pytest.fixture
async def past() -> Past:
    return await Past.new()


@pytest.mark.rule("R47")
async def test_an_acceptance_from_before_a_no_and_recorded_after_it_does_not_reach_back_behind_it(
    past: Past,
) -> None:
    await past.move(10 * DAY)
    await past.refuse()
    await past.move(10 * DAY)
    late = await past.confirm(agreed=AUGUST)
    for on, state in ((AUGUST, "missing"), (AUGUST + 10 * DAY, "ended"), (past.now - INSTANT, "ended")):
        assert await past.state(on) == state
    assert await past.id(past.now) == late
    await past.move(DAY)
    await past.refuse()
    await past.move(DAY)
    again = await past.confirm(agreed=past.now - DAY)
    assert await past.id(past.now - DAY) == again, "accepted at the instant of no-longer-agrees, and so not before it"


async def test_former_customers_are_reported_and_strangers_are_not(past: Past) -> None:
    confirmed = await past.confirm()
    await past.move(DAY)
    await past.part()
    await past.move(DAY)
    as_of = await past.back(AUGUST)
    assert (as_of.company_name, as_of.country, as_of.served) == ("Cedar Bakery", "US", False)
    assert await past.id(AUGUST) == confirmed
    for stranger in (cast.ELM, cast.NOBODY):
        with rejected("relationship.missing"):
            await past.memory.do(standing_as_of, past.actor, PROGRAMME, stranger)
    past.memory.clock.now = PROGRAMME.starts - INSTANT
    with rejected("confirmation.feature-absent"):
        await past.back()


@pytest.mark.rule("R28", "R48")
async def test_an_employee_is_known_once_stated(past: Past) -> None:
    past.actor = await past.memory.actor(cast.ALDER, cast.ALDER_MARKETPLACE)
    confirmation = await past.confirm()
    await past.move(DAY)
    await past.memory.do(state_employee, call(past.actor), confirmation, Employee("Robin Vale"))
    stated = past.now
    await past.move(DAY)
    await past.memory.do(state_employee, call(past.actor), confirmation, Employee("Sam Reed"))
    corrected = past.now

    async def employee(known_at: datetime) -> Employee | None:
        [recorded] = (await past.back(AUGUST, known_at)).recorded.values()
        return recorded.confirmation.confirmed_by

    assert await employee(stated - INSTANT) is None
    assert await employee(stated) == await employee(corrected - INSTANT) == Employee("Robin Vale")
    assert await employee(corrected) == Employee("Sam Reed")


@pytest.mark.rule("R48")
async def test_it_says_what_it_rests_on(past: Past) -> None:
    await past.publish(BEGAN)
    await past.confirm()
    await past.buy()
    await past.move(DAY)
    known_at = past.now
    await past.move(60 * DAY)
    await past.confirm()
    await past.refuse()
    found = (await past.back(AUGUST, known_at)).found
    counted = [tuple(one.values()) for one in (found.considered, found.left_out)]
    assert counted == [(1, 0, 0, 1), (1, 1, 2, 0)]
    assert (found.on, found.known_at, found.expected, found.covered) == (AUGUST, known_at, False, True)
    [shown_history] = [one.history for one in found.agreements if one.history]
    assert [one.mark for one in shown_history] == ["counts"], "what was recorded later is not there at all"


@pytest.mark.rule("R17", "R27", "R47")
async def test_each_known_confirmation_is_shown_with_its_worth_on_that_day(past: Past) -> None:
    await past.confirm()
    await past.part()
    await past.move(DAY)
    await past.come_back()
    await past.confirm()
    await past.err()
    await past.confirm()
    await past.move(DAY)
    await past.refuse()
    await past.move(DAY)
    await past.confirm()
    await past.confirm()
    await past.move(DAY)
    await past.confirm()
    found = (await past.back(past.now - INSTANT, past.now)).found
    [marks] = [[one.mark for one in agreement.history] for agreement in found.agreements if agreement.history]
    assert marks == ["not_yet", "counts", "replaced", "refused", "voided", "refused"]
    found = (await past.back(AUGUST + DAY + HOUR, past.now)).found
    [marks] = [[one.mark for one in agreement.history] for agreement in found.agreements if agreement.history]
    assert marks == ["not_yet", "not_yet", "not_yet", "counts", "voided", "earlier"]


class TestDays:
    """A day as people name it."""

    async def test_a_day_is_the_whole_of_it(self, past: Past) -> None:
        await past.move(DAY + 13 * HOUR)
        confirmed = await past.confirm()
        day = day_of(past.now)
        await past.move(3 * DAY)
        assert await past.id(day, day) == confirmed
        assert (await past.back(day, day)).found.on == AUGUST + 2 * DAY - INSTANT
        assert await past.id(Moment(day.at), None) is None, "an instant is exact"
        assert await past.id(day_of(AUGUST), None) is None

    async def test_todays_day_ends_now(self, past: Past) -> None:
        await past.move(13 * HOUR)
        await past.publish(BEGAN)
        await past.confirm()
        await past.publish(past.now + HOUR)
        for on, known_at in [(day_of(past.now), day_of(past.now)), (None, None), (None, day_of(past.now))]:
            found = (await past.back(on, known_at)).found
            assert (found.on, found.known_at, found.expected) == (past.now, past.now, False)
        assert await past.state(day_of(past.now)) == "current"
        assert await past.state(day_of(past.now + DAY)) == "outdated", "so it is to be expected"

    async def test_when_only_the_day_of_the_records_is_named_it_is_asked_about_too(self, past: Past) -> None:
        await past.move(3 * DAY)
        found = (await past.back(None, day_of(AUGUST))).found
        assert found.on == found.known_at == AUGUST + DAY - INSTANT

    @pytest.mark.parametrize("ahead", [Moment(AUGUST + INSTANT), day_of(AUGUST + DAY)])
    async def test_nobody_knows_what_will_be_recorded(self, past: Past, ahead: Moment) -> None:
        with rejected("as-of.known-ahead"):
            await past.back(AUGUST, ahead)
