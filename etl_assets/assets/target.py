"""The target as an asset: looked at before anything is written to it."""

from typing import Any

import dagster as dg

from etl_assets.access.postgres.connection import Connection, reading, server_facts
from etl_assets.assets.keys import OWNERS, TARGET, TARGET_GROUP
from etl_assets.assets.outcomes import check_result, check_spec, failures, result, without_finding
from etl_assets.assets.resources import Access, Stores
from etl_assets.core.gate.target_rules import Encryption, encryption, examine_target, target_validations
from etl_assets.core.links.links import Links
from etl_assets.core.memory.schema import contradictions, declared_facts, exists
from etl_assets.spec.model import Spec

MEANT, ENCRYPTED = "the_target_is_the_one_meant", "the_connection_is_encrypted"
MEANT_TITLE = "The target remembers this migration, or none yet: marker, namespace, keys and columns agree."
MEANT_REMEDY = "Look at TARGET_DATABASE_URL and ETL_SPEC: this is another environment, or another spec was loaded with."
ENCRYPTED_TITLE = "The connection is encrypted, and the server's certificate is checked; or it stays on this machine."

FITS = "every_table_takes_its_rows"
FITS_TITLE = "Every target table still holds what the spec sends."
FITS_REMEDY = "Say in the spec what the target has now, or give the target back what it had; then run `migrate`."
NOT_LOOKED_AT = "Not looked at: settle the checks that failed before it first."


def build_target_asset(spec: Spec) -> dg.AssetsDefinition:
    """The asset `target`, with its checks in the same step: nothing is written where a blocking one fails."""
    specs = [check_spec(validation, TARGET) for validation in target_validations(spec)]
    specs.append(dg.AssetCheckSpec(MEANT, asset=TARGET, description=f"{MEANT_TITLE} {MEANT_REMEDY}", blocking=True))
    specs.append(dg.AssetCheckSpec(FITS, asset=TARGET, description=f"{FITS_TITLE} {FITS_REMEDY}"))
    specs.append(dg.AssetCheckSpec(ENCRYPTED, asset=TARGET, description=ENCRYPTED_TITLE))

    @dg.asset(key=TARGET, group_name=TARGET_GROUP, kinds={"supabase"}, owners=OWNERS, check_specs=specs)
    def target(stores: Stores) -> dg.MaterializeResult:
        """The Supabase Postgres that takes the history, looked at before anything is written to it.

        Its checks say whether it is fit: the right database, privileges, row level security, privacy of schema etl,
        and whether confirmed addresses prove anything. Safe to re-run: it only reads.
        """
        with failures():
            return look(stores, spec)

    return target


def look(stores: Access, spec: Spec) -> dg.MaterializeResult:
    """Looks at the target as it is, with every check about it."""
    with stores.target_as_it_is() as connection, reading(connection):
        links = stores.links(connection, spec, anew=True)
        facts, protection = server_facts(connection), encryption(connection)
        found = examine_target(connection, links)
        wrong = contradictions(connection, declared_facts(spec), links.fillable) if exists(connection) else []
    results = [
        check_result(validation, TARGET, finding)
        if finding
        else without_finding(validation, TARGET, passed=False, why=NOT_LOOKED_AT)
        for validation, finding in found
    ]
    return dg.MaterializeResult(
        metadata={**facts, "tls": protection.version, "tables": len(links.tables)},
        check_results=[*results, _meant(wrong), _fits(links), _encrypted(protection)],
    )


def target_lines(connection: Connection, links: Links) -> list[tuple[str, bool, str, bool]]:
    """Lines for `check`: subject, whether it holds, words, whether it warns; what is well is one line."""
    lines = []
    for validation, finding in examine_target(connection, links):
        if finding is None or finding.count <= validation.allowed:
            continue
        what = f": {', '.join(finding.sample)}" if finding.sample else ""
        words = f"{finding.count:,} found{what}. {validation.remedy}"
        lines.append((validation.name, not validation.blocking, words, True))
    advice = encryption(connection).advice
    lines += [(ENCRYPTED, True, advice, True)] if advice else []
    return lines or [("target checks", True, "privileges, privacy and accounts are as they should be", False)]


def _meant(wrong: list[str]) -> dg.AssetCheckResult:
    return _told(MEANT, MEANT_TITLE, "; ".join(wrong), MEANT_REMEDY, blocking=True)


def _fits(links: Links) -> dg.AssetCheckResult:
    told = " ".join(problem.stop for problem in links.stopped.values())
    return _told(FITS, FITS_TITLE, told, FITS_REMEDY, blocking=False)


def _encrypted(protection: Encryption) -> dg.AssetCheckResult:
    return _told(ENCRYPTED, ENCRYPTED_TITLE, protection.advice, protection.advice, blocking=False)


def _told(name: str, title: str, problem: str, remedy: str, *, blocking: bool) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"count": int(bool(problem)), "remedy": remedy or "Nothing to do."}
    return result(name, TARGET, passed=not problem, blocking=blocking, description=problem or title, metadata=metadata)
