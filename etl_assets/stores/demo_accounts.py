"""Accounts of the demo target."""

from dataclasses import dataclass

from etl_assets.stores.postgres import connect, run_statement
from etl_assets.stores.statements import statement


@dataclass(frozen=True)
class Account:
    """One sign-up."""

    email: str
    confirmed: bool
    sso: bool = False


def run_script(url: str, script: str) -> None:
    """Runs a script of many statements in one transaction; for the demo's schema."""
    with connect(url) as connection, connection.transaction():
        connection.execute(script.encode())


def has_accounts(url: str) -> bool:
    """True when anybody has signed up."""
    with connect(url) as connection:
        return run_statement(connection, statement("demo_find_account")).fetchone() is not None


def add_accounts(url: str, accounts: list[Account]) -> bool:
    """Signs people up, unless the target has accounts already; profiles follow by the app's own trigger."""
    if has_accounts(url):
        return False
    with connect(url) as connection, connection.transaction():
        for sso in (False, True):
            chosen = [account for account in accounts if account.sso is sso]
            values = {"emails": [a.email for a in chosen], "confirmed": [a.confirmed for a in chosen], "sso": sso}
            connection.execute(statement("demo_sign_up"), values)
    return True


def confirm_some(url: str, addresses: list[str], *, count: int) -> int:
    """Confirms up to `count` unconfirmed accounts, then signs up and confirms new ones from `addresses`."""
    with connect(url) as connection, connection.transaction():
        confirmed = connection.execute(statement("demo_confirm"), {"count": count}).rowcount
        known = {email for (email,) in run_statement(connection, statement("demo_list_emails")).fetchall()}
        new = [address for address in addresses if address not in known][: count - confirmed]
        values = {"emails": new, "confirmed": [True] * len(new), "sso": False}
        connection.execute(statement("demo_sign_up"), values)
    return confirmed + len(new)
