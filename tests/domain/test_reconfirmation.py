"""When something in the work list is due."""

from datetime import UTC, datetime, timedelta

from agreegate.domain.reconfirmation import Due, days_left

DAY = timedelta(days=1)


def test_days_are_those_of_the_calendar() -> None:
    noon = datetime(2019, 5, 1, 12, tzinfo=UTC)
    places = (noon - 2 * DAY, noon - timedelta(hours=13), noon - timedelta(hours=3), noon, noon + timedelta(hours=12))
    assert [days_left(at, noon) for at in places] == [-2, -1, 0, 0, 1]
    assert Due.WEEK.before(noon) == datetime(2019, 5, 9, tzinfo=UTC)
    assert Due.ORDER.before(noon) is None
