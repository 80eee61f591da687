"""Rows that refer to rows of their own table, or round in a circle of tables, arrive with their shape."""

import pytest

from etl_assets.core.load import insert
from etl_assets_tests.assets.undoing import take_out
from etl_assets_tests.world import AT, LEGACY_SCHEMA, World, selected

pytestmark = pytest.mark.usefixtures("without_dagster")

FOLDERS = """
CREATE TABLE folders (id INTEGER PRIMARY KEY, user_id INTEGER, parent_id INTEGER, name TEXT);
CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER, best_comment_id INTEGER, title TEXT);
CREATE TABLE comments (id INTEGER PRIMARY KEY, post_id INTEGER, answers INTEGER, body TEXT);
CREATE TABLE sizes (id INTEGER PRIMARY KEY, parent_id INTEGER, name TEXT);
"""
TARGET = """
CREATE TABLE public.folders (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles,
    parent_id uuid REFERENCES public.folders, name text UNIQUE);
CREATE TABLE public.posts (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles, best_comment_id uuid,
    title text);
CREATE TABLE public.comments (id uuid PRIMARY KEY, post_id uuid NOT NULL REFERENCES public.posts,
    answers uuid REFERENCES public.comments, body text CHECK (body <> 'no'));
CREATE TABLE public.sizes (id bigint PRIMARY KEY, parent_id bigint REFERENCES public.sizes, name text);
"""
LATE = "ALTER TABLE public.posts ADD CONSTRAINT best FOREIGN KEY (best_comment_id) REFERENCES public.comments"
SPEC = """
  folders:
    owner: user_id
    columns: {parent_id: {type: uuid, references: {table: folders}}, name: text}
  posts:
    owner: user_id
    columns: {best_comment_id: {type: uuid, references: {table: comments}}, title: text}
  comments:
    owner: {via: post_id}
    columns:
      post_id: {type: uuid, references: {table: posts}}
      answers: {type: uuid, references: {table: comments}}
      body: text
  sizes:
    owner: none
    id: keep
    columns: {parent_id: {type: bigint, references: {table: sizes}}, name: text}
"""
PEOPLE = (
    f"INSERT INTO users (id, email, created_at) VALUES (1, 'ann@example.com', '{AT}'), (2, 'bea@example.com', '{AT}');"
)
TREE = """
INSERT INTO folders VALUES (9, 1, NULL, 'root'), (2, 1, 9, 'child'), (1, 1, 2, 'grandchild'), (3, 1, 3, 'itself'),
  (4, 1, 5, 'round'), (5, 1, 6, 'and'), (6, 1, 4, 'round again');
"""
PARENTS = (
    "SELECT c.name, p.name FROM public.folders AS c LEFT JOIN public.folders AS p ON p.id = c.parent_id ORDER BY c.name"
)
SHAPE = [
    ("and", "round again"), ("child", "root"), ("grandchild", "child"), ("itself", "itself"), ("root", None),
    ("round", "and"), ("round again", "round"),
]  # fmt: skip


def _world(world: World, legacy: str, *, target: str = "", policy: str = "hold") -> World:
    world.execute(TARGET + target)
    world.write_spec(("\ntables:", f"\ntables:{SPEC}"), ("incomplete_users: hold ", f"incomplete_users: {policy} "))
    world.legacy(PEOPLE + legacy, schema=LEGACY_SCHEMA + FOLDERS)
    return world


def _books(world: World, table: str) -> dict[tuple[str, str | None], int]:
    found = world.query('SELECT state, reason, sum(rows)::int FROM etl.book WHERE "table" = %s GROUP BY 1, 2', table)
    return {(state, reason): rows for state, reason, rows in found}


def test_a_tree_arrives_whole_and_again_after_an_undo(world: World) -> None:
    _world(world, TREE + "INSERT INTO sizes VALUES (7, 8, 'small'), (8, NULL, 'any'), (9, 9, 'own');")
    world.sign_up("ann@example.com")
    assert world.migrate().exit_code == 0, world.said
    assert world.query(PARENTS) == SHAPE
    assert world.query("SELECT id, parent_id FROM public.sizes ORDER BY id") == [(7, 8), (8, None), (9, 9)]
    assert world.migrate().exit_code == 0
    take_out(world, user="1")
    assert world.query("SELECT count(*) FROM public.folders") == [(0,)]
    assert world.migrate(user="1").exit_code == 0
    assert world.query(PARENTS) == SHAPE
    assert world.migrate().exit_code == 0


def test_what_hangs_on_a_row_shares_its_fate_however_far(world: World) -> None:
    legacy = """
    INSERT INTO folders VALUES (1, 1, NULL, 'fine'), (2, 1, 99, 'orphan'), (3, 1, 2, 'below'), (4, 1, 3, 'deep below'),
      (5, 1, 4, x'ff'), (6, 1, 5, 'below the blob'), (7, 1, 1, 'fine too');
    """
    _world(world, legacy, policy="load").sign_up("ann@example.com")
    world.migrate()
    assert world.query(PARENTS) == [("fine", None), ("fine too", "fine")]
    assert _books(world, "folders") == {
        ("loaded", "loaded"): 2, ("quarantined", "reference_unknown"): 1, ("quarantined", "reference_quarantined"): 3,
    }  # fmt: skip


def test_a_row_waits_for_somebody_elses_and_follows_by_itself(world: World) -> None:
    legacy = """
    INSERT INTO folders VALUES (1, 1, NULL, 'hers'), (2, 2, 1, 'below hers'), (3, 2, 2, 'deeper'), (4, 1, 3, 'hers again'),
      (5, 1, 4, 'her last');
    """
    _world(world, legacy).sign_up("bea@example.com")
    assert world.migrate().exit_code == 0
    assert world.query(PARENTS) == []
    assert _books(world, "folders")["waiting", "reference_waiting"] == 4
    world.sign_up("ann@example.com")
    assert world.migrate().exit_code == 0
    assert world.query(PARENTS) == [
        ("below hers", "hers"), ("deeper", "below hers"), ("her last", "hers again"), ("hers", None), ("hers again", "deeper"),
    ]  # fmt: skip


def test_rows_of_two_users_that_wait_for_one_another_arrive_together(world: World) -> None:
    legacy = """
    INSERT INTO users (id, email) VALUES (3, 'cid@example.com');
    INSERT INTO folders VALUES (1, 1, 2, 'hers'), (2, 2, 1, 'theirs'), (3, 2, 4, 'for the third'), (4, 3, 3, 'of the third');
    """
    _world(world, legacy).sign_up("ann@example.com")
    assert world.migrate().exit_code == 0
    world.sign_up("bea@example.com")
    assert world.migrate().exit_code == 0
    assert world.query(PARENTS) == [("hers", "theirs"), ("theirs", "hers")]
    assert _books(world, "folders") == {("loaded", "loaded"): 2, ("waiting", "reference_waiting"): 2}


def test_a_circle_of_too_many_rows_is_refused(world: World, monkeypatch: pytest.MonkeyPatch, capsys) -> None:  # type: ignore[no-untyped-def]
    ring = "INSERT INTO folders VALUES (1, 1, 2, 'hers'), (2, 2, 3, 'theirs'), (3, 1, 1, 'hers too');"
    pair = "INSERT INTO folders VALUES (4, 3, 5, 'c'), (5, 4, 4, 'd');"
    more = "INSERT INTO users (id, email) VALUES (3, 'cid@example.com'), (4, 'dan@example.com');"
    _world(world, more + ring + pair).sign_up(*(f"{name}@example.com" for name in ("ann", "bea", "cid", "dan")))
    monkeypatch.setattr(insert, "MOST_TOGETHER", 2)
    assert world.migrate().exit_code == 1
    told = capsys.readouterr().err
    assert "a_circle_fits_one_transaction fails on folders for 3 (legacy users 1, 2)" in told
    assert "These rows of 2 users refer to one another" in told
    assert world.query("SELECT count(*) FROM public.folders") == [(0,)]
    # Five rows in all, of which no more than three have to arrive at once.
    monkeypatch.setattr(insert, "MOST_TOGETHER", 3)
    assert world.migrate().exit_code == 0
    assert world.query("SELECT count(*) FROM public.folders") == [(5,)]


WAYS = {
    "filled": LATE,
    "deferred": f"{LATE} DEFERRABLE",
    "deferred_not_null": f"{LATE} DEFERRABLE; ALTER TABLE public.posts ALTER COLUMN best_comment_id SET NOT NULL",
    "no_key": "",
}


@pytest.mark.parametrize("way", selected(list(WAYS), ["filled", "deferred"]))
def test_a_circle_of_tables_arrives_in_one_transaction(world: World, way: str) -> None:
    late = WAYS[way]
    legacy = """
    INSERT INTO posts VALUES (1, 1, 2, 'first'), (2, 1, 4, 'second'), (3, 2, 5, 'theirs');
    INSERT INTO comments VALUES (1, 1, NULL, 'a'), (2, 1, 1, 'b'), (4, 2, 2, 'c'), (5, 3, NULL, 'd');
    """
    _world(world, legacy, target=late).sign_up("ann@example.com")
    best = (
        "SELECT p.title, c.body, q.title FROM public.posts AS p JOIN public.comments AS c ON c.id = p.best_comment_id"
        " JOIN public.posts AS q ON q.id = c.post_id ORDER BY 1"
    )
    seen = [("first", "b", "first"), ("second", "c", "second")]
    assert world.migrate().exit_code == 0, world.said
    assert world.query(best) == seen
    assert world.query("SELECT count(DISTINCT xmin::text) FROM public.posts") == [(1,)]
    world.sign_up("bea@example.com")
    assert world.migrate().exit_code == 0
    assert world.query(best) == [*seen, ("theirs", "d", "theirs")]
    take_out(world, user="1")
    assert world.query(best) == [("theirs", "d", "theirs")]
    assert world.migrate(user="1").exit_code == 0
    assert world.query(best) == [*seen, ("theirs", "d", "theirs")]
    assert world.migrate().exit_code == 0


def test_a_row_that_the_target_refuses_takes_along_only_what_hangs_on_it(world: World) -> None:
    legacy = """
    INSERT INTO folders VALUES (1, 1, NULL, 'top'), (2, 1, 1, 'bad'), (3, 1, 2, 'below bad'), (4, 1, 1, 'fine'),
      (5, 1, 6, 'one'), (6, 1, 5, 'other');
    INSERT INTO posts VALUES (1, 1, 1, 'kept'), (2, 1, 3, 'lost');
    INSERT INTO comments VALUES (1, 1, NULL, 'fine'), (2, 1, 1, 'bad'), (3, 2, NULL, 'bad'), (4, 2, 3, 'also');
    """
    # Only the insert asks a domain.
    clean = "CREATE DOMAIN public.clean AS text CHECK (VALUE <> 'bad');" + "".join(
        f"ALTER TABLE public.{table} ALTER COLUMN {column} TYPE public.clean;"
        for table, column in (("folders", "name"), ("comments", "body"))
    )
    _world(world, legacy, target=LATE + ";" + clean, policy="load").sign_up("ann@example.com")
    world.migrate()
    assert world.query(PARENTS) == [("fine", "top"), ("one", "other"), ("other", "one"), ("top", None)]
    assert world.query("SELECT body::text FROM public.comments") == [("fine",)]
    refused, below = ("quarantined", "target_refused"), ("quarantined", "reference_quarantined")
    assert _books(world, "folders") == {("loaded", "loaded"): 4, refused: 1, below: 1}
    assert _books(world, "posts") == {("loaded", "loaded"): 1, refused: 1}
    assert _books(world, "comments") == {("loaded", "loaded"): 1, refused: 2, below: 1}


def test_a_circle_that_cannot_be_written_is_said_before_the_load(world: World) -> None:
    strict = f"{LATE}; ALTER TABLE public.posts ALTER COLUMN best_comment_id SET NOT NULL"
    _world(
        world, "INSERT INTO posts VALUES (1, 1, 1, 'a'); INSERT INTO comments VALUES (1, 1, NULL, 'b');", target=strict
    )
    world.sign_up("ann@example.com")
    assert world.migrate().exit_code == 1
    assert world.query("SELECT count(*) FROM etl.loaded") == [(0,)]
    assert any("a_circle_can_be_written" in line for line in world.said) or world.query(
        "SELECT count(*) FROM etl.audit_log WHERE action = 'refused' AND detail::text LIKE '%a_circle_can_be_written%'"
    ) != [(0,)]
