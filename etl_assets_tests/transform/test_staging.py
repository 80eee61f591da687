import uuid
from dataclasses import replace
from datetime import date, datetime, timezone
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from etl_assets.model.errors import TargetMismatch
from etl_assets.spec.shapes import QUARANTINE_SCHEMA, Staged
from etl_assets.spec.types import HOLDS, TIMES, is_read_by_postgres
from etl_assets.transform.staging import StagePlan, _columns, stage
from etl_assets.transform.values.kept import Kept
from etl_assets_tests.transform.cells import FEW, NAMESPACE, batch_of, faults, plan_of, spec_of, staged, target

UUID = "01234567-89ab-cdef-0123-456789abcdef"
JOBS = "  jobs: {owner: user_id, columns: {status: text}}\n"
KEPT = "  jobs: {owner: user_id, id: keep, columns: {status: text}}\n"


def new_id(key: str, table: str = "jobs") -> str:
    return str(uuid.uuid5(NAMESPACE, f"{table}/{key}"))


def plan_with(columns: str, *, parents: str = "", timezone: str = "UTC", **into: Any) -> StagePlan:
    """The plan of a table `items` with these columns (YAML flow)."""
    tables = f"{parents}  items:\n    owner: user_id\n    columns: {{{columns}}}\n"
    return plan_of(spec_of(tables, timezone=timezone), "items", into=into)


def reference_plan(column: str, *, parents: str = JOBS, **into: Any) -> StagePlan:
    """The plan of a table whose column `job` is this (YAML flow)."""
    return plan_with(f"job: {{{column}}}", parents=parents, **into)


def rows_of(found: Staged, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of the staged rows; faults fail the test that forgot about them."""
    assert faults(found) == []
    return found.rows.select(columns).rows()


def test_a_batch_becomes_typed_rows_with_new_ids_and_owners() -> None:
    plan = plan_with("title: text, amount: integer, at: {type: timestamptz, from: done_at}", timezone="Europe/Berlin")
    found = staged(
        plan,
        {"_key": "7", "user_id": "3", "title": "a", "amount": "5", "done_at": "2024-07-01 12:00"},
        {"_key": "8", "user_id": None, "title": "", "amount": None, "done_at": None},
    )
    expected = pl.DataFrame(
        {
            "_legacy_id": ["7", "8"],
            "_new_id": [new_id("7", "items"), new_id("8", "items")],
            "_legacy_user_id": ["3", None],
            "title": ["a", ""],
            "amount": [5, None],
            "at": [datetime(2024, 7, 1, 10, tzinfo=timezone.utc), None],
        },
        schema_overrides={"at": pl.Datetime("us", "UTC")},
    )
    assert_frame_equal(found.rows, expected)
    assert_frame_equal(found.quarantined, QUARANTINE_SCHEMA.to_frame())


def test_each_faulty_cell_is_quarantined_as_it_stands_with_class_and_rule() -> None:
    plan = plan_with("title: text, amount: {type: integer, from: sum}, day: date")
    found = staged(
        plan,
        {"_key": "1", "user_id": "3", "title": "a", "sum": "10.5", "day": "tomorrow", "_classes": "itrt"},
        {"_key": "2", "user_id": "4", "title": "41", "sum": "1", "day": "2024-05-06", "_classes": "ibit"},
        {"_key": "3", "user_id": None, "title": "FF", "sum": None, "day": "2024", "_classes": "nTni"},
        {"_key": "4", "user_id": "5", "title": "fine", "sum": "1", "day": "2024-05-06"},
    )
    expected = pl.DataFrame(
        [
            ("2", "4", None, "title", "blob", "41", "blob_in_text"),
            ("3", None, None, "title", "text", "FF", "invalid_utf8"),
            ("1", "3", None, "sum", "real", "10.5", "not_an_integer"),
            ("1", "3", None, "day", "text", "tomorrow", "not_iso_8601"),
            ("3", None, None, "day", "integer", "2024", "number_without_unit"),
        ],
        schema=QUARANTINE_SCHEMA,
        orient="row",
    )
    assert_frame_equal(found.quarantined, expected)
    assert found.rows["_legacy_id"].to_list() == ["4"]


def test_an_empty_batch_gives_empty_frames_of_the_same_shape() -> None:
    plan = plan_with("title: text, amount: integer")
    empty, full = staged(plan), staged(plan, {"user_id": "1"})
    assert empty.rows.schema == full.rows.schema
    assert empty.quarantined.schema == QUARANTINE_SCHEMA
    assert empty.rows.height == empty.quarantined.height == 0


def test_a_batch_whose_columns_are_all_null_keeps_its_dtypes() -> None:
    types = "text integer bigint numeric double boolean date timestamptz uuid jsonb".split()
    plan = plan_with(", ".join(f"{name}_: {name}" for name in types))
    assert staged(plan, {}).rows.schema == staged(plan).rows.schema
    assert staged(plan, {}).rows.schema["date_"] == pl.Date


def test_a_column_that_the_target_lacks_is_a_mismatch_and_no_crash() -> None:
    plan = plan_with("title: text")
    del plan.target.columns["title"]
    with pytest.raises(TargetMismatch, match=r"public\.items has no column 'title'"):
        stage(batch_of(plan, [{}]), plan)


def test_the_class_letters_of_a_row_outrank_the_columns_usual_class() -> None:
    spec = spec_of("  items: {owner: user_id, columns: {amount: integer, note: text}}\n")
    plan = plan_of(spec, "items", usual={"user_id": "i", "amount": "r", "note": "i"})
    found = staged(
        plan,
        {"user_id": "1", "amount": "5.0", "note": "7"},
        {"user_id": "1", "amount": "5.0", "note": "7", "_classes": "itt"},
        {"user_id": "1", "amount": "5.0", "note": "37", "_classes": "irb"},
        {"user_id": "1", "amount": None, "note": None, "_classes": "inn"},
    )
    assert faults(found) == [("2", "amount", "not_an_integer"), ("3", "note", "blob_in_text")]
    assert found.rows.select("amount", "note").rows() == [(5, "7"), (None, None)]


def test_two_columns_from_one_legacy_column_are_judged_apart() -> None:
    plan = plan_with("a: {type: text, from: x}, b: {type: integer, from: x}")
    found = staged(plan, {"x": "1"}, {"x": "one"})
    assert found.rows.select("a", "b").rows() == [("1", 1)]
    assert faults(found) == [("2", "x", "not_an_integer")]


def test_an_expression_is_read_under_its_own_label() -> None:
    plan = plan_with('x: text, y: {type: integer, expr: "x + 1"}, z: {type: text, from: y}')
    assert plan.labels == ("user_id", "x", "expr:y", "y")
    found = staged(plan, {"x": "a", "expr:y": "2", "y": "b"}, {"x": "a", "expr:y": "c", "y": "b"})
    assert found.rows.select("x", "y", "z").rows() == [("a", 2, "b")]
    assert faults(found) == [("2", "expr:y", "not_an_integer")]


@pytest.mark.parametrize("key", ["rowid:5", "rowid:"])
def test_a_row_without_a_usable_key_is_quarantined_under_its_rowid(key: str) -> None:
    found = staged(plan_with("title: text"), {"_key": key, "user_id": "3", "title": "a"})
    expected = (key, "3", None, "_key", "text", key, "key_missing_or_repeated")
    assert found.quarantined.rows() == [expected]


@pytest.mark.parametrize("label", ["_key", "user_id", "job"])
def test_nul_in_what_names_a_row_is_quarantined(label: str) -> None:
    found = staged(reference_plan("type: uuid, references: {table: jobs}"), {"user_id": "1", "job": "2", label: "a\0b"})
    assert found.quarantined.select("column", "value", "rule").rows() == [(label, "a\0b", "nul_in_text")]


@pytest.mark.parametrize(
    ("text", "kind", "owner"),
    [("7", "i", "7"), ("7.0", "r", "7"), ("7.5", "r", "7.5"), ("7", "t", "7"), (None, "n", None)],
)
def test_an_owner_is_a_legacy_key(text: str | None, kind: str, owner: str | None) -> None:
    plan = plan_of(spec_of(JOBS), "jobs")
    assert rows_of(staged(plan, {"user_id": text, "_classes": f"{kind}n"}), "_legacy_user_id") == [(owner,)]


@pytest.mark.parametrize(("text", "kind"), [("17", "b"), ("80", "T")], ids=["blob", "undecodable"])
def test_hex_in_the_owner_column_never_names_a_user(text: str, kind: str) -> None:
    found = staged(plan_of(spec_of(JOBS), "jobs"), {"user_id": text, "_classes": f"{kind}n"})
    assert text not in found.rows["_legacy_user_id"].to_list()


def test_a_table_without_owner_has_no_owner() -> None:
    plan = plan_of(spec_of("  items: {owner: none, columns: {title: text}}\n"), "items")
    assert plan.labels == ("title",)
    assert rows_of(staged(plan, {"title": "a"}), "_legacy_user_id", "title") == [(None, "a")]


def test_a_mapped_value_is_replaced_and_one_outside_the_map_is_quarantined() -> None:
    plan = plan_with("status: {type: text, map: {done: completed, '': unknown, '1': one}}")
    found = staged(
        plan,
        *[{"status": text} for text in ("done", "", None)],
        {"status": "1", "_classes": "ni"},
        {"status": "completed"},
        {"status": "Done"},
        {"status": "1.0", "_classes": "nr"},
    )
    assert found.rows["status"].to_list() == ["completed", "unknown", None, "one"]
    assert faults(found) == [
        ("5", "status", "not_in_map"),
        ("6", "status", "not_in_map"),
        ("7", "status", "not_in_map"),
    ]
    assert found.quarantined["value"].to_list() == ["completed", "Done", "1.0"]


def test_keep_lets_the_rest_through_the_map_but_not_past_the_types_rule() -> None:
    plan = plan_with("n: {type: integer, map: {none: '0', '*': keep}}")
    found = staged(plan, {"n": "none"}, {"n": "7"}, {"n": "many"}, {"n": "3.0", "_classes": "nr"})
    assert found.rows["n"].to_list() == [0, 7, 3]
    assert faults(found) == [("3", "n", "not_an_integer")]


def test_nought_is_never_and_minus_one_true_as_init_writes_them() -> None:
    column = "{type: timestamptz, unit: s, map: {'0': '', '*': keep}, empty: 'null'}"
    found = staged(
        plan_with(f"seen: {column}, paid: {{type: boolean, map: {{'-1': 'true', '0': 'false'}}}}"),
        {"seen": "0", "paid": "-1", "_classes": "nii"},
        {"seen": "1709288430", "paid": "0", "_classes": "nii"},
        {"seen": "2024-03-01 10:20:30", "paid": "0", "_classes": "nti"},
    )
    seen = datetime(2024, 3, 1, 10, 20, 30, tzinfo=timezone.utc)
    assert rows_of(found, "seen", "paid") == [(None, True), (seen, False), (seen, False)]


def test_what_a_map_gives_is_text_whatever_it_replaces() -> None:
    found = staged(plan_with("day: {type: date, map: {'1': '2024-05-06'}}"), {"day": "1", "_classes": "ni"})
    assert rows_of(found, "day") == [(date(2024, 5, 6),)]


def test_what_a_map_gives_is_judged_by_the_types_rule() -> None:
    found = staged(plan_with("n: {type: integer, map: {a: '1', b: many}}"), {"n": "a"}, {"n": "b"})
    assert found.rows["n"].to_list() == [1]
    assert faults(found) == [("2", "n", "not_an_integer")]


@pytest.mark.parametrize(("text", "kind"), [("41", "b"), ("80", "T")], ids=["blob", "undecodable"])
def test_hex_is_never_a_word_of_a_map(text: str, kind: str) -> None:
    found = staged(plan_with("s: {type: text, map: {'41': x, '80': y}}"), {"s": text, "_classes": f"n{kind}"})
    assert found.rows.height == 0


def test_a_default_stands_in_for_null_and_for_nothing_else() -> None:
    plan = plan_with(
        "data: {type: jsonb, default: '{}'}, n: {type: integer, default: '7'}, s: {type: text, default: ''}"
    )
    found = staged(plan, {}, {"data": "[]", "n": "1", "s": "a"})
    assert rows_of(found, "data", "n", "s") == [("{}", 7, ""), ("[]", 1, "a")]


def test_a_default_is_not_taken_for_an_empty_text() -> None:
    found = staged(plan_with("n: {type: integer, default: '7'}"), {"n": ""})
    assert faults(found) == [("1", "n", "empty")]


def test_a_default_that_the_type_refuses_is_a_fault_of_each_row_that_needs_it() -> None:
    found = staged(plan_with("n: {type: integer, default: seven}"), {"n": None}, {"n": "1"})
    assert found.rows["n"].to_list() == [1]
    assert found.quarantined.select("legacy_id", "storage_class", "value", "rule").rows() == [
        ("1", "null", None, "not_an_integer")
    ]


def test_empty_text_becomes_null_where_the_spec_says_so() -> None:
    plan = plan_with(
        "n: {type: integer, empty: 'null'}, s: {type: text, empty: 'null'}, t: text, d: {type: date, empty: 'null'}"
    )
    found = staged(plan, dict.fromkeys("nstd", ""), {"n": "0", "s": " ", "t": "x", "d": "2024-05-06"})
    assert rows_of(found, *"nstd") == [(None, None, "", None), (0, " ", "x", date(2024, 5, 6))]


def test_an_empty_text_that_becomes_null_takes_the_default_then() -> None:
    plan = plan_with("n: {type: integer, empty: 'null', default: '7'}")
    assert rows_of(staged(plan, {"n": ""}, {"n": None}, {"n": "1"}), "n") == [(7,), (7,), (1,)]


@pytest.mark.parametrize("needs", ["required", "not_null"])
def test_null_in_a_column_that_needs_a_value_is_quarantined(needs: str) -> None:
    required = ", required: 'true'" if needs == "required" else ""
    column = target("text", not_null=needs == "not_null")
    plan = plan_with(f"s: {{type: text, empty: 'null'{required}}}", s=column)
    found = staged(plan, {"s": None}, {"s": ""}, {"s": "a"})
    assert found.rows["s"].to_list() == ["a"]
    assert faults(found) == [("1", "s", "required"), ("2", "s", "required")]


def test_a_default_satisfies_a_column_that_needs_a_value() -> None:
    plan = plan_with("s: {type: text, required: 'true', default: x}", s=target("text", not_null=True))
    assert rows_of(staged(plan, {}), "s") == [("x",)]


def test_null_never_reaches_a_not_null_column_that_has_a_default() -> None:
    # `created_at timestamptz NOT NULL DEFAULT now()`: one legacy NULL fails the whole wave's INSERT.
    plan = plan_with("at: timestamptz", at=target("timestamp with time zone", not_null=True, has_default=True))
    assert staged(plan, {"at": None}).rows.filter(pl.col("at").is_null()).height == 0


def test_a_reference_becomes_the_new_id_of_the_row_that_it_names() -> None:
    plan = reference_plan("type: uuid, from: job_id, references: {table: jobs}")
    found = staged(plan, {"job_id": "17", "_classes": "ni"}, {"job_id": "17.0", "_classes": "nr"}, {"job_id": None})
    assert rows_of(found, "job", "_ref0") == [(new_id("17"), "17"), (new_id("17"), "17"), (None, None)]
    assert found.rows.columns == ["_legacy_id", "_new_id", "_legacy_user_id", "job", "_ref0"]


def test_a_reference_kept_as_text_without_a_pattern_becomes_the_new_id() -> None:
    assert rows_of(staged(reference_plan("type: text, references: {table: jobs}"), {"job": "17"}), "job", "_ref0") == [
        (new_id("17"), "17")
    ]


def test_a_reference_inside_a_text_is_renamed_where_it_stands() -> None:
    plan = reference_plan("type: text, references: {table: jobs, match: '^job_(?P<id>.+)$'}")
    assert rows_of(staged(plan, {"job": "job_17"}, {"job": None}), "job", "_ref0") == [
        (f"job_{new_id('17')}", "17"),
        (None, None),
    ]


def test_a_reference_that_its_pattern_does_not_read_is_quarantined_by_default() -> None:
    plan = reference_plan("type: uuid, references: {table: jobs, match: '^job_(?P<id>[0-9]+)$'}")
    found = staged(plan, {"job": "job_17"}, {"job": "task_17"}, {"job": ""}, {"job": None})
    assert found.rows.select("job", "_ref0").rows() == [(new_id("17"), "17"), (None, None)]
    assert faults(found) == [("2", "job", "reference_unreadable"), ("3", "job", "reference_unreadable")]


def test_otherwise_null_makes_an_unreadable_reference_null() -> None:
    plan = reference_plan("type: uuid, references: {table: jobs, match: '^job_(?P<id>.+)$', otherwise: 'null'}")
    assert rows_of(staged(plan, {"job": "job_17"}, {"job": "bonus"}), "job", "_ref0") == [
        (new_id("17"), "17"),
        (None, None),
    ]


def test_otherwise_null_makes_an_unreadable_text_null_too() -> None:
    plan = reference_plan("type: text, references: {table: jobs, match: '^job_(?P<id>.+)$', otherwise: 'null'}")
    assert rows_of(staged(plan, {"job": "bonus"}), "job", "_ref0") == [(None, None)]


def test_otherwise_keep_leaves_an_unreadable_text_and_remembers_the_readable_ones() -> None:
    plan = reference_plan("type: text, references: {table: jobs, match: '^job_(?P<id>.+)$', otherwise: keep}")
    assert rows_of(staged(plan, {"job": "job_17"}, {"job": "bonus"}, {"job": None}), "job", "_ref0", "_raw0") == [
        (f"job_{new_id('17')}", "17", "job_17"),
        ("bonus", None, "bonus"),
        (None, None, None),
    ]


@pytest.mark.parametrize(("type_name", "into", "value"), [("bigint", "bigint", 17), ("text", "text", "17")])
def test_a_reference_to_kept_ids_keeps_its_value(type_name: str, into: str, value: Any) -> None:
    plan = reference_plan(f"type: {type_name}, references: {{table: jobs}}", parents=KEPT, job=target(into))
    assert rows_of(staged(plan, {"job": "17"}), "job", "_ref0") == [(value, "17")]


def test_a_reference_to_kept_ids_is_judged_by_its_type() -> None:
    plan = reference_plan("type: integer, references: {table: jobs}", parents=KEPT)
    assert faults(staged(plan, {"job": "seventeen"})) == [("1", "job", "not_an_integer")]


def test_a_text_that_names_a_kept_id_stays_whole() -> None:
    plan = reference_plan("type: text, references: {table: jobs, match: '^job_(?P<id>.+)$'}", parents=KEPT)
    assert rows_of(staged(plan, {"job": "job_17"}), "job", "_ref0") == [("job_17", "17")]


def test_a_renamed_text_that_the_target_would_cut_is_quarantined() -> None:
    column = target("character varying", length=20)
    plan = reference_plan("type: text, references: {table: jobs, match: '^job_(?P<id>.+)$'}", job=column)
    assert faults(staged(plan, {"job": "job_17"})) == [("1", "job", "target_would_cut")]


def test_an_unreadable_reference_is_no_null_in_a_column_that_needs_a_value() -> None:
    column = "type: uuid, references: {table: jobs, match: '^job_(?P<id>.+)$', otherwise: 'null'}"
    found = staged(reference_plan(column, job=target("uuid", not_null=True)), {"job": "bonus"})
    assert found.rows.height == 0


def test_a_default_stands_in_for_a_null_reference() -> None:
    plan = reference_plan("type: uuid, default: '17', references: {table: jobs}")
    assert rows_of(staged(plan, {"job": None}), "job", "_ref0") == [(new_id("17"), "17")]


def test_a_map_and_empty_null_work_on_references_too() -> None:
    plan = reference_plan("type: uuid, map: {old: '17', '*': keep}, empty: 'null', references: {table: jobs}")
    assert rows_of(staged(plan, {"job": "old"}, {"job": "18"}, {"job": ""}), "job", "_ref0") == [
        (new_id("17"), "17"),
        (new_id("18"), "18"),
        (None, None),
    ]


def test_a_null_reference_that_is_required_is_quarantined() -> None:
    plan = reference_plan("type: uuid, references: {table: jobs}", job=target("uuid", not_null=True))
    assert faults(staged(plan, {"job": None}, {"job": "1"})) == [("1", "job", "required")]


@pytest.mark.parametrize(("cell", "kind"), [(UUID.upper(), "t"), (UUID.replace("-", "").upper(), "t")])
def test_a_reference_to_kept_uuids_becomes_one_form(cell: str, kind: str) -> None:
    plan = reference_plan("type: uuid, references: {table: jobs}", parents=KEPT)
    assert rows_of(staged(plan, {"job": cell, "_classes": f"n{kind}"}), "job", "_ref0") == [(UUID, cell)]


def test_a_blob_that_names_a_kept_uuid_is_that_uuid() -> None:
    # The parent's own id is taken from its BLOB, see below; children must find it.
    cell = UUID.replace("-", "").upper()
    plan = reference_plan("type: uuid, references: {table: jobs}", parents=KEPT)
    assert rows_of(staged(plan, {"job": cell, "_classes": "nb"}), "job", "_ref0") == [(UUID, f"x'{cell}'")]


def test_a_blob_key_is_kept_as_the_uuid_that_it_is() -> None:
    key = f"x'{UUID.replace('-', '').upper()}'"
    assert rows_of(staged(kept_plan("uuid"), {"_key": key}), "_legacy_id", "_new_id") == [(key, UUID)]


def test_a_blob_key_is_not_kept_as_the_text_of_its_hex() -> None:
    assert faults(staged(kept_plan("text"), {"_key": "x'41'"})) == [("x'41'", "_key", "blob_in_text")]


def test_a_blob_reference_has_the_name_that_the_export_gives_to_the_row() -> None:
    plan = reference_plan("type: uuid, references: {table: jobs}")
    found = staged(plan, {"user_id": "17", "job": "17", "_classes": "bb"})
    assert rows_of(found, "_legacy_user_id", "_ref0", "job") == [("x'17'", "x'17'", new_id("x'17'"))]


@pytest.mark.parametrize(("text", "kind"), [("41", "b"), ("80", "T")], ids=["blob", "undecodable"])
def test_what_is_no_text_is_not_kept_as_text(text: str, kind: str) -> None:
    plan = reference_plan("type: text, references: {table: jobs, match: '^job_(?P<id>.+)$', otherwise: keep}")
    assert staged(plan, {"job": text, "_classes": f"n{kind}"}).rows.height == 0


def test_a_real_that_is_kept_as_text_reads_as_sqlite_prints_it() -> None:
    plan = reference_plan("type: text, references: {table: jobs, match: '^job_(?P<id>.+)$', otherwise: keep}")
    assert rows_of(staged(plan, {"job": "7.0", "_classes": "nr"}), "job", "_raw0") == [("7.0", "7.0")]


def test_a_number_within_a_text_that_names_a_kept_id_arrives_as_the_number() -> None:
    plan = reference_plan("type: bigint, references: {table: jobs, match: '^job_(?P<id>.+)$'}", parents=KEPT)
    assert rows_of(staged(plan, {"job": "job_17"}), "job", "_ref0") == [(17, "17")]


def test_references_are_numbered_in_the_order_of_the_spec() -> None:
    plan = plan_with(
        "b: {type: uuid, references: {table: jobs}}, x: text, a: {type: uuid, references: {table: jobs}}", parents=JOBS
    )
    found = staged(plan, {"b": "1", "x": "-", "a": "2"})
    assert rows_of(found, "_ref0", "b", "_ref1", "a") == [("1", new_id("1"), "2", new_id("2"))]


@pytest.mark.parametrize(("cell", "kind", "ref"), [("7", "i", "7"), ("7.0", "r", "7"), (None, "n", None)])
def test_a_second_user_is_named_by_the_legacy_key_and_resolved_later(
    cell: str | None, kind: str, ref: str | None
) -> None:
    plan = plan_with("reviewer: {type: uuid, references: {table: users}}")
    assert rows_of(staged(plan, {"reviewer": cell, "_classes": f"n{kind}"}), "reviewer", "_ref0") == [(None, ref)]


def test_a_second_user_that_is_required_is_missing_only_where_the_cell_is_null() -> None:
    plan = plan_with("reviewer: {type: uuid, references: {table: users}}", reviewer=target("uuid", not_null=True))
    found = staged(plan, {"reviewer": "7"}, {"reviewer": None})
    assert found.rows.select("reviewer", "_ref0").rows() == [(None, "7")]
    assert faults(found) == [("2", "reviewer", "required")]


def test_a_second_user_that_a_pattern_does_not_read_is_quarantined_or_null() -> None:
    column = "reviewer: {{type: uuid, references: {{table: users, match: '^u(?P<id>[0-9]+)$', otherwise: {}}}}}"
    strict, lax = (plan_with(column.format(word)) for word in ("quarantine", "'null'"))
    assert faults(staged(strict, {"reviewer": "u7"}, {"reviewer": "bot"})) == [
        ("2", "reviewer", "reference_unreadable")
    ]
    assert rows_of(staged(lax, {"reviewer": "u7"}, {"reviewer": "bot"}), "_ref0") == [("7",), (None,)]


VIA = (
    JOBS + "  items:\n    owner: {via: job}\n    columns: {job: {type: uuid, references: {table: jobs}}, n: integer}\n"
)


def test_a_row_owned_through_another_is_quarantined_with_the_key_of_that_row() -> None:
    found = staged(
        plan_of(spec_of(VIA), "items"), {"job": "17", "n": "x"}, {"job": "18", "n": "1"}, {"job": None, "n": "y"}
    )
    assert found.quarantined.select("legacy_id", "legacy_user_id", "via_key", "rule").rows() == [
        ("1", None, "17", "not_an_integer"),
        ("3", None, None, "not_an_integer"),
    ]
    assert found.rows.select("_legacy_user_id", "_ref0").rows() == [(None, "18")]


def kept_plan(base: str, *, column: str = "") -> StagePlan:
    named = f"id: {column}, " if column else ""
    tables = f"  items: {{owner: none, id: keep, columns: {{{named}title: text}}}}\n"
    return plan_of(spec_of(tables), "items", into={"id": target(base)})


@pytest.mark.parametrize(
    ("base", "key", "new"),
    [
        ("bigint", "9223372036854775807", 2**63 - 1),
        ("integer", "-5", -5),
        ("smallint", "32767", 2**15 - 1),
        ("text", "a/b", "a/b"),
        ("uuid", UUID.upper(), UUID),
        ("uuid", UUID.replace("-", "").upper(), UUID),
    ],
)
def test_a_kept_id_has_the_type_of_the_targets_column(base: str, key: str, new: Any) -> None:
    assert rows_of(staged(kept_plan(base), {"_key": key}), "_legacy_id", "_new_id") == [(key, new)]


@pytest.mark.parametrize(
    ("base", "key", "rule"),
    [
        ("integer", "2147483648", "out_of_range"),
        ("smallint", "32768", "out_of_range"),
        ("bigint", "abc", "not_an_integer"),
        ("bigint", "7.5", "not_an_integer"),
        ("uuid", "17", "not_a_uuid"),
        ("uuid", "", "empty"),
    ],
)
def test_a_kept_id_that_the_target_cannot_hold_is_quarantined(base: str, key: str, rule: str) -> None:
    assert faults(staged(kept_plan(base), {"_key": key, "title": "a"})) == [(key, "_key", rule)]


def test_a_kept_id_that_the_spec_names_is_one_column_and_follows_its_type() -> None:
    plan = kept_plan("uuid", column="uuid")
    found = staged(plan, {"_key": UUID, "id": UUID, "title": "a"}, {"_key": "17", "id": "17", "title": "b"})
    assert found.rows.columns == ["_legacy_id", "_new_id", "_legacy_user_id", "title"]
    assert found.rows["_new_id"].to_list() == [UUID]
    assert faults(found) == [("17", "_key", "not_a_uuid")]


def test_a_kept_id_that_the_spec_types_is_judged_by_that_type_and_not_by_the_targets() -> None:
    found = staged(kept_plan("numeric", column="bigint"), {"_key": "007", "id": "007"}, {"_key": "a", "id": "a"})
    assert found.rows["_new_id"].to_list() == [7]
    assert faults(found) == [("a", "_key", "not_an_integer")]


AWKWARD = (
    JOBS + "  items:\n"
    "    owner: user_id\n"
    "    columns:\n"
    "      n: {type: integer, empty: 'null'}\n"
    "      s: {type: text, map: {a: b}, required: 'true'}\n"
    "      at: timestamptz\n"
    "      data: {type: jsonb, default: '{}'}\n"
    "      job: {type: uuid, references: {table: jobs, match: '^j(?P<id>.+)$'}}\n"
    "      note: {type: text, from: job, references: {table: jobs, match: 'j(?P<id>[0-9])', otherwise: keep}}\n"
)
AWKWARD_PLAN = plan_of(spec_of(AWKWARD), "items")
cell_texts = (
    st.none() | st.sampled_from(["", "1", "a", "j1", "j", "{}", "[", "2024-05-06", "1.0"]) | st.text("a1j.", max_size=3)
)
awkward_rows = st.fixed_dictionaries(
    dict.fromkeys(AWKWARD_PLAN.labels, cell_texts)
    | {"_classes": st.none() | st.text("irtbT", min_size=len(AWKWARD_PLAN.labels), max_size=len(AWKWARD_PLAN.labels))},
    optional={},
)


def is_readable(row: dict[str, str | None]) -> bool:
    """A REAL cell is a number, as SQLite's are."""
    classes = row["_classes"] or ""
    reals = [row[label] for label, kind in zip(AWKWARD_PLAN.labels, classes, strict=False) if kind == "r"]
    return all(text in (None, "1", "1.0") for text in reals)


@FEW
@example([], set())
@given(st.lists(awkward_rows.filter(is_readable), min_size=15, max_size=30), st.sets(st.integers(1, 30), max_size=3))
def test_each_row_is_on_exactly_one_side_and_each_fault_names_a_rule(
    rows: list[dict[str, str | None]], rowids: set[int]
) -> None:
    keyed = [
        {**row, "_key": f"rowid:{number}" if number in rowids else str(number)}
        for number, row in enumerate(rows, start=1)
    ]
    found = staged(AWKWARD_PLAN, *keyed)
    assert found.quarantined.schema == QUARANTINE_SCHEMA
    assert found.quarantined.null_count().select("legacy_id", "column", "storage_class", "rule").row(0) == (0, 0, 0, 0)
    cells = {(row["_key"], label): row[label] for row in keyed for label in row if label != "_classes"}
    for key, label, value in found.quarantined.select("legacy_id", "column", "value").iter_rows():
        assert cells[key, label] == value


def test_batches_of_a_table_stage_the_same_whole_or_in_parts() -> None:
    rows = [{"user_id": str(n), "n": str(n), "s": "a" if n % 3 else "z", "job": f"j{n}"} for n in range(1, 30)]
    keyed = [{"_key": str(number), **row} for number, row in enumerate(rows)]
    whole = staged(AWKWARD_PLAN, *keyed)
    parts = [staged(AWKWARD_PLAN, *keyed[:11]), staged(AWKWARD_PLAN, *keyed[11:])]
    assert_frame_equal(pl.concat(part.rows for part in parts), whole.rows)
    assert_frame_equal(pl.concat(part.quarantined for part in parts), whole.quarantined, check_row_order=False)
    assert whole.quarantined.height == 9


@pytest.mark.parametrize("timezone", ["UTC", "America/New_York"])
def test_times_of_the_usual_form_are_read_as_in_a_batch_that_has_others(timezone: str) -> None:
    days = ("2024-02-29", "2023-02-29", "0000-01-01", "0001-01-01", "9999-12-31", "2024-03-10", "2024-13-01")
    clocks = ("00:00:00", "23:59:59", "02:30:00", "12:34:56")
    rows = [{"_key": f"{day} {clock}", "at": f"{day} {clock}"} for day in days for clock in clocks]
    rows.append({"_key": "none", "at": None})
    plan = plan_with("at: timestamptz", timezone=timezone)
    alone, among_others = staged(plan, *rows), staged(plan, *rows, {"_key": "odd", "at": "2024-05-06T07:08:09.5+02:00"})
    assert_frame_equal(alone.rows, among_others.rows.filter(pl.col("_legacy_id") != "odd"))
    assert_frame_equal(alone.quarantined, among_others.quarantined)
    assert alone.rows.height > len(clocks)


def test_no_rule_is_written_out_within_itself() -> None:
    """polars computes what is written twice twice: a reference into a uuid was a quarter of a million characters."""
    columns = "".join(
        f"      {name}: {{type: {name}, required: true{', unit: s' if name in TIMES else ''}}}\n"
        for name in HOLDS
        if not is_read_by_postgres(name)
    )
    tables = f"{JOBS}  items:\n    owner: user_id\n    columns:\n{columns}      job: {{references: {{table: jobs}}, type: uuid}}\n"
    plan = plan_of(spec_of(tables, timezone="Europe/Berlin"), "items")
    keep = Kept()
    verdicts = _columns(replace(plan, keep=keep), plain=set())
    kept = [expression for layer in keep._layers for expression in layer]
    written = [str(part) for verdict in verdicts.values() for part in (verdict.value, verdict.fault)]
    assert max(len(text) for text in [*written, *map(str, kept)]) < 6_000
