"""What Postgres refuses, in our words: never with its DETAIL, which holds the customer's values."""

import psycopg

from etl_assets.model.errors import EtlError, Unavailable

TRANSIENT_STATES = ("08", "40", "53", "57P")
LOCKED = "55P03"
CUT_OFF = ("57014", "25P04")
_CUT_OFF = (
    "It was cut off, by somebody or by a time limit: statement_timeout and transaction_timeout of this role and "
    "database count until our first statement of a transaction. Raise them where they are a few milliseconds, and run "
    "again"
)
REMEDIES = {
    **dict.fromkeys(CUT_OFF, _CUT_OFF),
    "42501": "`etl-assets check` names what this role lacks",
    "25006": "The target takes no writes: it is a standby, or default_transaction_read_only is on, as Supabase sets it "
    "when a project's disk is full. Enlarge it, or set it off for this role and database, then run again",
}
LOCKED_TOO_LONG = (
    "Another session holds what has to be written locked, and kept it (LockNotAvailable 55P03). Look for it in "
    "pg_stat_activity (idle in transaction) and in pg_prepared_xacts, end it, and run again."
)


class DatabaseFault(EtlError):
    """Postgres refused a statement; says which rule, never the row: its DETAIL holds the customer's values."""

    def __init__(self, error: psycopg.Error) -> None:
        """Keeps what names the rule: the class, the SQLSTATE, and table, column and constraint."""
        diag = error.diag
        names = [
            f"{what} {name}"
            for what, name in (
                ("table", diag.table_name),
                ("column", diag.column_name),
                ("constraint", diag.constraint_name),
            )
            if name
        ]
        self.sqlstate = error.sqlstate or ""
        remedy = ""
        if self.sqlstate in REMEDIES:
            self.exit_code = 3 if self.sqlstate in CUT_OFF else 2
            remedy = f". {REMEDIES[self.sqlstate]}"
        # A constraint is broken, a value does not fit its column, or a trigger of the app raises.
        self.is_about_rows = self.sqlstate.startswith(("22", "23")) or self.sqlstate == "P0001"
        self.rule = diag.constraint_name or diag.column_name or f"{type(error).__name__} ({self.sqlstate})"
        at = f" on {', '.join(names)}" if names else ""
        # Syntax and privilege messages name objects; those of class 22 and 23 quote values.
        said = f": {diag.message_primary}" if self.sqlstate.startswith("42") and diag.message_primary else ""
        super().__init__(f"Postgres refused: {type(error).__name__} ({self.sqlstate}){at}{said}{remedy}")


def translated(error: psycopg.Error) -> EtlError:
    """Our error for the driver's: transient ones ask for a retry, the others are final."""
    state = error.sqlstate or ""
    if state == LOCKED:
        return Unavailable(LOCKED_TOO_LONG)
    if isinstance(error, psycopg.OperationalError) and (not state or state.startswith(TRANSIENT_STATES)):
        return Unavailable(
            f"The target database cannot be used now ({type(error).__name__} {state}).".replace(" )", ")")
        )
    return Unavailable(f"Another transaction was in the way ({state}).") if state[:2] == "40" else DatabaseFault(error)
