"""An operator's corrections of legacy values: a CSV beside the artifacts, read anew at each staging."""

from pathlib import Path

from etl_assets.access.files.operator_csv import read_lines
from etl_assets.model.corrections import KEY_LABEL, Correction, Corrections, CorrectionsFile
from etl_assets.model.errors import CorrectionsError
from etl_assets.model.ids import ROWID_PREFIX
from etl_assets.spec.exports import beside_evidence, evidence, table_export
from etl_assets.spec.model import USERS, Spec, Users

HEADER = ("table", "legacy_id", "column", "value", "reason")
DROP = "drop"


def read_corrections(path: Path, spec: Spec) -> CorrectionsFile:
    """The corrections in a file; none when there is no file.

    The header is `table,legacy_id,column,value,reason`. `column` is the legacy column as the quarantine names it; an
    empty `value` is NULL. The column `_key` gives the row another legacy key. With an empty `column` and the value
    `drop` the whole row stays behind. Of the table `users`, columns behind a balance or an attribute of the profile
    can be corrected; what is evidence for a claim cannot.

    Raises:
        CorrectionsError: the file or a line of it is invalid.
    """
    if not path.exists():
        return CorrectionsFile()
    sha256, lines = read_lines(path, HEADER)
    labels = {
        name: {KEY_LABEL, *(column.label for column in table_export(table).columns)}
        for name, table in spec.tables.items()
    }
    if spec.users:
        labels[USERS] = set(beside_evidence(spec))
    found: dict[str, dict[tuple[str, str | None], Correction]] = {}
    for number, line in lines:
        if line[0] == USERS and spec.users:
            _require_no_evidence(path.name, number, line[2], spec.users)
        table, correction = _correction(path.name, number, line, labels)
        place = (correction.legacy_id, correction.column)
        if place in found.setdefault(table, {}):
            raise CorrectionsError(path.name, number, f"corrects {table} {correction.legacy_id} twice in one place")
        found[table][place] = correction
    tables = {name: Corrections(tuple(places.values())) for name, places in found.items()}
    return CorrectionsFile(tables, sha256)


def _require_no_evidence(file: str, number: int, column: str, users: Users) -> None:
    if not column:
        raise CorrectionsError(file, number, "would leave a user behind; the claims file holds one")
    if column in (KEY_LABEL, *evidence(users)):
        what = (
            f"corrects {column!r} of a user; id, address, verification and sign-up are evidence for the claim and stay"
        )
        raise CorrectionsError(file, number, f"{what} as the legacy app has them. The claims file names an account")


def _correction(file: str, number: int, line: list[str], labels: dict[str, set[str]]) -> tuple[str, Correction]:
    table, legacy_id, column, value, reason = line
    if table not in labels:
        raise CorrectionsError(file, number, f"{table!r} is not a table of the spec; it has {', '.join(labels)}")
    if not legacy_id:
        raise CorrectionsError(file, number, "names no legacy id")
    if not reason.strip():
        raise CorrectionsError(file, number, "gives no reason; somebody will ask for it")
    if not column:
        if value != DROP:
            raise CorrectionsError(file, number, "names no column; to leave the whole row behind, its value is `drop`")
        return table, Correction(legacy_id, None, None, reason.strip())
    if column not in labels[table]:
        known = ", ".join(sorted(labels[table]))
        raise CorrectionsError(file, number, f"{column!r} is no exported column of {table}; it has {known}")
    if column == KEY_LABEL and (not value or value.startswith(ROWID_PREFIX)):
        raise CorrectionsError(file, number, "gives the row no key; choose one that no row has")
    return table, Correction(legacy_id, column, value or None, reason.strip())
