"""The app's own functions, which name their tables as the app's sessions find them: CHECKs, defaults, triggers."""

import pytest

from etl_assets.access.postgres.catalog import read_target, shape_digest
from etl_assets.access.postgres.connection import connect, reading
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets.commands.check import examine
from etl_assets.settings import read_settings
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

APP = """
CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE app.banned (word text);
INSERT INTO app.banned VALUES ('rude');
CREATE TABLE app.audit (what text);
CREATE FUNCTION app.is_fine(word text) RETURNS boolean LANGUAGE sql STABLE AS
  'SELECT NOT EXISTS (SELECT FROM banned AS b WHERE b.word = $1)';
CREATE FUNCTION app.is_right(word text) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT app.is_fine($1)';
CREATE FUNCTION app.code() RETURNS text LANGUAGE sql AS 'SELECT 7::text';
CREATE FUNCTION app.made() RETURNS text LANGUAGE sql AS 'SELECT code()';
CREATE FUNCTION app.book() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO audit VALUES (TG_NAME || ' ' || TG_OP); RETURN NULL; END $$;
ALTER TABLE public.jobs ADD COLUMN code text DEFAULT app.made(), ADD CHECK (app.is_right(job_type));
CREATE TRIGGER at_once AFTER INSERT OR UPDATE OR DELETE ON public.jobs FOR EACH ROW EXECUTE FUNCTION app.book();
CREATE CONSTRAINT TRIGGER later AFTER INSERT OR UPDATE OR DELETE ON public.jobs
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.book();
"""
LEGACY = f"""
INSERT INTO users (id, email) VALUES (1, 'a@example.com'), (2, 'b@example.com');
INSERT INTO jobs (id, user_id, job_type, status, created_at) VALUES
  (1, 1, 'fine', 'done', '{AT}'), (2, 2, 'rude', 'done', '{AT}');
"""


def _with_path(world: World, path: str) -> None:
    world.execute(
        f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = {path}', current_database()); END $$"
    )


@pytest.fixture
def app(world: World) -> World:
    world.execute(APP)
    _with_path(world, "app, public")
    world.write_spec(("policy:", "policy:\n  on_change: update\n  triggers: {jobs: fire}"))
    world.legacy(LEGACY)
    world.sign_up("a@example.com", "b@example.com")
    return world


def _booked(world: World) -> list[str]:
    found = [what for (what,) in world.query("SELECT what FROM app.audit ORDER BY what")]
    world.execute("TRUNCATE app.audit")
    return found


def test_they_find_what_they_name_in_check_load_update_and_undo(app: World) -> None:
    checked = [line.words for line in examine(read_settings(), app.spec)]
    assert "2 rows: 1 can move, 1 quarantined, 0 excluded" in checked
    assert _booked(app) == []
    assert app.migrate().exit_code == 0, app.said
    assert app.query("SELECT job_type, code FROM public.jobs") == [("fine", "7")]
    assert _booked(app) == ["at_once INSERT", "later INSERT"]
    app.legacy("UPDATE jobs SET status = 'changed' WHERE id = 1; UPDATE users SET email = email;")
    assert app.migrate().exit_code == 0, app.said
    assert _booked(app) == ["at_once UPDATE", "later UPDATE"]
    assert app.query("SELECT status FROM public.jobs") == [("changed",)]
    second, first = [wave for (wave,) in app.query("SELECT wave FROM etl.waves ORDER BY wave DESC")][:2]
    undo(Stores(), app.spec, wave=second, user="", run="test")
    assert app.query("SELECT status FROM public.jobs") == [("done",)]
    assert _booked(app) == ["at_once UPDATE", "later UPDATE"]
    undo(Stores(), app.spec, wave=first, user="", run="test")
    assert _booked(app) == ["at_once DELETE", "later DELETE"]
    assert app.query("SELECT count(*) FROM public.jobs") == [(0,)]


def test_none_of_them_is_taken_for_one_of_postgres(app: World) -> None:
    app.execute(
        "CREATE FUNCTION app.md5(text) RETURNS text LANGUAGE sql AS 'SELECT 1 / 0 || $1';"
        "CREATE FUNCTION app.hashtextextended(text, integer) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint / 0';"
        "CREATE TABLE app.pg_class (oid oid); CREATE TABLE app.pg_attribute (attrelid oid)"
    )
    assert app.migrate().exit_code == 0, app.said
    assert app.query("SELECT count(*) FROM public.jobs") == [(1,)]


def test_a_path_that_moves_changes_no_shape(app: World) -> None:
    """Types and constraints are compared as the catalog spells them, which depends on the path."""
    app.execute("CREATE TYPE app.kind AS ENUM ('a'); ALTER TABLE public.jobs ADD COLUMN kind app.kind")
    shapes = set()
    for path in ("app, public", "public"):
        _with_path(app, path)
        with connect(app.url) as connection, reading(connection):
            shapes.add(shape_digest(read_target(connection, app.spec.tables["jobs"])))
    assert len(shapes) == 1
