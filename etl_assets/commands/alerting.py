"""`etl-assets alerts`: does a message arrive, and is the heartbeat heard?"""

import socket

import click

from etl_assets.access.alerts.heartbeat import beat
from etl_assets.access.alerts.messages import services, tell_all
from etl_assets.commands.printing import GREEN, RED, show_lines
from etl_assets.model.errors import SettingsError
from etl_assets.upkeep import read_upkeep

TITLE, BODY = "a message to try", "If you can read this, alerts of the migration arrive here. Nothing is wrong."


@click.command()
@click.pass_context
def alerts(context: click.Context) -> None:
    """Send a message to try to whom ETL_ALERTS names, and fetch ETL_HEARTBEAT; exit 1 when one of them fails."""
    upkeep = read_upkeep()
    places = services(upkeep.alerts)
    if not places and not upkeep.heartbeat:
        raise SettingsError("neither ETL_ALERTS nor ETL_HEARTBEAT is set, so nobody is told")
    failed = tell_all(places, f"etl-assets on {socket.gethostname()}: {TITLE}", BODY)
    lines = [
        (RED, place.name, "did not take it") if place in failed else (GREEN, place.name, "has it") for place in places
    ]
    if upkeep.heartbeat:
        wrong = beat(upkeep.heartbeat)
        lines.append((RED if wrong else GREEN, "ETL_HEARTBEAT", wrong or "was fetched"))
    show_lines(lines)
    context.exit(int(any(colour == RED for colour, *_ in lines)))
