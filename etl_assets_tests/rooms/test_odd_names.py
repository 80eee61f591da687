"""Columns and tables of any name: through `init`, its tables, check, migrate and undo."""

import sqlite3

import pytest

from etl_assets.init.drafting import draft_spec, printed
from etl_assets_tests.assets.undoing import take_out
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

NAMES = [
    'a"b', "com,ma", "line\nbreak", "tab\tbed", "do.t", "emoji \U0001f600", "x" * 63, "y" * 70, "é" * 40, "select", "order",
    "1st", "2", "Name", "NAME", "with space", " lead", "trail ", "it's", "back`tick", "[bracket]", "semi;colon",
    "per%cent", "%s", "{brace}", "col:on", "#sign", "a/b", "back\\slash", "null", "true", "_classes", "_wave", "user", "oid",
    "xmin", "ctid", "tableoid", "rowid", "id2", "ключ", "表", "e\u0301", "-- dash", "/*c*/", "$1", "@at", "?", "*", "a=b",
    "&amp;", "<tag>", "(paren)", "CASE", "Group By", "ünïcode", "_new_id", "_ref0", "\u00a0nbsp", "zero\u200bwidth",
]  # fmt: skip


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def test_every_name_arrives(world: World) -> None:
    assert len(NAMES) == 60
    with sqlite3.connect(world.legacy_path) as app:
        app.executescript(
            f"CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, created_at TEXT);"
            f"INSERT INTO users VALUES (1, 'ann@example.com', '{AT}');"
        )
        seen: set[str] = set()
        columns = [name for name in NAMES if name.lower() not in seen and not seen.add(name.lower())]  # type: ignore[func-returns-value]
        tables = columns[::5]
        made = ", ".join(f"{_quoted(name)} TEXT" for name in columns)
        app.execute(f"CREATE TABLE things (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id), {made})")
        marks = ", ".join("?" for _ in columns)
        app.execute(f"INSERT INTO things VALUES (1, 1, {marks})", [f"cell {n}" for n, _ in enumerate(columns)])
        for number, name in enumerate(tables):
            app.execute(
                f"CREATE TABLE {_quoted(name + ' t')} (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id), v TEXT)"
            )
            app.execute(f"INSERT INTO {_quoted(name + ' t')} VALUES (1, 1, ?)", [f"table {number}"])
    app.close()
    draft = draft_spec(world.legacy_path)
    path = world.folder / "odd.yaml"
    path.write_text(printed(draft, as_ddl=False), encoding="utf-8")
    world.use_spec(path)
    world.execute(printed(draft, as_ddl=True))
    world.sign_up("ann@example.com")
    assert world.migrate().exit_code == 0, world.said
    cells = [row for name in world.spec.tables for row in _cells(world, name)]
    assert sorted(cells) == sorted(
        [f"cell {n}" for n in range(len(columns))] + [f"table {n}" for n in range(len(tables))]
    )
    assert world.migrate().exit_code == 0
    take_out(world, user="1")
    assert not [row for name in world.spec.tables for row in _cells(world, name)]


def _cells(world: World, name: str) -> list[str]:
    table = world.spec.tables[name]
    found = []
    for column in table.columns:
        target = f"{_quoted(table.target_schema)}.{_quoted(table.target_table)}"
        found += [value for (value,) in world.query(f"SELECT {_quoted(column)} FROM {target}")]
    return found
