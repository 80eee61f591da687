"""Secrets: by what a column is called, by what its values are, and what only looks like one.

A name that the spec refuses stays behind unless the values speak against it: a flag, a number, the digest of a file.
"""

import functools
import re

from etl_assets.init.names import NAMES, snake
from etl_assets.init.table_facts import ColumnFacts, TableFacts
from etl_assets.model.words import counted
from etl_assets.spec.rules import looks_secret

MOSTLY = 0.5
SECRET_WORDS = frozenset(
    "pass pw pwhash jwt jwts rands secure encrypted ciphertext passcode pincode kennwort kennworter geheim "
    "geheimnis geheimnummer senha segredo contrasena contrasenya contrasenia clave secreto motdepasse mdp wachtwoord "
    "haslo parola losenord salasana adgangskode passord sitzung sesion webhook_secret uniquifier".split()
)
SECRET_PHRASE = re.compile(
    r"(^|_)(mot_de_passe|(backup|recovery|scratch|mfa|otp|two_factor|verification|reset|activation|confirmation)"
    r"_(codes?|keys?|pins?)|security_(stamp|answer)|private_?key|signing_key|encryption_key)($|_)"
)
# Words of which a name alone is no proof: an LLM's tokens are counted, an auth_srid is a number.
WEAK_WORDS = frozenset(
    "auth session sessions token tokens key keys hash hashes cookie cookies credential credentials secure pass sesion "
    "encrypted clave".split()
)
DIGEST_WORDS = frozenset("hash hashes".split())
CONTENT_WORDS = frozenset(
    "file files blob blobs image images photo photos picture attachment attachments document documents commit commits "
    "block blocks media asset assets upload uploads object objects chunk chunks snapshot snapshots page pages content "
    "git sha download downloads artifact artifacts thumbnail video videos audio track tracks build release package "
    "datei dateien bild bilder archivo archivos fichier fichiers".split()
)


@functools.lru_cache(maxsize=NAMES)
def named_secret(name: str) -> bool:
    """True for names that the spec refuses, and for those of other words and languages."""
    words = snake(name)
    return looks_secret(name) or bool(SECRET_WORDS & set(words.split("_"))) or bool(SECRET_PHRASE.search(words))


def is_beyond_doubt(name: str) -> bool:
    """True for names such as password: no value could speak against it, so that none need be looked at."""
    words = set(re.split(r"[^a-z]+", snake(name)))
    suspicious = {word for word in words if looks_secret(word) or word in SECRET_WORDS}
    return named_secret(name) and bool(suspicious) and not suspicious <= WEAK_WORDS


def secret_reason(table: TableFacts, column: ColumnFacts) -> str | None:
    """Why a column stays behind, as the end of `left behind, ...`; None where it does not."""
    if column.is_allowed:
        return None
    by_value = column.credentials
    if by_value >= MOSTLY * column.filled and by_value:
        return f"{by_value:,} of {counted(column.filled, 'value')} are credentials"
    if named_secret(column.name) and not _is_harmless(table, column):
        return "it looks like a secret"
    if by_value:
        return f"{by_value:,} of {counted(column.filled, 'value')} are credentials, the others are not"
    return None


def is_doubtful(column: ColumnFacts) -> bool:
    """True where a few of many values are credentials: the column stays behind, and an operator is asked."""
    return 0 < column.credentials < MOSTLY * column.filled and not named_secret(column.name)


def secrets_of(table: TableFacts) -> list[str]:
    """The columns of a table that stay behind as secrets."""
    return [column.name for column in table.columns.values() if secret_reason(table, column)]


def is_secret(table: TableFacts, name: str) -> bool:
    """True for a column of a table, by its name, that must not leave the legacy database."""
    return secret_reason(table, table.columns[name]) is not None if name in table.columns else named_secret(name)


def _is_harmless(table: TableFacts, column: ColumnFacts) -> bool:
    if is_beyond_doubt(column.name):
        return False
    words = set(snake(column.name).split("_"))
    if column.filled == 0:
        return "BOOL" in column.declared.upper()
    flags = column.zeros_and_ones + column.shaped("zero_or_one", "boolean")
    if column.filled in (flags, column.integers + column.reals):
        return True
    is_digest = bool(words & DIGEST_WORDS) and not (words & WEAK_WORDS) - DIGEST_WORDS
    return is_digest and bool(CONTENT_WORDS & (words | set(snake(table.name).split("_"))))
