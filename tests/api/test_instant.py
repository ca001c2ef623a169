"""Every spelling of a date that clients send, and the spellings that go out."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreegate.api.instant import Written, parse_instant, query_date, written_bare, written_utc, written_z

INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(9000, 12, 31, 23, 59, 59, 999999), timezones=st.just(UTC))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


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
        ("2019-02-14", utc(2019, 2, 14), True),
        ("2020-02-29", utc(2020, 2, 29), True),
        ("1900-01-01T00:00:00Z", utc(1900, 1, 1), True),
        ("1899-12-31T23:00:00-02:00", utc(1900, 1, 1, 1), True),
        ("9000-12-31T23:59:59.9999999Z", utc(9000, 12, 31, 23, 59, 59, 999999), True),
        ("9001-01-01T01:00:00+02:00", utc(9000, 12, 31, 23), True),
    ],
)
def test_dates_clients_send(text: str, instant: datetime, zoned: bool) -> None:
    written = parse_instant(text)
    assert written == Written(instant, zoned)
    assert written.instant.tzinfo is UTC


@pytest.mark.parametrize("digits", range(8))
def test_fractions_are_kept_to_the_microsecond(digits: int) -> None:
    fraction = "1234567"[:digits]
    written = parse_instant("2019-02-14T10:11:12" + ("." + fraction if fraction else "") + "Z")
    assert written is not None
    assert written.instant == utc(2019, 2, 14, 10, 11, 12, int(fraction[:6].ljust(6, "0")))


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
    ],
)
def test_zero_date_of_dotnet_is_missing(text: str) -> None:
    assert parse_instant(text) is None


@pytest.mark.parametrize(
    "text",
    [
        None, 0, 1550102400, 12.5, True, b"2019-02-14", [], {}, datetime(2019, 2, 14),
        "", " ", "now", "Thu, 14 Feb 2019 00:00:00 GMT", "14.02.2019", "02/14/2019", "/Date(1550102400000)/",
        " 2019-02-14", "2019-02-14 ", "2019-02-14\n", "2019-02-14T10:11:12Z\n", "2019-02-14\0",
        "2019-02-14 10:11:12", "2019-02-14T10", "2019-02-14T", "2019-02-14Z", "2019-02-14+02:00",
        "2019-02-14T10:11:12.Z", "2019-02-14T10:11:12.12345678Z", "2019-02-14T10:11:12,5Z", "2019-02-14T10:11.5Z",
        "2019-02-14T10:11:12 Z", "2019-02-14T10:11:12ZZ", "2019-02-14T10:11:12UTC", "2019-02-14T10:11:12+2",
        "2019-02-14T10:11:12+02:0", "2019-02-14T10:11:12+02:60", "2019-02-14T10:11:12+14:01", "2019-02-14T10:11:12+24:00",
        "2019-02-14T10:11:12\u221202:00", "2019-2-14", "19-02-14", "20190214", "20190214T101112Z", "2019-W07-4", "2019-045",
        "2019-00-14", "2019-13-14", "2019-02-00", "2019-02-29", "1900-02-29", "2019-04-31",
        "2019-02-14T24:00:00Z", "2019-02-14T10:60:00Z", "2019-02-14T10:11:60Z",
        "-2019-02-14", "+2019-02-14", "12019-02-14", "0000-01-01T00:00:00Z", "0001-01-02T00:00:00", "0001-01-01T00:00:01",
        "0001-01-01T00:00:00.0000001", "0001-13-01", "1899-12-31T23:59:59Z", "1900-01-01T00:00:00+01:00", "9001-01-01",
        "9000-12-31T23:00:00-02:00", "9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59-14:00", "9999-12-14T00:00:00Z",
        "\u0662\u0660\u0661\u0669-02-14", "\uff12019-02-14", "2019-02-14T10:11:1\u0968Z", "2019\u201302\u201314",
    ],
)  # fmt: skip
def test_everything_else_is_refused(text: object) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)


@given(st.text() | st.text("0123456789-:+TZtz./ ", max_size=40))
def test_any_text_is_a_date_or_refused(text: str) -> None:
    try:
        written = parse_instant(text)
    except ValueError:
        return
    assert written is None or 1900 <= written.instant.year <= 9000


@given(INSTANTS, OFFSETS)
def test_an_offset_names_the_same_instant(instant: datetime, zone: timezone) -> None:
    assert parse_instant(instant.astimezone(zone).isoformat()) == (instant, True)


@given(INSTANTS)
def test_what_goes_out_comes_back_as_the_same_instant(instant: datetime) -> None:
    assert parse_instant(written_utc(instant)) == (instant, True)
    assert parse_instant(written_z(instant)) == (instant, True)
    assert parse_instant(written_bare(instant)) == (instant, False)
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
        "02-14-2019 10:11:12", "02/14/1899 10:11:12", "01/01/0001 00:00:00", "0001-01-01T00:00:00", "2019-02-14 10:11:12",
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
