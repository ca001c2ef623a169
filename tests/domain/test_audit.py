"""How far back audit records are shown."""

from datetime import UTC, datetime, timedelta

import pytest

from agreegate.domain.audit import AuditWindow, audit_window
from agreegate.domain.error import ErrorCode
from tests.rejection import rejected

NOW = datetime(2019, 3, 22, 15, 30, tzinfo=UTC)
DAY = timedelta(days=1)
OLDEST = datetime(2018, 12, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "begins"),
    [
        (None, None, NOW - 30 * DAY),
        (NOW - 5 * DAY, None, NOW - 5 * DAY),
        (OLDEST, None, OLDEST),
        (None, NOW - 10 * DAY, NOW - 40 * DAY),
        (None, NOW - 80 * DAY, OLDEST),
        (NOW - 2 * DAY, NOW - DAY, NOW - 2 * DAY),
    ],
)
def test_the_window_is_thirty_days_unless_another_is_asked_for(
    start: datetime | None, end: datetime | None, begins: datetime
) -> None:
    assert audit_window(start, end, NOW) == AuditWindow(begins, end)


@pytest.mark.parametrize(
    ("start", "end", "kind"),
    [
        (OLDEST - timedelta(microseconds=1), None, "audit.too-old"),
        (None, OLDEST - DAY, "audit.too-old"),
        (NOW - DAY, NOW - 2 * DAY, "request.invalid-parameter"),
    ],
)
def test_older_or_reversed_windows_are_refused(start: datetime | None, end: datetime | None, kind: ErrorCode) -> None:
    with rejected(kind):
        audit_window(start, end, NOW)
