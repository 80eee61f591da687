"""What a login role of its own needs on this target, as SQL for an administrator to read and run."""

from collections import defaultdict

from psycopg import sql

from etl_assets.access.postgres.catalog import find_sequence, regclass
from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.dialect import ROLE
from etl_assets.access.postgres.statements import Statement, Statements, qualified
from etl_assets.core.gate.target_rules import Privilege, needed_privileges
from etl_assets.core.links.links import Links
from etl_assets.spec.model import Spec

SQL = Statements(__file__)

HEADER = """\
-- A role for etl-assets alone: no superuser, and nothing but what the migration does on this target.
-- Run it as the role `postgres` (or another that may grant on these tables), after reading it; a line that this role
-- cannot run says which can. It is safe to run again.
-- Then give the role a password, and put both into TARGET_DATABASE_URL:  \\password {role}
"""
DESK_HEADER = """\
-- A role for the support desk alone: it reads, and appends to the audit trail.
-- Run it as the role that migrates, after reading it, and after a first `migrate`. It is safe to run again.
-- Then give the role a password, and put both into ETL_DESK_DATABASE_URL:  \\password {role}
"""
BYPASS_READING = "row level security would hide from it what it is asked about"
BYPASS = "row level security would hide rows from it, which would then be loaded twice or counted as lost"
EYES = "it takes the role on for that, and has none of its privileges otherwise"
JOINS = "proves foreign keys by a join: only a superuser can grant it (on Supabase let `postgres` migrate instead)"
MAKES = "makes the function that the app asks; may be taken back once `etl-assets app-status --create` has run"
ASKS = "that function asks who asks"
OWNS = "schema etl is the role's own, so that it need not be allowed to make others"


def grants(connection: Connection, links: Links, *, role: str) -> str:
    """A script for `psql`; runs inside `reading`.

    Args:
        connection: as a role that may look at the catalog.
        links: of the tables that the target has.
        role: the login role's name.
    """
    name = sql.Identifier(role)
    parts: list[tuple[str, sql.Composed]] = [
        (
            f"it bypasses row level security: {BYPASS}",
            SQL("create_role", role=name, word=sql.Literal(role)),
        ),
        (OWNS, SQL("lend_role", role=name)),
        ("", SQL("create_schema", role=name)),
        ("", SQL("return_role", role=name)),
        *_privileges(connection, links, name, _with_deletes(links, needed_privileges(links))),
    ]
    parts += [
        ("raises the sequence of the ids that are kept", SQL("sequence", sequence=sequence, role=name))
        for sequence in _sequences(connection, links.spec, links)
    ]
    parts += _for_the_app(connection, links.spec, name)
    if links.spec.policy.joins:
        parts.append((JOINS, SQL("replication_role", role=name)))
    if SQL("find_role").first(connection, role=ROLE):
        whose = "" if SQL("may_lend").one(connection, role=ROLE)[0] else f"; as whoever may grant {ROLE}"
        parts.append((f"looks at rows as a user does: {EYES}{whose}", SQL("become_user", role=name)))
    return _script(connection, HEADER.format(role=role), parts)


def read_grants(connection: Connection, links: Links, *, role: str) -> str:
    """A script for `psql`, for a role that reads what the support desk shows; runs inside `reading`.

    Args:
        connection: as the role that migrates: the tables of `etl` are its own.
        links: of the tables that the target has.
        role: the login role's name.
    """
    name = sql.Identifier(role)
    needs = [need for need in needed_privileges(links) if need.privilege == "SELECT" and need.schema != "etl"]
    parts: list[tuple[str, sql.Composed]] = [
        (f"it bypasses row level security: {BYPASS_READING}", SQL("create_role", role=name, word=sql.Literal(role))),
        ("reads what we keep; as the role that migrates", SQL("use_schema", schema=sql.Identifier("etl"), role=name)),
        ("", SQL("read_our_tables", role=name)),
        ("", SQL("read_our_later_tables", role=name)),
        ("that somebody looked at a person is written down", SQL("append_to_audit", role=name)),
        *_privileges(connection, links, name, needs),
    ]
    return _script(connection, DESK_HEADER.format(role=role), parts)


def _script(connection: Connection, header: str, parts: list[tuple[str, sql.Composed]]) -> str:
    lines = [header]
    lines += [f"{f'-- {why}{chr(10)}' if why else ''}{query.as_string(connection)};" for why, query in parts]
    return "\n".join(lines) + "\n"


def _privileges(
    connection: Connection, links: Links, role: sql.Identifier, needs: list[Privilege]
) -> list[tuple[str, sql.Composed]]:
    """What each schema is used for, and the grants on its tables; each with who has to run it, if not we."""
    schemas: dict[str, tuple[str, sql.Composed]] = {}
    tables = []
    for (schema, table), held in _by_table(needs).items():
        values = {"table": regclass(schema, table), "privileges": sorted({need.privilege for need in held})}
        owner, is_ours, schema_owner, is_our_schema = SQL("find_grantors").one(connection, **values)
        use = SQL("use_schema", schema=sql.Identifier(schema), role=role)
        schemas[schema] = (f"reads or writes {schema}" + ("" if is_our_schema else f"; as {schema_owner}"), use)
        tables.append(("" if is_ours else f"as {owner}", _grant((schema, table), held, role)))
    return [*schemas.values(), *tables]


def _for_the_app(connection: Connection, spec: Spec, role: sql.Identifier) -> list[tuple[str, sql.Composed]]:
    """What `app-status --create` needs: a place for its function, and the one that says who is signed in."""
    if spec.app_status is None:
        return []
    schema = sql.Identifier(spec.app_status.partition(".")[0])
    return [
        (MAKES, SQL("make_functions", schema=schema, role=role)),
        (ASKS, SQL("use_schema", schema=sql.Identifier("auth"), role=role)),
        *([("", SQL("ask_who", role=role))] if SQL("find_closed_uid").first(connection) else []),
    ]


def _with_deletes(links: Links, needs: list[Privilege]) -> list[Privilege]:
    """With what `undo` does, which nothing does by itself."""
    return [*needs, *(Privilege(t.schema, t.name, None, "DELETE") for t in links.targets.values())]


def _by_table(needs: list[Privilege]) -> dict[tuple[str, str], list[Privilege]]:
    found: dict[tuple[str, str], list[Privilege]] = defaultdict(list)
    for need in needs:
        found[need.schema, need.table].append(need)
    return found


def _grant(table: tuple[str, str], held: list[Privilege], role: sql.Identifier) -> Statement:
    whole = {need.privilege for need in held if need.column is None}
    words: list[sql.Composable] = [sql.SQL(privilege) for privilege in sorted(whole)]
    for privilege in sorted({need.privilege for need in held if need.privilege not in whole}):
        columns = sorted(need.column for need in held if need.privilege == privilege and need.column)
        names = sql.SQL(", ").join(sql.Identifier(column) for column in columns)
        words.append(sql.SQL("{} ({})").format(sql.SQL(privilege), names))
    return SQL("table", privileges=sql.SQL(", ").join(words), table=qualified(*table), role=role)


def _sequences(connection: Connection, spec: Spec, links: Links) -> list[sql.SQL]:
    found = []
    for name, target in links.targets.items():
        if spec.tables[name].id.rule == "keep":
            sequence = find_sequence(connection, regclass(target.schema, target.name), spec.tables[name].id.to)
            found += [sql.SQL(sequence)] if sequence else []  # quoted by Postgres itself
    return found
