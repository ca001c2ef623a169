"""Instants on the wire: one parser for every spelling clients send, and the spellings out (contract 3.5, 4.2, section 8)."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from agreegate.domain.retrospect import Moment

EARLIEST_YEAR = 1900
LATEST_YEAR = 9000

# Digits are ASCII only: `\d` would also take other scripts' digits. Offsets end at 14 hours, where the world's and .NET's do.
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,7}))?)?"
    r"(?:([Zz])|([+-])(0[0-9]|1[0-4])(?::?([0-5][0-9]))?)?)?"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INVARIANT = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")
_EASTERNMOST = timedelta(hours=14)


class Written(NamedTuple):
    """An instant as a client wrote it."""

    instant: datetime
    """Aware, in UTC, to the microsecond."""
    zoned: bool
    """False when a time was written without a zone: it is read as UTC but may be the client's local time (contract 4.2)."""


def parse_instant(text: object) -> Written | None:
    """The instant a wire date names; None for .NET's zero date, which is how those clients leave a date out (section 8).

    Read: ISO 8601 with `T`, hours and minutes at least, up to seven fraction digits (the seventh is cut off), and `Z`, an
    offset or no zone; or a date alone, which is midnight UTC and counts as zoned. A blank instead of `T` is refused: no
    client sends it, and in a query it may have been a plus sign.

    Raises:
        ValueError: anything else, also no text at all, and years outside 1900–9000 in UTC.
    """
    found = _ISO.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("not a date")
    year, month, day, hour, minute, second, fraction, zulu, sign, offset_hours, offset_minutes = found.groups()
    if year == "0001" and month == day == "01" and not any(int(part or 0) for part in (hour, minute, second, fraction)):
        return None  # in whatever zone: a local zero date is written with the machine's offset
    # A year more on both sides until the offset is off: enough for every offset, and never out of datetime's own range.
    if not EARLIEST_YEAR - 1 <= int(year) <= LATEST_YEAR + 1:
        raise ValueError("year out of range")
    microsecond = 0 if fraction is None else int(fraction[:6].ljust(6, "0"))
    instant = datetime(
        int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), microsecond, UTC
    )
    if sign is not None:
        offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes or 0))
        if offset > _EASTERNMOST:
            raise ValueError("not an offset")
        instant = instant - offset if sign == "+" else instant + offset
    if not EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
        raise ValueError("year out of range")
    return Written(instant, hour is None or zulu is not None or sign is not None)


def query_date(text: str) -> datetime:
    """The instant a query parameter names (contract 4.12): as `parse_instant`, or .NET's invariant `MM/dd/yyyy HH:mm:ss`.

    Without a zone it is UTC. A plus sign that was not escaped arrives as a blank and is put back.

    Raises:
        ValueError: anything else, and .NET's zero date.
    """
    if found := _INVARIANT.fullmatch(text):
        month, day, year, hour, minute, second = found.groups()
        text = f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"
    written = parse_instant(text.replace(" ", "+"))
    if written is None:
        raise ValueError("the zero date")
    return written.instant


def query_moment(text: str) -> Moment:
    """The moment a query names: of a date alone the whole day, else the instant, as `query_date` reads it.

    Raises:
        ValueError: anything else, and .NET's zero date.
    """
    return Moment(query_date(text), whole_day=_DAY.fullmatch(text) is not None)


def written_utc(instant: datetime) -> str:
    """As the answer to a confirmation has it, `2019-02-14T00:00:00.000Z`: milliseconds, microseconds where they count (4.2)."""
    return _utc(instant, "microseconds" if instant.microsecond % 1000 else "milliseconds") + "Z"


def written_bare(instant: datetime) -> str:
    """As the list of confirmations has it, `2018-07-28T00:00:00`: UTC without saying so, a fraction only if any (4.3)."""
    text = _utc(instant, "auto")
    return text.rstrip("0") if instant.microsecond else text


def written_z(instant: datetime) -> str:
    """As orders and subscriptions have it, `2019-03-25T22:30:02.085152Z`: a fraction only if any, without end zeros (4.9)."""
    return written_bare(instant) + "Z"


def _utc(instant: datetime, timespec: str) -> str:
    return instant.astimezone(UTC).isoformat(timespec=timespec).removesuffix("+00:00")
