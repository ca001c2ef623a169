"""Days and instants as people type them, where the browser has no calendar; and which day it is where they are."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global
from babel.dates import get_month_names

from agreegate.i18n import LANGUAGES

EARLIEST_YEAR = 1900
"""A date before that is a mistake, as on the wire."""
LONGEST = 60
"""Characters of a date that are read."""
_NUMBERS = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})")
_FRENCH = re.compile(r"(?P<day>\d{1,2})[/.](?P<month>\d{1,2})[/.](?P<year>\d{4})")
_WORDS = re.compile(r"(?P<day>\d{1,2})(?:er|st|nd|rd|th)?\s+(?P<month>[^\W\d_]+)\.?\s+(?P<year>\d{4})")
_TIME = re.compile(
    r"(?:\s*[t,]\s*|\s+)(?P<hour>\d{1,2})\s*[:h]\s*(?P<minute>\d{2})"
    r"(?P<second>:\d{2}(?:\.\d+)?)?\s*(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)


def day_of(written: str, language: str) -> datetime | None:
    """Return the day as midnight UTC; None when no day can be read, or a time follows it.

    Read are `2018-09-03` and, with the month's name in any of our languages, `3 September 2018`; in French also
    `03/09/2018`. In English that last form means two days, so it is not read.
    """
    day, rest = _split(written, language)
    return day if day is not None and not rest and day.year >= EARLIEST_YEAR else None


def instant_of(written: str, language: str) -> datetime | None:
    """Return the instant in UTC; None when it cannot be read. The zone defaults to UTC, the time to midnight."""
    day, rest = _split(written, language)
    clock = _TIME.fullmatch(rest or " 00:00")
    if day is None or clock is None:
        return None
    zone = (clock["zone"] or "Z").upper().replace("UTC", "Z").replace("GMT", "Z")
    try:
        read = datetime.fromisoformat(
            f"{day.date()}T{int(clock['hour']):02}:{int(clock['minute']):02}{clock['second'] or ''}{zone}"
        )
        return read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _split(written: str, language: str) -> tuple[datetime | None, str]:
    """Return the day with which a text begins, and the rest of the text."""
    written = " ".join(written.split())[:LONGEST]
    for pattern in (_NUMBERS, _WORDS, *((_FRENCH,) if language == "fr" else ())):
        if found := pattern.match(written):
            month = found["month"] if found["month"].isdecimal() else _months().get(found["month"].casefold(), 0)
            return _day(int(found["year"]), int(month), int(found["day"])), written[found.end() :]
    return None, ""


def latest_day(now: datetime, countries: Iterable[str]) -> date:
    """Return the latest day that has begun in UTC or in any of the countries: Auckland is ahead of UTC."""
    days = [now.date()]
    for country in countries:
        for zone in get_global("territory_zones").get(country, ()):
            try:
                days.append(now.astimezone(ZoneInfo(zone)).date())
            except ZoneInfoNotFoundError:  # a machine without zones, or of other years
                continue
    return max(days)


def _day(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None


@cache
def _months() -> dict[str, int]:
    """Return the months by their names in every language."""
    return {
        name.casefold(): number
        for language in LANGUAGES
        for number, name in get_month_names("wide", locale=language).items()
    }
