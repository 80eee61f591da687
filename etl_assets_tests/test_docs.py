"""The pages that people read: there, equal in both places, true to the code, and no command in them that is none."""

import re

import click
import pytest
from click.testing import CliRunner

from etl_assets.cli import cli
from etl_assets.commands.documents import ABOUT, GENERATED, document
from etl_assets.commands.troubleshooting import troubleshooting
from etl_assets_tests.docs import ROOT, SOURCES, copy_of

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {"README": README, **{name: document(name) for name in ABOUT}}
COMMAND = re.compile(r"etl-assets((?: +(?:--?[a-z][a-z-]*|[a-z][a-z-]*))+)")
LINK = re.compile(r"\]\(([^)#:]+)(#[^)]+)?\)")
MOST_LINES = 200


def test_pages_in_the_wheel_are_those_in_github() -> None:
    """`python -m etl_assets_tests.docs` renews them."""
    assert document(GENERATED) == troubleshooting()
    for name in ABOUT:
        assert copy_of(name).read_text(encoding="utf-8") == document(name), name
    assert {path.stem for path in SOURCES.glob("*.md")} == set(ABOUT) - {"spec"}


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    assert len(README.splitlines()) <= MOST_LINES
    for name in ABOUT:
        assert f"(.github/{name.upper()}.md)" in README, name


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    folder = ROOT if name == "README" else ROOT / ".github"
    for target, _ in LINK.findall(PAGES[name]):
        assert (folder / target).exists(), target


@pytest.mark.parametrize("name", PAGES)
def test_every_command_and_option_that_is_named_is_there(name: str) -> None:
    for words in COMMAND.findall(PAGES[name]):
        first, *more = words.split()
        if first not in cli.commands:
            continue  # a word of the sentence
        command = cli.commands[first]
        if isinstance(command, click.Group) and more and more[0] in command.commands:
            command, more = command.commands[more[0]], more[1:]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
        assert {word for word in more if word.startswith("--")} <= known, (name, words)


def test_the_command_lists_them_and_prints_one() -> None:
    runner = CliRunner()
    listed = runner.invoke(cli, ["docs"]).output
    assert all(line.split()[0] in ABOUT for line in listed.splitlines())
    assert runner.invoke(cli, ["docs", "glossary"]).output.startswith("# Glossary")
    wrong = runner.invoke(cli, ["docs", "x"])
    assert "there is no page 'x'" in str(wrong.exception)
