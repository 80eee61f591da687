"""What `init` prints: a spec, or the tables that fit it, made from a legacy database and, if there is one, a target."""

from dataclasses import replace
from pathlib import Path

from etl_assets.access.legacy.database import open_read_only
from etl_assets.access.postgres.catalog import find_target, read_columns, regclass
from etl_assets.access.postgres.connection import Connection, connect, reading
from etl_assets.init.asking.answers import USERS_SUBJECT, Answers
from etl_assets.init.ddl import ddl_of
from etl_assets.init.draft import Draft, DraftTable
from etl_assets.init.draft_balances import with_balances
from etl_assets.init.draft_yaml import lines_of_questions, yaml_of
from etl_assets.init.fitting.target import fit_to_target, target_names
from etl_assets.init.fitting.words import with_words
from etl_assets.init.introspection import draft_of
from etl_assets.init.other_keys import with_other_keys
from etl_assets.init.profile import read_profile
from etl_assets.init.table_facts import DatabaseFacts
from etl_assets.model.errors import TargetMismatch
from etl_assets.model.target import TargetTable
from etl_assets.spec.model import Table


def draft_spec(legacy: Path, *, target_url: str | None = None, answers: Answers | None = None) -> Draft:
    """The spec that a legacy database suggests, fitted to the tables of a target when its DSN is given.

    Both are only read; of the legacy database nothing but counts is kept. `answers` are what an operator has decided.

    Raises:
        LegacyFileError: the legacy database cannot be read.
        SettingsError, Unavailable: the target cannot be looked at.
    """
    return Drafts(legacy, target_url).with_answers(answers or {})


class Drafts:
    """The drafts of one database, as questions are answered; it is read once for each table that may hold the users."""

    def __init__(self, legacy: Path, target_url: str | None) -> None:
        """Nothing is read yet."""
        self._legacy, self._target_url = legacy, target_url
        self._facts: dict[str | None, DatabaseFacts] = {}

    def with_answers(self, answers: Answers) -> Draft:
        """The draft that these answers lead to."""
        users = answers.get(USERS_SUBJECT)
        if users not in self._facts:
            self._facts[users] = read_profile(self._legacy, users=users)
        facts = self._facts[users]
        draft = draft_of(facts, answers)
        targets, profiles = dict[str, TargetTable | None](), None
        if self._target_url is not None:
            with connect(self._target_url) as connection, reading(connection):
                targets = {table.key: _find(connection, table) for table in draft.tables}
                [profiles] = read_columns(connection, regclass("public", "profiles"))
            draft = fit_to_target(draft, facts, targets)
        with open_read_only(self._legacy) as legacy:
            tables = tuple(with_words(legacy, table, targets.get(table.key), answers) for table in draft.tables)
            draft = with_other_keys(replace(draft, tables=tables), facts)
            return with_balances(draft, facts, profiles, legacy=legacy)


def printed(draft: Draft, *, as_ddl: bool) -> str:
    """The YAML file, or the SQL script."""
    return ddl_of(draft) if as_ddl else yaml_of(draft)


def questions_of(draft: Draft) -> list[str]:
    """The numbered list of what the operator has to decide; empty where there is nothing."""
    if not draft.questions:
        return []
    lines = lines_of_questions(draft, yaml_of(draft))
    asks = enumerate(zip(draft.questions, lines, strict=True), 1)
    found = ["Decide these:"]
    for number, (ask, line) in asks:
        found += [f"{number}. line {line}: {ask.words}", *(f"     {words}" for words in ask.evidence)]
        found.append(f"     Now: {ask.choices[0]}; else {' or '.join(ask.choices[1:])}")
    return found


def _find(connection: Connection, table: DraftTable) -> TargetTable | None:
    for name in target_names(table):
        wanted = Table.model_validate({"name": table.key, "target": f"public.{name}", "owner": "none", "columns": {}})
        try:
            found = find_target(connection, wanted)
        except TargetMismatch:
            continue  # a view of that name takes no rows
        if found is not None:
            return found
    return None
