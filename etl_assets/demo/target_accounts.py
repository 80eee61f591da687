"""Accounts of the demo target."""

from dataclasses import dataclass

from etl_assets.access.postgres.connection import connect
from etl_assets.access.postgres.statements import Statements
from etl_assets.core.memory.schema import exists

SQL = Statements(__file__)


@dataclass(frozen=True)
class Account:
    """One sign-up."""

    email: str
    confirmed: bool
    sso: bool = False


def has_accounts(url: str) -> bool:
    """True when anybody has signed up."""
    with connect(url) as connection:
        return SQL("find_account").first(connection) is not None


def add_accounts(url: str, accounts: list[Account]) -> bool:
    """Signs people up, unless the target has accounts already; profiles follow by the app's own trigger."""
    if has_accounts(url):
        return False
    with connect(url) as connection, connection.transaction():
        for sso in (False, True):
            chosen = [account for account in accounts if account.sso is sso]
            values = {"emails": [a.email for a in chosen], "confirmed": [a.confirmed for a in chosen], "sso": sso}
            SQL("sign_up").exec(connection, **values)
    return True


def confirm_some(url: str, addresses: list[str], *, count: int) -> int:
    """Confirms up to `count` unconfirmed accounts, then signs up and confirms new ones from `addresses`."""
    with connect(url) as connection, connection.transaction():
        confirmed = SQL("confirm").exec(connection, count=count)
        known = {email for (email,) in SQL("list_emails").many(connection)}
        new = [address for address in addresses if address not in known][: count - confirmed]
        values = {"emails": new, "confirmed": [True] * len(new), "sso": False}
        SQL("sign_up").exec(connection, **values)
    return confirmed + len(new)


def find_jobs(url: str) -> list[tuple[str, str]]:
    """A few jobs of one user that have arrived: legacy id and new id."""
    with connect(url) as connection:
        if not exists(connection):
            return []
        return [(legacy_id, new_id) for legacy_id, new_id in SQL("find_jobs").many(connection)]


def edit_job(url: str, new_id: str) -> None:
    """A user of the new app archives a migrated job."""
    with connect(url) as connection:
        SQL("edit_job").exec(connection, id=new_id)
