"""References of one value to many rows, by the ids within it: every one of them is held."""

from psycopg import sql

from etl_assets.access.postgres.statements import Statements, catalog_text, identifier, staging_table
from etl_assets.core.links.reference import Reference

SQL = Statements(__file__)


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
