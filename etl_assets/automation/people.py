"""Jobs about one person, or one wave: where she is, that she may move again, that she is to be forgotten."""

from collections.abc import Callable

import dagster as dg
from pydantic import Field

from etl_assets.access.postgres.connection import reading, writing
from etl_assets.assets.keys import AGAIN_TAG, BRING_BACK, COMMAND_TAG, FORGET, LOGIN_WAVES, WHERE_IS
from etl_assets.assets.outcomes import failures
from etl_assets.assets.resources import Stores
from etl_assets.automation.forgetting import forget, summary
from etl_assets.automation.instance import wave_to_open
from etl_assets.automation.launchpad import CONFIRM, LegacyId, missing_word
from etl_assets.core.lists.answer_lines import answer_lines
from etl_assets.core.lists.desk import note_look
from etl_assets.core.lists.support import answer_over
from etl_assets.core.load.due import read_standing
from etl_assets.core.undo.undo import find_undone
from etl_assets.core.users.holds import release_user
from etl_assets.core.users.users import find_user
from etl_assets.model.errors import SettingsError, WaveHindered
from etl_assets.spec.model import Spec

RunWave = Callable[[dg.DagsterInstance, str, dict[str, str]], int]
USER_FIELD = "The legacy users table's own id; a number needs no quotes."


class Person(dg.Config):
    """Who it is."""

    user: LegacyId = Field(description=USER_FIELD)


class PersonToForget(dg.Config):
    """Whom to forget, and from the second run on the word of the first."""

    user: LegacyId = Field(description=USER_FIELD)
    confirm: str = Field(default="", description=CONFIRM)


class BackConfig(dg.Config):
    """Which wave, or which legacy user: one of the two."""

    wave: str = Field(default="", description="The undone wave's key; or `last`.")
    user: LegacyId = Field(default="", description=f"Whom an undo put on hold. {USER_FIELD}")


def build_person_jobs(spec: Spec) -> list[dg.JobDefinition]:
    """The jobs `where_is` and `forget`."""
    return [_build_where_is(spec), _build_forget(spec)]


def _build_where_is(spec: Spec) -> dg.JobDefinition:
    @dg.op(
        name="look_up",
        description="Says in the run's log where one user's history and money are, as `etl-assets user` does: ids and "
        "counts, no address. The support desk shows the same, and finds people by their address too.",
    )
    def look_up(context: dg.OpExecutionContext, config: Person, stores: Stores) -> None:
        with failures(), stores.target_as_it_is() as connection:
            with reading(connection):
                found = answer_over(connection, spec, config.user)
            note_look(connection, config.user, by=context.run_id)
        for line in answer_lines(found):
            context.log.info(line)

    @dg.job(
        name=WHERE_IS,
        description='Answers "where are my credits?" for the legacy user whose id is given. Writes nothing but a line '
        "of the audit trail.",
    )
    def where_is() -> None:
        look_up()

    return where_is


def build_bring_back_job(spec: Spec, run_wave: RunWave) -> dg.JobDefinition:
    """The job `bring_back`: `run_wave` runs `load_wave` for a key on a job's behalf, and returns the exit code."""

    @dg.op(
        name="run_again",
        description="Runs an undone wave again, or lets a user whom an undo put on hold move with a wave of now.",
    )
    def run_again(context: dg.OpExecutionContext, config: BackConfig, stores: Stores) -> None:
        if bool(config.wave) == bool(config.user):
            raise dg.Failure("bring_back takes one wave or one user: say which", allow_retries=False)
        with failures():
            key = _undone(stores, config.wave) if config.wave else _released(context, stores, spec, config.user)
        name = str(LOGIN_WAVES.name)
        context.instance.add_dynamic_partitions(name, [key])
        context.log.info("Wave %s: see its own run.", key)
        again = {AGAIN_TAG: key} if config.wave else {}
        if run_wave(context.instance, key, {COMMAND_TAG: BRING_BACK, **again}):
            raise dg.Failure(f"Wave {key} did not come to its end. Its own run says why.", allow_retries=False)

    @dg.job(
        name=BRING_BACK,
        description="Brings back what `undo` has taken out. Say in the Launchpad which: "
        "`{ops: {run_again: {config: {wave: last}}}}`, or a `user`.",
    )
    def bring_back() -> None:
        run_again()

    return bring_back


def _undone(stores: Stores, wave: str) -> str:
    with stores.target() as connection, reading(connection):
        return find_undone(connection, wave)


def _released(context: dg.OpExecutionContext, stores: Stores, spec: Spec, user: str) -> str:
    with stores.target() as connection:
        with writing(connection, run=context.run_id):
            release_user(connection, user)
        with reading(connection):
            standing = read_standing(connection, spec, search=True)
    if standing.hindrance:
        raise WaveHindered(standing.hindrance)
    if not standing.is_due:
        raise SettingsError(f"legacy user {user!r} may move again, but cannot be claimed now; run `where_is`")
    return wave_to_open(context.instance, standing)


def _build_forget(spec: Spec) -> dg.JobDefinition:
    @dg.op(
        name="forget_user",
        description="Removes one legacy user from staging, user map, quarantine, exports and snapshots, for good. "
        "Refuses while rows of the user are in the new app. The first run says who it is, and the word with which a "
        "second one does it. Safe to run again; a run that broke off needs it.",
    )
    def forget_user(context: dg.OpExecutionContext, config: PersonToForget, stores: Stores) -> None:
        with failures():
            if not _is_confirmed(context, stores, spec, config):
                return
            for line in summary(forget(stores, spec, config.user, run=context.run_id)):
                context.log.info(line)

    @dg.job(
        name=FORGET,
        description="Erasure on request, of somebody who has not come back: takes the legacy user whose id is given "
        "out of everything that we keep, and keeps a keyed entry so that no later snapshot brings the person back. A "
        "first run says whom it would be, and the word with which a second one does it. The books count the rows as "
        "excluded. Dagster keeps the id among the run's configuration; the command `etl-assets forget` leaves none.",
    )
    def forget_job() -> None:
        forget_user()

    return forget_job


def _is_confirmed(context: dg.OpExecutionContext, stores: Stores, spec: Spec, config: PersonToForget) -> bool:
    """True for the right word, and for somebody who is out of the map: a run that broke off is to be ended."""
    with stores.target() as connection, reading(connection):
        known = find_user(connection, config.user)
        if known is None:
            return True
        found = answer_over(connection, spec, config.user)
    facts = (config.user, found.state, known.domain, *((row.table, row.state, row.rows) for row in found.rows))
    word = missing_word(config.confirm, *facts, of="this user as it is now")
    if word:
        rows = ", ".join(f"{row.table} {row.rows:,} {row.state}" for row in found.rows)
        context.log.info(
            "Legacy user %s: %s since %s; the address is at %s; rows: %s. Nothing was removed. To forget this "
            "person for good, run again with `ops: {forget_user: {config: {user: %s, confirm: %s}}}`.",
            config.user,
            found.state.replace("_", " "),
            found.since,
            known.domain or "no domain",
            rows or "none",
            config.user,
            word,
        )
    return not word
