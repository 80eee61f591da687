"""Whose rows a table holds, and which references a spec may state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etl_assets.access.legacy.database import quoted
from etl_assets.init.judging.people import MOSTLY, UsersTable
from etl_assets.init.judging.secrets import is_secret
from etl_assets.init.judging.words import OTHER, OWNER, UNKNOWN, role_of
from etl_assets.init.table_facts import ForeignKeyFacts, TableFacts
from etl_assets.model.words import counted
from etl_assets.spec.model import ROWID

NEARLY = 0.95
VIA = "via "


@dataclass(frozen=True)
class Ownership:
    """How a table is owned: by a column that names the user, or through a parent; neither means by nobody.

    `rivals` are columns that lead to users too, of which one may be the owner; `by` says of which of several tables the
    parent is.
    """

    direct: ForeignKeyFacts | None = None
    via: ForeignKeyFacts | None = None
    level: int = 0
    rivals: tuple[str, ...] = ()
    by: str | None = None

    @property
    def is_none(self) -> bool:
        """True for tables that nobody owns."""
        return self.direct is None and self.via is None

    @property
    def column(self) -> str | None:
        """The legacy column that leads to the owner."""
        found = self.direct or self.via
        return found.columns[0] if found else None


def key_of(table: TableFacts) -> tuple[str, ...]:
    """The legacy key: the primary key, else columns that never repeat, else the rowid, else nothing; never a secret."""
    for key in (table.primary_key, *table.unique):
        if key and not any(is_secret(table, column) for column in key):
            return key
    has_rowid = not table.primary_key and ROWID not in (name.lower() for name in table.columns)
    return (ROWID,) if has_rowid else ()


def find_owners(
    tables: Sequence[TableFacts], users: UsersTable | None, said: Mapping[str, str] | None = None
) -> dict[str, Ownership]:
    """Each table's owner: the column that says whose a row is or who made it, else the shortest path through parents.

    A path wants a column that is nearly always filled: a row without it would be nobody's. Who only edited, approved or
    received a row does not own it: where nothing else leads to a user, nobody does, and the operator is asked. So it is
    where two columns say as much.

    Args:
        tables: those that are migrated.
        users: the legacy users.
        said: the operator's word for some tables: a column, `via COLUMN`, or `none`.
    """
    if users is None:
        return {table.name: Ownership() for table in tables}
    found = _Owners(tables, users, said or {})
    found.walk()
    return {table.name: found.owners.get(table.name) or found.nobodys(table) for table in tables}


class _Owners:
    """Owners as they are found, from the users outwards."""

    def __init__(self, tables: Sequence[TableFacts], users: UsersTable, said: Mapping[str, str]) -> None:
        self._tables = tables
        self._by_name = {table.name: table for table in tables}
        self._users, self._said = users, said
        self.owners: dict[str, Ownership] = {}
        # Who is named by a column that does not say why, or beside the key of a join table, owns a row only where
        # nothing leads from its parents to a user.
        self._weak: dict[str, Ownership] = {}
        self._ties: dict[str, Ownership] = {}
        for table in tables:
            self._begin(table)

    def _begin(self, table: TableFacts) -> None:
        word = self._said.get(table.name)
        if word is not None:
            keys = [key for key in table.foreign_keys if key.columns == (word,) and self._users.is_named_by(key)]
            if keys:
                self.owners[table.name] = Ownership(direct=keys[0])
            return
        found = _direct(table, self._users)
        rivals = tuple(_rivals(found, self._users)) if found else ()
        if not found:
            return
        if _is_beside_the_key(table, found[0], self._users) or _role(found[0], self._users) == UNKNOWN:
            self._weak[table.name] = Ownership(direct=found[0], rivals=rivals)
        elif rivals:
            self._ties[table.name] = Ownership(rivals=(found[0].columns[0], *rivals))
        else:
            self.owners[table.name] = Ownership(direct=found[0])

    def walk(self) -> None:
        """Level by level, until nothing more leads to a user."""
        level = 1
        while more := self._paths(level) or self._through_several() or self._weakest():
            self.owners |= more
            level += 1

    def _open(self) -> list[TableFacts]:
        return [t for t in self._tables if t.name not in self.owners and t.name not in self._ties]

    def _paths(self, level: int) -> dict[str, Ownership]:
        found = {}
        for table in self._open():
            word = self._said.get(table.name, VIA)
            via = _via(table, self.owners, self._by_name, wanted=word.removeprefix(VIA))
            if via and word.startswith(VIA):
                weak = self._weak.get(table.name)
                is_unsure = weak is not None and _role(weak.direct or via, self._users) == UNKNOWN
                rivals = (weak.column or "", *weak.rivals) if weak and is_unsure else ()
                found[table.name] = Ownership(via=via, level=level, rivals=rivals)
        return found

    def _through_several(self) -> dict[str, Ownership]:
        found = (
            (table.name, _through_several(table, self.owners, self._by_name, self._users))
            for table in self._open()
            if table.name not in self._said
        )
        return {name: owner for name, owner in found if owner is not None}

    def _weakest(self) -> dict[str, Ownership]:
        for table in self._open():
            weak = self._weak.get(table.name)
            if weak is not None:
                if weak.rivals:
                    self._ties[table.name] = Ownership(rivals=(weak.column or "", *weak.rivals))
                    return self._weakest()
                return {table.name: weak}
        return {}

    def nobodys(self, table: TableFacts) -> Ownership:
        """A table to which nothing leads, with the columns that lead to a user all the same."""
        if table.name in self._ties:
            return self._ties[table.name]
        others = (k for k in table.foreign_keys if self._users.is_named_by(k) and not _is_hidden(table, k))
        return Ownership(rivals=tuple(key.columns[0] for key in others))


def _direct(table: TableFacts, users: UsersTable) -> list[ForeignKeyFacts]:
    """The columns that could say whose a row is, likeliest first."""
    if users.stands_for is not None and table.name == users.stands_for[0]:
        rows = table.scanned
        return [ForeignKeyFacts((users.stands_for[1],), users.table, (users.id,), values=rows, found=rows)]
    found = [key for key in table.foreign_keys if users.is_named_by(key) and not _is_hidden(table, key)]
    found = [key for key in found if _role(key, users) != OTHER]
    # A column that is mostly empty tells who looked at a row; only its name could make it the owner's.
    found = [key for key in found if _role(key, users) == OWNER or _filled(table, key) >= MOSTLY]
    return sorted(found, key=lambda key: (_role(key, users), not key.declared))


def _is_beside_the_key(table: TableFacts, key: ForeignKeyFacts, users: UsersTable) -> bool:
    parents = {name for other in table.foreign_keys for name in other.columns}
    own = set(table.primary_key)
    return len(own) > 1 and own <= parents and not own & set(key.columns) and _role(key, users) != OWNER


def _role(key: ForeignKeyFacts, users: UsersTable) -> int:
    return role_of(key.called or key.columns[0], users=users.names, key=users.home[1])


def _rivals(found: list[ForeignKeyFacts], users: UsersTable) -> list[str]:
    """Columns that say as much as the first one does."""
    first = found[0]
    alike = [key for key in found[1:] if _role(key, users) == _role(first, users) and key.declared == first.declared]
    return [key.columns[0] for key in alike]


def _via(
    table: TableFacts, owners: dict[str, Ownership], by_name: dict[str, TableFacts], *, wanted: str = ""
) -> ForeignKeyFacts | None:
    found = [
        key
        for key in table.foreign_keys
        if key.table in owners
        and wanted in ("", key.columns[0])
        and key.table != table.name
        and is_to_key(key, by_name)
        and not _is_hidden(table, key)
        and _filled(table, key) >= NEARLY
        and (not key.values or key.found >= MOSTLY * key.values)
    ]
    return min(found, key=lambda key: (owners[key.table].level, not key.declared), default=None)


def _through_several(
    table: TableFacts, owners: dict[str, Ownership], tables: dict[str, TableFacts], users: UsersTable
) -> Ownership | None:
    """The owner of whichever row is meant: an expression that looks it up, as no one column leads there."""
    for several in table.several:
        cases = []
        for word, name in several.tables.items():
            cell = f"{quoted(table.name)}.{quoted(several.column)}"
            found = _looked_up(name, cell, owners, tables) if name != table.name else None
            if found is None:
                break
            cases.append(f"WHEN '{word.replace(chr(39), chr(39) * 2)}' THEN {found}")
        else:
            if several.values >= NEARLY * table.scanned and several.values:
                expr = f"CASE CAST({quoted(several.by)} AS TEXT) {' '.join(cases)} END"
                key = ForeignKeyFacts(
                    (several.column,),
                    users.table,
                    (users.id,),
                    declared=False,
                    values=several.values,
                    found=several.found,
                    expr=expr,
                )
                return Ownership(direct=key, by=several.by)
    return None


def _looked_up(name: str, cell: str, owners: dict[str, Ownership], tables: dict[str, TableFacts]) -> str | None:
    """The SQLite expression for the owner of the row of this table whose key is `cell`."""
    owner = owners.get(name)
    if owner is None or owner.is_none or len(key_of(tables[name])) != 1 or (owner.direct and owner.direct.expr):
        return None
    parent, key = quoted(name), quoted(key_of(tables[name])[0])
    row = f"(SELECT {parent}.{quoted(owner.column or '')} FROM {parent} WHERE {parent}.{key} = {cell})"
    return row if owner.direct else _looked_up(owner.via.table, row, owners, tables) if owner.via else None


def _is_hidden(table: TableFacts, key: ForeignKeyFacts) -> bool:
    return is_secret(table, key.columns[0]) or table.columns[key.columns[0]].generated


def _filled(table: TableFacts, key: ForeignKeyFacts) -> float:
    return key.values / table.scanned if table.scanned else 1.0


def is_to_key(key: ForeignKeyFacts, tables: dict[str, TableFacts]) -> bool:
    """True when a foreign key of one column refers to the legacy key of a migrated table."""
    parent = tables.get(key.table)
    return parent is not None and len(key.columns) == 1 and key.to == key_of(parent)


class References:
    """Which references a spec may state: never from what nobody owns to what somebody does."""

    def __init__(self, tables: Sequence[TableFacts], owners: dict[str, Ownership], users: UsersTable | None) -> None:
        """Takes the tables with what was found of their owners."""
        self._tables = {table.name: table for table in tables}
        self._owners, self._users = owners, users

    def refusal(self, table: TableFacts, key: ForeignKeyFacts) -> str | None:
        """Why this foreign key cannot be a reference, as the end of `refers to X, but ...`; None when it now is one."""
        if self._owners[table.name].via is key:
            return None
        if key.values and key.found < MOSTLY * key.values:
            return f"only {key.found:,} of {counted(key.values, 'value')} are there"
        if self._users and self._users.is_named_by(key):
            return "this table has no owner" if self._owners[table.name].is_none else None
        if self._users and key.table == self._users.table:
            return f"not to its {self._users.id}"
        return self._refusal_of_table(table, key)

    def _refusal_of_table(self, table: TableFacts, key: ForeignKeyFacts) -> str | None:
        problems = {
            "that table is not migrated": key.table not in self._tables,
            "not to its key": not is_to_key(key, self._tables),
            "a table without owner cannot refer to one whose rows arrive user by user": (
                self._owners[table.name].is_none and key.table in self._owners and not self._owners[key.table].is_none
            ),
        }
        return next((problem for problem, holds in problems.items() if holds), None)
