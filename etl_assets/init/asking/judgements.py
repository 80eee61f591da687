"""Every judgement of a draft as plain data, for tools: what the spec says, on which line, and what speaks for it."""

from collections.abc import Iterator
from typing import Any

from etl_assets.init.draft import Draft, DraftColumn, DraftTable
from etl_assets.init.draft_yaml import lines_of_questions, yaml_of
from etl_assets.spec.yaml_lines import Path, read_yaml

Judgement = dict[str, Any]


def judgements_of(draft: Draft) -> dict[str, Any]:
    """The judgements, the questions, and what stays behind. `fit` and `unfit` are counts of values."""
    text = yaml_of(draft)
    _, lines = read_yaml(text, file="init.yaml")
    places = lines_of_questions(draft, text)
    return {
        "file": draft.file,
        "judgements": [_on_its_line(found, lines) for found in (*_of_users(draft), *_of_tables(draft))],
        "questions": [
            {
                "number": number,
                "subject": ask.subject,
                "question": ask.words,
                "evidence": list(ask.evidence),
                "choices": list(ask.choices),
                "default": ask.choices[0],
                "line": places[number - 1],
            }
            for number, ask in enumerate(draft.questions, 1)
        ],
        "answers": draft.answers,
        "balances": [
            {"profile": f.name, "from": f.source, "against": f.against, "evidence": f.evidence, "others": list(f.money)}
            for f in draft.balances
        ],
        "left_behind": [
            *({"table": offer.table.source, "reason": offer.reason, "offered": True} for offer in draft.offers),
            *({"table": name, "reason": reason, "offered": False} for name, reason in draft.not_migrated),
        ],
    }


def _on_its_line(found: Judgement, lines: dict[Path, int]) -> Judgement:
    path = found.pop("path")
    while path and path not in lines:
        path = path[:-1]
    return {**found, "line": lines.get(path)}


def _judged(
    subject: str, path: Path, says: Any, evidence: tuple[str, ...], fit: int | None, unfit: int = 0
) -> Judgement:
    counts = {} if fit is None else {"fit": fit, "unfit": unfit}
    return {"subject": subject, "says": says, "evidence": list(evidence), **counts, "path": path}


def _of_users(draft: Draft) -> Iterator[Judgement]:
    users = draft.users
    if users is None:
        yield _judged("users", ("tables",), None, ("no users table was recognised",), None)
        return
    for name in ("table", "id", "email", "verified"):
        is_email = name == "email"
        fit = (users.addresses, users.filled - users.addresses) if is_email else (None, 0)
        yield _judged(f"users.{name}", ("users", name), getattr(users, name), users.notes if is_email else (), *fit)
    yield _judged("users.created", ("users", "created"), users.created or None, (), None)


def _of_tables(draft: Draft) -> Iterator[Judgement]:
    for table in draft.tables:
        place, path = f"tables.{table.source}", ("tables", table.key)
        owner = table.owner
        says = f"via {owner.via}" if owner.via else owner.source or "none"
        fit = None if owner.is_none else owner.values - owner.misses
        yield _judged(f"{place}.owner", (*path, "owner"), says, owner.notes, fit, owner.misses)
        yield _judged(f"{place}.key", (*path, "key"), list(table.legacy_key) or None, table.notes, None)
        yield _judged(f"{place}.id", (*path, "id"), {"rule": table.id.rule, "to": table.id.to}, table.id.notes, None)
        for column in table.columns:
            yield _of_column(table, column)
        for words in table.left_out:
            yield _judged(f"{place}.left_out", path, words, (), None)
        if table.sums:
            yield _judged(f"{place}.sums", (*path, "checks"), list(table.sums), (), None)


def _of_column(table: DraftTable, column: DraftColumn) -> Judgement:
    choice = column.choice
    says: dict[str, Any] = {"type": choice.type, **choice.options}
    if column.references:
        says["references"] = column.references
    elif column.by:
        says["references"] = {"by": column.by, "tables": column.several}
    if column.absent:
        says["absent"] = column.absent
    fit = None if choice.values is None else choice.values - choice.misses
    path = ("tables", table.key, "columns", column.name)
    return _judged(f"tables.{table.source}.columns.{column.source}", path, says, choice.notes, fit, choice.misses)
