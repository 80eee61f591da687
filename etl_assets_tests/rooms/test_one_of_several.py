"""A reference whose table another column names: likes of posts and of comments, as Rails, Laravel and Django keep them."""

import pytest

from etl_assets_tests.assets.undoing import take_out
from etl_assets_tests.world import AT, LEGACY_SCHEMA, World

pytestmark = pytest.mark.usefixtures("without_dagster")

SCHEMA = """
CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT);
CREATE TABLE comments (id INTEGER PRIMARY KEY, post_id INTEGER, body TEXT);
CREATE TABLE likes (id INTEGER PRIMARY KEY, user_id INTEGER, likeable_type TEXT, likeable_id INTEGER);
"""
TARGET = """
CREATE TABLE public.posts (id uuid PRIMARY KEY, user_id uuid, title text);
CREATE TABLE public.comments (id uuid PRIMARY KEY, post_id uuid REFERENCES public.posts, body text);
CREATE TABLE public.likes (id uuid PRIMARY KEY, user_id uuid, likeable_type text, likeable_id TYPE);
"""
SPEC = """
  likes:
    owner: user_id
    columns:
      likeable_type: text
      likeable_id: {type: TYPE, references: {by: likeable_type, tables: {Post: posts, "App\\\\Models\\\\Comment": comments, "7": comments}, otherwise: "OTHERWISE"}}
  posts:
    owner: user_id
    columns: {title: text}
  comments:
    owner: {via: post_id}
    columns: {post_id: {type: uuid, references: {table: posts}}, body: text}
"""
LEGACY = f"""
INSERT INTO users (id, email, created_at) VALUES (1, 'ann@example.com', '{AT}'), (2, 'bea@example.com', '{AT}');
INSERT INTO posts VALUES (1, 1, 'hers'), (2, 2, 'theirs');
INSERT INTO comments VALUES (1, 1, 'below hers'), (2, 2, 'below theirs');
INSERT INTO likes VALUES (1, 1, 'Post', 1), (2, 1, 'App\\Models\\Comment', 1), (3, 1, '7', 2), (4, 1, 'Post', 9),
  (5, 1, 'Video', 1), (6, 1, NULL, 1), (7, 1, 'Post', NULL), (8, 2, 'Post', 2);
"""
SEEN = """
SELECT l.legacy_id, coalesce(p.title, c.body, k.likeable_id::text)
FROM public.likes AS k JOIN etl.loaded AS l ON l."table" = 'likes' AND l.new_id = k.id::text
LEFT JOIN public.posts AS p ON p.id::text = k.likeable_id::text
LEFT JOIN public.comments AS c ON c.id::text = k.likeable_id::text ORDER BY 1
"""


def _world(world: World, *, otherwise: str, type_: str = "uuid") -> World:
    world.execute(TARGET.replace("TYPE", type_))
    section = SPEC.replace("OTHERWISE", otherwise).replace("TYPE", type_)
    world.write_spec(("\ntables:", f"\ntables:{section}"), ("incomplete_users: hold ", "incomplete_users: load "))
    world.legacy(LEGACY, schema=LEGACY_SCHEMA + SCHEMA)
    return world


@pytest.mark.parametrize(
    ("otherwise", "type_", "odd"),
    [
        ("quarantine", "uuid", []),
        ("null", "uuid", [("4", None), ("5", None), ("6", None)]),
        ("keep", "text", [("4", "9"), ("5", "1"), ("6", "1")]),
    ],
)
def test_each_row_refers_to_the_table_that_it_names(
    world: World, otherwise: str, type_: str, odd: list[tuple[str, str | None]]
) -> None:
    _world(world, otherwise=otherwise, type_=type_).sign_up("ann@example.com")
    world.migrate()
    hers = [("1", "hers"), ("2", "below hers"), *odd, ("7", None)]
    assert world.query(SEEN) == hers
    world.sign_up("bea@example.com")
    world.migrate()
    both = sorted([*hers, ("3", "below theirs"), ("8", "theirs")])
    assert world.query(SEEN) == both
    take_out(world, user="1")
    assert world.query(SEEN) == [("8", "theirs")]
    world.migrate(user="1")
    assert world.query(SEEN) == both
    if otherwise == "quarantine":
        refused = world.query(
            'SELECT legacy_id, "column", rule FROM etl.quarantine WHERE "table" = \'likes\' ORDER BY 1'
        )
        assert refused == [("5", "likeable_id", "reference_unreadable"), ("6", "likeable_id", "reference_unreadable")]
        [(state, reason, rows)] = world.query(
            "SELECT state, reason, rows::int FROM etl.book WHERE \"table\" = 'likes' AND state = 'quarantined'"
        )
        assert (state, reason, rows) == ("quarantined", "reference_unknown", 1)
