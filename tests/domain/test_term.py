"""Terms end where the first start and their number say, however they got there."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreegate.domain.orders.term import Commitment, TermDuration, ends_within, months_after, renewals_due

MONTH, YEAR, THREE_YEARS = TermDuration.MONTH, TermDuration.YEAR, TermDuration.THREE_YEARS

DAY = datetime(2018, 1, 1, tzinfo=UTC)
starts = st.timedeltas(timedelta(0), timedelta(days=66_000)).map(lambda since: DAY + since)
terms = st.sampled_from(TermDuration)


def on(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "term", "ends"),
    [
        ("2018-08-15", YEAR, ["2019-08-15", "2020-08-15"]),
        ("2018-08-15", THREE_YEARS, ["2021-08-15", "2024-08-15"]),
        ("2018-12-15T10:11:12.000013", MONTH, ["2019-01-15T10:11:12.000013", "2019-02-15T10:11:12.000013"]),
        # A term begun on 29 February ends on the 28th in common years, and on the 29th again in leap years.
        ("2020-02-29", YEAR, ["2021-02-28", "2022-02-28", "2023-02-28", "2024-02-29", "2025-02-28"]),
        ("2096-02-29", THREE_YEARS, ["2099-02-28", "2102-02-28"]),
        # 2100 is no leap year, 2400 is one.
        ("2096-02-29", YEAR, ["2097-02-28", "2098-02-28", "2099-02-28", "2100-02-28"]),
        # The 31st comes back after short months.
        ("2019-01-31", MONTH, ["2019-02-28", "2019-03-31", "2019-04-30", "2019-05-31"]),
    ],
)
def test_term_n_ends_n_terms_after_the_first_start(start: str, term: TermDuration, ends: list[str]) -> None:
    commitment = Commitment.begin(on(start), term)
    for expected in ends:
        assert commitment.ends_at == on(expected)
        commitment = commitment.renewed()


def test_400_years_later_29_february_is_there() -> None:
    assert months_after(on("2000-02-29"), 400 * 12) == on("2400-02-29")


@given(starts, st.integers(0, 12_000))
def test_months_later_is_the_same_day_or_the_last_of_a_shorter_month(start: datetime, months: int) -> None:
    later = months_after(start, months)
    assert (later.year - start.year) * 12 + later.month - start.month == months
    assert later.day == min(start.day, monthrange(later.year, later.month)[1])
    assert (later.time(), later.tzinfo) == (start.time(), start.tzinfo)


@given(starts, terms, st.lists(st.timedeltas(timedelta(0), timedelta(days=2000)), max_size=8))
def test_however_often_it_is_asked_each_term_renews_once(
    start: datetime, term: TermDuration, steps: list[timedelta]
) -> None:
    """In one jump or in many, forwards or back: the same renewals, each due where the one before ended."""
    stepped, found, now = Commitment.begin(start, term), [], start
    for step in steps:
        now += step
        stepped, due = renewals_due(stepped, now)
        found += due
        assert renewals_due(stepped, now)[1] == []
        assert renewals_due(stepped, start)[1] == []
    jumped, at_once = renewals_due(Commitment.begin(start, term), now)
    assert (stepped, found) == (jumped, at_once)
    assert stepped.ends_at > now
    assert stepped.terms == 1 + len(found)
    assert found == [months_after(start, term.months * (n + 1)) for n in range(len(found))]


@given(starts, st.integers(1, 50))
def test_a_cap_only_spreads_the_work(start: datetime, most: int) -> None:
    now = start + timedelta(days=1500)
    commitment, found = Commitment.begin(start, MONTH), []
    while True:
        commitment, due = renewals_due(commitment, now, most)
        assert len(due) <= most
        found += due
        if not due:
            break
    assert (commitment, found) == renewals_due(Commitment.begin(start, MONTH), now)


def test_terms_after_the_first_may_be_of_another_length() -> None:
    commitment = Commitment.begin(on("2019-03-22"), YEAR, MONTH)
    assert commitment.ends_at == on("2020-03-22")
    commitment = commitment.renewed()
    assert (commitment.term, commitment.ends_at) == (MONTH, on("2020-04-22"))
    assert commitment.renewed().ends_at == on("2020-05-22")


def test_a_renewal_is_due_at_the_end_of_the_term_and_not_before() -> None:
    commitment = Commitment.begin(on("2019-03-22"), YEAR)
    end = on("2020-03-22")
    assert renewals_due(commitment, end)[1] == [end]
    assert renewals_due(commitment, end - timedelta.resolution)[1] == []


def test_a_renewal_ahead_begins_where_the_present_term_ends() -> None:
    commitment = Commitment.begin(on("2019-03-22"), YEAR).renewed(MONTH)
    assert commitment.term_starts_at == on("2020-03-22")
    assert commitment.ends_at == on("2020-04-22")
    assert commitment.renewed().ends_at == on("2021-04-22")


@given(starts, terms, terms, st.integers(1, 40), st.timedeltas(timedelta(0), timedelta(days=4000)), st.integers(0, 800))
def test_the_ends_of_a_window_are_those_of_term_after_term(
    start: datetime, term: TermDuration, then: TermDuration, past: int, since: timedelta, days: int
) -> None:
    commitment = Commitment(start, past, past * term.months, term, then)
    begins = start + since
    until = begins + timedelta(days=days)
    expected, following = [], commitment
    while following.ends_at < until:
        if following.ends_at >= begins:
            expected.append(following.ends_at)
        following = following.renewed()
    assert ends_within(commitment, begins, until) == expected


def test_an_end_is_in_the_window_that_begins_with_it_and_not_in_the_one_that_ends() -> None:
    commitment = Commitment.begin(on("2019-01-31"), MONTH)
    assert ends_within(commitment, on("2019-02-28"), on("2019-03-31")) == [on("2019-02-28")]
    assert ends_within(commitment, on("8999-02-28"), on("8999-03-01")) == [on("8999-02-28")]
