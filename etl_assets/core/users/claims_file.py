"""The operator's word about who may claim whom: a CSV beside the corrections, kept whole in `etl.claims`."""

import re
from pathlib import Path
from uuid import UUID

from etl_assets.access.files.operator_csv import read_lines
from etl_assets.access.postgres.connection import Connection, analyze
from etl_assets.access.postgres.statements import Statement, Statements, identifier
from etl_assets.core.links.repeated import repeated_users
from etl_assets.core.memory.audit import audit
from etl_assets.model.claims import Claim, Claims
from etl_assets.model.errors import CorrectionsError

SQL = Statements(__file__)

HEADER = ("legacy_user_id", "supabase_user_id", "reason")
# Not whatever `UUID` reads: it lets blanks, braces and underscores through.
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}", re.IGNORECASE)


def read_claims(path: Path) -> Claims:
    """The lines of a file; none when there is no file.

    The header is `legacy_user_id,supabase_user_id,reason`. An empty `supabase_user_id` puts the user on hold. Cells are
    never repeated in an error: somebody will type an address into the wrong column.

    Raises:
        CorrectionsError: the file or a line of it is invalid.
    """
    if not path.exists():
        return Claims()
    sha256, lines = read_lines(path, HEADER)
    found: dict[str, Claim] = {}
    for number, line in lines:
        claim = _claim(path.name, number, line)
        if claim.legacy_user_id in found:
            raise CorrectionsError(path.name, number, "is the second line about its legacy user; there can be one")
        found[claim.legacy_user_id] = claim
    return Claims(tuple(found.values()), sha256)


def _claim(file: str, number: int, line: list[str]) -> Claim:
    user, account, reason = line[0], line[1].strip(), line[2].strip()
    if not user.strip():
        raise CorrectionsError(file, number, "names no legacy user")
    if account and not UUID_TEXT.fullmatch(account):
        raise CorrectionsError(file, number, "the supabase_user_id is not a uuid; empty puts the user on hold")
    if not reason:
        raise CorrectionsError(file, number, "gives no reason; somebody will ask for it")
    return Claim(user, UUID(account) if account else None, reason)


def replace_claims(connection: Connection, claims: Claims, *, run: str) -> None:
    """Puts the file in the place of the former one; claims that were made stay. Runs inside `writing`.

    Then says of each claimed user whether the legacy id is another person's by now: a line may speak for her.
    """
    values = {
        "users": [claim.legacy_user_id for claim in claims.all],
        "accounts": [claim.account for claim in claims.all],
        "reasons": [claim.reason for claim in claims.all],
    }
    gone = SQL("clear_claims").exec(connection, **values)
    new = SQL("write_claims").exec(connection, **values)
    if gone or new:
        analyze(connection, identifier("etl", "claims"))
        counts = {"lines": len(claims.all), "holds": claims.holds, "new": new, "former": gone}
        audit(connection, run=run, action="claims_file", **counts, claims=claims.sha256)
    SQL("release_spoken_for").exec(connection)
    SQL("mark_other_people", people=_other_people()).exec(connection)


def are_marked(connection: Connection) -> bool:
    """True when it is said of every user whether somebody else has the legacy id by now."""
    return SQL("find_other_people", people=_other_people()).first(connection) is None


def _other_people() -> Statement:
    return SQL("other_people", repeated=repeated_users())
