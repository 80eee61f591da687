"""Serves the desk: for `etl-assets desk`, and as a child of `etl-assets ui`."""

import os
import sys
from collections.abc import Callable

import uvicorn

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.access.postgres.servers import target_url
from etl_assets.core.gate.grants import read_grants
from etl_assets.core.users.users import read_links
from etl_assets.desk.address import GIVEN, HOST, address, new_token
from etl_assets.desk.looking import Desk
from etl_assets.desk.site import build_site
from etl_assets.settings import Settings, read_settings, read_spec, secret
from etl_assets.spec.model import Spec

DATABASE = "ETL_DESK_DATABASE_URL"
NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


def serve(settings: Settings, spec: Spec, *, port: int, say: Callable[[str], None]) -> None:
    """Serves the desk until Ctrl-C or SIGTERM.

    It asks the target as ETL_DESK_DATABASE_URL, a role that need not write but the audit trail, or as we do.
    """
    token = secret(GIVEN) or new_token()
    desk = Desk(secret(DATABASE) or target_url(settings), spec)
    say(f"The desk is on {address(port, token)} (Ctrl-C stops it).")
    # No access log: its lines would hold legacy ids.
    uvicorn.run(
        build_site(desk, token=token, hosts=NAMES),
        host=HOST,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
    )


def desk_grants(settings: Settings, spec: Spec, *, role: str) -> str:
    """The SQL that makes a login role which may read what the desk shows, and append to the audit trail."""
    with connect(target_url(settings)) as connection, reading(connection):
        return read_grants(connection, read_links(connection, spec), role=role)


def main() -> None:
    """For `etl-assets ui`, which has told where the desk is."""
    os.umask(0o077)
    settings = read_settings()
    serve(settings, read_spec(settings.spec_path), port=int(sys.argv[1]), say=lambda _: None)


if __name__ == "__main__":
    main()
