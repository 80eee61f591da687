"""Production against ledger and staging: row by row, and sum by sum."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from psycopg import sql

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statement, Statements, identifier, joined, literal, shown
from etl_assets.core.links.links import Links
from etl_assets.core.links.repeated import repeated_keys
from etl_assets.core.load.read_back import Strays, find_strays
from etl_assets.core.users.waves import Claims
from etl_assets.spec.model import Table

SQL = Statements(__file__)

SAMPLE = 6
COUNTS = ("compared", "equal", "altered", "changed_since", "gone_since", "changed_in_legacy", "vanished", "misowned")
SAMPLES = ("altered_sample", "changed_sample", "gone_sample", "legacy_sample", "misowned_sample")


@dataclass(frozen=True)
class SumComparison:
    """A money column of the loaded rows, per user: what was staged against what production holds."""

    table: str
    column: str
    users: int
    differing: int
    explained: int
    before: str
    after: str
    sample: tuple[str, ...]
    query: str

    def plus(self, other: "SumComparison") -> "SumComparison":
        """Both, of different rows of one table; a user who has some among both is counted twice."""
        return SumComparison(
            self.table,
            self.column,
            users=self.users + other.users,
            differing=self.differing + other.differing,
            explained=self.explained + other.explained,
            before=str(Decimal(self.before) + Decimal(other.before)),
            after=str(Decimal(self.after) + Decimal(other.after)),
            sample=(self.sample + other.sample)[:SAMPLE],
            query=other.query,
        )


@dataclass(frozen=True)
class RowComparison:
    """A table's loaded rows against production.

    Rows `altered`, `misowned` (as they were loaded, under another account than the claim's) and `strays` (written by a
    load and not in the ledger) are our fault; the others happened afterwards. `legacy_sample` names rows that were
    changed in the legacy app or vanished from it. `sums` compares the table's money.
    """

    table: str
    compared: int
    equal: int
    altered: int
    changed_since: int
    gone_since: int
    changed_in_legacy: int
    vanished: int
    altered_sample: tuple[str, ...]
    changed_sample: tuple[str, ...]
    gone_sample: tuple[str, ...]
    legacy_sample: tuple[str, ...]
    query: str
    misowned: int
    misowned_sample: tuple[str, ...]
    sums: tuple[SumComparison, ...]
    strays: Strays = field(default_factory=Strays)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "RowComparison":
        """What `dataclasses.asdict` and JSON made of one."""
        told: dict[str, Any] = {**raw, **{name: tuple(raw[name]) for name in SAMPLES}, "strays": Strays()}
        sums = [SumComparison(**{**money, "sample": tuple(money["sample"])}) for money in raw["sums"]]
        return cls(**{**told, "sums": tuple(sums)})

    def plus(self, other: "RowComparison") -> "RowComparison":
        """Both, of different rows of one table, without the strays."""
        counts = {name: getattr(self, name) + getattr(other, name) for name in COUNTS}
        samples = {name: (getattr(self, name) + getattr(other, name))[:SAMPLE] for name in SAMPLES}
        sums = tuple(one.plus(more) for one, more in zip(self.sums, other.sums, strict=True))
        return replace(other, **counts, **samples, sums=sums, strays=Strays())

    @property
    def faults(self) -> int:
        """Rows that are our fault."""
        return self.altered + self.misowned + self.strays.ours

    @property
    def fault_sample(self) -> tuple[str, ...]:
        """A few of them: legacy ids, and new ids of those that have none."""
        return (*self.altered_sample, *self.misowned_sample, *self.strays.ours_sample)

    @property
    def doubled_since(self) -> int:
        """Later copies of loaded rows."""
        return self.strays.doubled_since


def against_production(links: Links, name: str, *, wave: str | None) -> dict[str, sql.Composable]:
    """The slots of a statement that holds ledger rows against production and staging."""
    return {
        **links.slots(name),
        "links": (links if wave else links.as_whole).rows(name),
        "staged": links.digest(name, "k"),
        "found": links.digest(name, "t"),
        "is_equal": links.is_equal(name, "k", "t"),
        "of_wave": sql.SQL("AND l.wave = %(wave)s") if wave else sql.SQL(""),
    }


def _join_parent(links: Links, table: Table, via: str) -> Statement:
    reference = table.references[via]
    parent, named = literal(reference.table), sql.SQL("t.{}::text").format(identifier(via))
    if not reference.key:
        return SQL("join_ledger_parent", parent=parent, named=named)
    slots = {slot: value for slot, value in links.slots(reference.table).items() if slot != "id_type"}
    found = SQL("id_by_column", **slots, key=identifier(reference.key[0]), via=identifier(via))
    return SQL("join_ledger_parent", parent=parent, named=found)


def _ownership(links: Links, table: Table) -> dict[str, sql.Composable]:
    """How a row is found to stand under somebody else than the ledger says: by its owner, or by its parent's."""
    if table.owner.to:
        differs = sql.SQL("t.{} IS DISTINCT FROM m.supabase_user_id").format(identifier(table.owner.to))
        return {"owners": SQL("join_claim"), "misowned": differs}
    if table.owner.via:
        differs = sql.SQL("o.legacy_user_id <> l.legacy_user_id").format()
        return {"owners": _join_parent(links, table, table.owner.via), "misowned": differs}
    return {"owners": sql.SQL(""), "misowned": sql.SQL("false")}


def compare_rows(connection: Connection, links: Links, name: str, *, wave: str | None = None) -> RowComparison:
    """Production against ledger and staging, row by row, and the `sum` columns user by user; of one wave, or of all."""
    money = links.spec.tables[name].checks.sum
    slots = {
        **against_production(links, name, wave=wave),
        **_ownership(links, links.spec.tables[name]),
        **_money_slots(money),
    }
    query = SQL("compare_rows", **slots, repeated=repeated_keys(name))
    row, text = query.record(connection, wave=wave), shown(query, connection)
    users, sums = row.pop("users"), row.pop("sums")
    samples = {sample: tuple(row[sample]) for sample in SAMPLES}
    compared = tuple(
        SumComparison(
            name, column, users, query=text, **{**sums[column], "sample": tuple(sums[column]["sample"] or ())}
        )
        for column in money
    )
    return RowComparison(name, **{**row, **samples}, query=text, sums=compared)


def compare_all(
    connection: Connection, links: Links, name: str, *, known: RowComparison | None = None, among: Claims | None = None
) -> RowComparison:
    """Compares all waves, reusing `known` if given, and adds the rows that the ledger does not know.

    With `among`, these are looked for among the rows of some accounts.
    """
    strays = find_strays(connection, links, name, among=among)
    return replace(known or compare_rows(connection, links, name), strays=strays)


def _money_slots(columns: tuple[str, ...]) -> dict[str, sql.Composable]:
    """The parts of `compare_rows` about money: of rows, of users, of all."""
    rows, users = sql.Composed([]), sql.Composed([])
    totals: list[sql.Composable] = []
    for number, column in enumerate(columns):
        names = {part: identifier(f"_{part}{number}") for part in ("before", "after", "first")}
        rows += sql.SQL(", ") + SQL("sums_of_rows", column=identifier(column), **names)
        users += sql.SQL(", ") + SQL("sums_of_users", **names)
        totals.append(SQL("compare_sums", **names, money=literal(column)))
    return {"sums": rows, "sums_of_users": users, "totals": joined(totals)}
