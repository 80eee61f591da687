"""One spec bound to one target: the columns, the names and the digests that every statement about a table needs."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from psycopg import sql

from etl_assets.access.postgres.statements import Statements, catalog_text, identifier, joined, literal, qualified
from etl_assets.model.errors import TargetMismatch
from etl_assets.model.target import ForeignRule, TargetTable
from etl_assets.spec.model import Spec

SQL = Statements(__file__)
Slots = dict[str, sql.Composable]
# By the name that the catalog gives the type; a domain over one has another name, and goes as text.
AS_HASHED = {
    **dict.fromkeys(("smallint", "integer", "bigint"), "pg_catalog.int8send(CAST({} AS pg_catalog.int8))"),
    "uuid": "CAST({} AS pg_catalog.uuid)",
    "boolean": "CAST({} AS pg_catalog.bool)",
    "date": "CAST({} AS pg_catalog.date)",
    "bytea": "CAST({} AS pg_catalog.bytea)",
    "money": "pg_catalog.cash_send(CAST({} AS pg_catalog.money))",  # its text is of the session's lc_monetary
    "time without time zone": "pg_catalog.time_send(CAST({} AS pg_catalog.time))",
    "timestamp without time zone": "pg_catalog.timestamp_send(CAST({} AS pg_catalog.timestamp))",
    "timestamp with time zone": "pg_catalog.timestamptz_send(CAST({} AS pg_catalog.timestamptz))",
}


def hashed(type_: str, value: sql.Composable) -> sql.Composed:
    """A value as `hash_record_extended` may see it.

    Raw only where the type's hash tells any two values apart and is the same in every database: an enum's is its OID's,
    64 bits of a moment are folded into 32, a nondeterministic collation makes one of two texts (each seen in PostgreSQL
    15 and 18). Integers of every width are alike, and so are texts.
    """
    return sql.SQL(AS_HASHED.get(type_, 'CAST({} AS pg_catalog.text) COLLATE pg_catalog."C"')).format(value)


@dataclass(frozen=True)
class Binding:
    """What a run knows of spec and target; see `Links`, which composes the statements.

    `accounts` is the statement that says which accounts may hold rows, as `users.accounts` makes it. Without it rows
    can be counted, staged and judged, and not loaded: having a profile is all that is asked of an account then. With
    `by_account` a row waits for an account that may not hold it yet; without, only what our own tables say is asked.
    `reissued` are the tables in which a legacy id stands for its second row by now, `refused` those of which the target
    has refused rows; `profile_facts` are the rules of the profiles. With `together` what rows of a circle refer to may
    be somebody else's and ready, as they are; with `in_full` all rows of a circle are judged at once, which suits many.
    `stopped` are tables of which rows cannot be read or written now, because the target has changed since some were
    loaded, with the reason; they are not among `targets`.
    """

    spec: Spec
    targets: dict[str, TargetTable]
    accounts: sql.Composed | None = None
    whole: bool = False
    by_account: bool = True
    reissued: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    profile_facts: str = ""
    together: bool = False
    in_full: bool = False
    stopped: dict[str, TargetMismatch] = field(default_factory=dict)

    def require_whole(self) -> None:
        """Raises unless every table can be read and written, for what must not leave one out.

        Raises:
            TargetMismatch: the first that stops.
        """
        for problem in self.stopped.values():
            raise problem

    @property
    def holds_back_users(self) -> bool:
        """True while a table of users' rows stops: a user arrives whole, so nobody new is claimed meanwhile."""
        return any(not self.spec.tables[name].owner.is_none for name in self.stopped)

    @property
    def tables(self) -> tuple[str, ...]:
        """The migrated tables that the target has, referenced tables first."""
        return tuple(name for name in self.spec.load_order if name in self.targets)

    def columns(self, name: str) -> tuple[str, ...]:
        """The target columns that the load fills: id, owner, then as in the spec."""
        return self.spec.tables[name].loaded_columns

    @property
    def fillable(self) -> dict[str, frozenset[str]]:
        """Per table the target's columns that take a value."""
        return {name: target.fillable for name, target in self.targets.items()}

    def shape(self, name: str) -> str:
        """The loaded columns and their types, of which digests are taken."""
        known = self.targets[name].columns
        return ", ".join(f"{column} {known[column].type}" for column in sorted(self.columns(name)))

    def changeable(self, name: str) -> list[str]:
        """Those of them that a later version of the row can change: all but the id."""
        return [column for column in self.columns(name) if column != self.spec.tables[name].id.to]

    def digest(self, name: str, alias: str) -> sql.Composed:
        """A 64-bit digest of a row's loaded columns: the same wherever and whenever it is taken."""
        return self.digest_of(name, {column: identifier(alias, column) for column in self.columns(name)})

    def digest_of(self, name: str, values: dict[str, sql.Composable]) -> sql.Composed:
        """The digest that a row of these values would have."""
        known = self.targets[name].columns
        cells = [hashed(known[column].type, values[column]) for column in sorted(values)]
        return sql.SQL("pg_catalog.hash_record_extended(ROW({}), 0)").format(joined(list(cells)))

    def row(self, name: str, alias: str, *, among: Iterable[str] = ()) -> sql.Composed:
        """A row's loaded columns, or those `among` them, as one record; what a domain holds, as the type under it."""
        columns = sorted(among or self.columns(name))
        return sql.SQL("ROW({})").format(joined([self._cell(name, alias, column) for column in columns]))

    def from_text(self, name: str, column: str, text: sql.Composable) -> sql.Composed:
        """What `etl.former` keeps of a column, as the column takes it."""
        return sql.SQL("{}::{}").format(text, catalog_text(self.targets[name].columns[column].type))

    def _cell(self, name: str, alias: str, column: str) -> sql.Composable:
        known, value = self.targets[name].columns[column], identifier(alias, column)
        return sql.SQL("{}::{}").format(value, catalog_text(known.type)) if known.domain else value

    def is_equal(self, name: str, one: str, other: str, *, among: Iterable[str] = ()) -> sql.Composed:
        """A condition: two rows' loaded columns, or those `among` them, are the same to the last byte, as stored."""
        return sql.SQL("{}::record OPERATOR(pg_catalog.*=) {}::record").format(
            self.row(name, one, among=among), self.row(name, other, among=among)
        )

    def slots(self, name: str) -> Slots:
        """The slots of a statement about production rows of one table: `target`, `table`, `id`, `id_type`."""
        target = self.targets[name]
        return {
            "target": qualified(target.schema, target.name),
            "table": literal(name),
            "id": identifier(self.spec.tables[name].id.to),
            "id_type": self.id_type(name),
        }

    def keys_in_circle(self, name: str) -> list[ForeignRule]:
        """The foreign keys behind references of a circle, whose rows may arrive in the same transaction."""
        found = self.spec.in_circle(name)

        def is_one(rule: ForeignRule) -> bool:
            table = self.spec.tables[name]
            meant = [part for part in found if set(table.columns_of(part)) == set(rule.columns)]
            parents = [self.targets.get(found[part].table) for part in meant]
            return any(parent and (parent.schema, parent.name) == (rule.schema, rule.table) for parent in parents)

        return [rule for rule in self.targets[name].foreign if is_one(rule)]

    def id_type(self, name: str) -> sql.SQL:
        """The type of the ids in the target."""
        return catalog_text(self.targets[name].columns[self.spec.tables[name].id.to].type)

    def has_unique_id(self, name: str) -> bool:
        """True when an index of the target keeps an id from standing there twice."""
        id_alone = (self.spec.tables[name].id.to,)
        return any(rule.columns == id_alone and rule.predicate is None for rule in self.targets[name].unique)

    @property
    def claimants(self) -> sql.Composed:
        """The accounts and what keeps each from claiming.

        Raises:
            ValueError: these links are only to look at.
        """
        if self.accounts is None:
            raise ValueError("who may hold rows is not known: these links are only to look at")
        return self.accounts

    @property
    def holders(self) -> sql.Composed:
        """The accounts and what keeps each from holding rows."""
        return self.accounts or SQL("list_profile_ids", profiles=qualified(*self.spec.accounts.profiles_table))
