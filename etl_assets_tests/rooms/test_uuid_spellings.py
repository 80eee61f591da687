"""One person's UUID in two spellings: an expression makes of one what the users table has."""

import pytest

from etl_assets_tests.assets.undoing import take_out
from etl_assets_tests.world import AT, World

HEX, DASHED = "0102030405064708890a0b0c0d0e0f10", "01020304-0506-4708-890A-0b0c0d0e0f10"
LEGACY = f"""
INSERT INTO people VALUES ('{HEX}', 'ann@example.com', '{AT}'), ('{HEX[::-1]}', 'bea@example.com', '{AT}');
INSERT INTO notes VALUES (1, '{DASHED}', 'hers', NULL), (2, 'nobody', 'lost', NULL), (3, '{DASHED}', 'below', 1);
"""
SCHEMA = """
CREATE TABLE people (id CHAR(32) PRIMARY KEY, email TEXT, created_at TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id VARCHAR, body TEXT, above INTEGER);
"""
SPEC = """
source: {timezone: UTC}
namespace: 8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52
users: {table: people}
policy: {incomplete_users: load}
tables:
  notes:
    owner: {from: user_id, expr: "lower(replace(user_id, '-', ''))", to: author}
    columns: {body: text, above: {type: uuid, references: {table: notes}}, named: {from: user_id, type: text}}
"""


@pytest.mark.usefixtures("without_dagster")
def test_an_owner_in_another_spelling_is_found_and_forgotten(world: World) -> None:
    world.execute("CREATE TABLE public.notes (id uuid PRIMARY KEY, author uuid, body text, above uuid, named text)")
    path = world.folder / "spelled.yaml"
    path.write_text(SPEC, encoding="utf-8")
    world.use_spec(path)
    world.legacy(LEGACY, schema=SCHEMA)
    world.sign_up("ann@example.com")
    assert world.migrate().exit_code == 0
    assert world.query("SELECT body, named, author::text FROM public.notes ORDER BY body") == [
        ("below", DASHED, world.account("ann@example.com")),
        ("hers", DASHED, world.account("ann@example.com")),
    ]
    assert world.query("SELECT legacy_id, reason FROM etl.excluded") == []
    take_out(world, user=HEX)
    assert world.cli("forget", "--user", HEX).returncode == 0
    assert world.query("SELECT count(*) FROM public.notes") == [(0,)]
    assert world.migrate().exit_code == 0
    assert world.query("SELECT count(*) FROM public.notes") == [(0,)]
