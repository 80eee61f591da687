"""A target that cannot hold what the spec sends is said so before anything is written."""

import uuid

import pytest

from etl_assets.model.errors import TargetMismatch
from etl_assets_tests.scenario import BOOKS
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

USER = f"INSERT INTO users VALUES (1, 'ann@example.com', NULL, '{AT}');"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("ALTER TABLE public.jobs ALTER COLUMN created_at TYPE timestamp", "timestamp without time zone"),
        ("ALTER TABLE public.jobs ALTER COLUMN metadata TYPE text", "is text in the target"),
        ("ALTER TABLE public.jobs ALTER COLUMN status TYPE interval day USING NULL", "is interval day in the target"),
        ("ALTER TABLE public.credit_transactions ALTER COLUMN amount TYPE real", "is real in the target"),
        ("ALTER TABLE public.jobs ALTER COLUMN status TYPE inet USING NULL", "is inet in the target"),
        ("ALTER TABLE public.jobs ADD COLUMN tenant text NOT NULL", "'tenant' is NOT NULL without a default"),
        ("ALTER TABLE public.jobs DROP COLUMN status", "no column 'status'"),
        ("DROP TABLE public.artifacts, public.jobs", "public.jobs does not exist"),
    ],
)
def test_a_target_that_would_change_a_value_is_refused(world: World, change: str, words: str) -> None:
    world.execute(change)
    with pytest.raises(TargetMismatch, match=words):
        world.links()


def test_a_reference_that_may_become_null_needs_a_column_that_takes_null(world: World) -> None:
    loose = '{type: text, references: {table: jobs, match: "^job_(?P<id>.+)$", otherwise: "null"}}'
    world.write_spec(("transaction_type: text", f"transaction_type: {loose}"))
    with pytest.raises(TargetMismatch, match="its reference may become NULL"):
        world.links()


def test_two_tables_of_the_spec_may_share_a_target_of_any_name(world: World) -> None:
    world.execute(
        'CREATE TABLE public."Odd ""one" (id uuid PRIMARY KEY, label text UNIQUE CHECK (label <> \'\'));'
        "CREATE FUNCTION public.noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
        'CREATE TRIGGER seen BEFORE UPDATE ON public."Odd ""one" FOR EACH ROW EXECUTE FUNCTION public.noop()'
    )
    text = (
        "\n  {0}:\n    source: {0}\n    target: 'public.Odd \"one'\n    owner: none\n    columns:\n      label: text\n"
    )
    world.write_spec(("\ntables:", "\ntables:" + text.format("odd") + text.format("even")))
    found = world.links().targets
    assert found["odd"] == found["even"]
    assert set(found["odd"].columns) == {"id", "label"}
    assert {rule.columns for rule in found["odd"].unique} == {("id",), ("label",)}
    assert [rule.columns for rule in found["odd"].checks] == [("label",)]
    assert (found["odd"].triggers, found["odd"].update_triggers) == ((), ("seen",))
    assert {rule.table for rule in found["jobs"].foreign} == {"profiles"}


def test_a_parent_in_partitions_is_one_parent(awkward: World) -> None:
    awkward.execute(
        "DROP TABLE public.jobs CASCADE;"
        "CREATE TABLE public.jobs (id uuid PRIMARY KEY, user_id uuid REFERENCES public.profiles, job_type text, "
        "status text, created_at timestamptz, updated_at timestamptz, source_file text, result_file text, "
        "metadata jsonb) PARTITION BY HASH (id);"
        "CREATE TABLE public.jobs_0 PARTITION OF public.jobs FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
        "CREATE TABLE public.jobs_1 PARTITION OF public.jobs FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
        "ALTER TABLE public.artifacts ADD CONSTRAINT of_job FOREIGN KEY (job_id) REFERENCES public.jobs"
    )
    assert [rule.name for rule in awkward.links().targets["artifacts"].foreign] == ["of_job"]
    assert awkward.migrate().books.as_json()["tables"] == BOOKS


def test_narrow_targets_quarantine_what_they_cannot_hold(world: World) -> None:
    world.execute(
        "CREATE TYPE public.kind AS ENUM ('export');"
        "ALTER TABLE public.credit_transactions ALTER COLUMN amount TYPE smallint;"
        "ALTER TABLE public.jobs ALTER COLUMN status TYPE varchar(4);"
        "ALTER TABLE public.jobs ALTER COLUMN job_type TYPE public.kind USING job_type::public.kind;"
        "ALTER TABLE public.jobs ALTER COLUMN updated_at TYPE timestamptz(0)"
    )
    world.write_spec(("incomplete_users: hold ", "incomplete_users: load "))
    world.legacy(
        USER + f"INSERT INTO jobs VALUES (1, 1, 'export', 'done', '{AT}', '{AT}', NULL, NULL, NULL),"
        f" (2, 1, 'export', 'cancelled', '{AT}', NULL, NULL, NULL, NULL), (3, 1, 'other', 'done', '{AT}', NULL, NULL, NULL, NULL),"
        f" (4, 1, 'export', 'done', '{AT}', '{AT}.5', NULL, NULL, NULL);"
        f"INSERT INTO credit_transactions VALUES (1, 1, 32767, 'x', NULL, '{AT}', NULL), (2, 1, 32768, 'x', NULL, '{AT}', NULL)"
    )
    world.sign_up("ann@example.com")
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert world.query("SELECT amount FROM public.credit_transactions") == [(32767,)]
    assert world.query("SELECT count(*) FROM public.jobs") == [(1,)]
    assert sorted(world.query("SELECT legacy_id, rule FROM etl.quarantine WHERE \"table\" = 'jobs'")) == [
        ("2", "target_would_cut"),
        ("3", "not_a_label_of_the_target"),
        ("4", "target_would_round"),
    ]


def test_a_null_never_gets_the_targets_default(world: World) -> None:
    world.legacy(USER + "INSERT INTO jobs VALUES (1, 1, 'export', 'done', NULL, NULL, NULL, NULL, NULL)")
    world.sign_up("ann@example.com")
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.as_json()["tables"]["jobs"]["quarantined"] == 1


def test_blob_keys_stay_apart_from_text_and_keep_their_uuid(world: World) -> None:
    key = uuid.UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")
    world.legacy(
        "CREATE TABLE users (id BLOB PRIMARY KEY, email TEXT);"
        "CREATE TABLE things (id BLOB PRIMARY KEY, user_id BLOB, label TEXT);"
        "INSERT INTO users VALUES (x'17', 'ann@example.com'), ('17', 'bob@example.com');"
        f"INSERT INTO things VALUES (x'{key.hex}', x'17', 'ann'), ('{uuid.UUID(int=1)}', '17', 'bob')",
        schema="",
    )
    world.execute(
        "CREATE TABLE public.things (id uuid PRIMARY KEY, user_id uuid REFERENCES public.profiles, label text)"
    )
    path = world.folder / "things.yaml"
    path.write_text(
        "source: {timezone: UTC}\nnamespace: 11111111-2222-5333-8444-555555555555\nusers: {}\n"
        "tables:\n  things: {id: keep, owner: user_id, columns: {label: text}}\n",
        encoding="utf-8",
    )
    world.use_spec(path)
    world.sign_up("ann@example.com", "bob@example.com")
    assert world.migrate().exit_code == 0
    owners = dict(world.query("SELECT t.label, u.email FROM public.things t JOIN auth.users u ON u.id = t.user_id"))
    assert owners == {"ann": "ann@example.com", "bob": "bob@example.com"}
    assert (key,) in world.query("SELECT id FROM public.things")
