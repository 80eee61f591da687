"""What an operator decides with a word: `pause`, `resume`, `cleanup`, `reload`, `app-status`."""

import click

from etl_assets.commands.printing import say
from etl_assets.model.errors import SettingsError
from etl_assets.settings import read_settings, read_spec


@click.command()
@click.option("--why", default="", metavar="TEXT", help="Said wherever the pause is; nothing personal belongs here.")
def pause(why: str) -> None:
    """Let nothing more begin: no staging, no claim, no load, until `resume`.

    A run that is writing ends its transaction and stops there, with whole users; `resume` lets it go on.
    """
    say(_decide(pause_for=why))


@click.command()
def resume() -> None:
    """Take a pause back: waves open again, and what stopped goes on with the next `migrate` or by itself."""
    say(_decide(pause_for=None))


def _decide(*, pause_for: str | None) -> str:
    from etl_assets.assets.resources import Stores  # noqa: PLC0415 - Dagster takes a second to import
    from etl_assets.automation.decisions import pause_now, resume_now  # noqa: PLC0415

    settings = read_settings()
    read_spec(settings.spec_path)
    return resume_now(Stores(), run="resume") if pause_for is None else pause_now(Stores(), pause_for, run="pause")


@click.command()
def cleanup() -> None:
    """After sign-off: drop staging and old snapshots; the user map, the ledger and the audit trail stay."""
    from etl_assets.assets.resources import Stores  # noqa: PLC0415
    from etl_assets.automation.jobs import clean_up  # noqa: PLC0415 - Dagster takes a second to import

    spec = read_spec(read_settings().spec_path)
    say(clean_up(Stores(), spec, run="cleanup"))


@click.command()
@click.option("--gone", is_flag=True, required=True, help="Rows of tables or waves of which nothing is left.")
@click.option("--wave", default="", metavar="KEY", help="Of this wave alone.")
def reload(*, gone: bool, wave: str) -> None:
    """Let rows arrive again that are gone whole, after a TRUNCATE or a restore: the next `migrate` brings them."""
    from etl_assets.assets.resources import Stores  # noqa: PLC0415
    from etl_assets.core.verify.emptied import strike_gone  # noqa: PLC0415

    spec = read_spec(read_settings().spec_path)
    stores = Stores()
    with stores.target() as connection:
        struck = strike_gone(connection, stores.links(connection, spec), wave=wave, run="reload")
    say(f"Out of the ledger: {', '.join(f'{table} {count:,}' for table, count in struck.items())}. Run `migrate` now.")


@click.command(name="app-status")
@click.option("--create", is_flag=True, help="Make the function that the spec names, or make it anew.")
@click.option("--drop", is_flag=True, help="Remove it, whatever the spec names by now.")
def app_status(*, create: bool, drop: bool) -> None:
    """Say what the new app may ask about a signed-in user's history: is it made, and what would it answer?"""
    from etl_assets.access.postgres.servers import target_url  # noqa: PLC0415
    from etl_assets.core.lists.app_status import create_lines, drop_lines, standing_lines  # noqa: PLC0415

    if create and drop:
        raise SettingsError("`--create` and `--drop` cannot be asked for at once")
    settings = read_settings()
    spec = read_spec(settings.spec_path)
    lines = create_lines if create else drop_lines if drop else standing_lines
    say("\n".join(lines(target_url(settings), spec)))


DECISIONS = (pause, resume, cleanup, reload, app_status)
