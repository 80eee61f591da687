"""What the new app may ask: a function that says to whoever is signed in how far the own history is.

It is made and removed on the operator's word alone. A view would do as well for one who reads, and worse for us: it
would hang on the tables of schema `etl`, which could not be changed any more, and Supabase's linter takes a view that
runs as its owner for a mistake. The function's text is looked up when it is called, and only who is signed in may call.
"""

import json
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, connect, reading, writing
from etl_assets.access.postgres.dialect import ROLE
from etl_assets.access.postgres.statements import Statements, identifier, literal, qualified, shown
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.schema import exists
from etl_assets.core.users.users import accounts
from etl_assets.model.errors import SettingsError
from etl_assets.spec.model import Spec

SQL = Statements(__file__)

MARK = "Made by etl-assets"
COMMENT = f"{MARK}: says to a signed-in user how far the own history is. `etl-assets app-status --drop` removes it."
CREATE = "`etl-assets app-status --create` makes it"
DROP = "`etl-assets app-status --drop` removes it"
SETTINGS = ["search_path=pg_catalog, pg_temp", "lock_timeout=2s"]


@dataclass(frozen=True)
class AppStatus:
    """The function that the spec names: whether it is there, what the target lacks for it, and how it differs.

    `strays` are functions of ours that the spec does not name.
    """

    place: str | None
    is_there: bool = False
    lacks: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As `check` and `app-status` say it."""
        told = []
        if self.lacks:
            told.append(f"{self.place} cannot be made on this target: {'; '.join(self.lacks)}")
        elif self.place is not None and not self.is_there:
            told.append(f"{self.place} is not made yet; {CREATE}")
        elif self.place is not None:
            words = f", but {'; '.join(self.differs)}; {CREATE} anew" if self.differs else ""
            told.append(f"{self.place} is there{words}")
        if self.strays:
            told.append(f"{', '.join(self.strays)} is ours, and the spec does not name it; {DROP}")
        return "; ".join(told)

    @property
    def is_right(self) -> bool:
        """True when there is what the spec names, and nothing else of ours."""
        return self.is_there is (self.place is not None) and not (self.lacks or self.differs or self.strays)


def app_status(connection: Connection, spec: Spec) -> AppStatus:
    """What there is; runs inside `reading` or `writing`."""
    ours = [f"{schema}.{name}" for schema, name in SQL("list_marked").many(connection, mark=MARK)]
    strays = tuple(place for place in ours if place != spec.app_status)
    if spec.app_status is None:
        return AppStatus(None, strays=strays)
    lacks = tuple(_lacks(connection, spec.app_status))
    is_there = spec.app_status in ours
    differs = tuple(_differences(connection, spec, spec.app_status)) if is_there and not lacks else ()
    return AppStatus(spec.app_status, is_there, lacks, differs, strays)


def standing_lines(url: str, spec: Spec) -> list[str]:
    """What there is, and what it would say to whoever has claimed last."""
    with connect(url) as connection:
        with reading(connection):
            found = app_status(connection, spec)
        lines = [str(found) or "The spec names no function for the app: `app_status: public.migration_status`"]
        asked = ask_for_last(connection, spec) if found.place and not found.lacks else None
    if asked is not None:
        user, answer = asked
        lines.append(f"To legacy user {user}, who has claimed last, it would say {json.dumps(answer)}")
    return lines


def create_lines(url: str, spec: Spec) -> list[str]:
    """Makes the function."""
    with connect(url) as connection:
        return [f"{create_app_status(connection, spec, run='app-status')} is there: whoever is signed in may ask."]


def drop_lines(url: str, spec: Spec) -> list[str]:
    """Removes it."""
    with connect(url) as connection:
        gone = drop_app_status(connection, run="app-status")
    return [f"{', '.join(gone)} is gone." if gone else "There was no function of ours."]


def create_app_status(connection: Connection, spec: Spec, *, run: str) -> str:
    """Makes the function, or makes it anew; returns its name.

    Raises:
        SettingsError: the spec names none, something else has the name, or the target lacks what it needs.
    """
    place = _named(spec)
    with reading(connection):
        lacks = _lacks(connection, place)
    if lacks:
        raise SettingsError(f"{place} cannot be made on this target: {'; '.join(lacks)}.")
    with writing(connection, run=run):
        name = qualified(*place.split("."))
        for stray in app_status(connection, spec).strays:
            SQL("drop", place=qualified(*stray.split("."))).exec(connection)
        SQL("make", place=name, answer=literal(_answer(connection, spec))).exec(connection)
        SQL("mark", place=name, mark=literal(COMMENT)).exec(connection)
        SQL("close", place=name, grantee=sql.SQL("PUBLIC")).exec(connection)
        for grantee in _describe(connection, place)[4]:
            SQL("close", place=name, grantee=identifier(grantee)).exec(connection)
        SQL("open", place=name, role=identifier(ROLE)).exec(connection)
        if wrong := _differences(connection, spec, place):
            raise SettingsError(f"{place} was not made: {'; '.join(wrong)}. Drop it, then make it anew.")
        SQL("tell_api").exec(connection)
        audit(connection, run=run, action="app status made", function=place)
    return place


def drop_app_status(connection: Connection, *, run: str) -> list[str]:
    """Removes every function of ours, whatever the spec names by now; returns their names."""
    with writing(connection, run=run):
        places = [tuple(found) for found in SQL("list_marked").many(connection, mark=MARK)]
        for place in places:
            SQL("drop", place=qualified(*place)).exec(connection)
        names = [".".join(place) for place in places]
        if names:
            SQL("tell_api").exec(connection)
            audit(connection, run=run, action="app status dropped", functions=names)
    return names


def ask_for_last(connection: Connection, spec: Spec) -> tuple[str, dict[str, Any]] | None:
    """Who has claimed last, by the legacy id, and what the app would be told; whether it is made or not."""
    found = SQL("find_last_claimed").first(connection) if exists(connection) else None
    if found is None:
        return None
    user, account = found
    with reading(connection):
        SQL("be_asker").one(connection, account=account, claims=json.dumps({"sub": account, "role": ROLE}))
        answer = SQL("ask", answer=SQL("answer", accounts=accounts(connection, spec))).first(connection)
    return (user, answer[0]) if answer else None


def _named(spec: Spec) -> str:
    if spec.app_status is None:
        raise SettingsError("the spec names no function for the app: say `app_status: public.migration_status` there")
    return spec.app_status


def _answer(connection: Connection, spec: Spec) -> str:
    return shown(SQL("answer", accounts=accounts(connection, spec)), connection)


def _lacks(connection: Connection, place: str) -> list[str]:
    schema, _, name = place.partition(".")
    knows_asker, has_role, has_schema, may_look = SQL("find_lacks").one(connection, role=ROLE, schema=schema)
    others = [what for (what,) in SQL("list_others").many(connection, schema=schema, name=name, mark=MARK)]
    told = [
        (knows_asker, "there is no function auth.uid(), by which Supabase says who asks"),
        (has_role, f"there is no role {ROLE}"),
        (has_schema, f"there is no schema {schema}"),
        (may_look, f"{ROLE} may not use schema {schema}"),
        (exists(connection), "nothing was migrated yet: run `etl-assets migrate` first"),
        (
            not others,
            f"there is {' and '.join(others)} of that name, and not ours: name another in `app_status`",
        ),
    ]
    return [words for holds, words in told if not holds]


def _describe(connection: Connection, place: str) -> tuple[Any, ...]:
    schema, _, name = place.partition(".")
    return SQL("describe").first(connection, schema=schema, name=name, role=ROLE) or ("", False, [], False, [], False)


def _differences(connection: Connection, spec: Spec, place: str) -> list[str]:
    text, is_right, settings, is_owners, callers, may_ask = _describe(connection, place)
    told = [
        (text == _answer(connection, spec), "its text is not what this version makes of the spec"),
        (is_right and sorted(settings) == sorted(SETTINGS), "it does not run as it should"),
        (is_owners, "it is not owned by the role that owns schema etl"),
        (not callers, f"{', '.join(callers)} may call it"),
        (may_ask, f"{ROLE} may not call it"),
    ]
    return [words for holds, words in told if not holds]
