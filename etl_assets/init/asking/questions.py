"""What an operator has to decide about a table: what gives rows to a wrong person, loses them, or tells secrets."""

from collections.abc import Iterable

from etl_assets.init.asking.answers import (
    BRING,
    LEAVE,
    Answers,
    owner_subject,
    secret_subject,
    stays_subject,
    type_subject,
)
from etl_assets.init.draft import Ask, DraftColumn
from etl_assets.init.judging.ownership import VIA, Ownership
from etl_assets.init.judging.secrets import is_doubtful, secret_reason
from etl_assets.init.judging.staying import Staying
from etl_assets.init.table_facts import TableFacts
from etl_assets.model.words import counted
from etl_assets.spec.model import NO_COLUMN

TEXT = "text"


def asks_of(table: TableFacts, owner: Ownership, columns: Iterable[DraftColumn], answers: Answers) -> tuple[Ask, ...]:
    """Whose rows, where several columns say as much or none says enough; dates that read two ways; half a secret."""
    asks = [*_of_owner(table, owner), *_of_dates(table, columns), *_of_secrets(table)]
    return tuple(ask for ask in asks if ask.subject not in answers)


def ask_of_stay(table: TableFacts, staying: Staying) -> tuple[Ask, ...]:
    """Whether a table shall arrive that looks as if it should not, where init is not sure."""
    if not staying.asks:
        return ()
    words = f"{table.name} is left behind: {staying.reason}. Shall it arrive?"
    return (Ask(stays_subject(table.name), words, (LEAVE, BRING), (counted(table.rows, "row"),)),)


def _of_owner(table: TableFacts, owner: Ownership) -> Iterable[Ask]:
    if not owner.rivals:
        return
    named = " and ".join(owner.rivals)
    evidence = tuple(_evidence(table, name) for name in owner.rivals)
    first = f"{VIA}{owner.via.columns[0]}" if owner.via else owner.column or NO_COLUMN
    if owner.via:
        words = f"Whose are the rows of {table.name}: those of the row that {owner.column} names, or {named}?"
        evidence = (_evidence(table, owner.column or "", of=owner.via.table), *evidence)
    elif owner.column:
        words = f"Whose are the rows of {table.name}: {owner.column}, or {named}?"
        evidence = (_evidence(table, owner.column), *evidence)
    else:
        lead = f"{named} leads" if len(owner.rivals) == 1 else f"{named} lead"
        words = (
            f"Whose are the rows of {table.name}? {lead} to users, and no name says whose a row is. Nobody's for now"
        )
    others = () if first == NO_COLUMN else (NO_COLUMN,)
    yield Ask(owner_subject(table.name), words, (first, *owner.rivals, *others), evidence)


def _evidence(table: TableFacts, column: str, *, of: str = "users") -> str:
    key = next(key for key in table.foreign_keys if key.columns == (column,) or key.columns[0] == column)
    missing, empty = key.values - key.found, table.scanned - key.values
    words = f"{column}: {key.found:,} of {counted(key.values, 'value')} are ids of {of}"
    words += f", {missing:,} are not" if missing else ""
    return f"{words}, {counted(empty, 'row')} without" if empty else words


def _of_dates(table: TableFacts, columns: Iterable[DraftColumn]) -> Iterable[Ask]:
    for column in columns:
        if column.choice.rivals:
            name, formats = column.source, column.choice.rivals
            filled = table.columns[name].filled
            words = (
                f"{table.name}.{name} is text for now: its dates read as {' and '.join(formats)} alike. Which is it?"
            )
            evidence = tuple(f"{form}: {table.columns[name].formats[form]:,} of {filled:,} read so" for form in formats)
            yield Ask(type_subject(table.name, name), words, (TEXT, *formats), evidence)


def _of_secrets(table: TableFacts) -> Iterable[Ask]:
    for facts in table.columns.values():
        reason = secret_reason(table, facts)
        if reason and is_doubtful(facts):
            words = f"{table.name}.{facts.name} is left behind: {reason}. Shall it arrive?"
            evidence = (f"{facts.credentials:,} of {counted(facts.filled, 'value')} are credentials",)
            yield Ask(secret_subject(table.name, facts.name), words, (LEAVE, BRING), evidence)
