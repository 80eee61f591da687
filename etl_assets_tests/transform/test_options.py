"""What a spec may say of a column's values beyond its type: unit, format, ambiguous, encoding."""

import base64
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_assets.model.target import TargetColumn
from etl_assets.spec.shapes import Rounding
from etl_assets.spec.time_format import parse_format
from etl_assets.transform.staging import stage
from etl_assets.transform.values.rounding import largest_difference
from etl_assets_tests.transform import reference
from etl_assets_tests.transform.cells import FAST, FEW, batch_of, judge, judged, plan_of, spec_of, target

NEW_YORK, SAMOA, LORD_HOWE = "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "kind", "unit", "moment"),
    [
        ("0", "i", "s", "1970-01-01"),
        ("1678588200", "i", "s", "2023-03-12 02:30:00"),
        ("-1", "i", "s", "1969-12-31 23:59:59"),
        ("1678588200.25", "r", "s", "2023-03-12 02:30:00.250000"),
        ("-0.5", "r", "s", "1969-12-31 23:59:59.500000"),
        ("1678588200", "t", "s", "2023-03-12 02:30:00"),
        ("+1678588200.5", "t", "s", "2023-03-12 02:30:00.500000"),
        ("1678588200123", "i", "ms", "2023-03-12 02:30:00.123000"),
        ("1678588200123.5", "r", "ms", "2023-03-12 02:30:00.123500"),
        ("1678588200123456", "i", "us", "2023-03-12 02:30:00.123456"),
        ("1.678588200123e+15", "r", "us", "2023-03-12 02:30:00.123000"),
        ("253402300799", "i", "s", "9999-12-31 23:59:59"),
        ("-62135596800", "i", "s", "0001-01-01"),
        ("2440587.5", "r", "julian", "1970-01-01"),
        ("2460015.6041666665", "r", "julian", "2023-03-12 02:30:00"),
        ("2460015", "i", "julian", "2023-03-11 12:00:00"),
        ("2023-03-12 02:30", "t", "s", "2023-03-12 02:30:00"),
    ],
)
def test_numbers_with_a_unit_name_an_instant(text: str, kind: str, unit: str, moment: str) -> None:
    assert judge("timestamptz", text, kind, unit=unit) == (utc(moment), None)


@pytest.mark.parametrize(
    ("text", "kind", "unit", "fault"),
    [
        ("1678588200.1234567", "r", "s", "target_would_round"),
        ("0.0001", "r", "ms", "target_would_round"),
        ("1e-07", "r", "s", "target_would_round"),
        ("0.5", "r", "us", "target_would_round"),
        ("253402300800", "i", "s", "out_of_range"),
        ("-62135596801", "i", "s", "out_of_range"),
        ("9223372036854775807", "i", "s", "out_of_range"),
        ("9" * 60, "t", "s", "out_of_range"),
        ("inf", "r", "s", "out_of_range"),
        ("nan", "r", "julian", "out_of_range"),
        ("1e+300", "r", "julian", "out_of_range"),
        ("now", "t", "s", "not_iso_8601"),
        ("0x10", "t", "s", "not_iso_8601"),
        ("", "t", "s", "empty"),
        ("31", "b", "s", "not_text"),
    ],
)
def test_numbers_that_name_no_instant_stay_behind(text: str, kind: str, unit: str, fault: str) -> None:
    assert judge("timestamptz", text, kind, unit=unit)[1] == fault


def test_a_coarser_target_takes_only_what_it_holds() -> None:
    seconds = target("timestamp with time zone", precision=0)
    assert judge("timestamptz", "1678588200", "i", unit="s", into=seconds)[1] is None
    assert judge("timestamptz", "1678588200.5", "r", unit="s", into=seconds)[1] == "target_would_round"


def test_a_day_in_seconds_must_be_a_day() -> None:
    assert judge("date", "1678579200", "i", unit="s") == (date(2023, 3, 12), None)
    assert judge("date", "-86400", "i", unit="s") == (date(1969, 12, 31), None)
    assert judge("date", "1678579201", "i", unit="s")[1] == "time_of_day_would_be_lost"
    assert judge("date", "2440587.5", "r", unit="julian") == (date(1970, 1, 1), None)


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@FAST
@given(
    cells=st.lists(
        st.integers(-(2**63), 2**63 - 1).map(lambda n: (str(n), "i"))
        | st.integers(-(10**17), 10**17).map(lambda n: (str(n), "i"))
        | st.floats().map(lambda x: (repr(x), "r"))
        | st.floats(-1e12, 1e12).map(lambda x: (repr(x), "r"))
        | st.decimals(-(10**12), 10**12, places=3).map(lambda x: (str(x), "t"))
        | st.none().map(lambda _: (None, "n")),
        min_size=1,
        max_size=40,
    )
)
def test_numbers_agree_with_the_reference(cells: list[tuple[str | None, str]], unit: str) -> None:
    found = judged("timestamptz", cells, unit=unit)
    expected = [reference.epoch(text, kind, unit) for text, kind in cells]
    assert [(value, fault is None) for value, fault in found] == [(value, fault is None) for value, fault in expected]


@FAST
@given(st.lists(st.floats(1_721_426.0, 5_373_484.0), min_size=1, max_size=40))
def test_julian_days_are_what_sqlite_says(days: list[float]) -> None:
    found = judged("timestamptz", [(repr(day), "r") for day in days], unit="julian")
    assert found == [reference.julian(repr(day), "r") for day in days]


@pytest.mark.parametrize(
    ("form", "text", "moment"),
    [
        ("%d/%m/%Y", "03/12/2023", "2023-12-03"),
        ("%m/%d/%Y", "3/12/2023", "2023-03-12"),
        ("%d-%b-%y", "12-Mar-07", "2007-03-12"),
        ("%d-%b-%y", "12-MAR-69", "1969-03-12"),
        ("%d %B %Y", "1 september 2023", "2023-09-01"),
        ("%Y%m%d%H%M%S", "20230312023000", "2023-03-12 02:30:00"),
        ("%d.%m.%Y %H:%M", "12.03.2023 02:30", "2023-03-12 02:30:00"),
        ("%m/%d/%Y %I:%M %p", "03/12/2023 12:05 AM", "2023-03-12 00:05:00"),
        ("%m/%d/%Y %I:%M %p", "03/12/2023 12:05 pm", "2023-03-12 12:05:00"),
        ("%Y-%m-%d %H:%M:%S.%f", "2023-03-12 02:30:00.5", "2023-03-12 02:30:00.500000"),
        ("%d/%m/%Y %H:%M%z", "12/03/2023 02:30+0200", "2023-03-12 00:30:00"),
        ("%d/%m/%Y %H:%M %z", "12/03/2023 02:30 Z", "2023-03-12 02:30:00"),
        ("100%% %d/%m/%Y", "100% 12/03/2023", "2023-03-12"),
        ("%d/%m/%Y", "2023-03-12T02:30:00Z", "2023-03-12 02:30:00"),
    ],
)
def test_text_in_the_declared_format_is_read(form: str, text: str, moment: str) -> None:
    assert judge("timestamptz", text, format=parse_format(form)) == (utc(moment), None)


@pytest.mark.parametrize(
    ("form", "text", "fault"),
    [
        ("%d/%m/%Y", "31/02/2023", "no_such_date"),
        ("%d/%m/%Y", "12/31/2023", "no_such_date"),
        ("%d/%m/%Y", "0/0/2023", "no_such_date"),
        ("%d/%m/%Y", "12/03/23", "not_in_format"),
        ("%d/%m/%Y", " 12/03/2023", "not_in_format"),
        ("%d/%m/%Y", "12/03/2023 ", "not_in_format"),
        ("%d/%m/%Y", "12/03/12023", "not_in_format"),
        ("%d/%m/%Y", "12/03/-023", "not_in_format"),
        ("%d/%m/%Y %H:%M:%S", "12/03/2023 23:59:60", "not_in_format"),
        ("%d/%m/%Y %H:%M", "12/03/2023 24:00", "not_in_format"),
        ("%d/%m/%Y %H:%M:%S.%f", "12/03/2023 23:59:59.1234567", "target_would_round"),
        ("%m/%d/%Y %I:%M %p", "03/12/2023 13:05 PM", "not_in_format"),
        ("%d-%b-%y", "12-Mai-07", "not_in_format"),
        ("%d/%m/%Y", "now", "not_in_format"),
    ],
)
def test_text_outside_the_format_stays_behind(form: str, text: str, fault: str) -> None:
    assert judge("timestamptz", text, format=parse_format(form))[1] == fault


def test_a_date_in_a_format_with_a_time_of_day_stays_behind() -> None:
    assert judge("date", "12/03/2023", format=parse_format("%d/%m/%Y")) == (date(2023, 3, 12), None)
    with_time = parse_format("%d/%m/%Y %H:%M")
    assert judge("date", "12/03/2023 00:00", format=with_time) == (date(2023, 3, 12), None)
    assert judge("date", "12/03/2023 00:01", format=with_time)[1] == "time_of_day_would_be_lost"


FORMATS = ("%d/%m/%Y %H:%M:%S", "%m-%d-%y %I:%M %p", "%d %b %Y", "%B %d %Y %H:%M:%S.%f", "%Y%m%d")


@pytest.mark.parametrize("form", FORMATS)
@settings(FAST, max_examples=6)  # a format is a chain of regular expressions over each batch: 0.1 s
@given(moments=st.lists(st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)), min_size=20, max_size=80))
def test_every_instant_survives_its_format(moments: list[datetime], form: str) -> None:
    texts = [moment.strftime(form) for moment in moments]
    found = judged("timestamptz", [(text, "t") for text in texts], format=parse_format(form))
    assert found == [(datetime.strptime(text, form).replace(tzinfo=timezone.utc), None) for text in texts]


@pytest.mark.parametrize(
    ("zone", "text", "earliest", "latest"),
    [
        (NEW_YORK, "2024-11-03 01:30", "2024-11-03 05:30", "2024-11-03 06:30"),
        (NEW_YORK, "2024-03-10 02:30", "2024-03-10 06:30", "2024-03-10 07:30"),
        (LORD_HOWE, "2024-04-07 01:45", "2024-04-06 14:45", "2024-04-06 15:15"),
        (NEW_YORK, "2024-07-01 12:00", "2024-07-01 16:00", "2024-07-01 16:00"),
    ],
)
def test_ambiguous_settles_hours_that_come_twice_or_never(zone: str, text: str, earliest: str, latest: str) -> None:
    assert judge("timestamptz", text, timezone=zone, ambiguous="earliest") == (utc(earliest), None)
    assert judge("timestamptz", text, timezone=zone, ambiguous="latest") == (utc(latest), None)


def test_a_day_that_a_whole_country_skipped_is_not_settled() -> None:
    assert judge("timestamptz", "2011-12-30 12:00", timezone=SAMOA, ambiguous="earliest")[1] == "local_time_never_was"


@pytest.mark.parametrize("ambiguous", ["earliest", "latest"])
@FEW
@given(minutes=st.lists(st.integers(0, 366 * 24 * 60), min_size=20, max_size=60))
def test_settled_times_agree_with_the_reference(minutes: list[int], ambiguous: str) -> None:
    clocks = [datetime(2024, 1, 1) + timedelta(minutes=minute) for minute in minutes]
    clocks += [datetime(2024, 3, 10, 2, minute % 60) for minute in minutes[:5]]
    clocks += [datetime(2024, 11, 3, 1, minute % 60) for minute in minutes[:5]]
    cells = [(clock.isoformat(sep=" "), "t") for clock in clocks]
    found = judged("timestamptz", cells, timezone=NEW_YORK, ambiguous=ambiguous)
    assert found == [(reference.either_time(clock, NEW_YORK, ambiguous), None) for clock in clocks]


@pytest.mark.parametrize("kind", ["b", "T"])
def test_bytes_are_read_in_the_declared_encoding(kind: str) -> None:
    assert judge("text", "Málaga".encode("cp1252").hex(), kind, encoding="cp1252") == ("Málaga", None)
    assert judge("text", "", kind, encoding="cp1252") == ("", None)
    assert judge("text", "81", kind, encoding="cp1252")[1] == "not_in_encoding"
    assert judge("text", "6100", kind, encoding="cp1252")[1] == "nul_in_text"
    assert judge("text", "e9", kind)[1] == ("invalid_utf8" if kind == "T" else "blob_in_text")


def test_text_that_is_utf_8_is_left_alone_by_an_encoding() -> None:
    assert judge("text", "Málaga", "t", encoding="cp1252") == ("Málaga", None)
    assert judge("text", "1.5", "r", encoding="cp1252") == ("1.5", None)


def test_the_target_s_length_is_that_of_the_decoded_text() -> None:
    short = target("character varying", length=2)
    assert judge("text", "e9e9", "T", encoding="cp1252", into=short) == ("éé", None)
    assert judge("text", "e9e9e9", "T", encoding="cp1252", into=short)[1] == "target_would_cut"


@FAST
@given(st.lists(st.binary(max_size=20), min_size=1, max_size=40))
def test_any_bytes_agree_with_python_s_own_codec(cells: list[bytes]) -> None:
    found = judged("text", [(cell.hex(), "b") for cell in cells], encoding="cp1252")
    for cell, (value, fault) in zip(cells, found, strict=True):
        try:
            expected = cell.decode("cp1252")
        except UnicodeDecodeError:
            assert fault == "not_in_encoding"
        else:
            assert (value, fault) == ((expected, None) if "\x00" not in expected else (None, "nul_in_text"))


@pytest.mark.parametrize(
    ("text", "kind", "encoding", "found"),
    [
        ("00FF", "b", None, ("\\x00ff", None)),
        ("", "b", None, ("\\x", None)),
        ("hello", "t", None, (None, "not_a_blob")),
        ("1", "i", "hex", (None, "not_a_blob")),
        ("1.5", "r", "utf8", (None, "not_a_blob")),
        ("00fF", "t", "hex", ("\\x00ff", None)),
        ("00f", "t", "hex", (None, "not_hex")),
        ("zz", "t", "hex", (None, "not_hex")),
        ("aGk=", "t", "base64", ("\\x6869", None)),
        ("aGk", "t", "base64", (None, "not_base64")),
        ("aG k=", "t", "base64", (None, "not_base64")),
        ("hé", "t", "utf8", ("\\x68c3a9", None)),
        ("ff", "T", "utf8", ("\\xff", None)),
        ("00ff", "b", "base64", ("\\x00ff", None)),
        (None, "n", "hex", (None, None)),
    ],
)
def test_bytes_come_from_blobs_and_from_declared_text(
    text: str | None, kind: str, encoding: str | None, found: tuple[str | None, str | None]
) -> None:
    assert judge("bytea", text, kind, encoding=encoding) == found


@FAST
@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=40))
def test_bytes_survive_hex_and_base64(cells: list[bytes]) -> None:
    expected = [("\\x" + cell.hex(), None) for cell in cells]
    assert judged("bytea", [(cell.hex(), "b") for cell in cells]) == expected
    assert judged("bytea", [(cell.hex().upper(), "t") for cell in cells], encoding="hex") == expected
    packed = [(base64.b64encode(cell).decode(), "t") for cell in cells]
    assert judged("bytea", packed, encoding="base64") == expected


def test_what_the_operator_lets_be_rounded_is_counted() -> None:
    columns = "at: {type: timestamptz, round: 'true'}, price: {type: numeric, round: 'true'}, exact: timestamptz"
    plan = plan_of(
        spec_of(f"  items: {{owner: none, columns: {{{columns}}}}}\n"),
        "items",
        into={"price": target("numeric", precision=8, scale=2)},
    )
    rows = [
        {"at": "2024-01-01 10:00:00.1234567", "price": "1.005"},
        {"at": "2024-01-01 10:00:00.1230000", "price": "1.50"},
        {"at": "2024-01-01 10:00:00", "price": "1.001", "exact": "2024-01-01 10:00:00.1234567"},
    ]
    staged = stage(batch_of(plan, rows), plan)
    at, price = Rounding(1, Decimal("3E-7")), Rounding(1, Decimal("0.005"))
    assert (staged.rounded, staged.rows.height) == ({"at": at, "price": price}, 2)


@pytest.mark.parametrize(
    ("cells", "unit", "base", "precision", "most"),
    [
        (["1704103200.1234567", "1704103200.9999991"], "s", "timestamp with time zone", 6, "0.0000003"),
        (["1704103200.4", "1.5e9"], "s", "timestamp without time zone", 0, "0.4"),
        (["1704103200123456789"], "ns", "timestamp with time zone", None, "0.000000211"),
        (["638397000001234567"], "ticks", "timestamp with time zone", 6, "0.0000003"),
        (["12:00:00.1234567", "2024-01-01T10:00:00,12Z"], None, "time without time zone", 3, "0.000457"),
        (["1.005", "-2.0049"], None, "numeric", 8, "0.005"),
        (["0.123456789"], None, "real", None, "0.00000000205"),
        (["7.999"], None, "money", None, "0.001"),
    ],
)
def test_by_how_much_a_value_is_rounded(
    cells: list[str], unit: str | None, base: str, precision: int | None, most: str
) -> None:
    into = TargetColumn("x", base, base, precision=precision, scale=2 if base == "numeric" else None)
    assert Rounding(1, largest_difference(pl.Series(cells), unit, into)).most == most
