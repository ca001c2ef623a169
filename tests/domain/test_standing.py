"""How a customer stands: the one place that decides it, by tables (decision 0026)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import AgreementTemplate, AgreementType, TemplateId
from agreegate.domain.agreements.text import TextVersion, majors_in
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme, StaleRule
from agreegate.domain.reason import Code
from agreegate.domain.standing import (
    NO_RELATIONSHIP,
    Current,
    Standing,
    State,
    denies_orders,
    judged,
    obstacles,
    opening,
    state_of,
    state_of_type,
)
from tests.texts import AGAIN, CORRECTED, FIRST, PUBLISHED, SECOND

INSTANT = timedelta(microseconds=1)
NOW = datetime(2019, 2, 14, tzinfo=UTC)
STARTS = datetime(2018, 8, 1, tzinfo=UTC)
ENFORCED = datetime(2018, 11, 1, tzinfo=UTC)
SOON = NOW + timedelta(days=1)


def template(name: str, opens_from: datetime | None = None, opens_until: datetime | None = None) -> AgreementTemplate:
    return AgreementTemplate(TemplateId(name), AgreementType(f"Type{name}"), "", 1, None, opens_from, opens_until, None)


A, B = template("a"), template("b")
LATER, CLOSED = template("later", opens_from=SOON), template("closed", opens_until=NOW)
PROGRAMME = Programme(
    "test", 1, "Test", STARTS, A.agreement_type, (A, B, LATER, CLOSED),
    {Channel.API: ENFORCED, Channel.DASHBOARD: None}, frozenset({Cloud.GERMANY}),
)  # fmt: skip
REFUSING = replace(PROGRAMME, stale_rule=StaleRule.REFUSE)


def confirmed(of: AgreementTemplate, state: State = State.CONFIRMED, sequence: int = 1) -> Current:
    found = Current(of.agreement_type, of.id, STARTS, STARTS, sequence)
    if state is State.CONFIRMED:
        return found
    return replace(found, outdated_since=ENFORCED, overdue=state is State.OVERDUE)


def since_when(
    published: tuple[TextVersion, ...],
    agreed: datetime,
    now: datetime,
    accepted: TextVersion | None = None,
    country: str = "US",
) -> datetime | None:
    one = Current(A.agreement_type, A.id, agreed, agreed, 1)
    rank = None if accepted is None else accepted.rank
    return judged(one, rank, majors_in(published, country), [], None, now).outdated_since


@pytest.mark.rule("R33", "R34", "R35")
@pytest.mark.parametrize(
    ("agreed", "now", "since"),
    [
        (datetime(2018, 8, 20, tzinfo=UTC), NOW, SECOND.effective_from),
        (CORRECTED.effective_from, NOW, SECOND.effective_from),
        (SECOND.effective_from, NOW, None),
        (FIRST.effective_from, SECOND.effective_from - INSTANT, None),
        (FIRST.effective_from, SECOND.effective_from, SECOND.effective_from),
    ],
)
def test_since_when_an_acceptance_is_outdated(agreed: datetime, now: datetime, since: datetime | None) -> None:
    """A minor text asks nobody again."""
    assert since_when(PUBLISHED, agreed, now) == since


@pytest.mark.rule("R34", "R35")
@pytest.mark.parametrize(
    ("published", "accepted", "agreed", "now", "since"),
    [
        (
            PUBLISHED,
            CORRECTED,
            NOW,
            NOW,
            SECOND.effective_from,
        ),  # named by a person: an older text, accepted after the newer one
        (PUBLISHED, SECOND, FIRST.effective_from, NOW, None),  # the newer one, accepted before it took effect
        (PUBLISHED, CORRECTED, NOW, SECOND.effective_from - INSTANT, None),
        ((*PUBLISHED, AGAIN), AGAIN, NOW, NOW, None),
        (
            (*PUBLISHED, AGAIN),
            SECOND,
            NOW,
            NOW,
            AGAIN.effective_from,
        ),  # of two with the same date the later published one is newer
    ],
)
def test_where_the_accepted_text_is_known_it_counts_and_not_the_date(
    published: tuple[TextVersion, ...], accepted: TextVersion, agreed: datetime, now: datetime, since: datetime | None
) -> None:
    assert since_when(published, agreed, now, accepted) == since


@pytest.mark.rule("R34")
def test_a_text_for_other_countries_outdates_nothing() -> None:
    assert since_when(PUBLISHED, FIRST.effective_from, NOW, country="FR") is None


@pytest.mark.rule("R33", "R34")
@pytest.mark.parametrize(
    ("renewed_at", "overdue"),
    [
        (SECOND.effective_from, False),
        (SECOND.effective_from + INSTANT, True),
        (NOW, True),
        (NOW + INSTANT, False),
    ],
)
def test_a_renewal_since_then_makes_an_outdated_confirmation_overdue(renewed_at: datetime, overdue: bool) -> None:
    one = Current(A.agreement_type, A.id, FIRST.effective_from, FIRST.effective_from, 1)
    found = judged(one, FIRST.rank, majors_in(PUBLISHED, "US"), [renewed_at], SOON, NOW)
    assert (found.overdue, found.renew_by) == (overdue, SOON)
    assert found.state is (State.OVERDUE if overdue else State.OUTDATED)


@pytest.mark.rule("R33")
def test_a_renewal_before_the_acceptance_makes_nothing_overdue() -> None:
    agreed = SECOND.effective_from + timedelta(days=9)
    one = Current(A.agreement_type, A.id, agreed, agreed, 1)
    assert not judged(one, FIRST.rank, majors_in(PUBLISHED, "US"), [agreed], None, NOW).overdue


@pytest.mark.rule("R26", "R27")
@pytest.mark.parametrize(
    ("current", "opens"),
    [
        ([], None),
        ([confirmed(A)], 1),
        ([confirmed(A), confirmed(B, sequence=2)], 2),
        ([confirmed(A), confirmed(B, State.OUTDATED, 2)], 1),
        ([confirmed(A, State.OVERDUE), confirmed(B, State.OUTDATED, 2)], 2),
        ([confirmed(A, State.OVERDUE, 3), confirmed(B, State.OVERDUE, 2)], 3),
        ([confirmed(LATER)], None),
        ([confirmed(CLOSED)], None),
        ([confirmed(A, State.OVERDUE), confirmed(LATER, sequence=2)], 1),
    ],
)
def test_the_best_confirmation_opens_the_gate_and_of_equal_ones_the_newest(
    current: list[Current], opens: int | None
) -> None:
    found = opening(Standing(True, tuple(current)), PROGRAMME, NOW)
    assert (found and found.sequence) == opens


def test_only_a_confirmation_of_the_type_that_is_asked_for_counts() -> None:
    standing = Standing(True, (confirmed(A), confirmed(B, State.OVERDUE, 2)))
    found = opening(standing, PROGRAMME, NOW, B.agreement_type)
    assert found is not None
    assert found.sequence == 2


@pytest.mark.rule("R27", "R34", "R47")
@pytest.mark.parametrize(
    ("standing", "state"),
    [
        (NO_RELATIONSHIP, None),
        (Standing(True), State.NOT_CONFIRMED),
        (Standing(True, (confirmed(A),)), State.CONFIRMED),
        (Standing(True, (confirmed(A, State.OUTDATED),)), State.OUTDATED),
        (Standing(True, (confirmed(A, State.OVERDUE),)), State.OVERDUE),
        (Standing(True, (confirmed(A, State.OVERDUE), confirmed(B, sequence=2))), State.CONFIRMED),
        (Standing(True, (confirmed(A), confirmed(B, State.OVERDUE, 2))), State.CONFIRMED),
        (Standing(True, (confirmed(LATER),)), State.NOT_CONFIRMED),
        (Standing(True, (confirmed(CLOSED),)), State.NOT_CONFIRMED),
        (Standing(True, (), ENFORCED), State.NO_LONGER_AGREES),
        (Standing(True, (confirmed(LATER),), ENFORCED), State.NO_LONGER_AGREES),
        (Standing(True, (confirmed(CLOSED),), ENFORCED), State.NOT_CONFIRMED),
        (Standing(True, (confirmed(A, State.OVERDUE),), ENFORCED), State.OVERDUE),
    ],
)
def test_a_customer_has_one_state_over_all_agreement_types(standing: Standing, state: State | None) -> None:
    assert state_of(standing, PROGRAMME, Cloud.PUBLIC, NOW) is state


@pytest.mark.rule("R1", "R31")
def test_before_the_programme_and_in_a_national_cloud_a_customer_has_no_state() -> None:
    standing = Standing(True, (confirmed(A),))
    assert state_of(standing, PROGRAMME, Cloud.PUBLIC, STARTS - INSTANT) is None
    assert state_of(standing, PROGRAMME, Cloud.PUBLIC, STARTS) is State.CONFIRMED
    assert state_of(standing, PROGRAMME, Cloud.GERMANY, NOW) is None


@pytest.mark.rule("R47")
@pytest.mark.parametrize(
    ("standing", "ended", "state"),
    [
        (Standing(True), False, State.NOT_CONFIRMED),
        (Standing(True, (confirmed(A, State.OUTDATED),)), False, State.OUTDATED),
        (Standing(True, (), ENFORCED), False, State.NO_LONGER_AGREES),
        (Standing(True, (confirmed(B),), ENFORCED), False, State.NOT_CONFIRMED),
        (Standing(True, (confirmed(B),), ENFORCED), True, State.NO_LONGER_AGREES),
    ],
)
def test_each_agreement_type_has_a_state_of_its_own(standing: Standing, ended: bool, state: State) -> None:
    assert state_of_type(standing, PROGRAMME, A, NOW, ended=ended) is state


@pytest.mark.rule("R6", "R34", "R40", "R47")
@pytest.mark.parametrize(
    ("standing", "action", "channel", "programme", "expected"),
    [
        (Standing(True), Action.NEW_PURCHASE, Channel.API, PROGRAMME, [(Code.CONFIRMATION_MISSING, True)]),
        (Standing(True), Action.NEW_PURCHASE, Channel.DASHBOARD, PROGRAMME, [(Code.CONFIRMATION_MISSING, False)]),
        (Standing(True), Action.CANCEL, Channel.API, PROGRAMME, []),
        (Standing(True), Action.REACTIVATE, Channel.API, PROGRAMME, []),
        (Standing(True, (), NOW), Action.REACTIVATE, Channel.API, PROGRAMME, [(Code.CONFIRMATION_ENDED, True)]),
        (Standing(True, (), NOW), Action.CANCEL, Channel.API, PROGRAMME, []),
        (
            Standing(True, (), NOW),
            Action.NEW_PURCHASE,
            Channel.API,
            PROGRAMME,
            [(Code.CONFIRMATION_ENDED, True), (Code.CONFIRMATION_MISSING, True)],
        ),
        (
            Standing(True, (confirmed(A, State.OUTDATED),)),
            Action.NEW_PURCHASE,
            Channel.API,
            PROGRAMME,
            [(Code.CONFIRMATION_OUTDATED, False)],
        ),
        (
            Standing(True, (confirmed(A, State.OUTDATED),)),
            Action.NEW_PURCHASE,
            Channel.API,
            REFUSING,
            [(Code.CONFIRMATION_OUTDATED, True)],
        ),
        (Standing(True, (confirmed(A), confirmed(B, State.OUTDATED, 2))), Action.RENEWAL, Channel.API, REFUSING, []),
    ],
)
def test_what_speaks_against_a_transaction(
    standing: Standing,
    action: Action,
    channel: Channel,
    programme: Programme,
    expected: list[tuple[Code, bool]],
) -> None:
    asked = Transaction(action, channel)
    assert [(one.reason.code, one.denies) for one in obstacles(standing, asked, programme, NOW)] == expected


@pytest.mark.rule("R3", "R4", "R47")
@pytest.mark.parametrize("programme", [PROGRAMME, REFUSING])
@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("now", [ENFORCED - INSTANT, ENFORCED, NOW])
def test_counts_by_state_say_what_the_gate_says_of_an_order(
    programme: Programme, channel: Channel, now: datetime
) -> None:
    states = (State.CONFIRMED, State.OUTDATED, State.OVERDUE)
    for standing in (
        Standing(True),
        Standing(True, (), STARTS),
        *(Standing(True, (confirmed(A, state),)) for state in states),
    ):
        state = state_of(standing, programme, Cloud.PUBLIC, now)
        assert state is not None
        denied = any(
            one.denies for one in obstacles(standing, Transaction(Action.NEW_PURCHASE, channel), programme, now)
        )
        assert denies_orders(state, programme, channel, now) is denied
