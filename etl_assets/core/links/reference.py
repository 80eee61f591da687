"""One reference of a table: its part in the statement that says what becomes of a row."""

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
from etl_assets.spec.model import USERS, References, Table, column_of

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
            found = SQL("link_staged_parent", **slots, staging=staging_table(self.parent))
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

    def value(self) -> sql.Composable:
        """What the column gets."""
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
