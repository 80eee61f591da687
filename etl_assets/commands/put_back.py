"""What `doctor` says of a target that was put back to an earlier time, and how it lets the migration go on."""

from etl_assets.access.files.artifacts import Artifacts
from etl_assets.access.postgres.connection import Connection, reading
from etl_assets.commands.complaint import Complaint
from etl_assets.core.memory.schema import ensure_schema, exists
from etl_assets.core.restored.restored import (
    Seen,
    forget_again,
    missing_people,
    seen_in,
    unknown_rows,
    was_put_back,
    with_seen,
)
from etl_assets.core.users.users import read_links
from etl_assets.model.words import said
from etl_assets.settings import Settings
from etl_assets.spec.model import Spec

KEPT_BACK = (
    "in production, and the ledger does not know them: schema etl was put back alone. Put production back to the same "
    "time; as it is they stay there, and their legacy rows wait in the books as `target_conflict`."
)
OFF_THE_LIST = "on no list of the forgotten any more: the next snapshot would bring them back."
GO_ON = "`etl-assets doctor --clear` accepts the target as it is; then run `etl-assets migrate`."


def look_back(settings: Settings, spec: Spec, connection: Connection, *, clear: bool, run: str) -> list[Complaint]:
    """What a restore has lost, by what the artifact folder has seen; nothing where there was none.

    With `clear` the people who were forgotten stand on the list again, and the target counts as it is now.
    """
    artifacts = Artifacts(settings.artifacts)
    seen = seen_in(artifacts.read_seen(), connection)
    if seen is None or not was_put_back(connection, seen):
        return []
    found = [
        Complaint(
            "target",
            f"it was put back to an earlier time: what was written there at {seen.at} is gone. What was claimed and "
            "loaded since is claimed and loaded again.",
            is_stuck=not clear,
        ),
        *_alone(connection, spec),
    ]
    if not clear:
        people = missing_people(connection, seen)
        if people:
            found.append(
                Complaint("forgotten people", f"{said(people, 'person', 'are')} {OFF_THE_LIST}", is_stuck=True)
            )
        return [*found, Complaint("to go on", GO_ON, is_stuck=True)]
    return [*found, *_accept(artifacts, connection, seen, run=run)]


def _alone(connection: Connection, spec: Spec) -> list[Complaint]:
    """Where production was not put back with schema `etl`: rows of ours that the ledger does not know."""
    if not exists(connection):
        return []
    with reading(connection):
        links = read_links(connection, spec)
    unknown = unknown_rows(connection, links)
    return [
        Complaint(table, f"{said(count, 'row', 'are')} {KEPT_BACK}", is_stuck=True) for table, count in unknown.items()
    ]


def _accept(artifacts: Artifacts, connection: Connection, seen: Seen, *, run: str) -> list[Complaint]:
    ensure_schema(connection)
    back = forget_again(connection, seen, run=run)
    artifacts.write_seen(with_seen(artifacts.read_seen(), connection))
    words = "the target holds one again: run `etl-assets forget --user {}`."
    return [
        *(Complaint("forgotten people", words.format(user), is_stuck=True) for user in back),
        Complaint("target", "it counts as it is now. Run `etl-assets migrate`."),
    ]
