"""`python -m etl_assets_tests.campaigns.rules [--tree FOLDER] [--only N ...]`: rules are broken, and the suite must see it.

Each of twenty rules, spread over the rooms of `core`, is changed in a copy of the source: a condition is inverted, a
filter dropped, a number is off by one, a check says green. Then the tests that know the rule run, and where these stay
green, the whole suite does. Ends with 1 when a change survives.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

TREE = Path(__file__).parent.parent.parent
PATIENCE_S = 3600


@dataclass(frozen=True)
class Rule:
    """What is changed, in the one file that has it, and the tests to ask first."""

    room: str
    was: str
    becomes: str
    tests: str


RULES = (
    Rule("memory", "if known.get(fact, value) != value", "if known.get(fact, value) is None", "assets/test_migration.py"),
    Rule("memory", "BEFORE UPDATE OR DELETE OR TRUNCATE ON etl.audit_log", "BEFORE TRUNCATE ON etl.audit_log", "assets/test_migration.py rooms/test_postgres.py"),
    Rule("links", "WHEN u.legacy_user_id IS NULL THEN 'owner_unknown'", "WHEN false THEN 'owner_unknown'", "rooms/test_links.py assets/test_migration.py"),
    Rule("links", "WHEN u.hindrance IS NOT NULL THEN 'account_barred'", "WHEN false THEN 'account_barred'", "rooms/test_claim_standing.py"),
    Rule("users", "WHEN c.eligible > 1 THEN 'ambiguous: two accounts share the address'", "WHEN c.eligible > 2 THEN 'ambiguous: two accounts share the address'", "rooms/test_users.py"),
    Rule("users", "WHEN NOT m.verified THEN 'unconfirmed", "WHEN false THEN 'unconfirmed", "rooms/test_users.py assets/test_migration.py"),
    Rule("users", "WHEN a.banned_until > now()", "WHEN a.banned_until < now()", "rooms/test_users.py"),
    Rule("staging", "FROM {known} AS k\nWHERE NOT EXISTS (SELECT FROM {staging} AS s WHERE s._legacy_id = k.legacy_id)", "FROM {known} AS k\nWHERE EXISTS (SELECT FROM {staging} AS s WHERE s._legacy_id = k.legacy_id)", "assets/test_migration.py rooms/test_staging_update.py"),
    Rule("staging", "FROM etl.corrections AS c WHERE c.\"table\" = {table} AND NOT c.found", "FROM etl.corrections AS c WHERE c.\"table\" = {table} AND c.found", "assets/test_corrections.py"),
    Rule("gate", "JOIN {target} AS t ON t.{id} = k._new_id\nWHERE NOT EXISTS", "JOIN {target} AS t ON t.{id} = k._new_id\nWHERE EXISTS", "assets/test_gate.py"),
    Rule("gate", "AND (m.wave IS NULL OR m.claimed_at IS NULL OR NOT {trusting} AND m.confirmed_at IS NULL)", "AND false", "assets/test_gate.py"),
    Rule("load", "w._digest IS DISTINCT FROM b._digest AS _differs", "false AS _differs", "rooms/test_mutations.py assets/test_gate.py"),
    Rule("load", "FROM ({links}) AS k\nWHERE k._reason IS NULL\n  AND k._legacy_user_id IN (\n      SELECT", "FROM ({links}) AS k\nWHERE k._reason IS NOT NULL\n  AND k._legacy_user_id IN (\n      SELECT", "assets/test_migration.py"),
    Rule("balances", "      AND m.held IS NULL\n      AND NOT m.is_another),", "      AND NOT m.is_another),", "assets/test_balances.py assets/test_balances_undone.py assets/test_balances_later.py"),
    Rule("verify", "WHEN {misowned} THEN 'misowned'", "WHEN false THEN 'misowned'", "rooms/test_mutations.py"),
    Rule("verify", "AND NOT EXISTS (SELECT FROM etl.excluded AS e WHERE e.\"table\" = {table} AND e.legacy_id = l.legacy_id)\n      AND NOT EXISTS (SELECT FROM repeated", "AND NOT EXISTS (SELECT FROM repeated", "assets/test_corrections.py rooms/test_one_bucket.py assets/test_forget.py assets/test_migration.py"),
    Rule("undo", "AND ({found} <> l.digest OR t.xmin <> l.xid) AND (u.how", "AND {found} <> l.digest AND (u.how", "assets/test_undo.py assets/test_undo_in_dagster.py"),
    Rule("forget", "DELETE FROM {store} WHERE \"table\" = %(table)s AND legacy_id = ANY (%(ids)s::text[])", "DELETE FROM {store} WHERE \"table\" = %(table)s AND legacy_id = ANY (%(ids)s::text[]) AND false", "assets/test_forget.py assets/test_forget_around.py"),
    Rule("cutover", "if staged != {info.id}:", "if not staged:", "assets/test_freeze.py"),
    Rule("lists", "return FORMULA.sub(r\"\\1'\", cell)", "return cell", "assets/test_waiting_users.py assets/test_legacy_changes.py assets/test_corrections.py assets/test_report.py assets/test_changes.py"),
)  # fmt: skip


def broken(tree: Path, folder: Path, rule: Rule) -> None:
    """A copy of the tree in which one rule is another."""
    for name in ("etl_assets", "etl_assets_tests", "pyproject.toml", "README.md", "workspace.yaml", ".github"):
        path = tree / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.exists():
            shutil.copy(path, folder / name)
    sources = [path for kind in ("*.py", "*.sql") for path in (folder / "etl_assets").rglob(kind)]
    found = [path for path in sources if rule.was in path.read_text(encoding="utf-8")]
    if len(found) != 1:
        raise SystemExit(f"{rule.was!r} stands in {len(found)} files: {found}")
    text = found[0].read_text(encoding="utf-8")
    if text.count(rule.was) != 1:
        raise SystemExit(f"{rule.was!r} stands {text.count(rule.was)} times in {found[0]}")
    found[0].write_text(text.replace(rule.was, rule.becomes), encoding="utf-8")


def red(folder: Path, tests: list[str]) -> str:
    """The first test that fails, or nothing."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "2", "--dist", "worksteal", "-p", "no:cacheprovider"]
    names = [folder / "etl_assets_tests" / name for name in tests]
    ended = subprocess.run(
        [*command, *map(str, names)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    failed = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if ended.returncode and not failed:
        raise SystemExit(f"the tests did not run: {ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return failed[0].partition(" - ")[0].removeprefix("FAILED ") if failed else ""


def main() -> int:
    """Prints a line per rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, default=TREE)
    parser.add_argument("--only", type=int, nargs="*")
    options = parser.parse_args()
    survived = 0
    for number, rule in enumerate(RULES, 1):
        if options.only and number not in options.only:
            continue
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="etl-assets-rule-") as folder:
            broken(options.tree, Path(folder), rule)
            seen = red(Path(folder), rule.tests.split()) or red(Path(folder), ["."])
        survived += not seen
        print(f"{number:2} {rule.room:9} {seen or 'SURVIVED'} ({time.monotonic() - begun:.0f} s)", flush=True)  # noqa: T201
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
