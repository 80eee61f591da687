"""What an operator decides: to take a wave or a user out again, to pause, and that the legacy app is at its end."""

from collections.abc import Callable
from itertools import product

import dagster as dg
from pydantic import Field

from etl_assets.access.legacy.source import legacy_mark
from etl_assets.access.postgres.connection import reading
from etl_assets.assets.keys import FREEZE, PAUSE, RESUME, UNDO, VERIFY, production_key
from etl_assets.assets.outcomes import failures
from etl_assets.assets.resources import Access, Stores
from etl_assets.automation.launchpad import LegacyId
from etl_assets.core.cutover.freeze import freeze, lift
from etl_assets.core.cutover.switched_off import find_switched_off
from etl_assets.core.files.removal import sweep_files
from etl_assets.core.memory.audit import refusals_audited
from etl_assets.core.memory.pause import pause, resume
from etl_assets.core.undo.undo import Undone, left_of_waves, undo_user, undo_wave
from etl_assets.model.errors import SettingsError, UndoRefused
from etl_assets.model.report import Freeze
from etl_assets.model.words import agreed, counted, said
from etl_assets.report.points import reminders
from etl_assets.spec.model import Spec

LISTED = 200
RunVerify = Callable[[dg.DagsterInstance], int]


class UndoConfig(dg.Config):
    """Which wave, or which legacy user: one of the two. `in_use: true` also takes rows that somebody has written to."""

    wave: str = Field(
        default="", description="The login wave's key, as the partitions and `status` name it; or `last`."
    )
    user: LegacyId = Field(default="", description="The legacy users table's own id; a number needs no quotes.")
    in_use: bool = Field(
        default=False, description="Also take rows that somebody has written to; what they held is kept."
    )


class PauseConfig(dg.Config):
    """`why` is said wherever the pause is."""

    why: str = Field(default="", description="In a few words; nothing personal belongs here.")


class FreezeConfig(dg.Config):
    """`lift: true` takes a freeze back."""

    lift: bool = Field(default=False, description="Take the freeze back, instead of freezing.")


def undo(stores: Access, spec: Spec, *, wave: str, user: str, run: str, in_use: bool = False) -> Undone:
    """Takes a wave or a user out of production, for the job and for the command.

    Raises:
        SettingsError: neither or both were named, or there is no such thing.
        UndoRefused: a row is in use by now; nothing was taken out.
    """
    if bool(wave) == bool(user):
        raise SettingsError("undo takes one wave or one user: say which")
    with stores.target() as connection, refusals_audited(connection, run=run):
        links = stores.links(connection, spec)
        if wave:
            done = undo_wave(connection, links, wave=wave, run=run, in_use=in_use)
        else:
            done = undo_user(connection, links, user=user, run=run, in_use=in_use)
        swept = sweep_files(connection, links, run=run)
        done.files, done.kept_files = swept.removed, len(swept.kept)
        return done


def tell_partitions(instance: dg.DagsterInstance, stores: Access, spec: Spec, done: Undone) -> None:
    """Says at each production partition of which something was taken out how many rows of it are left.

    A partition that is materialized cannot be wiped: Dagster's SQL storage has no way (dagster 1.13.27).
    """
    with stores.target() as connection, reading(connection):
        left = left_of_waves(connection, done.waves)
    for wave, table in product(done.waves, spec.owned):
        count = left.get((wave, table), 0)
        left_over = f"{counted(count, 'row')} of this wave {agreed(count, 'are')} left"
        words = f"Taken out by `{UNDO}`: {left_over}. Run the wave again to bring the others back."
        # The partition's page shows what is among the metadata, and no description (dagster 1.13.27).
        told: dict[str, str | int] = {"taken_out": words, "rows_loaded": count, "dagster/partition_row_count": count}
        instance.report_runless_asset_event(
            dg.AssetMaterialization(production_key(table), partition=wave, description=words, metadata=told)
        )


def summary(done: Undone) -> list[str]:
    """What an undo did, in lines."""
    lines = [f"{said(done.users, 'user', 'are held')}. Nothing more arrives for them until you run them again."]
    for words, counts in (
        ("removed from production", done.removed),
        ("among them in use; what they held is in etl.taken_out", done.kept),
        ("given back their former values", done.restored),
        ("of balances taken back", done.balances),
        ("of profiles given back their former values", done.profile),
        ("had been removed by their users before, and never come back", done.gone),
        ("had gone with their account, and come back when the user is run again", done.lost),
    ):
        found = ", ".join(f"{table} {count:,}" for table, count in counts.items() if count)
        if found:
            lines.append(f"Rows {words}: {found}.")
    if done.files:
        lines.append(f"{said(done.files, 'file', 'were removed')} from the new app's storage.")
    if done.kept_files:
        lines.append(f"{said(done.kept_files, 'file', 'were changed')} there since, and stay.")
    return lines


def refused_lines(refusal: UndoRefused) -> list[str]:
    """The rows that hinder an undo, one a line, as many as fit a screen or two."""
    lines = [
        f"  {table} {legacy_id}: {hindrance.removeprefix('were ').removeprefix('are ')}"
        for table, legacy_id, hindrance in refusal.rows
    ]
    more = len(lines) - LISTED
    return [*lines[:LISTED], *([f"  and {more:,} more"] if more > 0 else [])]


def freeze_now(stores: Access, spec: Spec, *, run: str) -> Freeze:
    """Makes the last snapshot the one that counts, for the job and for the command."""
    info, mark = stores.artifacts().current_snapshot(), legacy_mark(stores.settings())
    with stores.target() as connection:
        return freeze(connection, spec, info=info, mark=mark, run=run)


def to_switch_on(stores: Access, spec: Spec) -> list[str]:
    """What the operator may have switched off for the migration, a sentence each, for whoever ends it."""
    with stores.target() as connection, reading(connection):
        off = find_switched_off(connection, spec)
    return [f"{point.title} {point.remedy}" for point in reminders(off, is_over=True)]


def lift_freeze(stores: Access, *, run: str) -> bool:
    """Takes the freeze back; returns whether there was one."""
    with stores.target() as connection:
        return lift(connection, run=run)


def pause_now(stores: Access, why: str, *, run: str) -> str:
    """Lets nothing more begin, for the job and for the command; the sentence about it."""
    with stores.target() as connection:
        return str(pause(connection, why, run=run))


def resume_now(stores: Access, *, run: str) -> str:
    """Takes the pause back, for the job and for the command; the sentence about it."""
    with stores.target() as connection:
        was = resume(connection, run=run)
    if not was:
        return "There was no pause."
    return "Resumed: waves open again by themselves, or with `etl-assets migrate` or the job `new_wave`."


def build_pause_jobs() -> list[dg.JobDefinition]:
    """The jobs `pause` and `resume`."""

    @dg.op(description="Notes on the target that nothing is to be staged, claimed or loaded.")
    def pause_migration(context: dg.OpExecutionContext, config: PauseConfig, stores: Stores) -> None:
        with failures():
            context.log.info(pause_now(stores, config.why, run=context.run_id))

    @dg.op(description="Takes that note back.")
    def resume_migration(context: dg.OpExecutionContext, stores: Stores) -> None:
        with failures():
            context.log.info(resume_now(stores, run=context.run_id))

    @dg.job(
        name=PAUSE,
        description="Lets nothing more begin: no staging, no claim, no load, until the job `resume`. A run that is "
        "writing ends its transaction and stops there, with whole users. Safe to run at any time.",
    )
    def pause_job() -> None:
        pause_migration()

    @dg.job(
        name=RESUME,
        description="Takes a pause back: waves open again by themselves, and one that stopped is finished first.",
    )
    def resume_job() -> None:
        resume_migration()

    return [pause_job, resume_job]


def build_undo_job(spec: Spec, run_verify: RunVerify) -> dg.JobDefinition:
    """The job `undo`."""

    @dg.op(
        name="take_out",
        description="Takes one wave, or one user, out of production: exactly what the ledger says, in one transaction. "
        "Refuses, with the list, where rows were changed since or others refer to them.",
    )
    def take_out(context: dg.OpExecutionContext, config: UndoConfig, stores: Stores) -> None:
        with failures():
            try:
                done = undo(stores, spec, wave=config.wave, user=config.user, run=context.run_id, in_use=config.in_use)
            except UndoRefused as refusal:
                for line in refused_lines(refusal):
                    context.log.error(line)
                raise
            tell_partitions(context.instance, stores, spec, done)
        for line in summary(done):
            context.log.info(line)
        _verify(context, run_verify)

    @dg.job(
        name=UNDO,
        description="Takes a wave or a user out of production again. Say which in the Launchpad: "
        "`{ops: {take_out: {config: {wave: 2026-11-22T153000Z}}}}`. Its users are held until the job `bring_back` "
        "is run for that wave, or for one of them.",
    )
    def undo_job() -> None:
        take_out()

    return undo_job


def build_freeze_job(spec: Spec, run_verify: RunVerify) -> dg.JobDefinition:
    """The job `freeze`."""

    @dg.op(
        name="freeze_legacy",
        description="Marks the last snapshot as the one that counts, then verifies everything against it.",
    )
    def freeze_legacy(context: dg.OpExecutionContext, config: FreezeConfig, stores: Stores) -> None:
        with failures():
            if config.lift:
                was = lift_freeze(stores, run=context.run_id)
                context.log.info("The freeze was taken back." if was else "There was no freeze.")
                return
            frozen = freeze_now(stores, spec, run=context.run_id)
            off = to_switch_on(stores, spec)
        context.log.info("Frozen at snapshot %s. A changed legacy file is an error from now on.", frozen.snapshot)
        for words in off:
            context.log.warning(words)
        _verify(context, run_verify)

    @dg.job(
        name=FREEZE,
        description="Cut-over: the legacy app is at its end. Its last snapshot counts for good, a later change of the "
        "legacy file is an error, and the report becomes the sign-off. Users who log in later still get their history.",
    )
    def freeze_job() -> None:
        freeze_legacy()

    return freeze_job


def _verify(context: dg.OpExecutionContext, run_verify: RunVerify) -> None:
    if run_verify(context.instance):
        raise dg.Failure(
            f"Done, but the run of `{VERIFY}` that followed did not come to its end; it says why.", allow_retries=False
        )
