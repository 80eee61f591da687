"""What a spec may say of the files that columns name."""

from string import Formatter

from etl_assets.spec.columns import Column
from etl_assets.spec.model import Spec, Table
from etl_assets.spec.spec_fault import SpecFault
from etl_assets.spec.yaml_lines import Path

PARTS = frozenset({"account", "table", "column", "new_id", "name"})
BESIDE = ("references", "map", "default", "empty", "split")
PREFIX = "{account}/"  # Supabase: (storage.foldername(name))[1] = auth.uid()::text


def check_files(spec: Spec) -> None:
    """Raises unless every column's file has a place of its own in the account's folder.

    Raises:
        SpecFault: the first broken rule.
    """
    for name, table in spec.tables.items():
        for column_name, column in table.columns.items():
            _check_column(spec, table, ("tables", name, "columns", column_name), column)
    for entry in spec.files:
        _check_key(spec, entry)


def _check_column(spec: Spec, table: Table, path: Path, column: Column) -> None:
    said = [word for word in ("write", "missing") if word in column.model_fields_set]
    if column.file is None:
        if said:
            raise SpecFault((*path, said[0]), "is for a column that names a `file`")
        return
    if column.file not in spec.files:
        raise SpecFault((*path, "file"), f"{column.file!r} is no entry of `files`")
    if column.type != "text":
        raise SpecFault((*path, "file"), "is for text: the column takes the object's key")
    if table.owner.is_none:
        raise SpecFault((*path, "file"), "is for a table with an owner, in whose folder the file is kept")
    beside = next((word for word in BESIDE if getattr(column, word) not in (None, ())), None)
    if beside:
        raise SpecFault((*path, beside), "does not go with `file`: the column takes the object's key")
    if column.write == "url" and spec.files[column.file].url is None:
        raise SpecFault((*path, "write"), f"needs a `url` in the entry {column.file!r} of `files`")


def _check_key(spec: Spec, entry: str) -> None:
    path, key = ("files", entry, "key"), spec.files[entry].key
    try:
        pieces = list(Formatter().parse(key))
    except ValueError:
        raise SpecFault(path, f"{key!r} has a brace without its other") from None
    parts = {part for _, part, _, _ in pieces if part is not None}
    if parts - PARTS or any(form or how for _, _, form, how in pieces):
        raise SpecFault(path, f"knows {', '.join(sorted(PARTS))}")
    steps = key.split("/")
    if not key.startswith(PREFIX) or any(step in ("", ".", "..") for step in steps) or "\\" in key or "\0" in key:
        raise SpecFault(path, f"begins with `{PREFIX}` and has no empty step, no dots alone and no backslash")
    users = {name: [c for c in t.file_columns.values() if c.file == entry] for name, t in spec.tables.items()}
    tables = [name for name, found in users.items() if found]
    needed = {"new_id", "name"} | ({"table"} if len(tables) > 1 else set())
    needed |= {"column"} if any(len(found) > 1 for found in users.values()) else set()
    if needed - parts:
        raise SpecFault(path, f"lacks {{{sorted(needed - parts)[0]}}}, so two rows could meet under one key")
