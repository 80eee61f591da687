"""Spec against source against target, before anything is written."""

from dataclasses import dataclass, replace

from etl_assets.access.legacy.database import count_rows, describe, hands_ids_out_again, open_read_only
from etl_assets.access.legacy.export import open_export
from etl_assets.access.legacy.source import brought
from etl_assets.access.postgres.catalog import read_target, read_targets, require_fit
from etl_assets.access.postgres.connection import Connection, connect, reading, server_facts
from etl_assets.access.postgres.servers import target_url
from etl_assets.assets.target import target_lines
from etl_assets.commands.disk import disks
from etl_assets.commands.left_out import LEFT_BEHIND, left_out
from etl_assets.commands.rehearsing import rehearsal_lines, rehearse
from etl_assets.core.gate.grants import grants
from etl_assets.core.links.links import Links
from etl_assets.core.lists.app_status import app_status
from etl_assets.core.memory.schema import contradictions, declared_facts, exists
from etl_assets.core.users.users import accounts, read_links
from etl_assets.model.errors import EtlError, LegacyMismatch, LegacyReplaced, TargetMismatch
from etl_assets.model.spec_keys import pointed
from etl_assets.model.words import said
from etl_assets.settings import Settings
from etl_assets.spec.exports import exports_of
from etl_assets.spec.model import Spec


@dataclass(frozen=True)
class Line:
    """One thing that was looked at; `warns` for what fails nothing and still wants to be known."""

    subject: str
    holds: bool
    words: str
    warns: bool = False

    def __post_init__(self) -> None:
        """Words that name a key of the spec say where that is explained."""
        object.__setattr__(self, "words", pointed(self.words))


def examine(settings: Settings, spec: Spec) -> list[Line]:
    """What would fail, and what would not; nothing is written.

    Where spec, source and target agree, staging is rehearsed in a transaction that is rolled back.

    Raises:
        LegacyFileError, SettingsError, CorrectionsError, Unavailable: the source or the target cannot be looked at.
    """
    with brought(settings) as legacy:
        return _examine(replace(settings, legacy_path=legacy, legacy_url=None), spec)


def _examine(settings: Settings, spec: Spec) -> list[Line]:
    lines = [*_source_lines(settings, spec), *_people_lines(settings, spec), *_left_out_lines(settings, spec)]
    lines += _target_lines(settings, spec)
    if not all(line.holds for line in lines):
        return lines
    with connect(target_url(settings)) as connection:
        with reading(connection):
            links = read_links(connection, spec)
            lines += [Line(disk.subject, disk.is_enough, str(disk)) for disk in disks(settings, connection)]
            lines += [Line(*line) for line in target_lines(connection, links)]
        if not all(line.holds for line in lines):
            return lines
        try:
            found = rehearse(connection, settings, spec, links)
        except LegacyReplaced as problem:
            return [*lines, Line("source", holds=False, words=str(problem))]
        return [*lines, *(Line(*line) for line in rehearsal_lines(found))]


def _source_lines(settings: Settings, spec: Spec) -> list[Line]:
    lines = []
    with open_read_only(settings.legacy_file()) as connection:
        for name, export in exports_of(spec).items():
            subject = f"source {export.source}"
            try:
                reader = open_export(connection, export)
            except LegacyMismatch as problem:
                lines.append(Line(subject, holds=False, words=str(problem)))
                continue
            if reader is None:
                lines.append(Line(subject, holds=True, words=f"absent, and {name} is optional: nothing to migrate"))
            else:
                columns = 1 + len(reader.columns)
                words = f"{count_rows(connection, reader.table):,} rows, {said(columns, 'column', 'leave')}"
                lines.append(Line(subject, holds=True, words=words))
    return lines


def _people_lines(settings: Settings, spec: Spec) -> list[Line]:
    """Says when nothing but the address can tell two users apart who had one id after the other."""
    if spec.users is None:
        return []
    with open_read_only(settings.legacy_file()) as connection:
        table = describe(connection, spec.users.table)
        if table is None or spec.users.created_column.lower() in {column.lower() for column in table.columns}:
            return []
        if not hands_ids_out_again(connection, table):
            return []
    words = (
        "no column says when a user signed up, and SQLite hands the id of a deleted user out again: where the address "
        "of a user who has moved changes, what is new waits for an operator's word. Name the column, "
        "`users: {created: COLUMN}`, if there is one"
    )
    return [Line(f"users {table.name}", holds=True, words=words, warns=True)]


def _left_out_lines(settings: Settings, spec: Spec) -> list[Line]:
    with open_read_only(settings.legacy_file()) as connection:
        found = list(left_out(connection, spec))
    return [
        Line(subject, holds=True, words=words, warns=not subject.startswith(LEFT_BEHIND)) for subject, words in found
    ]


def _absent_sources(settings: Settings, spec: Spec) -> set[str]:
    with open_read_only(settings.legacy_file()) as connection:
        return {name for name, table in spec.tables.items() if describe(connection, table.source) is None}


def _target_lines(settings: Settings, spec: Spec) -> list[Line]:
    absent = _absent_sources(settings, spec)
    with connect(target_url(settings)) as connection, reading(connection):
        facts = server_facts(connection)
        place = "embedded PostgreSQL" if settings.is_embedded else "PostgreSQL"
        lines = [Line("target", holds=True, words=f"{place} {facts['version']}, database {facts['database']}")]
        fillable = {}
        for name in spec.load_order:
            table = spec.tables[name]
            try:
                target = read_target(connection, table)
                require_fit(table, target)
                fillable[name] = target.fillable
            except TargetMismatch as problem:
                is_absent = problem.problems == (f"{table.target} does not exist",)
                is_needless = is_absent and table.optional and name in absent
                lines.append(Line(f"target {table.target}", holds=is_needless, words="; ".join(problem.problems)))
                continue
            triggers = target.fired(updates=spec.policy.updates)
            fired = bool(triggers) and not spec.policy.fires(name)
            words = f"triggers would see history: {', '.join(triggers)}" if fired else "every column holds its values"
            lines.append(Line(f"target {table.target}", holds=not fired, words=words))
        if spec.owned:
            lines += [_accounts_line(connection, spec), *_app_status_lines(connection, spec)]
        if exists(connection):
            wrong = contradictions(connection, declared_facts(spec), fillable)
            words = "; ".join(wrong) or "the spec agrees with what was loaded before"
            lines.append(Line("memory", holds=not wrong, words=words))
    return lines


def _accounts_line(connection: Connection, spec: Spec) -> Line:
    try:
        accounts(connection, spec)
    except EtlError as problem:
        return Line("accounts", holds=False, words=str(problem))
    source = (
        "auth.users, confirmed addresses only" if spec.accounts.from_ == "auth" else "profiles, unconfirmed accepted"
    )
    return Line("accounts", holds=True, words=source)


def _app_status_lines(connection: Connection, spec: Spec) -> list[Line]:
    try:
        found = app_status(connection, spec)
    except TargetMismatch:  # said of the accounts
        return []
    return [Line("app status", holds=True, words=str(found), warns=not found.is_right)] if str(found) else []


def grants_of(settings: Settings, spec: Spec, *, role: str) -> str:
    """The script for a login role of its own on this target."""
    with connect(target_url(settings)) as connection, reading(connection):
        return grants(connection, Links(spec, read_targets(connection, spec)), role=role)
