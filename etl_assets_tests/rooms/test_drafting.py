"""`etl-assets init` on real databases and real targets: the spec loads, its tables can be made, and they fit."""

import functools
from pathlib import Path

import psycopg
import pytest

from etl_assets.access.postgres.catalog import read_targets
from etl_assets.access.postgres.connection import connect, reading
from etl_assets.init.drafting import draft_spec, printed
from etl_assets.spec.loader import load_spec
from etl_assets_tests.world import LEGACY_SCHEMA, SHARED_DATA, World

pytestmark = pytest.mark.usefixtures("without_dagster")

drafted = functools.cache(draft_spec)  # of a file that nobody changes
DATABASES = sorted([*SHARED_DATA.glob("*/*.db"), *SHARED_DATA.glob("*/*.sqlite")])
CHINOOK = SHARED_DATA / "chinook" / "Chinook_Sqlite.sqlite"
needs_data = pytest.mark.skipif(not DATABASES, reason="../shared/data is not on this machine")
LEGACY = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, email_verified BOOLEAN, password_hash TEXT);
CREATE TABLE jobs (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, job_type TEXT NOT NULL, status TEXT NOT NULL,
                   createdAt TEXT, updated_at TEXT, priority INTEGER, metadata TEXT);
CREATE TABLE artifacts (id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL REFERENCES jobs, kind TEXT NOT NULL,
                        size_bytes INTEGER, created_at TEXT);
CREATE TABLE "Category" (code TEXT PRIMARY KEY, "order" INTEGER NOT NULL);
INSERT INTO users VALUES (1, 'a@example.com', 1, 'x'), (2, 'b@example.com', 0, 'y');
INSERT INTO jobs VALUES (10, 1, 'pdf', 'done', '2024-01-01 10:00:00', NULL, 1, '{"a": 1}'),
                        (11, 2, 'pdf', 'done', '2024-01-02 10:00:00', NULL, 2, NULL);
INSERT INTO artifacts VALUES (1, 10, 'page', 3, '2024-01-01 10:00:00');
INSERT INTO "Category" VALUES ('a', 1), ('b', 2);
"""


@needs_data
@pytest.mark.parametrize("path", DATABASES, ids=lambda path: path.name)
def test_a_real_database_becomes_the_same_spec_each_time(path: Path) -> None:
    draft = drafted(path)
    text = printed(draft, as_ddl=False)
    assert printed(draft_spec(path), as_ddl=False) == text
    assert str(path.parent) not in text
    if not draft.tables:
        assert "tables: {}" in text
        assert "# Not migrated:" in text
        return
    assert set(load_spec(text, file="init.yaml").tables) == {table.key for table in draft.tables}


@needs_data
@pytest.mark.parametrize("path", DATABASES, ids=lambda path: path.name)
def test_the_tables_of_a_real_database_can_be_made_and_fit_its_spec(path: Path, world: World) -> None:
    world.execute("DROP TABLE public.artifacts, public.credit_transactions, public.jobs")
    draft = drafted(path)
    world.execute(printed(draft, as_ddl=True))
    text = printed(draft, as_ddl=False)
    if draft.tables:
        with connect(world.url) as connection, reading(connection):
            assert set(read_targets(connection, load_spec(text, file="init.yaml"))) == {t.key for t in draft.tables}


@pytest.mark.skipif(not CHINOOK.exists(), reason="../shared/data/chinook is not on this machine")
def test_chinook_migrates_with_what_init_printed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = drafted(CHINOOK)
    assert draft.users is not None
    assert (draft.users.table, draft.users.id, draft.users.email) == ("Customer", "CustomerId", "Email")
    assert (draft.table("invoice").owner.source, draft.table("invoice").owner.to) == ("CustomerId", "customer_id")
    assert draft.table("invoice_line").owner.via == "invoice_id"
    monkeypatch.setenv("LEGACY_SQLITE", str(CHINOOK))
    spec = world.folder / "chinook.yaml"
    spec.write_text(printed(draft, as_ddl=False), encoding="utf-8")
    world.use_spec(spec)
    world.execute(printed(draft, as_ddl=True))
    world.sign_up("luisg@embraer.com.br", "leonekohler@surfeu.de")
    outcome = world.migrate()
    assert outcome.exit_code == 0, world.said
    assert outcome.books.closed
    assert all(book.quarantined == 0 for book in outcome.books.tables)
    assert world.query("SELECT count(*) FROM public.invoice") == [(14,)]
    assert world.query("SELECT count(*), max(track_id) FROM public.track") == [(3503, 3503)]
    # Row level security: each user sees his own invoices and their lines; what nobody owns is closed until somebody opens it.
    luis = world.query("SELECT id FROM auth.users WHERE email = 'luisg@embraer.com.br'")[0][0]
    with psycopg.connect(world.url) as connection:
        connection.execute("SELECT set_config('request.jwt.claims', %s, false)", [f'{{"sub": "{luis}"}}'])
        connection.execute("SET ROLE authenticated")
        assert _seen(connection, "invoice", "invoice_line") == {"invoice": 7, "invoice_line": 38}
        for table in ("genre", "employee"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                _seen(connection, table)
        lines = printed(draft, as_ddl=True).splitlines()
        start = lines.index("-- GRANT SELECT ON public.genre TO authenticated;")
        connection.execute("RESET ROLE")
        connection.execute("\n".join(line.removeprefix("-- ") for line in lines[start : start + 3]).encode())
        connection.execute("SET ROLE authenticated")
        assert _seen(connection, "genre") == {"genre": 25}


def _seen(connection: psycopg.Connection[tuple[int, ...]], *tables: str) -> dict[str, int]:
    rows = {name: connection.execute(f"SELECT count(*) FROM public.{name}".encode()).fetchone() for name in tables}
    return {name: row[0] if row else 0 for name, row in rows.items()}


def test_a_target_gives_names_and_types_and_what_it_lacks_is_a_comment(world: World) -> None:
    world.legacy("", schema=LEGACY)
    world.execute(
        'CREATE TABLE public.categories (id uuid PRIMARY KEY, code varchar(10), "order" bigint NOT NULL, shelf text NOT NULL)'
    )
    text = printed(draft_spec(world.legacy_path, target_url=world.url), as_ddl=False)
    spec = load_spec(text, file="init.yaml")
    jobs, artifacts, category = (spec.tables[name] for name in ("jobs", "artifacts", "category"))
    assert spec.users is not None
    assert spec.users.verified == "email_verified"
    assert jobs.columns["created_at"].from_ == "createdAt"
    assert jobs.columns["metadata"].type == "jsonb"
    assert "priority" not in jobs.columns
    assert "# priority: integer <- public.jobs has no such column" in text
    assert (artifacts.owner.via, artifacts.columns["size_bytes"].type) == ("job_id", "bigint")
    assert "# path: {type: text, expr: \"''\"} # NOT NULL without a default, and nothing fills it" in text
    assert (category.target, category.columns["order"].type) == ("public.categories", "bigint")
    assert "# shelf: {type: text, expr: \"''\"} # NOT NULL without a default" in text


def test_a_balance_is_proposed_where_the_profiles_have_a_place(world: World) -> None:
    world.legacy(
        "", schema=LEGACY_SCHEMA.replace("created_at TEXT);", "created_at TEXT, credits INTEGER, points INTEGER);", 1)
    )
    world.execute("ALTER TABLE public.profiles ADD COLUMN credits bigint")
    text = printed(draft_spec(world.legacy_path, target_url=world.url), as_ddl=False)
    assert "#   profiles.credits: {from: users.credits, apply: add, against: credit_transactions.amount}\n" in text
    assert "profiles.points" not in text


def test_a_target_without_the_path_to_the_owner_gets_none_of_its_rows(world: World) -> None:
    world.legacy("", schema=LEGACY)
    world.execute("ALTER TABLE public.artifacts DROP COLUMN job_id CASCADE; DROP TABLE public.credit_transactions")
    draft = draft_spec(world.legacy_path, target_url=world.url)
    assert "artifacts" not in [table.key for table in draft.tables]
    assert (
        dict(draft.not_migrated)["artifacts"] == "public.artifacts has no column that leads to the owner, as job_id did"
    )
    text = printed(draft, as_ddl=False)
    assert "public.category is not on the target" in text
    script = printed(draft, as_ddl=True)
    assert "-- public.jobs is on the target already." in script
    assert "CREATE TABLE public.category (" in script


def test_the_command_prints_the_spec_and_nothing_else(world: World) -> None:
    world.legacy("", schema=LEGACY)
    before = (world.legacy_path.stat().st_mtime_ns, sorted(path.name for path in world.folder.iterdir()))
    result = world.cli("init", str(world.legacy_path))
    assert (result.returncode, result.stderr) == (0, "")
    assert list(load_spec(result.stdout, file="init.yaml").tables) == ["jobs", "artifacts", "category"]
    assert world.cli("init", str(world.legacy_path)).stdout == result.stdout
    fitted = world.cli("init", str(world.legacy_path), "--target", world.url)
    assert "<- public.jobs has no such column" in fitted.stdout
    script = world.cli("init", str(world.legacy_path), "--ddl")
    world.execute("DROP TABLE public.artifacts, public.jobs")
    world.execute(script.stdout)
    assert before == (world.legacy_path.stat().st_mtime_ns, sorted(path.name for path in world.folder.iterdir()))


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "does not exist"), (b"", "is empty"), (b"no database", "is not a plain SQLite database")],
)
def test_a_bad_file_is_one_sentence_and_exit_2(world: World, content: bytes | None, words: str) -> None:
    if content is not None:
        world.legacy_path.write_bytes(content)
    result = world.cli("init", str(world.legacy_path))
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr
    assert world.legacy_path.exists() == (content is not None)


def test_a_bad_dsn_is_one_sentence_without_its_password(world: World) -> None:
    world.legacy("", schema=LEGACY)
    result = world.cli("init", str(world.legacy_path), "--target", "postgres://user:CANARY@[bad")
    assert result.returncode == 2
    assert "no Postgres DSN" in result.stderr
    assert "CANARY" not in result.stderr


def test_the_targets_own_ids_owner_and_types_are_used(world: World) -> None:
    world.legacy(
        "",
        schema="""
        CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);
        CREATE TABLE plans (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE tiers (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, plan_id INTEGER REFERENCES plans,
                             tier_id INTEGER REFERENCES tiers, state TEXT, total REAL, placed INTEGER, note TEXT, at_ms INTEGER);
        INSERT INTO users VALUES (1, 'a@example.com');
        INSERT INTO plans VALUES (1, 'x'); INSERT INTO tiers VALUES (1, 'x');
        INSERT INTO orders VALUES (1, 1, 1, 1, 'new', 1.5, 7, NULL, 5), (2, 1, 1, 1, 'old', 2, 8, 'b', 6);
        """,
    )
    world.execute(
        """CREATE TYPE state AS ENUM ('new', 'old');
        CREATE TABLE public.plan (id uuid PRIMARY KEY, name text);
        CREATE TABLE public.tiers (tier_id bigint, id bigint PRIMARY KEY, name text);
        CREATE TABLE public.orders (order_id uuid PRIMARY KEY, profile uuid NOT NULL REFERENCES public.profiles, plan_id uuid,
            tier_id bigint, state state, total numeric(10, 2), placed boolean, note text NOT NULL, at_ms time,
            twice integer GENERATED ALWAYS AS (1) STORED)"""
    )
    text = printed(draft_spec(world.legacy_path, target_url=world.url), as_ddl=False)
    spec = load_spec(text, file="init.yaml")
    plans, tiers, orders = (spec.tables[name] for name in ("plans", "tiers", "orders"))
    assert (plans.target, plans.id.rule, plans.id.to) == ("public.plan", "uuid5", "id")
    assert (tiers.id.rule, tiers.id.to) == ("keep", "id")
    assert (orders.id.to, orders.owner.from_, orders.owner.to) == ("order_id", "user_id", "profile")
    types = {name: column.type for name, column in orders.columns.items()}
    assert types == {
        "plan_id": "uuid",
        "tier_id": "bigint",
        "state": "text",
        "total": "numeric",
        "placed": "boolean",
        "note": "text",
        "at_ms": "time",
    }
    assert "2 of 2 values would be quarantined: not boolean" in text
    assert "2 of 2 values would be quarantined: not time" in text
    assert "NULL in 1 row, to be quarantined: NOT NULL there" in text
    with connect(world.url) as connection, reading(connection):
        assert set(read_targets(connection, spec)) == {"plans", "tiers", "orders"}


ANOTHER = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, created_at TEXT);
CREATE TABLE projects (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, code TEXT NOT NULL, state TEXT,
                       priority TEXT, progress REAL, done REAL, created_at TEXT);
CREATE TABLE tasks (slug TEXT PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects, title TEXT);
INSERT INTO users VALUES (1, 'a@example.com', '2024-01-01 10:00:00'), (2, 'b@example.com', '2024-01-02 10:00:00');
INSERT INTO projects VALUES (7, 1, 'A', 'In Progress', 'High', 1.0, 3.5, '2024-02-01 10:00:00'),
                            (8, 1, 'B', 'done', 'low', 0.29, 1.0, '2024-02-02 10:00:00'),
                            (9, 2, 'C', 'ARCHIVED', 'low', 0.5, 0.0, '2024-02-03 10:00:00');
INSERT INTO tasks VALUES ('write-it', 7, 'Write'), ('read-it', 8, 'Read'), ('burn-it', 9, 'Burn');
"""
THERE = """
DROP TABLE public.artifacts, public.credit_transactions, public.jobs;
CREATE TYPE public.state AS ENUM ('in_progress', 'done');
CREATE TABLE public.projects (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles, code text NOT NULL,
    state public.state, priority text CHECK (priority IN ('low', 'high')), progress integer CHECK (progress BETWEEN 0 AND 100),
    done numeric CHECK (done <= 100), created_at timestamptz, updated_at timestamptz NOT NULL DEFAULT now(), shelf text NOT NULL,
    extra jsonb NOT NULL, sent boolean NOT NULL DEFAULT false, label varchar(10));
CREATE TABLE public.tasks (id text PRIMARY KEY, project_id bigint NOT NULL REFERENCES public.projects, title text);
"""


def test_ids_words_scales_and_empty_columns_are_proposed_as_the_target_has_them(world: World) -> None:
    world.legacy("", schema=ANOTHER)
    world.execute(THERE)
    draft = draft_spec(world.legacy_path, target_url=world.url)
    text = printed(draft, as_ddl=False)
    spec = load_spec(text, file="init.yaml")
    projects, tasks = spec.tables["projects"], spec.tables["tasks"]
    assert (projects.id.rule, projects.id.to, tasks.id.rule, tasks.id.to) == ("keep", "id", "keep", "id")
    assert tasks.columns["project_id"].type == "bigint"
    assert tasks.columns["project_id"].references is not None
    assert projects.columns["state"].map == {"In Progress": "in_progress", "done": "done"}
    assert "none of in_progress, done: 'ARCHIVED' (1 row)" in " ".join(text.replace("#", "").split())
    assert projects.columns["priority"].map == {"High": "high", "low": "low"}
    assert projects.columns["progress"].expr == 'CAST(round("progress" * 100) AS INTEGER)'
    assert projects.columns["done"].expr is None
    assert [ask.subject for ask in draft.questions] == ["tables.projects.scale.progress"]
    order = [line.strip() for line in text.splitlines() if "nothing fills it" in line]
    assert order == [
        "# shelf: {type: text, expr: \"''\"} # NOT NULL without a default, and nothing fills it",
        "# extra: {type: jsonb, expr: \"'{}'\"} # NOT NULL without a default, and nothing fills it",
        "# updated_at: {type: timestamptz, from: created_at} # nothing fills it: else the day of migration",
        "# sent: boolean # nothing fills it: its default stays",
        "# label: text # nothing fills it: NULL",
    ]
    as_it_is = draft_spec(
        world.legacy_path, target_url=world.url, answers={"tables.projects.scale.progress": "as it is"}
    )
    assert (as_it_is.table("projects").column("progress").expr, as_it_is.questions) == (None, ())
    # With the marks of three comments taken off, everything arrives but what the enum does not know.
    for name in ("shelf", "extra", "updated_at"):
        text = text.replace(f"# {name}: {{", f"{name}: {{")
    path = world.folder / "fitted.yaml"
    path.write_text(text, encoding="utf-8")
    world.use_spec(path)
    world.sign_up("a@example.com", "b@example.com")
    assert world.migrate().exit_code == 0, world.said
    assert world.query(
        "SELECT id, state::text, priority, progress, updated_at = created_at FROM public.projects ORDER BY 1"
    ) == [
        (7, "in_progress", "high", 100, True),
        (8, "done", "low", 29, True),
    ]
    assert world.query("SELECT id, project_id FROM public.tasks ORDER BY 1") == [("read-it", 8), ("write-it", 7)]


def test_users_named_by_address_and_name_nought_for_never_and_minus_one_arrive(world: World) -> None:
    world.legacy(
        "",
        schema="""
        CREATE TABLE members (m_id INTEGER PRIMARY KEY, m_login TEXT UNIQUE, m_mail TEXT, m_joined INTEGER);
        CREATE TABLE notes (n_id INTEGER PRIMARY KEY, n_owner_mail TEXT NOT NULL, n_seen INTEGER, ysnDone INTEGER);
        CREATE TABLE replies (id INTEGER PRIMARY KEY, author TEXT NOT NULL REFERENCES members (m_login), target TEXT, target_id INTEGER);
        INSERT INTO members VALUES (1, 'ann', 'a@example.com', 1709288430), (2, 'bob', 'b@example.com', 1709288431);
        INSERT INTO notes VALUES (1, 'b@example.com', 0, -1), (2, 'a@example.com', 1709288430, 0), (3, 'b@example.com', 1709288431, 0);
        INSERT INTO replies VALUES (1, 'ann', 'note', 2), (2, 'bob', 'reply', 1), (3, 'bob', 'note', 3);
        """,
    )
    draft = draft_spec(world.legacy_path)
    assert draft.questions == ()
    spec = world.folder / "members.yaml"
    spec.write_text(printed(draft, as_ddl=False), encoding="utf-8")
    world.use_spec(spec)
    world.execute(printed(draft, as_ddl=True))
    world.sign_up("a@example.com", "b@example.com")
    assert world.migrate().exit_code == 0, world.said
    notes = world.query(
        "SELECT u.email, n.n_seen::text, n.ysn_done FROM public.notes n JOIN auth.users u ON u.id = n.n_owner_mail ORDER BY 1, 2"
    )
    assert notes == [
        ("a@example.com", "2024-03-01 10:20:30+00", False),
        ("b@example.com", "2024-03-01 10:20:31+00", False),
        ("b@example.com", None, True),
    ]
    assert world.query(
        "SELECT u.email, count(*) FROM public.replies r JOIN auth.users u ON u.id = r.author GROUP BY 1 ORDER BY 1"
    ) == [
        ("a@example.com", 1),
        ("b@example.com", 2),
    ]
    assert world.query("SELECT count(*) FROM public.replies r JOIN public.notes n ON n.id = r.target_id") == [(2,)]
