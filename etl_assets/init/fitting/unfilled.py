"""What the target has and the legacy app has not: each column that nothing fills, with an expression that would do."""

from etl_assets.init.draft import DraftTable, DraftUnfilled
from etl_assets.init.fitting.words import words_of
from etl_assets.init.names import bare
from etl_assets.model.target import TargetColumn, TargetTable
from etl_assets.spec.model import CREATED_NAMES

# What says nothing and is taken by every column of the type.
NOTHING = {"text": "''", "boolean": "0", "integer": "0", "bigint": "0", "numeric": "0", "double": "0", "real": "0"}
OBJECTS = {"json": "'{}'", "jsonb": "'{}'"}
MADE = frozenset(map(bare, CREATED_NAMES))
MOMENTS = ("timestamptz", "timestamp", "date")


def unfilled(
    table: DraftTable, target: TargetTable, filled: set[str | None], types: dict[str, str]
) -> tuple[DraftUnfilled, ...]:
    """The columns that nothing fills, those first without which no row arrives.

    Args:
        table: the draft, fitted to the target.
        target: the target table.
        filled: the columns that the draft fills.
        types: by column the type of a spec that fills it.
    """
    found = [
        DraftUnfilled(name, types[name], _expression(table, column, target, types[name]), _words(column, types[name]))
        for name, column in target.columns.items()
        if name not in filled and not column.generated
    ]
    return tuple(sorted(found, key=lambda each: not target.columns[each.name].needs_value))


def _words(column: TargetColumn, type_: str) -> str:
    if column.needs_value:
        return "NOT NULL without a default, and nothing fills it"
    if column.has_default and type_ in MOMENTS:
        return "nothing fills it: else the day of migration"
    return "nothing fills it: its default stays" if column.has_default else "nothing fills it: NULL"


def _expression(table: DraftTable, column: TargetColumn, target: TargetTable, type_: str) -> dict[str, str]:
    """`from`, or `expr`, of what could stand there; nothing where only the operator can know."""
    if type_ in MOMENTS:
        # A row that nobody has touched since was last changed when it was made.
        made = [c for c in table.live if c.choice.type in MOMENTS and bare(c.source) in MADE]
        if made:
            return {"from": made[0].source, **{k: v for k, v in made[0].choice.options.items() if k != "round"}}
        return {}
    if not column.needs_value:
        return {}
    words = words_of(column, target)
    nothing = "'" + words[0].replace("'", "''") + "'" if words else {**NOTHING, **OBJECTS}.get(type_)
    return {"expr": nothing} if nothing is not None else {}
