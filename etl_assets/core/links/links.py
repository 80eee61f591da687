"""What becomes of each staged row, derived by one statement per table that checks, gate, load and books share.

A row's `_reason` is NULL when it can be loaded now; its `_state` is `ready` then, and otherwise
`loaded`, `quarantined`, `excluded` or `waiting`. Nothing of this is stored: it depends on other tables and changes
when they do.
"""

import re
from dataclasses import dataclass, replace

from psycopg import sql

from etl_assets.access.postgres.statements import (
    Statement,
    Statements,
    catalog_text,
    identifier,
    joined,
    literal,
    literals,
    qualified,
    staging_table,
)
from etl_assets.model.target import ForeignRule, TargetTable, UniqueRule
from etl_assets.spec.model import USERS, References, Spec, Table
from etl_assets.spec.shapes import reference_columns

SQL = Statements(__file__)

GIVEN_AGAIN, REFUSED = "id_given_to_another_row", "target_refused"
QUARANTINED = (
    "owner_missing",
    "owner_unknown",
    "reference_unknown",
    "reference_quarantined",
    "target_conflict",
    GIVEN_AGAIN,
    REFUSED,
)
EXCLUDED = ("reference_excluded",)
OWNER_REASONS = ("owner_missing", "owner_unknown")
REFERENCE_REASONS = ("reference_unknown", "reference_quarantined")


def state_of(reason: sql.Composable) -> Statement:
    """An expression: what a reason makes of a row."""
    return SQL("row_state", reason=reason, quarantined=literals(QUARANTINED), excluded=literals(EXCLUDED))


@dataclass(frozen=True)
class Links:
    """Composes the link statements of one spec against one target.

    `accounts` is the statement that says which accounts may hold rows, as `users.accounts` makes it. Without it rows
    can be counted, staged and judged, and not loaded: having a profile is all that is asked of an account then.
    `whole`: the statements are for reading all rows of a table, which Postgres may then do in parallel, and not for
    finding those of some users. `reissued` are the tables in which a legacy id stands for its second row by now,
    `refused` those of which the target has refused rows; `profile_facts` are the rules of the profiles.
    """

    spec: Spec
    targets: dict[str, TargetTable]
    accounts: sql.Composed | None = None
    whole: bool = False
    reissued: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    profile_facts: str = ""

    @property
    def as_whole(self) -> "Links":
        """These links, composed for reading all rows."""
        return replace(self, whole=True)

    @property
    def as_parts(self) -> "Links":
        """These links, composed as a part of another statement."""
        return replace(self, whole=False)

    @property
    def tables(self) -> tuple[str, ...]:
        """The migrated tables that the target has, referenced tables first."""
        return tuple(name for name in self.spec.load_order if name in self.targets)

    def columns(self, name: str) -> tuple[str, ...]:
        """The target columns that the load fills: id, owner, then as in the spec."""
        table = self.spec.tables[name]
        first = [table.id.to, *([table.owner.to] if table.owner.to else [])]
        return (*first, *(column for column in table.columns if column not in first))

    def changeable(self, name: str) -> list[str]:
        """Those of them that a later version of the row can change: all but the id."""
        return [column for column in self.columns(name) if column != self.spec.tables[name].id.to]

    def digest(self, name: str, alias: str) -> sql.Composed:
        """A 128-bit digest of a row's loaded columns, as text under the session's dialect."""
        return sql.SQL("md5({}::text)::uuid").format(self.row(name, alias))

    def row(self, name: str, alias: str) -> sql.Composed:
        """A row's loaded columns as one record."""
        return sql.SQL("ROW({})").format(joined([identifier(alias, column) for column in sorted(self.columns(name))]))

    def rows(self, name: str, *, as_new: bool = False) -> Statement:
        """One row per staged row: the target columns' values, and `_legacy_id` to `_state` as in `link.sql`.

        With `as_new`, rows of the ledger are judged too, as if they were yet to be loaded: may a change be written?
        """
        return SQL("link", rows=self._judged(name, as_new=as_new), state=state_of(identifier("y", "_reason")))

    def owners(self, name: str) -> Statement:
        """`legacy_id, legacy_user_id` of every row that is staged or quarantined, as far as an owner is named."""
        table, slots = self.spec.tables[name], {"staging": staging_table(name), "table": literal(name)}
        if table.owner.via:
            parent = table.columns[table.owner.via].references
            assert parent is not None  # noqa: S101 - held by spec.rules
            ref = identifier("s", f"_ref{reference_columns(table)[table.owner.via]}")
            return SQL("list_owners_via", **slots, ref=ref, parents=self.owners(parent.table))
        return SQL("list_owners", **slots)

    def id_type(self, name: str) -> sql.SQL:
        """The type of the ids in the target."""
        return catalog_text(self.targets[name].columns[self.spec.tables[name].id.to].type)

    def has_unique_id(self, name: str) -> bool:
        """True when an index of the target keeps an id from standing there twice."""
        id_alone = (self.spec.tables[name].id.to,)
        return any(rule.columns == id_alone and rule.predicate is None for rule in self.targets[name].unique)

    def has_references(self, name: str) -> bool:
        """True when a row of a known owner can be quarantined by its links."""
        return name in self.refused or bool(self.spec.tables[name].references or self.conflicts(name))

    def can_be_freed(self, name: str) -> bool:
        """True when a row that arrives can let another of this table through, because it refers to it."""
        foreign = any(self._can_miss(name, rule) for rule in self.targets[name].foreign)
        return bool(self.spec.tables[name].references or foreign)

    def refused_balances(self, of_users: sql.Composable) -> Statement:
        """`legacy_user_id` of every user whose balance the target refused, as long as its rules are the same."""
        return SQL("list_refused_balances", facts=literal(self.profile_facts), of_users=of_users)

    def incomplete_users(self, *, some: bool = False) -> sql.Composed:
        """`legacy_user_id` of every user with a quarantined row that is not loaded; with `some`, of %(users)s alone."""
        by_value = sql.SQL("AND o.legacy_user_id = ANY (%(users)s)") if some else sql.SQL("")
        by_link = sql.SQL("AND k._legacy_user_id = ANY (%(users)s)") if some else sql.SQL("")
        parts: list[sql.Composable] = [sql.SQL("SELECT NULL::text AS legacy_user_id WHERE false")]
        if self.spec.writes_profiles and self.spec.policy.incomplete_users == "hold":
            of_users = sql.SQL("AND q.legacy_user_id = ANY (%(users)s)") if some else sql.SQL("")
            parts.append(SQL("list_unreadable_balances", of_users=of_users))
        if "users" in self.refused:
            of_users = sql.SQL("AND r.legacy_user_id = ANY (%(users)s)") if some else sql.SQL("")
            parts.append(self.refused_balances(of_users))
        for name in self.tables:
            if self.spec.policy.incomplete_users == "load" or self.spec.tables[name].owner.is_none:
                continue
            parts.append(SQL("list_incomplete_users", owners=self.owners(name), table=literal(name), of_users=by_value))
            if self.has_references(name):
                parts.append(SQL("list_link_incomplete_users", links=self.rows(name), of_users=by_link))
        return joined(parts, by=" UNION ")

    def conflicts(self, name: str) -> list[tuple[str, sql.Composed]]:
        """What constraints of the target could hold against a row, by their names; nothing costs a scan without one."""
        target = self.targets[name]
        checks = [rule for rule in target.checks if set(rule.columns) <= set(self.columns(name))]
        found = [(rule.name, sql.SQL("({}) IS FALSE").format(catalog_text(rule.expression))) for rule in checks]
        found += [(rule.name, self._twin(name, rule)) for rule in self._unique_rules(name)]
        missable = [rule for rule in target.foreign if self._can_miss(name, rule)]
        return found + [(rule.name, self._no_parent(name, rule)) for rule in missable]

    def _judged(self, name: str, *, as_new: bool) -> sql.Composed:
        conflicts = [condition for _, condition in self.conflicts(name)]
        if not conflicts:
            return self._linked(name, as_new=as_new)
        refused = literals((*QUARANTINED, *EXCLUDED))
        reason = SQL("conflict_reason", conflicts=joined(list(conflicts), by=" OR "), quarantined=refused)
        values = joined([identifier(column) for column in self.columns(name)])
        return SQL(
            "link_conflicts",
            rows=self.as_parts._linked(name, as_new=as_new),
            values=values,
            fence=SQL("fence", value=reason),
        )

    def _unique_rules(self, name: str) -> list[UniqueRule]:
        table, filled = self.spec.tables[name], set(self.columns(name))
        return [
            rule
            for rule in self.targets[name].unique
            if set(rule.columns) <= filled and set(rule.reads) <= filled and rule.columns != (table.id.to,)
        ]

    def _can_miss(self, name: str, rule: ForeignRule) -> bool:
        """False for the owner's reference to the profiles, at which every row's account is looked up anyway."""
        table = self.spec.tables[name]
        to_profiles = (rule.schema, rule.table) == self.spec.accounts.profiles_table
        return set(rule.columns) <= set(self.columns(name)) and not (rule.columns == (table.owner.to,) and to_profiles)

    def _no_parent(self, name: str, rule: ForeignRule) -> Statement:
        """A row of the target that went away: its children cannot load, and must not keep others from loading."""
        table = self.spec.tables[name]
        filled: list[sql.Composable] = [sql.SQL("x.{} IS NOT NULL").format(identifier(c)) for c in rule.columns]
        if any(column in table.references or column == table.owner.to for column in rule.columns):
            # Rows of ours arrive as parents first: before a row is ready, its parent may well be missing.
            filled.insert(0, sql.SQL("x._reason IS NULL"))
        same: list[sql.Composable] = [
            sql.SQL("t.{} = x.{}").format(identifier(there), identifier(here))
            for there, here in zip(rule.refers_to, rule.columns, strict=True)
        ]
        slots = {"filled": joined(filled, by=" AND "), "same": joined(same, by=" AND ")}
        return SQL("has_no_parent", **slots, parent=qualified(rule.schema, rule.table))

    def _twin(self, name: str, rule: UniqueRule) -> sql.Composed:
        table, target = self.spec.tables[name], self.targets[name]
        here: list[sql.Composable] = [sql.SQL("t.{0} = x.{0}").format(identifier(c)) for c in rule.columns]
        # Postgres renders a predicate with bare names, which each level reads as its own row's columns.
        predicate = sql.SQL("({})").format(catalog_text(rule.predicate or "true"))
        in_target = SQL(
            "has_twin_in_target",
            target=qualified(target.schema, target.name),
            same=joined([*here, predicate], by=" AND "),
            id=identifier(table.id.to),
        )
        plain = [c for c in rule.columns if c in table.columns]
        by_owner = table.owner.to in rule.columns and bool(table.owner.from_)
        if len(plain) < len(rule.columns) - by_owner or not set(rule.reads) <= {*table.columns, *rule.columns}:
            return sql.SQL("({} AND {})").format(predicate, in_target)
        same: list[sql.Composable] = [sql.SQL("s.{0} = x.{0}").format(identifier(c)) for c in plain]
        if by_owner:
            same.append(sql.SQL("s._legacy_user_id = x._legacy_user_id"))
        if rule.predicate and (table.owner.to or "") not in re.findall(r"\w+", rule.predicate):
            same.append(predicate)  # staging knows legacy owners, not accounts
        slots = {"staging": staging_table(name), "table": literal(name), "same": joined(same, by=" AND ")}
        in_staging = SQL("has_twin_in_staging", **slots)
        return sql.SQL("({} AND ({} OR {}))").format(predicate, in_target, in_staging)

    def _linked(self, name: str, *, as_new: bool) -> Statement:
        table = self.spec.tables[name]
        parts = [_Link(self, table, column, number) for column, number in reference_columns(table).items()]
        reasons: list[sql.Composable] = [part.quarantined() for part in parts]
        excluded: list[sql.Composable] = [part.excluded() for part in parts]
        joins: list[sql.Composable] = [part.join() for part in parts]
        owner: sql.Composable = sql.SQL("NULL::text")
        account: sql.Composable = sql.SQL("NULL::uuid")
        wave: sql.Composable = sql.SQL("NULL::text")
        if not table.owner.is_none:
            owner = self._owner(table)
            account, wave = sql.SQL("u.supabase_user_id"), sql.SQL("u.wave")
            joins.append(SQL("link_user", owner=owner, accounts=self.holders))
            whose: list[sql.Composable] = [SQL("link_owner_reasons", owner=owner)]
            # A row owned through another shares that row's fate first; only then is its owner looked at.
            reasons = [*reasons, *excluded, *whose] if table.owner.via else [*whose, *reasons, *excluded]
            reasons.append(SQL("link_account_reasons"))
        else:
            reasons += excluded
        reasons += [part.waiting() for part in parts]
        new_id: sql.Composable = sql.SQL("s._new_id")
        if name in self.reissued:
            new_id = sql.SQL("coalesce(i.new_id, s._new_id)")
            joins.append(SQL("join_reissued", table=literal(name), alias=identifier("i"), ref=sql.SQL("s._legacy_id")))
        values = {table.id.to: new_id, **({table.owner.to: account} if table.owner.to else {})}
        values |= {part.column: part.value() for part in parts}
        selected = [
            sql.SQL("{} AS {}").format(values.get(column, identifier("s", column)), identifier(column))
            for column in self.columns(name)
        ]
        if name in self.refused:
            joins.append(SQL("join_refused", table=literal(name), facts=literal(self.targets[name].facts)))
            reasons.insert(0, sql.SQL("WHEN f.legacy_id IS NOT NULL THEN 'target_refused'"))
        known = sql.SQL("") if as_new else sql.SQL("WHEN l.legacy_id IS NOT NULL THEN 'loaded'")
        loaded = SQL("link_loaded", **self._of_another_row(table, owner, parts), owner=owner)
        reason = SQL("link_reason", loaded=loaded, known=known, reasons=joined(reasons, by="\n"))
        return SQL(
            "link_rows",
            owner=owner,
            account=account,
            wave=wave,
            new_id=new_id,
            created=sql.SQL("s._created") if table.created_column else sql.SQL("NULL::text"),
            reason=reason if self.whole else identifier("r", "_reason"),
            fence=sql.SQL("") if self.whole else SQL("fence", value=reason),
            values=joined(list(selected)),
            staging=staging_table(name),
            table=literal(name),
            joins=joined(joins, by="\n"),
        )

    def _of_another_row(self, table: Table, owner: sql.Composable, parts: list["_Link"]) -> dict[str, sql.Composable]:
        """What tells a row from the one that was loaded under its legacy id: when it was made, or all that it says."""
        name = table.name
        as_loaded: dict[str, sql.Composable] = {part.column: part.value() for part in parts if part.is_user}
        as_loaded[table.id.to] = sql.SQL("l.new_id::{}").format(
            catalog_text(self.targets[name].columns[table.id.to].type)
        )
        if table.owner.to:
            as_loaded[table.owner.to] = SQL("former_account")
        content = [as_loaded.get(column, identifier("s", column)) for column in sorted(self.columns(name))]
        # A child goes with its parent; while that is nowhere, nobody says that it has moved.
        moved = sql.SQL("{owner} IS NOT NULL AND l.legacy_user_id IS DISTINCT FROM {owner}").format(owner=owner)
        if not table.owner.via:
            moved = sql.SQL("l.legacy_user_id IS DISTINCT FROM {owner}").format(owner=owner)
        made = sql.SQL("false")
        if table.created_column:
            made = sql.SQL("hashtextextended(s._created, 0::bigint) <> l.created")
        return {
            "is_made_anew": made,
            "moved": moved,
            "is_another": sql.SQL("false") if table.owner.is_none else sql.SQL("u.is_another"),
            "content": sql.SQL("md5(ROW({})::text)::uuid").format(joined(list(content))),
        }

    def _owner(self, table: Table) -> sql.Composable:
        if table.owner.via:
            return identifier(f"p{reference_columns(table)[table.owner.via]}", "_legacy_user_id")
        return sql.SQL("s._legacy_user_id")

    @property
    def holders(self) -> sql.Composed:
        """The accounts and what keeps each from holding rows."""
        return self.accounts or SQL("list_profile_ids", profiles=qualified(*self.spec.accounts.profiles_table))


@dataclass(frozen=True)
class _Link:
    """One `references` of one table: what it joins, what can be wrong with it, and the value that it brings."""

    links: Links
    table: Table
    column: str
    number: int

    @property
    def _reference(self) -> References:
        return self.table.references[self.column]

    @property
    def _slots(self) -> dict[str, sql.Composable]:
        return {
            "parent": identifier(f"p{self.number}"),
            "ref": identifier("s", f"_ref{self.number}"),
            "table": literal(self._reference.table),
        }

    @property
    def is_user(self) -> bool:
        return self._reference.table == USERS

    @property
    def _tolerates_unknown(self) -> bool:
        return self._reference.otherwise != "quarantine"

    def join(self) -> sql.Composed:
        if self.is_user:
            return SQL("link_second_user", **self._without("table"))
        found = SQL("link_parent", **self._without("table"), rows=self.links.as_parts.rows(self._reference.table))
        if self._reference.table not in self.links.reissued:
            return found
        slots = {"table": self._slots["table"], "ref": self._slots["ref"], "alias": self._second}
        return sql.SQL("{}\n{}").format(found, SQL("join_reissued", **slots))

    def quarantined(self) -> sql.Composed:
        if self.is_user and self._tolerates_unknown:
            return sql.Composed([])
        if self.is_user:
            return SQL("link_unknown_user", **self._without("table"))
        if self._tolerates_unknown:
            return SQL("link_quarantined", **self._slots)
        return SQL("link_unknown", **self._slots) + sql.SQL("\n") + SQL("link_quarantined", **self._slots)

    def excluded(self) -> sql.Composed:
        if not self.is_user:
            return SQL("link_excluded", **self._slots)
        if self._tolerates_unknown or self._reference.unresolved == "null":
            return sql.Composed([])
        return SQL("link_forgotten_user", **self._without("table"))

    def waiting(self) -> sql.Composed:
        if not self.is_user:
            return SQL("link_waiting", **self._without("ref", "table"))
        if self._reference.unresolved == "null":
            return sql.Composed([])
        return SQL("link_waiting_user", **self._without("ref", "table"))

    def value(self) -> sql.Composable:
        if self.is_user:
            return sql.SQL("{}.supabase_user_id").format(self._slots["parent"])
        value: sql.Composable = identifier("s", self.column)
        if self._reference.table in self.links.reissued:
            type_ = self.links.targets[self.table.name].columns[self.column].type
            value = SQL("second_id", value=value, alias=self._second, type=catalog_text(type_))
        if not self._tolerates_unknown:
            return value
        raw = identifier("s", f"_raw{self.number}") if self._reference.otherwise == "keep" else sql.SQL("NULL")
        return SQL("link_value_if_known", **self._slots, value=value, otherwise=raw)

    @property
    def _second(self) -> sql.Identifier:
        return identifier(f"i{self.number}")

    def _without(self, *names: str) -> dict[str, sql.Composable]:
        return {name: slot for name, slot in self._slots.items() if name not in names}
