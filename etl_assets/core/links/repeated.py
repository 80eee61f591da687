"""Keys that were one row's, until the legacy app gave them to a second: fragments that find them."""

from etl_assets.access.postgres.statements import Statement, Statements, literal, staging_table

SQL = Statements(__file__)


def repeated_keys(table: str) -> Statement:
    """A subquery of a staged table's `legacy_id`s that several rows of the snapshot share."""
    return SQL("repeated_keys", table=literal(table), staging=staging_table(table))


def repeated_users() -> Statement:
    """A subquery of the `legacy_user_id`s that several users of the snapshot share."""
    return SQL("repeated_users")


def why_another() -> Statement:
    """An expression over a line of `etl.legacy_user_map`, `m`: why what is new under its id waits."""
    return SQL("why_another", repeated=repeated_users())
