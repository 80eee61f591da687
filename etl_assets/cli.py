"""The console script: every command calls what the assets call."""

import atexit
import gc
import json
import os
import sys
from dataclasses import asdict
from typing import Any, NoReturn

import click

from etl_assets.access.legacy.source import require_there
from etl_assets.commands.alerting import alerts
from etl_assets.commands.deciding import DECISIONS
from etl_assets.commands.demo import prepare_demo, require_embedded
from etl_assets.commands.deploying import deploy
from etl_assets.commands.initializing import init
from etl_assets.commands.printing import GREEN, RED, YELLOW, say, show_answer, show_books, show_lines
from etl_assets.model.errors import EtlError, SettingsError, UndoRefused
from etl_assets.settings import Settings, read_settings, read_spec
from etl_assets.spec.model import Spec
from etl_assets.upkeep import require_upkeep

PRIVATE_UMASK = 0o077
BOOKS_OPEN = 1
PORT = click.IntRange(1, 65_535)
OBJECTS_PER_COLLECTION = 50_000  # 700 by default


def main() -> NoReturn:
    """Runs the command line; failures that we name become one sentence and their exit code."""
    os.umask(PRIVATE_UMASK)
    _collect_seldom()
    code = None
    try:
        # Without standalone mode click hands an exit code back instead of raising it.
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        say("Stopped. What was committed stays; run it again to go on.")
        sys.exit(3)
    except EtlError as error:
        say(f"etl-assets: {error}")
        sys.exit(error.exit_code)
    except OSError as error:
        say(f"etl-assets: {error.filename or 'a file'}: {error.strerror or type(error).__name__}")
        sys.exit(2)
    except Exception as error:  # noqa: BLE001 - the last word; its text may hold a customer's values
        say(f"etl-assets: stopped by a defect ({type(error).__name__}); please report what you ran")
        sys.exit(3)
    sys.exit(code if isinstance(code, int) else 0)


def _collect_seldom() -> None:
    """Spares the search for garbage among Dagster's modules, when they are imported and when the process ends.

    There is none, and it took 0.9 s of every command (Python 3.11, dagster 1.13.27).
    """
    gc.set_threshold(OBJECTS_PER_COLLECTION)
    atexit.register(gc.freeze)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Move a legacy SQLite app to Supabase Postgres: whole, once, unchanged, and to its owner."""


@cli.command()
@click.option(
    "--demo", is_flag=True, help="Use a demo legacy app and let most of its users log in (embedded target only)."
)
@click.option("--dry-run", is_flag=True, help="Do everything, inserts too, and roll it back: what would happen?")
@click.option(
    "--sample-users",
    type=click.IntRange(min=1),
    metavar="N",
    help="Claim only N users, plus the users their rows depend on.",
)
@click.option("--seed", default="0", show_default=True, help="Which users a sample takes.")
@click.option("--wave", metavar="KEY", help="Reload a wave that was undone: its key, or `last`.")
@click.option("--user", "user_id", metavar="LEGACY_ID", help="Let this user move again, whom `undo` put on hold.")
@click.option("--accept-file", metavar="DIGEST", help="This legacy file is the one, although much of it changed.")
@click.option(
    "--backfill",
    multiple=True,
    metavar="TABLE.COLUMN",
    help="Fill a column that the spec gained in rows that were loaded without it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the books as one JSON object on standard output.")
@click.pass_context
def migrate(  # noqa: PLR0913 - click hands each option over by name
    context: click.Context,
    *,
    demo: bool,
    dry_run: bool,
    sample_users: int | None,
    seed: str,
    wave: str | None,
    user_id: str | None,
    accept_file: str | None,
    backfill: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run all assets: snapshot, exports, staging, users, a login wave, and the books."""
    from etl_assets.automation.instance import open_instance  # noqa: PLC0415 - Dagster takes a second to import
    from etl_assets.commands.migration import MigrateOptions, migrate_dry  # noqa: PLC0415
    from etl_assets.commands.migration import migrate as run  # noqa: PLC0415

    settings, spec = _start()
    if demo:
        settings, spec = prepare_demo(settings, say=say)
    require_there(settings)
    options = MigrateOptions(f"{sample_users}/{seed}" if sample_users else None, wave, user_id, accept_file, backfill)
    if dry_run:
        outcome = migrate_dry(settings, spec, say=say, options=options)
    else:
        with open_instance(settings) as instance:
            outcome = run(settings, spec, instance=instance, say=say, options=options)
    show_books(outcome.books, outcome.files, as_json=as_json)
    if dry_run:
        say("A dry run: everything was rolled back, and the target is as it was.")
    if outcome.books.refused:
        refused = "1 row or balance" if outcome.books.refused == 1 else f"{outcome.books.refused:,} rows or balances"
        say(f"The target refused {refused}: reports/quarantine.csv and `etl-assets user` say which.")
    elif outcome.exit_code:
        say("This run did not come to its end; the reason stands above.")
    context.exit(outcome.exit_code or (0 if outcome.books.closed else BOOKS_OPEN))


@cli.command()
@click.option("--port", type=PORT, default=3000, show_default=True, help="On 127.0.0.1.")
@click.option("--desk-port", type=PORT, help="Of the support desk; the one after --port, or the next that is free.")
@click.option("--demo", is_flag=True, help="Use the demo legacy app; the default where nothing else is set.")
def ui(*, port: int, desk_port: int | None, demo: bool) -> None:
    """Serve the Dagster UI, with the sensors at work, and the support desk, until Ctrl-C."""
    from etl_assets.access.postgres.servers import target_url  # noqa: PLC0415
    from etl_assets.ui.services import serve  # noqa: PLC0415

    settings, spec = _start()
    require_upkeep()
    target_url(settings)
    if demo or (settings.is_embedded and settings.legacy_path is None):
        settings, spec = prepare_demo(settings, say=say)
    require_there(settings)
    serve(settings, spec, port=port, desk_port=desk_port, say=say)


@cli.command()
@click.option("--port", type=PORT, default=3001, show_default=True, help="On 127.0.0.1.")
@click.option("--grants", "role", metavar="ROLE", help="Print instead the SQL that makes a login role for the desk.")
def desk(*, port: int, role: str | None) -> None:
    """Serve the support desk alone, a small web site that answers "where are my credits?", until Ctrl-C."""
    from etl_assets.desk.serving import desk_grants, serve  # noqa: PLC0415

    settings, spec = _start()
    if role is not None:
        click.echo(desk_grants(settings, spec, role=role), nl=False)
        return
    serve(settings, spec, port=port, say=say)


@cli.command()
@click.argument("legacy_id", metavar="LEGACY_ID|ADDRESS")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as one JSON object on standard output.")
def user(legacy_id: str, *, as_json: bool) -> None:
    """Say where the history and the money of one legacy user are: the support desk's answer.

    An argument with @ is an address. It is looked for as claims compare addresses, and printed or kept nowhere.
    """
    from etl_assets.access.postgres.servers import target_url  # noqa: PLC0415
    from etl_assets.core.lists.support import answer, find_by_address  # noqa: PLC0415
    from etl_assets.transform.users import folded_text  # noqa: PLC0415

    settings, spec = _start()
    if "@" in legacy_id:
        legacy_id = find_by_address(target_url(settings), legacy_id, key=folded_text(legacy_id))
    found = answer(target_url(settings), spec, legacy_id)
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        show_answer(found)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the books as one JSON object on standard output.")
@click.pass_context
def status(context: click.Context, *, as_json: bool) -> None:
    """Print the books: what became of every legacy row and user."""
    from etl_assets.core.verify.status import status as read  # noqa: PLC0415

    settings, spec = _start()
    from etl_assets.access.postgres.servers import target_url  # noqa: PLC0415

    books = read(target_url(settings), spec)
    show_books(books, as_json=as_json)
    context.exit(BOOKS_OPEN if books.complete and not books.closed else 0)


@cli.command(name="forget")
@click.option("--user", "legacy_id", required=True, metavar="LEGACY_ID", help="The legacy users table's own id.")
def forget_user(legacy_id: str) -> None:
    """Erase a person who has not come back, for good: staging, map, quarantine, exports and snapshots."""
    from etl_assets.assets.resources import Stores  # noqa: PLC0415
    from etl_assets.automation.forgetting import forget, summary  # noqa: PLC0415 - Dagster takes a second to import

    _, spec = _start()
    for line in summary(forget(Stores(), spec, legacy_id, run="forget")):
        click.echo(line)


@cli.command()
@click.option("--wave", default="", metavar="KEY", help="The login wave, as `status` and the UI name it; or `last`.")
@click.option("--user", "user_id", default="", metavar="LEGACY_ID", help="One legacy user.")
@click.option("--in-use", is_flag=True, help="Rows that somebody has written to since, too; what they hold is kept.")
@click.option("--backfill", multiple=True, metavar="TABLE.COLUMN", help="What `migrate --backfill` filled in.")
def undo(*, wave: str, user_id: str, in_use: bool, backfill: tuple[str, ...]) -> None:
    """Take a wave or a user out of production again; its users are held until they are run again.

    Exactly what the ledger says, in one transaction. Refuses, with the list, where rows were changed since or others
    refer to them. `migrate --wave KEY` or `migrate --user LEGACY_ID` brings them back.
    """
    from etl_assets.assets.resources import Stores  # noqa: PLC0415
    from etl_assets.automation import decisions  # noqa: PLC0415
    from etl_assets.automation.backfill import empty  # noqa: PLC0415
    from etl_assets.automation.instance import open_instance  # noqa: PLC0415

    settings, spec = _start()
    if backfill and not (wave or user_id):
        for line in empty(Stores(), spec, backfill, run="undo"):
            say(line)
        return
    try:
        done = decisions.undo(Stores(), spec, wave=wave, user=user_id, run="undo", in_use=in_use)
    except UndoRefused as refusal:
        for line in decisions.refused_lines(refusal):
            say(line)
        raise
    for line in decisions.summary(done):
        say(line)
    with open_instance(settings) as instance:
        decisions.tell_partitions(instance, Stores(), spec, done)


@cli.command()
@click.option("--lift", is_flag=True, help="Take the freeze back.")
@click.pass_context
def freeze(context: click.Context, *, lift: bool) -> None:
    """Cut over: the last snapshot counts for good, and the report becomes the sign-off."""
    from etl_assets.assets.resources import Stores  # noqa: PLC0415
    from etl_assets.automation import decisions  # noqa: PLC0415
    from etl_assets.automation.instance import open_instance  # noqa: PLC0415
    from etl_assets.commands.migration import verify  # noqa: PLC0415

    settings, spec = _start()
    if lift:
        say("The freeze was taken back." if decisions.lift_freeze(Stores(), run="freeze") else "There was no freeze.")
        return
    frozen = decisions.freeze_now(Stores(), spec, run="freeze")
    say(f"The legacy app is frozen at snapshot {frozen.snapshot}: a changed file is an error from now on.")
    with open_instance(settings) as instance:
        outcome = verify(settings, spec, instance=instance)
    show_books(outcome.books, outcome.files, as_json=False)
    if outcome.exit_code == 0:
        say(f"To sign: {settings.artifacts / 'reports' / 'migration_report.html'}")
    for words in decisions.to_switch_on(Stores(), spec):
        say(words)
    context.exit(outcome.exit_code or (0 if outcome.books.closed else BOOKS_OPEN))


@cli.command()
@click.option("--files", "whole", is_flag=True, help="Read every file in the new storage to its last byte.")
@click.pass_context
def verify(context: click.Context, *, whole: bool) -> None:
    """Read everything back and close the books. Of files it compares size and mark, and reads one in fifty."""
    from etl_assets.commands.migration import verify_with_files  # noqa: PLC0415

    outcome, compared = verify_with_files(*_start(), whole=whole)
    show_books(outcome.books, outcome.files, as_json=False)
    say("\n".join(compared))
    context.exit(outcome.exit_code or (0 if outcome.books.closed else BOOKS_OPEN))


@cli.command()
@click.option("--grants", "role", metavar="ROLE", help="Print instead the SQL that makes a login role for us.")
@click.pass_context
def check(context: click.Context, *, role: str | None) -> None:
    """Compare spec, source and target; write nothing. Exit 1 when something would fail."""
    from etl_assets.commands.check import examine, grants_of  # noqa: PLC0415

    settings, spec = _start()
    require_upkeep()
    if role is not None:
        click.echo(grants_of(settings, spec, role=role), nl=False)
        return
    lines = examine(settings, spec)
    show_lines(
        [(RED if not line.holds else YELLOW if line.warns else GREEN, line.subject, line.words) for line in lines]
    )
    context.exit(0 if all(line.holds for line in lines) else 1)


@cli.command()
@click.option("--clear", is_flag=True, help="Clear it: dead runs, and a stopped process' hold on the writers' lock.")
@click.option("--break-lock", is_flag=True, help="End whoever holds the writers' lock, even a run that is at work.")
@click.pass_context
def doctor(context: click.Context, *, clear: bool, break_lock: bool) -> None:
    """Say what is stuck, who holds it, and what clears it. Exit 1 when something stays stuck."""
    from etl_assets.automation.instance import open_instance  # noqa: PLC0415
    from etl_assets.commands.doctor import examine  # noqa: PLC0415

    settings, spec = _start()
    require_upkeep()
    with open_instance(settings) as instance:
        found = examine(settings, spec, instance=instance, clear=clear, break_lock=break_lock)
    show_lines([(RED if complaint.is_stuck else GREEN, complaint.subject, complaint.words) for complaint in found])
    context.exit(1 if any(complaint.is_stuck for complaint in found) else 0)


cli.add_command(init)


@cli.command(name="spec")
@click.argument("key", metavar="[KEY|cookbook]", required=False)
@click.option("--json-schema", "as_schema", is_flag=True, help="Print the JSON schema that editors read.")
def reference(key: str | None, *, as_schema: bool) -> None:
    """Explain the spec: every key with an example and what is refused, and a cookbook; with KEY, that key alone."""
    from etl_assets.commands.documents import reference_text  # noqa: PLC0415

    click.echo(reference_text(key, as_schema=as_schema), nl=False)


@cli.command()
@click.argument("name", metavar="[NAME]", required=False)
def docs(name: str | None) -> None:
    """Print a page of the documentation in Markdown; without NAME, which there are."""
    from etl_assets.commands.documents import ABOUT, document  # noqa: PLC0415

    if name is None:
        width = max(map(len, ABOUT))
        for page, about in ABOUT.items():
            click.echo(f"{page:{width}}  {about}")
        return
    click.echo(document(name), nl=False)


for command in (*DECISIONS, alerts, deploy):
    cli.add_command(command)


@cli.group(name="demo")
def demo_group() -> None:
    """Play with the embedded demo target."""


@demo_group.command()
@click.argument("count", type=click.IntRange(min=1), default=10)
def login(count: int) -> None:
    """Let COUNT more demo users confirm their accounts, so that a wave can be seen to arrive."""
    from etl_assets.access.postgres.servers import target_url  # noqa: PLC0415
    from etl_assets.demo.accounts import come_back, legacy_addresses  # noqa: PLC0415

    settings, spec = _start()
    require_embedded(settings, "demo login")
    users = _users(spec)
    done = come_back(target_url(settings), legacy_addresses(settings.legacy_file(), users), count=count)
    say(f"{done} more users confirmed their accounts. The next wave, or `etl-assets migrate`, brings their history.")


@demo_group.command()
def edit() -> None:
    """Let the demo's legacy app go on writing, and a user of the new app change one of the same rows."""
    from etl_assets.access.postgres.servers import target_url  # noqa: PLC0415
    from etl_assets.demo.edits import edit as run  # noqa: PLC0415

    settings, _ = _start()
    require_embedded(settings, "demo edit")
    if settings.legacy_path is not None:
        raise SettingsError("`demo edit` writes to the demo's own legacy app alone: unset LEGACY_SQLITE")
    for line in run(settings.legacy_file(), target_url(settings)):
        say(line)


def _start() -> tuple[Settings, Spec]:
    settings = read_settings()
    return settings, read_spec(settings.spec_path)


def _users(spec: Spec) -> Any:
    if spec.users is None:
        raise SettingsError("the spec has no `users:` section, so nobody can log in")
    return spec.users


if __name__ == "__main__":
    main()
