"""One reference of a table, to a row or to many: its part in the statement that says what becomes of a row."""

from dataclasses import dataclass

from psycopg import sql

from etl_assets.access.postgres.statements import (
    Statement,
    Statements,
    catalog_text,
    identifier,
    literal,
    staging_table,
)
from etl_assets.core.links.binding import Binding
from etl_assets.spec.model import USERS, Table
from etl_assets.spec.references import References, column_of

SQL = Statements(__file__)


def join_reissued(*, table: sql.Composable, ref: sql.Composable, alias: sql.Identifier) -> Statement:
    """The second row of a legacy id, where there is one."""
    return SQL("join_reissued", table=table, ref=ref, alias=alias)


@dataclass(frozen=True)
class Reference:
    """What one `references` of one table joins, what can be wrong with it, and the value that it brings."""

    binding: Binding
    table: Table
    column: str
    number: int

    @property
    def _declared(self) -> References:
        return self.table.references[self.column]

    @property
    def _slots(self) -> dict[str, sql.Composable]:
        return {
            "parent": identifier(f"p{self.number}"),
            "ref": identifier("s", f"_ref{self.number}"),
            "table": literal(self._declared.table),
        }

    @property
    def is_user(self) -> bool:
        """True where a second user is named, and no row."""
        return self._declared.table == USERS

    @property
    def is_by_columns(self) -> bool:
        """True where other columns than the key name the row, and the columns here carry what it has in them."""
        return bool(self._declared.key)

    @property
    def _tolerates_unknown(self) -> bool:
        return self._declared.otherwise != "quarantine"

    @property
    def parent(self) -> str:
        """The table that is referred to."""
        return self._declared.table

    def join_user(self) -> sql.Composed:
        """The map's entry of the user who is named."""
        return SQL("link_second_user", **self._without("table"))

    @property
    def ref(self) -> sql.Composable:
        """The staging column with the legacy key that the row names."""
        return self._slots["ref"]

    @property
    def target(self) -> str:
        """The target column that takes the value."""
        return column_of(self.column)

    @property
    def is_in_circle(self) -> bool:
        """True where the parent's table refers back to this one, however far."""
        return self.column in self.binding.spec.in_circle(self.table.name)

    def join(self, rows: sql.Composed | None) -> sql.Composed:
        """The parent, among its table's judged rows; without these, whether it is staged."""
        slots = self._without("table")
        if rows is None:
            values = sql.Composed([sql.SQL(", g.{}").format(identifier(there)) for _, there in self._pairs])
            found = SQL("link_staged_parent", **slots, staging=staging_table(self.parent), values=values)
        else:
            found = SQL("link_parent", **slots, rows=rows)
        if self._declared.table not in self.binding.reissued:
            return found
        second = {slot: self._slots[slot] for slot in ("table", "ref")}
        return sql.SQL("{}\n{}").format(found, join_reissued(**second, alias=self._second))

    def quarantined(self) -> sql.Composed:
        """The reasons for which the row cannot load as it is."""
        if self.is_user and self._tolerates_unknown:
            return sql.Composed([])
        if self.is_user:
            return SQL("link_unknown_user", **self._without("table"))
        if self._tolerates_unknown:
            return SQL("link_quarantined", **self._slots)
        return SQL("link_unknown", **self._slots) + sql.SQL("\n") + SQL("link_quarantined", **self._slots)

    def excluded(self) -> sql.Composed:
        """The reason for which it stays behind with its parent."""
        if not self.is_user:
            return SQL("link_excluded", **self._slots)
        if self._tolerates_unknown or self._declared.unresolved == "null":
            return sql.Composed([])
        return SQL("link_forgotten_user", **self._without("table"))

    def waiting(self) -> sql.Composed:
        """The reason for which it cannot load yet."""
        if self.is_in_circle:
            return sql.Composed([])
        if not self.is_user:
            return SQL("link_waiting", **self._without("ref", "table"))
        if self._declared.unresolved == "null":
            return sql.Composed([])
        return SQL("link_waiting_user", **self._without("ref", "table"))

    def values(self) -> dict[str, sql.Composable]:
        """What the columns get."""
        if not self.is_by_columns:
            return {self.target: self._value()}
        values = {here: self._carried(here, there) for here, there in self._pairs}
        if not self._tolerates_unknown:
            return values
        return {
            here: SQL("link_value_if_known", **self._slots, value=value, otherwise=sql.SQL("NULL"))
            for here, value in values.items()
        }

    def _carried(self, here: str, there: str) -> sql.Composable:
        targets, value = self.binding.targets, identifier(f"p{self.number}", there)
        mine, theirs = targets[self.table.name].columns[here].base, targets[self.parent].columns[there].base
        # Without its length, beyond which a cast would cut a text off: of too long a one the target says so.
        return value if mine == theirs else sql.SQL("{}::{}").format(value, catalog_text(mine))

    @property
    def _pairs(self) -> list[tuple[str, str]]:
        """Columns here and what they carry there; not the accounts, of which each row knows itself."""
        parent = self.binding.spec.tables.get(self.parent)
        pairs = zip(self._declared.columns, self._declared.key, strict=True) if parent else ()
        return [(here, there) for here, there in pairs if parent and not parent.names_user(there)]

    def _value(self) -> sql.Composable:
        if self.is_user:
            return sql.SQL("{}.supabase_user_id").format(self._slots["parent"])
        value: sql.Composable = identifier("s", self.target)
        if self._declared.table in self.binding.reissued:
            type_ = self.binding.targets[self.table.name].columns[self.target].type
            value = SQL("second_id", value=value, alias=self._second, type=catalog_text(type_))
        if not self._tolerates_unknown:
            return value
        raw = identifier("s", f"_raw{self.number}") if self._declared.otherwise == "keep" else sql.SQL("NULL")
        return SQL("link_value_if_known", **self._slots, value=value, otherwise=raw)

    @property
    def _second(self) -> sql.Identifier:
        return identifier(f"i{self.number}")

    def _without(self, *names: str) -> dict[str, sql.Composable]:
        return {name: slot for name, slot in self._slots.items() if name not in names}


def names(ref: sql.Composable, key: sql.Composable, *, is_many: bool) -> sql.Composed:
    """A condition on rows that are looked for: a reference names this key, or one of its ids does."""
    condition = sql.SQL("{} @> ARRAY[{}]") if is_many else sql.SQL("{} = {}")
    return condition.format(ref, key)


def one_of_them(ref: sql.Composable, *, is_many: bool) -> sql.Composable:
    """What a key is equal to that a reference names: itself, or any of its ids."""
    return sql.SQL("ANY ({})").format(ref) if is_many else ref


class ManyReference(Reference):
    """A reference by ids at a path; `ref` is the array of the legacy keys."""

    @property
    def _absent(self) -> dict[str, sql.Composable]:
        slots = {"ref": self.ref, "table": self._slots["table"]}
        return {**slots, "staging": staging_table(self.parent)}

    def join(self, rows: sql.Composed | None) -> sql.Composed:
        """The worst of the parents' states; in a circle nothing, which looks for it later."""
        if rows is None:
            return sql.Composed([])
        return SQL("join_parents", parent=self._slots["parent"], ref=self.ref, rows=rows)

    def quarantined(self) -> sql.Composed:
        """The reasons for which the row cannot load as it is."""
        found = SQL("any_unknown", **self._absent) + sql.SQL("\n") + SQL("any_absent_quarantined", **self._absent)
        if self.is_in_circle:
            return found
        return found + sql.SQL("\n") + SQL("any_quarantined", parent=self._slots["parent"])

    def excluded(self) -> sql.Composed:
        """The reason for which it stays behind with a parent."""
        found = SQL("any_absent_excluded", **self._absent)
        if self.is_in_circle:
            return found
        return found + sql.SQL("\n") + SQL("any_excluded", parent=self._slots["parent"])

    def waiting(self) -> sql.Composed:
        """The reason for which it cannot load yet."""
        if self.is_in_circle:
            return sql.Composed([])
        return SQL("any_waiting", parent=self._slots["parent"])

    def values(self) -> dict[str, sql.Composable]:
        """What the column gets."""
        value: sql.Composable = identifier("s", self.target)
        if self.parent in self.binding.reissued:
            type_ = catalog_text(self.binding.targets[self.table.name].columns[self.target].type)
            value = SQL("second_ids", value=value, table=self._slots["table"], ref=self.ref, type=type_)
        return {self.target: value}


@dataclass(frozen=True)
class File:
    """A column that names a file: the fragments that tell what became of it (see `core/files`)."""

    table: str
    column: str
    number: int
    follows: bool  # are changes of the old app written over what was loaded?

    @property
    def _slots(self) -> dict[str, sql.Composable]:
        return {"alias": identifier(f"file{self.number}"), "value": identifier("s", self.column)}

    def join(self, account: sql.Composable) -> Statement:
        """The file of this very path, copied for this account."""
        return SQL("join_file", **self._slots, account=account, table=literal(self.table), column=literal(self.column))

    @property
    def quarantined(self) -> Statement:
        """Reasons for which the row is quarantined."""
        return SQL("file_quarantined", alias=self._slots["alias"])

    @property
    def waiting(self) -> sql.Composable:
        """The reason for which it waits."""
        found = SQL("file_waiting", **self._slots)
        if not self.follows:
            return found
        return found + sql.SQL("\n") + SQL("file_changed", alias=self._slots["alias"])

    @property
    def value(self) -> Statement:
        """What production gets."""
        return SQL("file_value", **self._slots)
