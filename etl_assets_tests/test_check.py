"""`etl-assets check`: what would happen, and nothing that does."""

import pytest

from etl_assets.access.postgres.connection import connect
from etl_assets.assets.keys import VERIFICATION
from etl_assets.commands.check import Line, examine
from etl_assets.commands.disk import HERE, ON_TARGET, Disk, disks, shown_bytes
from etl_assets.model.errors import EtlError
from etl_assets.settings import read_settings
from etl_assets_tests.scenario import PRODUCTION
from etl_assets_tests.world import AT, World, selected

EVERYTHING = (*PRODUCTION, "auth.users", "public.profiles")


def lines(world: World) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in examine(read_settings(), world.spec):
        found.setdefault(line.subject, []).append(line)
    return found


def words(world: World, subject: str) -> str:
    return " ".join(line.words for line in lines(world)[subject])


def test_refused_values_are_named_by_column_with_rule_number_and_ids(awkward: World) -> None:
    found = lines(awkward)
    [line] = found["values jobs.created_at"]
    assert line.words == "would be quarantined: 1 not iso 8601 (ids 7)"
    assert line.holds
    assert line.warns
    assert {line.words for line in found["rows jobs"]} == {
        "1 would be quarantined: owner missing: user_id (1 row)",
        "1 would be quarantined: owner unknown: user_id (1 row)",
    }
    assert found["books jobs"][0].words == "8 rows: 5 can move, 3 quarantined, 0 excluded"


def test_nothing_is_left_on_a_target_that_was_never_migrated_to(awkward: World) -> None:
    before = awkward.checksum(*EVERYTHING)
    assert awkward.cli("check").returncode == 0
    assert awkward.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'etl'") == [(0,)]
    assert awkward.checksum(*EVERYTHING) == before
    left = [path for path in (awkward.folder / "artifacts").rglob("*") if path.is_file()]
    assert [path for path in left if path.parent.name != "processes"] == []


def test_nothing_changes_on_a_target_that_is_under_way(migrated: World) -> None:
    etl = [f"etl.{name}" for (name,) in migrated.query("SELECT tablename FROM pg_tables WHERE schemaname = 'etl'")]
    before = migrated.checksum(*EVERYTHING, *etl)
    migrated.legacy("INSERT INTO jobs VALUES (40, 1, 'export', 'x', 'yesterday', NULL, NULL, NULL, NULL)")
    assert "2 not iso 8601 (ids 40, 7)" in words(migrated, "values jobs.created_at")
    assert migrated.checksum(*EVERYTHING, *etl) == before
    assert migrated.materialize(VERIFICATION).success


@pytest.mark.parametrize(
    ("change", "rows"),
    [
        ("ALTER TABLE public.credit_transactions ADD CHECK (amount > 0)", 1),
        ("CREATE UNIQUE INDEX ON public.credit_transactions (reference_id)", 2),
        ("ALTER TABLE public.credit_transactions ALTER COLUMN description SET NOT NULL", 0),
        (
            "CREATE TABLE public.kinds (kind text PRIMARY KEY); ALTER TABLE public.credit_transactions ADD FOREIGN KEY (transaction_type) REFERENCES public.kinds",
            4,
        ),
    ],
)
def test_rows_that_a_constraint_of_the_target_would_refuse_are_counted(awkward: World, change: str, rows: int) -> None:
    awkward.execute(change)
    if rows:
        found = words(awkward, "rows credit_transactions")
        assert found.startswith(f"{rows} would be quarantined: target conflict: constraint credit_transactions_")
    else:
        assert words(awkward, "values credit_transactions.description") == "would be quarantined: 1 required (ids 4)"


def test_a_blocking_validation_that_would_fail_is_exit_1(awkward: World) -> None:
    awkward.write_spec(("policy:\n", "policy:\n  max_quarantined: 0\n"))
    result = awkward.cli("check")
    assert result.returncode == 1
    assert "jobs: quarantine_is_empty" in " ".join(result.stdout.split())


def test_corrections_count_in_the_rehearsal(awkward: World) -> None:
    (awkward.folder / "artifacts").mkdir()
    path = awkward.folder / "artifacts" / "corrections.csv"
    path.write_text(f"table,legacy_id,column,value,reason\njobs,7,created_at,{AT},ticket\n", encoding="utf-8")
    assert "values jobs.created_at" not in lines(awkward)
    path.write_text("table,legacy_id,column,value,reason\njobs,7,nothing,x,ticket\n", encoding="utf-8")
    result = awkward.cli("check")
    assert result.returncode == 2
    assert "corrections.csv:2: 'nothing' is no exported column of jobs" in result.stderr


def test_no_address_and_no_value_is_printed(awkward: World) -> None:
    result = awkward.cli("check")
    assert "example.com" not in result.stdout + result.stderr
    assert "last tuesday" not in result.stdout + result.stderr


TARGETS = {
    "as it is": "",
    "a column less": "ALTER TABLE public.jobs DROP COLUMN status",
    "a column that wants a value": "ALTER TABLE public.jobs ADD COLUMN must text NOT NULL",
    "no table": "DROP TABLE public.artifacts",
    "open to everybody": "ALTER TABLE public.jobs DISABLE ROW LEVEL SECURITY",
    "a trigger": "CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    "CREATE TRIGGER book BEFORE INSERT ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.nothing()",
    "an index of an expression": "CREATE UNIQUE INDEX ON public.credit_transactions (lower(reference_id))",
    "a rule of the values": "ALTER TABLE public.jobs ADD CHECK (source_file IS NULL)",
    "a key of the pair": "ALTER TABLE public.jobs ADD EXCLUDE USING btree (job_type WITH =)",
    "another type": "ALTER TABLE public.jobs ALTER COLUMN updated_at TYPE date",
}
SOURCES = {
    "no table": "DROP TABLE artifacts",
    "a column less": "ALTER TABLE jobs DROP COLUMN source_file",
    "nobody": "DELETE FROM users",
    "a date for a key": "UPDATE users SET created_at = 'never'",
}
BOTH = {"a table of neither": ("DROP TABLE public.artifacts", "DROP TABLE artifacts")}
FILES = {
    "claims.csv": "legacy_user_id,reason\n5,hm\n",
    "corrections.csv": "table,legacy_id,column,value,reason\njobs,7,no_such_column,x,why\n",
}


CASES = [(k, w) for k in ("TARGETS", "SOURCES", "BOTH", "FILES") for w in globals()[k]]
# One of what each looks at: nothing, columns, triggers, keys, types, the source's tables and values, both sides, files.
CHOSEN = [
    ("TARGETS", "as it is"),
    ("TARGETS", "a column that wants a value"),
    ("TARGETS", "a trigger"),
    ("TARGETS", "a key of the pair"),
    ("TARGETS", "another type"),
    ("SOURCES", "no table"),
    ("SOURCES", "a date for a key"),
    ("BOTH", "a table of neither"),
    ("FILES", "claims.csv"),
]


@pytest.mark.usefixtures("without_dagster")
@pytest.mark.parametrize(("kind", "what"), selected(CASES, CHOSEN))
def test_check_says_no_where_migrate_does_and_nowhere_else(awkward: World, kind: str, what: str) -> None:
    if kind == "TARGETS":
        awkward.execute(TARGETS[what] or "SELECT 1")
    elif kind == "SOURCES":
        awkward.legacy(SOURCES[what])
    elif kind == "BOTH":
        awkward.execute(BOTH[what][0])
        awkward.legacy(BOTH[what][1])
    else:
        (awkward.folder / "artifacts").mkdir(exist_ok=True)
        (awkward.folder / "artifacts" / what).write_text(FILES[what], encoding="utf-8")
    try:
        says_yes = all(line.holds for line in examine(read_settings(), awkward.spec))
    except EtlError:
        says_yes = False
    assert says_yes == (awkward.migrate().exit_code == 0), awkward.said


def test_the_disks_are_looked_at_before_anything_is_written(awkward: World, monkeypatch: pytest.MonkeyPatch) -> None:
    size = awkward.legacy_path.stat().st_size
    with connect(awkward.url) as connection:
        here, there = disks(read_settings(), connection)
        assert (here.needed, there.needed) == (round(size * HERE), round(size * ON_TARGET))
        assert here.is_enough
        assert there.is_enough
        assert there.free is not None  # the embedded server is on this machine
        monkeypatch.setattr("etl_assets.commands.disk.free_bytes", lambda _: size)
        assert not any(disk.is_enough for disk in disks(read_settings(), connection))
    found = {line.subject: line for line in examine(read_settings(), awkward.spec)}
    for subject in ("disk of ETL_ARTIFACTS", "disk of the target"):
        assert not found[subject].holds
        assert "free some space first" in found[subject].words


def test_a_server_elsewhere_tells_nothing_of_its_disk() -> None:
    assert str(Disk("disk of the target", 7_000_000_000, None)).startswith(
        "at most about 7.0 GB are written; the server"
    )


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (38_244_352, "38.2 MB")]
)
def test_a_size_is_told_as_people_say_it(count: int, text: str) -> None:
    assert shown_bytes(count) == text
