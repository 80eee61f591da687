"""Names: made to fit Postgres and the spec, and read for what they suggest."""

import functools
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection

from etl_assets.spec.model import POSTGRES_NAME_BYTES
from etl_assets.spec.rules import STAGING_NAMES

TABLE_KEY_LENGTH = 59
FEWEST_ALIKE, SHARED = 3, 0.8
LEAST_ALIKE, ENDING, PLURALS = 4, 2, "aeinrs"
NAMES = 65_536  # of columns and tables, each of which is looked at many times
# NFKD would leave the plain letter, which reads wrongly: `Schuler` is a name, `Schueler` are pupils.
SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "ł": "l"})
STAGING_PATTERN = re.compile(r"_(ref|raw)[0-9]+")
EMAIL_NAME = re.compile(r"e_?mail|(^|_)(mail|correo|courriel|epost|mejl)($|_)")
BOOLEAN_NAME = re.compile(
    r"^(is|has|can|was|with|allow|allows|should|must|needs|accepts|ist|hat)_|(^|_)(active|enabled|disabled|deleted|hidden|verified|confirmed|visible|archived|"
    r"locked|published|flag|public|private|placeholder|read|paid|used|explicit|accepted|activated|completed|complete|"
    r"blocked|banned|approved|required|optional|default|primary|sticky|pinned|featured|draft|"
    r"aktiv|geloescht|bezahlt|gesperrt|sichtbar|erledigt|activo|activa|pagado|pagada|borrado|eliminado|"
    r"verificado|publicado|ativo|pago|actif|active|paye|payee|supprime|supprimee|termine|terminee|valide|complet|attivo|pagato|actief|betaald)$"
)
TIME_NAME = re.compile(
    r"(^|_)(at|on|date|datetime|time|timestamp|stamp|ts|created|updated|modified|deleted|started|finished|completed|"
    r"expires|expiry|expiration|dob|birthday|birthdate|since|until|when|seen|login|day|datum|unixtime|epoch)($|_)"
    r"|(date|time|datum|stamp|_at|_on)$"
)
DURATION_NAME = re.compile(r"(^|_)(duration|elapsed|timeout|times|runtime|uptime|milliseconds|seconds|minutes)($|_)")
MONEY_NAME = re.compile(
    r"(^|_)(amount|amounts|price|total|subtotal|balance|credit|credits|fee|fees|cost|costs|revenue|betrag|saldo|preis|"
    r"payment|paid|refund|salary|gehalt|freight|tax|discount_amount|amt|importe|precio|monto|valor_total|montant|prix|"
    r"prezzo|importo|bedrag|prijs|preco|saldo|cents|centimes|centimos|centavos|kopecks|pence|rappen|grosze|paise)($|_)"
)
NO_MONEY = re.compile(
    r"(^|_)(id|type|code|date|at|num|denom|count|status|by|on|method|rate|percent|class|name|key)$|^(is|has)_"
)
MINOR = (
    "cents?|pence|kopecks?|kopeks?|paise|paisa|oere|ore|groszy|grosze|halere?|haleru|centimes?|centimos?|centavos?|rappen|pfennig|sen|"
    "minor|minor_units|micros|millis|satoshis?|sats|wei"
)
BALANCE_NAME = re.compile(
    rf"(^|_)(balance|credits?|points|coins|wallet|saldo|solde|guthaben|kontostand)(_(left|remaining|{MINOR}))?$"
)
PARTICIPLE = re.compile(
    r"(^|_)(?!stat|dat|risultat|mercat|fatturat|format|.*(need|speed|seed|feed|breed|hundred))[a-z]{3,}(ed|ato|ata)$"
)
# What users tables call the moment at which somebody signed up, likeliest first.
CREATED_NAMES = (
    "created_at date_joined created created_on joined_at registered_at signed_up_at date_created creation_date "
    "created_date created_time created_ts inserted_at registration_date registered_on registered joined signup_date "
    "sign_up_date joined_on join_date date_registered member_since user_registered reg_date date_added"
).split()


@functools.lru_cache(maxsize=NAMES)
def snake(name: str) -> str:
    """A name in lower case with underscores: `CustomerID` becomes customer_id, `Straße 2` strasse_2.

    A Postgres identifier that needs no quotes, unless it is a reserved word; `c` where nothing is left.
    """
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    text = re.sub(r"([a-z0-9äöüß])([A-ZÄÖÜ])", r"\1_\2", text).lower().translate(SPELT_OUT)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    plain = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if not plain:
        return "c"
    return plain if plain[0].isalpha() else f"c{plain}"


# `lngCustomerID`, `dtmCreated`, `ysnPaid`: what Access and Visual Basic write before a name.
HUNGARIAN = re.compile(
    r"^(?:tbl|lng|str|int|dtm|dte|dat|cur|ysn|bln|bol|dbl|sng|mem|ole|txt|num|bit|byt|chr|flt|dec|fk|pk)(?=[A-Z])"
)


@functools.lru_cache(maxsize=NAMES)
def bare(name: str) -> str:
    """A name in lower case without what only says of which kind it is: `dtmCreated` becomes created."""
    return re.sub(r"^(?:fk|pk)_(?=.)", "", snake(HUNGARIAN.sub("", name)))


# https://www.postgresql.org/docs/current/ddl-system-columns.html
SYSTEM_COLUMNS = frozenset("tableoid xmin cmin xmax cmax ctid".split())


def unique_name(wanted: str, *, taken: Collection[str], longest: int = POSTGRES_NAME_BYTES) -> str:
    """The wanted name, cut to fit and numbered where it is taken; a cut name ends in a digest of the whole."""
    if len(wanted) > longest:
        # Names that differ only at their end would fall together.
        wanted = f"{wanted[: longest - 9]}_{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"
    name, number = wanted, 2
    while name in taken or name in SYSTEM_COLUMNS or name in STAGING_NAMES or STAGING_PATTERN.fullmatch(name):
        tail = f"_{number}"
        name, number = f"{wanted[: longest - len(tail)]}{tail}", number + 1
    return name


def shared_prefix(columns: Collection[str]) -> str:
    """`mem` of a table's columns mem_id, mem_name, mem_mail: what four in five begin with; empty where none is."""
    words = [snake(name).split("_") for name in columns]
    firsts = Counter(parts[0] for parts in words if len(parts) > 1)
    prefix, count = firsts.most_common(1)[0] if firsts else ("", 0)
    return prefix if count >= FEWEST_ALIKE and count >= SHARED * len(words) else ""


def singular(name: str) -> str:
    """`categories` becomes category, `boxes` box, `users` user; other words stay."""
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    if name.endswith(("xes", "sses", "ches", "shes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


SELF_STEMS = frozenset(
    "parent parents reply_to replyto in_reply_to inreplyto replied_to answer_to answers root thread_root original "
    "previous prev next forked_from copied_from duplicate_of superseded_by replaced_by".split()
)


def names_parent(column: str, *, parent: str, parent_key: str, prefix: str = "") -> bool:
    """True when a column is named as a reference to a table would be: `invoice_id`, `InvoiceId`, or its key's name.

    `prefix` is what the parent's columns begin with, by which an app may call its rows.
    """
    name, key = (re.sub(r"^id_(.+)", r"\1_id", bare(each)) for each in (column, parent_key))
    table = bare(parent)
    stems = {table, singular(table), *_without_prefix(table), *({prefix} if prefix else ())}
    if (prefix and name == prefix) or any(_differ_in_number(name, f"{stem}_id") for stem in stems):
        return True
    if name in {f"{stem}_{tail}" for stem in stems for tail in ("id", "guid", "uuid", key)}:
        return True
    if name in {f"{stem}id" for stem in stems}:
        return True
    return name == key and key not in ("id", "guid", "uuid", "name", "code", "key", "rowid")


def _differ_in_number(column: str, named: str) -> bool:
    """`classe_id` of classi, `bestellung_id` of bestellungen: alike but for what makes a plural in some language."""
    one, other = column.removesuffix("_id"), named.removesuffix("_id")
    alike = next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    alike = min(len(one), len(other)) if alike is None else alike
    ends = one[alike:] + other[alike:]
    return column.endswith("_id") and alike >= LEAST_ALIKE and len(ends) <= ENDING and set(ends) <= set(PLURALS)


def _without_prefix(table: str) -> set[str]:
    """`blog_articles` is called articles within its app, `wp_posts` posts."""
    _, _, rest = table.partition("_")
    return {rest, singular(rest)} if rest else set()


def is_called_after(column: str, *, parent: str) -> bool:
    """True when a column is called as one row of a table would be: `category` of categories, `post` of wp_posts."""
    name, table = bare(column), bare(parent)
    return name in {table, singular(table), *_without_prefix(table)}


def names_itself(column: str, *, table: str) -> bool:
    """True when a column is named as a reference to another row of its own table would be: `parent_id`, `replyTo`."""
    name, stem = snake(column), singular(snake(table))
    bare = re.sub(r"_?(id|guid|uuid)$", "", name)
    return bare in SELF_STEMS or bare in {f"{word}_{stem}" for word in SELF_STEMS}


def looks_like_time(name: str) -> bool:
    """True for names such as created_at, OrderDate, ts; not for durations."""
    found = bare(name)
    return bool(TIME_NAME.search(found)) and not DURATION_NAME.search(found)


def looks_like_money(name: str) -> bool:
    """True for names such as amount, UnitPrice, balance; never for ids and the like."""
    found = bare(name)
    return bool(MONEY_NAME.search(found)) and not NO_MONEY.search(found)


def looks_like_balance(name: str) -> bool:
    """True for names of what somebody has now, such as credits, walletBalance; not for credit_limit or a price."""
    return bool(BALANCE_NAME.search(bare(name)))


def looks_boolean(name: str) -> bool:
    """True for names such as is_active, HasPaid, enabled, shipped."""
    return bool(BOOLEAN_NAME.search(bare(name)) or PARTICIPLE.search(bare(name)) or re.match("(?:ysn|bln)[A-Z]", name))


def looks_like_email(name: str) -> bool:
    """True for names such as Email, e_mail, customer_mail."""
    return bool(EMAIL_NAME.search(snake(name)))
