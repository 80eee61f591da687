"""The shape of the SQL: named statements beside their module, tables with one home, and all of it is Postgres' grammar."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import psycopg
from psycopg import sql

import etl_assets
from etl_assets.access.postgres.statements import Statements
from etl_assets.core.users.users import HINDRANCES, OF_FORGOTTEN
from etl_assets.model.remedies import CHANGE_REMEDIES, REASON_REMEDIES, ROW_REMEDIES, USER_REMEDIES
from etl_assets_tests.world import World

PACKAGE = Path(etl_assets.__file__).parent
SCRIPTS = {"core/memory/schema.sql", "access/postgres/supabase.sql"}  # run whole, once
LONGEST = 250
FILES = {
    path.relative_to(PACKAGE).as_posix(): Statements(path.as_posix())
    for path in sorted(PACKAGE.rglob("*.sql"))
    if path.relative_to(PACKAGE).as_posix() not in SCRIPTS and path.parent.name != "upgrades"
}
STATEMENTS = {(file, name): text for file, found in FILES.items() for name, text in found.texts.items()}


def tree_of(file: str) -> ast.AST:
    return ast.parse((PACKAGE / file).with_suffix(".py").read_text(encoding="utf-8"))


def slots_of(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}


def values_of(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


def kind_of(file: str, name: str) -> str:
    return FILES[file](name, **dict.fromkeys(slots_of(STATEMENTS[file, name]), sql.SQL(""))).kind


def calls_of(file: str) -> Iterator[ast.Call]:
    """Where a module asks for a statement by its name."""
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "SQL":
            yield node


def test_statements_lie_beside_the_module_that_runs_them() -> None:
    assert len(STATEMENTS) > 300
    for file in FILES:
        assert "SQL = Statements(__file__)" in (PACKAGE / file).with_suffix(".py").read_text(encoding="utf-8"), file
        assert len((PACKAGE / file).read_text(encoding="utf-8").splitlines()) <= LONGEST, file


def test_every_statement_is_used_in_its_module() -> None:
    unused = []
    for file, found in FILES.items():
        texts = {node.value for node in ast.walk(tree_of(file)) if isinstance(node, ast.Constant)}
        unused += [f"{file}: {name}" for name in found.texts if name not in texts]
    assert unused == []


def test_a_call_fills_the_slots_of_its_statement() -> None:
    wrong, seen = [], 0
    for file, found in FILES.items():
        for call in calls_of(file):
            if not isinstance(call.args[0], ast.Constant):
                continue  # a rule hands the name on; the statement fails where a slot is missing
            name, seen = str(call.args[0].value), seen + 1
            given = {keyword.arg for keyword in call.keywords if keyword.arg}
            wanted = slots_of(found.texts[name])
            is_open = any(keyword.arg is None for keyword in call.keywords)
            if not (given <= wanted if is_open else given == wanted):
                wrong.append(f"{file}: {name} is given {sorted(given)} and wants {sorted(wanted)}")
    assert seen > 300
    assert wrong == []


def test_a_header_names_kind_values_and_slots_and_says_what_it_is_for() -> None:
    wrong = []
    for file in FILES:
        text = (PACKAGE / file).read_text(encoding="utf-8")
        for piece in re.split(r"^(?=-- name: )", text, flags=re.M)[1:]:
            name = re.match(r"-- name: (\w+)", piece)[1]  # type: ignore[index]
            head = re.match(r"(?:--.*\n)+", piece)[0]  # type: ignore[index]
            signature, *prose = re.split(r"\n-- (?!   )", head)
            values = re.search(r"\(([\w, ]+)\)", signature)
            slots = re.search(r"\{([\w,\s-]+)\}", signature)
            said = (set(re.findall(r"\w+", found[1])) if found else set() for found in (values, slots))
            if tuple(said) != (values_of(STATEMENTS[file, name]), slots_of(STATEMENTS[file, name])) or not prose:
                wrong.append(f"{file}: {name}")
    assert wrong == []


def test_a_statement_is_one_statement_without_comments() -> None:
    wrong = []
    for (file, name), text in STATEMENTS.items():
        slots = slots_of(text)
        filled = FILES[file](name, **dict.fromkeys(slots, sql.SQL("x"))).as_string()
        found = {
            "a comment is sent": "--" in text,
            "it is more than one statement": ";" in text.rstrip(";") and "$$" not in text,
            "a slot is not well formed": not all(re.fullmatch(r"[a-z][a-z_]*", slot) for slot in slots),
            # psycopg looks for placeholders wherever it is given parameters.
            "a per cent sign begins no placeholder": re.search(r"%(?!\([a-z_0-9]+\)s)", filled.replace("%%", "")),
        }
        wrong += [f"{file}: {name}: {fault}" for fault, is_there in found.items() if is_there]
    assert wrong == []


# What stands in a slot where a name does not do.
QUERIES = (
    "accounts arrived claims fresh incomplete legacy links owners pages parents people places ready referring refused rows"
    " repeated states total totals users wanted"
)
FILLINGS = {
    **dict.fromkeys(QUERIES.split(), "SELECT 1"),
    **dict.fromkeys(("of_accounts", "of_keys", "of_table", "of_users", "of_wave"), "AND true"),
    **dict.fromkeys(("totals_of_accounts.of_users", "arrived_of_users.of_users", "balance_of_users.of_users"), "true"),
    **dict.fromkeys(("changes", "casts"), "x = 1"),
    "copy_out_users.files": "",
    "once": "MATERIALIZED",
    "join_files.files": "SELECT 1",
    "filled": "x = 1",
    **dict.fromkeys(("make.answer", "mark.mark"), "'x'"),
    "ask.answer": "SELECT 1",
    "nulls": "x = NULL",
    "when": "DEFERRED",
    "ancestors": "SELECT 1",
    "seeds": "SELECT 1",
    "edges": "SELECT 1",
    "is_other": "true",
    "link_circle.places": "ARRAY['x']",
    "link_ancestor.places": "ARRAY['x']",
    "list_ready_rows_of_circle.places": "ARRAY['x']",
    "batch": "x",
    **dict.fromkeys(("link_rows.refs", "link_conflicts.refs", "judged_in_circle.refs"), ", x"),
    **dict.fromkeys(("circle_seed.rows", "circle_seed_waiting.rows", "circle_seed_waiting.parents"), "x"),
    "judged": "x AS (SELECT 1)",
    "is_equal": "true",
    "changed_rows": "s WHERE true",
    "account_reasons": "WHEN true THEN 1",
    **dict.fromkeys(("joins", "join_user"), "LEFT JOIN x ON true"),
    **dict.fromkeys(("link_reason.known", "link_reason.loaded", "link_reason.reasons"), "WHEN true THEN 1"),
    "count_taken_ids.rows": "x",
    "link_conflicts.fence": "",
    "link_rows.fence": "",
    "copy_out_users.totals": "1",
    "insert_batch.held": "",
    "summarise_staging.wanted": "1",
    "compare_rows.owners": "",
    "compare_rows.totals": "",
    "create_staging.columns": "x text",
    **dict.fromkeys(("compare_rows.sums", "compare_rows.sums_of_users"), ", 1"),
}
# Where a fragment stands.
PLACES = (
    "{}", "SELECT {}", "SELECT 1 FROM s WHERE {}", "SELECT 1 FROM s WHERE true {}", "SELECT CASE {} END", "SELECT 1 FROM s {}",
    "WITH {} SELECT 1", "WITH {} z AS (SELECT 1) SELECT 1", "{} SELECT 1", "SELECT f({})", "SELECT 1 FROM {}", "WITH a AS (SELECT 1) {}", "SELECT 1 {}",
)  # fmt: skip


def parses(connection: psycopg.Connection, statement: str) -> bool:
    """True when PL/pgSQL takes it: it reads a statement's grammar when a function is made, and no names."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(
                f"CREATE FUNCTION pg_temp.f() RETURNS void LANGUAGE plpgsql AS $f$BEGIN {statement}; END$f$".encode()
            )
    except psycopg.errors.SyntaxError:
        return False
    return True


def test_postgres_parses_every_statement(ready: World) -> None:
    wrong = []
    with psycopg.connect(ready.url, autocommit=True) as connection:
        for (file, name), text in STATEMENTS.items():
            slots = {slot: sql.SQL(FILLINGS.get(f"{name}.{slot}", FILLINGS.get(slot, "x"))) for slot in slots_of(text)}
            filled = re.sub(r"%\(\w+\)s", "NULL", FILES[file](name, **slots).as_string()).replace("%%", "%")
            places = PLACES if kind_of(file, name) == "fragment" else PLACES[:1]
            if not any(parses(connection, place.format(filled)) for place in places):
                wrong.append(f"{file}: {name}: {filled}")
    assert wrong == []


def test_postgres_refuses_what_is_no_statement(ready: World) -> None:
    with psycopg.connect(ready.url, autocommit=True) as connection:
        assert not parses(connection, "SELECT 1 FORM s")
        assert parses(connection, "SELECT missing FROM nowhere")


WRITES = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE|MERGE INTO|COPY)\s+etl\.(\w+)")
HOMES = {
    "audit_log": {"core/memory"},
    "balances": {"core/balances"},
    "book": {"core/books"},
    "claims": {"core/users"},
    "compared": {"core/verify"},
    "corrections": {"core/staging"},
    "counted": {"core/memory"},
    "excluded": {"core/staging", "core/forget"},
    "files": {"core/files"},
    "loose_files": {"core/files"},
    "final_books": {"core/memory"},
    "forgotten": {"core/forget"},
    # The ledger: who loads, who takes out, who gives an id to another row. One home for it comes with its next shape.
    "former": {"core/load", "core/undo", "core/links", "core/verify", "core/backfill"},
    "loaded": {"core/load", "core/undo", "core/links", "core/verify", "core/forget", "core/backfill"},
    "lanes": {"access/postgres"},
    "last_found": {"core/verify"},
    "legacy_balances": {"core/balances"},
    "legacy_profile": {"core/balances"},
    "legacy_user_map": {"core/users"},
    "meta": {"core/memory"},
    "profile_values": {"core/balances"},
    "quarantine": {"core/staging", "core/balances"},
    "refused": {"core/load"},
    "reissued": {"core/links"},
    "shelf": {"core/shelf"},
    "shelf_objects": {"core/shelf"},
    "staged": {"core/memory"},
    "taken_out": {"core/undo"},
    "totals": {"core/books"},
    "verdicts": {"core/gate"},
    "wave_totals": {"core/books"},
    "waves": {"core/users"},
    "writer": {"access/postgres"},
}


def test_a_table_of_schema_etl_is_written_in_its_home_alone() -> None:
    found: dict[str, set[str]] = {}
    for (file, _), text in STATEMENTS.items():
        for table in WRITES.findall(text):
            found.setdefault(table, set()).add(Path(file).parent.as_posix())
    assert found == HOMES


ROW_STATES = {"excluded", "loaded", "quarantined", "ready"}


def reasons_in(file: str, *, prefix: str = "") -> set[str]:
    texts = [text for name, text in FILES[file].texts.items() if name.startswith(prefix)]
    return {reason for text in texts for reason in re.findall(r"THEN '([a-z_]+)'", text)}


def test_every_reason_of_a_row_has_a_remedy() -> None:
    """The words stand in one table; a reason that SQL gives and nobody explains is a dead end for whoever reads it."""
    reasons = (reasons_in("core/links/links.sql") | reasons_in("core/links/reference.sql")) - ROW_STATES
    assert {"owner_unknown", "reference_unknown", "id_given_to_another_row"} <= reasons
    assert reasons - set(ROW_REMEDIES) == set()
    changes = reasons_in("core/lists/changes.sql", prefix="list_legacy_changes")
    assert "key_repeats_in_legacy" in changes
    assert changes <= set(CHANGE_REMEDIES)


# Their state's remedy says what to do.
SAID_BY_THE_STATE = {
    "left the legacy app, where another user has the address now",
    "no account with this address may claim",
    "the account was claimed by another legacy user",
    "two accounts share the address",
    "two legacy users share the address",
}
USER_ROOMS = ("core/users/users.sql", "core/users/holds.sql", "core/links/repeated.sql", "core/lists/support.sql")


def test_every_reason_of_a_user_has_a_remedy_and_every_remedy_a_reason() -> None:
    texts = [text for file in USER_ROOMS for text in FILES[file].texts.values()]
    said = {
        reason for text in texts for reason in re.findall(r"(?:THEN|ELSE|=) '((?:[a-z_]+: )?[^':,]* [^':]*)'", text)
    }
    said |= {reason for when in HINDRANCES.values() for reason in re.findall(r"'(.*)'", when)} | {OF_FORGOTTEN}
    states = "|".join(USER_REMEDIES)
    reasons = {re.sub(rf"^(?:{states}): ", "", reason) for reason in said}
    assert reasons - set(REASON_REMEDIES) == SAID_BY_THE_STATE
    assert set(REASON_REMEDIES) - reasons == {"undone"}


def test_a_statement_that_is_told_its_table_is_known() -> None:
    """`HOMES` cannot see whom these write: what keeps something by row or by user, for `forget` and for staging."""
    told = {f"{file}: {name}" for (file, name), text in STATEMENTS.items() if "{store}" in text}
    assert told == {
        "core/forget/forget.sql: delete_noted_rows",
        "core/forget/forget.sql: delete_noted_user",
        "core/staging/table.sql: clear_table",
        "core/staging/update.sql: delete_gone",
    }


RUNS = {"one": "one", "record": "one", "first": "first", "many": "many", "exec": "exec"}


def runs_of(file: str) -> Iterator[tuple[str, str]]:
    """The statements that a module runs itself, and how: at once, or by a name of the same function."""
    for function in (node for node in ast.walk(tree_of(file)) if isinstance(node, ast.FunctionDef)):
        made: dict[str, set[str]] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and (name := named(node.value)):
                made.setdefault(node.targets[0].id, set()).add(name)
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RUNS:
                held = node.func.value
                names = (
                    {named(held)} if named(held) else made.get(held.id, set()) if isinstance(held, ast.Name) else set()
                )
                yield from ((name, RUNS[node.func.attr]) for name in names if name)


def named(node: ast.expr) -> str | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "SQL":
        return node.args[0].value if isinstance(node.args[0], ast.Constant) else None
    return None


def test_a_statement_is_run_through_its_kind() -> None:
    wrong, seen = [], 0
    for file in FILES:
        for name, kind in runs_of(file):
            seen += 1
            if kind_of(file, name) != kind:
                wrong.append(f"{file}: {name} is {kind_of(file, name)} and is run as {kind}")
    assert seen > 150
    assert wrong == []
