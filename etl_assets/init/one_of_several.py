"""Columns that name a row of one of several tables, whichever the column beside them says: Rails, Laravel, Django."""

import re
import sqlite3
from collections.abc import Sequence

from etl_assets.access.legacy.database import fill, quoted
from etl_assets.init.judging.ownership import key_of
from etl_assets.init.judging.people import MOSTLY
from etl_assets.init.names import is_called_after, singular, snake
from etl_assets.init.table_facts import SeveralFacts, TableFacts

MOST_WORDS = 40
# `target_type` and `target_id`; `entity` and `entity_id`; `ref_table` and `ref_id`.
KIND_TAILS = ("_type", "", "_kind", "_table", "_table_name", "_class", "_model", "_entity", "_name")
DJANGO = "django_content_type"


def one_of_several(
    connection: sqlite3.Connection, table: TableFacts, tables: Sequence[TableFacts]
) -> tuple[SeveralFacts, ...]:
    """The pairs of columns whose words all name tables, and whose ids nearly all are keys of these."""
    spelt = {snake(name): name for name in table.columns}
    found = []
    for name in table.columns:
        if any(key.columns == (name,) for key in table.foreign_keys):
            continue
        stem = re.fullmatch(r"(.+)_(id|uuid|guid|pk|key)", snake(name))
        kinds = [spelt.get(f"{stem[1]}{tail}") for tail in KIND_TAILS] if stem else []
        if snake(name) in ("object_id", "object_pk"):
            kinds.append(spelt.get("content_type_id"))
        several = (_counted(connection, table, name, by, tables) for by in kinds if by is not None and by != name)
        found += [each for each in several if each][:1]
    return tuple(found)


def _counted(
    connection: sqlite3.Connection, table: TableFacts, name: str, by: str, tables: Sequence[TableFacts]
) -> SeveralFacts | None:
    words = _words(connection, table, by)
    meant = {word: parent for word, said in words.items() if (parent := _table_of(said, tables))}
    if not words or len(words) > MOST_WORDS or len(meant) < len(words):
        return None
    values = present = 0
    for word, parent in meant.items():
        query = fill(
            "SELECT count({name}), coalesce(sum({name} IN (SELECT {key} FROM {parent})), 0)"
            " FROM {table} WHERE CAST({by} AS TEXT) = ?",
            name=quoted(name),
            key=quoted(key_of(parent)[0]),
            parent=quoted(parent.name),
            table=quoted(table.name),
            by=quoted(by),
        )
        some, there = connection.execute(query, [word]).fetchone()
        values, present = values + some, present + there
    if present < MOSTLY * values:
        return None
    return SeveralFacts(name, by, {word: parent.name for word, parent in meant.items()}, values, present)


def _words(connection: sqlite3.Connection, table: TableFacts, by: str) -> dict[str, str]:
    """Each word that stands in the column, with what it says; Django's are numbers of a table of their own."""
    distinct = fill(
        "SELECT DISTINCT CAST({by} AS TEXT) FROM {table} WHERE {by} IS NOT NULL LIMIT {most}",
        by=quoted(by),
        table=quoted(table.name),
        most=str(MOST_WORDS + 1),
    )
    words = [word for (word,) in connection.execute(distinct)]
    is_django = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [DJANGO]).fetchone()
    if snake(by) != "content_type_id" or not is_django:
        return {word: word for word in words}
    models = dict(connection.execute("SELECT CAST(id AS TEXT), app_label || '_' || model FROM django_content_type"))
    return {word: models.get(word, word) for word in words}


def _table_of(said: str, tables: Sequence[TableFacts]) -> TableFacts | None:
    """`Post`, `App\\Models\\Post`, `blog_post`: the one table that is called so, where it has one key."""
    bare = snake(re.split(r"[\\.:/]+", said)[-1])
    named = [table for table in tables if bare in (snake(table.name), singular(snake(table.name)))]
    named = named or [table for table in tables if is_called_after(bare, parent=table.name)]
    return named[0] if len(named) == 1 and len(key_of(named[0])) == 1 else None
