"""Every spelling of a date that clients send, and the spellings that go out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreegate.api.instant import parse_instant, query_date, query_end, written_bare, written_utc, written_z

INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(9000, 12, 31, 23, 59, 59, 999999), timezones=st.just(UTC))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def read(text: str) -> tuple[datetime, bool]:
    """The instant of a text, and whether its zone is known."""
    written = parse_instant(text)
    assert written is not None
    return written.instant, written.zoned


@pytest.mark.parametrize(
    ("text", "instant", "zoned"),
    [
        ("2019-02-14T10:11:12.1234567Z", utc(2019, 2, 14, 10, 11, 12, 123456), True),
        ("2019-02-14T00:00:00.000Z", utc(2019, 2, 14), True),
        ("2019-02-14T10:11:12Z", utc(2019, 2, 14, 10, 11, 12), True),
        ("2019-02-14t10:11:12z", utc(2019, 2, 14, 10, 11, 12), True),
        ("2019-02-14T10:11Z", utc(2019, 2, 14, 10, 11), True),
        ("2019-02-14T10:11:12+02:00", utc(2019, 2, 14, 8, 11, 12), True),
        ("2019-02-14T10:11:12+0200", utc(2019, 2, 14, 8, 11, 12), True),
        ("2019-02-14T10:11:12+02", utc(2019, 2, 14, 8, 11, 12), True),
        ("2019-02-14T10:11:12.5-05:30", utc(2019, 2, 14, 15, 41, 12, 500000), True),
        ("2019-02-14T10:11:12-00:00", utc(2019, 2, 14, 10, 11, 12), True),
        ("2019-02-14T10:11:12+14:00", utc(2019, 2, 13, 20, 11, 12), True),
        ("2019-02-14T10:11:12", utc(2019, 2, 14, 10, 11, 12), False),
        ("2019-02-14T10:11:12.1234567", utc(2019, 2, 14, 10, 11, 12, 123456), False),
        ("2019-02-14T00:00:00", utc(2019, 2, 14), False),
        ("2019-02-14T10:11:12.12345678Z", utc(2019, 2, 14, 10, 11, 12, 123456), True),
        ("2019-02-14T10:11:12.999999999+02:00", utc(2019, 2, 14, 8, 11, 12, 999999), True),
        ("2019-02-14 10:11:12", utc(2019, 2, 14, 10, 11, 12), False),
        ("2019-02-14 10:11:12.123456789", utc(2019, 2, 14, 10, 11, 12, 123456), False),
        ("2019-02-14 10:11:12Z", utc(2019, 2, 14, 10, 11, 12), True),
        ("2019-02-14 10:11:12+0200", utc(2019, 2, 14, 8, 11, 12), True),
        ("2019-02-14 10:11:12 +02:00", utc(2019, 2, 14, 8, 11, 12), True),
        ("Thu, 14 Feb 2019 10:11:12 GMT", utc(2019, 2, 14, 10, 11, 12), True),
        ("thu, 14 feb 2019 10:11:12 gmt", utc(2019, 2, 14, 10, 11, 12), True),
        ("Fri, 1 Mar 2019 10:11:12 UTC", utc(2019, 3, 1, 10, 11, 12), True),
        ("Fri, 01 Mar 2019 00:11:12 +0200", utc(2019, 2, 28, 22, 11, 12), True),
        ("/Date(1546300800000)/", utc(2019, 1, 1), True),
        ("/Date(1546300800000+0100)/", utc(2019, 1, 1), True),
        ("/Date(1546300800123-0800)/", utc(2019, 1, 1, 0, 0, 0, 123000), True),
        ("/Date(0)/", utc(1970, 1, 1), True),
        ("/Date(-2208988800000)/", utc(1900, 1, 1), True),
        ("2019-02-14", utc(2019, 2, 14), True),
        ("2020-02-29", utc(2020, 2, 29), True),
        ("1900-01-01T00:00:00Z", utc(1900, 1, 1), True),
        ("1899-12-31T23:00:00-02:00", utc(1900, 1, 1, 1), True),
        ("9000-12-31T23:59:59.9999999Z", utc(9000, 12, 31, 23, 59, 59, 999999), True),
        ("9001-01-01T01:00:00+02:00", utc(9000, 12, 31, 23), True),
    ],
)
def test_dates_clients_send(text: str, instant: datetime, zoned: bool) -> None:
    assert read(text) == (instant, zoned)
    assert read(text)[0].tzinfo is UTC


@pytest.mark.fault("D1")
@pytest.mark.parametrize("digits", range(10))
def test_fractions_are_cut_to_the_microsecond(digits: int) -> None:
    fraction = "123456789"[:digits]
    written, _ = read("2019-02-14T10:11:12" + ("." + fraction if fraction else "") + "Z")
    assert written == utc(2019, 2, 14, 10, 11, 12, int(fraction[:6].ljust(6, "0")))


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00.0000000",
        "0001-01-01T00:00:00.000Z",
        "0001-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00+01:00",
        "0001-01-01T00:00:00-08:00",
        "0001-01-01",
        "0001-01-01 00:00:00",
        "0001-01-01T00:00:00.000000000Z",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "/Date(-62135596800000)/",
        "/Date(-62135600400000+0100)/",
    ],
)
def test_zero_date_of_dotnet_is_missing(text: str) -> None:
    assert parse_instant(text) is None


@pytest.mark.parametrize(
    "text",
    [
        None, 0, 1550102400, 12.5, True, b"2019-02-14", [], {}, datetime(2019, 2, 14),
        "", " ", "now", "14.02.2019", "02/14/2019", " 2019-02-14", "2019-02-14 ", "2019-02-14\n", "2019-02-14T10:11:12Z\n", "2019-02-14\0",
        "2019-02-14  10:11:12", "2019-02-14 10", "2019-02-14 10:11", "2019-02-14 10:11Z", "2019-02-14 10:11 +02:00", "2019-02-14 +02:00", "2019-02-14 10:11:12  +02:00",
        "2019-02-14 10:11:12 UTC", "2019-02-14\t10:11:12", "2019-02-14\u00a010:11:12", "2019-02-14T10", "2019-02-14T", "2019-02-14Z", "2019-02-14+02:00",
        "2019-02-14T10:11:12.Z", "2019-02-14T10:11:12.1234567891Z", "2019-02-14T10:11:12,5Z", "2019-02-14T10:11.5Z",
        "2019-02-14T10:11:12 Z", "2019-02-14T10:11:12ZZ", "2019-02-14T10:11:12UTC", "2019-02-14T10:11:12+2",
        "2019-02-14T10:11:12+02:0", "2019-02-14T10:11:12+02:60", "2019-02-14T10:11:12+14:01", "2019-02-14T10:11:12+24:00",
        "2019-02-14T10:11:12\u221202:00", "2019-2-14", "19-02-14", "20190214", "20190214T101112Z", "2019-W07-4", "2019-045",
        "2019-00-14", "2019-13-14", "2019-02-00", "2019-02-29", "1900-02-29", "2019-04-31",
        "2019-02-14T24:00:00Z", "2019-02-14T10:60:00Z", "2019-02-14T10:11:60Z",
        "-2019-02-14", "+2019-02-14", "12019-02-14", "0000-01-01T00:00:00Z", "0001-01-02T00:00:00", "0001-01-01T00:00:01",
        "0001-01-01T00:00:00.0000001", "0001-13-01", "1899-12-31T23:59:59Z", "1900-01-01T00:00:00+01:00", "9001-01-01",
        "9000-12-31T23:00:00-02:00", "9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59-14:00", "9999-12-14T00:00:00Z",
        "\u0662\u0660\u0661\u0669-02-14", "\uff12019-02-14", "2019-02-14T10:11:1\u0968Z", "2019\u201302\u201314",
        "Fri, 14 Feb 2019 00:00:00 GMT", "Thursday, 14 Feb 2019 00:00:00 GMT", "Thu, 14 Feb 19 00:00:00 GMT",
        "Thu, 14 Feb 2019 00:00:00", "Thu, 14 Feb 2019 00:00 GMT", "Thu, 14 Feb 2019 00:00:00 EST", "Thu 14 Feb 2019 00:00:00 GMT",
        "Thu, 14 Feb 2019 24:00:00 GMT", "Thu, 31 Feb 2019 00:00:00 GMT", "Jeu, 14 Feb 2019 00:00:00 GMT",
        "Thu, 14 Fev 2019 00:00:00 GMT", "Thu, 14 Feb 2019 00:00:00 GMT\n", "Thu, 14 Feb 2019 00:00:00 +1500",
        "Thu Feb 14 2019 00:00:00 GMT+0000", "Fri, 31 Dec 1899 23:59:59 GMT", "Thu, 14 \u017fep 2019 00:00:00 GMT",
        "/Date()/", "/Date(1550102400000)", "Date(1550102400000)", "/Date(1550102400.5)/", "/Date(1e12)/", "/Date(x)/",
        "/Date( 1550102400000)/", "/Date(1550102400000+1500)/", "/Date(1550102400000+1)/", "/Date(1550102400000Z)/",
        "/date(1550102400000)/", "/Date(999999999999999)/", "/Date(-999999999999999)/", "/Date(9999999999999999999)/",
        "/Date(-2208988800001)/", "/Date(221876928000000)/", "/Date(1550102400000)/\n", "/Date(\u0661\u0665)/",
    ],
)  # fmt: skip
def test_everything_else_is_refused(text: object) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)


@given(
    st.text() | st.text("0123456789-:+TZtz./ ", max_size=40) | st.from_regex(r"/Date\(-?[0-9]{1,20}([+-][0-9]{4})?\)/")
)
def test_any_text_is_a_date_or_refused(text: str) -> None:
    try:
        written = parse_instant(text)
    except ValueError:
        return
    assert written is None or 1900 <= written.instant.year <= 9000


@given(INSTANTS, OFFSETS)
def test_an_offset_names_the_same_instant(instant: datetime, zone: timezone) -> None:
    assert read(instant.astimezone(zone).isoformat()) == (instant, True)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = "%Y-%m-%dT%H:%M:%S"


def nanoseconds(instant: datetime, digits: int) -> str:
    """The fraction as a clock of nanoseconds has it. What is below the microsecond must not count: 999 of them."""
    return f"{instant.microsecond:06}999"[:digits]


def java(instant: datetime) -> str:
    """As `Instant.toString` writes: three, six or nine digits."""
    return f"{instant:{SECOND}}.{nanoseconds(instant, 9)}Z"


def go(instant: datetime) -> str:
    """As `time.RFC3339Nano` writes: zeros at the end are left out."""
    return f"{instant:{SECOND}}.{nanoseconds(instant, 9).rstrip('0')}+00:00"


def dotnet(instant: datetime) -> str:
    """As the format `o` writes: seven digits."""
    return f"{instant:{SECOND}}.{nanoseconds(instant, 7)}Z"


def sql(instant: datetime) -> str:
    """As a database writes a time with its zone."""
    return f"{instant:%Y-%m-%d %H:%M:%S}.{nanoseconds(instant, 8)}+00"


def rfc_1123(instant: datetime) -> str:
    return format_datetime(instant, usegmt=True)


def microsoft_json(instant: datetime) -> str:
    return f"/Date({(instant - EPOCH) // timedelta(milliseconds=1)}+0530)/"


@pytest.mark.fault("D1")
@pytest.mark.parametrize(
    ("write", "precision"),
    [(java, 1), (go, 1), (dotnet, 1), (sql, 1), (rfc_1123, 1_000_000), (microsoft_json, 1000)],
)
@given(instant=INSTANTS.filter(lambda instant: instant.year >= 1000))
def test_what_other_languages_write_comes_back_cut(
    write: Callable[[datetime], str], precision: int, instant: datetime
) -> None:
    whole = instant - timedelta(microseconds=instant.microsecond % precision)
    text = write(instant)
    assert read(text) == (whole, True)
    assert query_date(text) == query_date(text.replace("+", " ")) == whole


@given(INSTANTS)
def test_what_goes_out_comes_back_as_the_same_instant(instant: datetime) -> None:
    assert read(written_utc(instant)) == (instant, True)
    assert read(written_z(instant)) == (instant, True)
    assert read(written_bare(instant)) == (instant, False)
    assert query_date(written_z(instant)) == instant


@pytest.mark.parametrize(
    ("instant", "echo", "bare", "z"),
    [
        (utc(2019, 2, 14), "2019-02-14T00:00:00.000Z", "2019-02-14T00:00:00", "2019-02-14T00:00:00Z"),
        (utc(2018, 7, 28, 10), "2018-07-28T10:00:00.000Z", "2018-07-28T10:00:00", "2018-07-28T10:00:00Z"),
        (
            utc(2018, 3, 26, 21, 41, 51, 677000),
            "2018-03-26T21:41:51.677Z",
            "2018-03-26T21:41:51.677",
            "2018-03-26T21:41:51.677Z",
        ),
        (
            utc(2019, 3, 25, 22, 30, 2, 85152),
            "2019-03-25T22:30:02.085152Z",
            "2019-03-25T22:30:02.085152",
            "2019-03-25T22:30:02.085152Z",
        ),
        (
            utc(2019, 1, 1, 0, 0, 0, 500000),
            "2019-01-01T00:00:00.500Z",
            "2019-01-01T00:00:00.5",
            "2019-01-01T00:00:00.5Z",
        ),
        (
            datetime(2019, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "2018-12-31T23:00:00.000Z",
            "2018-12-31T23:00:00",
            "2018-12-31T23:00:00Z",
        ),
    ],
)
def test_the_three_spellings_out(instant: datetime, echo: str, bare: str, z: str) -> None:
    assert (written_utc(instant), written_bare(instant), written_z(instant)) == (echo, bare, z)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2019-02-14", utc(2019, 2, 14)),
        ("2019-02-14T10:11:12Z", utc(2019, 2, 14, 10, 11, 12)),
        ("2019-02-14T10:11:12", utc(2019, 2, 14, 10, 11, 12)),
        ("2019-02-14T10:11:12+02:00", utc(2019, 2, 14, 8, 11, 12)),
        ("2019-02-14T10:11:12 02:00", utc(2019, 2, 14, 8, 11, 12)),
        ("2019-02-14 10:11:12", utc(2019, 2, 14, 10, 11, 12)),
        ("2019-02-14 10:11:12 02:00", utc(2019, 2, 14, 8, 11, 12)),
        ("2019-02-14 10:11:12  02:00", utc(2019, 2, 14, 8, 11, 12)),
        ("Thu, 14 Feb 2019 10:11:12  0200", utc(2019, 2, 14, 8, 11, 12)),
        ("2019-02-14 10:11:12.5 0200", utc(2019, 2, 14, 8, 11, 12, 500000)),
        ("2019-02-14T10:11 02", utc(2019, 2, 14, 8, 11)),
        ("/Date(1550139072000 0100)/", utc(2019, 2, 14, 10, 11, 12)),
        ("Thu, 14 Feb 2019 10:11:12 GMT", utc(2019, 2, 14, 10, 11, 12)),
        ("02/14/2019 10:11:12", utc(2019, 2, 14, 10, 11, 12)),
        ("12/01/2018 00:00:00", utc(2018, 12, 1)),
    ],
)
def test_dates_in_a_query(text: str, instant: datetime) -> None:
    assert query_date(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "", "02/14/2019", "14/02/2019 00:00:00", "2/14/2019 10:11:12", "02/14/2019 10:11:12 AM", "02/14/2019 10:11",
        "02-14-2019 10:11:12", "02/14/1899 10:11:12", "01/01/0001 00:00:00", "0001-01-01T00:00:00", "/Date(-62135596800000)/",
        "02/30/2019 10:11:12", "02/14/2019T10:11:12", "02/14/2019 10:11:12\n", "\u0660\u0662/14/2019 10:11:12",
    ],
)  # fmt: skip
def test_other_texts_in_a_query_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        query_date(text)


@given(INSTANTS)
def test_the_invariant_form_of_dotnet_is_read(instant: datetime) -> None:
    text = f"{instant.month:02}/{instant.day:02}/{instant.year:04} {instant.hour:02}:{instant.minute:02}:{instant.second:02}"
    assert query_date(text) == instant.replace(microsecond=0)


@pytest.mark.fault("D7")
@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2019-02-14", utc(2019, 2, 15)),
        ("02/14/2019 00:00:00", utc(2019, 2, 15)),
        ("2019-02-14T00:00:00", utc(2019, 2, 15)),
        ("2019-02-14T00:00:00.0000000Z", utc(2019, 2, 15)),
        ("2019-02-14 00:00:00", utc(2019, 2, 15)),
        ("2019-02-14T00:00:00.000 02:00", utc(2019, 2, 14, 22)),
        ("Thu, 14 Feb 2019 00:00:00 GMT", utc(2019, 2, 15)),
        ("/Date(1550102400000)/", utc(2019, 2, 15)),
        ("/Date(1550098800000+0100)/", utc(2019, 2, 14, 23)),
        ("02/14/2019 00:00:01", utc(2019, 2, 14, 0, 0, 1, 1)),
        ("2019-02-14T00:00:00.000001Z", utc(2019, 2, 14, 0, 0, 0, 2)),
        ("2019-02-14T23:59:59.999999Z", utc(2019, 2, 15)),
        ("12/31/9000 00:00:00", utc(9001, 1, 1)),
    ],
)
def test_a_period_ends_with_the_day_that_a_midnight_names(text: str, end: datetime) -> None:
    assert query_end(text) == end
