"""Every validation of a spec, and the gate: those among them that block a load."""

import functools
import re
from collections.abc import Callable

from psycopg import sql

from etl_assets.access.postgres.catalog import regclass, shape_digest
from etl_assets.access.postgres.statements import (
    Statement,
    Statements,
    identifier,
    joined,
    literal,
    literals,
    staging_table,
)
from etl_assets.core.gate.validation import ANYTHING, STAGING, TARGET_ROWS, Validation
from etl_assets.core.links.circle import written_later
from etl_assets.core.links.links import GIVEN_AGAIN, OWNER_REASONS, REFERENCE_REASONS, REFUSED, Links
from etl_assets.spec.model import Spec, Table

SQL = Statements(__file__)

Rule = Callable[..., Validation]


def staging_validations(spec: Spec, name: str) -> list[Validation]:
    """Shown on `staging/<table>`: is what was staged whole, and may it go into this target?"""
    rule = functools.partial(Validation, asset=f"staging/{name}", table=name)
    return [*_fitness(rule, spec, name), *_contents(rule, spec, name), *_relations(rule, spec.tables[name])]


def _fitness(rule: Rule, spec: Spec, name: str) -> list[Validation]:
    again, key = f"Materialize `exports/{name}` and `staging/{name}` again.", literal(name)
    unchanged = rule(
        "a_table_without_a_key_is_unchanged",
        title="A table without a key is as it was when its rows were first loaded.",
        remedy="Its rows are known by their place alone, and places change, so it can be loaded once. Give it a key in "
        "the spec before the first load; now, leave it out of the spec.",
        compose=lambda _: SQL("count_changed_keyless", table=key),
        blocking=True,
        asks=ANYTHING,
    )
    return [
        *([unchanged] if spec.tables[name].is_keyless else []),
        rule(
            "rows_match_the_export",
            title="Every exported row is staged, quarantined or excluded, once.",
            remedy=again,
            compose=lambda _: SQL("count_unaccounted_rows", staging=staging_table(name), table=key),
            blocking=True,
            asks=STAGING,
        ),
        rule(
            "staging_is_current",
            title="The staging table was made with this spec for this target.",
            remedy=again,
            compose=lambda _: SQL("count_outdated_staging", table=key),
            blocking=True,
            asks=ANYTHING,
            values=lambda links: {"spec_digest": spec.digest, "target_digest": shape_digest(links.targets[name])},
        ),
        rule(
            "new_ids_are_free",
            title="No native row of the target has an id that a legacy row will take.",
            remedy="Rows with these ids were not loaded by us. Move the native rows to other ids, or use `id: uuid5`.",
            compose=lambda links: _taken_ids(links, spec.tables[name]),
            blocking=True,
            asks=TARGET_ROWS,
            of_users=lambda links: _taken_ids(links, spec.tables[name], some=True),
            is_held=lambda links: links.has_unique_id(name),
        ),
        rule(
            "triggers_are_agreed",
            title="No trigger of the app sees history arrive unless the spec says so.",
            remedy=f"Disable the triggers for the load, or say `policy: {{triggers: {{{name}: fire}}}}` in the spec.",
            compose=lambda _: SQL("count_triggers", allowed=literal(spec.policy.fires(name))),
            blocking=True,
            asks=ANYTHING,
            values=lambda links: {"triggers": list(links.targets[name].fired(updates=spec.policy.updates))},
        ),
        *([_provable_keys(rule, name)] if spec.policy.joins else []),
        *([_written_circle(rule, spec, name)] if len(spec.circle_of(name)) > 1 else []),
    ]


def _provable_keys(rule: Rule, name: str) -> Validation:
    return rule(
        "foreign_keys_can_be_joined",
        title="A join can prove every foreign key of the target, and nothing else needs a trigger.",
        remedy="Leave `policy: {foreign_keys: join}` out of the spec: these constraints and triggers have to fire.",
        compose=lambda _: SQL("count_unprovable"),
        blocking=True,
        asks=ANYTHING,
        values=lambda links: {
            "table": regclass(links.targets[name].schema, links.targets[name].name),
            "filled": list(links.columns(name)),
            "known": [rule.name for rule in links.targets[name].foreign],
        },
    )


def _written_circle(rule: Rule, spec: Spec, name: str) -> Validation:
    circle = spec.circle_of(name)

    def too_strict(links: Links) -> list[str]:
        columns = links.targets[name].columns
        unit = tuple(other for other in circle if other in links.targets)
        return [column for column in written_later(links, name, unit) if columns[column].not_null]

    return rule(
        "a_circle_can_be_written",
        title="Tables that refer round in a circle can be written one after the other.",
        remedy="The foreign keys of these columns are checked at once, and NULL is not allowed meanwhile. Make the "
        "keys DEFERRABLE, or let the columns be NULL.",
        compose=lambda _: SQL("count_names"),
        blocking=True,
        asks=ANYTHING,
        values=lambda links: {"names": too_strict(links)},
    )


def _contents(rule: Rule, spec: Spec, name: str) -> list[Validation]:
    table, limit = spec.tables[name], spec.policy.max_quarantined
    found = [
        rule(
            "quarantine_is_empty",
            title="No value was refused by its type's rule.",
            remedy=f"Look for {name} in etl.quarantine: each value with its rule. Correct the rows or the spec.",
            compose=lambda _: SQL("count_quarantined_rows", table=literal(name)),
            blocking=limit is not None,
            asks=ANYTHING,
            allowed=limit or 0,
        ),
        rule(
            "corrections_found_their_rows",
            title="Every line of the corrections file is about a row that is there.",
            remedy="Look at the legacy ids in the corrections file: nothing was corrected by these lines.",
            compose=lambda _: SQL("count_lost_corrections", table=literal(name)),
        ),
        rule(
            "timestamps_are_not_in_the_future",
            title="No timestamp lies after now.",
            remedy="These rows load as they are. If the legacy clock or its zone was wrong, correct `source.timezone`.",
            compose=lambda _: _future_rows(table),
        ),
    ]
    for unique in table.checks.unique:
        found.append(
            rule(
                re.sub(r"[^A-Za-z0-9_]", "_", f"{'_'.join(unique.columns)}_is_unique"),
                title=f"No two rows share {', '.join(unique.columns)}.",
                remedy="Look at the rows in the legacy database: a payment that was booked twice shows here.",
                compose=functools.partial(_repeated, table, unique.columns),
                blocking=unique.severity == "error",
                asks=STAGING,
            )
        )
    return found


def _relations(rule: Rule, table: Table) -> list[Validation]:
    quarantined = "These rows are counted as quarantined. "
    found = [
        rule(
            "the_target_takes_every_row",
            title="No row breaks a constraint of the target, or was refused when it was to be written.",
            remedy=f"{quarantined}Correct them in the legacy database, or relax the constraint.",
            compose=functools.partial(_reasons, table.name, ("target_conflict", REFUSED)),
            reasons=("target_conflict", REFUSED),
        )
    ]
    if not table.owner.is_none:
        found.append(
            rule(
                "owners_are_known",
                title="Every row names an owner among the legacy users.",
                remedy=f"{quarantined}Nobody can claim them: correct the owner in the legacy database.",
                compose=functools.partial(_reasons, table.name, OWNER_REASONS),
                reasons=OWNER_REASONS,
            )
        )
        found.append(
            rule(
                "owners_are_unchanged",
                title="No loaded row names another owner in the legacy database now.",
                remedy="These rows stay with the account that they were loaded for; rows that refer to them are "
                "quarantined. The legacy app moved them: settle them by hand.",
                compose=functools.partial(_reasons, table.name, ("owner_changed",)),
                reasons=("owner_changed",),
            )
        )
    found.append(
        rule(
            "ids_are_not_handed_out_again",
            title="No row has the legacy id of another row that was loaded before.",
            remedy=f"{quarantined}The legacy app deleted a row and gave its id to a new one (SQLite does, without "
            "AUTOINCREMENT). Give the new row a key of its own in the corrections file: the column `_key`, and as "
            "value a key that no row has.",
            compose=functools.partial(_reasons, table.name, (GIVEN_AGAIN,)),
            reasons=(GIVEN_AGAIN,),
        )
    )
    if table.references:
        found.append(
            rule(
                "references_are_known",
                title="Every reference names a row that can arrive.",
                remedy=f'{quarantined}Correct the reference, or say `otherwise: "null"` in the spec.',
                compose=functools.partial(_reasons, table.name, REFERENCE_REASONS),
                reasons=REFERENCE_REASONS,
            )
        )
    return found


def _reasons(name: str, reasons: tuple[str, ...], links: Links) -> Statement:
    return SQL("count_reasons", links=links.as_whole.rows(name), reasons=literals(reasons))


def _taken_ids(links: Links, table: Table, *, some: bool = False) -> Statement:
    equal = sql.SQL("{} = {}").format(links.digest(table.name, "t"), links.digest(table.name, "k"))
    adopts = table.owner.is_none and table.id.rule == "keep"
    judged = sql.SQL("({})").format((links if some else links.as_whole).rows(table.name))
    return SQL(
        "count_taken_ids",
        rows=judged if some or adopts or table.name in links.reissued else staging_table(table.name),
        **links.slots(table.name),
        adopted=equal if adopts else sql.SQL("false"),
        of_users=sql.SQL("AND k._legacy_user_id = ANY (%(users)s)") if some else sql.SQL(""),
    )


def _future_rows(table: Table) -> Statement:
    late: list[sql.Composable] = [
        sql.SQL("s.{} > now()").format(identifier(column))
        for column, spec in table.columns.items()
        if spec.type == "timestamptz"
    ]
    condition = joined([sql.SQL("false"), *late], by=" OR ")
    return SQL("count_future_rows", staging=staging_table(table.name), future=condition)


def _repeated(table: Table, columns: tuple[str, ...], _: Links) -> Statement:
    names: list[sql.Composable] = [identifier("s", column) for column in columns]
    filled = joined([sql.SQL("{} IS NOT NULL").format(name) for name in names], by=" AND ")
    return SQL("count_repeated", staging=staging_table(table.name), columns=joined(names), filled=filled)
