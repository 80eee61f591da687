"""Tables that stay behind whole: a framework's bookkeeping, a replicator's own, settings by key, ways to sign in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from etl_assets.init.judging.secrets import is_secret, named_secret, secrets_of
from etl_assets.init.names import snake
from etl_assets.init.table_facts import TableFacts
from etl_assets.model.words import counted

REPLICATORS = re.compile(r"_*(litestream|cf|d1|libsql|crsql|electric|powersync|turso|rqlite|sqlx)_", re.IGNORECASE)
BOOKKEEPING = re.compile(
    r"(^|_)(migrations?|efmigrations?|efmigrationshistory|changelog|databasechangelog|databasechangeloglock|"
    r"schema_(versions?|changes|history|info|meta|migrations?)|(alembic|db|database|goose_db)_versions?|"
    r"sequelize_meta|internal_metadata|hibernate_sequences?|android_metadata|room_master_table|z_(metadata|modelcache|primarykey))($|_)"
)
VERSIONS = re.compile(r"(^|_)versions?$")
LOCK = re.compile(r"(lock|locks|mutex)$")
KEY_WORDS = frozenset("key name option setting parameter param property variable k clave nombre cle schluessel".split())
VALUE_WORDS = frozenset("value val data content v wert valor valeur valore waarde".split())
SETTINGS_WORDS = frozenset(
    "settings setting config configs configuration options option params parameters properties preferences store meta "
    "metadata variables cache kv keyvalue registry einstellungen konfiguration ajustes opciones configuracion "
    "parametros parametres reglages impostazioni instellingen".split()
)
SIGN_IN = re.compile(
    r"(^|_)(tokens?|jwts?|credentials?|api_?keys?|password_resets?|password_histor(y|ies)|otps?|totps?|two_?factors?|"
    r"two_factor_auths?|mfas?|web_?authns?|passkeys?|(backup|recovery|scratch|verification|reset)_codes?|cookies?|"
    r"auth_tickets?|nonces?)$"
)
SESSIONS = re.compile(r"(^|_)(sessions?|sesion(es)?|sitzung(en)?|sessies|sessioni)($|_)")
SESSION_COLUMNS = frozenset(
    "payload data ip ip_address user_agent expires expires_at expiry expire_date last_activity session_data".split()
)
CARRIERS = frozenset("value code codes data payload secret key token hash identifier".split())
VERIFICATIONS = re.compile(r"(^|_)(email_|phone_)?(verifications?|confirmations?|activations?|magic_links?)$")
EXPIRY = re.compile(r"(^|_)(expir\w*|valid_until|ttl)($|_)")
PROVIDER = re.compile(r"(^|_)(provider|oauth|openid|issuer)($|_)")
MOST_SETTINGS = 1_000
PROVIDERS_TOKENS = 3


@dataclass(frozen=True)
class Staying:
    """Why a table stays behind; `is_offered` where the file holds its section as a comment, for who needs it."""

    reason: str
    is_offered: bool = False
    asks: bool = False


def why_it_stays(table: TableFacts, tables: Sequence[TableFacts]) -> Staying | None:
    """The reason why a table is not migrated; None for what users would miss."""
    name = snake(table.name)
    if REPLICATORS.match(table.name):
        return Staying("a replicator's own: the target is not replicated by it")
    if not _is_referred_to(table, tables):
        if BOOKKEEPING.search(name) or _is_version(table) or (LOCK.search(name) and table.rows <= 1):
            return Staying("the legacy app's own bookkeeping, which says nothing about its users")
        found = _as_settings(table)
        if found is not None:
            return found
    return _as_sign_in(table)


def _is_referred_to(table: TableFacts, tables: Sequence[TableFacts]) -> bool:
    return any(
        key.table == table.name and other.name != table.name and key.declared
        for other in tables
        for key in other.foreign_keys
    )


def _is_version(table: TableFacts) -> bool:
    """`version(id, version)`, `versions(table_name, table_version)`: of the schema, not of a document."""
    if not VERSIONS.search(snake(table.name)) or len(table.columns) > 3:
        return False
    last = {snake(column).split("_")[-1] for column in table.columns}
    return last <= {"id", "version", "num", "name", "at"}


def _as_settings(table: TableFacts) -> Staying | None:
    """A key and a value, and nothing that says whose they are: the app's own settings, its passwords among them."""
    # Whom a row is about says a column that names another table, or an owner.
    if table.foreign_keys or table.rows > MOST_SETTINGS:
        return None
    words = {name: snake(name).split("_") for name in table.columns}
    keys = [name for name, parts in words.items() if parts[-1] in KEY_WORDS and parts[0] != "id"]
    values = [name for name, parts in words.items() if parts[-1] in VALUE_WORDS]
    is_called_so = bool(SETTINGS_WORDS & set(snake(table.name).split("_")))
    keys = keys or [name for name in table.primary_key if is_called_so and table.columns[name].texts]
    if keys and values and set(keys) != set(values):
        others = [name for name in table.columns if name not in (keys[0], values[0])]
        if is_called_so or len(others) <= 1:
            sure = is_called_so or any(column.credentials for column in table.columns.values()) or not table.rows
            return Staying(
                f"settings of the legacy app, by {keys[0]} and {values[0]}, in {counted(table.rows, 'row')}: they "
                "often hold passwords, and nothing says whose they are",
                is_offered=True,
                asks=not (sure or named_secret(keys[0])),
            )
    if is_called_so and table.rows <= 1 and secrets_of(table):
        return Staying(f"one row of settings of the legacy app, with secrets: {', '.join(secrets_of(table))}")
    return None


def _as_sign_in(table: TableFacts) -> Staying | None:
    name, columns = snake(table.name), {snake(column): column for column in table.columns}
    secret = secrets_of(table)
    carriers = [column for column in columns if column.split("_")[-1] in CARRIERS] + secret
    if SIGN_IN.search(name) and carriers:
        return Staying("how people signed in to the legacy app: live secrets, which the new one makes anew")
    if VERIFICATIONS.search(name) and carriers and any(EXPIRY.search(column) for column in columns):
        return Staying("how addresses were verified by the legacy app: live secrets, which the new one makes anew")
    if SESSIONS.search(name) and (set(columns) & SESSION_COLUMNS or secret):
        key = table.primary_key[0] if len(table.primary_key) == 1 else None
        is_random = key is not None and table.columns[key].integers < table.columns[key].filled
        if is_random or secret or set(columns) & {"ip", "ip_address", "user_agent", "payload"}:
            return Staying("sessions of the legacy app: whoever has their ids is signed in")
    if len(secret) >= PROVIDERS_TOKENS and any(PROVIDER.search(column) for column in columns):
        return Staying(f"with whom people signed in to the legacy app, and the tokens for it: {', '.join(secret)}")
    if any(is_secret(table, column) for column in table.primary_key):
        names = ", ".join(table.primary_key)
        return Staying(f"its key {names} looks like a secret and would be written everywhere; name another with `key:`")
    return None
