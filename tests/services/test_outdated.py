"""A newer text outdates a confirmation, says by when it must be renewed, and undoes nothing (R33–R37, X4, X5)."""

import operator
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.agreements.accepted_text import accepted_by
from agreegate.domain.agreements.text import TextVersion
from agreegate.domain.orders.order import LineDraft, Order, OrderDraft
from agreegate.domain.orders.subscription import SubscriptionChange, SubscriptionStatus
from agreegate.domain.orders.term import TermDuration
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.programme import StaleRule
from agreegate.domain.reconfirmation import ReconfirmationSearch
from agreegate.services.confirmation import confirm
from agreegate.services.gate import Denial, ask
from agreegate.services.orders.order import place_order
from agreegate.services.orders.renewal import run_renewals
from agreegate.services.orders.subscription import change_subscription
from agreegate.services.reconfirmation import find_reconfirmations
from agreegate.services.standing import AgreementStanding, show_standing
from agreegate.services.totals import KeptTotals
from agreegate.storage.agreements.accepted_text import accepted_texts_of
from agreegate.storage.agreements.text import add_text_version
from agreegate.storage.customers.standing import standing_of
from agreegate.storage.decision import as_standing
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.texts import AMERICA, FRANCE, draft, file, outdated_since
from tests.world import API_ENFORCED, AUGUST, EVE_OF_API

DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
NEWER = datetime(2019, 5, 1, tzinfo=UTC)
LATER = datetime(2019, 6, 1, tzinfo=UTC)
ENDS = AUGUST.replace(year=2019)
OFFER = "BD938F12-058F-4927-BBA3-AE36B1D2501C"
STRICT = replace(PROGRAMME, stale_rule=StaleRule.REFUSE)
GRACE = replace(STRICT, stale_from=LATER)


class Case:
    """A partner, a customer that accepted the first text in August 2018, and what happens to them."""

    def __init__(self, memory: Memory, actor: Actor) -> None:
        self.memory = memory
        self.actor = actor
        self.calls = 0

    async def do(self, work: Any, *what: Any, programme: Any = PROGRAMME) -> Any:
        self.calls += 1
        return await self.memory.do(work, call(self.actor, self.calls), programme, cast.CEDAR, *what)

    async def publish(self, label: str, effective: datetime, **changes: Any) -> TextVersion:
        return await self.memory.do(add_text_version, draft(label, effective_from=effective, **changes), "tests")

    async def confirm(self, agreed: datetime, accepted: TextVersion | None = None) -> None:
        """With the version that a person names, if it does."""
        named = None if accepted is None else accepted.id
        await self.do(confirm, replace(DRAFT_CONFIRMATION, date_agreed=agreed, version=named))

    async def buy(self, term: TermDuration = TermDuration.YEAR, programme: Any = PROGRAMME) -> Order | Denial:
        done: Order | Denial = await self.do(
            place_order, OrderDraft((LineDraft(0, OFFER, 5, term=term),)), programme=programme
        )
        return done

    async def at(self, now: datetime) -> None:
        """Let time pass, and what is due renew."""
        self.memory.clock.now = now
        await run_renewals(self.memory.store, now)

    async def agreement(self) -> AgreementStanding:
        standing = await self.memory.do(show_standing, self.actor, PROGRAMME, cast.CEDAR)
        return next(one for one in standing.agreements if one.template.id == cast.CLOUD_AGREEMENT)

    async def listed(self) -> int:
        """How many customers the work list has."""
        found = await self.memory.do(find_reconfirmations, self.actor, PROGRAMME, ReconfirmationSearch(), KeptTotals())
        return int(found.total.number)

    async def state(self) -> str:
        return (await self.agreement()).state

    async def gate(
        self, action: Action = Action.NEW_PURCHASE, channel: Channel = Channel.API, programme: Any = PROGRAMME
    ) -> list[str]:
        """The verdict with the codes of reasons and advisories."""
        decision = await ask(self.memory.store, self.actor, programme, cast.CEDAR, Transaction(action, channel))
        return [decision.verdict, *(reason.code for reason in (*decision.reasons, *decision.advisories))]


@pytest.fixture
async def case() -> Case:
    memory = Memory()
    found = Case(memory, await memory.actor(cast.ALDER, cast.ALDER_SALES))
    await found.publish("1", datetime(2018, 1, 1, tzinfo=UTC))
    await found.confirm(AUGUST)
    return found


REMINDED = ["allow", "confirmation.outdated"]


@pytest.mark.rule("R37")
async def test_without_subscriptions_it_is_due_before_the_next_new_order(case: Case) -> None:
    await case.publish("2", NEWER)
    await case.at(LATER)
    found = await case.agreement()
    assert (found.state, found.renew_by) == ("outdated", None)
    asked = Transaction(Action.NEW_PURCHASE, Channel.API)
    decision = await ask(case.memory.store, case.actor, PROGRAMME, cast.CEDAR, asked)
    assert [reason.date for reason in decision.advisories] == [None]


@pytest.mark.rule("R34", "R37")
async def test_it_is_due_before_the_first_end_of_what_is_still_subscribed(case: Case) -> None:
    await case.buy()
    await case.at(datetime(2019, 4, 20, tzinfo=UTC))
    monthly = await case.buy(TermDuration.MONTH)
    await case.publish("2", NEWER)
    await case.at(NEWER)
    assert (await case.agreement()).renew_by == datetime(2019, 5, 20, tzinfo=UTC)
    assert isinstance(monthly, Order)
    cancelled = SubscriptionChange(status=SubscriptionStatus.DELETED)
    await case.do(change_subscription, monthly.lines[0].subscription_id, cancelled, ())
    assert (await case.agreement()).renew_by == ENDS


@pytest.mark.rule("R33", "R37", "X4", "X5")
async def test_the_stale_rule_refuses_new_orders_from_its_grace_date_on_and_no_auto_renewal(case: Case) -> None:
    await case.buy()
    await case.publish("2", NEWER)
    await case.at(LATER - INSTANT)
    assert await case.gate(programme=STRICT) == ["deny", "confirmation.outdated"]
    assert await case.gate(programme=GRACE) == REMINDED
    assert isinstance(await case.buy(programme=GRACE), Order)
    await case.at(LATER)
    refused = await case.buy(programme=GRACE)
    assert isinstance(refused, Denial)
    assert [(reason.code, reason.date) for reason in refused.reasons] == [("confirmation.outdated", None)]
    [(known,)] = await case.memory.rows(f"select standing from decision where decision_id = '{refused.id}'")
    assert as_standing(known) == await case.memory.do(standing_of, case.actor.partner.id, cast.CEDAR)
    assert await case.gate(Action.AUTO_RENEWAL, programme=GRACE) == ["allow"]
    await case.at(ENDS)
    renewals = await case.memory.rows("select outcome from renewal")
    assert renewals == [("renewed",)], "as if nothing were outdated"
    await case.confirm(ENDS)
    assert isinstance(await case.buy(programme=GRACE), Order)


@pytest.mark.rule("R33", "R34")
async def test_a_renewal_ordered_ahead_counts_when_it_is_ordered(case: Case) -> None:
    bought = await case.buy()
    assert isinstance(bought, Order)
    await case.publish("2", NEWER)
    line = LineDraft(0, OFFER, 5, subscription_id=bought.lines[0].subscription_id, renews_to=TermDuration.YEAR)
    await case.at(NEWER - DAY)
    assert isinstance(await case.do(place_order, OrderDraft((line,))), Order)
    for now in (NEWER, ENDS):
        await case.at(now)
        assert await case.state() == "outdated", "it was ordered under the text of its day"
    assert isinstance(await case.do(place_order, OrderDraft((line,))), Order)
    await case.at(ENDS + DAY)
    assert await case.state() == "overdue"


@pytest.mark.fault("B11")
@pytest.mark.parametrize("hour", [0, 18, 23])
async def test_the_day_of_a_new_text_counts_as_an_acceptance_of_the_newer(case: Case, hour: int) -> None:
    second = await case.publish("2", NEWER + timedelta(hours=hour))
    await case.at(NEWER + 2 * DAY)
    await case.confirm(NEWER)
    texts_of = await case.memory.do(accepted_texts_of, case.actor.partner.id, cast.CEDAR)
    assert [text.basis for text in texts_of.values()] == ["inferred", "undetermined"]
    for programme in (PROGRAMME, STRICT):
        assert (await case.state(), await case.gate(programme=programme)) == ("current", ["allow"])
    assert await case.listed() == 0
    await case.publish("3", second.effective_from + 5 * DAY)
    await case.at(NEWER + 9 * DAY)
    assert (await case.state(), await case.gate(programme=STRICT)) == ("outdated", ["deny", "confirmation.outdated"])
    assert await case.listed() == 1
    first = (await case.memory.rows("select version_id from text_version where label = '1'"))[0][0]
    await case.do(confirm, replace(DRAFT_CONFIRMATION, date_agreed=NEWER, version=first))
    assert (await case.agreement()).outdated_since == second.effective_from, "what a person names decides"


@pytest.mark.fault("B11")
async def test_what_takes_effect_after_the_recording_of_that_day_asks_again(case: Case) -> None:
    await case.at(NEWER + timedelta(hours=12))
    await case.confirm(NEWER)
    effective = NEWER + timedelta(hours=18)
    await case.publish("2", effective)
    await case.at(NEWER + DAY)
    assert (await case.agreement()).outdated_since == effective
    assert await case.listed() == 1


@pytest.mark.rule("R34")
async def test_the_gates_dates_may_be_moved_and_the_standing_stays_todays(case: Case) -> None:
    await case.publish("2", NEWER)
    await case.at(LATER)
    asked = Transaction(Action.NEW_PURCHASE, Channel.API)
    early = await ask(case.memory.store, case.actor, PROGRAMME, cast.CEDAR, asked, at=EVE_OF_API)
    assert [reason.code for reason in early.advisories] == ["confirmation.outdated"]
    await case.at(API_ENFORCED)
    late = await ask(case.memory.store, case.actor, PROGRAMME, cast.CEDAR, asked, at=LATER)
    assert late.advisories == ()


days = st.integers(0, 40).map(lambda number: AUGUST + number * DAY)
hours = st.builds(operator.add, days, st.sampled_from([timedelta(), INSTANT, timedelta(hours=7), DAY - INSTANT]))
texts = st.lists(
    st.tuples(hours, st.booleans(), st.sampled_from([(AMERICA,), (FRANCE,), (AMERICA, FRANCE)])), max_size=6
)


@pytest.mark.rule("R33", "R34", "R35")
@given(published=texts, agreed=hours, later=st.sampled_from([INSTANT, timedelta(hours=7), 50 * DAY]), now=hours,
       named=st.integers(0, 11))  # fmt: skip
async def test_it_is_outdated_the_same_whichever_way_it_is_computed(
    published: list[tuple[datetime, bool, Collection[Any]]],
    agreed: datetime,
    later: timedelta,
    now: datetime,
    named: int,
) -> None:
    memory = Memory(agreed + later)
    case = Case(memory, await memory.actor(cast.ALDER, cast.ALDER_SALES))
    versions = [
        await case.publish(str(number), effective, major=major, files={locale: file() for locale in where})
        for number, (effective, major, where) in enumerate(published)
    ]
    here = [version for version in versions if AMERICA in version.files]
    await case.confirm(agreed, here[named] if named < len(here) else None)
    memory.clock.now = now
    texts_of = await memory.do(accepted_texts_of, case.actor.partner.id, cast.CEDAR)
    known = next((text.version_id for text in texts_of.values()), None)
    accepted = next((version for version in versions if version.id == known), None)
    [current] = (await memory.do(standing_of, case.actor.partner.id, cast.CEDAR)).current
    latest = accepted_by(agreed, current.recorded_at)
    assert current.outdated_since == outdated_since(versions, "US", latest, now, accepted)
    memory.connection.close()
