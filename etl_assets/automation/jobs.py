"""The buttons, and the jobs that the sensors run."""

from collections.abc import Callable
from typing import Any

import dagster as dg
from pydantic import Field

from etl_assets.access.postgres.connection import reading
from etl_assets.assets.keys import (
    CLEANUP,
    CLOSING,
    COMMAND_TAG,
    LOAD_WAVE,
    LOGIN_WAVES,
    MIGRATE,
    NEW_WAVE,
    RECONCILIATION,
    RESOLVED,
    RESTAGE,
    SNAPSHOT,
    TARGET,
    USER_MAP,
    VERIFY,
    WAITING,
    export_key,
    files_key,
    production_key,
    staging_key,
)
from etl_assets.assets.outcomes import failures
from etl_assets.assets.resources import Access, Stores
from etl_assets.automation.backfill import RunMigrate, build_backfill_job
from etl_assets.automation.decisions import build_freeze_job, build_pause_jobs, build_undo_job
from etl_assets.automation.housekeeping import build_housekeeping_job
from etl_assets.automation.instance import wave_to_open
from etl_assets.automation.launchpad import CONFIRM, missing_word
from etl_assets.automation.people import RunWave, build_bring_back_job, build_person_jobs
from etl_assets.core.cutover.cleanup import drop_staging, require_droppable
from etl_assets.core.load.due import read_standing
from etl_assets.core.memory.staged import snapshots_by_table
from etl_assets.model.errors import WaveHindered
from etl_assets.model.words import counted
from etl_assets.spec.exports import exports_of
from etl_assets.spec.model import Spec

RunVerify = Callable[[dg.DagsterInstance], int]


def build_jobs(spec: Spec, run_wave: RunWave, run_verify: RunVerify, run_migrate: RunMigrate) -> list[Any]:
    """All jobs of a spec.

    `run_wave`, `run_verify` and `run_migrate` run `load_wave` for a key, `verify`, and `migrate` without assets, in
    this process, and return the exit code.
    """
    wave_keys = [
        RESOLVED,
        *map(files_key, spec.with_files),
        *(production_key(name) for name in spec.owned),
        RECONCILIATION,
    ]
    by_wave = dg.AssetSelection.assets(*wave_keys)
    books = dg.AssetSelection.assets(*(key for key in CLOSING if spec.users or key != WAITING))
    jobs: list[Any] = [
        dg.define_asset_job(
            MIGRATE,
            selection=dg.AssetSelection.all() - by_wave if spec.owned else dg.AssetSelection.all(),
            description="Start here. Reads the legacy database into staging, fills the user map, loads lookup tables "
            "and closes the books. From then on the sensor `new_logins` opens a wave whenever users have come back.",
        ),
        dg.define_asset_job(
            RESTAGE,
            selection=_to_staging(spec) | books,
            description="From a new snapshot to staging and the books. The sensor `legacy_changes` runs it when the "
            "legacy file has changed; rows of users who have moved already arrive with the next wave.",
        ),
        dg.define_asset_job(
            VERIFY,
            selection=books,
            description="Reads everything back, closes the books, writes the report and the list of waiting users.",
        ),
        _build_cleanup(spec),
        build_freeze_job(spec, run_verify),
        build_backfill_job(spec, run_migrate),
        *build_pause_jobs(),
        build_housekeeping_job(spec),
        *(build_person_jobs(spec) if spec.users else []),
    ]
    if spec.owned:
        wave = by_wave | books
        words = "Claims and loads one login wave, then closes the books. The sensor `new_logins` runs it; to open a "
        words += "wave by hand, run `new_wave`, which needs no partition."
        jobs += [dg.define_asset_job(LOAD_WAVE, selection=wave, description=words), _build_new_wave(spec, run_wave)]
        jobs += [build_undo_job(spec, run_verify), build_bring_back_job(spec, run_wave)]
    return jobs


def _to_staging(spec: Spec) -> dg.AssetSelection:
    keys = [
        TARGET,
        SNAPSHOT,
        *(export_key(name) for name in exports_of(spec)),
        *(staging_key(name) for name in spec.tables),
    ]
    keys += [production_key(name) for name in spec.unowned]
    return dg.AssetSelection.assets(*keys, *([USER_MAP] if spec.users else []))


def _build_new_wave(spec: Spec, run_wave: RunWave) -> dg.JobDefinition:
    @dg.op(
        name="open_wave",
        description="Finishes waves that broke off, then opens one for everybody who can be claimed now, if there is "
        "anybody. The waves are runs of their own, of the job `load_wave`. Safe to run at any time.",
    )
    def open_wave(context: dg.OpExecutionContext, stores: Stores) -> None:
        with failures(), stores.target() as connection, reading(connection):
            standing = read_standing(connection, spec, search=True)
            if standing.hindrance:
                raise WaveHindered(standing.hindrance)
        name = str(LOGIN_WAVES.name)
        keys = list(standing.unfinished)
        if standing.is_due:
            keys.append(wave_to_open(context.instance, standing))
        if not keys:
            context.log.info("Nobody new has logged in, and no row is late: no wave was opened.")
        for key in keys:
            context.instance.add_dynamic_partitions(name, [key])
            context.log.info("Wave %s: see its own run of the job %s.", key, LOAD_WAVE)
            if run_wave(context.instance, key, {COMMAND_TAG: NEW_WAVE}):
                raise dg.Failure(
                    f"Wave {key} did not come to its end. Its own run of `{LOAD_WAVE}` says why; settle that, then "
                    f"run `{NEW_WAVE}` again.",
                    allow_retries=False,
                )

    @dg.job(
        name=NEW_WAVE,
        description="Opens a login wave now, for everybody who has come back, and loads it to the books. No partition "
        "is chosen: the wave's key is the time.",
    )
    def new_wave() -> None:
        open_wave()

    return new_wave


def clean_up(stores: Access, spec: Spec, *, run: str) -> str:
    """Drops staging and old snapshots, for the job and for the command; says how many.

    Raises:
        BooksOpen, CleanupRefused: something is still needed; nothing was dropped.
    """
    with stores.target() as connection:
        links = stores.links(connection, spec)
        links.require_whole()
        tables = drop_staging(connection, links, run=run)
        snapshots = stores.artifacts().drop_snapshots(keep=1)
    return f"Dropped {len(tables):,} staging tables and {len(snapshots):,} old snapshots."


class CleanupConfig(dg.Config):
    """Nothing, the first time."""

    confirm: str = Field(default="", description=CONFIRM)


def _build_cleanup(spec: Spec) -> dg.JobDefinition:
    @dg.op(
        name="drop_staging_tables",
        description="Drops the staging tables and all snapshots but the newest. Refuses while the books are open. The "
        "first run says what would be dropped, and the word with which a second one does it.",
    )
    def drop_staging_tables(context: dg.OpExecutionContext, config: CleanupConfig, stores: Stores) -> None:
        with failures():
            if not _is_confirmed(context, stores, spec, config.confirm):
                return
            context.log.info(clean_up(stores, spec, run=context.run_id))

    @dg.job(
        name=CLEANUP,
        description="After sign-off: drops the staging tables and old snapshots (they hold password hashes). A first "
        "run says which, and the word with which a second one does it. Keeps the user map, the ledger, the "
        "quarantine and the audit trail. Refuses while the books are open. Users who log in later need the job "
        "`migrate` again.",
    )
    def cleanup() -> None:
        drop_staging_tables()

    return cleanup


def _is_confirmed(context: dg.OpExecutionContext, stores: Stores, spec: Spec, given: str) -> bool:
    with stores.target() as connection, reading(connection):
        links = stores.links(connection, spec)
        links.require_whole()
        tables, _ = require_droppable(connection, links)
        staged = sorted(snapshots_by_table(connection).items())
    word = missing_word(given, *staged, of="what is staged now")
    if word:
        context.log.info(
            "Would drop %s (%s). Nothing was done. To do it, run again with `ops: {drop_staging_tables: {config: "
            "{confirm: %s}}}`.",
            counted(len(tables), "staging table"),
            ", ".join(tables) or "none",
            word,
        )
    return not word
