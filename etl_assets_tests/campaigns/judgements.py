"""`python -m etl_assets_tests.campaigns.judgements [--all]`: what `init` judges right, asks, and judges wrong.

One line per schema of `spec/judgements`, then every judgement that is not right; `--all` prints the right ones too.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import click

from etl_assets_tests.judged import Score, counted, schemas, scores


def main() -> int:
    """Prints the table; exits 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="schemas, all of them where none is named")
    parser.add_argument("--all", action="store_true")
    asked = parser.parse_args()
    everything: list[Score] = []
    click.echo(f"{'schema':<18}{'judged':>8}{'right':>8}{'asked':>8}{'wrong':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for name in asked.names or schemas():
            found = scores(name, Path(folder))
            everything += found
            _print_line(name, found)
    _print_line("all", everything)
    for score in everything:
        if asked.all or score.verdict != "right":
            click.echo(f"{score.verdict}: {score.schema}: {score.subject}: {score.right!r}, init says {score.found!r}")
    return int(bool(counted(everything)["wrong"]))


def _print_line(name: str, found: list[Score]) -> None:
    count = counted(found)
    click.echo(f"{name:<18}{len(found):>8}{count['right']:>8}{count['asked']:>8}{count['wrong']:>8}")


if __name__ == "__main__":
    sys.exit(main())
