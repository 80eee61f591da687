"""Every type of a target: what a legacy cell becomes in production, before and after an undo, or why it stays behind."""

from dataclasses import dataclass, replace

import psycopg
import pytest

from etl_assets.access.postgres.connection import connect
from etl_assets.core.staging.frames import staged_batches
from etl_assets.core.staging.input import InputReader
from etl_assets.core.staging.table import Corrected
from etl_assets.model.errors import Unavailable
from etl_assets_tests.assets.undoing import take_out
from etl_assets_tests.transform.cells import batch_of, plan_of, spec_of, target
from etl_assets_tests.world import AT, LEGACY_SCHEMA, World

pytestmark = pytest.mark.usefixtures("without_dagster")

UUID = "01020304-0506-4708-890a-0b0c0d0e0f10"
NET = "x'0403020106050847890a0b0c0d0e0f10'"


@dataclass(frozen=True)
class Case:
    """A column: its spec, its target type, legacy cells as SQL with what production says of them or the fault."""

    spec: str
    target: str
    cells: dict[str, str]


CASES = [
    Case("timestamp", "timestamp", {
        "'2024-03-31 02:30:00'": "2024-03-31 02:30:00",
        "'2024-01-01T10:00:00+02:00'": "2024-01-01 09:00:00",
        "'2024-10-27T00:30:00Z'": "!local_time_was_twice",
        "'2024-01-01 10:00:00.1230000000'": "2024-01-01 10:00:00.123",
        "'2024-01-01 10:00:00.1234567'": "!target_would_round",
        "1704103200": "!number_without_unit",
    }),
    Case("{type: timestamp, target_timezone: UTC}", "timestamp", {
        "'2024-07-01 10:00:00'": "2024-07-01 08:00:00",
        "'2024-10-27 02:30:00'": "!local_time_was_twice",
    }),
    Case("{type: timestamp, unit: s, timezone: UTC}", "timestamp(3)", {
        "1704103200": "2024-01-01 10:00:00",
        "1704103200.25": "2024-01-01 10:00:00.25",
        "1704103200.2501": "!target_would_round",
    }),
    Case("{type: timestamp, unit: s, round: true, timezone: UTC}", "timestamp", {
        "1704103200.1234567": "2024-01-01 10:00:00.123457",
        "-0.0000005": "1969-12-31 23:59:59.999999",
    }),
    Case("{type: timestamptz, timezone: UTC}", "timestamptz", {"'2024-07-01 10:00:00'": "2024-07-01 10:00:00+00"}),
    Case("{type: timestamptz, round: true}", "timestamptz", {
        "'2024-01-01T10:00:00.1234567Z'": "2024-01-01 10:00:00.123457+00",
        "'2024-01-01T10:00:00.9999999Z'": "2024-01-01 10:00:01+00",
    }),
    Case("{type: timestamptz, unit: ns}", "timestamptz", {"1704103200123456000": "2024-01-01 10:00:00.123456+00", "1704103200123456789": "!target_would_round"}),
    Case("{type: timestamptz, unit: ticks, round: true}", "timestamptz", {"638397000001234567": "2024-01-01 10:00:00.123457+00"}),
    Case("{type: timestamptz, unit: coredata}", "timestamptz", {"725796000.5": "2024-01-01 10:00:00.5+00"}),
    Case("{type: timestamptz, unit: webkit}", "timestamptz", {"13348576800000000": "2024-01-01 10:00:00+00"}),
    Case("{type: timestamptz, format: ['%a, %d %b %Y %H:%M:%S %z', '%a %b %d %Y %H:%M:%S GMT%z %Z', '%Y-%m-%d %H:%M:%S.%f %z %Z'], round: true}", "timestamptz", {
        "'Mon, 01 Jan 2024 10:00:00 GMT'": "2024-01-01 10:00:00+00",
        "'Mon Jan 01 2024 10:00:00 GMT+0100 (Central European Standard Time)'": "2024-01-01 09:00:00+00",
        "'2024-01-01 10:00:00.123456789 +0000 UTC'": "2024-01-01 10:00:00.123457+00",
        "'2024-01-01T10:00:00Z'": "2024-01-01 10:00:00+00", "'today'": "!not_in_format",
    }),
    Case("{type: text, map: {\"x'00'\": 'off', \"X'0F'\": 'on', '1': one}}", "text", {"x'00'": "off", "x'0f'": "on", "1": "one", "x'10'": "!not_in_map"}),
    Case("time", "time", {
        "'07:30'": "07:30:00", "'24:00:00'": "24:00:00", "'07:30:15.5000000'": "07:30:15.5", "'7:30'": "!not_a_time_of_day",
        "'25:00'": "!not_a_time_of_day", "'07:30:15.1234567'": "!target_would_round", "730": "!not_text",
    }),
    Case("time", "time(0)", {"'07:30:15'": "07:30:15", "'07:30:15.5'": "!target_would_round"}),
    Case("timetz", "timetz", {"'07:30+02:00'": "07:30:00+02", "'07:30:00Z'": "07:30:00+00", "'07:30'": "!not_a_time_of_day"}),
    Case("interval", "interval", {
        "'1 day, 2:03:04.5'": "1 day 02:03:04.5", "'-1 day, 23:59:00'": "-1 days +23:59:00", "'P1Y2M3DT4H5M6S'": "1 year 2 mons 3 days 04:05:06",
        "'02:03:04'": "02:03:04", "'3 days'": "3 days", "'P'": "!not_an_interval", "'soon'": "!not_an_interval",
        "90": "!number_without_unit", "'1 02:03:04'": "1 day 02:03:04", "'-1:30:00'": "-01:30:00",
    }),
    Case("{type: interval, unit: us}", "interval", {"93784000000": "26:03:04", "'02:00:00'": "02:00:00", "1.5": "!target_would_round"}),
    Case("{type: interval, unit: s}", "interval(0)", {"90": "00:01:30", "90.5": "!target_would_round"}),
    Case("json", "json", {"'{\"b\": 1, \"a\": 1.0, \"a\": 2}'": '{"b": 1, "a": 1.0, "a": 2}', "'{'": "!not_json", "'NaN'": "!json_not_a_number"}),
    Case("real", "real", {"0.1": "0.1", "16777217": "!target_would_round", "0.123456789": "!target_would_round", "1e39": "!out_of_range", "1.5": "1.5"}),
    Case("{type: double, round: true}", "real", {"0.123456789": "0.12345679"}),
    Case("{type: numeric, round: true}", "numeric(6,2)", {"'1234.567'": "1234.57", "'12345.6'": "!target_would_round", "'1.5'": "1.50"}),
    Case("smallint", "smallint", {"7": "7", "40000": "!out_of_range"}),
    Case("text", "char(4)", {"'ab'": "ab  ", "'ab '": "!target_would_change", "'abcde'": "!target_would_cut"}),
    Case("text", "public.mood", {"'happy'": "happy", "'Happy'": "!not_a_label_of_the_target"}),
    Case("text", "public.short_word", {"'word'": "word", "'longer'": "!target_would_cut", "'no no'": "!short_word_check"}),
    Case("integer", "public.positive", {"5": "5", "-5": "!positive_check"}),
    Case("{type: 'text[]'}", "text[]", {
        "'[\"a\", null, \"b, \\\"c\\\" \\\\\\\\ {}\", \"NULL\", 7]'": '{a,NULL,"b, \\"c\\" \\\\\\\\ {}","NULL",7}', "'[]'": "{}", "'a'": "!not_a_list", "'[[1]]'": "!not_a_flat_list", "7": "!not_a_list",
    }),
    Case("{type: 'integer[]', split: ','}", "integer[]", {"'1, 2,3'": "{1,2,3}", "'1,x'": "!not_an_integer", "5": "{5}"}),
    Case("{type: 'numeric[]'}", "numeric(4,1)[]", {"'[1.5, 2]'": "{1.5,2.0}", "'[1.55]'": "!target_would_round"}),
    Case("{type: 'timestamptz[]'}", "timestamptz[]", {"'[\"2024-01-01T10:00:00Z\"]'": '{"2024-01-01 10:00:00+00"}', "'[\"x\"]'": "!not_iso_8601"}),
    Case("{type: 'text[]'}", "public.mood[]", {"'[\"happy\", \"sad\"]'": "{happy,sad}", "'[\"no\"]'": "!not_a_label_of_the_target"}),
    Case("{type: 'boolean[]'}", "boolean[]", {"'[true, 0, \"no\"]'": "{t,f,f}"}),
    Case("{type: 'uuid[]', split: ';'}", "uuid[]", {f"'{UUID.upper()};{UUID}'": f"{{{UUID},{UUID}}}"}),
    Case("{type: 'inet[]'}", "inet[]", {"'[\"10.0.0.1\"]'": "{10.0.0.1}", "'[\"10.0.0.256\"]'": "!target_refuses"}),
    Case("uuid", "uuid", {f"'{{{UUID.upper()}}}'": UUID, f"'urn:uuid:{UUID}'": UUID, NET: "04030201-0605-0847-890a-0b0c0d0e0f10"}),
    Case("{type: uuid, encoding: guid}", "uuid", {NET: UUID, f"'{UUID}'": UUID}),
    Case("inet", "inet", {"'10.0.0.1'": "10.0.0.1", "'2001:db8::1'": "2001:db8::1", "'10.0.0.1/32'": "!target_would_change", "'10.0.0.256'": "!target_refuses"}),
    Case("cidr", "cidr", {"'10.0.0.0/8'": "10.0.0.0/8", "'10.0.0.1/8'": "!target_refuses"}),
    Case("macaddr", "macaddr", {"'08:00:2b:01:02:03'": "08:00:2b:01:02:03", "'08-00-2B-01-02-03'": "!target_would_change"}),
    Case("bit", "bit(3)", {"'101'": "101", "'1010'": "!target_would_change", "101": "101"}),
    Case("varbit", "varbit(5)", {"'101'": "101"}),
    Case("money", "money", {"'12.50'": "$12.50", "12": "$12.00", "'1.005'": "!target_would_round", "'x'": "!not_a_decimal"}),
    Case("tsvector", "tsvector", {"'''a'' ''b'''": "'a' 'b'", "'b a'": "!target_would_change"}),
    Case("int4range", "int4range", {"'[1,5)'": "[1,5)", "'[1,5]'": "!target_would_change", "'x'": "!target_refuses"}),
    Case("input", "point", {"'(1,2)'": "(1,2)", "'1,2'": "!target_would_change"}),
    Case("input", "public.pair", {"'(1,x)'": "(1,x)", "'(y,x)'": "!target_refuses"}),
]  # fmt: skip
NAMES = [f"c{number}" for number in range(len(CASES))]
BY_POSTGRES = ("short_word_check", "positive_check")


def _rows() -> list[tuple[int, str, str, str]]:
    """Row id, column, legacy cell, what becomes of it."""
    cells = [(name, cell, seen) for name, case in zip(NAMES, CASES, strict=True) for cell, seen in case.cells.items()]
    return [(number, *cell) for number, cell in enumerate(cells, start=1)]


@pytest.fixture
def things(world: World) -> World:
    world.execute(
        "CREATE TYPE public.mood AS ENUM ('happy', 'sad'); CREATE TYPE public.pair AS (a integer, b text);"
        "CREATE DOMAIN public.short_word AS varchar(5) CHECK (VALUE !~ ' ');"
        "CREATE DOMAIN public.small AS integer; CREATE DOMAIN public.positive AS public.small CHECK (VALUE > 0);"
        "CREATE TABLE public.things (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles, "
        "note json NOT NULL, "
        + ", ".join(f"{name} {case.target}" for name, case in zip(NAMES, CASES, strict=True))
        + ")"
    )
    columns = "".join(f"      {name}: {case.spec}\n" for name, case in zip(NAMES, CASES, strict=True))
    section = f"\n  things:\n    owner: user_id\n    columns:\n      note: json\n{columns}"
    world.write_spec(
        ("timezone: UTC", "timezone: Europe/Berlin"),
        ("\ntables:", f"\ntables:{section}"),
        ("incomplete_users: hold ", "incomplete_users: load "),
    )
    # BLOB is the affinity that leaves each cell as it is written.
    made = ", ".join(f"{name} BLOB" for name in NAMES)
    cells = "".join(
        f"INSERT INTO things (id, user_id, note, {name}) VALUES ({n}, 1, '{{}}', {cell});"
        for n, name, cell, _ in _rows()
    )
    people = f"INSERT INTO users VALUES (1, 'ann@example.com', NULL, '{AT}');"
    table = f"CREATE TABLE things (id INTEGER PRIMARY KEY, user_id INTEGER, note TEXT, {made});"
    world.legacy(people + cells, schema=LEGACY_SCHEMA + table)
    world.sign_up("ann@example.com")
    return world


def _found(world: World) -> dict[str, str]:
    """Each legacy id with what production or the lists say of its cell."""
    told = dict(world.query("SELECT legacy_id, '!' || rule FROM etl.quarantine WHERE \"table\" = 'things'"))
    told |= dict(world.query("SELECT legacy_id, '!' || rule FROM etl.refused WHERE \"table\" = 'things'"))
    for name in NAMES:
        there = f"SELECT l.legacy_id, format('%s', t.{name}) FROM etl.loaded AS l JOIN public.things AS t ON t.id = l.new_id::uuid"
        told |= dict(world.query(f"{there} WHERE l.\"table\" = 'things' AND t.{name} IS NOT NULL"))
    return told


def _expected() -> dict[str, str]:
    return {str(number): seen for number, _, _, seen in _rows()}


def test_every_type_arrives_or_says_why_not(things: World) -> None:
    things.migrate()
    named = {
        str(number): f"{CASES[NAMES.index(name)].spec} into {CASES[NAMES.index(name)].target}: {cell}"
        for number, name, cell, _ in _rows()
    }
    found, expected = _found(things), _expected()
    wrong = [f"{named[key]}: {found.get(key)}, not {seen}" for key, seen in expected.items() if found.get(key) != seen]
    assert not wrong
    take_out(things, user="1")
    assert things.query("SELECT count(*) FROM public.things") == [(0,)]
    things.migrate(user="1")
    assert _found(things) == _expected()


def test_a_server_that_does_not_answer_the_reader_is_said_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_of("  items: {owner: none, columns: {at: inet}}\n")
    with connect(world.url) as connection:
        plan = replace(plan_of(spec, "items", into={"at": target("inet")}), read=InputReader(connection))
    batches = [batch_of(plan, [{"at": "10.0.0.1"}])]
    assert [staged.rows.height for staged in staged_batches(batches, plan, Corrected())] == [1]

    def gone(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("gone")

    with monkeypatch.context() as off, pytest.raises(Unavailable, match=r"^[^\n]+$"):
        off.setattr(psycopg, "connect", gone)
        list(staged_batches(batches, plan, Corrected()))
