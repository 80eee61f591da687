"""Where the ids go on the target: kept where its key holds what the legacy one is, else made anew."""

from dataclasses import replace

from etl_assets.init.draft import DraftId, DraftTable
from etl_assets.init.judging.ownership import key_of
from etl_assets.init.table_facts import ColumnFacts, TableFacts
from etl_assets.model.target import TargetColumn, TargetTable
from etl_assets.spec.model import ROWID

TEXTS = ("text", "character varying", "citext")
WHOLE = ("integer", "bigint")
IN_SPEC = {"character varying": "text", "citext": "text"}


def fitted_id(table: DraftTable, facts: TableFacts, target: TargetTable | None) -> DraftId:
    """The id's column and rule on this target: `keep` for numbers and texts, a new UUID where it has UUIDs."""
    if target is None:
        return table.id
    wanted = [table.id.to, "id"]
    # A table of another habit: its only unique column of a fitting type is its key.
    wanted += [rule.columns[0] for rule in target.unique if len(rule.columns) == 1 and rule.predicate is None]
    found = [target.columns[name] for name in dict.fromkeys(wanted) if name in target.columns]
    if table.id.rule == "keep":
        same = next((column for column in found if _is_like(column, table.id.type)), None)
        if same:
            return replace(table.id, to=same.name, type=IN_SPEC.get(same.base, same.base))
    fresh = next((column for column in found if column.base == "uuid"), None)
    if fresh:
        notes = table.id.notes if table.id.rule == "uuid5" else ()
        return DraftId("uuid5", fresh.name, "uuid", notes)
    key = _key(facts)
    kept = next((column for column in found if key is not None and _holds(column, key)), None)
    if kept is not None:
        words = "the sequence is raised past it" if kept.base in WHOLE else "as it is written"
        return DraftId("keep", kept.name, IN_SPEC.get(kept.base, kept.base), (f"{kept.type} there: kept, {words}",))
    seen = ", ".join(f"{column.name} {column.type}" for column in found) or "no such column"
    note = f"the target has {seen}, which cannot take {'a new uuid' if table.id.rule == 'uuid5' else 'this id'}"
    return replace(table.id, notes=(*table.id.notes, note))


def _is_like(column: TargetColumn, type_: str) -> bool:
    if type_ == "uuid":
        return column.base == "uuid"
    return column.base in WHOLE and not (type_ == "bigint" and column.base == "integer")


def _key(facts: TableFacts) -> ColumnFacts | None:
    key = key_of(facts)
    return facts.columns[key[0]] if len(key) == 1 and key != (ROWID,) else None


def _holds(column: TargetColumn, key: ColumnFacts) -> bool:
    if column.base in TEXTS:
        return key.texts == key.filled and "INT" not in key.declared.upper()
    if column.base not in WHOLE or key.integers != key.filled:
        return False
    return column.base == "bigint" or key.small_integers == key.integers


def without_the_kept_key(table: DraftTable, id_: DraftId, facts: TableFacts) -> DraftTable:
    """The table without what said that its key becomes a new id, where it is kept after all."""
    key = key_of(facts)
    if id_.rule != "keep" or table.id.rule == "keep" or len(key) != 1:
        return table
    columns = tuple(column for column in table.columns if column.source != key[0] or column.references)
    left = tuple(words for words in table.left_out if not words.startswith(f"{key[0]}: becomes the new id"))
    return replace(table, columns=columns, left_out=left)
