"""Who is still missing: the list with which the support team brings people over."""

from collections import Counter

import dagster as dg

from etl_assets.access.postgres.connection import reading
from etl_assets.assets.columns import FILES_COLUMN, WAITING_COLUMNS, column_schema
from etl_assets.assets.keys import OWNERS, USERS_GROUP, VERIFICATION, WAITING, WAITING_LIST, version_of
from etl_assets.assets.outcomes import desk_link, failures, table_value
from etl_assets.assets.resources import Access, Stores
from etl_assets.core.lists.waiting import waiting_lines
from etl_assets.spec.model import Spec


def build_waiting_asset(spec: Spec) -> dg.AssetsDefinition:
    """The asset `waiting_users`."""
    columns = {**WAITING_COLUMNS, **(FILES_COLUMN if spec.with_files else {}), "remedy": ("text", "What to do.")}

    @dg.asset(
        key=WAITING,
        code_version=version_of(spec),
        deps=[VERIFICATION],
        group_name=USERS_GROUP,
        kinds={"csv"},
        owners=OWNERS,
        tags={"pii": "true"},
        metadata=column_schema(columns),
    )
    def waiting_users(stores: Stores) -> dg.MaterializeResult:
        """Every legacy user whose history is not whole in the new app, in a list for the support team.

        One line a user, with the address to invite, why and since when, the rows and the money that wait, and what to
        do. It holds addresses: the file is private, its path is shown here. Safe to re-run: it is replaced whole.
        After a cleanup nothing is staged, and the counts of rows are empty.
        """
        with failures():
            return list_waiting(stores, spec)

    return waiting_users


def list_waiting(stores: Access, spec: Spec) -> dg.MaterializeResult:
    """Writes the list of those who are still missing."""
    listed: Counter[str] = Counter()
    with stores.target() as connection:
        links = stores.links(connection, spec)
        with reading(connection):
            path = stores.artifacts().publish_report(WAITING_LIST, waiting_lines(connection, links, listed))
    return dg.MaterializeResult(
        metadata={
            "users": listed.total(),
            "states": table_value(("state", "users"), sorted(listed.items())),
            "list": dg.MetadataValue.path(path),
            **desk_link("/waiting"),
        }
    )
