"""What an operator may have switched off in the target for the migration, and has to switch on again."""

from etl_assets.access.postgres.catalog import regclass
from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements
from etl_assets.model.report import SwitchedOff
from etl_assets.spec.model import Spec

SQL = Statements(__file__)


def find_switched_off(connection: Connection, spec: Spec) -> SwitchedOff:
    """Disabled triggers of the target's tables, and tables that are not in Supabase's Realtime publication.

    Nothing remembers who was told what: `check` writes nothing down, and is obeyed before anything else is run.
    """
    tables = [regclass(table.target_schema, table.target_table) for table in spec.tables.values()]
    if spec.writes_profiles:
        tables.append(regclass(*spec.accounts.profiles_table))
    triggers, unpublished = SQL("find_switched_off").one(connection, tables=tables)
    return SwitchedOff(tuple(triggers), tuple(unpublished))
