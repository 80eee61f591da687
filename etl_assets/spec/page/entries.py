"""Every key of the spec with what its docstring says: read from the pydantic model, which is the only place of it."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from etl_assets.spec.columns import Column
from etl_assets.spec.loader import INNER
from etl_assets.spec.model import Spec
from etl_assets.spec.profiles import OF_TABLES_ALONE, Attribute

# What stands in a path where the operator's own names do.
NAMES = {
    "tables": ("TABLE",),
    "columns": ("COLUMN",),
    "balances": ("PROFILES", "COLUMN"),
    "profile": ("COLUMN",),
    "files": ("FILES",),
}
# Lists that may be one word, and sections that have a short form.
ONE_ALONE = (("COLUMN", "format"), ("references", "key"), ("FILES", "strip"))
SHORT = (("users", "created"), ("TABLE", "id"), ("TABLE", "owner"))
INNER_KEYS = frozenset(pattern[-1] for pattern in INNER)
UNLIMITED = frozenset({"max_quarantined", "max_changed"})
Path = tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One key: where it stands, what it takes, what it is when it is left out, and what its docstring says.

    `default` is None where the key must be there, and empty where leaving it out says nothing.
    """

    path: Path
    takes: str
    default: str | None
    text: str
    example: str
    refused: str

    @property
    def address(self) -> str:
        """The path as the page writes it: `tables.TABLE.where`."""
        return ".".join(self.path)


@dataclass(frozen=True)
class Section:
    """The keys that stand together at one place; `shared` are those that mean what they mean at a column."""

    path: Path
    text: str
    entries: tuple[Entry, ...]
    shared: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The path as the page writes it, empty for the file itself."""
        return ".".join(self.path)


def sections() -> list[Section]:
    """Every section in the order of the file; one that can stand at two places is told at the first."""
    return list(_walk(Spec, (), set()))


def _walk(model: type[BaseModel], path: Path, seen: set[type[BaseModel]]) -> Iterator[Section]:
    seen.add(model)
    inherited = [name for name in model.model_fields if name not in model.__annotations__]
    names = [*(name for name in model.model_fields if name not in inherited), *inherited]
    fields = {model.model_fields[n].alias or n: model.model_fields[n] for n in names if n not in INNER_KEYS}
    shared = [key for key, field in fields.items() if model is not Column and _is_of_columns(key, field)]
    own = {key: field for key, field in fields.items() if key not in shared}
    beside = tuple(key for key in shared if model is not Attribute or key not in OF_TABLES_ALONE)
    yield Section(path, _flowed(model.__doc__ or ""), tuple(_entry((*path, k), f) for k, f in own.items()), beside)
    for key, field in own.items():
        inner, is_named = _model_within(field.annotation)
        if inner is not None and inner not in seen:
            yield from _walk(inner, (*path, key, *(NAMES[key] if is_named else ())), seen)


def _is_of_columns(key: str, field: FieldInfo) -> bool:
    column = next((f for name, f in Column.model_fields.items() if (f.alias or name) == key), None)
    return column is not None and column.description == field.description


def _model_within(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The section that a field holds, and whether it holds one for each name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for inner in get_args(annotation):
        found, _ = _model_within(inner)
        if found is not None:
            return found, get_origin(annotation) is dict
    return None, False


def _entry(path: Path, field: FieldInfo) -> Entry:
    text, example, refused = told(field.description or "")
    return Entry(path, _takes(path, field.annotation), _default(path[-1], field), text, example, refused)


def told(docstring: str) -> tuple[str, str, str]:
    """A field's docstring taken apart: what it means, its example, what is refused."""
    text, _, rest = docstring.partition("\nExample: ")
    example, _, refused = rest.partition("\nRefused: ")
    return _flowed(text), _flowed(example).strip("`"), _flowed(refused)


def _flowed(text: str) -> str:
    return " ".join(text.split())


def _default(key: str, field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    default = field.default
    if key in UNLIMITED and default is None:
        return "unlimited"
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) if isinstance(default, str | int) else ""


def _takes(path: Path, annotation: Any) -> str:
    """What a key takes, in words."""
    kind, inner = get_origin(annotation), _model_within(annotation)[0]
    if path[-1] in UNLIMITED:
        return "a number, or `unlimited`"
    if annotation == Column.model_fields["type"].annotation and path[-1] == "type":
        return "a type, see below"
    if kind in (Union, types.UnionType):
        return ", or ".join(_takes(path, part) for part in reversed(get_args(annotation)) if part is not type(None))
    if kind is Literal:
        return _either([f"`{word}`" for word in get_args(annotation)])
    return _takes_several(path, annotation, inner) if kind in (dict, tuple) else _takes_one(path, annotation, inner)


def _takes_several(path: Path, annotation: Any, inner: type[BaseModel] | None) -> str:
    if get_origin(annotation) is tuple:
        return "a list of sections" if inner else "text, or a list" if path[-2:] in ONE_ALONE else "a list"
    if inner is not None:
        return "a type, or a section, for each name" if inner is Column else "a section for each name"
    of = get_args(annotation)[1]
    return "a mapping" if of is str else f"a mapping to {_takes(path, of)}"


def _takes_one(path: Path, annotation: Any, inner: type[BaseModel] | None) -> str:
    if inner is not None:
        return "a word, or a section" if path[-2:] in SHORT else "a section"
    return {str: "text", bool: "`true` or `false`", UUID: "a UUID"}[annotation]


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
