"""Templates: when a confirmation opens the gate, and when it may be recorded."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.domain.drafts import NOW
from tests.domain.drafts import TEMPLATE as ENDLESS

INSTANT = timedelta(microseconds=1)


@pytest.mark.rule("X2")
@pytest.mark.parametrize(
    ("opens_from", "opens_until", "opened", "opens"),
    [
        (None, None, True, True),
        (NOW, None, True, True),
        (NOW + INSTANT, None, False, False),
        (None, NOW + INSTANT, True, True),
        (None, NOW, True, False),
        (NOW - INSTANT, NOW, True, False),
        (NOW, NOW + INSTANT, True, True),
    ],
)
def test_dates_are_inclusive_at_the_start_and_exclusive_at_the_end(
    opens_from: datetime | None, opens_until: datetime | None, opened: bool, opens: bool
) -> None:
    template = replace(ENDLESS, opens_from=opens_from, opens_until=opens_until)
    assert (template.has_opened(NOW), template.opens_gate(NOW)) == (opened, opens)


def test_retiring_and_refusing_repeats_begin_at_their_instant() -> None:
    template = replace(ENDLESS, confirm_until=NOW, duplicates_refused_from=NOW)
    assert (template.retired(NOW - INSTANT), template.refuses_duplicates(NOW - INSTANT)) == (False, False)
    assert (template.retired(NOW), template.refuses_duplicates(NOW)) == (True, True)
    assert (ENDLESS.retired(NOW), ENDLESS.refuses_duplicates(NOW)) == (False, False)
