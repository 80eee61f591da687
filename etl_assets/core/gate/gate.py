"""The gate: every validation that can stop a load, asked again inside the transaction that writes."""

from collections.abc import Iterator

from etl_assets.access.postgres.connection import Connection
from etl_assets.core.books.pages import mark_of
from etl_assets.core.gate.table_rules import staging_validations
from etl_assets.core.gate.user_rules import resolve_validations, user_validations
from etl_assets.core.gate.validation import RESOLVED_ASSET, STAGING, TARGET_ROWS, USERS_ASSET, Validation
from etl_assets.core.gate.verdicts import known_verdicts, write_verdicts
from etl_assets.core.links.links import Links
from etl_assets.spec.model import Spec


def all_validations(spec: Spec) -> list[Validation]:
    """Every validation of a spec, in the order in which an operator meets them."""
    found = [validation for name in spec.load_order for validation in staging_validations(spec, name)]
    return found if spec.users is None else [*found, *user_validations(spec), *resolve_validations(spec)]


def gate(links: Links) -> Iterator[Validation]:
    """The blocking validations of the tables that the target has: what the load runs before its first insert."""
    known = {*links.tables, USERS_ASSET, RESOLVED_ASSET}
    return (rule for rule in all_validations(links.spec) if rule.blocking and rule.table in known)


def require_gate(
    connection: Connection, links: Links, *, users: list[str] | None = None, is_refused: bool = False
) -> None:
    """Raises unless every blocking validation holds in this transaction; with `users` it writes only their rows.

    A Dagster check stops only its own run (dagster 1.13, a blocking check and a later run); this holds in any run.
    What a rule says of everybody's staged rows is asked once, and remembered where it holds. What an index of the
    target holds anyway is asked for some `users` only after it has refused.

    Raises:
        Refused: the first that does not.
    """
    links = links.for_users(connection, users) if users else links
    mark = mark_of(connection, links)
    known, fresh = known_verdicts(connection, mark), []
    for validation in gate(links):
        is_known = (validation.name, validation.table) in known
        if validation.asks == STAGING and is_known:
            continue
        if validation.asks in (STAGING, TARGET_ROWS) and not is_known:
            validation.require(connection, links)
            fresh.append(validation)
        elif users is None or is_refused or not validation.is_held(links):
            validation.require(connection, links, users=users)
    if not connection.read_only:
        write_verdicts(connection, fresh, mark=mark)
