"""Schema `etl` of an older version is brought up to date, whole, and becomes what a new one is."""

from pathlib import Path

import pytest

from etl_assets.access.postgres.connection import connect
from etl_assets.core.memory.schema import SCRIPT, UPGRADES, VERSION, ensure_schema
from etl_assets_tests.world import World

FIXTURES = Path(__file__).parent.parent / "fixtures"
SHAPE = """
SELECT c.relname, c.relkind::text, c.relrowsecurity, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'etl'::regnamespace
UNION ALL
SELECT r.conname, r.contype::text, NULL, NULL, pg_get_constraintdef(r.oid), NULL, NULL
FROM pg_constraint AS r WHERE r.connamespace = 'etl'::regnamespace
UNION ALL
SELECT p.proname, 'function', NULL, NULL, p.prosrc, NULL, NULL FROM pg_proc AS p WHERE p.pronamespace = 'etl'::regnamespace
UNION ALL
SELECT t.tgname, 'trigger', NULL, NULL, pg_get_triggerdef(t.oid), NULL, NULL
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'etl'::regnamespace AND NOT t.tgisinternal
ORDER BY 1, 2, 4, 5
"""


def made_by(world: World, version: str) -> None:
    """Schema `etl` as the former version made it."""
    world.execute((FIXTURES / f"schema_{version}.sql").read_text(encoding="utf-8"))
    world.execute(
        f"INSERT INTO etl.meta (key, value) VALUES ('schema', '{version}'), ('namespace', 'of the first load')"
    )


@pytest.mark.parametrize("version", sorted(path.stem.removeprefix("from_") for path in UPGRADES.glob("*.sql")))
def test_an_older_schema_becomes_what_a_new_one_is_and_keeps_what_it_holds(world: World, version: str) -> None:
    with connect(world.url) as connection:
        with connection.transaction(force_rollback=True):
            connection.execute(SCRIPT.read_bytes())
            new = connection.execute(SHAPE.encode()).fetchall()
        made_by(world, version)
        assert world.query(SHAPE) != new
        for _ in range(2):
            ensure_schema(connection)
        assert world.query(SHAPE) == new
    facts = world.query("SELECT key, value FROM etl.meta ORDER BY key")
    assert facts == [("namespace", "of the first load"), ("schema", VERSION)]
    assert world.query("SELECT action, detail->>'was' FROM etl.audit_log") == [("upgraded", version)]


def test_an_upgrade_that_breaks_off_leaves_the_older_schema_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by(world, "3")
    before = world.query(SHAPE)

    def break_off(name: str) -> None:
        if name == "schema.upgraded":
            raise KeyboardInterrupt

    monkeypatch.setattr("etl_assets.core.memory.schema.fault_point", break_off)
    with connect(world.url) as connection, pytest.raises(KeyboardInterrupt):
        ensure_schema(connection)
    assert world.query(SHAPE) == before
    assert world.query("SELECT value FROM etl.meta WHERE key = 'schema'") == [("3",)]
