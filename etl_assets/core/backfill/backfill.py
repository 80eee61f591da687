"""Values for loaded rows of a column that the spec gained later, on the operator's word, and back again.

In one transaction a table's rows get the values, the ledger the digests over all columns, and the target's memory the
new columns. A row is given its value where nobody can have said anything in its place: nobody has written to it since
it was loaded, or the column is NULL there. Whoever else has been there is left alone, and counted.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, as_the_app, reading, writing
from etl_assets.access.postgres.statements import Statements, identifier, joined, literal, qualified
from etl_assets.core.gate.gate import require_gate
from etl_assets.core.gate.target_rules import require_target
from etl_assets.core.links.binding import Slots
from etl_assets.core.links.links import Links
from etl_assets.core.load.read_back import SHAPE_OF
from etl_assets.core.load.update import casts, changes
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.columns import COLUMNS_OF, as_fact, difference
from etl_assets.core.memory.facts import drop_fact, find_fact, replace_fact
from etl_assets.core.memory.schema import contradictions, declared_facts, exists
from etl_assets.faults import fault_point
from etl_assets.model.errors import Refused, SettingsError, UndoRefused
from etl_assets.spec.model import Spec

SQL = Statements(__file__)

FILLED = "filled columns of "
Filling = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Filled:
    """What became of the loaded rows of one table: given a value, and why others were not.

    `same` had the value already, NULL mostly. `used` are rows where the app has a value of its own, `unready` those of
    which the legacy row cannot be loaded as it is now, waits for another, or is gone; `early` want a parent that is not
    there yet, and `gone` are not in production any more.
    """

    filled: int
    same: int
    used: int
    unready: int
    early: int
    gone: int


def wished(spec: Spec, words: Iterable[str]) -> Filling:
    """The columns per table that `TABLE.COLUMN` names, each a column that the load fills.

    Raises:
        SettingsError: one names none of them.
    """
    found: dict[str, list[str]] = {}
    known = {f"{name}.{column}": (name, column) for name, table in spec.tables.items() for column in table.columns}
    for word in words:
        if word not in known:
            raise SettingsError(f"{word!r} is no TABLE.COLUMN of the spec; say for example {min(known)}")
        name, column = known[word]
        found.setdefault(name, []).append(column)
    return {name: tuple(sorted(set(columns))) for name, columns in found.items()}


def require_the_rest(connection: Connection, spec: Spec, filling: Filling) -> None:
    """Raises unless, but for the columns to be filled, the spec is the one that was loaded with.

    Raises:
        SettingsError: it differs in something else.
    """
    if not exists(connection):
        return
    with reading(connection):
        facts = declared_facts(spec)
        for name in filling:
            fact = f"{COLUMNS_OF}{name}"
            known = find_fact(connection, fact) or facts[fact]
            if difference(known, facts[fact]) == (list(filling[name]), []):
                facts[fact] = known
        wrong = contradictions(connection, facts)
    if wrong:
        raise SettingsError(f"nothing was filled in: {'; '.join(wrong)}")


def fill(connection: Connection, links: Links, filling: Filling, *, run: str) -> dict[str, Filled]:
    """Gives the loaded rows of each table their values; with columns that were filled already, those left over.

    Raises:
        Refused: the gate is closed, or the target changed a row on its way in; nothing was written.
    """
    done = {}
    with writing(connection, run=run):
        links.require_whole()
        require_target(connection, links)
        require_gate(connection, links, users=[])
        for name in [name for name in links.tables if name in filling]:
            done[name] = _fill(connection, links, name, filling[name], run=run)
            replace_fact(connection, f"{COLUMNS_OF}{name}", as_fact(links.columns(name)))
            replace_fact(connection, f"{SHAPE_OF}{name}", links.shape(name))
            _note_filled(connection, name, _filled_before(connection, name) | set(filling[name]))
        told = {name: {"columns": filling[name], "rows": found.filled} for name, found in done.items()}
        audit(connection, run=run, action="filled", tables=told)
        fault_point("backfill.before_commit")
    fault_point("backfill.committed")
    return done


def take_back(connection: Connection, links: Links, filling: Filling, *, run: str) -> dict[str, int]:
    """Gives these columns back what they held before they were filled in; returns how many rows of each table.

    Raises:
        SettingsError: these columns were not filled in together.
        UndoRefused: somebody has written to one of these values since; nothing was taken back.
    """
    done = {}
    with writing(connection, run=run):
        for name, columns in filling.items():
            done[name] = _take_back(connection, links, name, columns)
            replace_fact(connection, f"{COLUMNS_OF}{name}", as_fact(set(links.columns(name)) - set(columns)))
            drop_fact(connection, f"{SHAPE_OF}{name}")
            _note_filled(connection, name, _filled_before(connection, name) - set(columns))
        audit(connection, run=run, action="unfilled", rows=done)
        fault_point("backfill.before_commit")
    return done


def _fill(connection: Connection, links: Links, name: str, columns: tuple[str, ...], *, run: str) -> Filled:
    is_again = find_fact(connection, f"{COLUMNS_OF}{name}") == as_fact(links.columns(name))
    _require_quiet(links, name)
    slots = _slots(links, name, columns, known_before=not is_again)
    query = SQL(
        "fill_columns",
        **slots,
        links=links.rows(name, as_new=True),
        changes=changes(list(columns)),
        # What was filled once is the app's; only what was left over then is given now.
        is_ours=sql.SQL("false") if is_again else sql.SQL("t.xmin = l.xid"),
        has_parents=_has_parents(links, name, columns),
    )
    with as_the_app(connection):
        found = query.record(connection, run=run)
    altered, sample = found.pop("altered"), found.pop("sample")
    if altered:
        raise Refused(
            "rows_arrive_unchanged",
            table=name,
            count=altered,
            sample=sample,
            remedy="The target changed or swallowed these rows while a column was filled in: look at its triggers and "
            "rules. Nothing was kept.",
        )
    widen = SQL("widen_former", **slots, content=_content(links, name, columns))
    widen.exec(connection, run=run)
    return Filled(**found)


def _take_back(connection: Connection, links: Links, name: str, columns: tuple[str, ...]) -> int:
    slots, before = _slots(links, name, columns), [c for c in links.columns(name) if c not in columns]
    others = SQL("list_filled_with", **slots).many(connection)
    if not set(columns) <= _filled_before(connection, name) or others:
        also = f", not without {', '.join(column for (column,) in others)}" if others else ""
        raise SettingsError(f"{', '.join(columns)} of {name} were not filled in by `--backfill`{also}")
    used = [key for (key,) in SQL("list_used", **slots).many(connection)]
    if used:
        raise UndoRefused(
            "Nothing was taken back",
            [(name, key, "were written to since") for key in used],
            remedy="Settle these rows in the new app, or leave the column as it is.",
        )
    query = SQL("empty_columns", **slots, links=links.rows(name, as_new=True), casts=casts(links, name, list(columns)))
    with as_the_app(connection):
        count, altered = query.one(connection)
    if altered:
        what = f"Nothing was taken back: {links.spec.tables[name].target} did not take {altered:,} former values"
        raise UndoRefused(what, remedy="Look at its triggers and rules on UPDATE.")
    SQL("narrow_former", **slots, content=_content(links, name, (), of=before)).exec(connection)
    return int(count)


def _filled_before(connection: Connection, name: str) -> set[str]:
    return set(json.loads(find_fact(connection, f"{FILLED}{name}") or "[]"))


def _note_filled(connection: Connection, name: str, columns: set[str]) -> None:
    replace_fact(connection, f"{FILLED}{name}", as_fact(columns))


def _require_quiet(links: Links, name: str) -> None:
    triggers = links.targets[name].fired(updates=True)
    if triggers and not links.spec.policy.fires(name):
        raise Refused(
            "triggers_are_agreed",
            table=name,
            count=len(triggers),
            sample=triggers,
            names="triggers",
            remedy="They would fire for each row that is filled in. Disable them meanwhile, or say in "
            "`policy.triggers` that they may.",
        )


def _slots(links: Links, name: str, columns: tuple[str, ...], *, known_before: bool = True) -> Slots:
    """Of statements about columns that are filled in: what they hold, and digests without them and with them."""
    rest = [c for c in links.columns(name) if c not in columns]
    before = rest if known_before else links.columns(name)
    cells = {alias: [identifier(alias, c) for c in columns] for alias in ("k", "t")}
    return {
        **links.slots(name),
        "columns": literal(list(columns)),
        "texts": sql.SQL("ARRAY[{}]").format(joined([sql.SQL("{}::text").format(cell) for cell in cells["t"]])),
        "given": sql.SQL("ARRAY[{}]").format(joined([sql.SQL("{}::text").format(cell) for cell in cells["k"]])),
        "is_empty": joined([sql.SQL("{} IS NULL").format(cell) for cell in cells["t"]], by=" AND "),
        "is_same": links.is_equal(name, "k", "t", among=columns),
        "rest": links.digest_of(name, {c: identifier("t", c) for c in rest}),
        "before": links.digest_of(name, {c: identifier("t", c) for c in before}),
        "after": links.digest(name, "t"),
        "staged_before": links.digest_of(name, {c: identifier("k", c) for c in before}),
        "staged": links.digest(name, "k"),
    }


def _content(links: Links, name: str, columns: tuple[str, ...], *, of: Iterable[str] = ()) -> sql.Composed:
    """The digest of an older version of a row, as `etl.former` keeps it, with what these columns hold now.

    It is over all columns, or over those of `of`.
    """
    values: dict[str, sql.Composable] = {}
    for column in of or links.columns(name):
        if column in columns or column == links.spec.tables[name].id.to:
            values[column] = identifier("t", column)
        else:
            values[column] = links.from_text(name, column, sql.SQL("(f.content ->> {})").format(literal(column)))
    return links.digest_of(name, values)


def _has_parents(links: Links, name: str, columns: tuple[str, ...]) -> sql.Composed:
    """A condition: what foreign keys over these columns want is there already."""
    filled = set(links.columns(name))
    conditions: list[sql.Composable] = [sql.SQL("true")]
    for rule in links.targets[name].foreign:
        if set(rule.columns) <= filled and set(rule.columns) & set(columns):
            here = [identifier("k", column) for column in rule.columns]
            there = [identifier("p", column) for column in rule.refers_to]
            slots = {"here": joined(list(here)), "there": joined(list(there))}
            conditions.append(SQL("has_parent", parent=qualified(rule.schema, rule.table), **slots))
    return joined(conditions, by=" AND ")
