"""A process that presses one button, or is one tick of the sensor for new accounts; prints the seconds that took.

What a process needs to start is not among them: a code server has started long ago.
"""

import sys
import time

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.automation.build import build_definitions
from etl_assets.automation.instance import open_instance, run_job
from etl_assets.core.load.due import read_standing
from etl_assets.settings import read_settings, read_spec


def main() -> int:
    """The exit code of what was pressed."""
    settings = read_settings()
    spec = read_spec(settings.spec_path)
    if sys.argv[1] != "tick":
        with open_instance(settings) as instance:
            definitions, began = build_definitions(spec), time.monotonic()
            code = run_job(definitions, sys.argv[1], instance)
            print(f"{time.monotonic() - began:.3f}")  # noqa: T201
            return code
    with connect(str(settings.target_url)) as connection, reading(connection):
        began = time.monotonic()
        standing = read_standing(connection, spec)
        print(f"{time.monotonic() - began:.3f}")  # noqa: T201 - what it is for
        return 1 if standing.is_due or standing.hindrance else 0


if __name__ == "__main__":
    sys.exit(main())
