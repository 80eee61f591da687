from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_assets_tests.transform import reference
from etl_assets_tests.transform.cells import FAST, FEW, judge, judged, target

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-06T07:08:09Z", "2024-05-06 07:08:09"),
        ("2024-05-06 07:08:09", "2024-05-06 07:08:09"),
        ("2024-05-06 07:08", "2024-05-06 07:08:00"),
        ("2024-05-06", "2024-05-06 00:00:00"),
        ("2024-02-29", "2024-02-29 00:00:00"),
        ("2000-02-29", "2000-02-29 00:00:00"),
        ("2024-05-06T23:59:59.999999", "2024-05-06 23:59:59.999999"),
        ("2024-05-06T07:08:09.5Z", "2024-05-06 07:08:09.500000"),
        ("2024-05-06T07:08:09.05Z", "2024-05-06 07:08:09.050000"),
        ("2024-05-06T07:08:09.000001+00:00", "2024-05-06 07:08:09.000001"),
        ("2024-05-06T07:08:09+02:00", "2024-05-06 05:08:09"),
        ("2024-05-06T07:08:09+0200", "2024-05-06 05:08:09"),
        ("2024-05-06T07:08:09+02", "2024-05-06 05:08:09"),
        ("2024-05-06 07:08-05:30", "2024-05-06 12:38:00"),
        ("2024-05-06T07:08:09-00:00", "2024-05-06 07:08:09"),
        ("2024-05-06T07:08:09.25-0930", "2024-05-06 16:38:09.250000"),
        ("2024-01-01T00:00+14:00", "2023-12-31 10:00:00"),
        ("2024-01-01T00:00+15:59", "2023-12-31 08:01:00"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31 23:59:59.999999"),
        ("0001-01-01", "0001-01-01 00:00:00"),
        ("0001-01-01T00:00:00-01:00", "0001-01-01 01:00:00"),
        ("9999-12-31T23:59:59.999999", "9999-12-31 23:59:59.999999"),
    ],
)
def test_iso_8601_text_names_an_instant(text: str, moment: str) -> None:
    assert judge("timestamptz", text) == (utc(moment), None)


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "today",
        "infinity",
        "1704067200",
        "2024",
        "2024-05",
        "20240506",
        "2024-5-6",
        "06/05/2024",
        "May 6, 2024",
        "2024-W19-1",
        "2024-127",
        "12024-05-06",
        "+2024-05-06",
        "-2024-05-06",
        "2024-05-06T24:00",
        "2024-05-06T24:00:00Z",
        "2024-05-06T25:00",
        "2024-05-06T07:60",
        "2024-06-30T23:59:60Z",
        "2024-05-06T07:08:61",
        "2024-05-06T07",
        "2024-05-06T7:08",
        "2024-05-06T07:08:09.",
        "2024-05-06T07:08:09,5",
        "2024-05-06T07:08.5",
        "2024-05-06T07:08:09 Z",
        "2024-05-06T07:08:09 +02:00",
        "2024-05-06T07:08:09+2",
        "2024-05-06T07:08:09+16:00",
        "2024-05-06T07:08:09+02:60",
        "2024-05-06T07:08:09+02:00:00",
        "2024-05-06T07:08:09 UTC",
        "2024-05-06T07:08:09 PM",
        "2024-05-06t07:08:09",
        "2024-05-06T07:08:09z",
        "2024-05-06Z",
        "2024-05-06  07:08",
        "2024-05-06\n",
        "2024-05-06T07:08:09\n",
        " 2024-05-06",
        "2024-05-06 ",
        "٢٠٢٤-٠٥-٠٦",
        "２０２４-05-06",
        "2024-05-06T٠٧:08",
        "2024‐05‐06",
        "2024-05-06\u00a007:08",
    ],
)
def test_other_text_is_left_for_the_operator_to_declare(text: str) -> None:
    assert judge("timestamptz", text) == (None, "not_iso_8601")
    assert judge("date", text) == (None, "not_iso_8601")


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29",
        "2023-02-30",
        "1900-02-29",
        "2024-04-31",
        "2024-13-01",
        "2024-00-10",
        "2024-05-00",
        "0000-00-00",
        "0000-01-01",
    ],
)
def test_a_day_that_no_calendar_has_is_refused(text: str) -> None:
    assert judge("timestamptz", text) == (None, "no_such_date")
    assert judge("timestamptz", f"{text}T07:08:09+02:00") == (None, "no_such_date")
    assert judge("date", text) == (None, "no_such_date")


@pytest.mark.parametrize("kind", ["i", "r"])
@pytest.mark.parametrize("type_name", ["timestamptz", "date"])
def test_a_number_needs_a_unit(type_name: str, kind: str) -> None:
    assert judge(type_name, "2024", kind) == (None, "number_without_unit")


@pytest.mark.parametrize("kind", ["b", "T"])
@pytest.mark.parametrize("type_name", ["timestamptz", "date"])
def test_a_blob_is_no_time(type_name: str, kind: str) -> None:
    assert judge(type_name, "2024-05-06", kind) == (None, "not_text")


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("0001-01-01T00:00:00+01:00", "UTC"),
        ("9999-12-31T23:59:59.999999-00:01", "UTC"),
        ("0001-01-01", BERLIN),
        ("9999-12-31T23:00", NEW_YORK),
    ],
)
def test_an_instant_outside_the_years_1_to_9999_is_refused(text: str, zone: str) -> None:
    assert judge("timestamptz", text, timezone=zone) == (None, "out_of_range")


@pytest.mark.parametrize(
    ("zone", "text", "moment"),
    [
        (NEW_YORK, "2024-01-15 12:00", "2024-01-15 17:00:00"),
        (NEW_YORK, "2024-07-15 12:00", "2024-07-15 16:00:00"),
        (NEW_YORK, "2024-07-15", "2024-07-15 04:00:00"),
        (NEW_YORK, "2024-03-10 01:59:59.999999", "2024-03-10 06:59:59.999999"),
        (NEW_YORK, "2024-03-10 03:00", "2024-03-10 07:00:00"),
        (NEW_YORK, "2024-11-03 00:59:59.999999", "2024-11-03 04:59:59.999999"),
        (NEW_YORK, "2024-11-03 02:00", "2024-11-03 07:00:00"),
        (NEW_YORK, "2099-07-15 12:00", "2099-07-15 16:00:00"),
        (BERLIN, "2024-01-15 12:00", "2024-01-15 11:00:00"),
        (BERLIN, "2024-07-15 12:00", "2024-07-15 10:00:00"),
        (BERLIN, "2024-03-31 01:59:59.999999", "2024-03-31 00:59:59.999999"),
        (BERLIN, "2024-03-31 03:00", "2024-03-31 01:00:00"),
        (BERLIN, "2024-10-27 01:59:59.999999", "2024-10-26 23:59:59.999999"),
        (BERLIN, "2024-10-27 03:00", "2024-10-27 02:00:00"),
        ("Asia/Kathmandu", "2024-05-06 00:00", "2024-05-05 18:15:00"),
        ("Etc/GMT+5", "2024-05-06 00:00", "2024-05-06 05:00:00"),
    ],
)
def test_text_without_an_offset_is_in_the_zone_of_the_source(zone: str, text: str, moment: str) -> None:
    assert judge("timestamptz", text, timezone=zone) == (utc(moment), None)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (NEW_YORK, "2024-03-10 02:00"),
        (NEW_YORK, "2024-03-10T02:30:00"),
        (NEW_YORK, "2024-03-10 02:59:59.999999"),
        (BERLIN, "2024-03-31 02:00"),
        (BERLIN, "2024-03-31 02:59:59.999999"),
        ("America/Sao_Paulo", "2018-11-04"),  # clocks went from midnight to one: that day has no 00:00
    ],
)
def test_a_local_time_that_the_clock_skipped_never_was(zone: str, text: str) -> None:
    assert judge("timestamptz", text, timezone=zone) == (None, "local_time_never_was")


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (NEW_YORK, "2024-11-03 01:00"),
        (NEW_YORK, "2024-11-03T01:59:59.999999"),
        (BERLIN, "2024-10-27 02:00"),
        (BERLIN, "2024-10-27 02:59:59.999999"),
    ],
)
def test_a_local_time_that_the_clock_showed_twice_is_not_guessed(zone: str, text: str) -> None:
    assert judge("timestamptz", text, timezone=zone) == (None, "local_time_was_twice")


@pytest.mark.parametrize("text", ["2024-03-10T02:30Z", "2024-11-03T01:30-04:00", "2024-11-03T01:30-05:00"])
def test_an_offset_outranks_the_zone_and_its_gaps(text: str) -> None:
    expected = datetime.fromisoformat(text.replace("Z", "+00:00"))
    assert judge("timestamptz", text, timezone=NEW_YORK) == (expected, None)


@pytest.mark.parametrize(("zone", "hour"), [(NEW_YORK, 16), (BERLIN, 10)])
def test_a_summer_after_2099_is_never_an_hour_off(zone: str, hour: int) -> None:
    value, fault = judge("timestamptz", "2150-07-15 12:00", timezone=zone)
    assert fault is not None or value == datetime(2150, 7, 15, hour, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("precision", "text"),
    [(0, "07:08:09"), (0, "07:08:09.000000"), (3, "07:08:09.123"), (3, "07:08:09.123000"), (5, "07:08:09.12345")],
)
def test_a_time_that_the_targets_precision_holds_is_taken(precision: int, text: str) -> None:
    into = target("timestamp with time zone", precision=precision)
    value, fault = judge("timestamptz", f"2024-05-06 {text}", into=into)
    assert (value, fault) == (utc(f"2024-05-06 {text[:8]}") + timedelta(seconds=float(f"0{text[8:]}")), None)


@pytest.mark.parametrize(
    ("precision", "fraction"), [(0, "5"), (0, "000001"), (3, "1234"), (3, "000001"), (5, "123456"), (5, "999999")]
)
def test_a_time_finer_than_the_target_is_refused(precision: int, fraction: str) -> None:
    into = target("timestamp with time zone", precision=precision)
    assert judge("timestamptz", f"2024-05-06 07:08:09.{fraction}", into=into) == (None, "target_would_round")


@pytest.mark.parametrize("precision", [None, 6])
def test_a_target_of_full_precision_takes_microseconds(precision: int | None) -> None:
    into = target("timestamp with time zone", precision=precision)
    assert judge("timestamptz", "1960-05-06 07:08:09.000001", into=into)[1] is None


@pytest.mark.parametrize(
    "rest", ["", "T00:00", " 00:00:00", "T00:00:00.000000", " 00:00Z", "T00:00:00+00:00", " 00:00-00:00", "T00:00+00"]
)
def test_a_day_or_a_timestamp_at_midnight_is_a_date(rest: str) -> None:
    assert judge("date", f"2024-05-06{rest}", timezone=NEW_YORK) == (date(2024, 5, 6), None)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31", "2024-02-29"])
def test_days_of_the_years_1_to_9999_are_dates(text: str) -> None:
    assert judge("date", text) == (date.fromisoformat(text), None)


@pytest.mark.parametrize("rest", ["T00:00:01", " 23:59", "T00:00:00.000001", "T00:00+02:00", "T00:00-00:30", " 12:00Z"])
def test_a_time_of_day_is_not_dropped_from_a_date(rest: str) -> None:
    assert judge("date", f"2024-05-06{rest}") == (None, "time_of_day_would_be_lost")


def around(zone: str) -> list[datetime]:
    """The local clock around each change of a zone between 1970 and 2099, where its rules are settled."""
    found, hour = [], timedelta(hours=1)
    for year in (1980, 1999, 2006, 2024, 2040, 2099):
        moment = datetime(year, 1, 1, tzinfo=timezone.utc)
        while moment.year == year:
            before, after = (at.astimezone(ZoneInfo(zone)).utcoffset() for at in (moment, moment + hour))
            if before != after:
                found.append((moment + hour).astimezone(ZoneInfo(zone)).replace(tzinfo=None))
            moment += hour
    return found


CHANGES = sorted(around(NEW_YORK) + around(BERLIN))
clocks = st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30)) | st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.sampled_from([-121, -120, -61, -60, -59, -1, 0, 1, 59, 60, 61, 120]),
)
offsets = st.sampled_from(["", "", "", "Z", "+00:00", "-05:30", "+0945", "-12", "+15:59", "+16:00", "z", " +01", "+1"])
iso_texts = st.builds(
    lambda clock, separator, digits, offset: clock.isoformat(separator, "microseconds")[:digits] + offset,
    clocks,
    st.sampled_from(["T", " ", "t"]),
    st.sampled_from([10, 13, 16, 19, 20, 21, 23, 26]),
    offsets,
)
number_texts = st.builds(
    "{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}{}".format,
    st.integers(0, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from("T "),
    st.integers(0, 25),
    st.integers(0, 61),
    st.integers(0, 61),
    st.sampled_from(["Z", "+00", "-15:59", "+09:30"]),
)
edge_texts = st.sampled_from(["0001-01-01T00:00+00:01", "9999-12-31T23:59-00:01", "0001-01-01", "9999-12-31", "", "\n"])
date_texts = st.builds(
    "{}{}".format,
    st.dates().map(str) | st.sampled_from(["2023-02-29", "2024-02-29", "0000-01-01", "2024-13-01"]),
    st.sampled_from(
        ["", "T00:00", " 00:00:00", "T00:00:00.000", "T00:00Z", "T00:00-0000", " 00:00+01", "T12:00", "Z", "T"]
    ),
)


@FEW
@given(
    st.lists(iso_texts | number_texts | edge_texts, min_size=20, max_size=80),
    st.sampled_from(["UTC", NEW_YORK, BERLIN]),
    st.sampled_from([0, 3, 6]),
)
def test_timestamps_agree_with_the_reference(texts: list[str], zone: str, digits: int) -> None:
    into = target("timestamp with time zone", precision=digits)
    found = judged("timestamptz", [(text, "t") for text in texts], into=into, timezone=zone)
    expected = [reference.timestamptz(text, "t", zone, digits) for text in texts]
    assert [(text, value) for text, (value, _) in zip(texts, found, strict=True)] == [
        (text, value) for text, (value, _) in zip(texts, expected, strict=True)
    ]
    assert [fault is None for _, fault in found] == [fault is None for _, fault in expected]


@FAST
@given(st.lists(date_texts | number_texts, min_size=1, max_size=60))
def test_dates_agree_with_the_reference(texts: list[str]) -> None:
    found = judged("date", [(text, "t") for text in texts])
    expected = [reference.date_value(text, "t") for text in texts]
    assert [(text, value) for text, (value, _) in zip(texts, found, strict=True)] == [
        (text, value) for text, (value, _) in zip(texts, expected, strict=True)
    ]
    assert [fault is None for _, fault in found] == [fault is None for _, fault in expected]
