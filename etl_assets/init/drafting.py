"""What `init` prints: a spec, or the tables that fit it, made from a legacy database and, if there is one, a target."""

from pathlib import Path

from etl_assets.access.postgres.catalog import find_target, read_columns, regclass
from etl_assets.access.postgres.connection import Connection, connect, reading
from etl_assets.init.ddl import ddl_of
from etl_assets.init.draft import Draft, DraftTable
from etl_assets.init.draft_balances import with_balances
from etl_assets.init.draft_target import fit_to_target, target_names
from etl_assets.init.draft_yaml import yaml_of
from etl_assets.init.introspection import draft_of
from etl_assets.init.other_keys import with_other_keys
from etl_assets.init.profile import read_profile
from etl_assets.model.errors import TargetMismatch
from etl_assets.model.target import TargetTable
from etl_assets.spec.model import Table


def draft_spec(legacy: Path, *, target_url: str | None = None) -> Draft:
    """The spec that a legacy database suggests, fitted to the tables of a target when its DSN is given.

    Both are only read; of the legacy database nothing but counts is kept.

    Raises:
        LegacyFileError: the legacy database cannot be read.
        SettingsError, Unavailable: the target cannot be looked at.
    """
    facts = read_profile(legacy)
    draft = draft_of(facts)
    if target_url is None:
        return with_balances(with_other_keys(draft, facts), facts)
    with connect(target_url) as connection, reading(connection):
        targets = {table.key: _find(connection, table) for table in draft.tables}
        [profiles] = read_columns(connection, regclass("public", "profiles"))
    return with_balances(with_other_keys(fit_to_target(draft, facts, targets), facts), facts, profiles)


def printed(draft: Draft, *, as_ddl: bool) -> str:
    """The YAML file, or the SQL script."""
    return ddl_of(draft) if as_ddl else yaml_of(draft)


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
