"""Instants on the wire: one parser for every format that clients send, and the formats of answers (3.5, 4.2, section 8)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from agreegate.domain.as_of import Moment
from agreegate.domain.error import ErrorCode, Rejected

T = TypeVar("T")

EARLIEST_YEAR = 1900
LATEST_YEAR = 9000

# Digits are ASCII only: `\d` would also take other scripts' digits. Offsets end at 14 hours, where the world's and .NET's do.
_OFFSET = r"(?P<sign>[+-])(?P<offset_hours>0[0-9]|1[0-4])(?::?(?P<offset_minutes>[0-5][0-9]))?"
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
# With a blank the seconds are needed: programs write them, and people who leave them out may mean their local time.
_ISO = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    rf"(?:(?:[Tt]|(?P<blank> )){_TIME}(?::(?P<second>[0-9]{{2}})(?:\.(?P<fraction>[0-9]{{1,9}}))?|(?(blank)(?!)))"
    rf"(?:(?(blank) ?)(?:(?P<utc>[Zz])|{_OFFSET}))?)?"
)
_RFC_1123 = re.compile(
    r"(?P<weekday>[a-z]{3}), (?P<day>[0-9]{1,2}) (?P<month_name>[a-z]{3}) (?P<year>[0-9]{4})"
    rf" {_TIME}:(?P<second>[0-9]{{2}}) (?:(?P<utc>GMT|UTC)|{_OFFSET})",
    re.IGNORECASE | re.ASCII,
)
_MILLISECONDS = re.compile(rf"/Date\((?P<milliseconds>-?[0-9]{{1,15}})(?:{_OFFSET})?\)/")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INVARIANT = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")
_LOST_PLUS = re.compile(r"(:[0-9]{2}(?:\.[0-9]+)? ?|/Date\(-?[0-9]+) (?=[0-9]{2}(?::?[0-9]{2})?(?:\)/)?\Z)")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO = timedelta(days=-719_162)
"""The zero date, 0001-01-01, as seen from 1970."""
_END = datetime(LATEST_YEAR + 1, 1, 1, tzinfo=UTC) - _EPOCH
_EASTERNMOST = timedelta(hours=14)


class Written(NamedTuple):
    """An instant as a client wrote it."""

    instant: datetime
    """Aware, in UTC, to the microsecond."""
    zoned: bool
    """False when a time was written without a zone: it is read as UTC but may be the client's local time (contract 4.2)."""
    midnight: bool
    """Whether its day begins at this instant, in the zone written."""


def parse_instant(text: object) -> Written | None:
    """Return the instant of a wire date; None for .NET's zero date, by which those clients leave a date out (section 8).

    It reads ISO 8601, with `T` and at least hours and minutes, or as databases write it with a blank and seconds; up to
    nine fraction digits, of which six count; `Z`, an offset or no zone. An ISO date alone is midnight UTC and counts as
    zoned. It also reads RFC 1123, and Microsoft's `/Date(milliseconds)/`, whose offset only names the client's zone.

    Raises:
        ValueError: anything else, and years outside 1900–9000 in UTC.
    """
    if not isinstance(text, str):
        raise ValueError("not a date")  # noqa: TRY004 - a caller has one error to catch
    if found := _MILLISECONDS.fullmatch(text):
        return _from_milliseconds(found)
    if found := _ISO.fullmatch(text) or _RFC_1123.fullmatch(text):
        return _from_calendar(found.groupdict())
    raise ValueError("not a date")


def stated_instant(text: str) -> Written:
    """Return the instant of a wire date that may not be left out.

    Raises:
        ValueError: as `parse_instant`, and .NET's zero date.
    """
    if (written := parse_instant(text)) is None:
        raise ValueError("the zero date")
    return written


def read_date(read: Callable[[str], T], text: str, name: str, code: ErrorCode = "request.invalid-instant") -> T:
    """Return what `read`, one of the readers of this module, makes of a text.

    Args:
        name: what the error calls the text.
        code: of the error.

    Raises:
        Rejected: `read` cannot read the text.
    """
    try:
        return read(text)
    except ValueError:
        raise Rejected(code, name=name) from None


def query_date(text: str) -> datetime:
    """Return the instant of a query parameter (contract 4.12): as `parse_instant`, or .NET's invariant `MM/dd/yyyy HH:mm:ss`.

    Without a zone it is UTC. A plus sign that was not escaped arrives as a blank and is put back.

    Raises:
        ValueError: anything else, and .NET's zero date.
    """
    return _read_query(text).instant


def query_end(text: str) -> datetime:
    """Return the first instant after the period that a query parameter ends (contract 4.12).

    A date alone and a midnight end the period after their whole day; any other instant after itself.

    Raises:
        ValueError: as `query_date`.
    """
    written = _read_query(text)
    return written.instant + (timedelta(days=1) if written.midnight else timedelta(microseconds=1))


def query_moment(text: str) -> Moment:
    """Return the moment of a query parameter: the whole day of a date alone, else the instant as `query_date` reads it.

    Raises:
        ValueError: anything else, and .NET's zero date.
    """
    return Moment(query_date(text), whole_day=_DAY.fullmatch(text) is not None)


def written_utc(instant: datetime) -> str:
    """Write `2019-02-14T00:00:00.000Z`, as the answer to a confirmation: milliseconds, or microseconds if any (4.2)."""
    return _utc(instant, "microseconds" if instant.microsecond % 1000 else "milliseconds") + "Z"


def written_bare(instant: datetime) -> str:
    """Write `2018-07-28T00:00:00`, as the list of confirmations: UTC without `Z`, a fraction only if any (4.3)."""
    text = _utc(instant, "auto")
    return text.rstrip("0") if instant.microsecond else text


def written_z(instant: datetime) -> str:
    """Write `2019-03-25T22:30:02.085152Z`, as orders: a fraction only if any, without end zeros (4.9)."""
    return written_bare(instant) + "Z"


def _utc(instant: datetime, timespec: str) -> str:
    return instant.astimezone(UTC).isoformat(timespec=timespec).removesuffix("+00:00")


def _read_query(text: str) -> Written:
    if found := _INVARIANT.fullmatch(text):
        month, day, year, hour, minute, second = found.groups()
        text = f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"
    return stated_instant(_LOST_PLUS.sub(r"\1+", text))


def _from_milliseconds(found: re.Match[str]) -> Written | None:
    since_1970 = timedelta(milliseconds=int(found["milliseconds"]))
    offset = _offset(found.groupdict()) or timedelta()
    if _ZERO in (since_1970, since_1970 + offset):
        return None
    if not _ZERO < since_1970 < _END:
        raise ValueError("year out of range")
    midnight = (since_1970 + offset) % timedelta(days=1) == timedelta()
    return Written(_in_range(_EPOCH + since_1970), True, midnight)


def _from_calendar(parts: dict[str, str | None]) -> Written | None:
    name = parts.get("month_name")
    year, day = int(parts["year"] or 0), int(parts["day"] or 0)
    month = int(parts["month"] or 0) if name is None else _MONTHS.index(name.lower()) + 1
    hour, minute, second = (int(parts[part] or 0) for part in ("hour", "minute", "second"))
    fraction = (parts.get("fraction") or "").ljust(9, "0")
    midnight = not any((hour, minute, second, int(fraction)))
    if (year, month, day) == (1, 1, 1) and midnight:
        return None  # in whatever zone: a local zero date is written with the machine's offset
    # A year more on both sides until the offset is off: enough for every offset, and never out of datetime's own range.
    if not EARLIEST_YEAR - 1 <= year <= LATEST_YEAR + 1:
        raise ValueError("year out of range")
    wall = datetime(year, month, day, hour, minute, second, int(fraction[:6]), UTC)
    if (weekday := parts.get("weekday")) is not None and weekday.lower() != _WEEKDAYS[wall.weekday()]:
        raise ValueError("not this weekday")
    offset = _offset(parts)
    zoned = parts["hour"] is None or parts["utc"] is not None or offset is not None
    return Written(_in_range(wall - (offset or timedelta())), zoned, midnight)


def _offset(parts: dict[str, str | None]) -> timedelta | None:
    if parts["sign"] is None:
        return None
    offset = timedelta(hours=int(parts["offset_hours"] or 0), minutes=int(parts["offset_minutes"] or 0))
    if offset > _EASTERNMOST:
        raise ValueError("not an offset")
    return offset if parts["sign"] == "+" else -offset


def _in_range(instant: datetime) -> datetime:
    if not EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
        raise ValueError("year out of range")
    return instant
