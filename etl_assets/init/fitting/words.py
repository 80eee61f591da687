"""Words and bounds of the target's columns against the legacy ones: a `map`, or another scale, where they differ.

A word is what an enum or a CHECK lists: these alone are read from the legacy database, never free text.
"""

import re
import sqlite3
from dataclasses import dataclass, replace

from etl_assets.access.legacy.database import fill, quoted
from etl_assets.init.asking.answers import Answers
from etl_assets.init.draft import Ask, Choice, DraftColumn, DraftTable
from etl_assets.model.target import TargetColumn, TargetTable
from etl_assets.model.words import counted

MOST_WORDS = 40
LONGEST_WORD = 60
ANY_OF = re.compile(r"^\(*[\w\"]+\)?(?:::[\w ]+)? = ANY \(")
QUOTED = re.compile(r"'((?:[^']|'')*)'::")
UPPER = re.compile(r"<= \(?'?(-?[0-9.]+)")
HUNDRED = 100.0
NUMBERS = ("integer", "bigint", "numeric", "double", "real")
AS_IT_IS, TIMES_100 = "as it is", "x 100"


@dataclass(frozen=True)
class Fitted:
    """A column with its map or scale, and what there is to decide about it."""

    column: DraftColumn
    asks: tuple[Ask, ...] = ()


def scale_subject(table: str, column: str) -> str:
    """The subject of the scale of a column."""
    return f"tables.{table}.scale.{column}"


def with_words(
    connection: sqlite3.Connection, table: DraftTable, target: TargetTable | None, answers: Answers
) -> DraftTable:
    """The table with maps to the words of enums and CHECKs, and with scales where 0 to 1 meets 0 to 100."""
    if target is None:
        return table
    columns, asks = list[DraftColumn](), list[Ask]()
    for column in table.columns:
        found = target.columns.get(column.name)
        if found is None or column.absent or column.references or column.by or column.expr or column.is_expression:
            columns.append(column)
            continue
        words = words_of(found, target)
        fitted = Fitted(column)
        if words and column.choice.type == "text":
            fitted = Fitted(_mapped(connection, table.source, column, words))
        elif column.choice.type in NUMBERS:
            fitted = _scaled(connection, table, column, target, answers)
        columns.append(fitted.column)
        asks += fitted.asks
    return replace(
        table,
        columns=tuple(columns),
        asks=tuple(sorted((*table.asks, *asks), key=lambda ask: ".secret." in ask.subject)),
    )


def words_of(column: TargetColumn, target: TargetTable) -> tuple[str, ...]:
    """The words that a column takes, by its enum or by a CHECK that lists them."""
    if column.labels:
        return column.labels
    for check in target.checks:
        if check.columns == (column.name,) and ANY_OF.match(check.expression):
            return tuple(word.replace("''", "'") for word in QUOTED.findall(check.expression))
    return ()


def _mapped(connection: sqlite3.Connection, source: str, column: DraftColumn, words: tuple[str, ...]) -> DraftColumn:
    query = fill(
        "SELECT CAST({name} AS TEXT), count(*) FROM {table} WHERE {name} IS NOT NULL"
        " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?",
        name=quoted(column.source),
        table=quoted(source),
    )
    rows = connection.execute(query, [MOST_WORDS + 1]).fetchall()
    if len(rows) > MOST_WORDS or any(len(word) > LONGEST_WORD for word, _ in rows):
        return _noted(column, f"takes {', '.join(words)} there, and holds more than {MOST_WORDS} different values")
    same = {_plain(word): word for word in reversed(words)}
    same |= {word: word for word in words}
    found = ((word, same.get(word) or same.get(_plain(word))) for word, _ in rows)
    known = {old: new for old, new in found if new is not None}
    lost = {word: count for word, count in rows if word not in known}
    choice = column.choice
    if any(old != new for old, new in known.items()) or (lost and known):
        choice = replace(choice, options={**choice.options, "map": known})
    if lost:
        misses = sum(lost.values())
        said = ", ".join(f"{word!r} ({counted(count, 'row')})" for word, count in lost.items())
        note = f"to be quarantined, as none of {', '.join(words)}: {said}; say in `map:` what each becomes"
        choice = replace(choice, misses=misses, notes=(*choice.notes, note))
    return replace(column, choice=choice)


def _plain(word: str) -> str:
    """`In Progress`, `in-progress` and `IN_PROGRESS` are one word."""
    return re.sub(r"[^a-z0-9]+", "", word.lower())


def _noted(column: DraftColumn, note: str) -> DraftColumn:
    return replace(column, choice=replace(column.choice, notes=(*column.choice.notes, note)))


def _scaled(
    connection: sqlite3.Connection, table: DraftTable, column: DraftColumn, target: TargetTable, answers: Answers
) -> Fitted:
    """What is a share here and per cent there, by the values of one and the bounds of the other."""
    checks = [check for check in target.checks if check.columns == (column.name,)]
    bounds = {float(found[1]) for check in checks if (found := UPPER.search(check.expression))}
    if bounds != {HUNDRED}:
        return Fitted(column)
    query = fill(
        "SELECT count({name}), min({name}), max({name}), coalesce(sum({name} <> CAST({name} AS INTEGER)), 0)"
        " FROM {table} WHERE typeof({name}) IN ('integer', 'real')",
        name=quoted(column.source),
        table=quoted(table.source),
    )
    values, least, most, parts = connection.execute(query).fetchone()
    if not values or least < 0 or most > 1 or not (parts or most == 1):
        return Fitted(column)
    subject = scale_subject(table.source, column.source)
    evidence = f"{counted(values, 'value')} from {least:g} to {most:g}, {parts:,} no whole number; up to 100 there"
    words = f"{table.source}.{column.source} is a share of 1 here, and per cent on the target. Is it multiplied by 100?"
    if answers.get(subject) == AS_IT_IS:
        return Fitted(column)
    asks = () if subject in answers else (Ask(subject, words, (TIMES_100, AS_IT_IS), (evidence,)),)
    cell = f"{quoted(column.source)} * 100"
    whole = column.choice.type in ("integer", "bigint")
    expr = f"CAST(round({cell}) AS INTEGER)" if whole else f"round({cell}, 6)"
    choice = Choice(column.choice.type, {}, 0, (evidence,), values=values)
    return Fitted(replace(column, expr=expr, choice=choice), asks)
