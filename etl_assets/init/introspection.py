"""From facts to a spec in the making: names, keys, ids, owners, references, types. Pure: nothing is read here."""

import uuid
from dataclasses import replace

from etl_assets.init.asking.answers import (
    BRING,
    USERS_SUBJECT,
    VERIFIED_SUBJECT,
    Answers,
    allowed_by,
    owners_said,
    stays_subject,
    type_subject,
)
from etl_assets.init.asking.questions import ask_of_stay, asks_of
from etl_assets.init.cells.type_choice import as_type, census, choose_type, fitting
from etl_assets.init.draft import (
    Choice,
    Draft,
    DraftColumn,
    DraftId,
    DraftOffer,
    DraftOwner,
    DraftTable,
)
from etl_assets.init.draft_users import users_section
from etl_assets.init.judging.ownership import Ownership, References, find_owners, key_of
from etl_assets.init.judging.people import UsersTable, recognise_users
from etl_assets.init.judging.secrets import secret_reason
from etl_assets.init.judging.staying import Staying, why_it_stays
from etl_assets.init.judging.words import users_rank
from etl_assets.init.names import (
    TABLE_KEY_LENGTH,
    looks_like_email,
    looks_like_money,
    snake,
    unique_name,
)
from etl_assets.init.other_keys import is_by_columns
from etl_assets.init.table_facts import ColumnFacts, DatabaseFacts, ForeignKeyFacts, SeveralFacts, TableFacts
from etl_assets.model.words import counted, said
from etl_assets.spec.model import NO_COLUMN, ROWID, USERS
from etl_assets.spec.rules import EXPORT_NAMES, looks_secret

SCHEMA_NAMESPACE = uuid.UUID("5b0c7a56-3f0d-5d64-9c55-6f2a4b7d1e90")  # any constant of ours
NUMBERS = ("integer", "bigint", "numeric", "double")
MOST_SUMS = 4
# `users` is the spec's own word, and `profiles` holds the new accounts.
RESERVED_KEYS = ("users", "profiles")

FILE_SHARE = 0.9  # of a column's texts that name files


def draft_of(facts: DatabaseFacts, answers: Answers | None = None) -> Draft:
    """The spec that a database suggests, with the evidence for each decision; the same facts give the same draft.

    Args:
        facts: what the database holds.
        answers: what the operator has decided, by subject.
    """
    answers = dict(answers or {})
    facts = allowed_by(answers, facts)
    users = recognise_users(facts.tables, chosen=answers.get(USERS_SUBJECT))
    if users and answers.get(VERIFIED_SUBJECT) == NO_COLUMN:
        users = replace(users, verified=None)
    people = _people(users)
    migrated, refused = list[TableFacts](), [(other.name, other.reason) for other in facts.others]
    offered = list[tuple[TableFacts, Staying]]()
    for table in facts.tables:
        if table.name in people:
            continue
        is_brought = answers.get(stays_subject(table.name)) == BRING
        staying = None if is_brought else why_it_stays(table, facts.tables)
        if staying is None and not key_of(table):
            refused.append((table.name, KEYLESS))
        elif staying is None:
            migrated.append(table)
        elif staying.is_offered and key_of(table):
            offered.append((table, staying))
        else:
            refused.append((table.name, staying.reason))
    return Draft(
        file=facts.file,
        namespace=str(uuid.uuid5(SCHEMA_NAMESPACE, facts.schema.encode("utf-8", "replace").decode())),
        rows=sum(table.rows for table in facts.tables),
        users=users_section(users, facts, answers) if users else None,
        tables=_Drafting(migrated, users, answers).tables(),
        not_migrated=tuple(refused),
        offers=tuple(
            _offer(_Drafting([*migrated, table], users, answers).tables()[-1], table, staying, answers)
            for table, staying in offered
        ),
        answers=answers,
    )


KEYLESS = "no key and no rowid; give it a key in a copy of the database, then run init on that copy"


def _people(users: UsersTable | None) -> set[str]:
    """The tables that new accounts take the place of."""
    if users is None:
        return set()
    is_of_addresses = users.stands_for is not None and users_rank(users.table) is None
    return {users.table, *((users.stands_for[0],) if users.stands_for and is_of_addresses else ())}


def _offer(draft: DraftTable, table: TableFacts, staying: Staying, answers: Answers) -> DraftOffer:
    asks = (ask for ask in ask_of_stay(table, staying) if ask.subject not in answers)
    return DraftOffer(draft, staying.reason, tuple(asks))


class _Drafting:
    """The tables of one database, decided together."""

    def __init__(self, tables: list[TableFacts], users: UsersTable | None, answers: Answers) -> None:
        self._tables, self._answers = tables, answers
        self._by_name = {table.name: table for table in tables}
        self._users = users
        self._owners = find_owners(tables, users, owners_said(answers, tables))
        self._references = References(tables, self._owners, users)
        self._keys: dict[str, str] = {}
        for table in tables:
            wanted = snake(table.name)
            wanted = f"legacy_{wanted}" if wanted in RESERVED_KEYS else wanted
            self._keys[table.name] = unique_name(wanted, taken=set(self._keys.values()), longest=TABLE_KEY_LENGTH)
        self._ids = {table.name: _id_of(table, self._owners[table.name]) for table in tables}

    def tables(self) -> tuple[DraftTable, ...]:
        """Every table, in the order of the schema."""
        return tuple(self._table(table) for table in self._tables)

    def _table(self, table: TableFacts) -> DraftTable:
        owner, id_ = self._owners[table.name], self._ids[table.name]
        links, plain = self._links(table)
        left_out, data = _sorted_columns(table, owner, id_, links)
        id_ = _free_id(id_, data)
        owner_to = _owner_to(owner, id_, data) if owner.direct else None
        taken = {id_.to, owner_to}
        columns = []
        for facts in data:
            name = unique_name(snake(facts.name), taken={name for name in taken if name})
            taken.add(name)
            columns.append(self._column(table, facts, name, links.get(facts.name), plain.get(facts.name)))
        key = self._keys[table.name]
        names = {column.source: column.name for column in columns}
        return DraftTable(
            key=key,
            source=table.name,
            target=f"public.{key}",
            rows=table.rows,
            legacy_key=() if key_of(table) == table.primary_key and len(table.primary_key) == 1 else key_of(table),
            id=id_,
            owner=self._owner(table, owner, owner_to, names),
            columns=tuple(columns),
            left_out=tuple(left_out),
            sums=_sums(columns),
            notes=_table_notes(table),
            personal=_personal(table),
            unique=_unique(table, self._owner(table, owner, owner_to, names), columns),
            asks=asks_of(table, owner, columns, self._answers),
        )

    def _links(self, table: TableFacts) -> tuple[dict[str, ForeignKeyFacts], dict[str, str]]:
        """Each column's reference, and for the others why a foreign key is none."""
        links, plain = dict[str, ForeignKeyFacts](), dict[str, str]()
        owner, id_ = self._owners[table.name], self._ids[table.name]
        for key in table.foreign_keys:
            column = key.columns[0]
            if key is owner.direct or column in links or is_by_columns(key, self._by_name):
                continue
            if id_.rule == "keep" and (column,) == key_of(table):
                refusal: str | None = "the id is kept as it is"
            else:
                refusal = self._references.refusal(table, key)
            if refusal is None:
                links[column] = key
            else:
                for name in key.columns:
                    plain.setdefault(name, f"refers to {key.table}, but {refusal}: a plain value")
        return links, {name: why for name, why in plain.items() if name not in links}

    def _column(
        self, table: TableFacts, facts: ColumnFacts, name: str, link: ForeignKeyFacts | None, plain: str | None
    ) -> DraftColumn:
        choice, references = choose_type(facts, said=self._answers.get(type_subject(table.name, facts.name))), None
        several = next((found for found in table.several if found.column == facts.name), None) if not link else None
        words = self._words(table, several) if several else {}
        roots: tuple[str, ...] | None = None
        if link:
            references, choice = self._reference(facts, link)
        elif several and words:
            lost = several.values - several.found
            choice = Choice(
                "uuid",
                misses=lost,
                values=several.values,
                notes=(f"{several.found:,} of {counted(several.values, 'value')} are there",),
            )
        elif plain:
            choice = replace(choice, notes=(plain, *choice.notes))
        elif facts.may_name_users:
            maybe = "an id of no table here, whose values are users' ids too: `references: {table: users}` if it is one"
            choice = replace(choice, notes=(maybe, *choice.notes))
        elif choice.type == "text" and _names_files(facts):
            choice, roots = replace(choice, notes=(_files(facts), *choice.notes)), facts.file_roots
        return DraftColumn(
            name=name,
            source=facts.name,
            choice=choice,
            references=references,
            by=several.by if several and words else None,
            several=words,
            not_null=_is_never_null(table, facts, choice),
            is_expression=facts.name in EXPORT_NAMES,
            expr=link.expr if link else None,
            is_no_secret=looks_secret(facts.name),
            file_roots=roots,
        )

    def _words(self, table: TableFacts, several: SeveralFacts) -> dict[str, str]:
        """Each word with the key of its table; none where one of these cannot be referred to, or keeps its ids."""
        owned = not self._owners[table.name].is_none
        for name in several.tables.values():
            is_fit = (
                name in self._keys
                and self._ids[name].rule == "uuid5"
                and not (self._users and name == self._users.table)
            )
            if not is_fit or (not owned and not self._owners[name].is_none):
                return {}
        return {word: self._keys[name] for word, name in several.tables.items()}

    def _reference(self, facts: ColumnFacts, link: ForeignKeyFacts) -> tuple[str, Choice]:
        notes = [] if link.declared else [_suggestion(link)]
        notes += [link.how] if link.how else []
        lost = link.values - link.found
        if lost:
            notes.append(
                f"{lost:,} of {counted(link.values, 'value')} name no row of {link.table}: "
                "their rows would be quarantined"
            )
        if self._users and self._users.is_named_by(link):
            notes.append('a second user: the row waits for both accounts; `unresolved: "null"` lets it come')
            return USERS, Choice("uuid", misses=lost, notes=tuple(notes), values=link.values)
        id_ = self._ids[link.table]
        type_ = "uuid" if id_.rule == "uuid5" else id_.type
        if id_.rule == "keep":
            read = as_type(facts, type_)
            notes += read.notes if read.misses else ()
        return self._keys[link.table], Choice(type_, misses=lost, notes=tuple(notes), values=link.values)

    def _owner(self, table: TableFacts, owner: Ownership, to: str | None, names: dict[str, str]) -> DraftOwner:
        found = owner.direct or owner.via
        if found is None:
            return DraftOwner(notes=("no way leads from here to the users",) if self._users else ())
        if owner.by:
            words = f"whose it is says the row that {owner.by} and {found.columns[0]} name"
            lost = found.values - found.found
            return DraftOwner(found.columns[0], found.expr, to, notes=(words,), values=found.values, misses=lost)
        notes = [] if found.declared else [_suggestion(found)]
        notes += [found.how] if found.how else []
        missing, lost = table.scanned - found.values, found.values - found.found
        if missing:
            notes.append(f"{missing:,} of {counted(table.scanned, 'row')} name none: they would be quarantined")
        if lost:
            notes.append(f"{said(lost, 'row', 'name one')} that is not there: they would be quarantined")
        made = DraftOwner(notes=tuple(notes), values=found.values, misses=lost)
        if owner.direct:
            return replace(made, source=found.columns[0], expr=found.expr, to=to)
        return replace(made, via=names[found.columns[0]])


def _names_files(facts: ColumnFacts) -> bool:
    """True for files of one old server: names on many hosts are links to others."""
    hosts = [root for root in facts.file_roots if "://" in root]
    return len(hosts) <= 1 and facts.file_names >= facts.texts * FILE_SHARE > 0


def _files(facts: ColumnFacts) -> str:
    counts = f"{facts.file_names:,} of {counted(facts.texts, 'value')} name files, which stay behind"
    return f"{counts}; to bring them: `{{type: text, file: uploads}}`, and the section `files` above"


def _unique(table: TableFacts, owner: DraftOwner, columns: list[DraftColumn]) -> tuple[tuple[str, ...], ...]:
    """What the schema declares to be unique, in the target's columns; not what only partly arrives as it is."""
    if table.is_guessed:
        return ()
    names = {column.source: column.name for column in columns if not (column.by or column.choice.type == "json")}
    if owner.source and owner.to:
        names[owner.source] = owner.to
    return tuple(tuple(names[name] for name in key) for key in table.unique if set(key) <= names.keys())


def _suggestion(link: ForeignKeyFacts) -> str:
    if not link.values:
        return f"no foreign key is declared, and there are no values: taken for one to {link.table} by its name"
    return f"no foreign key is declared; {link.found:,} of {counted(link.values, 'value')} are ids of {link.table}"


def _id_of(table: TableFacts, owner: Ownership) -> DraftId:
    """Legacy UUIDs are kept, and so are the whole numbers of lookup tables; other rows get a UUID of their own."""
    key = key_of(table)
    if len(key) == 1 and key != (ROWID,):
        facts = table.columns[key[0]]
        if facts.filled and choose_type(facts).type == "uuid" and fitting(facts, "uuid") == facts.filled:
            return DraftId("keep", snake(key[0]), "uuid", notes=("these are UUIDs already",))
        if owner.is_none and table.primary_key == key and _is_whole(facts):
            type_ = "bigint" if facts.small_integers < facts.integers else "integer"
            return DraftId("keep", snake(key[0]), type_)
    return DraftId("uuid5", "id", "uuid")


def _is_whole(facts: ColumnFacts) -> bool:
    if facts.filled:
        return facts.integers == facts.filled
    return "INT" in facts.declared.upper()


def _sorted_columns(
    table: TableFacts, owner: Ownership, id_: DraftId, links: dict[str, ForeignKeyFacts]
) -> tuple[list[str], list[ColumnFacts]]:
    """Notes on the columns that stay behind, and the columns that move."""
    left_out, data = [], []
    for facts in table.columns.values():
        reason = secret_reason(table, facts)
        if reason:
            left_out.append(f"{facts.name}: left behind, {reason}; `secret: allowed` if it is none")
        elif facts.generated:
            left_out.append(f"{facts.name}: left behind, it is computed from other columns")
        elif owner.direct and not owner.by and facts.name == owner.column:
            continue
        elif (facts.name,) != key_of(table) or facts.name in links:
            data.append(facts)
        elif id_.rule == "uuid5" and _is_whole(facts) and _is_surrogate(table, facts):
            left_out.append(f"{facts.name}: becomes the new id; etl.loaded remembers the old one")
        elif id_.rule == "uuid5":
            data.append(facts)
    return left_out, data


def _is_surrogate(table: TableFacts, facts: ColumnFacts) -> bool:
    # A number that is unique by accident is data; so is a key that says something.
    return table.primary_key == (facts.name,) or snake(facts.name).split("_")[-1] == "id"


def _free_id(id_: DraftId, data: list[ColumnFacts]) -> DraftId:
    names = {snake(facts.name) for facts in data}
    if id_.to not in names:
        return id_
    note = f"{id_.to} is a column of its own here"
    return replace(id_, to=unique_name(f"new_{id_.to}", taken=names), notes=(*id_.notes, note))


def _owner_to(owner: Ownership, id_: DraftId, data: list[ColumnFacts]) -> str:
    wanted = "user_id" if owner.by else snake(owner.column or "user_id")
    taken = {id_.to, *(snake(facts.name) for facts in data)}
    return unique_name("user_id" if wanted == id_.to else wanted, taken=taken)


def _is_never_null(table: TableFacts, facts: ColumnFacts, choice: Choice) -> bool:
    # The rows beyond a sample may hold what the constraint would refuse.
    declared = facts.not_null and not facts.nulls and not table.is_sampled
    return declared and not choice.options.get("empty")


def _sums(columns: list[DraftColumn]) -> tuple[str, ...]:
    money = [
        column.name
        for column in columns
        if column.references is None and column.choice.type in NUMBERS and looks_like_money(column.source)
    ]
    return tuple(money[:MOST_SUMS])


def _personal(table: TableFacts) -> str | None:
    return next(
        (c.name for c in table.columns.values() if looks_like_email(c.name) or (c.emails and c.emails * 2 > c.filled)),
        None,
    )


def _table_notes(table: TableFacts) -> tuple[str, ...]:
    notes = list[str]()
    key = key_of(table)
    if not table.primary_key:
        names = ", ".join(key)
        if key == (ROWID,):
            notes.append("no key: its rows are told apart by their place alone, so it can be loaded once")
        elif table.rows:
            notes.append(f"no primary key: {names} never repeats in the rows there are")
        else:
            notes.append(f"no primary key and no rows: {names} is a guess")
    if table.is_sampled:
        notes.append(f"judged by its first {counted(table.scanned, 'row')}")
    mixed = [c for c in table.columns.values() if c.blobs and c.texts]
    notes += [f"{c.name} holds both: {census(c)}" for c in mixed]
    return tuple(notes)
