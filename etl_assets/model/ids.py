"""Names of rows: legacy keys, new ids, wave keys."""

import re
import uuid
from datetime import datetime, timedelta, timezone

WAVE_KEY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z")
WAVE_FORMAT = "%Y-%m-%dT%H%M%SZ"
ROWID_PREFIX = "rowid:"  # a row whose key tells it from no other is known by its place
NO_ROW = "rowid:? "  # a reference by other columns than the key that no row answers, or several do
REPEATED_MARK = " of "  # and then by the key that it shares


def new_id(namespace: uuid.UUID, table: str, legacy_id: str) -> uuid.UUID:
    """The UUIDv5 of `<table>/<legacy id>`: the same row gets the same id in every run, on every machine.

    The slow reference of `transform.identify.uuid5_of`, which does the same for a whole column.
    """
    return uuid.uuid5(namespace, f"{table}/{legacy_id}")


def wave_key(moment: datetime) -> str:
    """A login wave's partition key, a UTC time such as `2026-11-22T153000Z`."""
    return moment.astimezone(timezone.utc).strftime(WAVE_FORMAT)


def age_of(key: str, *, at: str) -> timedelta:
    """How long before another a wave's key was given."""
    return datetime.strptime(at, WAVE_FORMAT) - datetime.strptime(key, WAVE_FORMAT)


def is_wave_key(text: str) -> bool:
    """True for keys in the form that `wave_key` gives; anything else never reaches a statement."""
    if WAVE_KEY.fullmatch(text) is None:
        return False
    try:
        datetime.strptime(text, WAVE_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        return False
    return True
