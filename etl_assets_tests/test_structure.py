"""The shape of the code and of the graph."""

import ast
import json
import re
from collections import Counter
from functools import cache
from importlib import metadata
from pathlib import Path

import dagster as dg
import grimp
import pytest

import etl_assets
from etl_assets.assets.keys import ACCOUNTS, LEGACY
from etl_assets.automation.build import build_definitions
from etl_assets.settings import DEFAULT_SPEC, read_spec
from etl_assets_tests.graph import SNAPSHOT, shown

PACKAGE = Path(etl_assets.__file__).parent
ROOT = PACKAGE.parent
MODULES = sorted(PACKAGE.rglob("*.py"))


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
    assert groups == {"target", "export", "staging", "users", "production", "verify"}


def test_every_dependency_is_an_asset(definitions: dg.Definitions) -> None:
    # `validate_loadable` lets a misspelt dependency through as an external asset (dagster 1.13.27).
    dg.Definitions.validate_loadable(definitions)
    graph = definitions.resolve_asset_graph()
    named = {parent for key in graph.materializable_asset_keys for parent in graph.get(key).parent_keys}
    checked = {key.asset_key for key in graph.asset_check_keys}
    assert named | checked <= {*graph.materializable_asset_keys, LEGACY, ACCOUNTS}
    assert {LEGACY, ACCOUNTS} == set(graph.external_asset_keys)


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


def test_every_config_field_tells_the_operator_what_it_is(definitions: dg.Definitions) -> None:
    found = {}
    for job in definitions.resolve_all_job_defs():
        for node in job.nodes:
            fields = getattr(node.definition.config_schema.config_type, "fields", None) or {}  # type: ignore[attr-defined]
            found |= {f"{node.name}.{name}": field.description for name, field in fields.items()}
    assert {"take_out.wave", "take_out.user", "take_out.in_use", "freeze_legacy.lift", "forget_user.user"} <= set(found)
    assert [name for name, description in found.items() if not description] == []


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


MOST_MODULES, MOST_IN_A_ROOM, DEEPEST = 16, 10, 10


def test_a_room_is_seen_at_a_glance() -> None:
    """At most ten modules in a room of `access` and `core`, and sixteen elsewhere."""
    modules = Counter(path.relative_to(PACKAGE).parent.as_posix() for path in MODULES if path.name != "__init__.py")
    most = {room: MOST_IN_A_ROOM if room.startswith(("access/", "core/")) else MOST_MODULES for room in modules}
    assert len(modules) > 20
    assert {room: count for room, count in modules.items() if count > most[room]} == {}


def test_core_is_not_deep() -> None:
    """The longest chain of imports among its modules; a circle would have no end, and import-linter forbids it."""
    graph = grimp.build_graph("etl_assets")

    @cache
    def depth(module: str) -> int:
        below = graph.find_modules_directly_imported_by(module)
        return 1 + max((depth(name) for name in below if name.startswith("etl_assets.core.")), default=0)

    assert max(depth(module) for module in graph.modules if module.startswith("etl_assets.core.")) <= DEEPEST


def test_what_others_may_name() -> None:
    """The command, the code location; within the package nobody imports what another module keeps to itself."""
    scripts = {script.name: script.value for script in metadata.distribution("etl-assets").entry_points}
    assert scripts == {"etl-assets": "etl_assets.cli:main"}
    from_definitions = ast.parse((PACKAGE / "definitions.py").read_text(encoding="utf-8"))
    made = [node.targets[0] for node in from_definitions.body if isinstance(node, ast.Assign)]
    assert [node.id for node in made if isinstance(node, ast.Name)] == ["defs"]
    private = [
        f"{path.name}: {name.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("etl_assets")
        for name in node.names
        if name.name.startswith("_")
    ]
    assert private == []


def test_what_a_user_sees_changes_on_purpose_alone() -> None:
    """Keys, dependencies, groups, kinds, checks, jobs, sensors, commands: `python -m etl_assets_tests.graph` renews it."""
    known, now = json.loads(SNAPSHOT.read_text(encoding="utf-8")), shown()
    for kind in known.keys() | now.keys():
        assert now.get(kind) == known.get(kind), kind


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
