"""A day as people type it, where the browser has no calendar; and which day it is where they are."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global

from agreegate.i18n import date_text

EARLIEST_YEAR = 1900
"""A date before that is a mistake, as on the wire."""
_NUMBERS = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})")
_FRENCH = re.compile(r"(?P<day>\d{1,2})[/.](?P<month>\d{1,2})[/.](?P<year>\d{4})")
_WORDS = re.compile(r"(?P<day>\d{1,2})(?:er)?\s+(?P<month>[^\W\d]+\.?)\s+(?P<year>\d{4})")


def day_of(written: str, language: str) -> datetime | None:
    """The day as midnight UTC; None: nobody can say which day is meant.

    Read are the browser's form `2018-09-03` and, as pages write it, `3 September 2018`; in French also `03/09/2018`. In
    English that last form means two days, so it is not read.
    """
    if language == "fr" and (found := _FRENCH.fullmatch(written)):
        return _day(found["year"], found["month"], found["day"])
    if found := _NUMBERS.fullmatch(written):
        return _day(found["year"], found["month"], found["day"])
    if found := _WORDS.fullmatch(written):
        return _day(found["year"], str(_months(language).get(found["month"].casefold(), 0)), found["day"])
    return None


def latest_day(now: datetime, countries: Iterable[str]) -> date:
    """The last day that is no day to come, in UTC or in any of the countries: in Auckland it is tomorrow early."""
    days = [now.date()]
    for country in countries:
        for zone in get_global("territory_zones").get(country, ()):
            try:
                days.append(now.astimezone(ZoneInfo(zone)).date())
            except ZoneInfoNotFoundError:  # a machine without zones, or of other years
                continue
    return max(days)


def _day(year: str, month: str, day: str) -> datetime | None:
    try:
        found = datetime(int(year), int(month), int(day), tzinfo=UTC)
    except ValueError:
        return None
    return found if found.year >= EARLIEST_YEAR else None


@cache
def _months(language: str) -> dict[str, int]:
    """The months by their names, as pages write them."""
    return {
        date_text(datetime(2000, month, 2, tzinfo=UTC), language).split()[1].casefold(): month for month in range(1, 13)
    }
