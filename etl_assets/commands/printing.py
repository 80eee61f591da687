"""What the command line prints."""

import json
from dataclasses import asdict

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from etl_assets.commands.disk import shown_bytes
from etl_assets.core.lists.answer_lines import arrived_of, facts_of, files_of, sums_of, what_became
from etl_assets.core.lists.support import UserAnswer
from etl_assets.model.books import ROW_STATES, Books
from etl_assets.model.errors import sample_of
from etl_assets.model.money import BALANCE_HEADER, UserBalance
from etl_assets.model.remedies import CHANGE_REMEDIES
from etl_assets.model.report import FileLine
from etl_assets.model.words import counted

RED, YELLOW, GREEN = "[red]\u2717[/]", "[yellow]![/]", "[green]\u2713[/]"


def say(line: str) -> None:
    """Prints a sentence for people, to standard error."""
    click.echo(line, err=True)


def show_books(books: Books, files: tuple[FileLine, ...] = (), *, as_json: bool) -> None:
    """Prints the books: to standard error, and the JSON object to standard output, when that is asked for."""
    console = Console(stderr=as_json, highlight=False)
    console.print()
    console.print(_rows_table(books))
    for line in _closing_lines(books, files):
        console.print(line)
    if as_json:
        told = {"files": [asdict(line) for line in files]} if files else {}
        click.echo(json.dumps({**books.as_json(), **told}))


def _rows_table(books: Books) -> RichTable:
    table = RichTable(
        title="The books, in rows", title_justify="left", title_style="bold", box=None, padding=(0, 1), pad_edge=False
    )
    table.add_column("table", no_wrap=True)
    for name in ("source", *ROW_STATES, ""):
        table.add_column(name, justify="right", no_wrap=True)
    for book in books.tables:
        numbers = book.as_json()
        if book.table in books.stopped:
            table.add_row(book.table, *("-" for _ in range(len(ROW_STATES) + 1)), "[red]stopped[/]")
            continue
        cells = [f"{sign} {numbers[state]:,}" for sign, state in zip("=+++", ROW_STATES, strict=True)]
        mark = "[green]closed[/]" if book.missing == 0 else f"[red]{book.missing:+,} unaccounted[/]"
        table.add_row(book.table, f"{book.source:,}", *cells, mark)
    return table


def _closing_lines(books: Books, files: tuple[FileLine, ...]) -> list[str]:
    lines = ["", *(f"files of {escape(str(line))}; {shown_bytes(line.size)} in all" for line in files)]
    if books.users:
        states = ", ".join(f"{count:,} {state}" for state, count in books.users.items() if state != "total" and count)
        lines.append(f"{books.users['total']:,} legacy users: {states or 'none'}")
    for wave in books.waves[-3:]:
        lines.append(f"wave {wave.key}: {counted(wave.users, 'user')}, {counted(wave.rows, 'row')}")
    lines += [escape(words) for words in books.stopped.values()]
    lines += [f"[bold yellow]{escape(books.paused)}[/]"] if books.paused else []
    if books.closed:
        lines.append("[bold green]The books close.[/]")
    elif not books.complete:
        lines.append(
            "[bold]Not everything is staged yet:[/] `etl-assets migrate` has not come to its end on this target."
        )
    else:
        lines.append("[bold red]The books are open.[/]")
    return lines


def show_lines(lines: list[tuple[str, str, str]]) -> None:
    """Prints one line per thing that was looked at: a mark, what it is, what there is to say."""
    table = RichTable(box=None, show_header=False, pad_edge=False)
    for mark, subject, words in lines:
        table.add_row(mark, escape(subject), escape(words))
    Console(highlight=False).print(table)


def show_answer(found: UserAnswer) -> None:
    """Prints the support desk's answer about one user; ids and counts, no address."""
    console = Console(highlight=False)
    console.print(f"[bold]Legacy user {found.legacy_user_id}: {found.state.replace('_', ' ')}[/]")
    for line in facts_of(found):
        console.print(line, markup=False)
    console.print(found.remedy, markup=False)
    for words in found.stopped:
        console.print(words, markup=False)
    if found.balances:
        _show_balances(console, found.balances)
    if not found.is_staged:
        console.print("What waits cannot be listed: nothing is staged now. Run `etl-assets migrate`.")
    if not found.rows:
        console.print("\n".join([*files_of(found), arrived_of(found)]), markup=False)
        return
    table = RichTable(box=None, padding=(0, 1), pad_edge=False)
    for name in ("table", "what", "rows", "sums", "legacy ids"):
        table.add_column(name, justify="right" if name == "rows" else "left", overflow="fold")
    for row in found.rows:
        table.add_row(row.table, what_became(row), f"{row.rows:,}", sums_of(row), sample_of(row.legacy_ids))
    console.print()
    console.print(table)
    remedies = {(row.reason or "").replace("_", " "): row.remedy for row in found.rows if row.remedy}
    for reason, remedy in remedies.items():
        console.print(f"- {reason}: {remedy}" if reason else f"- {remedy}", markup=False)
    console.print("\n".join(["", *files_of(found), arrived_of(found)]), markup=False)


def _show_balances(console: Console, balances: tuple[UserBalance, ...]) -> None:
    table = RichTable(box=None, padding=(0, 1), pad_edge=False)
    for name in (BALANCE_HEADER[0], *BALANCE_HEADER[2:]):
        table.add_column(name.replace("_", " "), justify="left" if name in ("balance", "compared") else "right")
    for line in balances:
        table.add_row(*(escape(cell) for cell in (line.balance, *line.cells[2:])))
    console.print()
    console.print(table)
    for line in balances:
        if line.at:
            console.print(f"{line.balance}: last applied {line.at}.", markup=False)
        if line.change in CHANGE_REMEDIES:
            console.print(
                f"{line.balance}: {line.change.replace('_', ' ')}. {CHANGE_REMEDIES[line.change]}", markup=False
            )
    console.print()
