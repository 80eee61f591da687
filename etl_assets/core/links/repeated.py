"""Keys that were one row's, until the legacy app gave them to a second: fragments that find them."""

from psycopg import sql

from etl_assets.access.postgres.statements import literal, staging_table, statement


def repeated_keys(table: str) -> sql.Composed:
    """A subquery of a staged table's `legacy_id`s that several rows of the snapshot share."""
    return statement("repeated_keys", table=literal(table), staging=staging_table(table))


def repeated_users() -> sql.Composed:
    """A subquery of the `legacy_user_id`s that several users of the snapshot share."""
    return statement("repeated_users")


def why_another() -> sql.Composed:
    """An expression over a line of `etl.legacy_user_map`, `m`: why what is new under its id waits."""
    return statement("why_another", repeated=repeated_users())
