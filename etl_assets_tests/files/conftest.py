"""Two users whose rows name files, and where these lie and go."""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.dirfs import DirFileSystem

from etl_assets_tests.files.uploads import BIG, jobs, with_files
from etl_assets_tests.s3 import s3_server
from etl_assets_tests.world import AT, World


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[fsspec.AbstractFileSystem]:
    """A bucket `results` on a real S3 server, reached by the environment's credentials."""
    fsspec.filesystem("s3").clear_instance_cache()
    with s3_server(monkeypatch, "results") as there:
        yield there
    fsspec.filesystem("s3").clear_instance_cache()


@pytest.fixture
def store(world: World, request: pytest.FixtureRequest) -> fsspec.AbstractFileSystem:
    """What has the folder `results`: this disk, or where a test takes `s3` beside it, that server."""
    if "s3" in request.fixturenames:
        return request.getfixturevalue("s3")
    (world.folder / "results").mkdir()
    return DirFileSystem(str(world.folder), fsspec.filesystem("file"))


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    folder = tmp_path / "uploads"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"hello")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "sub" / "big.bin").write_bytes(BIG)
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "inner.txt").symlink_to(folder / "a.txt")
    return folder


@pytest.fixture
def moved(world: World, store: fsspec.AbstractFileSystem, uploads: Path) -> World:
    """Two users with files of every kind, not migrated yet."""
    with_files(world, str(uploads))
    world.legacy(f"INSERT INTO users VALUES (1, 'a@example.com', 'x', '{AT}'), (2, 'b@example.com', 'x', '{AT}')")
    jobs(
        world,
        (1, 1, "a.txt"),
        (2, 1, "/var/www/app/sub/big.bin"),
        (3, 1, None),
        (4, 1, ""),
        (5, 2, "a.txt"),
        (6, 2, "empty.txt"),
        (7, 2, "inner.txt"),
    )
    world.sign_up("a@example.com", "b@example.com")
    return world
