"""Is this target fit to take somebody's history? Asked before anything is written, and again by every load."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NamedTuple

from psycopg import sql

from etl_assets.access.postgres.catalog import regclass
from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statement, Statements, literal
from etl_assets.core.gate.validation import Validation, Values
from etl_assets.core.links.links import Links
from etl_assets.core.users.users import ACCOUNT_COLUMNS, HINDRANCES, email_accounts
from etl_assets.model.validation import Finding
from etl_assets.spec.model import Spec

SQL = Statements(__file__)

TARGET_ASSET = "target"
SERVER, PRIVILEGES = "the_server_can_be_written_to", "the_role_has_its_privileges"
READ_OF_AUTH = {
    "users": tuple(dict.fromkeys((*ACCOUNT_COLUMNS, *HINDRANCES, "is_sso_user", "created_at"))),
    "identities": ("user_id", "provider"),
}
GRANTS = "`etl-assets check --grants ROLE` prints the SQL for a login role of its own."


class Privilege(NamedTuple):
    """One thing that the role must be allowed to do."""

    schema: str
    table: str
    column: str | None
    privilege: str


@dataclass(frozen=True)
class Encryption:
    """How the connection is protected: TLS' version or `none`, and what to do about it, if anything."""

    version: str
    advice: str


def target_validations(spec: Spec) -> list[Validation]:
    """Shown on `target`; the blocking ones are part of the gate."""
    return [*_server(spec), *_privacy(spec), *(_accounts(spec) if spec.owned else [])]


def require_target(connection: Connection, links: Links) -> None:
    """Raises unless every blocking validation of the target holds in this transaction.

    Raises:
        Refused: the first that does not.
    """
    for validation in target_validations(links.spec):
        if validation.blocking:
            validation.require(connection, links)


def examine_target(connection: Connection, links: Links) -> list[tuple[Validation, Finding | None]]:
    """Each validation with its finding, None where something that was found before keeps us from looking.

    Reads only, and needs no schema `etl`; runs inside `reading`.
    """
    found: list[tuple[Validation, Finding | None]] = []
    may_look = True
    for validation in target_validations(links.spec):
        finding = validation.find(connection, links) if may_look else None
        found.append((validation, finding))
        if validation.name in (SERVER, PRIVILEGES) and finding and finding.count:
            may_look = False
    return found


def _rule(
    name: str, title: str, remedy: str, query: str, values: Callable[[Links], Values], *, blocking: bool = True
) -> Validation:
    compose = functools.partial(_plain, query)
    return Validation(
        name, TARGET_ASSET, TARGET_ASSET, title, remedy, compose, blocking=blocking, values=values, names=""
    )


def _plain(query: str, _: Links) -> Statement:
    return SQL(query)


def _server(spec: Spec) -> list[Validation]:
    return [
        _rule(
            SERVER,
            "The server is a PostgreSQL 15 or later in UTF8 that takes writes.",
            "Point TARGET_DATABASE_URL at the project's primary database. Supabase makes a project read-only when its "
            "disk is full: enlarge it first.",
            "count_unfit_server",
            lambda _: {},
        ),
        _rule(
            PRIVILEGES,
            "The role may do everything that the migration does.",
            f"Grant what is named, or use the role `postgres`. {GRANTS}",
            "count_missing_privileges",
            _as_arrays,
        ),
        _rule(
            "row_level_security_hides_nothing",
            "The role sees every row of the tables that it compares.",
            "Rows that are hidden from us would be loaded twice or counted as lost. Use a role that bypasses row level "
            f"security, as Supabase's `postgres` does. {GRANTS}",
            "count_hidden_tables",
            lambda links: {"tables": list(dict.fromkeys([*_relations(links), *_account_tables(spec)]))},
        ),
    ]


def _privacy(spec: Spec) -> list[Validation]:
    owned = [regclass(t.target_schema, t.target_table) for t in spec.tables.values() if not t.owner.is_none]
    tables = [regclass(t.target_schema, t.target_table) for t in spec.tables.values()]
    return [
        _rule(
            "history_is_not_public",
            "No table that takes a user's rows is open to everybody.",
            "With the app's public key anybody could read or change these rows. Enable row level security, with a "
            "policy by which users see their own: ALTER TABLE ... ENABLE ROW LEVEL SECURITY.",
            "count_exposed_tables",
            lambda _: {"tables": owned},
        ),
        _rule(
            "row_level_security_is_on",
            "Every target table has row level security.",
            "Enable it where rows belong to users; a public lookup table may go without.",
            "count_open_tables",
            lambda _: {"tables": tables},
            blocking=False,
        ),
        _rule(
            "schema_etl_is_private",
            "The roles of the Data API cannot reach schema etl.",
            "It holds every legacy address. REVOKE ALL ON ALL TABLES IN SCHEMA etl FROM PUBLIC, anon, authenticated; "
            "REVOKE ALL ON SCHEMA etl FROM PUBLIC, anon, authenticated.",
            "count_reachable",
            lambda _: {},
        ),
        _rule(
            "history_is_not_broadcast",
            "No target table is in the publication of Supabase's Realtime.",
            "Every row that arrives would be sent to whoever listens. Take the tables out for the migration: ALTER "
            "PUBLICATION supabase_realtime DROP TABLE ...",
            "count_published_tables",
            lambda _: {"tables": tables},
            blocking=False,
        ),
    ]


def _accounts(spec: Spec) -> list[Validation]:
    by_profile = spec.accounts.from_ == "profiles"
    profiles = {"profiles": regclass(*spec.accounts.profiles_table)}
    if by_profile:
        return [
            _rule(
                "profile_addresses_are_not_editable",
                "No user can write the address in a profile.",
                "Whoever writes somebody else's address there would get that person's history. REVOKE INSERT (email), "
                "UPDATE (email) ON the profiles FROM authenticated, or claim by `accounts: {from: auth}`.",
                "count_writable_addresses",
                lambda _: profiles,
            )
        ]
    trusting = literal(spec.accounts.trust_autoconfirm)

    def rule(name: str, title: str, remedy: str, query: str, *, blocking: bool) -> Validation:
        def compose(_: Links, accounts: sql.Composed) -> Statement:
            return SQL(query, accounts=accounts, trusting=trusting)

        return Validation(
            name, TARGET_ASSET, TARGET_ASSET, title, remedy, compose, blocking=blocking, reads=email_accounts, names=""
        )

    return [
        rule(
            "addresses_were_proven",
            "Confirmed addresses were confirmed by somebody who opened a mail.",
            "Every e-mail account was confirmed within a second of its sign-up: the project seems to confirm addresses "
            "by itself, and then anybody can sign up with anybody's. Turn *Confirm email* on, and let these users "
            "confirm; or say `accounts: {trust_autoconfirm: true}` in the spec, if you know how they were made.",
            "count_unproven_addresses",
            blocking=True,
        ),
        rule(
            "no_address_was_confirmed_at_once",
            "No e-mail account was confirmed within a second of its sign-up.",
            "An administrator made these accounts, or the project once confirmed addresses by itself. If you do not "
            "know of it, hold their legacy users by a line without an account in the claims file.",
            "count_addresses_confirmed_at_once",
            blocking=False,
        ),
    ]


def _relations(links: Links) -> list[str]:
    found = [regclass(target.schema, target.name) for target in links.targets.values()]
    found += [regclass(rule.schema, rule.table) for target in links.targets.values() for rule in target.foreign]
    return found


def _account_tables(spec: Spec) -> list[str]:
    if not spec.owned:
        return []
    profiles = regclass(*spec.accounts.profiles_table)
    return [profiles] if spec.accounts.from_ == "profiles" else [profiles, regclass("auth", "users")]


def needed_privileges(links: Links) -> list[Privilege]:
    """What the migration does with which table; a privilege on one column where that is enough."""
    spec = links.spec
    needs: list[Privilege] = []
    for target in links.targets.values():
        needs += [Privilege(target.schema, target.name, None, privilege) for privilege in ("SELECT", "INSERT")]
        needs += [Privilege(target.schema, target.name, None, "UPDATE")] if spec.policy.updates else []
        needs += [Privilege(rule.schema, rule.table, None, "SELECT") for rule in target.foreign]
        if spec.policy.joins:  # which `FOR KEY SHARE` asks for, on any column
            needs += [Privilege(rule.schema, rule.table, rule.refers_to[0], "UPDATE") for rule in target.foreign]
    if spec.owned:
        schema, profiles = spec.accounts.profiles_table
        needs.append(Privilege(schema, profiles, None, "SELECT"))
        needs += [Privilege(schema, profiles, spec.balance_column(name), "UPDATE") for name in spec.balances]
        needs += [Privilege(schema, profiles, name, "UPDATE") for name in spec.profile]
        if spec.accounts.from_ == "auth":
            for table, columns in READ_OF_AUTH.items():
                needs += [Privilege("auth", table, column, "SELECT") for column in columns]
    return list(dict.fromkeys(needs))


def _as_arrays(links: Links) -> Values:
    fields = zip(*needed_privileges(links), strict=True)
    return {f"{name}s": list(values) for name, values in zip(Privilege._fields, fields, strict=True)}


def encryption(connection: Connection) -> Encryption:
    """What protects the connection, and the advice where nothing or too little does.

    Supabase accepts connections in the clear, and libpq does not check whom it speaks to unless it is told.
    """
    version = str(SQL("read_connection").one(connection)[0])
    if _is_local(connection):
        return Encryption(version, "")
    mode = connection.info.get_parameters().get("sslmode", "prefer")
    if version == "none":
        return Encryption(version, "The connection is not encrypted. Add ?sslmode=verify-full&sslrootcert=... to it.")
    if mode != "verify-full":
        return Encryption(version, "The server's certificate is not checked. Use sslmode=verify-full and sslrootcert.")
    return Encryption(version, "")


def _is_local(connection: Connection) -> bool:
    host = connection.info.host or ""
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(connection.info.hostaddr or host).is_loopback
    except ValueError:
        return False
