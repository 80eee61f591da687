"""What happened to accounts after they had claimed: told to the operator, and never a reason to move a claim."""

from collections.abc import Callable
from typing import TypeVar

from psycopg import sql

from etl_assets.access.postgres.statements import Statements
from etl_assets.core.links.links import Links

SQL = Statements(__file__)

CLAIM_ANEW = "`etl-assets undo --user ID`, then `etl-assets migrate --user ID`"
_V = TypeVar("_V")


def standing_claims(rule: Callable[..., _V]) -> list[_V]:
    """The validations, each made by `rule(name, title, remedy, compose)`; none of them blocks."""

    def of_accounts(file: str) -> Callable[[Links], sql.Composed]:
        return lambda links: SQL(file, accounts=links.holders)

    return [
        rule(
            "claiming_accounts_still_stand",
            "Every account that claimed is there and may still hold what it claimed.",
            "These users are held: nothing more arrives for them until the account may hold it again, such as after a "
            f"ban. Where it is gone or deleted and the user has signed up anew: {CLAIM_ANEW}.",
            of_accounts("count_barred_claims"),
        ),
        rule(
            "accounts_kept_the_claimed_address",
            "Every account still has the address that it claimed by.",
            "Nothing to do: a user may take another address, and the history stays with the account that proved the "
            "claimed one.",
            of_accounts("count_moved_accounts"),
        ),
        rule(
            "claimed_addresses_are_nobody_elses",
            "No other account has an address by which a history was claimed.",
            "The history stays with the account that proved the address first; whoever has it now gets nothing. If "
            f"that one is the legacy user: {CLAIM_ANEW}, with a line in the claims file where the addresses do not "
            "decide.",
            of_accounts("count_retaken_addresses"),
        ),
    ]
