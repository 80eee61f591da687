"""Files where they lie: nothing outside the root is read, whichever store it is; what is written is whole."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import fsspec
import pytest

from etl_assets.access.stores.stores import PART_BYTES, LeadsOut, Store, open_store
from etl_assets.model.errors import SettingsError, Unavailable
from etl_assets_tests.rooms.test_sources import sftp_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "chroot" / "uploads"
    (place / "sub").mkdir(parents=True)
    (place / "sub" / "a.txt").write_bytes(b"hello")
    (place.parent / "secret.txt").write_bytes(b"secret")
    (place / "out.txt").symlink_to("../secret.txt")
    (place / "in.txt").symlink_to("sub/a.txt")
    (place / "up").symlink_to("..")
    return place


@pytest.fixture(params=["file", "sftp"])
def store(
    request: pytest.FixtureRequest, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    if request.param == "file":
        yield open_store(str(folder))
        return
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    with sftp_of(folder.parent, home) as url:
        parts = urlsplit(url)
        # As the environment gives them: FSSPEC_SFTP_USERNAME and FSSPEC_SFTP_PASSWORD, which fsspec reads as it starts.
        for protocol in ("sftp", "ssh"):
            login = {"username": parts.username, "password": parts.password}
            monkeypatch.setitem(fsspec.config.conf, protocol, login)
        opened = open_store(f"sftp://{parts.hostname}:{parts.port}/uploads")
        yield opened
        # Before the server ends: a connection that nobody closes would be found by whichever test comes next.
        there = opened.there
        there.clear_instance_cache()
        there._finalize(there.loop, there._pool, there._stack)


def test_what_is_inside_is_found_and_what_a_link_leads_to_outside_is_not(store: Store, tmp_path: Path) -> None:
    store.require_root()
    for place in ("sub/a.txt", "in.txt"):
        found = store.find((place,))
        assert found is not None
        assert found.size == 5
        read = store.fetch(found, tmp_path / place.replace("/", "-"))
        assert read.sha256 == hashlib.sha256(b"hello").hexdigest()
    for place in ("out.txt", "up/secret.txt"):
        with pytest.raises(LeadsOut):
            store.find((place,))
    for place in ("no.txt", "sub", "sub/a.txt/b", "x" * 300):
        assert store.find((place,)) is None


def test_a_root_that_is_not_there_is_said(store: Store) -> None:
    with pytest.raises((SettingsError, Unavailable)):
        Store(store.url, store.there, f"{store.root}-other").require_root()


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, 2 * PART_BYTES - 1, 2 * PART_BYTES, 3 * PART_BYTES + 7])
def test_what_is_written_is_whole_and_proven(tmp_path: Path, size: int) -> None:
    source, target = tmp_path / "from", tmp_path / "to"
    source.mkdir()
    (source / "a").write_bytes(b"x" * size)
    there, here = open_store(str(target)), open_store(str(source))
    found = here.find(("a",))
    assert found is not None
    read = here.fetch(found, tmp_path / "scratch")
    mark = there.put(tmp_path / "scratch", "account/a", read, name="a")
    assert there.look("account/a") == (size, mark)
    assert [path.name for path in (target / "account").iterdir()] == ["a"]
    there.remove("account/a")
    there.remove("account/a")
    assert there.look("account/a") is None


READ = "import sys; from etl_assets.access.stores.stores import open_store; print(open_store(sys.argv[1]).find(('a.txt',)).size)"


@pytest.mark.parametrize(
    ("password", "said"), [("sesame", "5"), ("CANARY", "permission denied. Check the credentials")]
)
def test_a_login_of_the_old_server_comes_from_the_environment_alone(
    folder: Path, tmp_path: Path, password: str, said: str
) -> None:
    home = tmp_path / "runner"
    home.mkdir()
    with sftp_of(folder / "sub", home) as url:
        there = f"sftp://{urlsplit(url).hostname}:{urlsplit(url).port}/"
        login = {"HOME": str(home), "FSSPEC_SFTP_USERNAME": "etl", "FSSPEC_SFTP_PASSWORD": password}
        done = subprocess.run(
            [sys.executable, "-c", READ, there],
            env={**os.environ, **login},
            capture_output=True,
            text=True,
            check=False,
        )
    assert said in done.stdout + done.stderr
    assert "CANARY" not in done.stdout + done.stderr
