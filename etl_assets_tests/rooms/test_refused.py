"""What only the insert shows to be impossible is a state of the row, and holds nobody else."""

import json

import pytest

from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

SPEC = """
source: {timezone: UTC}
namespace: 11111111-2222-5333-8444-555555555555
users: {table: users, id: id, email: email}
policy: {incomplete_users: %s}
tables:
  prefs:
    target: public.prefs
    owner: user_id
    columns: {k: text, v: text}
  notes:
    target: public.notes
    owner: {via: pref_id}
    columns: {pref_id: {type: uuid, references: {table: prefs}}, body: text}
"""
TARGET = """
CREATE TABLE public.prefs (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles (id) ON DELETE CASCADE, k text, v text);
CREATE UNIQUE INDEX ON public.prefs (user_id, lower(k));
CREATE TABLE public.notes (id uuid PRIMARY KEY, pref_id uuid NOT NULL REFERENCES public.prefs (id), body text);
"""


def refusing(world: World, policy: str = "hold", *, target: str = TARGET) -> World:
    world.legacy(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, created_at TEXT);"
        "CREATE TABLE prefs (id INTEGER PRIMARY KEY, user_id INTEGER, k TEXT, v TEXT);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, pref_id INTEGER, body TEXT);"
        f"INSERT INTO users VALUES (1, 'ann@example.com', '{AT}'), (2, 'bob@example.com', '{AT}');"
        "INSERT INTO prefs VALUES (1, 1, 'currentview', 'a'), (2, 1, 'currentView', 'b'), (3, 2, 'y', 'c');"
        "INSERT INTO notes VALUES (1, 1, 'of 1'), (2, 2, 'of 2'), (3, 3, 'of 3')",
        schema="",
    )
    world.execute(target)
    path = world.folder / "refused.yaml"
    path.write_text(SPEC % policy, encoding="utf-8")
    world.use_spec(path)
    world.sign_up("ann@example.com", "bob@example.com")
    return world


def prefs(world: World) -> list[str]:
    return [v for (v,) in world.query("SELECT v FROM public.prefs ORDER BY v")]


@pytest.mark.parametrize(
    ("policy", "arrived", "books"),
    [
        ("hold", ["c"], {"source": 3, "loaded": 1, "waiting": 1, "quarantined": 1, "excluded": 0}),
        ("load", ["a", "c"], {"source": 3, "loaded": 2, "waiting": 0, "quarantined": 1, "excluded": 0}),
    ],
)
def test_a_row_that_the_target_refuses_is_quarantined_and_the_others_load(
    world: World, policy: str, arrived: list[str], books: dict[str, int]
) -> None:
    refusing(world, policy)
    for _ in range(2):
        outcome = world.migrate()
        assert outcome.exit_code == 1
        assert outcome.books.closed
        assert outcome.books.as_json()["tables"]["prefs"] == books
        assert prefs(world) == arrived
    assert world.query('SELECT "table", legacy_id, rule FROM etl.refused') == [
        ("prefs", "2", "prefs_user_id_lower_idx")
    ]
    assert world.query("SELECT count(*) FROM etl.waves") == [(1,)]
    listed = (world.folder / "artifacts" / "reports" / "quarantine.csv").read_text(encoding="utf-8")
    assert "prefs_user_id_lower_idx" in listed
    assert "notes,2,pref_id,,2,reference_quarantined" in listed.replace('"', "")
    told = json.loads(world.cli("user", "1", "--json").stdout)
    assert [row["places"] for row in told["rows"] if row["reason"] == "target_refused"] == [
        ["constraint prefs_user_id_lower_idx"]
    ]
    assert "target_refused" in [row["reason"] for row in told["rows"]]
    assert told["state"] == ("held" if policy == "hold" else "resolved")
    world.legacy("UPDATE prefs SET k = 'another' WHERE id = 2", schema="")
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert prefs(world) == ["a", "b", "c"]
    assert world.query("SELECT count(*) FROM public.notes") == [(3,)]
    assert world.query(
        "SELECT count(*) FROM etl.loaded AS l JOIN public.prefs AS p ON p.id::text = l.new_id WHERE p.xmin <> l.xid"
    ) == [(0,)]


def test_a_relaxed_rule_lets_the_row_through(world: World) -> None:
    refusing(world)
    world.migrate()
    world.execute("DROP INDEX public.prefs_user_id_lower_idx")
    assert world.migrate().exit_code == 0
    assert prefs(world) == ["a", "b", "c"]


REFUSALS = {
    "exclusion": "ALTER TABLE public.prefs ADD EXCLUDE (lower(k) WITH =, user_id WITH =)",
    "trigger": "CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.v = 'b' THEN RAISE EXCEPTION 'no'; END IF;"
    " RETURN NEW; END$$; CREATE TRIGGER no BEFORE INSERT ON public.prefs FOR EACH ROW EXECUTE FUNCTION public.no()",
    "deferred": "CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.v = 'b' THEN RAISE EXCEPTION 'no'; END IF;"
    " RETURN NEW; END$$; CREATE CONSTRAINT TRIGGER no AFTER INSERT ON public.prefs DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION public.no()",
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_whatever_refuses_a_row_is_a_state_of_the_row(world: World, kind: str) -> None:
    rule = (
        REFUSALS[kind]
        if kind != "exclusion"
        else "CREATE UNIQUE INDEX ON public.prefs (user_id, (v = 'b' OR v = 'a'), (k ~ 'cur'))"
    )
    refusing(world, "load", target=TARGET.replace("CREATE UNIQUE INDEX ON public.prefs (user_id, lower(k))", rule))
    if kind != "exclusion":
        path = world.folder / "refused.yaml"
        path.write_text(path.read_text().replace("load}", "load, triggers: fire}"), encoding="utf-8")
        world.use_spec(path)
    outcome = world.migrate()
    assert outcome.exit_code == 1
    assert outcome.books.closed
    assert prefs(world) == ["a", "c"]
    assert outcome.books.as_json()["tables"]["notes"]["quarantined"] == 1


def test_a_partition_without_a_place_refuses_its_row_alone(world: World) -> None:
    parts = TARGET.replace("k text, v text)", "k text, v text)").replace(
        "id uuid PRIMARY KEY, user_id", "id uuid, user_id"
    )
    parts = parts.replace("k text, v text);", "k text, v text) PARTITION BY LIST (v);")
    parts = parts.replace(
        "CREATE UNIQUE INDEX ON public.prefs (user_id, lower(k));",
        "CREATE TABLE public.p1 PARTITION OF public.prefs FOR VALUES IN ('a', 'c');",
    )
    parts = parts.replace(" REFERENCES public.prefs (id)", "")
    refusing(world, "load", target=parts)
    outcome = world.migrate()
    assert outcome.exit_code == 1
    assert outcome.books.closed
    assert prefs(world) == ["a", "c"]


def test_a_balance_that_the_profile_refuses_holds_its_user_alone(world: World) -> None:
    world.execute("ALTER TABLE public.profiles ADD COLUMN credits integer NOT NULL DEFAULT 0 CHECK (credits < 1000)")
    world.legacy(
        "ALTER TABLE users ADD COLUMN credits INTEGER;"
        f"INSERT INTO users VALUES (1, 'ann@example.com', NULL, '{AT}', 5000), (2, 'bob@example.com', NULL, '{AT}', 7);"
        f"INSERT INTO jobs VALUES (1, 1, 'e', 'done', '{AT}', NULL, NULL, NULL, NULL), (2, 2, 'e', 'done', '{AT}', NULL, NULL, NULL, NULL)"
    )
    world.write_spec(("tables:", "balances: {profiles.credits: {from: users.credits, apply: add}}\ntables:"))
    world.sign_up("ann@example.com", "bob@example.com")
    for _ in range(2):
        world.migrate()
        assert world.query("SELECT count(*) FROM public.jobs") == [(1,)]
        assert world.query("SELECT state FROM etl.legacy_user_map ORDER BY legacy_user_id") == [
            ("held",),
            ("resolved",),
        ]
        assert world.query("SELECT count(*) FROM etl.waves") == [(1,)]
    world.legacy("UPDATE users SET credits = 500 WHERE id = 1")
    assert world.migrate().exit_code == 0
    assert world.query("SELECT count(*) FROM public.jobs") == [(2,)]


def test_check_says_no_where_migrate_would(world: World) -> None:
    refusing(world)
    before = world.checksum("public.prefs", "public.profiles")
    told = world.cli("check")
    assert told.returncode == 1
    assert "prefs_user_id_lower_idx" in told.stdout
    assert "of 2 who can claim now" in " ".join(told.stdout.split())
    assert world.checksum("public.prefs", "public.profiles") == before
    world.execute("DROP INDEX public.prefs_user_id_lower_idx")
    assert world.cli("check").returncode == 0
