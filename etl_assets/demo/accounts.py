"""Demo users sign up, confirm and come back: only ever on the embedded target."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from etl_assets.access.legacy.database import open_read_only
from etl_assets.access.legacy.export import open_export
from etl_assets.demo.target_accounts import Account, add_accounts, confirm_some
from etl_assets.spec.exports import users_export
from etl_assets.spec.model import Users
from etl_assets.transform.users import comparable_users

UNCONFIRMED_EVERY, ABSENT_EVERY = 13, 8


@dataclass(frozen=True)
class LogIns:
    """What the first day of the new app looks like; zeros when it had begun before."""

    confirmed: int = 0
    unconfirmed: int = 0


def legacy_addresses(path: Path, users: Users) -> list[str]:
    """The addresses of a legacy database that an account can have, each once, in the order of the users."""
    with open_read_only(path) as connection:
        reader = open_export(connection, users_export(users))
        frames = (
            [comparable_users(batch, email=users.email, verified=None) for batch in reader.batches()] if reader else []
        )
    return pl.concat(frames)["email_key"].drop_nulls().unique(maintain_order=True).to_list() if frames else []


def first_day(target_url: str, addresses: list[str]) -> LogIns:
    """Lets most of the addresses sign up: some confirmed, some not, some not yet there, one with a twin.

    Does nothing on a target that has accounts already.
    """
    accounts = [
        Account(address, confirmed=number % UNCONFIRMED_EVERY != UNCONFIRMED_EVERY - 1)
        for number, address in enumerate(addresses)
        if number % ABSENT_EVERY != ABSENT_EVERY - 1
    ]
    # One address also signed in through a company's single sign-on, whose domain nobody opted in: it may not claim.
    twins = [Account(address, confirmed=True, sso=True) for address in addresses[1:2]]
    if not add_accounts(target_url, [*accounts, *twins]):
        return LogIns()
    confirmed = sum(account.confirmed for account in accounts)
    return LogIns(confirmed, len(accounts) - confirmed)


def come_back(target_url: str, addresses: list[str], *, count: int) -> int:
    """Lets up to `count` more users confirm, those first who signed up already; returns how many did."""
    return confirm_some(target_url, addresses, count=count)
