"""Writes a draft as the YAML that an operator reads: every decision beside its evidence."""

import json
import re
from collections.abc import Iterable
from typing import Any

from etl_assets.init.cells.type_choice import one_line
from etl_assets.init.draft import (
    Ask,
    Draft,
    DraftBalance,
    DraftColumn,
    DraftId,
    DraftKey,
    DraftOwner,
    DraftTable,
    DraftUsers,
)
from etl_assets.model.words import counted, said
from etl_assets.spec.model import CREATED

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?")
# Words that other YAML readers take for something else; ours reads all scalars as strings.
YAML_WORDS = frozenset("y n yes no true false on off null".split())
WIDTH = 110
COMMENT_COLUMN = 34
DECIDE = "Decide"


def scalar(text: str) -> str:
    """A YAML scalar that reads back as this text, in quotes unless it is a plain word."""
    if PLAIN.fullmatch(text) and text.lower() not in YAML_WORDS:
        return text
    return "".join(
        char if char.isprintable() else f"\\u{ord(char):04x}" if ord(char) < 2**16 else f"\\U{ord(char):08x}"
        for char in json.dumps(text, ensure_ascii=False)
    )


def comment_text(text: str) -> str:
    """A text that stays within its comment: one line, nothing that YAML would not print."""
    return "".join(char if char.isprintable() else "?" for char in " ".join(text.split()))


def rows_of(count: int) -> str:
    """`1 row`, `2,240 rows`."""
    return counted(count, "row")


def yaml_of(draft: Draft) -> str:
    """The whole file. No time and no path stand in it: one database gives the same bytes each time."""
    numbers = {ask.subject: number for number, ask in enumerate(draft.questions, 1)}
    lines = [*_header(draft), "", *_users(draft.users, numbers), ""]
    if draft.balances:
        lines += [*_balances(draft.balances), ""]
    lines += _files(draft)
    lines.append("tables:" if draft.tables else "tables: {}  # nothing here can be migrated; see below")
    for table in draft.tables:
        lines += [*_table(table, numbers), ""]
    for offer in draft.offers:
        lines += [_decide(ask, numbers, indent=2) for ask in offer.asks]
        lines += [_comment(f"Left behind: {offer.reason}. To bring it, take the marks off.", indent=2)]
        lines += [_marked(line) for line in "\n".join(_table(offer.table, {})).splitlines()]
        lines.append("")
    if draft.not_migrated:
        lines.append("# Not migrated:")
        lines += [_comment(f"  {name}: {reason}", indent=0) for name, reason in draft.not_migrated]
    return "\n".join(lines).rstrip("\n") + "\n"


def lines_of_questions(draft: Draft, text: str) -> tuple[int, ...]:
    """The lines of the file on which its questions stand, in their order."""
    lines, found = text.splitlines(), list[int]()
    for number, _ in enumerate(draft.questions, 1):
        found.append(
            next(place for place, line in enumerate(lines, 1) if line.lstrip(" #").startswith(f"{DECIDE} {number}:"))
        )
    return tuple(found)


def _decide(ask: Ask, numbers: dict[str, int], *, indent: int) -> str:
    return _comment(f"{DECIDE} {numbers[ask.subject]}: {ask.says}", indent=indent)


def _marked(line: str) -> str:
    return f"  # {line[2:]}" if line.strip() else line


def _header(draft: Draft) -> list[str]:
    found = len(draft.tables) + len(draft.offers) + len(draft.not_migrated) + bool(draft.users)
    return [
        # Beside the file, so that it holds on every machine; a line of its own, as editors want it.
        "# yaml-language-server: $schema=.etl-spec.schema.json",
        "# With that file beside this one, an editor explains, completes and checks every key:",
        "#   etl-assets spec --json-schema > .etl-spec.schema.json",
        "# `etl-assets spec` prints the same as a page, with recipes.",
        _comment(
            f"Made by `etl-assets init` from {draft.file}: {counted(found, 'table')} and views, {rows_of(draft.rows)}; "
            f"to migrate: {len(draft.tables)}."
        ),
        "# Read every line before the first load: a database cannot tell for certain whose rows these are, or the zone",
        "# of its clocks. `etl-assets check` then compares this file with the database and the target.",
        *(
            [f"# {counted(len(draft.questions), 'decision')} of yours: look for `{DECIDE}` below."]
            if draft.questions
            else []
        ),
        *(_comment(f"Your word: {subject}: {word}") for subject, word in sorted(draft.answers.items())),
        *(_comment(note) for note in draft.notes),
        "source:",
        "  timezone: UTC  # the zone of legacy timestamps that carry none: an IANA name such as Europe/Berlin",
        "# From the schema, so that new ids are the same each time. Two databases of one schema need two of them.",
        f"namespace: {draft.namespace}",
    ]


def _users(users: DraftUsers | None, numbers: dict[str, int]) -> list[str]:
    if users is None:
        return [
            "# No users table was recognised (a table with a key of one column and a column of e-mail addresses),",
            "# so no row has an owner. If there is one: users: {table: ..., id: ..., email: ...}",
        ]
    parts: dict[str, str | dict[str, str]] = {"table": users.table, "id": users.id, "email": users.email}
    if users.verified:
        parts["verified"] = users.verified
    if users.created and users.created != {"from": CREATED}:  # which is taken anyway
        parts["created"] = users.created["from"] if len(users.created) == 1 else users.created
    notes = [f"{rows_of(users.rows)}; {users.notes[0]}.", *users.notes[1:]]
    asks = [_decide(ask, numbers, indent=0) for ask in users.asks]
    return [*(_comment(note) for note in notes), *asks, f"users: {_flow(parts)}"]


def _balances(balances: tuple[DraftBalance, ...]) -> Iterable[str]:
    yield "# Each account can get a balance with its history: `add` leaves what the new app gave beside it, `set`"
    yield "# writes over it. Which one is right no database says: choose, and take the marks off."
    for balance in balances:
        if balance.against is None and len(balance.money) > 1:
            yield _comment(f"What {balance.source} answers to cannot be told; `against:` {' or '.join(balance.money)}?")
        if balance.evidence:
            yield _comment(balance.evidence)
    yield "# balances:"
    for balance in balances:
        parts = {"from": f"users.{balance.source}", "apply": "add"}
        parts |= {"against": balance.against} if balance.against else {}
        yield f"#   {scalar(f'profiles.{balance.name}')}: {_flow(parts)}"


def _files(draft: Draft) -> Iterable[str]:
    roots = [column.file_roots for table in draft.tables for column in table.live if column.file_roots is not None]
    if not roots:
        return
    strip = sorted({root for some in roots for root in some if root})
    parts = {"from": "/where/they/lie/now", "to": "s3://uploads", **({"strip": strip} if strip else {})}
    yield _comment(f"Below, {said(len(roots), 'column', 'name files of the old server')}, which stay behind.")
    yield "# To bring them say where they lie and where they go, and take the marks off: `etl-assets docs files`."
    yield from ("# files:", f"#   uploads: {_flow(parts)}", "")


def _table(table: DraftTable, numbers: dict[str, int]) -> Iterable[str]:
    asks = {ask.subject.removeprefix(f"tables.{table.source}."): ask for ask in table.asks if ask.subject in numbers}
    yield f"  {scalar(table.key)}:  # {rows_of(table.rows)}"
    for note in table.notes:
        yield _comment(note, indent=4)
    if table.source != table.key:
        yield f"    source: {scalar(table.source)}"
    yield f"    target: {scalar(table.target)}"
    if table.legacy_key:
        yield f"    key: [{', '.join(scalar(name) for name in table.legacy_key)}]"
    yield _noted(f"    id: {_id(table.id)}", table.id.notes)
    if "owner" in asks:
        yield _decide(asks["owner"], numbers, indent=4)
    yield _noted(f"    owner: {_owner(table.owner)}", table.owner.notes)
    yield from _columns(table, asks, numbers)
    for number, key in enumerate(key for key in table.keys if len(key.columns) > 1):
        to = {} if key.to == key.columns else {"key": list(key.to)}
        if number == 0:
            yield "    references:"
        yield _noted(f"      - {_flow({'columns': list(key.columns), 'table': key.table, **to})}", key.notes)
    if table.sums:
        yield f"    checks: {{sum: [{', '.join(scalar(name) for name in table.sums)}]}}"


def _columns(table: DraftTable, asks: dict[str, Ask], numbers: dict[str, int]) -> Iterable[str]:
    yield "    columns:" if table.live else "    columns: {}"
    for column in table.columns:
        own = [key for key in table.keys if key.columns == (column.name,)]
        for kind in ("types", "scale"):
            if f"{kind}.{column.source}" in asks:
                yield _decide(asks[f"{kind}.{column.source}"], numbers, indent=6)
        yield _column(column, own[0] if own else None, indent=6)
    for empty in table.unfilled:
        parts = scalar(empty.type) if not empty.parts else _flow({"type": empty.type, **empty.parts})
        yield _comment(f"{scalar(empty.name)}: {parts} # {empty.words}", indent=6)
    for subject, ask in asks.items():
        if subject.startswith("secret."):
            yield _decide(ask, numbers, indent=6)
    for note in table.left_out:
        yield _comment(note, indent=6)


def _id(id_: DraftId) -> str:
    return id_.rule if (id_.rule, id_.to) == ("uuid5", "id") else _flow({"rule": id_.rule, "to": id_.to})


def _owner(owner: DraftOwner) -> str:
    if owner.via:
        return _flow({"via": owner.via})
    if owner.source is None or owner.to is None:
        return "none"
    # `owner: none` is the word for nobody, so a column of that name takes the long form.
    is_short = owner.source == owner.to != "none" and owner.expr is None
    expr = {"expr": owner.expr} if owner.expr else {}
    return scalar(owner.source) if is_short else _flow({"from": owner.source, **expr, "to": owner.to})


def _column(column: DraftColumn, key: DraftKey | None, *, indent: int) -> str:
    parts: dict[str, Any] = {"type": column.choice.type}
    if column.is_expression:
        parts["expr"] = '"' + column.source.replace('"', '""') + '"'
    elif column.expr:
        parts["expr"] = column.expr
    elif column.source != column.name:
        parts["from"] = column.source
    parts |= column.choice.options
    if column.is_no_secret:
        parts |= {"secret": "allowed"}
    if column.references:
        parts["references"] = {"table": column.references}
    elif column.by:
        parts["references"] = {"by": column.by, "tables": column.several}
    elif key:
        parts["references"] = {"table": key.table, "key": key.to[0]}
    value = scalar(column.choice.type) if len(parts) == 1 else _flow(parts)
    line = f"{scalar(column.name)}: {value}"
    if column.absent:
        return _comment(f"{line} <- {column.absent}", indent=indent)
    return _noted(" " * indent + line, (*column.choice.notes, *(key.notes if key else ())))


def _flow(parts: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{scalar(key)}: {_value(value)}" for key, value in parts.items()) + "}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(scalar, value))}]"
    return scalar(value) if isinstance(value, str) else _flow(value)


def _noted(line: str, notes: tuple[str, ...]) -> str:
    if not notes:
        return line
    text = comment_text("; ".join(one_line(note) for note in notes))
    if len(line) + len(text) <= WIDTH:
        return f"{line.ljust(COMMENT_COLUMN)}  # {text}"
    # A long comment stands above its line.
    indent = len(line) - len(line.lstrip())
    return f"{_comment(text, indent=indent)}\n{line}"


def _comment(text: str, *, indent: int = 0) -> str:
    lead = text[: len(text) - len(text.lstrip())]
    lines, line = [], ""
    for word in comment_text(text).split(" "):
        if line and indent + len(line) + len(word) > WIDTH:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join(" " * indent + "# " + lead + part for part in [*lines, line])
