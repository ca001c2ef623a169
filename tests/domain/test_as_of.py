"""The standing at one instant from the records at another: edges that the histories of `services/test_as_of.py` meet rarely."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agreegate import programme as programmes
from agreegate.domain.actor import Channel, UserId
from agreegate.domain.as_of import Facts, Moment, Period, Renewal, decided_as_of
from agreegate.domain.confirmation import Confirmation, ConfirmationId, Ending, EndReason
from agreegate.domain.partner import Cloud
from agreegate.domain.standing import State

DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
BEGINNING = datetime(2019, 11, 1, tzinfo=UTC)
PROGRAMME = programmes.load()
CLOUD, CUSTOMER = PROGRAMME.templates


def day(number: int) -> datetime:
    return BEGINNING + number * DAY


def confirmation(sequence: int, recorded: int, agreed: int | None = None, template: object = CLOUD) -> Confirmation:
    [kind] = [one for one in PROGRAMME.templates if one is template]
    return Confirmation(
        id=ConfirmationId(str(sequence)),
        sequence=sequence,
        template_id=kind.id,
        agreement_type=kind.agreement_type,
        date_agreed=day(recorded if agreed is None else agreed),
        contact=None,
        user_id=UserId("user"),
        recorded_by="user",
        channel=Channel.API,
        recorded_at=day(recorded),
    )


def no_longer_agrees(sequence: int, recorded: int) -> Ending:
    reason = EndReason.NO_LONGER_AGREES
    return Ending(str(sequence), sequence, reason, None, "", "user", Channel.API, day(recorded))


def facts(*records: Confirmation | Ending) -> Facts:
    """The records, given oldest first."""
    confirmations = tuple(one for one in reversed(records) if isinstance(one, Confirmation))
    return Facts(
        country="US",
        periods=(Period(1, BEGINNING, None),),
        confirmations=confirmations,
        period_of={one.sequence: 1 for one in confirmations},
        accepted={},
        endings=tuple(one for one in reversed(records) if isinstance(one, Ending)),
        renewals=(),
        texts=(),
    )


def states(known: Facts, on: datetime) -> list[State | None]:
    found = decided_as_of(known, PROGRAMME, Cloud.PUBLIC, on, day(100))
    return [one.state for one in found.agreements]


@pytest.mark.parametrize(
    ("now", "used"),
    [
        (day(0) - INSTANT, day(1) - INSTANT),
        (day(0), day(0)),
        (day(1) - INSTANT, day(1) - INSTANT),
        (day(1), day(1) - INSTANT),
    ],
)
def test_today_ends_now_and_every_other_day_with_its_last_instant(now: datetime, used: datetime) -> None:
    assert Moment(day(0), whole_day=True).instant(now) == used


@pytest.mark.rule("R33", "R48")
def test_a_renewal_is_known_from_the_instant_of_its_record_on() -> None:
    renewed = replace(facts(), renewals=(Renewal(day(1), day(2)),))
    assert renewed.known_at(day(2)).renewals == renewed.renewals
    assert renewed.known_at(day(2) - INSTANT).renewals == ()


@pytest.mark.rule("R47")
def test_an_acceptance_does_not_reach_behind_the_latest_no_where_a_clock_was_set_back() -> None:
    known = facts(
        confirmation(1, 1), no_longer_agrees(2, 10), no_longer_agrees(3, 5), confirmation(4, recorded=12, agreed=7)
    )
    assert states(known, day(12) - INSTANT)[0] is State.NO_LONGER_AGREES
    assert states(known, day(12))[0] is State.CONFIRMED


@pytest.mark.rule("R47")
def test_what_the_customer_ended_stays_ended_when_another_agreement_is_confirmed() -> None:
    never_confirmed = facts(no_longer_agrees(1, 2), confirmation(2, 3, template=CUSTOMER))
    ended = facts(confirmation(1, 1), no_longer_agrees(2, 2), confirmation(3, 3, template=CUSTOMER))
    assert states(never_confirmed, day(4)) == [State.NOT_CONFIRMED, State.CONFIRMED]
    assert states(ended, day(4)) == [State.NO_LONGER_AGREES, State.CONFIRMED]


@pytest.mark.rule("R47")
def test_a_later_no_does_not_change_from_when_a_confirmation_was_in_effect() -> None:
    known = facts(no_longer_agrees(1, 2), confirmation(2, recorded=6, agreed=4), no_longer_agrees(3, 8))
    assert [states(known, day(number))[0] for number in (3, 5, 9)] == [
        State.NO_LONGER_AGREES,
        State.CONFIRMED,
        State.NO_LONGER_AGREES,
    ]


def test_of_two_periods_that_hold_an_instant_the_later_one_counts() -> None:
    first, second = Period(1, day(0), day(5)), Period(2, day(3), None)
    assert replace(facts(), periods=(first, second)).period_on(day(4)) == second
