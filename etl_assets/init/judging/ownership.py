"""Whose rows a table holds, and which references a spec may state."""

from collections.abc import Sequence
from dataclasses import dataclass

from etl_assets.access.legacy.database import quoted
from etl_assets.init.judging.people import MOSTLY, UsersTable
from etl_assets.init.judging.secrets import is_secret
from etl_assets.init.judging.words import OTHER, OWNER, role_of
from etl_assets.init.table_facts import ForeignKeyFacts, TableFacts
from etl_assets.model.words import counted
from etl_assets.spec.model import ROWID

NEARLY = 0.95


@dataclass(frozen=True)
class Ownership:
    """How a table is owned: by a column that names the user, or through a parent; neither means by nobody.

    `rivals` are columns that say as much; `by` says of which of several tables the parent is.
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


def find_owners(tables: Sequence[TableFacts], users: UsersTable | None) -> dict[str, Ownership]:
    """Each table's owner: the column that says whose a row is or who made it, else the shortest path through parents.

    A path wants a column that is nearly always filled: a row without it would be nobody's. Who only edited, approved or
    received a row does not own it: where nothing else leads to a user, nobody does, and the operator is asked.
    """
    owners: dict[str, Ownership] = {}
    if users is None:
        return {table.name: Ownership() for table in tables}
    by_name = {table.name: table for table in tables}
    weak = dict[str, Ownership]()
    for table in tables:
        found = _direct(table, users)
        if found:
            first = Ownership(direct=found[0], rivals=tuple(_rivals(found, users)))
            (weak if _is_beside_the_key(table, found[0], users) else owners)[table.name] = first
    level, grown = 1, True
    while grown:
        paths = {
            table.name: Ownership(via=via, level=level)
            for table in tables
            if table.name not in owners and (via := _via(table, owners, by_name))
        }
        paths = paths or {
            table.name: several
            for table in tables
            if table.name not in owners and (several := _through_several(table, owners, by_name, users))
        }
        owners |= paths
        # Who added a row of a join table owns it only where nothing leads from its key to a user.
        if not paths and weak.keys() - owners.keys():
            name = min(weak.keys() - owners.keys(), key=list(by_name).index)
            paths = {name: weak[name]}
            owners |= paths
        level, grown = level + 1, bool(paths)
    for table in tables:
        if table.name not in owners:
            others = (key for key in table.foreign_keys if users.is_named_by(key) and not _is_hidden(table, key))
            owners[table.name] = Ownership(rivals=tuple(key.columns[0] for key in others))
    return owners


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
    return role_of(key.columns[0], users=users.names)


def _rivals(found: list[ForeignKeyFacts], users: UsersTable) -> list[str]:
    """Columns that say as much as the first one does."""
    first = found[0]
    alike = [key for key in found[1:] if _role(key, users) == _role(first, users) and key.declared == first.declared]
    return [key.columns[0] for key in alike]


def _via(table: TableFacts, owners: dict[str, Ownership], by_name: dict[str, TableFacts]) -> ForeignKeyFacts | None:
    found = [
        key
        for key in table.foreign_keys
        if key.table in owners
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
