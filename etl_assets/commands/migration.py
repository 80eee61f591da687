"""The whole way in one process, on the same Dagster instance that the UI shows."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace

import dagster as dg

from etl_assets.access.files.artifacts import Artifacts
from etl_assets.access.files.whole import private_folder
from etl_assets.access.postgres.connection import Connection, connect, reading, writing
from etl_assets.access.postgres.servers import target_url
from etl_assets.assets.keys import (
    AGAIN_TAG,
    CLOSING,
    COMMAND_TAG,
    LOAD_WAVE,
    LOGIN_WAVES,
    MIGRATE,
    PAGE,
    SAMPLE_TAG,
    VERIFY,
)
from etl_assets.assets.resources import Access, Borrowed, Stores
from etl_assets.automation.attempts import end_dead_runs
from etl_assets.automation.backfill import before_filling, fill_in, require_fillable, summary
from etl_assets.automation.build import build_definitions
from etl_assets.automation.instance import open_instance, run_job, wave_to_open
from etl_assets.automation.untouched import is_untouched, up_to_staging, were_green
from etl_assets.core.files.recheck import recheck_sources
from etl_assets.core.files.verify import compare_files
from etl_assets.core.load.due import read_standing
from etl_assets.core.rehearse.dry_run import dry
from etl_assets.core.staging.lineage import accept_file
from etl_assets.core.undo.undo import find_undone
from etl_assets.core.users.holds import release_user
from etl_assets.core.verify.last_found import last_verified
from etl_assets.core.verify.status import books_of
from etl_assets.model.books import Books
from etl_assets.model.errors import WaveHindered
from etl_assets.model.report import FileLine
from etl_assets.settings import Settings
from etl_assets.spec.model import Spec

DRY_PAGE = "dry_run.html"


@dataclass(frozen=True)
class Outcome:
    """The first exit code that was not 0, and the books as they stand; 1 also while the target refuses rows.

    `files` are the books of files, of columns that name some, where this run has read everything back.
    """

    exit_code: int
    books: Books
    files: tuple[FileLine, ...] = ()


@dataclass(frozen=True)
class MigrateOptions:
    """What an operator asks of one migration beyond the usual.

    `accept` names a legacy file that is the one although much of it changed. `sample` (`<number>/<seed>`) takes only so
    many users; `again` is an undone wave to run once more, and `user` a user
    whom an undo put on hold and who may move again. `backfill` are columns, `TABLE.COLUMN`, that the spec gained after
    rows were loaded, and that these rows are to be given.
    """

    sample: str | None = None
    again: str | None = None
    user: str | None = None
    accept: str | None = None
    backfill: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Way:
    """One migration under way."""

    spec: Spec
    stores: Access
    instance: dg.DagsterInstance
    say: Callable[[str], None]
    options: MigrateOptions

    def run(self) -> Outcome:
        definitions, tags = build_definitions(self.spec, self.stores), self._tags()
        if self.options.accept is not None:
            with self.stores.target() as connection, writing(connection, run=MIGRATE):
                accept_file(connection, self.options.accept, run=MIGRATE)
        left = self._backfill(definitions, tags) if self.options.backfill else 0
        staged = self._staged(definitions)
        if staged:
            self.say("Nothing has changed in the legacy database since it was staged: that is left as it is")
        else:
            self.say("From the legacy database to staging")
        code = run_job(definitions, MIGRATE, self.instance, without=(*CLOSING, *staged), tags=tags)
        waves, again = self._due_waves() if code == 0 and self.spec.owned else ([], "")
        for wave in waves:
            if code == 0:
                self.say(f"Login wave {wave}")
                self.instance.add_dynamic_partitions(str(LOGIN_WAVES.name), [wave])
                more = {AGAIN_TAG: wave} if wave == again else {}
                code = run_job(definitions, LOAD_WAVE, self.instance, partition_key=wave, tags={**tags, **more})
        if code == 0 and left:
            self._fill()
        if code == 0 and not waves:
            self.say("Nobody new has logged in; reading everything back")
            code = run_job(definitions, VERIFY, self.instance, tags=tags)
        books, files = self._books(code)
        return Outcome(code or int(books.refused > 0), books, files)

    def _staged(self, definitions: dg.Definitions) -> tuple[dg.AssetKey, ...]:
        """The assets up to staging where each would find its artifact as it is, and its checks green."""
        if self.options.backfill:
            return ()
        keys = up_to_staging(self.spec)
        is_shown = were_green(definitions, self.instance, keys)
        return keys if is_shown and is_untouched(self.stores, self.spec) else ()

    def _backfill(self, definitions: dg.Definitions, tags: dict[str, str]) -> int:
        """Stages with the new columns, and fills them in; how many rows may wait for what is loaded next.

        A run that fails says why, and the `migrate` that follows is refused: the columns are new still.
        """
        require_fillable(self.stores, self.spec, self.options.backfill)
        self.say("Staged with the new columns")
        code = run_job(definitions, MIGRATE, self.instance, without=before_filling(self.spec), tags=tags)
        return self._fill() if code == 0 else 0

    def _fill(self) -> int:
        done = fill_in(self.stores, self.spec, self.options.backfill, run=MIGRATE)
        for line in summary(done, self.options.backfill):
            self.say(line)
        return sum(found.early + found.unready for found in done.values())

    def _books(self, code: int) -> tuple[Books, tuple[FileLine, ...]]:
        """Those that this run has just read back; where it did not come so far, those of this moment."""
        with self.stores.target_as_it_is() as connection:
            verified = last_verified(connection) if code == 0 else None
            return (verified.books, verified.files) if verified else (books_of(connection, self.spec), ())

    def _tags(self) -> dict[str, str]:
        return {COMMAND_TAG: MIGRATE, **({SAMPLE_TAG: self.options.sample} if self.options.sample else {})}

    def _due_waves(self) -> tuple[list[str], str]:
        """The waves to run, and which of them the operator asked for again."""
        with self.stores.target_as_it_is() as connection:
            with reading(connection):
                again = self._again(connection)
            if self.options.user is not None:
                with writing(connection, run="migrate --user"):
                    release_user(connection, self.options.user)
            recheck_sources(connection, self.spec, run=MIGRATE)
            with reading(connection):
                standing = read_standing(connection, self.spec, search=True)
        if standing.hindrance:
            raise WaveHindered(standing.hindrance)
        if again or not standing.is_due:
            return [*standing.unfinished, *([again] if again else [])], again
        return [*standing.unfinished, wave_to_open(self.instance, standing)], ""

    def _again(self, connection: Connection) -> str:
        if self.options.again is None:
            return ""
        return find_undone(connection, self.options.again)


def migrate(
    settings: Settings,
    spec: Spec,
    *,
    instance: dg.DagsterInstance,
    say: Callable[[str], None],
    options: MigrateOptions = MigrateOptions(),
) -> Outcome:
    """Runs the unpartitioned assets, then every wave that is due, then the books."""
    with Stores().target_as_it_is() as connection:
        end_dead_runs(instance, connection)
    return _Way(spec, Stores(), instance, say, options).run()


def verify(settings: Settings, spec: Spec, *, instance: dg.DagsterInstance) -> Outcome:
    """Reads everything back, closes the books and writes the report."""
    code = run_job(build_definitions(spec), VERIFY, instance)
    with connect(target_url(settings)) as connection:
        verified = last_verified(connection) if code == 0 else None
        return Outcome(code, books_of(connection, spec), verified.files if verified else ())


def migrate_dry(
    settings: Settings, spec: Spec, *, say: Callable[[str], None], options: MigrateOptions = MigrateOptions()
) -> Outcome:
    """Migrates in one transaction that is rolled back, on an artifact folder and a Dagster instance that go with it.

    Outside of schema `etl` the target is then what it was, byte for byte, sequences included, and inside too. What
    remains is the report of what would have been.
    """
    artifacts = Artifacts(settings.artifacts)
    folder = private_folder(artifacts.scratch_path("dry-run"))
    try:
        with dry(target_url(settings), spec) as connection, dg.DagsterInstance.ephemeral() as instance:
            lent = Borrowed(connection, folder)
            outcome = _Way(spec, lent, instance, say, options).run()
            page = lent.artifacts().read_report(PAGE)
        if page is not None:
            say(f"The report of what would have been: {artifacts.publish_report(DRY_PAGE, [page])}")
        return outcome
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def verify_with_files(settings: Settings, spec: Spec, *, whole: bool) -> tuple[Outcome, list[str]]:
    """As `verify`, and compares the files in the new storage: each by size and mark, with `whole` by its bytes too.

    Returns:
        The outcome, not 0 where a file is not what was stored, and lines about files; none where no column names one.

    Raises:
        Unavailable: the target or a store does not answer.
    """
    with open_instance(settings) as instance:
        outcome = verify(settings, spec, instance=instance)
    if not spec.with_files:
        return outcome, []
    with connect(target_url(settings)) as connection:
        found = compare_files(connection, spec, whole=whole)
    counts = ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in sorted(found.objects.items()))
    sample = f" ({', '.join(found.sample)})" if found.sample else ""
    lines = [f"Files: {counts or 'none'}{sample}; {found.read:,} of them read to the last byte."]
    return replace(outcome, exit_code=outcome.exit_code or int(not found.is_right)), lines
