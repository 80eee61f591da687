"""The shape of the code and of the graph."""

import ast
import re
from importlib import metadata
from pathlib import Path

import dagster as dg
import pytest
from psycopg import sql

import etl_assets
from etl_assets.assets.build import build_definitions
from etl_assets.stores.settings import DEFAULT_SPEC, read_spec
from etl_assets.stores.statements import FOLDER, statement_text

PACKAGE = Path(etl_assets.__file__).parent
ROOT = PACKAGE.parent
MODULES = sorted(PACKAGE.rglob("*.py"))
STATEMENTS = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.sql"))


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


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_has_a_header_and_only_well_formed_slots(name: str) -> None:
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    assert text.startswith("-- ")
    assert "--" not in statement_text(name)
    assert ";" not in statement_text(name).rstrip(";") or "$$" in statement_text(name)
    list(sql.SQL(statement_text(name))._obj and [])  # type: ignore[attr-defined]


def test_every_statement_is_used() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    for name in STATEMENTS:
        if not name.startswith("schema/"):
            assert re.search(rf"[\"']{name}[\"']", code), f"{name}.sql is used nowhere"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_is_short_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), path
    assert len(text.splitlines()) <= 400
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{path}: {node.name} is long"
    if "assets" in path.parts:
        assert "from __future__ import annotations" not in text


def test_the_top_level_holds_what_was_asked_for_and_nothing_else() -> None:
    ignored = {"etl_assets.egg-info", "dist", "build"}
    visible = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - ignored
    assert visible == {"etl_assets", "etl_assets_tests", "workspace.yaml", "pyproject.toml", "README.md"}


def test_dependencies_have_upper_bounds() -> None:
    requirements = metadata.requires("etl-assets") or []
    assert len(requirements) > 15
    for requirement in requirements:
        assert "<" in requirement.partition(";")[0], requirement
