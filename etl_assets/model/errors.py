"""Every failure that an operator can meet, one class each; the class builds the sentence.

EtlError
|-- SpecError             exit 2  the spec file is wrong
|-- UnknownKey            exit 2  the spec has no key of that name
|-- SettingsError         exit 2  the environment or the command line is wrong
|-- TransactionPooler     exit 2  the connection goes through a pooler that hands each transaction another session
|-- OtherEncoding         exit 2  texts do not reach the target as the characters they are
|-- LegacyFileError       exit 2  the legacy database cannot be read
|-- CorrectionsError      exit 2  a line of the corrections file is invalid
|-- LegacyMismatch        exit 2  the legacy tables are not what the spec says
|-- TargetMismatch        exit 2  the target's tables are not what the spec says
|-- OtherSchema           exit 2  another version of this package has made schema etl
|-- FileFault             exit 2  a disk is full, or a file of ours cannot be written or read
|-- ShelfRefused          exit 2  the shelf of ETL_ARTIFACTS does not take or give what we ask
|-- ArtifactError         exit 1  a file that an earlier asset wrote is missing or was changed
|-- LegacyReplaced        exit 1  the legacy file is not the one that was migrated so far
|-- LegacyThawed          exit 1  the legacy app was written to after its freeze
|-- FreezeRefused         exit 1  the last snapshot is not what the legacy app holds or what is staged
|-- CleanedUp             exit 1  nothing can be compared any more
|-- WaveHindered          exit 1  no login wave can open now
|-- Refused               exit 1  loading now could be wrong: nothing was written
|-- Paused                exit 1  an operator has paused the migration
|-- TargetRestored        exit 1  the target was put back to an earlier time, and nobody has looked yet
|-- BooksOpen             exit 1  source = loaded + waiting + quarantined + excluded does not hold
|-- UndoRefused           exit 1  taking rows out of production now would destroy somebody's work
|-- CleanupRefused        exit 1  dropping staging now would destroy what is still needed
|-- ForgetRefused         exit 1  a person cannot be forgotten as things are: nothing was removed
`-- Unavailable           exit 3  a connection or a lock; trying again can help
"""

from collections.abc import Sequence

from etl_assets.model.spec_keys import COMMAND, pointed
from etl_assets.model.words import agreed, counted

SAMPLE_SIZE = 5


def sample_of(keys: Sequence[object], *, size: int = SAMPLE_SIZE) -> str:
    """The first few keys as text, `17, 23, 41, ...`; keys only, never personal data."""
    shown = ", ".join(str(key) for key in keys[:size])
    return f"{shown}, ..." if len(keys) > size else shown


class EtlError(Exception):
    """Base of all failures that we name; `exit_code` is the command line's, `transient` asks for a retry.

    One that names a key of the spec says where that is explained.
    """

    exit_code = 3
    transient = False

    def __init__(self, problem: str = "") -> None:
        """Takes the sentence."""
        super().__init__(pointed(problem))


class SpecError(EtlError):
    """Something in the spec is wrong, and where: `migration.yaml:23: tables.jobs.columns.status: ...`."""

    exit_code = 2

    def __init__(
        self, problem: str, *, file: str = "spec", line: int | None = None, path: str = "", key: str = ""
    ) -> None:
        """Joins file, line, path and problem; `path` is dotted, as the operator reads it in the file.

        `key` is the one of the reference that explains what may stand there.
        """
        self.problem, self.file, self.line, self.path = problem, file, line, path
        where = f"{file}:{line}" if line else file
        see = (f" See `{COMMAND} {key}`." if problem.endswith("?") else f"; see `{COMMAND} {key}`") if key else ""
        # What it names between backticks may be any word of the file: the path alone says what it is about.
        Exception.__init__(self, f"{where}: {path}: {problem}{see}" if path else f"{where}: {problem}{see}")


class UnknownKey(EtlError):
    """Somebody asks about a key that the spec does not have."""

    exit_code = 2

    def __init__(self, key: str, close: Sequence[str]) -> None:
        """Names keys that are spelled almost so, and where all of them stand."""
        hint = f" Did you mean {' or '.join(f'`{name}`' for name in close)}?" if close else ""
        super().__init__(f"the spec has no key {key!r}.{hint} `etl-assets spec` prints all of them.")


class SettingsError(EtlError):
    """The environment or the command line asks for something that cannot be."""

    exit_code = 2


class TransactionPooler(EtlError):
    """The DSN leads through a transaction pooler, where locks and settings of a session mean nothing."""

    exit_code = 2

    def __init__(self, evidence: str) -> None:
        """Says how it was noticed, and what to use instead."""
        super().__init__(
            f"TARGET_DATABASE_URL leads through a transaction pooler ({evidence}), which hands each transaction "
            "another server session. Nothing was written. Use the session pooler or the direct connection: on "
            "Supabase, *Connect* shows both, on port 5432."
        )


class OtherEncoding(EtlError):
    """The session turns our texts into other characters on their way."""

    exit_code = 2

    def __init__(self) -> None:
        """Says what was asked, and where such a setting hides."""
        super().__init__(
            "A text sent to the target arrives there as other characters, though the session asked for UTF-8. Nothing "
            "was written. Look for a pooler or a setting between here and the target that changes client_encoding."
        )


class LegacyFileError(EtlError):
    """The legacy database is missing, empty, locked, damaged or not SQLite."""

    exit_code = 2


class CorrectionsError(EtlError):
    """A line of the corrections or the claims file is wrong: `corrections.csv:3: ...`."""

    exit_code = 2

    def __init__(self, file: str, line: int | None, problem: str) -> None:
        """Names the line as an editor does, where it is about one."""
        super().__init__(f"{file}:{line}: {problem}" if line else f"Lines of {file} {problem}.")


class LegacyMismatch(EtlError):
    """A legacy table, column or key is not there, or an expression does not work on it."""

    exit_code = 2


class TargetMismatch(EtlError):
    """A target table or column is absent, or its type would change values."""

    exit_code = 2

    def __init__(self, table: str, problems: Sequence[str]) -> None:
        """Lists every problem of one table, so that one look mends all."""
        self.table, self.problems = table, tuple(problems)
        super().__init__(
            f"{len(problems)} problem(s) between the spec's table {table} and its target: {'; '.join(problems)}. "
            "Change the spec or the target, then run again."
        )

    @property
    def stop(self) -> str:
        """What it means where rows were loaded before the target changed: a sentence, and the way on."""
        return (
            f"{self.table} stops: {'; '.join(self.problems)}. None of its rows moves, and where they are users' nobody "
            "new is claimed, until the spec says what the target has now, or the target has again what it had; then "
            "run `etl-assets migrate`."
        )


class OtherSchema(EtlError):
    """Schema `etl` is another version's, and was filled by it."""

    exit_code = 2

    def __init__(self, version: str | None) -> None:
        """The version is that of the schema, None where it knows none."""
        super().__init__(
            f"Schema etl on the target was made by another version of etl-assets (its schema is {version or 'older'}). "
            "Nothing was written. Go on with the version that made it; it holds what was migrated so far."
        )


class FileFault(EtlError):
    """The disk of the artifact folder takes no more, or does not let us."""

    exit_code = 2

    def __init__(self, reason: str) -> None:
        """Takes the system's words, such as `No space left on device`; says that nothing is half there."""
        super().__init__(
            f"A file cannot be written or read ({reason}). Nothing unfinished was published, and what was there "
            "before stays. Free space on the disk of ETL_ARTIFACTS, or mend its permissions, then run again."
        )


class ShelfRefused(EtlError):
    """The shelf that ETL_ARTIFACTS names does not take or give what we ask of it, and will not by itself."""

    exit_code = 2

    def __init__(self, problem: str) -> None:
        """Takes what is wrong; says that nothing half is there."""
        super().__init__(
            f"{problem} Nothing half was published, and what was there before stays. Mend ETL_ARTIFACTS, the bucket "
            "or the rights of its keys (read, write, list, delete), then run again."
        )


class ArtifactError(EtlError):
    """A snapshot or an export is missing, or is not what its manifest says."""

    exit_code = 1


class LegacyReplaced(EtlError):
    """The legacy database is another one, or an old backup: staging it would take its rows for changes."""

    exit_code = 1

    def __init__(self, told: Sequence[str], *, accept: str) -> None:
        """Takes what differs, as words, and by what the file is accepted."""
        super().__init__(
            f"The legacy database does not look like the one that was migrated so far: {'; '.join(told)}. Nothing was "
            "staged. If LEGACY_SQLITE names the wrong file, or an old backup, correct it. If this is the one, run "
            f"`etl-assets migrate --accept-file {accept}`, or set `policy: {{max_changed: ...}}` (percent) in the spec."
        )


class LegacyThawed(EtlError):
    """Somebody still writes to the frozen legacy app."""

    exit_code = 1

    def __init__(self, snapshot: str) -> None:
        """One sentence: what it means and both ways on."""
        super().__init__(
            f"The legacy database was frozen at snapshot {snapshot} and has changed since: somebody still writes to "
            "the old app, and what was written is not migrated. Stop it and restore the frozen file, or take the "
            "freeze back with `etl-assets freeze --lift` and migrate again."
        )


class FreezeRefused(EtlError):
    """There is no snapshot that could count for good."""

    exit_code = 1


class WaveHindered(EtlError):
    """No login wave can open on this target now; the sentence says why and what to do."""

    exit_code = 1


class Paused(EtlError):
    """The operator has said that nothing more is to begin."""

    exit_code = 1

    def __init__(self, since: str, why: str) -> None:
        """Says since when, why, and how to go on."""
        because = f" ({why})" if why else ""
        super().__init__(
            f"The migration is paused since {since}{because}: nothing is staged, claimed or loaded. "
            "`etl-assets resume`, or the job `resume`, lets it go on where it stopped."
        )


class TargetRestored(EtlError):
    """The target does not know any more what was done on it."""

    exit_code = 1

    def __init__(self, at: str) -> None:
        """`at` is when what is gone was written, UTC."""
        super().__init__(
            f"The target was put back to an earlier time: what was written there at {at} is gone. Nothing was written. "
            "`etl-assets doctor` says what is lost; with `--clear` it lets the migration go on from there."
        )


class Refused(EtlError):
    """A validation failed where going on could load wrong data; nothing of this transaction was written."""

    exit_code = 1

    def __init__(
        self, check: str, *, table: str, count: int, sample: Sequence[str], remedy: str, names: str = "legacy ids"
    ) -> None:
        """Names the check as the UI does, the number of offenders, a few of their `names`, and the way out."""
        self.check, self.table, self.count, self.sample, self.remedy = check, table, count, tuple(sample), remedy
        ids = f" ({f'{names} {sample_of(sample)}'.strip()})" if sample else ""
        super().__init__(f"Load refused: {check} fails on {table} for {count:,}{ids}. {remedy}")


class BooksOpen(EtlError):
    """Rows are unaccounted for."""

    exit_code = 1


class UndoRefused(EtlError):
    """Production rows are in use by now; nothing was taken out. `rows` lists them: table, legacy id, what hinders."""

    exit_code = 1

    def __init__(self, what: str, rows: Sequence[tuple[str, str, str]] = (), *, remedy: str) -> None:
        """Counts the rows by table and hindrance, with a few legacy ids of each."""
        self.rows = tuple(rows)
        groups: dict[tuple[str, str], list[str]] = {}
        for table, legacy_id, hindrance in rows:
            groups.setdefault((table, hindrance), []).append(legacy_id)
        told = [
            f"{counted(len(ids), 'row')} of {table} {agreed(len(ids), hindrance)} (legacy ids {sample_of(ids)})"
            for (table, hindrance), ids in groups.items()
        ]
        super().__init__(". ".join([f"{what}{': ' if told else ''}{'; '.join(told)}", remedy]))


class CleanupRefused(EtlError):
    """Staging is still needed."""

    exit_code = 1


class CleanedUp(EtlError):
    """Staging was dropped, and with it what production is compared with."""

    exit_code = 1

    def __init__(self) -> None:
        """One sentence: there is one way on."""
        super().__init__(
            "Nothing was verified: the staging tables were cleaned up, and the signed report stays as it is. Run the "
            "job `migrate` to stage the legacy database and verify anew."
        )


class ForgetRefused(EtlError):
    """A person cannot be forgotten as things are; nothing was removed."""

    exit_code = 1

    def __init__(self, problem: str) -> None:
        """Says first that everything is as it was."""
        super().__init__(f"Nobody was forgotten, and nothing was removed: {problem}")


class Unavailable(EtlError):
    """The target cannot be reached, or another writer holds the lock for longer than we wait."""

    transient = True
