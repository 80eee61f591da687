"""The shape of the code and of the graph."""

import ast
import json
import re
from importlib import metadata
from pathlib import Path
from string import Formatter

import dagster as dg
import pytest
from psycopg import sql

import etl_assets
from etl_assets.access.postgres.statements import FILES, statement, statement_text
from etl_assets.automation.build import build_definitions
from etl_assets.model.remedies import CHANGE_REMEDIES, ROW_REMEDIES
from etl_assets.settings import DEFAULT_SPEC, read_spec
from etl_assets_tests.graph import SNAPSHOT, shown

PACKAGE = Path(etl_assets.__file__).parent
ROOT = PACKAGE.parent
MODULES = sorted(PACKAGE.rglob("*.py"))
STATEMENTS = sorted(FILES)


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(read_spec(DEFAULT_SPEC))


def test_the_assets_are_those_of_the_design(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    found = {key.to_user_string(): graph.get(key).partitions_def is not None for key in graph.materializable_asset_keys}
    tables = ("jobs", "credit_transactions", "artifacts")
    unpartitioned = [
        "target",
        "legacy_snapshot",
        "exports/users",
        "legacy_user_map",
        "verification",
        "migration_report",
    ]
    unpartitioned += ["waiting_users"]
    unpartitioned += [f"{stage}/{table}" for stage in ("exports", "staging") for table in tables]
    by_wave = ["resolved_users", "reconciliation", *(f"production/{table}" for table in tables)]
    assert found == {**dict.fromkeys(unpartitioned, False), **dict.fromkeys(by_wave, True)}
    groups = {graph.get(key).group_name for key in graph.materializable_asset_keys}
    assert groups == {"export", "staging", "users", "production", "verify"}


def test_every_dependency_is_an_asset(definitions: dg.Definitions) -> None:
    # `validate_loadable` lets a misspelt dependency through as an external asset (dagster 1.13.27).
    dg.Definitions.validate_loadable(definitions)
    graph = definitions.resolve_asset_graph()
    named = {parent for key in graph.materializable_asset_keys for parent in graph.get(key).parent_keys}
    checked = {key.asset_key for key in graph.asset_check_keys}
    assert named | checked <= set(graph.materializable_asset_keys)


def test_every_asset_tells_the_operator_what_it_is(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        first = (node.description or "").strip().splitlines()[0]
        assert len(first) > 40, key
        assert not re.search(r"[*`_]{2}|^#|\[.*\]\(", first), key
        assert "Safe to re-run" in " ".join((node.description or "").split()), key
        assert node.owners, key


def test_every_check_has_a_sentence(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    assert len(list(graph.asset_check_keys)) > 40
    for key in graph.asset_check_keys:
        assert (graph.get_check_spec(key) if hasattr(graph, "get_check_spec") else graph.get(key)).description, key


def faults_of(name: str) -> list[str]:
    """What is wrong with a statement's file."""
    text, bare = FILES[name].read_text(encoding="utf-8"), statement_text(name)
    slots = [field for _, field, _, _ in Formatter().parse(bare) if field is not None]
    if not all(re.fullmatch(r"[a-z][a-z_]*", slot) for slot in slots):
        return [f"{name}: a slot of {slots} is not well formed"]
    filled = statement(name, **dict.fromkeys(slots, sql.SQL("x"))).as_string()
    found = {
        "it has no header": not text.startswith("-- "),
        "a comment is sent": "--" in bare,
        "it is more than one statement": ";" in bare.rstrip(";") and "$$" not in bare,
        # psycopg looks for placeholders wherever it is given parameters.
        "a per cent sign begins no placeholder": re.search(r"%(?!\([a-z_0-9]+\)s)", filled.replace("%%", "")),
    }
    return [f"{name}: {fault}" for fault, is_there in found.items() if is_there]


def test_a_statement_has_a_header_and_only_well_formed_slots() -> None:
    assert len(STATEMENTS) > 100
    assert [fault for name in STATEMENTS for fault in faults_of(name)] == []


def _texts(node: ast.AST) -> set[str]:
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def _named_statements(function: ast.AST) -> set[str]:
    """What calls of a function hand on as a statement's name; by a variable, it is any text of the function."""
    place = {"statement": 0, "statement_text": 0, "try_lock": 1, "of_accounts": 0, "_rule": 3}
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    names = [call.args[place[call.func.id]] for call in calls if call.func.id in place]  # type: ignore[attr-defined]
    return {text for name in names for text in _texts(function if isinstance(name, ast.Name) else name)}


def test_every_config_field_tells_the_operator_what_it_is(definitions: dg.Definitions) -> None:
    found = {}
    for job in definitions.resolve_all_job_defs():
        for node in job.nodes:
            fields = getattr(node.definition.config_schema.config_type, "fields", None) or {}  # type: ignore[attr-defined]
            found |= {f"{node.name}.{name}": field.description for name, field in fields.items()}
    assert {"take_out.wave", "take_out.user", "take_out.in_use", "freeze_legacy.lift", "forget_user.user"} <= set(found)
    assert [name for name, description in found.items() if not description] == []


def test_every_statement_is_used() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in MODULES]
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    used = {name for function in functions for name in _named_statements(function)}
    assert [name for name in STATEMENTS if not name.startswith("schema/") and name not in used] == []


def weaknesses_of(path: Path) -> list[str]:
    """What is wrong with a module's shape."""
    text, name = path.read_text(encoding="utf-8"), path.relative_to(PACKAGE).as_posix()
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    found = [f"{name}: {node.name} is long" for node in functions if (node.end_lineno or 0) - node.lineno >= 60]
    if not ast.get_docstring(tree):
        found.append(f"{name}: says not what it is for")
    if len(text.splitlines()) > 400:
        found.append(f"{name}: is long")
    if "assets" in path.parts and "from __future__ import annotations" in text:
        found.append(f"{name}: hides its annotations from Dagster")
    return found


def test_a_module_is_short_and_says_what_it_is_for() -> None:
    assert len(MODULES) > 50
    assert [weakness for path in MODULES for weakness in weaknesses_of(path)] == []


def test_the_top_level_holds_what_was_asked_for_and_nothing_else() -> None:
    ignored = {"etl_assets.egg-info", "dist", "build"}
    visible = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - ignored
    assert visible == {"etl_assets", "etl_assets_tests", "workspace.yaml", "pyproject.toml", "README.md"}


def test_dependencies_have_upper_bounds() -> None:
    requirements = metadata.requires("etl-assets") or []
    assert len(requirements) > 15
    for requirement in requirements:
        assert "<" in requirement.partition(";")[0], requirement


WRITES = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE|MERGE INTO|COPY)\s+etl\.(\w+)")
HOMES = {
    "audit_log": {"core/memory"},
    "balances": {"core/balances"},
    "claims": {"core/users"},
    "compared": {"core/verify"},
    "corrections": {"core/staging"},
    "excluded": {"core/staging", "core/forget"},
    "final_books": {"core/memory"},
    "forgotten": {"core/forget"},
    # The ledger: who loads, who takes out, who gives an id to another row. One home for it comes with its next shape.
    "former": {"core/load", "core/undo", "core/links", "core/verify"},
    "loaded": {"core/load", "core/undo", "core/links", "core/verify", "core/forget"},
    "lanes": {"access/postgres"},
    "legacy_balances": {"core/balances"},
    "legacy_profile": {"core/balances"},
    "legacy_user_map": {"core/users"},
    "meta": {"core/memory"},
    "profile_values": {"core/balances"},
    "quarantine": {"core/staging", "core/balances"},
    "refused": {"core/load"},
    "reissued": {"core/links"},
    "staged": {"core/memory"},
    "taken_out": {"core/undo"},
    "waves": {"core/users"},
    "writer": {"access/postgres"},
}


def room_of(path: Path) -> str:
    """`core/users`, of a module or of a statement."""
    return path.relative_to(PACKAGE).parent.as_posix().partition("/sql")[0]


def test_a_table_of_schema_etl_is_written_in_its_home_alone() -> None:
    found: dict[str, set[str]] = {}
    for name, path in FILES.items():
        if not name.startswith("schema/"):
            for table in WRITES.findall(statement_text(name)):
                found.setdefault(table, set()).add(room_of(path))
    assert found == HOMES


def test_a_statement_lies_in_the_room_of_who_runs_it() -> None:
    """Where several rooms run it, in the lowest of them."""
    wrong = []
    for name, path in FILES.items():
        rooms = {
            room_of(module)
            for module in MODULES
            if re.search(rf'"{re.escape(name)}"', module.read_text(encoding="utf-8"))
        }
        if not name.startswith("schema/") and room_of(path) not in rooms:
            wrong.append(f"{name}: in {room_of(path)}, run by {sorted(rooms)}")
    assert wrong == []


def test_what_a_user_sees_changes_on_purpose_alone() -> None:
    """Keys, dependencies, groups, kinds, checks, jobs, sensors, commands: `python -m etl_assets_tests.graph` renews it."""
    known, now = json.loads(SNAPSHOT.read_text(encoding="utf-8")), shown()
    for kind in known.keys() | now.keys():
        assert now.get(kind) == known.get(kind), kind


ROW_STATES = {"excluded", "loaded", "quarantined", "ready"}


def test_every_reason_of_a_row_has_a_remedy() -> None:
    """The words stand in one table; a reason that SQL gives and nobody explains is a dead end for whoever reads it."""
    texts = [statement_text(name) for name in FILES if name.startswith("link_") or name == "row_state"]
    reasons = {reason for text in texts for reason in re.findall(r"THEN '([a-z_]+)'", text)} - ROW_STATES
    assert {"owner_unknown", "reference_unknown", "id_given_to_another_row"} <= reasons
    assert reasons - set(ROW_REMEDIES) == set()
    changes = set(re.findall(r"THEN '([a-z_]+)'", statement_text("list_legacy_changes")))
    assert "key_repeats_in_legacy" in changes
    assert changes <= set(CHANGE_REMEDIES)


LONGEST_BODY = (
    26  # lines of what Dagster calls, without its docstring: it reads its context, calls, and says the result
)
CALLED_BY_DAGSTER = ("dg.asset", "multi_asset", "asset_check", "sensor", "dg.op")


def test_what_dagster_calls_is_short() -> None:
    wrong = []
    for path in (path for path in MODULES if {"assets", "automation"} & set(path.relative_to(PACKAGE).parts)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and any(
                word in ast.unparse(each) for each in node.decorator_list for word in CALLED_BY_DAGSTER
            ):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                wrong += [f"{path.name}: {node.name} has {lines} lines"] if lines > LONGEST_BODY else []
    assert wrong == []
