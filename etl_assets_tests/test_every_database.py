"""Databases of others under ../shared/data: a spec from `init`, its tables, accounts for its users, a whole migration."""

import os
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from etl_assets.demo.accounts import legacy_addresses
from etl_assets.init.drafting import draft_spec, printed
from etl_assets_tests.every_cell import compare_production
from etl_assets_tests.world import EVERYTHING, SHARED_DATA, World, selected

FOUND = os.environ.get("ETL_EVERY_DATABASE")  # a file that takes the table of the results, one line each
# The largest take minutes and show nothing that the others do not: they wait for whoever asks for the table.
LARGE = (
    "sakila_1.sqlite",
    "accounts_sample.db",
    "Chinook_Sqlite.sqlite",
    "northwind.db",
    "sqlite.db",
    "storage.sqlite",
)
ALL = sorted([*SHARED_DATA.glob("*/*.db"), *SHARED_DATA.glob("*/*.sqlite")])
NAMES = [path.name for path in ALL if FOUND or path.name not in LARGE]
# One of each shape; the others are the campaign `everything`.
SHAPES = (
    "bad-utf8.db",  # text that is none
    "emptytype.db",  # columns without a type
    "fts.db",  # virtual and shadow tables, blobs
    "giant_row_id.db",
    "hr_1.sqlite",  # decimal keys, keys of two columns, references, umlauts in names
    "mixed_data_numeric.db",  # types that are not the column's
    "negativepk.db",
    "norowid.db",
)
DATABASES = [path for path in ALL if NAMES and path.name in (NAMES if FOUND else selected(NAMES, SHAPES))]
pytestmark = [
    pytest.mark.skipif(not DATABASES, reason="../shared/data is not on this machine"),
    *([] if FOUND or EVERYTHING in os.environ else [pytest.mark.usefixtures("without_dagster")]),
]


@pytest.mark.parametrize("path", DATABASES, ids=lambda path: path.name)
def test_a_real_database_migrates_whole_and_cell_by_cell(path: Path, world: World) -> None:
    shutil.copyfile(path, world.legacy_path)
    world.execute("DROP TABLE public.artifacts, public.credit_transactions, public.jobs")
    draft = draft_spec(path)
    if not draft.tables:
        assert draft.not_migrated
        return
    world.execute(printed(draft, as_ddl=True))
    spec = world.folder / "init.yaml"
    spec.write_text(printed(draft, as_ddl=False), encoding="utf-8")
    world.use_spec(spec)
    if world.spec.users is not None:
        world.sign_up(*legacy_addresses(world.legacy_path, world.spec.users))
    began = time.monotonic()
    outcome = world.migrate()
    took = time.monotonic() - began
    assert outcome.exit_code == 0, world.said
    assert outcome.books.closed
    before = [world.query(f"SELECT count(*) FROM {table.target}") for table in world.spec.tables.values()]
    compared = compare_production(world.legacy_path, world.url, world.spec)
    assert compared.differences == []
    books = outcome.books.tables
    assert compared.rows == sum(book.loaded for book in books)
    assert sum(book.source for book in books) == legacy_rows(path, [table.source for table in draft.tables])
    note(world, path, took, compared.cells)
    assert world.migrate().exit_code == 0
    assert [world.query(f"SELECT count(*) FROM {table.target}") for table in world.spec.tables.values()] == before


def legacy_rows(path: Path, tables: list[str]) -> int:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        names = ['"' + table.replace('"', '""') + '"' for table in tables]
        total = sum(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names)
    connection.close()
    return int(total)


def note(world: World, path: Path, took: float, cells: int) -> None:
    if not FOUND:
        return
    quarantined = world.query("SELECT rule, count(*) FROM etl.quarantine GROUP BY 1 ORDER BY 1")
    rules = ", ".join(f"{rule} {count}" for rule, count in quarantined) or "none"
    [(loaded,)] = world.query("SELECT count(*) FROM etl.loaded")
    with Path(FOUND).open("a", encoding="utf-8") as file:
        file.write(
            f"| {path.parent.name}/{path.name} | {len(world.spec.tables)} | {loaded:,} | {rules} | {cells:,} | {took:.1f} |\n"
        )
