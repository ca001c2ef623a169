"""Days as people type them, and the last day that is no day to come."""

from datetime import UTC, date, datetime

import pytest

from agreegate.dashboard.frame.day import day_of, latest_day


def on(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "english", "french"),
    [
        ("2018-09-03", on(2018, 9, 3), on(2018, 9, 3)),
        ("2018-9-3", on(2018, 9, 3), on(2018, 9, 3)),
        ("3 September 2018", on(2018, 9, 3), on(2018, 9, 3)),
        ("3 september 2018", on(2018, 9, 3), on(2018, 9, 3)),
        ("3 septembre 2018", on(2018, 9, 3), on(2018, 9, 3)),
        ("1er août 2018", on(2018, 8, 1), on(2018, 8, 1)),
        ("03/09/2018", None, on(2018, 9, 3)),
        ("3.9.2018", None, on(2018, 9, 3)),
        ("13/09/2018", None, on(2018, 9, 13)),
        ("09/13/2018", None, None),
        ("2020-02-29", on(2020, 2, 29), on(2020, 2, 29)),
        ("2019-02-29", None, None),
        ("2018-13-01", None, None),
        ("1899-12-31", None, None),
        ("1900-01-01", on(1900, 1, 1), on(1900, 1, 1)),
        ("18-09-03", None, None),
        ("2018-09-03T10:00", None, None),
        ("yesterday", None, None),
        ("٢٠١٨-٠٩-٠٣", on(2018, 9, 3), on(2018, 9, 3)),
        ("", None, None),
        ("3 foo 2018", None, None),
    ],
)
def test_a_day_is_read_where_only_one_can_be_meant(
    written: str, english: datetime | None, french: datetime | None
) -> None:
    assert (day_of(written, "en"), day_of(written, "fr")) == (english, french)


@pytest.mark.parametrize(
    ("now", "countries", "last"),
    [
        (datetime(2018, 11, 6, 23, 59, tzinfo=UTC), (), date(2018, 11, 6)),
        (datetime(2018, 11, 6, 20, tzinfo=UTC), ("US",), date(2018, 11, 6)),
        (datetime(2018, 11, 7, 2, tzinfo=UTC), ("US",), date(2018, 11, 7)),
        (datetime(2018, 11, 6, 12, tzinfo=UTC), ("NZ",), date(2018, 11, 7)),
        (datetime(2018, 11, 6, 23, 30, tzinfo=UTC), ("FR",), date(2018, 11, 7)),
        (datetime(2018, 11, 6, 16, tzinfo=UTC), ("US", "JP"), date(2018, 11, 7)),
        (datetime(2018, 11, 6, 20, tzinfo=UTC), ("??",), date(2018, 11, 6)),
    ],
)
def test_today_is_the_latest_that_has_come_where_the_people_are(
    now: datetime, countries: tuple[str, ...], last: date
) -> None:
    assert latest_day(now, countries) == last
