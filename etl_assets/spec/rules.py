"""What a spec may say beyond its grammar: names, owners, references, secrets."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from etl_assets.spec.columns import Column
from etl_assets.spec.files import check_files
from etl_assets.spec.keys import AS_THE_PARENT, is_read_round, key_fault
from etl_assets.spec.model import POSTGRES_NAME_BYTES, TABLE_KEY, USERS, Spec, Table
from etl_assets.spec.profiles import Attribute, Balance
from etl_assets.spec.references import References
from etl_assets.spec.spec_fault import SpecFault
from etl_assets.spec.types import CLOCKED, EXACT_NUMBERS, JSON_TYPES, NUMBERS, TIMES, element_of, is_read_by_postgres
from etl_assets.spec.yaml_lines import Path

SECRET_WORDS = frozenset(
    "apikey auth cookie cookies credential credentials hash hashes key keys otp passphrase passwd password passwords "
    "passwort pin pwd salt secret secrets session sessions token tokens totp".split()
)
SECRET_TAILS = frozenset({"code", "id", "value"})
SECRET_HEADS = frozenset({"access", "api", "csrf", "private", "refresh", "reset", "user"})
OPTION_TYPES = {
    "unit": (*TIMES, "interval"),
    "format": TIMES,
    "ambiguous": CLOCKED,
    "timezone": CLOCKED,
    "target_timezone": ("timestamp",),
    "encoding": ("text", "bytea", "uuid"),
    "round": (*TIMES, "time", "timetz", "interval", "numeric", "money", "real", "double"),
}
GUID = "guid"
PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")
CLOSED_SCHEMAS = ("etl", "information_schema")
BYTEA_ENCODINGS = ("hex", "base64", "utf8")
EXPORT_NAMES = ("_key", "_classes")
STAGING_NAMES = frozenset("_legacy_id _new_id _legacy_user_id _account_id _wave _reason _state _created".split())


def looks_secret(column: str) -> bool:
    """True for names such as `password_hash`, `APIToken`, `sessionid`: whole words, so `monkey` is none."""
    parts = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", column)
    parts = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", parts).lower()
    return any(_is_secret_word(word) for word in re.split(r"[^a-z]+", parts))


def _is_secret_word(word: str) -> bool:
    if word in SECRET_WORDS:
        return True
    return any(
        (word.startswith(secret) and word[len(secret) :] in (SECRET_WORDS | SECRET_TAILS))
        or (word.endswith(secret) and word[: -len(secret)] in SECRET_HEADS)
        for secret in SECRET_WORDS
    )


def check_rules(spec: Spec) -> None:
    """Raises unless every rule holds.

    Raises:
        SpecFault: the first broken rule.
    """
    _check_zone(("source", "timezone"), spec.source.timezone)
    if spec.accounts.from_ == "profiles" and not spec.accounts.accept_unconfirmed:
        raise SpecFault(
            ("accounts", "from"),
            "profiles carry no proof that the address is the user's own; "
            "use `auth`, or accept the risk with `accept_unconfirmed: true`",
        )
    if not spec.tables:
        raise SpecFault(("tables",), "names no table")
    if spec.users is not None:
        _check_leaves(("users", "created"), spec.users.created_column)
    seen: dict[tuple[str, str], str] = {}
    for name, table in spec.tables.items():
        _check_table(spec, name, table)
        # SQLite knows its tables by their names in any case.
        twin = seen.setdefault((table.source.lower(), table.target), name)
        if twin != name:
            raise SpecFault(
                ("tables", name),
                f"brings {table.source} into {table.target} as {twin} does: every row would arrive twice",
            )
    check_files(spec)
    if spec.app_status is not None:
        _check_app_status(spec, spec.app_status)
    for name, balance in spec.balances.items():
        _check_balance(spec, name, balance)
    for name, attribute in spec.profile.items():
        _check_attribute(spec, name, attribute)


def _check_zone(path: Path, zone: str) -> None:
    try:
        ZoneInfo(zone)
        # Two tables of zones: Python's knows what the operator may write, polars' converts.
        pl.Series([datetime(2024, 1, 1)]).dt.replace_time_zone(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError, pl.exceptions.ComputeError):
        raise SpecFault(path, f"{zone!r} is not an IANA time zone") from None


def _check_leaves(path: Path, source: str, *, allowed: bool = False) -> None:
    """A legacy column beside the migrated ones that an export takes along."""
    if looks_secret(source) and not allowed:
        raise SpecFault(path, f"{source!r} looks like a secret and would leave the legacy database")
    if source in EXPORT_NAMES:
        raise SpecFault(path, f"{source!r} is a name that the exports need themselves")


def _check_app_status(spec: Spec, place: str) -> None:
    if spec.users is None:
        raise SpecFault(("app_status",), "needs a `users:` section: it speaks of users' own rows")
    schema, _, name = place.partition(".")
    if not all(PLAIN_NAME.fullmatch(part) and len(part) <= POSTGRES_NAME_BYTES for part in (schema, name)):
        raise SpecFault(("app_status",), f"{place!r} is not `schema.name` in a-z, 0-9 and _, as the app calls it")
    if schema in CLOSED_SCHEMAS or schema.startswith("pg_"):
        raise SpecFault(("app_status",), f"schema {schema} is not one that the app may call functions of; use `public`")


def _check_balance(spec: Spec, name: str, balance: Balance) -> None:
    path: Path = ("balances", name)
    schema, profiles = spec.accounts.profiles_table
    table, _, column = name.rpartition(".")
    if table not in (profiles, f"{schema}.{profiles}") or not column:
        raise SpecFault(path, f"a balance stands in the profiles: `{profiles}.COLUMN`")
    if not spec.users or all(table.owner.is_none for table in spec.tables.values()):
        raise SpecFault(path, "a balance needs a `users:` section and a table that users own")
    if balance.users_column is not None and looks_secret(balance.users_column):
        raise SpecFault((*path, "from"), f"{balance.users_column!r} looks like a secret")
    if balance.users_column in EXPORT_NAMES:
        raise SpecFault((*path, "from"), f"{balance.users_column!r} is a name that the exports need themselves")
    for key, pair in (("from", balance.summed), ("against", balance.answers_to)):
        if pair is not None:
            _check_money(spec, (*path, key), *pair)


def _check_attribute(spec: Spec, name: str, attribute: Attribute) -> None:
    path: Path = ("profile", name)
    if not spec.users or all(table.owner.is_none for table in spec.tables.values()):
        raise SpecFault(path, "an attribute of the profile needs a `users:` section and a table that users own")
    if name == "id" or name in map(spec.balance_column, spec.balances):
        raise SpecFault(path, "this column of the profile has its value already: it is the account or a balance")
    if looks_secret(attribute.users_column):
        raise SpecFault((*path, "from"), f"{attribute.users_column!r} looks like a secret")
    if attribute.users_column in EXPORT_NAMES:
        raise SpecFault((*path, "from"), f"{attribute.users_column!r} is a name that the exports need themselves")
    if is_read_by_postgres(element_of(attribute.type) or attribute.type):
        raise SpecFault((*path, "type"), f"{attribute.type} is for columns of tables")
    _check_options(path, attribute)


def _check_money(spec: Spec, path: Path, table: str, amount: str) -> None:
    if table not in spec.tables or amount not in spec.tables[table].columns:
        raise SpecFault(path, f"{table}.{amount} is no column of this spec")
    if spec.tables[table].owner.is_none:
        raise SpecFault(path, f"{table} has no owner whose balance its rows could add up to")
    if spec.tables[table].columns[amount].type not in EXACT_NUMBERS:
        raise SpecFault(path, f"{table}.{amount} is no exact number; money is integer or numeric")


def _check_table(spec: Spec, name: str, table: Table) -> None:
    path: Path = ("tables", name)
    if not TABLE_KEY.fullmatch(name) or name == USERS:
        raise SpecFault(
            path, "a table key is a-z, 0-9 and _, at most 59 long, and not `users`; the old name goes to source"
        )
    if table.target.count(".") != 1 or not all(table.target.split(".")):
        raise SpecFault((*path, "target"), f"{table.target!r} is not schema.table")
    for column_name in (*table.columns, table.id.to, table.owner.to or "id"):
        if len(column_name.encode()) > POSTGRES_NAME_BYTES:
            raise SpecFault((*path, "columns", column_name), "is longer than 63 bytes, where Postgres cuts names")
        if column_name in STAGING_NAMES or re.fullmatch(r"_(ref|raw)[0-9]+", column_name):
            raise SpecFault((*path, "columns", column_name), "is a name that the staging tables need themselves")
    if table.owner.to == table.id.to:
        raise SpecFault((*path, "owner"), f"{table.owner.to!r} takes the new id already; name another column")
    if not table.owner.is_none and spec.users is None:
        raise SpecFault((*path, "owner"), "needs a `users:` section; a spec without users has only `owner: none`")
    if table.id.to in table.columns and table.id.rule != "keep":
        raise SpecFault((*path, "columns", table.id.to), "takes the new id already; leave it out or use `id: keep`")
    _check_kept_id(table)
    if table.owner.to and table.owner.to in table.columns:
        raise SpecFault((*path, "columns", table.owner.to), "takes the owner's account id already; leave it out")
    for column_name, column in table.columns.items():
        _check_column(spec, table, column_name, column)
    for number, several in enumerate(table.composite):
        _check_composite(spec, table, number, several)
    _check_owner(spec, table)
    _check_checks(table)
    _check_names_that_travel(table)


def _check_kept_id(table: Table) -> None:
    """A kept id is the key as it stands, of which its column says the type alone."""
    column = table.columns.get(table.id.to)
    said = next((word for word in AS_THE_PARENT if column and getattr(column, word) not in (None, False, ())), None)
    if said:
        path = ("tables", table.name, "columns", table.id.to, said)
        raise SpecFault(path, f"changes nothing: the id is the legacy key as it stands; leave `{said}` out")


def _check_names_that_travel(table: Table) -> None:
    """Owner and key leave SQLite too, and the key goes everywhere."""
    allowed = {column.from_ or name for name, column in table.columns.items() if column.secret}
    for part, names in (
        ("owner", (table.owner.from_ or "",)),
        ("key", table.key),
        ("created", (table.created_column or "",)),
    ):
        for source in names:
            _check_leaves(("tables", table.name, part), source, allowed=source in allowed)


def _check_checks(table: Table) -> None:
    path: Path = ("tables", table.name, "checks")
    for kind, columns in (("sum", table.checks.sum), *(("unique", rule.columns) for rule in table.checks.unique)):
        for name in columns:
            if name not in table.columns:
                raise SpecFault((*path, kind), f"names {name!r}, which is no column of this table")
            if kind == "sum" and table.columns[name].type not in NUMBERS:
                raise SpecFault((*path, kind), f"cannot add up {name!r}, which is no number")


def _check_column(spec: Spec, table: Table, name: str, column: Column) -> None:
    path: Path = ("tables", table.name, "columns", name)
    source = column.from_ or name
    if column.secret is None and column.expr is None and looks_secret(source):
        raise SpecFault(path, f"{source!r} looks like a secret and stays behind; `secret: allowed` if it is none")
    if column.expr is None and source in EXPORT_NAMES:
        raise SpecFault(path, f"{source!r} is a name that the exports need themselves; read it through `expr`")
    _check_options(path, column)
    if column.references is not None and column.references.by:
        _check_by(path, column.references)
    if column.references is not None and column.references.columns:
        raise SpecFault((*path, "references", "columns"), "stands in `references` of the table, which name several")
    for reference in column.references.parts(name).values() if column.references else ():
        _check_reference(spec, table, name, column, reference)


def _check_options(path: Path, column: Column) -> None:
    type_ = element_of(column.type) or column.type
    for key, types in OPTION_TYPES.items():
        if getattr(column, key) not in (None, False, ()) and type_ not in types:
            raise SpecFault((*path, key), f"is for columns of type {' or '.join(types)}")
    if column.split is not None and type_ == column.type:
        raise SpecFault((*path, "split"), "is for lists, such as `text[]`")
    if type_ == "interval" and column.unit not in (None, "s", "ms", "us"):
        raise SpecFault((*path, "unit"), "of an interval is s, ms or us")
    if column.encoding is not None:
        _check_encoding((*path, "encoding"), type_, column.encoding)
    for key in ("timezone", "target_timezone"):
        if (zone := getattr(column, key)) is not None:
            _check_zone((*path, key), zone)


def _check_encoding(path: Path, kind: str, encoding: str) -> None:
    if kind == "uuid":
        if encoding != GUID:
            raise SpecFault(path, f"{encoding!r} is not `{GUID}`, the order of bytes in which .NET writes BLOBs")
        return
    if kind == "bytea":
        if encoding not in BYTEA_ENCODINGS:
            raise SpecFault(path, f"{encoding!r} is none of {', '.join(BYTEA_ENCODINGS)}, in which bytes are written")
        return
    try:
        "".encode(encoding)  # also refuses codecs such as rot13, which are not about text
    except LookupError:
        raise SpecFault(path, f"{encoding!r} is no text encoding; a usual one is `cp1252`") from None


def _polars_reads(pattern: str) -> bool:
    try:
        pl.select(pl.lit("").str.extract(pattern, 1))
    except pl.exceptions.ComputeError:
        return False
    return True


def _check_by(path: Path, references: References) -> None:
    where = (*path, "references")
    _check_leaves((*where, "by"), references.by or "")
    if USERS in references.tables.values():
        raise SpecFault((*where, "tables"), "a second user cannot be one of several; give it a column of its own")


def _check_composite(spec: Spec, table: Table, number: int, several: References) -> None:
    where: Path = ("tables", table.name, "references", number)
    if not several.columns or several.by:
        raise SpecFault(where, "names the `columns` of this table that refer to one other `table`")
    if several.table not in spec.tables:
        raise SpecFault((*where, "table"), f"{several.table!r} is no table of this spec")
    _check_key(spec, table, where, several.model_copy(update={"key": several.key or several.columns}))


def _check_key(spec: Spec, table: Table, where: Path, reference: References) -> None:
    fault = key_fault(spec, table, reference)
    if fault is not None:
        raise SpecFault((*where, fault[0]), fault[1])
    for column in reference.columns:
        if column in table.columns and is_read_round(spec, table, column):
            raise SpecFault((*where, "key"), f"{column!r} carries, round in a circle, what it has itself")
    _check_parent(spec, table, where, reference)


def _check_parent(spec: Spec, table: Table, where: Path, reference: References) -> None:
    if table.owner.is_none and not spec.tables[reference.table].owner.is_none:
        raise SpecFault(
            where, f"a table without owner cannot refer to {reference.table}, whose rows arrive user by user"
        )


def _check_reference(spec: Spec, table: Table, name: str, column: Column, reference: References) -> None:
    path: Path = ("tables", table.name, "columns", name)
    where = (*path, "references")
    if reference.key and reference.path is None and reference.table in (*spec.tables, USERS):
        _check_key(spec, table, where, reference)
        return
    if reference.match is not None and not _polars_reads(reference.match):
        raise SpecFault((*where, "match"), "uses look-around or back-references, which polars does not know")
    if reference.table == USERS:
        if reference.path is not None:
            raise SpecFault((*where, "path"), "is for rows: a second user needs a column of its own")
        if spec.users is None or column.type != "uuid":
            raise SpecFault(where, "to users needs a `users:` section and type uuid")
        if reference.otherwise == "keep":
            raise SpecFault(where, "`otherwise: keep` cannot keep a legacy user id as an account id")
        return
    parent = spec.tables.get(reference.table)
    if parent is None:
        raise SpecFault((*where, "table"), f"{reference.table!r} is neither a table of this spec nor `users`")
    if reference.path is not None:
        _check_path(table, where, column, reference)
    named = (element_of(column.type) or column.type) if reference.path else column.type
    if parent.id.rule == "uuid5" and named not in ("uuid", "text", *(JSON_TYPES if reference.path else ())):
        raise SpecFault(path, f"refers to {reference.table}, whose ids become UUIDs; its type is uuid or text")
    if reference.otherwise == "keep" and column.type != "text":
        raise SpecFault(where, "`otherwise: keep` needs type text: a legacy id is no UUID")
    _check_parent(spec, table, where, reference)


def _check_path(table: Table, where: Path, column: Column, reference: References) -> None:
    if column.type not in JSON_TYPES and (element_of(column.type) is None or reference.steps != (None,)):
        raise SpecFault((*where, "path"), "is for JSON, and `$[*]` for lists, such as `uuid[]`")
    for word, holds in (
        ("match", reference.match is not None),
        ("otherwise", reference.otherwise != "quarantine"),
        ("key", bool(reference.key)),
    ):
        if holds:
            raise SpecFault(
                (*where, word), "cannot stand beside `path`: each id within is the key of a row, or the row waits"
            )


def _check_owner(spec: Spec, table: Table) -> None:
    if table.owner.via is None:
        return
    path: Path = ("tables", table.name, "owner")
    column = table.columns.get(table.owner.via)
    if column is None or column.references is None or column.references.table in ("", USERS):
        raise SpecFault(
            path, f"`via: {table.owner.via}` needs a column of that name with `references` to an owned table"
        )
    if column.references.path is not None:
        raise SpecFault(path, f"`via: {table.owner.via}` names many rows, and an owner is one")
    if column.references.otherwise != "quarantine":
        raise SpecFault(path, f"`via: {table.owner.via}` cannot be optional: without it the row is nobody's")
    if spec.tables[column.references.table].owner.is_none:
        raise SpecFault(path, f"{column.references.table} has no owner itself")
    way = [table.name]
    while (via := spec.tables[way[-1]].owner.via) is not None:
        reference = spec.tables[way[-1]].references.get(via)
        if reference is None or reference.table not in spec.tables:
            return  # said of that table
        if reference.table in way:
            raise SpecFault(path, f"leads round in a circle and to no user: {' -> '.join((*way, reference.table))}")
        way.append(reference.table)
