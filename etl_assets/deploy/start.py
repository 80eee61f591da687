"""`python -m etl_assets.deploy.start dagster-daemon run`: one of Dagster's services, with secrets read from files.

Dagster reads the URL of its storage from a variable alone, and containers and systemd hand secrets over as files.
"""

import os
import sys
from typing import NoReturn

from etl_assets.model.errors import SettingsError
from etl_assets.settings import adopt_dagster_url

PRIVATE_UMASK = 0o077
# `python -m` for what is not on the path: a unit names an interpreter and no folder.
MODULES = {"dagster": "dagster", "dagster-daemon": "dagster._daemon", "dagster-webserver": "dagster_webserver"}


def main(words: list[str]) -> NoReturn:
    """Becomes the program that the words name; ends with 2 and a sentence where a secret cannot be read."""
    os.umask(PRIVATE_UMASK)
    try:
        if not words:
            raise SettingsError("nothing to start: name a program, `dagster-daemon run`")
        adopt_dagster_url()
    except SettingsError as problem:
        sys.stderr.write(f"etl-assets: {problem}\n")
        sys.exit(2)
    name, *rest = words
    command = [sys.executable, "-m", MODULES[name], *rest] if name in MODULES else words
    os.execvp(command[0], command)  # noqa: S606 - the operator's own words


if __name__ == "__main__":
    main(sys.argv[1:])
