"""Which of a group of confirmations are outdated, and since when: the same for each of them as for it alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreegate.domain.agreement import TemplateId
from agreegate.domain.reconfirmation import SPAN, Due, Group, Major, days_left, outdated_next, outdated_parts
from agreegate.domain.text import TextVersion, outdated_since
from tests import personas as cast
from tests.texts import version

BEGIN = datetime(2019, 3, 4, tzinfo=UTC)
DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
TEMPLATE = TemplateId(cast.CLOUD_AGREEMENT)


def group(text_at: datetime = BEGIN, text_number: int = 0) -> Group:
    return Group(1, TEMPLATE, "US", (), text_at, text_number, 9)


def majors(published: list[TextVersion]) -> list[Major]:
    return [Major(one.effective_from, one.number) for one in published if one.major]


around = st.builds(
    lambda days, more: BEGIN + days * DAY + more,
    st.integers(-40, 70),
    st.sampled_from([timedelta(), INSTANT, timedelta(hours=7)]),
)
texts = st.lists(st.tuples(around, st.booleans()), max_size=5).map(
    lambda drawn: [version(n, effective_from=at, major=major) for n, (at, major) in enumerate(drawn, 1)]
)


@pytest.mark.rule("R34")
@given(published=texts, agreed=st.integers(0, SPAN // INSTANT - 1), now=around)
def test_where_the_text_is_not_known_the_date_of_acceptance_decides(
    published: list[TextVersion], agreed: int, now: datetime
) -> None:
    date = BEGIN + agreed * INSTANT
    parts = [
        part
        for part in outdated_parts(group(), majors(published), now)
        if (part.agreed_from or BEGIN) <= date < (part.agreed_before or BEGIN + SPAN)
    ]
    since = outdated_since(published, "US", date, now)
    assert [part.since for part in parts] == ([] if since is None else [since])


@pytest.mark.rule("R34")
@given(published=texts.filter(bool), which=st.integers(0, 4), now=around)
def test_where_it_is_known_its_rank_decides(published: list[TextVersion], which: int, now: datetime) -> None:
    accepted = published[which % len(published)]
    one = group(accepted.effective_from, accepted.number)
    since = outdated_since(published, "US", BEGIN, now, accepted)
    parts = outdated_parts(one, majors(published), now)
    assert [(part.since, part.whole) for part in parts] == ([] if since is None else [(since, True)])
    coming = [at for at in (other.effective_from for other in published) if at > now]
    after = [outdated_since(published, "US", BEGIN, at, accepted) for at in sorted(coming)]
    changes = [at for at, found in zip(sorted(coming), after, strict=True) if found is not None and since is None]
    if since is None:
        assert outdated_next(one, majors(published), now) == next(iter(changes), None)


def test_days_are_those_of_the_calendar() -> None:
    noon = datetime(2019, 5, 1, 12, tzinfo=UTC)
    places = (noon - 2 * DAY, noon - timedelta(hours=13), noon - timedelta(hours=3), noon, noon + timedelta(hours=12))
    assert [days_left(at, noon) for at in places] == [-2, -1, 0, 0, 1]
    assert Due.WEEK.before(noon) == datetime(2019, 5, 9, tzinfo=UTC)
    assert Due.ORDER.before(noon) is None
