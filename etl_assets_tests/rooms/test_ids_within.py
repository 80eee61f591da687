"""Ids within JSON and lists: each is remapped where it stands and held, everything else stays."""

import re

import pytest

from etl_assets.model.errors import SpecError, UndoRefused
from etl_assets.spec.loader import load_spec
from etl_assets.transform.json_ids import UnreadableId, with_ids
from etl_assets_tests.assets.undoing import take_out
from etl_assets_tests.world import AT, DEFAULT_SPEC, LEGACY_SCHEMA, World

pytestmark = pytest.mark.usefixtures("without_dagster")

SCHEMA = """
CREATE TABLE tags (id INTEGER PRIMARY KEY, user_id INTEGER, name TEXT, near TEXT,
    made TEXT DEFAULT '2024-01-01');
CREATE TABLE sizes (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id INTEGER, body TEXT, tag_ids TEXT, doc TEXT, size_ids TEXT);
"""
TARGET = """
CREATE TABLE public.tags (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles, name text, near jsonb);
CREATE TABLE public.sizes (id bigint PRIMARY KEY, name text);
CREATE TABLE public.notes (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles, body text,
    tag_ids uuid[], doc json, size_ids bigint[]);
"""
SPEC = """
  notes:
    owner: user_id
    columns:
      body: text
      tag_ids: {type: "uuid[]", split: ",", references: {table: tags, path: "$[*]"}}
      doc: {type: json, references: {table: tags, path: "$.items[*].tag"}}
      size_ids: {type: "bigint[]", references: {table: sizes, path: "$[*]"}}
  tags:
    owner: user_id
    created: made
    columns: {name: text, near: {type: jsonb, references: {table: tags, path: "$[*]"}}}
  sizes:
    owner: none
    id: keep
    columns: {name: text}
"""
PEOPLE = (
    f"INSERT INTO users (id, email, created_at) VALUES (1, 'ann@example.com', '{AT}'), (2, 'bea@example.com', '{AT}');"
)
LEGACY = """
INSERT INTO sizes VALUES (3, 's'), (5, 'm');
INSERT INTO tags (id, user_id, name, near) VALUES (1, 1, 'red', '[2]'), (2, 1, 'blue', '["1", 1, null]'), (3, 2, 'theirs', NULL), (4, 1, 'far', '[3]'),
  (5, 1, 'lost', '[99]'), (6, 1, 'below lost', '[5, 1]'), (7, 1, 'alone', '[]');
INSERT INTO notes VALUES
  (1, 1, 'list', '2, 1', NULL, '[5,3,5]'),
  (2, 1, 'doc', NULL, '{ "items": [{"tag": 1, "n": 1.50}, {"n": 1}, {"tag": "2"}, {"tag": null}], "tag": 1, "x": "\\u00e9" }', NULL),
  (3, 1, 'dangling', '1,9', NULL, NULL),
  (4, 1, 'to theirs', '1,3', NULL, NULL),
  (5, 1, 'to lost', NULL, '{"items": [{"tag": 6}]}', NULL),
  (6, 1, 'no array', NULL, '{"items": 7}', NULL),
  (7, 1, 'no size', NULL, NULL, '[4]'),
  (8, 2, 'theirs', '3', NULL, NULL);
"""
NOTES = """
SELECT n.body, (SELECT string_agg(t.name, ' ' ORDER BY e.n) FROM unnest(n.tag_ids) WITH ORDINALITY AS e (id, n)
                JOIN public.tags AS t ON t.id = e.id), n.size_ids
FROM public.notes AS n WHERE n.doc IS NULL ORDER BY 1
"""
NEAR = """
SELECT t.name, (SELECT string_agg(o.name, ' ' ORDER BY e.n)
                FROM jsonb_array_elements_text(t.near) WITH ORDINALITY AS e (id, n) JOIN public.tags AS o ON o.id::text = e.id)
FROM public.tags AS t ORDER BY 1
"""


def _world(world: World) -> World:
    world.execute(TARGET)
    world.write_spec(("\ntables:", f"\ntables:{SPEC}"), ("incomplete_users: hold ", "incomplete_users: load "))
    world.legacy(PEOPLE + LEGACY, schema=LEGACY_SCHEMA + SCHEMA)
    return world


def _books(world: World, table: str) -> dict[tuple[str, str | None], int]:
    found = world.query('SELECT state, reason, sum(rows)::int FROM etl.book WHERE "table" = %s GROUP BY 1, 2', table)
    return {(state, reason): rows for state, reason, rows in found}


def test_every_id_within_is_remapped_and_held(world: World) -> None:
    _world(world).sign_up("ann@example.com")
    world.migrate()
    hers = [("list", "blue red", [5, 3, 5])]
    assert world.query(NOTES) == hers
    assert world.query(NEAR) == [("alone", None), ("blue", "red red"), ("red", "blue")]
    [(doc,)] = world.query("SELECT doc::text FROM public.notes WHERE doc IS NOT NULL")
    ids = dict(world.query("SELECT name, id::text FROM public.tags"))
    assert doc == (
        f'{{ "items": [{{"tag": "{ids["red"]}", "n": 1.50}}, {{"n": 1}}, {{"tag": "{ids["blue"]}"}}, {{"tag": null}}],'
        ' "tag": 1, "x": "\\u00e9" }'
    )
    assert _books(world, "notes") == {
        ("loaded", "loaded"): 2, ("quarantined", "reference_unknown"): 2, ("quarantined", "reference_quarantined"): 1,
        ("waiting", "reference_waiting"): 2,
    }  # fmt: skip
    assert world.query("SELECT legacy_id, rule FROM etl.quarantine WHERE \"table\" = 'notes'") == [
        ("6", "reference_unreadable")
    ]
    world.sign_up("bea@example.com")
    assert world.migrate().exit_code == 0
    both = sorted([*hers, ("theirs", "theirs", None), ("to theirs", "red theirs", None)])
    assert world.query(NOTES) == both
    assert world.query(NEAR)[2] == ("far", "theirs")
    with pytest.raises(UndoRefused, match="tags is referred to by rows that stay"):
        take_out(world, user="2")
    take_out(world, user="1")
    assert world.query(NOTES) == [("theirs", "theirs", None)]
    world.migrate(user="1")
    assert world.query(NOTES) == both
    assert world.migrate().exit_code == 0


def test_changed_ids_are_written_over_and_a_second_row_is_meant(world: World) -> None:
    _world(world).sign_up("ann@example.com", "bea@example.com")
    world.write_spec(("policy:", "policy:\n  on_change: update"), base=world.spec_path)
    assert world.migrate().exit_code == 0
    world.legacy("""
        UPDATE notes SET tag_ids = '1' WHERE id = 1;
        DELETE FROM tags WHERE id = 7;
        INSERT INTO tags VALUES (7, 2, 'second', '[7, 3, 7]', '2025-01-01');
        INSERT INTO notes VALUES (9, 2, 'again', '7, 3', NULL, NULL);
    """)
    assert world.migrate().exit_code == 0
    assert world.query(NOTES) == [
        ("again", "second theirs", None), ("list", "red", [5, 3, 5]), ("theirs", "theirs", None),
        ("to theirs", "red theirs", None),
    ]  # fmt: skip
    assert ("second", "second theirs second") in world.query(NEAR)
    assert world.migrate().exit_code == 0


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("[1, 2.0, \"x\", 1e1]", (None,), ["1", "2", "x", "10"]),
        ("{\"a\": {\"b\": 1, \"c\": [1]}, \"a \": 2}", ("a", "b"), ["1"]),
        (" [ [1,\"\\\"\"] , [ ] , null ] ", (None, None), ["1", '"']),
        ("[true]", (None,), None),
        ("[[1]]", (None,), None),
        ("{\"a\": {\"b\": 1}}", ("a", None), None),
        ("[\"\\u0000\"]", (None,), None),
    ],
)  # fmt: skip
def test_ids_are_found_where_the_path_leads(text: str, path: tuple[str | None, ...], words: list[str] | None) -> None:
    if words is None:
        with pytest.raises(UnreadableId):
            with_ids(text, path, str)
    else:
        assert with_ids(text, path, lambda _: None) == (text, words)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('path: "$.items[*].tag"', 'path: "items"', "is no path such as"),
        ('path: "$.items[*].tag"', 'path: "$[*]", otherwise: "null"', "cannot stand beside `path`"),
        ('{type: "bigint[]", references: {table: sizes', '{type: "bigint[]", references: {table: tags', "become UUIDs"),
        ("body: text", 'body: {type: text, references: {table: tags, path: "$[*]"}}', "is for JSON"),
        ("{table: sizes,", "{table: users,", "a second user needs a column of its own"),
    ],
)
def test_what_cannot_be_found_within_is_refused(old: str, new: str, words: str) -> None:
    text = DEFAULT_SPEC.read_text(encoding="utf-8").replace("\ntables:", f"\ntables:{SPEC}")
    assert old in text
    with pytest.raises(SpecError, match=re.escape(words)):
        load_spec(text.replace(old, new), file="migration.yaml")
