"""What happened to accounts after they had claimed: told to the operator, and never a reason to move a claim."""

from etl_assets.access.postgres.statements import Statements
from etl_assets.core.gate.validation import RESOLVED_ASSET, Validation

SQL = Statements(__file__)

CLAIM_ANEW = "`etl-assets undo --user ID`, then `etl-assets migrate --user ID`"


def standing_claims() -> list[Validation]:
    """The validations; none of them blocks."""

    def rule(name: str, title: str, remedy: str, query: str) -> Validation:
        return Validation(
            name, RESOLVED_ASSET, RESOLVED_ASSET, title, remedy, lambda links: SQL(query, accounts=links.holders)
        )

    return [
        rule(
            "claiming_accounts_still_stand",
            "Every account that claimed is there and may still hold what it claimed.",
            "These users are held: nothing more arrives for them until the account may hold it again, such as after a "
            f"ban. Where it is gone or deleted and the user has signed up anew: {CLAIM_ANEW}.",
            "count_barred_claims",
        ),
        rule(
            "accounts_kept_the_claimed_address",
            "Every account still has the address that it claimed by.",
            "Nothing to do: a user may take another address, and the history stays with the account that proved the "
            "claimed one.",
            "count_moved_accounts",
        ),
        rule(
            "claimed_addresses_are_nobody_elses",
            "No other account has an address by which a history was claimed.",
            "The history stays with the account that proved the address first; whoever has it now gets nothing. If "
            f"that one is the legacy user: {CLAIM_ANEW}, with a line in the claims file where the addresses do not "
            "decide.",
            "count_retaken_addresses",
        ),
    ]
