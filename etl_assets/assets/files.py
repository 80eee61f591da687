"""The files that rows name: copied wave by wave, before the rows."""

import dagster as dg

from etl_assets.access.postgres.connection import reading
from etl_assets.assets.keys import FILES_GROUP, LOGIN_WAVES, OWNERS, RESOLVED, files_key, staging_key
from etl_assets.assets.outcomes import failures, result
from etl_assets.assets.resources import Access, Stores
from etl_assets.core.files.copy import Copied, Errand, Say, copy_files
from etl_assets.core.files.record import CHANGED, STORED, count_files, missing_users
from etl_assets.core.files.removal import sweep_loose
from etl_assets.core.load.late import late_users
from etl_assets.core.memory.audit import refusals_audited
from etl_assets.core.users.waves import users_of_wave
from etl_assets.model.words import agreed, counted
from etl_assets.spec.model import Spec, Table

CHECK = "every_file_was_there"
TITLE = "Every file that a row names was found and copied."
REMEDY = "Rows whose file is missing are quarantined. Put the files there, then run `migrate` again."
FOLLOW = "With `on_change: update` the next `migrate` copies them again."
STATES = ("stored", "changed", "absent", "file_missing", "path_outside", "path_is_a_list")


def build_files_asset(spec: Spec, table: Table) -> dg.AssetsDefinition:
    """The asset `files/<table>`, partitioned by login wave."""

    @dg.asset(
        key=files_key(table.name),
        deps=[RESOLVED, *(staging_key(name) for name in spec.load_order)],
        partitions_def=LOGIN_WAVES,
        group_name=FILES_GROUP,
        kinds={"s3", "supabase"},
        owners=OWNERS,
        check_specs=[dg.AssetCheckSpec(CHECK, asset=files_key(table.name), description=f"{TITLE} {REMEDY}")],
        description=f"The files that rows of {table.source} name, in the new app's storage. Each is copied before its "
        "row is loaded, under the account that owns the row, and proven byte for byte. Safe to re-run: what is stored "
        "is not copied again; what was missing is looked for once more.",
    )
    def files_asset(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult:
        def progress(files: int, size: int, seconds: float) -> None:
            rate = size / 1e6 / seconds if seconds else 0.0
            context.log.info("%s files, %.1f MB, %.1f MB/s", f"{files:,}", size / 1e6, rate)

        wave, run = context.partition_key, context.run.run_id
        with failures():
            return bring_files(stores, spec, table, wave=wave, run=run, progress=progress)

    return files_asset


def bring_files(
    stores: Access, spec: Spec, table: Table, *, wave: str, run: str, progress: Say
) -> dg.MaterializeResult:
    """Copies the files of a wave's users, and of those who have late rows or a file that was missing."""
    with stores.target() as connection, refusals_audited(connection, run=run):
        links = stores.links(connection, spec)
        if table.name not in links.targets:
            return _told(table.name, Copied(), {})
        late, _ = late_users(connection, links, run=run)
        with reading(connection):
            users = {*users_of_wave(connection, wave), *late, *missing_users(connection, [table.name])}
        errand = Errand(wave, run, stores.artifacts().root / "unfinished", is_dry=stores.is_dry())
        if not errand.is_dry:
            sweep_loose(connection, links, run=run)
        copied = copy_files(connection, links, table.name, errand, users=sorted(users), say=progress)
        with reading(connection):
            found = count_files(connection).get(table.name, {})
    return _told(table.name, copied, found)


def _told(name: str, copied: Copied, found: dict[str, tuple[int, int]]) -> dg.MaterializeResult:
    """What this run copied, and in the check what there is of all waves."""
    rate = round(copied.size / copied.seconds) if copied.seconds else 0
    counts = {state: copied.files.get(state, 0) for state in STATES}
    in_all = {state: found.get(state, (0, 0))[0] for state in STATES}
    lacking = sum(in_all[state] for state in STATES if state not in (STORED, CHANGED))
    size = sum(found.get(state, (0, 0))[1] for state in (STORED, CHANGED))
    told = {"count": lacking, **in_all, "bytes": size, "remedy": REMEDY}
    words = TITLE if not lacking else f"{lacking:,} of {sum(in_all.values()):,} files were not there. {REMEDY}"
    if changed := in_all[CHANGED]:
        words += f" {counted(changed, 'file')} {agreed(changed, 'have')} changed in the old app since. {FOLLOW}"
    passed = not lacking and not changed
    check = result(CHECK, files_key(name), passed=passed, blocking=False, description=words, metadata=told)
    return dg.MaterializeResult(
        asset_key=files_key(name),
        metadata={**counts, "bytes": copied.size, "bytes_per_second": rate},
        check_results=[check],
    )
