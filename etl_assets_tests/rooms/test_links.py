"""References between tables and to second users, and what becomes of rows whose references do not hold."""

import uuid

import psycopg
import pytest

from etl_assets.assets.keys import production_key
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

SPEC = """
source: {timezone: UTC}
namespace: 11111111-2222-5333-8444-555555555555
users: {table: users, id: id, email: email}
tables:
  projects:
    target: public.projects
    owner: user_id
    columns: {name: {type: text, required: "true"}}
  tasks:
    target: public.tasks
    owner: {via: project_id}
    columns:
      project_id: {type: uuid, references: {table: projects}}
      reviewer_id: {type: uuid, references: {table: users, unresolved: REVIEWER}}
      about_id: {type: uuid, from: about, references: {table: projects, otherwise: "null"}}
      label: {type: text, from: about, references: {table: projects, otherwise: keep}}
  notes:
    target: public.notes
    owner: {via: task_id, to: user_id}
    columns: {task_id: {type: uuid, references: {table: tasks}}, body: text}
"""
TARGET = """
CREATE TABLE public.projects (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles, name text UNIQUE CHECK (name <> 'bad'));
CREATE TABLE public.tasks (id uuid PRIMARY KEY, project_id uuid NOT NULL REFERENCES public.projects,
    reviewer_id uuid REFERENCES public.profiles, about_id uuid REFERENCES public.projects, label text);
CREATE TABLE public.notes (id uuid PRIMARY KEY, user_id uuid REFERENCES public.profiles, task_id uuid NOT NULL REFERENCES public.tasks, body text);
"""
LEGACY = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);
CREATE TABLE projects (id INTEGER PRIMARY KEY, user_id INTEGER, name TEXT);
CREATE TABLE tasks (id INTEGER PRIMARY KEY, project_id INTEGER, reviewer_id INTEGER, about TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, task_id INTEGER, body TEXT);
INSERT INTO users VALUES (1, 'a@x.org'), (2, 'b@x.org');
INSERT INTO projects VALUES (1, 1, 'p1'), (2, 2, 'p2');
"""


@pytest.fixture
def linked(world: World) -> World:
    path = world.folder / "linked.yaml"
    path.write_text(SPEC.replace("REVIEWER", "wait"), encoding="utf-8")
    world.use_spec(path)
    world.execute(TARGET)
    world.legacy(LEGACY, schema="")
    return world


def new_id(world: World, table: str, key: int) -> uuid.UUID:
    return uuid.uuid5(world.spec.namespace, f"{table}/{key}")


def reasons(world: World, table: str) -> dict[str, str | None]:
    rows = world.links().rows(table)
    with psycopg.connect(world.url) as connection:
        query = b"SELECT _legacy_id, _reason FROM (" + rows.as_bytes(connection) + b") AS k"
        return dict(connection.execute(query).fetchall())


def test_a_row_waits_for_its_second_user(linked: World) -> None:
    linked.legacy("INSERT INTO tasks VALUES (1, 1, 2, NULL), (2, 1, NULL, NULL); INSERT INTO notes VALUES (1, 1, 'n')")
    linked.sign_up("a@x.org")
    books = linked.migrate().books.as_json()["tables"]
    assert (books["tasks"]["loaded"], books["tasks"]["waiting"]) == (1, 1)
    assert books["notes"] == {"source": 1, "loaded": 0, "waiting": 1, "quarantined": 0, "excluded": 0}
    assert reasons(linked, "tasks") == {"1": "reference_waiting", "2": "loaded"}
    linked.sign_up("b@x.org")
    outcome = linked.migrate()
    assert outcome.exit_code == 0
    accounts = dict(linked.query("SELECT email, id FROM auth.users"))
    assert linked.query("SELECT reviewer_id FROM public.tasks WHERE reviewer_id IS NOT NULL") == [
        (accounts["b@x.org"],)
    ]
    assert linked.query("SELECT user_id, task_id FROM public.notes") == [
        (accounts["a@x.org"], new_id(linked, "tasks", 1))
    ]


def test_a_row_goes_without_its_second_user_when_the_spec_says_so(linked: World) -> None:
    path = linked.folder / "linked.yaml"
    path.write_text(SPEC.replace("REVIEWER", '"null"'), encoding="utf-8")
    linked.use_spec(path)
    linked.legacy("INSERT INTO tasks VALUES (1, 1, 2, NULL)")
    linked.sign_up("a@x.org")
    assert linked.migrate().exit_code == 0
    assert linked.query("SELECT reviewer_id FROM public.tasks") == [(None,)]


def test_an_unknown_second_user_is_a_fault_of_the_row(linked: World) -> None:
    linked.legacy("INSERT INTO tasks VALUES (1, 1, 77, NULL)")
    linked.sign_up("a@x.org")
    assert linked.migrate().books.as_json()["tables"]["tasks"]["quarantined"] == 1
    assert reasons(linked, "tasks") == {"1": "reference_unknown"}


def test_unknown_references_become_null_or_stay_as_text_when_the_spec_says_so(linked: World) -> None:
    linked.legacy("INSERT INTO tasks VALUES (1, 1, NULL, '1'), (2, 1, NULL, '99'), (3, 1, NULL, NULL)")
    linked.sign_up("a@x.org")
    assert linked.migrate().exit_code == 0
    p1 = new_id(linked, "projects", 1)
    found = {row[0]: row[1:] for row in linked.query("SELECT id, about_id, label FROM public.tasks")}
    assert found == {
        new_id(linked, "tasks", 1): (p1, str(p1)),
        new_id(linked, "tasks", 2): (None, "99"),
        new_id(linked, "tasks", 3): (None, None),
    }


def test_a_reference_to_another_users_row_waits_for_it_across_waves(linked: World) -> None:
    linked.legacy("INSERT INTO tasks VALUES (1, 1, NULL, '2')")  # user 1's task is about user 2's project
    linked.sign_up("a@x.org")
    assert linked.migrate().books.as_json()["tables"]["tasks"]["waiting"] == 1
    linked.sign_up("b@x.org")
    outcome = linked.migrate()
    assert outcome.books.as_json()["tables"]["tasks"]["loaded"] == 1
    assert [wave.rows for wave in outcome.books.waves] == [1, 2]


def test_references_between_users_of_one_wave_load_even_one_user_at_a_time(
    linked: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl_assets.core.load.load.USERS_PER_TRANSACTION", 1)
    linked.legacy("INSERT INTO tasks VALUES (1, 1, NULL, '2'), (2, 2, NULL, '1'); INSERT INTO notes VALUES (1, 1, 'n')")
    linked.sign_up("a@x.org", "b@x.org")
    outcome = linked.migrate()
    assert outcome.exit_code == 0
    assert [(wave.users, wave.rows) for wave in outcome.books.waves] == [(2, 5)]


def test_rows_that_break_the_targets_constraints_are_found_beforehand(linked: World) -> None:
    linked.legacy("INSERT INTO projects VALUES (3, 1, 'bad'), (4, 2, 'twin'), (5, 2, 'twin')")
    linked.sign_up("a@x.org", "b@x.org")
    outcome = linked.migrate()
    assert outcome.exit_code == 0
    assert reasons(linked, "projects") | {"1": None, "2": None} == {
        "1": None,
        "2": None,
        "3": "target_conflict",
        "4": "target_conflict",
        "5": "target_conflict",
    }
    assert outcome.books.users["held"] == 2


def test_a_native_row_with_the_same_unique_value_is_a_conflict_of_that_row_alone(linked: World) -> None:
    linked.sign_up("a@x.org", "b@x.org")
    linked.execute("INSERT INTO public.projects SELECT gen_random_uuid(), id, 'p2' FROM public.profiles LIMIT 1")
    outcome = linked.migrate()
    assert outcome.exit_code == 0
    assert reasons(linked, "projects") == {"1": "loaded", "2": "target_conflict"}


def test_an_account_that_went_away_keeps_its_rows_waiting_and_stops_nobody(linked: World) -> None:
    linked.sign_up("a@x.org", "b@x.org")
    wave = linked.stage()
    linked.execute("DELETE FROM auth.users WHERE email = 'b@x.org'")
    keys = [production_key(table) for table in ("projects", "tasks", "notes")]
    assert linked.materialize(*keys, partition_key=wave).success
    assert reasons(linked, "projects") == {"1": "loaded", "2": "account_gone"}
    assert linked.migrate().books.closed


def test_composite_and_text_keys_and_odd_names_arrive(world: World) -> None:
    world.legacy(
        "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT) WITHOUT ROWID;"
        'CREATE TABLE "Order ""Lines" ("Order Id" TEXT, "pos/nr" TEXT, "who?" TEXT, "Text" TEXT, "100%s {x}" TEXT, PRIMARY KEY ("Order Id", "pos/nr"));'
        "INSERT INTO users VALUES ('u/1', 'a@x.org');"
        "INSERT INTO \"Order \"\"Lines\" VALUES ('a/b', 'c', 'u/1', 'x', '%s'), ('a', 'b/c', 'u/1', 'y', NULL)",
        schema="",
    )
    world.execute(
        'CREATE TABLE public."Odd Table" ("Id" uuid PRIMARY KEY, "Owner" uuid, "The ""Text""" text, "%(x)s {}" text CHECK ("%(x)s {}" NOT LIKE \'%z%\'))'
    )
    path = world.folder / "odd.yaml"
    path.write_text(
        "source: {timezone: UTC}\nnamespace: 11111111-2222-5333-8444-555555555555\nusers: {}\n"
        "tables:\n  lines:\n    source: 'Order \"Lines'\n    target: public.Odd Table\n    id: {to: Id}\n"
        "    owner: {from: 'who?', to: Owner}\n    columns: {'The \"Text\"': {type: text, from: Text}, '%(x)s {}': {type: text, from: '100%s {x}'}}\n",
        encoding="utf-8",
    )
    world.use_spec(path)
    world.sign_up("a@x.org")
    assert world.migrate().exit_code == 0
    namespace = world.spec.namespace
    assert dict(world.query('SELECT "Id", "The ""Text""" FROM public."Odd Table"')) == {
        uuid.uuid5(namespace, "lines/a%2Fb/c"): "x",
        uuid.uuid5(namespace, "lines/a/b%2Fc"): "y",
    }


def test_repeated_and_missing_keys_are_quarantined_by_rowid(world: World) -> None:
    world.legacy(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);"
        "CREATE TABLE things (code TEXT, user_id INTEGER, label TEXT);"
        "INSERT INTO users VALUES (1, 'a@x.org');"
        "INSERT INTO things VALUES ('k', 1, 'one'), ('k', 1, 'two'), (NULL, 1, 'three'), ('m', 1, 'four')",
        schema="",
    )
    world.execute("CREATE TABLE public.things (id uuid PRIMARY KEY, user_id uuid, label text)")
    path = world.folder / "things.yaml"
    path.write_text(
        "source: {timezone: UTC}\nnamespace: 11111111-2222-5333-8444-555555555555\nusers: {}\n"
        "policy: {incomplete_users: load}\n"
        "tables:\n  things: {key: [code], owner: user_id, columns: {label: text}}\n",
        encoding="utf-8",
    )
    world.use_spec(path)
    world.sign_up("a@x.org")
    books = world.migrate().books
    assert books.closed
    assert books.as_json()["tables"]["things"] == {
        "source": 4,
        "loaded": 1,
        "waiting": 0,
        "quarantined": 3,
        "excluded": 0,
    }
    assert world.query("SELECT label FROM public.things") == [("four",)]
    assert AT


def test_a_late_child_of_a_row_that_its_user_deleted_keeps_nobody_from_loading(linked: World) -> None:
    linked.sign_up("a@x.org")
    assert linked.migrate().exit_code == 0
    linked.execute("DELETE FROM public.projects")
    linked.legacy("INSERT INTO tasks VALUES (1, 1, NULL, NULL); INSERT INTO projects VALUES (9, 1, 'p9')")
    linked.legacy("INSERT INTO tasks VALUES (2, 9, NULL, NULL)")
    outcome = linked.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert reasons(linked, "tasks") == {"1": "target_conflict", "2": "loaded"}


def test_a_foreign_key_to_a_table_that_is_not_in_the_spec_refuses_its_row_alone(linked: World) -> None:
    linked.execute(
        "CREATE TABLE public.names (name text PRIMARY KEY); INSERT INTO public.names VALUES ('p1');"
        "ALTER TABLE public.projects ADD FOREIGN KEY (name) REFERENCES public.names"
    )
    linked.sign_up("a@x.org", "b@x.org")
    assert linked.migrate().exit_code == 0
    assert reasons(linked, "projects") == {"1": "loaded", "2": "target_conflict"}


def test_a_partial_unique_index_refuses_the_rows_that_it_covers(linked: World) -> None:
    linked.execute(
        "ALTER TABLE public.projects DROP CONSTRAINT projects_name_key;"
        "CREATE UNIQUE INDEX one_default ON public.projects (user_id) WHERE name LIKE 'main%'"
    )
    linked.legacy("INSERT INTO projects VALUES (3, 1, 'main a'), (4, 1, 'main b'), (5, 2, 'main'), (6, 2, 'other')")
    linked.sign_up("a@x.org", "b@x.org")
    assert linked.migrate().exit_code == 0
    found = reasons(linked, "projects")
    assert {key for key, reason in found.items() if reason == "target_conflict"} == {"3", "4"}
    assert found["5"] == found["6"] == "loaded"


def test_a_reused_row_id_never_carries_rows_to_its_former_owner(linked: World) -> None:
    linked.sign_up("a@x.org", "b@x.org")
    assert linked.migrate().exit_code == 0
    # SQLite gives the id of the last deleted row to the next one: project 2 was b's and is a's now.
    linked.legacy(
        "DELETE FROM projects WHERE id = 2; INSERT INTO projects VALUES (2, 1, 'new'); INSERT INTO tasks VALUES (1, 2, NULL, NULL)"
    )
    outcome = linked.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert reasons(linked, "projects") == {"1": "loaded", "2": "id_given_to_another_row"}
    assert reasons(linked, "tasks") == {"1": "reference_quarantined"}
    assert linked.query("SELECT count(*) FROM public.tasks") == [(0,)]


def test_an_adopted_lookup_row_is_no_twin_of_itself(world: World) -> None:
    world.legacy(
        "CREATE TABLE plans (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO plans VALUES (1, 'free'), (2, 'pro')",
        schema="",
    )
    world.execute(
        "CREATE TABLE public.plans (id integer PRIMARY KEY, name text UNIQUE); INSERT INTO public.plans VALUES (1, 'free')"
    )
    path = world.folder / "plans.yaml"
    path.write_text(
        "source: {timezone: UTC}\nnamespace: 11111111-2222-5333-8444-555555555555\n"
        "tables:\n  plans: {id: keep, owner: none, columns: {name: text}}\n",
        encoding="utf-8",
    )
    world.use_spec(path)
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.as_json()["tables"]["plans"]["loaded"] == 2


def test_a_constraint_that_nobody_foresaw_stops_only_its_users(linked: World) -> None:
    linked.execute("CREATE UNIQUE INDEX folded ON public.projects (lower(name))")
    linked.legacy("INSERT INTO users VALUES (3, 'c@x.org'); INSERT INTO projects VALUES (3, 3, 'P1'), (4, 2, 'p4')")
    linked.sign_up("a@x.org", "b@x.org", "c@x.org")
    outcome = linked.migrate()
    assert outcome.exit_code == 1
    assert outcome.books.closed
    loaded = {key for key, reason in reasons(linked, "projects").items() if reason == "loaded"}
    assert loaded in ({"1", "2", "4"}, {"2", "3", "4"})


def test_a_views_repeated_and_missing_keys_are_quarantined(world: World) -> None:
    world.legacy(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT); INSERT INTO users VALUES (1, 'a@x.org');"
        "CREATE TABLE raw (code TEXT, label TEXT); INSERT INTO raw VALUES ('k', 'one'), ('k', 'two'), (NULL, 'x'), ('m', 'four');"
        "CREATE VIEW things AS SELECT code, 1 AS user_id, label FROM raw",
        schema="",
    )
    world.execute("CREATE TABLE public.things (id uuid PRIMARY KEY, user_id uuid, label text)")
    path = world.folder / "things.yaml"
    path.write_text(
        "source: {timezone: UTC}\nnamespace: 11111111-2222-5333-8444-555555555555\nusers: {}\n"
        "policy: {incomplete_users: load}\n"
        "tables:\n  things: {key: [code], owner: user_id, columns: {label: text}}\n",
        encoding="utf-8",
    )
    world.use_spec(path)
    world.sign_up("a@x.org")
    books = world.migrate().books
    assert books.closed
    assert (books.tables[0].loaded, books.tables[0].quarantined) == (1, 3)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  projects:\n    target", "  ventures:\n    source: projects\n    target"),
        ("id: id,", "id: email,"),
        (
            'name: {type: text, required: "true"}',
            'name: {type: text, required: "true"}, extra: {type: text, from: name}',
        ),
    ],
    ids=["table_renamed", "users_key", "column_added"],
)
def test_a_spec_that_would_bring_rows_twice_or_elsewhere_is_refused(linked: World, old: str, new: str) -> None:
    linked.sign_up("a@x.org")
    assert linked.migrate().exit_code == 0
    linked.execute("ALTER TABLE public.projects ADD COLUMN extra text")
    before = linked.checksum("public.projects", "public.tasks")
    text = SPEC.replace("REVIEWER", "wait").replace(old, new)
    if "ventures" in new:
        text = text.replace("{table: projects", "{table: ventures")
    path = linked.folder / "linked.yaml"
    path.write_text(text, encoding="utf-8")
    linked.use_spec(path)
    linked.sign_up("b@x.org")
    assert linked.migrate().exit_code == 1
    assert linked.checksum("public.projects", "public.tasks") == before
    assert linked.query("SELECT count(*) FROM etl.loaded") == [(1,)]
