"""The files that rows name, looked at from a terminal."""

from collections.abc import Iterator

from etl_assets.access.postgres.connection import connect
from etl_assets.access.postgres.servers import target_url
from etl_assets.core.files.verify import compare_files
from etl_assets.settings import Settings
from etl_assets.spec.model import Spec


def compared_lines(settings: Settings, spec: Spec, *, whole: bool) -> Iterator[tuple[str, bool]]:
    """A line of what the objects are now, and whether they are what was stored; none where no column names a file.

    Raises:
        Unavailable: the target or a store does not answer.
    """
    if not spec.with_files:
        return
    with connect(target_url(settings)) as connection:
        found = compare_files(connection, spec, whole=whole)
    counts = ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in sorted(found.objects.items()))
    sample = f" ({', '.join(found.sample)})" if found.sample else ""
    yield f"Files: {counts or 'none'}{sample}; {found.read:,} of them read to the last byte.", found.is_right
