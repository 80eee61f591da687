"""A real database, end to end: half of the customers first, the other half later."""

import sqlite3
import uuid
from decimal import Decimal
from pathlib import Path

import pytest

from etl_assets.access.files.whole import PRIVATE_FILE
from etl_assets_tests.world import SHARED_DATA, World

CHINOOK = SHARED_DATA / "chinook" / "Chinook_Sqlite.sqlite"
FIXTURES = Path(__file__).parents[1] / "fixtures"
TABLES = {
    "genres": "Genre",
    "media_types": "MediaType",
    "artists": "Artist",
    "albums": "Album",
    "tracks": "Track",
    "invoices": "Invoice",
    "invoice_lines": "InvoiceLine",
}

pytestmark = [
    pytest.mark.skipif(not CHINOOK.exists(), reason="../shared/data/chinook is not on this machine"),
    pytest.mark.usefixtures("without_dagster"),
]


@pytest.fixture
def chinook(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("LEGACY_SQLITE", str(CHINOOK))
    world.use_spec(FIXTURES / "chinook.yaml")
    world.execute((FIXTURES / "chinook.sql").read_text(encoding="utf-8"))
    return world


def legacy(query: str) -> list[tuple]:
    connection = sqlite3.connect(f"file:{CHINOOK}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def emails(*, odd: bool) -> list[str]:
    return [email for number, email in legacy("SELECT CustomerId, Email FROM Customer") if number % 2 == int(odd)]


def totals_before(*, odd: bool) -> dict[str, Decimal]:
    """Each customer's invoice total by SQLite's cells, summed in decimals, by folded address.

    One customer's address is not ASCII (stanis\u0142aw.w\u00f3jcik@...): it is never matched, so he waits for an operator.
    """
    found: dict[str, Decimal] = {}
    for number, email, total in legacy(
        "SELECT c.CustomerId, c.Email, i.Total FROM Customer c JOIN Invoice i USING (CustomerId)"
    ):
        if number % 2 == int(odd) and email.isascii():
            found[email.lower()] = found.get(email.lower(), Decimal(0)) + Decimal(repr(total))
    return found


def totals_after(world: World) -> dict[str, Decimal]:
    return dict(
        world.query(
            "SELECT u.email, sum(i.total) FROM public.invoices i JOIN auth.users u ON u.id = i.customer_id GROUP BY u.email"
        )
    )


def new_id(world: World, table: str, legacy_id: object) -> uuid.UUID:
    return uuid.uuid5(world.spec.namespace, f"{table}/{legacy_id}")


def test_two_waves_bring_every_row_to_its_customer_to_the_cent(chinook: World) -> None:
    chinook.sign_up(*[email.lower() for email in emails(odd=True)])
    first = chinook.migrate()
    assert first.exit_code == 0, chinook.said
    assert first.books.closed
    for book in first.books.tables:
        assert book.source == legacy(f"SELECT count(*) FROM {TABLES[book.table]}")[0][0]
        assert book.quarantined == book.excluded == 0
        assert book.waiting == (0 if book.table not in ("invoices", "invoice_lines") else book.source - book.loaded)
    assert first.books.users == first.books.users | {"total": 59, "resolved": 29, "waiting": 29, "invalid_email": 1}
    assert totals_after(chinook) == totals_before(odd=True)
    before = {row[0]: row for row in chinook.query("SELECT * FROM public.invoice_lines")}
    catalogue = chinook.checksum(
        "public.genres", "public.media_types", "public.artists", "public.albums", "public.tracks"
    )

    chinook.sign_up(*[email.lower() for email in emails(odd=False)])
    second = chinook.migrate()
    assert second.exit_code == 0
    assert second.books.closed
    assert second.books.users["resolved"] == 58
    assert [wave.users for wave in second.books.waves] == [29, 29]
    assert totals_after(chinook) == totals_before(odd=True) | totals_before(odd=False)
    after = {row[0]: row for row in chinook.query("SELECT * FROM public.invoice_lines")}
    unmatched = legacy("SELECT count(*) FROM InvoiceLine JOIN Invoice USING (InvoiceId) WHERE CustomerId = 49")[0][0]
    assert len(after) == 2240 - unmatched
    assert before.items() <= after.items()
    even_lines = legacy("SELECT InvoiceLineId FROM InvoiceLine JOIN Invoice USING (InvoiceId) WHERE CustomerId % 2 = 0")
    assert set(after) - set(before) == {new_id(chinook, "invoice_lines", number) for (number,) in even_lines}
    assert catalogue == chinook.checksum(
        "public.genres", "public.media_types", "public.artists", "public.albums", "public.tracks"
    )


def test_every_cell_arrives_as_sqlite_holds_it(chinook: World) -> None:
    chinook.sign_up(*[email.lower() for email in emails(odd=True) + emails(odd=False)])
    assert chinook.migrate().exit_code == 0
    tracks = {
        new_id(chinook, "tracks", row[0]): (
            row[1],
            row[2] and new_id(chinook, "albums", row[2]),
            row[4],
            row[3],
            row[5],
            row[6],
            row[6] / 1000.0,
            row[7],
            Decimal(repr(row[8])),
        )
        for row in legacy(
            "SELECT TrackId, Name, AlbumId, MediaTypeId, GenreId, Composer, Milliseconds, Bytes, UnitPrice FROM Track"
        )
    }
    found = {row[0]: row[1:] for row in chinook.query("SELECT * FROM public.tracks")}
    assert found == tracks
    lines = {
        new_id(chinook, "invoice_lines", row[0]): (
            new_id(chinook, "invoices", row[1]),
            new_id(chinook, "tracks", row[2]),
            Decimal(repr(row[3])),
            row[4],
        )
        for row in legacy("SELECT InvoiceLineId, InvoiceId, TrackId, UnitPrice, Quantity FROM InvoiceLine")
    }
    found_lines = {row[0]: row[1:] for row in chinook.query("SELECT * FROM public.invoice_lines")}
    assert len(found_lines) > 2_000
    assert found_lines.items() <= lines.items()


def test_kept_ids_raise_the_identity_sequence(chinook: World) -> None:
    assert chinook.migrate().exit_code == 0
    assert chinook.query("SELECT count(*), max(id) FROM public.genres") == [(25, 25)]
    assert chinook.query("INSERT INTO public.genres (name) VALUES ('Native') RETURNING id") == [(26,)]


def test_equal_lookup_rows_are_adopted_and_others_refused(chinook: World) -> None:
    chinook.execute("INSERT INTO public.media_types VALUES (1, 'MPEG audio file')")
    assert chinook.migrate().exit_code == 0
    assert chinook.query("SELECT count(*) FROM public.media_types") == [(5,)]
    chinook.execute("DELETE FROM etl.loaded WHERE \"table\" = 'media_types' AND legacy_id = '2'")
    chinook.execute("UPDATE public.media_types SET name = 'Something native' WHERE id = 2")
    refused = chinook.migrate()
    assert refused.exit_code == 1
    assert chinook.query("SELECT name FROM public.media_types WHERE id = 2") == [("Something native",)]


def test_the_legacy_file_is_not_touched(chinook: World) -> None:
    before = (CHINOOK.stat().st_mtime_ns, sorted(path.name for path in CHINOOK.parent.iterdir()))
    chinook.migrate()
    assert (CHINOOK.stat().st_mtime_ns, sorted(path.name for path in CHINOOK.parent.iterdir())) == before
    files = [path for path in (chinook.folder / "artifacts").rglob("*") if path.is_file()]
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {PRIVATE_FILE}
