"""What constraints of the target could hold against a row before it is written."""

import re

from psycopg import sql

from etl_assets.access.postgres.statements import (
    Statement,
    Statements,
    catalog_text,
    identifier,
    joined,
    literal,
    qualified,
    staging_table,
)
from etl_assets.core.links.binding import Binding
from etl_assets.model.target import ForeignRule, UniqueRule

SQL = Statements(__file__)


def conflicts(binding: Binding, name: str) -> list[tuple[str, sql.Composed]]:
    """What constraints of the target could hold against a row, by their names; nothing costs a scan without one."""
    target = binding.targets[name]
    checks = [rule for rule in target.checks if set(rule.columns) <= set(binding.columns(name))]
    found = [(rule.name, sql.SQL("({}) IS FALSE").format(catalog_text(rule.expression))) for rule in checks]
    found += [(rule.name, _twin(binding, name, rule)) for rule in _unique_rules(binding, name)]
    missable = [rule for rule in target.foreign if can_miss(binding, name, rule)]
    found += [(rule.name, _no_parent(binding, name, rule)) for rule in missable]
    return found + [(rule.name, _no_parent(binding, name, rule)) for rule in _carried(binding, name)]


def _unique_rules(binding: Binding, name: str) -> list[UniqueRule]:
    table, filled = binding.spec.tables[name], set(binding.columns(name))
    return [
        rule
        for rule in binding.targets[name].unique
        if set(rule.columns) <= filled and set(rule.reads) <= filled and rule.columns != (table.id.to,)
    ]


def _carried(binding: Binding, name: str) -> list[ForeignRule]:
    """References by columns that no foreign key holds, as if one did: what is loaded may be other than it is in legacy.

    Within a circle the row itself comes along.
    """
    table, round_ = binding.spec.tables[name], binding.spec.in_circle(name)
    held = [set(rule.columns) for rule in binding.targets[name].foreign]
    found = []
    for part, reference in table.references.items():
        parent = binding.targets.get(reference.table)
        if reference.key and parent and part not in round_ and set(reference.columns) not in held:
            rule = f"{reference.table} ({', '.join(reference.key)})"
            found.append(ForeignRule(rule, reference.columns, parent.schema, parent.name, reference.key))
    return found


def can_miss(binding: Binding, name: str, rule: ForeignRule) -> bool:
    """False for the owner's reference to the profiles, at which every row's account is looked up anyway.

    And for one within a circle: what it refers to arrives with the row.
    """
    table = binding.spec.tables[name]
    to_profiles = (rule.schema, rule.table) == binding.spec.accounts.profiles_table
    if rule in binding.keys_in_circle(name) or (rule.columns == (table.owner.to,) and to_profiles):
        return False
    return set(rule.columns) <= set(binding.columns(name))


def _no_parent(binding: Binding, name: str, rule: ForeignRule) -> Statement:
    """A row of the target that went away: its children cannot load, and must not keep others from loading."""
    table = binding.spec.tables[name]
    filled: list[sql.Composable] = [sql.SQL("x.{} IS NOT NULL").format(identifier(c)) for c in rule.columns]
    referring = {column for part in table.references for column in table.columns_of(part)}
    if not referring.isdisjoint(rule.columns) or table.owner.to in rule.columns:
        # Rows of ours arrive as parents first: before a row is ready, its parent may well be missing.
        filled.insert(0, sql.SQL("x._reason IS NULL"))
    same: list[sql.Composable] = [
        sql.SQL("t.{} = x.{}").format(identifier(there), identifier(here))
        for there, here in zip(rule.refers_to, rule.columns, strict=True)
    ]
    slots = {"filled": joined(filled, by=" AND "), "same": joined(same, by=" AND ")}
    return SQL("has_no_parent", **slots, parent=qualified(rule.schema, rule.table))


def _twin(binding: Binding, name: str, rule: UniqueRule) -> sql.Composed:
    table = binding.spec.tables[name]
    here: list[sql.Composable] = [sql.SQL("t.{0} = x.{0}").format(identifier(c)) for c in rule.columns]
    # Postgres renders a predicate with bare names, which each level reads as its own row's columns.
    predicate = sql.SQL("({})").format(catalog_text(rule.predicate or "true"))
    in_target = SQL(
        "has_twin_in_target",
        **binding.slots(name),
        same=joined([*here, predicate], by=" AND "),
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
