"""What becomes of each staged row, derived by one statement per table that checks, gate, load and books share.

A row's `_reason` is NULL when it can be loaded now; its `_state` is `ready` then, and otherwise
`loaded`, `quarantined`, `excluded` or `waiting`. Nothing of this is stored: it depends on other tables and changes
when they do.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from psycopg import sql

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import (
    Statement,
    Statements,
    identifier,
    joined,
    literal,
    literals,
    staging_table,
)
from etl_assets.core.links.binding import Binding
from etl_assets.core.links.conflicts import can_miss, conflicts
from etl_assets.core.links.reference import File, ManyReference, Reference, join_reissued, names, one_of_them
from etl_assets.spec.model import Table
from etl_assets.spec.shapes import circle_columns, many_columns, reference_columns

SQL = Statements(__file__)
Composed = dict[tuple[str, str, bool], Statement]

# Of so many users, or of users with so many rows in circles, all rows of the circle are judged at once: a row's own way
# through a chain of others costs the square of its length.
MANY_USERS, MANY_ROWS = 200, 500
GIVEN_AGAIN, REFUSED = "id_given_to_another_row", "target_refused"
FILE_REASONS = ("path_outside", "path_is_a_list", "file_missing")
FILE_WAITING = "file_waiting"
QUARANTINED = (
    "owner_missing",
    "owner_unknown",
    "reference_unknown",
    "reference_quarantined",
    "target_conflict",
    GIVEN_AGAIN,
    REFUSED,
    *FILE_REASONS,
)
EXCLUDED = ("reference_excluded",)
# What no other row makes better or worse.
SETTLED = ("loaded", "owner_changed", *QUARANTINED)
OWNER_REASONS = ("owner_missing", "owner_unknown")
REFERENCE_REASONS = ("reference_unknown", "reference_quarantined")


def state_of(reason: sql.Composable) -> Statement:
    """An expression: what a reason makes of a row."""
    return SQL("row_state", reason=reason, **_refusals())


def _refusals() -> dict[str, sql.Composable]:
    return {"quarantined": literals(QUARANTINED), "excluded": literals(EXCLUDED)}


def _values(parts: list[Reference]) -> dict[str, sql.Composable]:
    """What the columns with references get; of several tables the one that the row names, their own where none."""
    found: dict[str, sql.Composable] = {}
    for part in parts:
        for target, value in part.values().items():
            if part.column == target:
                found[target] = value
            else:
                other = found.get(target, identifier("s", target))
                found[target] = SQL("value_of_part", ref=part.ref, value=value, other=other)
    return found


@dataclass(frozen=True)
class Links(Binding):
    """Composes the link statements of one spec against one target.

    `whole`: the statements are for reading all rows of a table, which Postgres may then do in parallel, and not for
    finding those of some users.
    """

    _composed: Composed = field(default_factory=dict, init=False, compare=False, repr=False)

    @cached_property
    def as_whole(self) -> "Links":
        """These links, composed for reading all rows."""
        return self if self.whole and self.in_full else replace(self, whole=True, in_full=True)

    def for_users(self, connection: Connection, users: list[str]) -> "Links":
        """These links, composed for the rows of these users: each by its way, or at once where they are many."""
        if not self.spec.circles:
            return self
        in_full = len(users) >= MANY_USERS or self._have_many_rows(connection, users)
        return self if in_full == self.in_full else replace(self, in_full=in_full)

    def _have_many_rows(self, connection: Connection, users: list[str]) -> bool:
        round_ = [name for circle in self.spec.circles for name in circle if name in self.targets]
        owned: list[sql.Composable] = [self.owners(name) for name in round_ if not self.spec.tables[name].owner.is_none]
        if not owned:
            return False
        query = SQL("count_rows_of_users", owners=joined(owned, by=" UNION ALL "))
        return bool(query.one(connection, users=users, most=MANY_ROWS)[0] >= MANY_ROWS)

    @cached_property
    def as_parts(self) -> "Links":
        """These links, composed as a part of another statement."""
        return replace(self, whole=False) if self.whole else self

    @cached_property
    def by_our_tables(self) -> "Links":
        """These links, composed for what the books keep: whoever's account may hold rows, or may not."""
        return replace(self, by_account=False)

    @cached_property
    def as_together(self) -> "Links":
        """These links, composed for rows of several users that refer to one another and are written together."""
        return replace(self, together=True)

    def rows(self, name: str, *, as_new: bool = False) -> Statement:
        """One row per staged row: the target columns' values, and `_legacy_id` to `_state` as in `links.sql`.

        With `as_new`, rows of the ledger are judged too, as if they were yet to be loaded: may a change be written?
        Composed once: a table is a part of the statement of every table that refers to it.
        """
        return self._once("rows", name, as_new, lambda: self._with_state(self._in_circle(name, as_new=as_new)))

    def _once(self, what: str, name: str, as_new: bool, compose: Callable[[], Statement]) -> Statement:  # noqa: FBT001 - a part of the key
        key = (what, name, as_new)
        if key not in self._composed:
            self._composed[key] = compose()
        return self._composed[key]

    def _with_state(self, rows: sql.Composed) -> Statement:
        return SQL("link", rows=rows, state=state_of(identifier("y", "_reason")))

    def owners(self, name: str) -> Statement:
        """`legacy_id, legacy_user_id` of every row that is staged or quarantined, as far as an owner is named."""
        table, slots = self.spec.tables[name], {"staging": staging_table(name), "table": literal(name)}
        if table.owner.via:
            parent = table.columns[table.owner.via].references
            assert parent is not None  # noqa: S101 - held by spec.rules
            ref = identifier("s", f"_ref{reference_columns(table)[table.owner.via]}")
            return SQL("list_owners_via", **slots, ref=ref, parents=self.owners(parent.table))
        return SQL("list_owners", **slots)

    def has_references(self, name: str) -> bool:
        """True when a row of a known owner can be quarantined by its links."""
        table = self.spec.tables[name]
        return name in self.refused or bool(table.references or table.file_columns or conflicts(self, name))

    def can_be_freed(self, name: str) -> bool:
        """True when a row that arrives can let another of this table through, because it refers to it."""
        foreign = any(can_miss(self, name, rule) for rule in self.targets[name].foreign)
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
                judged = (self if some else replace(self, in_full=True)).rows(name)
                parts.append(SQL("list_link_incomplete_users", links=judged, of_users=by_link))
        return joined(parts, by=" UNION ")

    def _in_circle(self, name: str, *, as_new: bool) -> sql.Composed:
        """The rows with the reasons that they have from rows of their circle, which the others do not know of."""
        circle, judged = self.spec.circle_of(name), self._judged(name, as_new=as_new)
        if not circle:
            return judged
        here = tuple(other for other in circle if other in self.targets)
        shared = {
            "rows": judged,
            "values": joined([identifier("x", column) for column in self.columns(name)]),
            "settled": literals(SETTLED),
        }
        if self.in_full:
            return SQL("link_circle_in_full", **shared, **self._in_full(here), place=literal(name))
        ancestors: list[sql.Composable] = [
            SQL(
                "link_ancestor",
                rows=self.as_parts._judged(other, as_new=False),
                place=literal(other),
                is_other=self._is_other(),
                settled=literals(SETTLED),
                **_refusals(),
                **self.way(other, "b"),
            )
            for other in here
        ]
        return SQL("link_circle", **shared, ancestors=joined(ancestors, by=" UNION ALL "), **self.way(name, "x"))

    def _in_full(self, here: tuple[str, ...]) -> dict[str, sql.Composable]:
        """Where something is wrong in a circle of tables, and how it goes on from row to row."""
        named = {name: identifier(f"_in_circle{number}") for number, name in enumerate(here)}
        whole = self.as_whole
        rows = {name: whole._judged(name, as_new=False) for name in here}
        judged: list[sql.Composable] = [
            SQL("judged_in_circle", into=named[name], refs=self._refs(name, "j"), rows=rows[name]) for name in here
        ]
        seeds: list[sql.Composable] = [
            SQL("circle_seed", rows=named[name], place=literal(name), **_refusals()) for name in here
        ]
        edges: list[sql.Composable] = []
        for name in here:
            place = literal(name)
            for ref, parent in circle_columns(self.spec, self.spec.tables[name]):
                if parent not in here:
                    continue
                is_many = ref in many_columns(self.spec.tables[name])
                names_it = names(identifier("s", ref), sql.SQL("w.id"), is_many=is_many)
                slots = {"place": place, "staging": staging_table(name), "named": names_it}
                edges.append(SQL("circle_edge", **slots, parent=literal(parent)))
                one_of = one_of_them(identifier("x", ref), is_many=is_many)
                two = {"rows": named[name], "parents": named[parent], "ref": one_of}
                seeds.append(SQL("circle_seed_waiting", place=place, is_other=self._is_other(), **two))
        return {
            "judged": joined(judged),
            "seeds": joined(seeds, by=" UNION ALL "),
            "edges": joined(edges, by=" UNION ALL "),
        }

    def _is_other(self) -> sql.Composable:
        """A condition: a row that is referred to, `b`, has to be there before `x`, because it is somebody else's."""
        return sql.SQL("false") if self.together else SQL("is_of_somebody_else")

    def way(self, name: str, alias: str) -> dict[str, sql.Composable]:
        """Where the rows of a table lead within its circle: tables, and the columns with the legacy ids."""
        found = circle_columns(self.spec, self.spec.tables[name])
        many = many_columns(self.spec.tables[name])
        single = [(ref, parent) for ref, parent in found if ref not in many]
        ids = sql.SQL("ARRAY[{}]::text[]").format(joined([identifier(alias, ref) for ref, _ in single]))
        places = sql.SQL("{}::text[]").format(literal([parent for _, parent in single]))
        for ref, parent in (pair for pair in found if pair[0] in many):
            slots = {"ids": identifier(alias, ref), "parent": literal(parent)}
            ids += SQL("and_many_ids", ids=slots["ids"])
            places += SQL("and_many_places", **slots)
        return {"places": places, "ids": ids}

    def _refs(self, name: str, alias: str) -> sql.Composed:
        """The columns with the legacy ids, for whoever looks further."""
        found = circle_columns(self.spec, self.spec.tables[name])
        return sql.Composed([sql.SQL(", {}").format(identifier(alias, ref)) for ref, _ in found])

    def _judged(self, name: str, *, as_new: bool) -> Statement:
        """The rows with the reasons that they have of themselves and from rows of other circles."""
        return self._once("judged", name, as_new, lambda: self._judge(name, as_new=as_new))

    def _judge(self, name: str, *, as_new: bool) -> Statement:
        against = [condition for _, condition in conflicts(self, name)]
        if not against:
            return self._linked(name, as_new=as_new)
        refused = literals((*QUARANTINED, *EXCLUDED))
        reason = SQL("conflict_reason", conflicts=joined(list(against), by=" OR "), quarantined=refused)
        values = joined([identifier(column) for column in self.columns(name)])
        return SQL(
            "link_conflicts",
            rows=self.as_parts._linked(name, as_new=as_new),
            values=values,
            refs=self._refs(name, "x"),
            fence=SQL("fence", value=reason),
        )

    def _linked(self, name: str, *, as_new: bool) -> Statement:
        table = self.spec.tables[name]
        parts = [
            (ManyReference if table.references[part].path else Reference)(self, table, part, number)
            for part, number in reference_columns(table).items()
        ]
        files = self._files(table)
        reasons: list[sql.Composable] = [part.quarantined() for part in parts]
        excluded: list[sql.Composable] = [part.excluded() for part in parts]
        joins: list[sql.Composable] = [
            part.join_user() if part.is_user else part.join(self._parents(table, part)) for part in parts
        ]
        owner: sql.Composable = sql.SQL("NULL::text")
        account: sql.Composable = sql.SQL("NULL::uuid")
        wave: sql.Composable = sql.SQL("NULL::text")
        if not table.owner.is_none:
            owner = self._owner(table)
            account, wave = sql.SQL("u.supabase_user_id"), sql.SQL("u.wave")
            user = SQL("link_user", owner=owner, accounts=self.holders)
            joins.append(user if self.by_account else SQL("link_user_alone", owner=owner))
            whose: list[sql.Composable] = [SQL("link_owner_reasons", owner=owner)]
            # A row owned through another shares that row's fate first; only then is its owner looked at.
            reasons = [*reasons, *excluded, *whose] if table.owner.via else [*whose, *reasons, *excluded]
            reasons += [file.quarantined for file in files]
            joins += [file.join(account) for file in files]
            reasons += [SQL("link_account_reasons")] if self.by_account else []
        else:
            reasons += excluded
        reasons += [part.waiting() for part in parts]
        # For the books such a row is ready, as one is that waits for its account: a wave brings both.
        reasons += [file.waiting for file in files] if self.by_account else []
        new_id: sql.Composable = sql.SQL("s._new_id")
        if name in self.reissued:
            new_id = sql.SQL("coalesce(i.new_id, s._new_id)")
            joins.append(join_reissued(table=literal(name), ref=sql.SQL("s._legacy_id"), alias=identifier("i")))
        values = {table.id.to: new_id, **({table.owner.to: account} if table.owner.to else {})}
        values |= {file.column: file.value for file in files} | _values(parts)
        selected = self._selected(name, values)
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
            values=joined(selected),
            refs=self._refs(name, "s"),
            staging=staging_table(name),
            table=literal(name),
            joins=joined(joins, by="\n"),
        )

    def _files(self, table: Table) -> list[File]:
        follows = self.spec.policy.updates
        return [File(table.name, column, number, follows) for number, column in enumerate(table.file_columns)]

    def _selected(self, name: str, values: dict[str, sql.Composable]) -> list[sql.Composable]:
        return [
            sql.SQL("{} AS {}").format(values.get(column, identifier("s", column)), identifier(column))
            for column in self.columns(name)
        ]

    def _parents(self, table: Table, part: Reference) -> sql.Composed | None:
        """The judged rows of a parent's table; of one in the same circle only where it says whose the row is."""
        if not part.is_in_circle:
            return self.as_parts.rows(part.parent)
        if part.column != table.owner.via:
            return None
        return self._with_state(self.as_parts._judged(part.parent, as_new=False))

    def standing(self, user: sql.Composable) -> tuple[Statement, Statement]:
        """A join of this legacy user's account, and the reasons for which it may not hold rows now."""
        return SQL("link_user", owner=user, accounts=self.holders), SQL("link_account_reasons")

    def _of_another_row(self, table: Table, owner: sql.Composable, parts: list[Reference]) -> dict[str, sql.Composable]:
        """What tells a row from the one that was loaded under its legacy id: when it was made, or all that it says."""
        name = table.name
        as_loaded = _values([part for part in parts if part.is_user or part.is_by_columns])
        as_loaded |= {file.column: file.value for file in self._files(table)}
        as_loaded[table.id.to] = sql.SQL("l.new_id::{}").format(self.id_type(name))
        if table.owner.to:
            as_loaded[table.owner.to] = SQL("former_account")
        content = {column: as_loaded.get(column, identifier("s", column)) for column in self.columns(name)}
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
            "content": self.digest_of(name, content),
        }

    def _owner(self, table: Table) -> sql.Composable:
        if table.owner.via:
            return identifier(f"p{reference_columns(table)[table.owner.via]}", "_legacy_user_id")
        return sql.SQL("s._legacy_user_id")
