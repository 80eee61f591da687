"""Legacy users, and the waves in which they claim their accounts."""

import functools

import dagster as dg

from etl_assets.access.files.artifacts import Artifacts
from etl_assets.access.files.snapshots import SnapshotInfo
from etl_assets.access.postgres.connection import reading, writing
from etl_assets.assets.columns import RESOLVED_COLUMNS, USER_MAP_COLUMNS, column_schema
from etl_assets.assets.keys import (
    ACCOUNTS,
    LOGIN_WAVES,
    OUTSIDE_GROUP,
    OWNERS,
    RESOLVED,
    SAMPLE_TAG,
    TARGET,
    USER_MAP,
    USERS_EXPORT,
    USERS_GROUP,
    USERS_TAG,
    is_by_hand,
    staging_key,
    version_of,
)
from etl_assets.assets.outcomes import failures, table_value
from etl_assets.assets.resources import Access, Stores
from etl_assets.core.balances.people import People, are_staged, read_people, stage_people
from etl_assets.core.books.pages import require_books
from etl_assets.core.memory.pause import require_running
from etl_assets.core.memory.staged import made_with
from etl_assets.core.memory.suppressions import require_suppressed
from etl_assets.core.staging.corrections_file import read_corrections
from etl_assets.core.staging.table import Corrected
from etl_assets.core.users.claims_file import read_claims
from etl_assets.core.users.users import count_labels, count_users, seal_wave
from etl_assets.faults import fault_point
from etl_assets.report.picture import as_markdown, progress_svg, user_bar
from etl_assets.spec.model import USERS, Spec, Users


def accounts() -> dg.AssetSpec:
    """The external asset `accounts`: what we read and never make."""
    return dg.AssetSpec(
        ACCOUNTS,
        group_name=OUTSIDE_GROUP,
        kinds={"supabase"},
        description="The accounts that people make in the new app. Nobody's history is claimed before her account is "
        "there and her address confirmed; we only read them.",
    )


def build_user_map_asset(spec: Spec, users: Users) -> dg.AssetsDefinition:
    """The asset `legacy_user_map`."""

    @dg.asset(
        key=USER_MAP,
        deps=[TARGET, USERS_EXPORT, ACCOUNTS],
        code_version=version_of(spec),
        group_name=USERS_GROUP,
        kinds={"postgres"},
        owners=OWNERS,
        tags={"pii": "true"},
        metadata={**column_schema(USER_MAP_COLUMNS), "dagster/table_name": "etl.legacy_user_map"},
    )
    def legacy_user_map(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult:
        """Every legacy user ever seen, and the new account that claimed it, if one has.

        Kept for good: it answers later which legacy id belongs to whom. Safe to re-run: new users are added, the
        addresses of unclaimed ones follow the legacy app, and a claim never changes; where snapshot and files are as
        they were, it is only looked at. The operator's claims file, where there is one, is read here.
        """
        with failures():
            return map_users(stores, spec, users, run=context.run.run_id)

    return legacy_user_map


def map_users(stores: Access, spec: Spec, users: Users, *, run: str) -> dg.MaterializeResult:
    """Brings the map to what snapshot and claims file say."""
    with stores.target() as connection:
        artifacts, claims = stores.artifacts(), read_claims(stores.settings().claims_path)
        snapshot, file = artifacts.current_snapshot(), read_corrections(stores.settings().corrections_path, spec)
        made = made_with(file.sha256, snapshot.suppressed, claims.sha256)
        people = _people(artifacts, snapshot, Corrected(file.of(USERS), file.sha256), made=made)
        with reading(connection):
            require_running(connection)
            require_suppressed(connection, snapshot.suppressed)
            total = count_users(connection) if are_staged(connection, spec, people) else None
        if total is None:
            brought = read_people(connection, spec, people)
            with writing(connection, run=run):
                require_suppressed(connection, snapshot.suppressed)
                total = stage_people(connection, spec, users, brought, claims=claims, run=run)
            fault_point("users.committed")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": total,
            "snapshot": people.snapshot,
            "claims_by_operator": len(claims.all) - claims.holds,
            "holds_by_operator": claims.holds,
        }
    )


def _people(artifacts: Artifacts, snapshot: SnapshotInfo, laid: Corrected, *, made: str) -> People:
    manifest = artifacts.manifest("users")
    count = snapshot.rows["users"] - snapshot.forgotten_users
    read = functools.partial(artifacts.verified_batches, manifest)
    return People(read, manifest.columns, manifest.usual, manifest.snapshot, count, laid, manifest.sha256, made)


def build_resolved_asset(spec: Spec) -> dg.AssetsDefinition:
    """The asset `resolved_users`, partitioned by login wave."""

    @dg.asset(
        key=RESOLVED,
        deps=[USER_MAP, ACCOUNTS, *(staging_key(name) for name in spec.load_order)],
        code_version=version_of(spec),
        partitions_def=LOGIN_WAVES,
        group_name=USERS_GROUP,
        kinds={"postgres", "supabase"},
        owners=OWNERS,
        metadata={**column_schema(RESOLVED_COLUMNS), "dagster/table_name": "etl.legacy_user_map"},
    )
    def resolved_users(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult:
        """The legacy users who claimed their accounts in this login wave.

        The first run seals the wave: it takes every user whose confirmed account is there at that moment. Safe to
        re-run: the same users, and no others; whoever comes later goes to the next wave. A wave that was undone claims
        its users anew when it is run by hand.
        """
        with failures():
            sealed = resolve(stores, spec, wave=context.partition_key, run=context.run)
        context.instance.add_run_tags(context.run.run_id, {USERS_TAG: str((sealed.metadata or {})["users"])})
        return sealed

    return resolved_users


def resolve(stores: Access, spec: Spec, *, wave: str, run: dg.DagsterRun) -> dg.MaterializeResult:
    """Seals a wave, or finds it sealed."""
    with stores.target() as connection:
        links = stores.links(connection, spec)
        with writing(connection, run=run.run_id):
            require_running(connection)
            require_books(connection, links, run=run.run_id)
            by_hand, sample = is_by_hand(run), run.tags.get(SAMPLE_TAG)
            sealed = seal_wave(connection, links, key=wave, run=run.run_id, by_hand=by_hand, sample=sample)
        fault_point("resolve.committed")
        with reading(connection):
            states = count_labels(connection)
    return dg.MaterializeResult(
        metadata={
            "progress": dg.MetadataValue.md(as_markdown(progress_svg([user_bar(states)]))),
            "users": sealed.users,
            "dagster/partition_row_count": sealed.users,
            "sealed_now": sealed.is_new,
            "resolved_in_all": states.get("resolved", 0),
            "waiting_users": states.get("waiting", 0),
            "states": table_value(("state", "users"), sorted(states.items())),
        }
    )
