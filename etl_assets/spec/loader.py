"""The spec file, read and judged: a mistake is one sentence with its line."""

import difflib
import hashlib
import json
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from etl_assets.model.errors import SpecError
from etl_assets.spec.circles import arranged
from etl_assets.spec.columns import Checks, Column, IdRule, Owner, UniqueCheck
from etl_assets.spec.model import Created, Spec, Table, Users
from etl_assets.spec.profiles import Attribute, Balance
from etl_assets.spec.references import References
from etl_assets.spec.rules import check_rules
from etl_assets.spec.sections import Accounts, Files, Policy, Source, TargetMarker
from etl_assets.spec.spec_fault import SpecFault
from etl_assets.spec.yaml_lines import Path, dotted, line_of, read_yaml

# Where a key stands -> the section that knows it.
SECTIONS: dict[tuple[str, ...], type[BaseModel]] = {
    (): Spec,
    ("source",): Source,
    ("target",): TargetMarker,
    ("users",): Users,
    ("users", "created"): Created,
    ("accounts",): Accounts,
    ("policy",): Policy,
    ("balances", "*"): Balance,
    ("profile", "*"): Attribute,
    ("files", "*"): Files,
    ("tables", "*"): Table,
    ("tables", "*", "id"): IdRule,
    ("tables", "*", "owner"): Owner,
    ("tables", "*", "checks"): Checks,
    ("tables", "*", "checks", "unique", "*"): UniqueCheck,
    ("tables", "*", "columns", "*"): Column,
    ("tables", "*", "columns", "*", "references"): References,
    ("tables", "*", "references", "*"): References,
}
# Fields that the loader fills in itself.
INNER: tuple[tuple[str, ...], ...] = (
    ("digest",),
    ("load_order",),
    ("circles",),
    ("tables", "*", "name"),
    ("tables", "*", "owner", "nobody"),
)
UNQUALIFIED_TARGET = "public."


def load_spec(text: str, *, file: str) -> Spec:
    """The spec that a YAML text holds, with names filled in, tables ordered and a digest of its meaning.

    Args:
        text: the file's content.
        file: its name, for the error's first words.

    Raises:
        SpecError: anything is wrong; says file, line, path, problem and remedy.
    """
    raw, lines = read_yaml(text, file=file)

    def fail(path: Path, problem: str) -> SpecError:
        return SpecError(problem, file=file, line=line_of(path, lines), path=dotted(path), key=_explained_by(path))

    for path in _paths(raw, ()):
        if any(_matches(pattern, path) for pattern in INNER):
            raise fail(path, _unknown_key(path))
    _fill_names(raw)
    try:
        spec = Spec.model_validate(raw)
    except ValidationError as error:
        # A mistyped key is both unknown and missing; the unknown one knows what was meant.
        first = min(error.errors(include_url=False), key=lambda found: found["type"] != "extra_forbidden")
        path = tuple(first["loc"])
        raise fail(path, _sentence(first, path)) from None
    try:
        check_rules(spec)
    except SpecFault as fault:
        raise fail(fault.path, fault.problem) from None
    order, circles = arranged(spec)
    # What the app may ask decides nothing of what is staged or loaded: naming it voids no verdict.
    meaning = spec.model_dump(mode="json", by_alias=True, exclude={"app_status"})
    canonical = json.dumps(meaning, sort_keys=True)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return spec.model_copy(update={"load_order": order, "circles": circles, "digest": digest})


def _paths(value: Any, path: Path) -> list[Path]:
    found = [path] if path else []
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, child in items:
        found += _paths(child, (*path, key))
    return found


def _matches(pattern: tuple[str, ...], path: Path) -> bool:
    return len(pattern) == len(path) and all(p in ("*", str(part)) for p, part in zip(pattern, path, strict=True))


def _explained_by(path: Path) -> str:
    """The key of the reference that a path is about, without the names that stand in it: `tables.columns.unit`."""
    for length in range(len(path), 0, -1):
        section = next((pattern for pattern in SECTIONS if _matches(pattern, path[: length - 1])), None)
        if section is not None and path[length - 1] in _known_keys(path[: length - 1]):
            return ".".join([*(word for word in section if word != "*"), str(path[length - 1])])
    return ""


def _fill_names(raw: dict[str, Any]) -> None:
    tables = raw.get("tables")
    if not isinstance(tables, dict):
        return
    for name, table in tables.items():
        if isinstance(table, dict):
            table.setdefault("source", name)
            table.setdefault("target", f"{UNQUALIFIED_TARGET}{name}")
            if isinstance(table["target"], str) and "." not in table["target"]:
                table["target"] = f"{UNQUALIFIED_TARGET}{table['target']}"
            table["name"] = name


def _sentence(error: ErrorDetails, path: Path) -> str:
    kind = error["type"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return _unknown_key(path)
    message = error["msg"].removeprefix("Value error, ")
    return f"{message[0].lower()}{message[1:]}, not {error['input']!r}" if kind == "literal_error" else message


def _unknown_key(path: Path) -> str:
    known = _known_keys(path[:-1])
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"known are {', '.join(known)}"
    return f"is not a key of this section; {hint}"


def _known_keys(path: Path) -> list[str]:
    section = next((model for pattern, model in SECTIONS.items() if _matches(pattern, path)), Spec)
    inner = {pattern[-1] for pattern in INNER if _matches(pattern[:-1], path)}
    return sorted({field.alias or key for key, field in section.model_fields.items()} - inner)
