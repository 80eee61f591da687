"""Legacy users: the address as it will be compared, and whether it can be."""

import polars as pl

from etl_assets.model.suppression import BLANKS
from etl_assets.transform.values.cell import named

# What Supabase Auth can hold as an address, roughly; a stranger address matches no account anyway and is listed.
ADDRESS = r"^[!-?A-~]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$"
UPPER, LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
TRUE_FLAGS = ("1", "t", "true", "y", "yes", "on")
# Many apps keep the time of verification instead of a flag: a day with its time, or an epoch.
VERIFIED_AT = (
    r"^(?:(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[T ][0-2][0-9]:[0-5][0-9].*"
    r"|[1-9][0-9]{8,18}(?:\.[0-9]+)?)$"
)


def folded(email: pl.Expr) -> pl.Expr:
    """The address without ASCII blanks around it and with ASCII case folded, nothing else.

    Unicode lower-casing would turn the Kelvin sign into a `k`, and an attacker's address into a victim's.
    """
    return email.str.strip_chars(BLANKS).str.replace_many(list(UPPER), list(LOWER))


def folded_text(email: str) -> str:
    """One address, folded in the same way."""
    return str(pl.select(folded(pl.lit(email))).item())


def comparable_users(
    users: pl.DataFrame, *, email: str, verified: str | None, created: str = "created_at"
) -> pl.DataFrame:
    """One row per legacy user with what claiming compares.

    Args:
        users: String columns `_key`, the e-mail column, optionally the verified column and that of the sign-up.
        email: the e-mail column's name.
        created: the name of the column that says when a user signed up; it may be absent.
        verified: the verified column's name, or None where the legacy app kept none.

    Returns:
        `legacy_user_id` String, `email` String as it stands, `email_key` String (NULL unless a valid ASCII address),
        `verified` Boolean (a flag, or the time at which the address was verified), `created_value` String as it stands.
    """
    key = folded(named(email))
    flag = _is_verified(named(verified)).fill_null(value=False) if verified else pl.lit(value=True)
    value = named(created) if created in users.columns else pl.lit(None, dtype=pl.String)
    return users.select(
        pl.col("_key").alias("legacy_user_id"),
        named(email).alias("email"),
        pl.when(key.str.contains(ADDRESS)).then(key).alias("email_key"),
        flag.alias("verified"),
        value.alias("created_value"),
    )


def _is_verified(value: pl.Expr) -> pl.Expr:
    return value.str.to_lowercase().is_in(TRUE_FLAGS) | value.str.contains(VERIFIED_AT)
