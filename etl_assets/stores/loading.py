"""From staging to production: whole users, under the writers' lock, behind the gate, each row read back."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from psycopg import sql

from etl_assets.model.errors import EtlError, Refused
from etl_assets.spec.model import Table
from etl_assets.stores.balances import apply_balances, changed_balances, note_before
from etl_assets.stores.faults import fault_point
from etl_assets.stores.links import Links
from etl_assets.stores.postgres import Connection, DatabaseFault, one, reading, rows, run_statement, writing
from etl_assets.stores.preflight import require_target
from etl_assets.stores.read_back import not_as_written, require_as_written
from etl_assets.stores.schema import audit, meta_facts, remember
from etl_assets.stores.statements import identifier, joined, literal, qualified, staging_table, statement
from etl_assets.stores.targets import regclass
from etl_assets.stores.updating import changed_users, has_changed_row, write_changes
from etl_assets.stores.validations import require_gate

USERS_PER_TRANSACTION = 5_000
KeyColumns = dict[str, tuple[str, ...]]
Progress = Callable[[int, int], None]


@dataclass
class Loaded:
    """Rows loaded per table and the seconds that took, the transactions, and whom the target refused, with the rule.

    `updated` counts production rows per table over which a changed legacy row was written.
    """

    rows: dict[str, int] = field(default_factory=dict)
    updated: dict[str, int] = field(default_factory=dict)
    balances: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    transactions: int = 0
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, table: str, count: int, updated: int = 0) -> None:
        """Counts rows of one table."""
        self.rows[table] = self.rows.get(table, 0) + count
        self.updated[table] = self.updated.get(table, 0) + updated

    @property
    def written(self) -> int:
        """All rows that were inserted or updated, and changes to balances."""
        return sum(self.rows.values()) + sum(self.updated.values()) + self.balances


@dataclass(frozen=True)
class Loader:
    """Who loads, from where to where: the connection, the links, each table's key columns, the Dagster run."""

    connection: Connection
    links: Links
    keys: KeyColumns
    run: str


def load_wave(loader: Loader, *, wave: str, progress: Progress) -> Loaded:
    """Loads every row that is ready, of users claimed in this wave or in an earlier one.

    One transaction holds whole users: all tables of a batch of users, in the order of their references, with ledger
    and `migrated_at`. A kill between two of them leaves whole users, and the next run goes on.

    Raises:
        Refused: a blocking validation fails, or a row was changed on its way in.
        EtlError: the wave was not sealed.
    """
    connection, links = loader.connection, loader.links
    if links.accounts is None:
        raise ValueError("who may hold rows is not known: these links are only to look at")
    owned = [name for name in links.tables if not links.spec.tables[name].owner.is_none]
    loaded = Loaded(dict.fromkeys(owned, 0))
    with reading(connection):
        _require_standing(connection, wave)
        own = [user for (user,) in rows(connection, statement("list_wave_users"), wave=wave)]
    done = 0
    for batch in _batches(own):
        _load_or_divide(loader, owned, batch, wave=wave, loaded=loaded)
        done += len(batch)
        progress(done, len(own))
    # Rows that were not there, not right or not referable when their owner's wave came, users by users as above.
    # Each pass can free further rows, through references between users; it ends when one brings nothing. The staging
    # that the wave has seen is that of the first pass, which alone looks everywhere.
    late, staging = _late_users(connection, links, owned, wave=wave)
    brought = True
    while brought:
        before = loaded.written
        for batch in _batches([user for user in late if user not in loaded.refused]):
            _load_or_divide(loader, owned, batch, wave=wave, loaded=loaded)
        brought = loaded.written > before
        if brought:
            late, _ = _late_users(connection, links, [name for name in owned if links.can_be_freed(name)], wave=wave)
    with writing(connection, run=loader.run):
        _require_standing(connection, wave)
        if not loaded.transactions:
            # Nobody to load is still a moment to say what is wrong: a red gate must not turn green by being empty.
            _open_gate(loader)
        for name in owned:
            _raise_sequence(connection, links, links.spec.tables[name])
        connection.execute(statement("finish_wave"), {"wave": wave, "staging": staging})
        # The reconciliation joins the ledger next; without statistics Postgres takes it for empty and loops.
        run_statement(connection, statement("analyze", table=identifier("etl", "loaded")))
        fault_point("load.finished")
    if loaded.refused:
        rules = "; ".join(sorted(set(loaded.refused.values())))
        raise Refused(
            "the_target_takes_every_user",
            table=", ".join(owned),
            count=len(loaded.refused),
            sample=[f"user {user}" for user in loaded.refused],
            remedy=f"Everybody else was loaded. Of these users' rows: {rules}. Correct their legacy rows or the "
            "constraint, then run again.",
        )
    return loaded


def load_unowned(loader: Loader, name: str) -> int:
    """Loads a lookup table's rows that are ready and not in the ledger, in one transaction; returns how many.

    With `id: keep`, rows that the target has already and that are equal in every column are adopted, not written.

    Raises:
        Refused: a blocking validation fails, or a row was changed on its way in.
    """
    connection, links = loader.connection, loader.links
    table = links.spec.tables[name]
    with writing(connection, run=loader.run):
        _open_gate(loader)
        adopted = _adopt(connection, links, table) if table.id.rule == "keep" else 0
        count, digest = _load_table(connection, links, table, users=None, wave=None)
        updated = write_changes(connection, links, name, users=None, wave=None, run=loader.run)
        _raise_sequence(connection, links, table)
        require_as_written(connection, links, [name], users=None)
        run_statement(connection, statement("analyze", table=identifier("etl", "loaded")))
        told = {"rows": {name: count}, "digests": {name: digest}, "adopted": adopted, "updated": updated}
        audit(connection, run=loader.run, action="loaded", **told)
        fault_point("load.before_commit")
    fault_point("load.committed")
    return count + adopted


def _load_or_divide(loader: Loader, owned: list[str], users: list[str], *, wave: str, loaded: Loaded) -> None:
    """Loads a batch; where the target refuses a row that no validation foresaw, finds its user and loads the others."""
    try:
        _load_users(loader, owned, users, wave=wave, loaded=loaded)
    except DatabaseFault as fault:
        if not fault.is_about_rows:
            raise
        if len(users) == 1:
            loaded.refused[users[0]] = str(fault)
            return
        half = len(users) // 2
        for part in (users[:half], users[half:]):
            _load_or_divide(loader, owned, part, wave=wave, loaded=loaded)


def _load_users(loader: Loader, owned: list[str], users: list[str], *, wave: str, loaded: Loaded) -> None:
    connection, links = loader.connection, loader.links
    counts: dict[str, int] = {}
    digests: dict[str, str] = {}
    updated: dict[str, int] = {}
    with writing(connection, run=loader.run):
        _require_standing(connection, wave)
        # The first transaction looks at everybody's rows, before anything is written; those after it at their own.
        _open_gate(loader, users=users if loaded.transactions else None)
        note_before(connection, links, users)
        for name in owned:
            started = time.monotonic()
            table = links.spec.tables[name]
            counts[name], digests[name] = _load_table(connection, links, table, users=users, wave=wave)
            fault_point("load.rows")
            updated[name] = write_changes(connection, links, name, users=users, wave=wave, run=loader.run)
            loaded.seconds[name] = loaded.seconds.get(name, 0.0) + time.monotonic() - started
            fault_point("load.table")
        for name in owned:
            _raise_sequence(connection, links, links.spec.tables[name])
        balances = apply_balances(connection, links, wave=wave, run=loader.run)
        fault_point("load.balances")
        connection.execute(statement("stamp_migrated"), {"users": users})
        require_as_written(connection, links, owned, users=users)
        audit(
            connection,
            run=loader.run,
            action="loaded",
            wave=wave,
            users=len(users),
            rows=counts,
            digests=digests,
            updated=updated,
            balances=balances,
        )
        fault_point("load.before_commit")
    fault_point("load.committed")
    loaded.transactions += 1
    loaded.balances += balances
    for name, count in counts.items():
        loaded.add(name, count, updated[name])


def _require_standing(connection: Connection, wave: str) -> None:
    """Nothing, when the wave is sealed and was not undone, also not while it is loaded."""
    sealed = connection.execute(statement("find_wave"), {"wave": wave}).fetchone()
    if sealed is None or sealed[1]:
        what = "was undone" if sealed else "was not resolved yet"
        raise EtlError(f"Wave {wave} {what}: materialize `resolved_users` for it first.")


def _open_gate(loader: Loader, *, users: list[str] | None = None) -> None:
    require_target(loader.connection, loader.links)
    require_gate(loader.connection, loader.links, users=users)
    remember(loader.connection, meta_facts(loader.links.spec, loader.keys))
    for name in loader.links.tables:
        if loader.links.spec.tables[name].is_frozen:
            loader.connection.execute(statement("freeze_table"), {"table": name})
    fault_point("load.gated")


def _load_table(
    connection: Connection, links: Links, table: Table, *, users: list[str] | None, wave: str | None
) -> tuple[int, str]:
    """How many rows went in, and an order-free digest of them as they were read back."""
    target = links.targets[table.name]
    columns = [identifier(column) for column in links.columns(table.name)]
    query = statement(
        "load_table",
        links=links.rows(table.name),
        of_users=sql.SQL("AND k._legacy_user_id = ANY (%(users)s)") if users is not None else sql.SQL(""),
        expected=links.digest(table.name, "k"),
        found=links.digest(table.name, "t"),
        target=qualified(target.schema, target.name),
        columns=joined(list(columns)),
        # Rows of one owner side by side: index pages of the owner's key are touched once.
        sorting=identifier("_account_id" if users is not None else "_legacy_id"),
        id=identifier(table.id.to),
        table=literal(table.name),
    )
    batch, entered, changed, sample, digest = one(connection, query, users=users, wave=wave)
    if batch != entered or changed:
        when = "while they were inserted: look at its triggers and rules"
        raise not_as_written(table.name, max(batch - entered, changed), sample, when)
    return int(entered), str(digest)


def _adopt(connection: Connection, links: Links, table: Table) -> int:
    target = links.targets[table.name]
    query = statement(
        "adopt_rows",
        links=links.rows(table.name),
        target=qualified(target.schema, target.name),
        id=identifier(table.id.to),
        table=literal(table.name),
        found=links.digest(table.name, "t"),
        expected=links.digest(table.name, "k"),
    )
    return run_statement(connection, query).rowcount


def _raise_sequence(connection: Connection, links: Links, table: Table) -> None:
    if table.id.rule != "keep":
        return
    target = links.targets[table.name]
    if target.columns[table.id.to].base not in ("smallint", "integer", "bigint"):
        return
    name = regclass(target.schema, target.name)
    sequence = one(connection, statement("find_sequence"), table=name, column=table.id.to)[0]
    if sequence is not None:
        slots = {"id": identifier(table.id.to), "target": qualified(target.schema, target.name)}
        slots["staging"] = staging_table(table.name)
        connection.execute(statement("raise_sequence", **slots), {"sequence": sequence})


def _late_users(connection: Connection, links: Links, owned: list[str], *, wave: str) -> tuple[list[str], str]:
    """Users with rows that could be loaded now, and the mark of the staging that said so.

    Of this wave's own users, who have just got all that was ready, only rows that refer to others are looked at.
    """
    found: set[str] = set()
    with reading(connection):
        found |= changed_balances(connection, links)
        staging = describe_staging(connection, links)[2]
        for name in owned:
            # Reading all rows as a whole would keep the users from coming first.
            whose = sql.SQL("") if links.can_be_freed(name) else sql.SQL("AND m.wave IS DISTINCT FROM %(wave)s")
            query = statement("list_late_users", links=links.rows(name), whose=whose)
            found |= {user for (user,) in rows(connection, query, wave=wave)}
            found |= changed_users(connection, links, name)
    return sorted(found), staging


def describe_staging(connection: Connection, links: Links) -> tuple[set[str], int, str]:
    """Which of the spec's tables are staged, users included; of how many snapshots; and a mark of this staging."""
    tables = joined([*(literal(name) for name in links.tables), literal("users")])
    staged, snapshots, mark = one(connection, statement("describe_staging", tables=tables))
    return set(staged), int(snapshots), str(mark)


def unfinished_waves(connection: Connection) -> list[str]:
    """Keys of sealed waves whose load was cut off; running them again finishes them."""
    return [wave for (wave,) in rows(connection, statement("list_unfinished_waves"))]


def has_late_rows(connection: Connection, links: Links) -> bool:
    """True when a claimed user has a row or balance that could be written now; runs inside a transaction."""
    return bool(changed_balances(connection, links)) or any(
        run_statement(connection, statement("find_late_row", links=links.rows(name))).fetchone() is not None
        or has_changed_row(connection, links, name)
        for name in links.tables
        if not links.spec.tables[name].owner.is_none
    )


def _batches(users: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(users), USERS_PER_TRANSACTION):
        yield users[start : start + USERS_PER_TRANSACTION]
