"""The legacy database from elsewhere: the same books, whichever way it comes; what is hostile or open is refused."""

import asyncio
import http.server
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncssh
import fsspec
import pytest
import zstandard

from etl_assets.access.files.elsewhere import shown
from etl_assets.access.legacy.dump import database_of
from etl_assets.access.legacy.source import brought, legacy_mark
from etl_assets.model.errors import LegacyFileError, SettingsError, Unavailable
from etl_assets.settings import absolute_settings, read_settings, with_legacy
from etl_assets_tests.s3 import s3_server
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")


@contextmanager
def https_of(folder: Path) -> Iterator[str]:
    """A web server of a folder, which tells no time of its files but in a header."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def sftp_of(folder: Path, home: Path) -> Iterator[str]:
    """An SFTP server of a folder, whose key is in the known_hosts of `home`."""
    loop, key = asyncio.new_event_loop(), asyncssh.generate_private_key("ssh-ed25519")

    class Open(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == ("etl", "sesame")

    async def start() -> Any:
        chroot = partial(asyncssh.SFTPServer, chroot=str(folder).encode())
        return await asyncssh.listen("127.0.0.1", 0, server_factory=Open, server_host_keys=[key], sftp_factory=chroot)

    running = threading.Thread(target=loop.run_forever, daemon=True)
    running.start()
    server = asyncio.run_coroutine_threadsafe(start(), loop).result()
    port = server.get_port()
    (home / ".ssh").mkdir()
    public = key.export_public_key().decode().strip()
    (home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n", encoding="utf-8")
    yield f"sftp://etl:sesame@127.0.0.1:{port}"

    async def end() -> None:
        server.close()
        await server.wait_closed()

    asyncio.run_coroutine_threadsafe(end(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    running.join()
    loop.close()


@contextmanager
def s3_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An object store with the files of a folder."""
    with s3_server(monkeypatch, "legacy") as there:
        for path in folder.iterdir():
            there.put_file(str(path), f"legacy/{path.name}")
        yield "s3://legacy"


def dumped(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        return "".join(f"{line}\n" for line in connection.iterdump())


def test_every_way_of_coming_gives_the_same_books(
    awkward: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, home = tmp_path / "elsewhere", tmp_path / "somebody"
    folder.mkdir()
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    content = awkward.legacy_path.read_bytes()
    (folder / "app.db").write_bytes(content)
    (folder / "app.db.zst").write_bytes(zstandard.compress(content))
    (folder / "app.sql").write_text(dumped(awkward.legacy_path), encoding="utf-8")
    awkward.migrate()
    expected = awkward.checksum("public.jobs", "public.credit_transactions", "etl.loaded")
    staged = [awkward.checksum(f"etl.stg_{name}") for name in ("jobs", "artifacts")]
    with https_of(folder) as web, sftp_of(folder, home) as sftp, s3_of(folder, monkeypatch) as s3:
        ways = [f"{sftp}/app.db", f"{web}/app.db.zst", f"{s3}/app.db", str(folder / "app.sql")]
        for way in ways:
            monkeypatch.setenv("LEGACY_SQLITE", way)
            outcome = awkward.migrate()
            assert (outcome.exit_code, outcome.books.closed) == (0, True), shown(way)
            assert awkward.checksum("public.jobs", "public.credit_transactions", "etl.loaded") == expected
            assert [awkward.checksum(f"etl.stg_{name}") for name in ("jobs", "artifacts")] == staged, shown(way)
            assert legacy_mark(read_settings()) == legacy_mark(read_settings())
    assert list((awkward.folder / "artifacts" / "unfinished").iterdir()) == []


def test_a_changed_object_is_noticed_by_its_mark_without_being_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tmp_path / "app.db.gz"
    packed.write_bytes(b"not even packed")
    monkeypatch.setenv("LEGACY_SQLITE", str(packed))
    before = legacy_mark(read_settings())
    os.utime(packed, (1, 1))
    assert legacy_mark(read_settings()) != before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (".shell touch {there}\nSELECT 1;\n", "line 1 of the dump app.sql is the command `.shell`"),
        ("CREATE TABLE t (a);\nATTACH '{there}' AS x;\n", "line 2 ATTACH, which no dump needs"),
        ("PRAGMA temp_store_directory = '{there}';\n", "PRAGMA temp_store_directory, which no dump needs"),
        ("SELECT load_extension('{there}');\n", "load_extension, which no dump needs"),
        ("VACUUM INTO '{there}';\n", "ATTACH, which no dump needs"),
        ("CREATE TABLE t (a);\nINSERT INTO t VALUES ('half", "its last statement has no end"),
        ("BEGIN;\nCREATE TABLE t (a);\n", "ends within a transaction"),
        ("INSERT INTO nowhere VALUES (1);\n", "what SQLite refuses: no such table"),
    ],
)
def test_a_hostile_or_broken_dump_is_refused_and_nothing_is_executed(tmp_path: Path, text: str, said: str) -> None:
    there = tmp_path / "there"
    lines = text.format(there=there).splitlines(keepends=True)
    with pytest.raises(LegacyFileError, match="(?i)" + said.replace(".", r"\.").replace("(", r"\(")):
        database_of(lines, tmp_path / "app.db", name="app.sql")
    assert not there.exists()


def test_a_dump_gives_every_value_back(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a, b TEXT);"
            "CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE t SET b = 'fired'; END;"
        )
        rows = [(1, b"\x00\xff", "a;\n.shell\n'quoted' -- no comment"), (2, 1.5, "\r\n;"), (9, None, "")]
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        connection.execute("UPDATE t SET b = 'a;' || char(10) || '.shell' || char(10) || b")
        expected = connection.execute("SELECT * FROM t").fetchall()
    with sqlite3.connect(path) as connection:
        lines = "".join(f"{line}\n" for line in connection.iterdump()).splitlines(keepends=True)
    database_of(lines, tmp_path / "back.db", name="app.sql")
    with sqlite3.connect(tmp_path / "back.db") as back:
        assert back.execute("SELECT * FROM t").fetchall() == expected


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        ("foo://elsewhere/app.db", SettingsError, "nothing here reads such a URL"),
        ("sftp://etl:sesame@127.0.0.1:1/app.db", Unavailable, "cannot be reached"),
        ("https://etl:sesame@127.0.0.1:1/app.db?token=sesame", Unavailable, "cannot be reached"),
        ("memory://nowhere/app.db", LegacyFileError, "does not exist"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_without_secrets(
    world: World, monkeypatch: pytest.MonkeyPatch, url: str, error: type[Exception], said: str
) -> None:
    monkeypatch.setenv("LEGACY_SQLITE", url)
    with pytest.raises(error, match=said) as refused, brought(read_settings()):
        pass
    assert "sesame" not in str(refused.value)


def test_a_file_with_a_wal_beside_it_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    store = fsspec.filesystem("memory")
    store.pipe_file("/open/app.db", b"SQLite format 3\x00")
    store.pipe_file("/open/app.db-wal", b"w" * 4_096)
    monkeypatch.setenv("LEGACY_SQLITE", "memory://open/app.db")
    with pytest.raises(LegacyFileError, match="has a -wal beside it"), brought(read_settings()):
        pass


@pytest.mark.parametrize("name", ["ETL_SCRATCH", "ETL_SPEC", "ETL_CORRECTIONS", "ETL_CLAIMS", "DAGSTER_HOME"])
def test_every_other_setting_refuses_a_url_and_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, "s3://key:secret@bucket/x")
    with pytest.raises(SettingsError, match=f"{name} is a s3:// URL") as refused:
        read_settings()
    assert "secret" not in str(refused.value)
    monkeypatch.setenv(name, (tmp_path / "a b").as_uri())
    read_settings()
    assert list(tmp_path.iterdir()) == []


def test_a_url_with_a_password_can_stand_in_a_file(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "url"
    file.write_text("sftp://etl:sesame@127.0.0.1/app.db\n", encoding="utf-8")
    monkeypatch.setenv("LEGACY_SQLITE_FILE", str(file))
    with pytest.raises(SettingsError, match="both set"):
        read_settings()
    monkeypatch.delenv("LEGACY_SQLITE")
    settings = read_settings()
    assert settings.legacy_url == "sftp://etl:sesame@127.0.0.1/app.db"
    assert "sesame" not in repr(settings) + repr(absolute_settings())
    file.write_text(str(tmp_path / "app.db"), encoding="utf-8")
    assert (read_settings().legacy_path, read_settings().legacy_url) == (tmp_path / "app.db", None)
    assert with_legacy(settings, (tmp_path / "a b.db").as_uri()).legacy_file() == tmp_path / "a b.db"


def test_init_reads_a_packed_database_and_names_it(awkward: World, tmp_path: Path) -> None:
    packed = tmp_path / "shop.db.zst"
    packed.write_bytes(zstandard.compress(awkward.legacy_path.read_bytes()))
    plain, brought_here = awkward.cli("init", str(awkward.legacy_path)), awkward.cli("init", packed.as_uri())
    assert (plain.returncode, brought_here.returncode) == (0, 0), brought_here.stderr
    assert "shop.db" in brought_here.stdout
    told = [line for line in plain.stdout.splitlines() if not line.startswith(("#", "namespace"))]
    assert [line for line in brought_here.stdout.splitlines() if not line.startswith(("#", "namespace"))] == told
