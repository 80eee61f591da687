"""What an operator answered: subjects such as `tables.docs.owner`, each with one of the choices that were offered."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from etl_assets.init.table_facts import DatabaseFacts, TableFacts

BRING, LEAVE = "bring", "leave"
Answers = Mapping[str, str]


def owner_subject(table: str) -> str:
    """The subject of whose rows a table holds."""
    return f"tables.{table}.owner"


def stays_subject(table: str) -> str:
    """The subject of a whole table that stays behind."""
    return f"tables.{table}"


def secret_subject(table: str, column: str) -> str:
    """The subject of a column that may hold secrets."""
    return f"tables.{table}.secret.{column}"


def type_subject(table: str, column: str) -> str:
    """The subject of how a column is read."""
    return f"tables.{table}.types.{column}"


USERS_SUBJECT, VERIFIED_SUBJECT = "users.table", "users.verified"


def allowed_by(answers: Answers, facts: DatabaseFacts) -> DatabaseFacts:
    """The facts in which columns that shall arrive count as no secrets."""
    return replace(facts, tables=tuple(_allowed(answers, table) for table in facts.tables))


def _allowed(answers: Answers, table: TableFacts) -> TableFacts:
    columns = {
        name: replace(column, is_allowed=True) if answers.get(secret_subject(table.name, name)) == BRING else column
        for name, column in table.columns.items()
    }
    return replace(table, columns=columns)


def owners_said(answers: Answers, tables: Iterable[TableFacts]) -> dict[str, str]:
    """By table the operator's word for whose its rows are."""
    found = {table.name: answers.get(owner_subject(table.name)) for table in tables}
    return {name: word for name, word in found.items() if word is not None}
