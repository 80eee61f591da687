"""`etl-assets deploy`: the kit, printed into a folder."""

from pathlib import Path

import click

from etl_assets.commands.printing import say
from etl_assets.deploy.kit import KITS, print_kit
from etl_assets.model.words import counted


@click.command()
@click.argument("kit", type=click.Choice(sorted(KITS)))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--host", default="localhost", show_default=True, metavar="NAME", help="Under which browsers reach the UI."
)
def deploy(kit: str, folder: Path, *, host: str) -> None:
    """Print what runs the services elsewhere: an image, Docker Compose, systemd, or values of the Dagster chart.

    Into a folder, with a README that says what has to be there first. A file that says something else stays.
    """
    written = print_kit(kit, folder, host=host)
    for path in written:
        click.echo(str(path))
    say(f"{counted(len(written), 'file')} in {folder}; begin with README.md.")
