"""One user's money: the balance, the transactions, and whether they were held against each other."""

from dataclasses import dataclass

from etl_assets.model.words import counted

HINDRANCES = {
    "no_column": "the spec does not say which column answers to the balance: `against: TABLE.COLUMN`",
    "owned_by_parent": "the transactions have no owner of their own",
    "merged": "two legacy users share the account",
    "unreadable": "the legacy balance cannot be read",
    "no_balance": "the legacy app names no balance",
    "not_arrived": "the history has not arrived",
    "not_noted": "it was applied by a version that did not note the account's own transactions",
}


def gap_words(apart: int, uncompared: int, hindrances: tuple[str, ...]) -> str:
    """`as before`, or whose balance has drifted from the transactions and whose was not compared, and why."""
    drifted = [f"{counted(apart, 'user')} drifted"] if apart else []
    why = "; ".join(HINDRANCES[name] for name in hindrances)
    if "no_column" in hindrances or "owned_by_parent" in hindrances:
        return f"not compared: {why}"
    unknown = [f"{counted(uncompared, 'user')} not compared: {why}"] if uncompared else []
    return ", ".join([*drifted, *unknown]) or "as before"


@dataclass(frozen=True)
class UserBalance:
    """One balance of one legacy user; amounts as text, None where there is none.

    `legacy` is what the legacy app says now, `at_claim` what was applied with the claim, `applied` all that was, last
    at `at`; `bonus` and `now` are what the profile held before and holds now. `arrived` is what the loaded transactions
    came to, `own` what the account has beside them. `difference` is by how much the balance has moved otherwise than
    the transactions since; `hindrance` says why that is not known. `change` is what the legacy app did since.
    """

    balance: str
    legacy_user_id: str
    legacy: str | None = None
    at_claim: str | None = None
    applied: str | None = None
    bonus: str | None = None
    now: str | None = None
    arrived: str | None = None
    own: str | None = None
    difference: str | None = None
    hindrance: str | None = None
    at: str | None = None
    change: str | None = None

    @property
    def compared(self) -> str:
        """`yes`, or why the balance was not compared with the transactions."""
        return f"not compared: {HINDRANCES[self.hindrance]}" if self.hindrance else "yes"

    @property
    def cells(self) -> tuple[str, ...]:
        """The line of a table: see BALANCE_HEADER."""
        amounts = (self.legacy, self.at_claim, self.applied, self.bonus, self.now, self.arrived, self.own)
        return (self.balance, self.legacy_user_id, *(cell or "" for cell in (*amounts, self.difference)), self.compared)


BALANCE_HEADER = (
    "balance",
    "legacy_id",
    "legacy_now",
    "at_the_claim",
    "applied",
    "bonus_before",
    "in_the_new_app",
    "transactions_arrived",
    "app_own",
    "difference",
    "compared",
)
