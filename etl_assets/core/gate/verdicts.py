"""What the gate need not ask again: rules about staging that held for everybody's rows, as these are staged now.

A rule that did not hold leaves no verdict: it is asked of everybody in every load until it holds.
"""

from collections.abc import Iterable

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements
from etl_assets.core.gate.validation import Validation

SQL = Statements(__file__)

Asked = tuple[str, str]  # rule, table


def known_verdicts(connection: Connection, mark: str) -> set[Asked]:
    """Rules that held, with the table that each is about."""
    return {(rule, table) for rule, table in SQL("list_verdicts").many(connection, mark=mark)}


def write_verdicts(connection: Connection, asked: Iterable[Validation], *, mark: str) -> None:
    """Remembers rules that have just held; inside `writing`."""
    found = [(validation.name, validation.table) for validation in asked]
    if found:
        rules, tables = (list(names) for names in zip(*found, strict=True))
        SQL("write_verdicts").exec(connection, rules=rules, tables=tables, mark=mark)
