"""Rows of one table on their way: gathered, written into production, read back and entered into the ledger."""

from dataclasses import dataclass, replace

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, as_the_app, joining
from etl_assets.access.postgres.statements import Statements, identifier, joined, literal, qualified, staging_table
from etl_assets.core.links.circle import written_later
from etl_assets.core.links.foreign_keys import proof_slots, proven_by_join, require_parents
from etl_assets.core.links.links import Links
from etl_assets.core.load.read_back import not_as_written
from etl_assets.spec.shapes import circle_columns, many_columns

SQL = Statements(__file__)

MANY = 10_000  # rows that are found by one join rather than one by one


@dataclass(frozen=True)
class Batch:
    """Rows of one table on their way into production, in a temporary table; `unit` are the tables that go with it."""

    links: Links
    name: str
    unit: tuple[str, ...]

    @property
    def _table(self) -> sql.Identifier:
        return identifier(f"etl_batch_{self.unit.index(self.name)}")

    def gather(self, connection: Connection, users: list[str] | None, keys: list[str] | None) -> int:
        """Takes what is ready, with the values that production gets; returns how many rows."""
        query = SQL(
            "gather_batch",
            batch=self._table,
            links=self.links.rows(self.name),
            of_users=chosen(users, keys),
            columns=joined([identifier("k", column) for column in self.links.columns(self.name)]),
            sorting=identifier("_account_id" if users is not None else "_legacy_id"),
        )
        return query.exec(connection, users=users, keys=keys)

    def prune(self, connection: Connection) -> int:
        """Takes out rows that name one of their circle which neither is there nor comes along; returns how many."""
        spec = self.links.spec
        many = many_columns(spec.tables[self.name])
        left_out: list[sql.Composable] = [
            SQL(
                "is_one_left_out" if ref in many else "is_left_out",
                ref=identifier("s", ref),
                parent_table=literal(parent),
                parent_staging=staging_table(parent),
                parent_batch=replace(self, name=parent)._table,
            )
            for ref, parent in circle_columns(spec, spec.tables[self.name])
            if parent in self.unit
        ]
        is_left_out = joined(left_out, by=" OR ")
        query = SQL("prune_batch", batch=self._table, staging=staging_table(self.name), is_left_out=is_left_out)
        return query.exec(connection)

    def rows_of_users(self, connection: Connection) -> dict[str, int]:
        """How many rows of each user are gathered."""
        return dict(SQL("count_rows_of_users", batch=self._table).many(connection))

    def pairs_of_users(self, connection: Connection) -> list[tuple[str, str]]:
        """Users of whom a gathered row names a gathered row of another."""
        spec, found = self.links.spec, []
        for ref, parent in circle_columns(spec, spec.tables[self.name]):
            if parent in self.unit:
                slots = {"ref": identifier("s", ref), "parent_batch": replace(self, name=parent)._table}
                query = SQL("list_pairs_of_users", batch=self._table, staging=staging_table(self.name), **slots)
                found += query.many(connection)
        return found

    def write(self, connection: Connection) -> None:
        """Inserts the rows; what can only be filled later stays NULL."""
        late = written_later(self.links, self.name, self.unit)
        columns: list[sql.Composable] = [identifier(column) for column in self.links.columns(self.name)]
        values: list[sql.Composable] = [
            sql.SQL("NULL") if c in late else identifier(c) for c in self.links.columns(self.name)
        ]
        query = SQL(
            "insert_batch",
            batch=self._table,
            target=self.links.slots(self.name)["target"],
            columns=joined(columns),
            values=joined(values),
            **proof_slots(self.links, self.name),
        )
        with as_the_app(connection), proven_by_join(connection, self.links):
            _, *orphans = query.one(connection)
        require_parents(self.name, *orphans)

    def fill(self, connection: Connection) -> None:
        """Writes the references that had to wait for the other tables of the circle."""
        late = [identifier(column) for column in written_later(self.links, self.name, self.unit)]
        if not late:
            return
        query = SQL(
            "fill_batch",
            batch=self._table,
            **{slot: self.links.slots(self.name)[slot] for slot in ("target", "id")},
            filled=joined([sql.SQL("{0} = b.{0}").format(column) for column in late]),
            named=joined([sql.SQL("b.{} IS NOT NULL").format(column) for column in late], by=" OR "),
        )
        with as_the_app(connection):
            query.exec(connection)

    def require_parents(self, connection: Connection) -> None:
        """Raises where a row names one of its circle that is not there: no join has proven these.

        Raises:
            Refused: one does.
        """
        for rule in self.links.keys_in_circle(self.name) if self.links.spec.policy.joins else ():
            pairs = zip(rule.refers_to, rule.columns, strict=True)
            query = SQL(
                "list_orphans",
                batch=self._table,
                parent=qualified(rule.schema, rule.table),
                named=joined([sql.SQL("b.{} IS NOT NULL").format(identifier(c)) for c in rule.columns], by=" AND "),
                same=joined(
                    [sql.SQL("t.{} = b.{}").format(identifier(t), identifier(b)) for t, b in pairs], by=" AND "
                ),
            )
            require_parents(self.name, *query.one(connection))

    def enter(self, connection: Connection, gathered: int, *, wave: str | None) -> tuple[int, str]:
        """Reads the rows back and enters them into the ledger; how many, and their digest.

        Raises:
            Refused: one is not as it was sent.
        """
        slots = self.links.slots(self.name)
        read = {"batch": self._table, **{slot: slots[slot] for slot in ("target", "id")}}
        read["is_equal"] = self.links.is_equal(self.name, "b", "t")
        found = self.links.digest(self.name, "t")
        with joining(connection, many=gathered > MANY):
            query = SQL("enter_batch", **read, table=slots["table"], found=found)
            entered, digest = query.one(connection, wave=wave)
        if gathered != entered:
            count, sample = SQL("list_differing", **read).one(connection)
            when = "while they were inserted: look at its triggers and rules"
            raise not_as_written(self.name, int(count), sample, when)
        SQL("drop_batch", batch=self._table).exec(connection)
        return int(entered), str(digest)


def chosen(users: list[str] | None, keys: list[str] | None) -> sql.Composed:
    """The condition for rows of some users, or with some legacy ids; nothing where all are meant."""
    found: list[sql.Composable] = []
    if users is not None:
        found.append(sql.SQL("AND k._legacy_user_id = ANY (%(users)s)"))
    if keys is not None:
        found.append(sql.SQL("AND k._legacy_id = ANY (%(keys)s)"))
    return joined(found, by=" ")
