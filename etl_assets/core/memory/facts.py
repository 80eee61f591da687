"""Facts that a target remembers: the only writer of `etl.meta`."""

import json
from decimal import Decimal

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements
from etl_assets.spec.shapes import Rounding, rounded_with

SQL = Statements(__file__)

ROUNDED_IN = "rounded in "


def find_fact(connection: Connection, key: str) -> str | None:
    """A fact's value, or None."""
    found = SQL("find_fact").first(connection, key=key)
    return str(found[0]) if found else None


def write_fact(connection: Connection, key: str, value: str) -> None:
    """Writes a fact down once; one that is known stays as it is."""
    SQL("write_fact").exec(connection, key=key, value=value)


def replace_fact(connection: Connection, key: str, value: str) -> None:
    """Writes down a fact that may change."""
    SQL("replace_fact").exec(connection, key=key, value=value)


def drop_fact(connection: Connection, key: str) -> None:
    """Takes back a fact that does not hold any more."""
    SQL("drop_fact").exec(connection, key=key)


def keep_content(connection: Connection, table: str) -> None:
    """Remembers what a table without a key held when its rows were first loaded."""
    SQL("keep_content").exec(connection, table=table)


def refresh_content(connection: Connection, table: str, *, snapshot: str, content: str) -> None:
    """What such a table holds without the people who were forgotten."""
    values = {"table": table, "snapshot": snapshot, "content": content}
    SQL("refresh_content").exec(connection, **values)


def known_facts(connection: Connection) -> dict[str, str]:
    """Everything that is remembered, by its key."""
    return dict(SQL("list_facts").many(connection))


def is_loaded(connection: Connection, table: str | None = None) -> bool:
    """True when a row of the table, or any row, is in the ledger."""
    return bool(SQL("is_loaded").one(connection, table=table)[0])


def count_loaded(connection: Connection, table: str) -> int:
    """How many rows of the table are in the ledger."""
    return int(SQL("count_loaded").one(connection, table=table)[0])


def is_applied(connection: Connection, balance: str) -> bool:
    """True when somebody was given this balance."""
    return bool(SQL("is_applied").one(connection, balance=balance)[0])


def note_last_id(connection: Connection, table: str, last: int) -> None:
    """Remembers the largest id that the legacy app has ever given a row of a table whose ids are kept."""
    replace_fact(connection, f"last id {table}", str(last))


def note_rounded(connection: Connection, table: str, found: dict[str, Rounding], *, anew: bool) -> None:
    """Remembers what was rounded of a table's rows as they were staged: all of them `anew`, or some more."""
    known = {} if anew else rounded_in(connection, table)
    total = rounded_with(known, found)
    if total != known:
        told = {column: [rounding.times, rounding.most] for column, rounding in total.items()}
        replace_fact(connection, f"{ROUNDED_IN}{table}", json.dumps(told))
    elif not total:
        drop_fact(connection, f"{ROUNDED_IN}{table}")


def rounded_in(connection: Connection, table: str) -> dict[str, Rounding]:
    """What was rounded of a table's rows, by column."""
    told = json.loads(find_fact(connection, f"{ROUNDED_IN}{table}") or "{}")
    return {column: Rounding(times, Decimal(most)) for column, (times, most) in told.items()}


def find_last_id(connection: Connection, table: str) -> int:
    """The largest id that the legacy app has ever given; 0 where it is not known."""
    return int(find_fact(connection, f"last id {table}") or 0)
