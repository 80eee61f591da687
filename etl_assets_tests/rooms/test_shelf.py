"""Artifacts on a shelf that machines share: another one finds them, nothing is half, and what was forgotten is gone."""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from etl_assets.access.files.shelf import Shelf
from etl_assets.access.files.store import Store
from etl_assets.assets.keys import PAGE
from etl_assets.assets.resources import Stores
from etl_assets.model.errors import ArtifactError, SettingsError, ShelfRefused, Unavailable
from etl_assets.settings import absolute_settings, read_settings
from etl_assets_tests.assets.person import CANARIES, PERSON, erase
from etl_assets_tests.s3 import CREDENTIALS, s3_server
from etl_assets_tests.scenario import BOOKS
from etl_assets_tests.world import IN_FULL, World

pytestmark = pytest.mark.usefixtures("without_dagster")

URL = "s3://shelf/app"
ALL = "SELECT key FROM etl.shelf_objects ORDER BY key"


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with s3_server(monkeypatch, "shelf", ignores_conditions=True) as found:
        monkeypatch.setenv("ETL_ARTIFACTS", URL)
        yield found


def on_machine(patch: pytest.MonkeyPatch, folder: Path) -> Path:
    patch.setenv("ETL_SCRATCH", str(folder))
    return folder


def objects(there: Any) -> dict[str, bytes]:
    """Every object's content, unpacked."""
    there.invalidate_cache()
    found = {path.removeprefix("shelf/app/"): there.cat_file(path) for path in there.find("shelf")}
    unpack = zstandard.ZstdDecompressor()
    return {key: unpack.decompressobj().decompress(c) if key.endswith(".zst") else c for key, c in found.items()}


def forget_the_folder(world: World) -> list[str]:
    """Where a person's traces still are, below any folder of the test."""
    files = [path for path in world.folder.rglob("*") if path.is_file() and "artifacts" not in path.parts]
    places = [path for path in files if path.suffix not in (".yaml",) and path != world.legacy_path]
    return [f"{path}: {canary}" for path in places for canary in CANARIES if canary.encode() in path.read_bytes()]


def test_another_machine_finds_everything_and_goes_on(
    awkward: World, there: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_machine(monkeypatch, tmp_path / "one")
    outcome = awkward.migrate()
    assert (outcome.exit_code, outcome.books.closed) == (0, True)
    kept = objects(there)
    assert sorted(kept) == [key for (key,) in awkward.query(ALL)]
    assert {"/".join(key.split("/")[:1]) for key in kept} == {"snapshots", "reports"}
    before = awkward.checksum("public.jobs", "public.credit_transactions", "etl.loaded")

    two = on_machine(monkeypatch, tmp_path / "two")
    awkward.sign_up("dan@example.com")
    [(snapshot,)] = awkward.query("SELECT DISTINCT snapshot FROM etl.staged")
    assert Stores().artifacts().current_snapshot().id == snapshot
    outcome = awkward.migrate()
    assert (outcome.exit_code, outcome.books.closed) == (0, True)
    assert awkward.query("SELECT DISTINCT snapshot FROM etl.staged") == [(snapshot,)]
    assert awkward.query("SELECT count(*) FROM etl.loaded") == [(8,)]
    assert awkward.checksum("public.jobs", "public.credit_transactions", "etl.loaded") != before
    assert (two / "reports" / PAGE).read_bytes() in objects(there).values()
    # Nothing is left under way, nothing of the former pages.
    assert sorted(objects(there)) == [key for (key,) in awkward.query(ALL)]
    assert len(objects(there)) == awkward.query("SELECT count(*) FROM etl.shelf")[0][0]
    assert not list((two / "unfinished").iterdir())


@IN_FULL
def test_two_machines_at_once_bring_nothing_twice(awkward: World, there: Any, tmp_path: Path) -> None:
    def machine(name: str) -> "subprocess.Popen[str]":
        home = tmp_path / name
        places = {"ETL_SCRATCH": str(home / "scratch"), "DAGSTER_HOME": str(home / "dagster"), "HOME": str(home)}
        environment = {name: value for name, value in os.environ.items() if name != "ETL_TESTS_WITHOUT_DAGSTER"}
        command = [sys.executable, "-m", "etl_assets.cli", "migrate"]
        return subprocess.Popen(
            command, env={**environment, **places}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    machines = [machine("one"), machine("two")]
    said = [process.communicate(timeout=180)[0] for process in machines]
    assert [process.returncode for process in machines] == [0, 0], said
    assert awkward.query('SELECT count(*), count(DISTINCT ("table", legacy_id)) FROM etl.loaded') == [(6, 6)]
    jobs = BOOKS["jobs"]["loaded"]
    assert awkward.query("SELECT count(*) FROM public.jobs") == [(jobs,)]
    assert "CANARY_KEY" not in "".join(said)
    Stores().artifacts().shelf.sweep(older_s=0)
    assert sorted(objects(there)) == [key for (key,) in awkward.query(ALL)]


def test_who_is_forgotten_on_one_machine_is_on_no_other(
    awkward: World, there: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    awkward.legacy(PERSON)
    one = on_machine(monkeypatch, awkward.folder / "one")
    assert awkward.migrate().exit_code == 0
    assert forget_the_folder(awkward)
    on_machine(monkeypatch, awkward.folder / "two")
    awkward.sign_up("dan@example.com")
    assert awkward.migrate().exit_code == 0
    erase(awkward)
    found = [key for key, content in objects(there).items() for c in CANARIES if c.encode() in content]
    assert found == []
    assert all("/one/" in trace for trace in forget_the_folder(awkward))
    # The first machine's copies go with its next run.
    on_machine(monkeypatch, one)
    assert awkward.migrate().exit_code == 0
    assert forget_the_folder(awkward) == []


@pytest.mark.parametrize("point", ["shelf.sent", "shelf.pointed", "shelf.deleted"])
def test_what_breaks_off_leaves_nothing_half_and_is_swept(
    ready: World, there: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    on_machine(monkeypatch, tmp_path / "one")
    Stores().artifacts().publish_report(PAGE, ["a page"])

    def break_off(name: str) -> None:
        if name == point:
            raise KeyboardInterrupt

    shelved = Stores().artifacts()
    with monkeypatch.context() as patch:
        patch.setattr("etl_assets.core.shelf.shelved.fault_point", break_off)
        with pytest.raises(KeyboardInterrupt):
            shelved.publish_report(PAGE, ["another"])
    on_machine(monkeypatch, tmp_path / "two")
    assert Stores().artifacts().read_report(PAGE) == ("a page" if point == "shelf.sent" else "another")
    Stores().artifacts().shelf.sweep(older_s=0)
    kept = [key for (key,) in ready.query("SELECT key FROM etl.shelf ORDER BY key")]
    assert [key for (key,) in ready.query(ALL)] == kept
    assert sorted(objects(there)) == kept


def test_an_upload_that_was_killed_is_no_object_and_is_ended(
    there: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = tmp_path / "large"
    large.write_bytes(os.urandom(24 << 20))
    # Killed after its second part, by the kernel.
    script = (
        "import os, signal, sys; import s3fs; from pathlib import Path; from etl_assets.access.files.store import Store\n"
        "real, sent = s3fs.S3FileSystem._call_s3, []\n"
        "async def call(self, method, *rest, **more):\n"
        "    if method == 'upload_part':\n"
        "        sent.append(1)\n"
        "        if len(sent) == 3: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return await real(self, method, *rest, **more)\n"
        "s3fs.S3FileSystem._call_s3 = call\n"
        "Store(sys.argv[1], Path).put(Path(sys.argv[2]), 'snapshots/x.db')\n"
    )
    done = subprocess.run([sys.executable, "-c", script, URL, str(large)], check=False)
    assert done.returncode == -9
    assert objects(there) == {}
    assert len(there.list_multipart_uploads("shelf")) == 1
    store = Store(URL, lambda name: tmp_path / name)
    assert store.end_uploads(older_s=0) == 1
    assert not there.list_multipart_uploads("shelf")
    store.put(large, "snapshots/x.db")
    store.get("snapshots/x.db", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == large.read_bytes()


def test_an_object_that_somebody_changed_is_not_taken(
    ready: World, there: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_machine(monkeypatch, tmp_path / "one")
    Stores().artifacts().publish_report(PAGE, ["a page"])
    [(key,)] = ready.query("SELECT key FROM etl.shelf WHERE name = 'reports/migration_report.html'")
    there.pipe_file(f"shelf/app/{key}", b"forged")
    on_machine(monkeypatch, tmp_path / "two")
    with pytest.raises(ArtifactError, match="is not what was put there"):
        Stores().artifacts().read_report(PAGE)
    assert not (tmp_path / "two" / "reports").exists()


def test_a_shelf_that_is_not_to_be_had_is_one_sentence(
    awkward: World, there: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_machine(monkeypatch, tmp_path / "one")
    monkeypatch.setenv("ETL_ARTIFACTS", "s3://not-there/app")
    done = awkward.cli("migrate")
    assert (done.returncode, "does not exist. Check ETL_ARTIFACTS" in done.stderr) == (2, True), done.stderr
    monkeypatch.setenv("ETL_ARTIFACTS", URL)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    store = Store(URL, lambda name: tmp_path / name)
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        store.get("reports/x", tmp_path / "x")
    assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in str(caught.value)


class _Shut(http.server.BaseHTTPRequestHandler):
    """A store that lets nobody in."""

    protocol_version = "HTTP/1.1"

    def _refuse(self) -> None:
        content = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response_only(403)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else content)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def test_a_shelf_that_lets_nobody_in_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "page").write_bytes(b"x")
    methods = {f"do_{method}": _Shut._refuse for method in ("GET", "PUT", "POST", "DELETE", "HEAD")}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Shut", (_Shut,), methods)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(ShelfRefused, match=r"permission denied\. Check the credentials") as caught:
            Store(URL, lambda name: tmp_path / name).put(tmp_path / "page", "reports/x.html")
        server.shutdown()
    assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in str(caught.value)


def test_a_library_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(SettingsError, match="pip install 'etl-assets\\[remote\\]'"):
        Store("gs://shelf/app", lambda name: tmp_path / name).delete("reports/x.html")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("foo://bucket/x", "is a foo:// URL; it takes a folder, or one of s3://"),
        ("http://host/x", "is a http:// URL"),
        ("s3://key:secret@bucket/x", "holds credentials"),
        ("s3:///x", "names no bucket"),
    ],
)
def test_what_is_no_shelf_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TARGET_DATABASE_URL", "postgresql://x")
    monkeypatch.setenv("ETL_ARTIFACTS", value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_shelf_wants_a_target_of_its_own_and_leaves_the_rest_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TARGET_DATABASE_URL", raising=False)
    monkeypatch.setenv("ETL_ARTIFACTS", URL)
    with pytest.raises(SettingsError, match="TARGET_DATABASE_URL has to be set"):
        read_settings()
    monkeypatch.setenv("TARGET_DATABASE_URL", "postgresql://x")
    monkeypatch.setenv("ETL_SCRATCH", "here")
    settings = read_settings()
    assert (settings.shelf_url, settings.artifacts) == (URL, tmp_path / "here")
    assert absolute_settings()["ETL_ARTIFACTS"] == URL
    assert absolute_settings()["ETL_SCRATCH"] == str(tmp_path / "here")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_its_own_shelf(tmp_path: Path) -> None:
    shelf, part = Shelf(tmp_path), tmp_path / "part"
    part.write_bytes(b"x")
    shelf.place(part, tmp_path / "reports" / "page")
    assert shelf.bring(tmp_path / "reports" / "page") == tmp_path / "reports" / "page"
    assert shelf.files(tmp_path) == {tmp_path / "reports" / "page"}
    shelf.remove(tmp_path / "reports" / "page")
    assert shelf.bring(tmp_path / "reports" / "page") is None
    assert shelf.sweep(older_s=0) == 0
