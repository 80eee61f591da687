"""The private PostgreSQL starts by itself, opens nobody's folder and stops with its last user."""

import os
import pwd
import stat
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg
import pytest

from etl_assets.access.postgres.embedded import EmbeddedPostgres
from etl_assets_tests.at_once import at_once

HOLD = """
import sys, pathlib
from etl_assets.access.postgres.embedded import EmbeddedPostgres
server = EmbeddedPostgres(pathlib.Path(sys.argv[1])).acquire()
print("ready", flush=True)
sys.stdin.readline()
server.release()
"""

MAKE_USER = """
import sys, pathlib
from etl_assets.access.postgres import embedded
embedded.ROOT_FOLDER, embedded.SYSTEM_USER = pathlib.Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
print(embedded._system_user()[0])
"""


def is_up(server: EmbeddedPostgres) -> bool:
    try:
        psycopg.connect(server.url("postgres")).close()
    except psycopg.OperationalError:
        return False
    return True


def test_no_folder_is_opened_to_others(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    server = EmbeddedPostgres(home / "artifacts").acquire()
    try:
        assert is_up(server)
        for folder in (home, home / "artifacts", server.home, server.data):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    finally:
        server.release()
    assert not is_up(server)


def test_it_stops_with_its_last_user_and_keeps_its_data(tmp_path: Path) -> None:
    first = EmbeddedPostgres(tmp_path).acquire()
    assert first.ensure_database("kept")
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "ready\n"
    first.release()
    assert is_up(first)
    other.communicate("\n", timeout=30)
    assert not is_up(first)
    again = EmbeddedPostgres(tmp_path).acquire()
    assert not again.ensure_database("kept")
    again.release()


def test_a_user_that_was_killed_does_not_keep_it_running(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"ready\n"
    other.kill()
    other.communicate()
    server = EmbeddedPostgres(tmp_path)
    assert is_up(server)  # Postgres itself goes on; the next user takes it over
    server.acquire().release()
    assert not is_up(server)


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    server = EmbeddedPostgres(deep).acquire()
    try:
        assert is_up(server)
        assert len(str(server.socket_folder)) < 95
        assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
    finally:
        server.release()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_root_keeps_the_data_outside_of_private_folders(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    assert (tmp_path / "postgres").is_symlink() if server.home else False
    assert server.home.parent == Path("/var/lib/etl-assets")
    assert server.home.stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_processes_that_start_at_once_on_a_new_machine_share_its_system_user(tmp_path: Path) -> None:
    name = f"etl-test-{uuid.uuid4().hex[:8]}"
    command = [sys.executable, "-c", MAKE_USER, str(tmp_path), name]
    try:
        assert set(at_once(command, 4)) == {f"{pwd.getpwnam(name).pw_uid}\n"}
    finally:
        subprocess.run(["/usr/sbin/userdel", name], check=True)
