"""Corrections: refused values and rows settled by an operator's file, without touching the legacy app."""

import csv
import io
import re
import stat

import pytest

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.assets.keys import MIGRATE, key_of
from etl_assets.core.gate.table_rules import staging_validations
from etl_assets.core.lists.quarantine import harmless
from etl_assets.core.users.users import read_links
from etl_assets_tests.world import AT, World, failure_of

pytestmark = pytest.mark.usefixtures("without_dagster")

HEADER = "table,legacy_id,column,value,reason\n"


def correct(world: World, lines: str) -> None:
    folder = world.folder / "artifacts"
    folder.mkdir(exist_ok=True)
    (folder / "corrections.csv").write_text(HEADER + lines, encoding="utf-8")


def test_a_corrected_value_frees_its_row_its_user_and_its_children(migrated: World) -> None:
    correct(migrated, f"jobs,7,created_at,{AT},the support ticket says so\n")
    outcome = migrated.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert outcome.books.users["held"] == 0
    book = outcome.books.as_json()["tables"]["jobs"]
    assert (book["source"], book["loaded"], book["quarantined"]) == (8, 3, 2)
    assert migrated.query("SELECT count(*) FROM public.artifacts WHERE path = 'd.png'") == [(1,)]


def test_a_corrected_owner_gives_a_row_to_whom_it_belongs(awkward: World) -> None:
    correct(awkward, "jobs,5,user_id,1,was user 99 before the merge\n")
    outcome = awkward.migrate()
    assert outcome.books.closed
    [(owner,)] = awkward.query("SELECT id FROM auth.users WHERE email = 'ann@example.com'")
    assert awkward.query(
        "SELECT user_id FROM public.artifacts a JOIN public.jobs j ON j.id = a.job_id WHERE path = 'c.png'"
    ) == [(owner,)]


def test_a_dropped_row_is_excluded_and_so_are_its_children(awkward: World) -> None:
    correct(awkward, "jobs,7,,drop,a test of ours\njobs,1,,drop,another\n")
    outcome = awkward.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    tables = outcome.books.as_json()["tables"]
    assert tables["jobs"] == {"source": 8, "loaded": 1, "waiting": 3, "quarantined": 2, "excluded": 2}
    assert tables["artifacts"]["excluded"] == 2
    assert awkward.query("SELECT legacy_id, reason FROM etl.excluded ORDER BY 1") == [
        ("1", "dropped"),
        ("7", "dropped"),
    ]


def test_a_correction_of_an_expression_s_column_is_its_result(awkward: World) -> None:
    awkward.write_spec(("status: text", "status: {type: text, expr: upper(job_type)}"))
    correct(awkward, "jobs,1,status,settled,by hand\njobs,2,job_type,other,only the column itself\n")
    assert awkward.migrate().books.closed
    found = awkward.query("SELECT status, job_type FROM public.jobs ORDER BY status")
    assert found == [("EXPORT", "other"), ("settled", "export")]


def test_a_line_break_of_unicode_within_a_cell_ends_no_line(awkward: World) -> None:
    correct(awkward, 'jobs,1,status,"a\u2028b\u0085c","why\x0bindeed"\n')
    assert awkward.migrate().books.closed
    assert ("a\u2028b\u0085c",) in awkward.query("SELECT status FROM public.jobs")


def test_an_empty_value_is_null_and_text_is_read_by_the_column_s_rule(awkward: World) -> None:
    correct(
        awkward,
        'jobs,1,metadata,,broken\njobs,2,metadata,"{""b"": 2}",found in a backup\njobs,2,status,x,"why, indeed"\n',
    )
    assert awkward.migrate().books.closed
    assert sorted(awkward.query("SELECT status, metadata FROM public.jobs"), key=str) == [
        ("done", None),
        ("x", {"b": 2}),
    ]


def test_a_correction_can_be_wrong_too(awkward: World) -> None:
    correct(awkward, "jobs,1,created_at,yesterday,sloppy\n")
    assert awkward.migrate().books.as_json()["tables"]["jobs"]["quarantined"] == 4
    assert awkward.query("SELECT value, rule FROM etl.quarantine WHERE legacy_id = '1'") == [
        ("yesterday", "not_iso_8601")
    ]


def test_taking_a_correction_back_brings_the_fault_back(awkward: World) -> None:
    correct(awkward, f"jobs,7,created_at,{AT},a mistake\n")
    awkward.run(MIGRATE)
    correct(awkward, "")
    assert awkward.migrate().books.users["held"] == 1


def test_a_loaded_row_is_not_changed_by_a_later_correction(migrated: World) -> None:
    correct(migrated, "jobs,1,status,other,too late\njobs,2,,drop,too late\n")
    outcome = migrated.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert migrated.query("SELECT DISTINCT status FROM public.jobs") == [("done",)]
    assert migrated.query("SELECT count(*) FROM public.jobs") == [(2,)]


def test_corrections_are_audited_counted_and_reported_without_their_values(awkward: World) -> None:
    correct(awkward, f"jobs,7,created_at,{AT},the ticket\njobs,8,,drop,a test\njobs,4711,status,CANARY_VALUE,nobody\n")
    awkward.migrate()
    [(detail,)] = awkward.query(
        "SELECT detail FROM etl.audit_log WHERE action = 'staged' AND detail ->> 'table' = 'jobs'"
    )
    assert (detail["corrected"], detail["dropped"], len(detail["corrections"])) == (2, 1, 64)
    page = (awkward.folder / "artifacts" / "reports" / "migration_report.html").read_text(encoding="utf-8")
    assert "the ticket" in page
    assert "CANARY_VALUE" not in page
    with connect(awkward.url) as connection, reading(connection):
        rules = {rule.name: rule for rule in staging_validations(awkward.spec, "jobs")}
        found = rules["corrections_found_their_rows"].find(connection, read_links(connection, awkward.spec))
    assert (found.count, found.sample) == (1, ("4711",))
    assert awkward.query("SELECT legacy_id FROM etl.corrections WHERE NOT found") == [("4711",)]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("nothing,1,status,x,y\n", "corrections.csv:2: 'nothing' is not a table of the spec; it has jobs"),
        ("jobs,1,password,x,y\n", "corrections.csv:2: 'password' is no exported column of jobs"),
        ("jobs,1,status,x,\n", "corrections.csv:2: gives no reason"),
        ("jobs,1,status,x\n", "corrections.csv:2: has 4 cells instead of 5"),
        ("jobs,1,,delete,y\n", "its value is `drop`"),
        ("jobs,,status,x,y\n", "names no legacy id"),
        ("jobs,1,status,x,y\njobs,1,status,z,y\n", "corrections.csv:3: corrects jobs 1 twice in one place"),
        ('jobs,1,status,"x,y\n', "cannot be read as UTF-8 CSV"),
    ],
)
def test_a_line_that_cannot_be_meant_stops_the_staging_with_its_number(awkward: World, lines: str, words: str) -> None:
    correct(awkward, lines)
    awkward.run(MIGRATE)
    assert words in failure_of(awkward.materialize(key_of("staging/jobs")))
    assert awkward.query("SELECT to_regclass('etl.stg_jobs') IS NULL") == [(True,)]


def test_the_quarantine_is_a_list_for_people(awkward: World) -> None:
    awkward.legacy("INSERT INTO jobs VALUES (30, 1, 'export', 'x', '=cmd|calc', NULL, NULL, NULL, NULL)")
    awkward.migrate()
    path = awkward.folder / "artifacts" / "reports" / "quarantine.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    found = {(line["table"], line["legacy_id"]): line for line in lines}
    assert set(found) == {
        ("jobs", "7"),
        ("jobs", "30"),
        ("jobs", "5"),
        ("jobs", "6"),
        ("artifacts", "3"),
        ("artifacts", "4"),
        ("artifacts", "5"),
    }
    assert found["jobs", "30"]["value"] == "'=cmd|calc"
    assert found["jobs", "7"]["column"] == "created_at"
    assert found["artifacts", "5"]["rule"] == "reference_unknown"
    assert all(line["remedy"] for line in lines)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-5", "-5"),
        ("+4.5", "+4.5"),
        ("-", "'-"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("a=b", "a=b"),
        (None, ""),
        ("z\r=cmd|/C calc!A0", "z\r'=cmd|/C calc!A0"),
        ("a\n-1\r\n+b", "a\n'-1\r\n'+b"),
        ("a\u2028@x", "a\u2028'@x"),
        ("  =1+1", "'  =1+1"),
        ("\uff1d1", "'\uff1d1"),
        ("a - b", "a - b"),
    ],
)
def test_a_cell_is_never_a_formula(cell: str | None, shown: str) -> None:
    assert harmless(cell) == shown


def test_no_cell_of_a_list_breaks_out_of_its_row(awkward: World) -> None:
    value = "z\r=cmd|/C calc!A0\x85=1\n=2"
    awkward.legacy(
        "UPDATE jobs SET created_at = 'z' || char(13) || '=cmd|/C calc!A0' || char(133) || '=1' || char(10) || '=2' WHERE id = 7"
    )
    awkward.migrate()
    path = awkward.folder / "artifacts" / "reports" / "quarantine.csv"
    text = path.read_bytes().decode()
    found = [row for row in csv.reader(io.StringIO(text, newline="")) if row[1] == "7"]
    assert [row[4] for row in found] == [re.sub("=", "'=", value)]
    assert all(row.startswith('"') and row.endswith('"') for row in re.split(r"\n(?=\")", text.rstrip("\n")))
    assert not re.search("^[=+@]", text, re.MULTILINE)
