"""`init`: a spec from a legacy database, with what the operator has to decide, asked in the terminal or listed."""

import json
import sys
from typing import TYPE_CHECKING

import click

from etl_assets.commands.printing import say
from etl_assets.init.draft import Ask, Draft
from etl_assets.model.errors import SettingsError
from etl_assets.settings import read_settings, with_legacy

if TYPE_CHECKING:
    from etl_assets.init.drafting import Drafts


@click.command()
@click.argument("legacy", metavar="LEGACY.db")
@click.option("--target", metavar="DSN", help="Fit the spec to the tables of this Postgres, which is only read.")
@click.option("--ddl", is_flag=True, help="Print CREATE TABLE statements that fit the spec, instead of the spec.")
@click.option("--json", "as_json", is_flag=True, help="Print every judgement with its evidence and line, for tools.")
@click.option("--interactive", is_flag=True, help="Ask in the terminal what the database cannot tell, then print.")
@click.option(
    "--answer",
    "said",
    multiple=True,
    metavar="SUBJECT=CHOICE",
    help="Decide one beforehand: tables.docs.owner=author_id.",
)
def init(
    legacy: str, *, target: str | None, ddl: bool, as_json: bool, interactive: bool, said: tuple[str, ...]
) -> None:
    """Print a commented spec made from a legacy database, which is only read.

    What the database cannot tell is listed at the end, on standard error, with the line of the spec.
    """
    from etl_assets.access.legacy.source import brought  # noqa: PLC0415
    from etl_assets.init.asking.judgements import judgements_of  # noqa: PLC0415
    from etl_assets.init.drafting import Drafts, printed, questions_of  # noqa: PLC0415

    if interactive and not sys.stdin.isatty():
        raise SettingsError("--interactive asks in a terminal, and there is none; use `--answer SUBJECT=CHOICE`")
    with brought(with_legacy(read_settings(), legacy)) as file:
        draft = _decided(Drafts(file, target), said, interactive=interactive)
    if as_json:
        click.echo(json.dumps(judgements_of(draft), indent=2, ensure_ascii=False))
        return
    click.echo(printed(draft, as_ddl=ddl), nl=False)
    for line in questions_of(draft):
        say(line)
    if draft.questions:
        say("`etl-assets init --interactive` asks them one by one and writes the answers into the spec.")


def _decided(drafts: "Drafts", said: tuple[str, ...], *, interactive: bool) -> Draft:
    """The draft with what was decided beforehand, and is asked now."""
    answers = dict[str, str]()
    draft = drafts.with_answers(answers)
    for subject, choice in map(_pair, said):
        answers[subject] = _checked(draft, subject, choice)
        draft = drafts.with_answers(answers)
    # An answer may raise other questions: who owns a table decides about those that hang on it.
    while interactive and draft.questions:
        ask = draft.questions[0]
        answers[ask.subject] = _asked(ask, number=len(answers) + 1, left=len(draft.questions))
        draft = drafts.with_answers(answers)
    return draft


def _pair(text: str) -> tuple[str, str]:
    subject, sign, choice = text.rpartition("=")
    if not sign:
        raise click.BadParameter(f"{text!r} is no SUBJECT=CHOICE", param_hint="--answer")
    return subject, choice


def _checked(draft: Draft, subject: str, choice: str) -> str:
    ask = next((ask for ask in draft.questions if ask.subject == subject), None)
    if ask is None:
        open_ = ", ".join(ask.subject for ask in draft.questions) or "none"
        raise click.BadParameter(f"{subject} is no open question; these are: {open_}", param_hint="--answer")
    if choice not in ask.choices:
        raise click.BadParameter(f"{subject} is one of {', '.join(ask.choices)}", param_hint="--answer")
    return choice


def _asked(ask: Ask, *, number: int, left: int) -> str:
    """One question with its choices by number; Enter takes the first, the safe one."""
    say(f"\n{number} ({left} left). {ask.words}")
    for line in ask.evidence:
        say(f"   {line}")
    for place, choice in enumerate(ask.choices, 1):
        say(f"  {place}) {choice}")
    place = click.prompt("Choose", type=click.IntRange(1, len(ask.choices)), default=1, err=True)
    return ask.choices[place - 1]
