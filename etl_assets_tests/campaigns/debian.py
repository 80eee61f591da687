"""A cluster of Debian's PostgreSQL 15, for campaigns: as the system user `postgres`, in a temporary folder."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BINARIES = Path("/usr/lib/postgresql/15/bin")
USER = "postgres"


def _run(tool: str, *arguments: str) -> None:
    subprocess.run(
        [str(BINARIES / tool), *arguments], user=USER, group=USER, cwd="/", check=True, stdout=subprocess.DEVNULL
    )


@contextmanager
def debian_cluster(folder: Path | None = None) -> Iterator[str]:
    """The DSN of a database of a new cluster, in a folder of its own or in one that is given."""
    home = folder or Path(tempfile.mkdtemp(prefix="pg15-"))
    shutil.chown(home, USER, USER)
    home.chmod(0o755)
    data = home / "data"
    _run("initdb", "-D", str(data), "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    options = f"-k {home} -p 5432 -c listen_addresses='' -c max_wal_size=64MB -c min_wal_size=32MB"
    _run("pg_ctl", "start", "-D", str(data), "-w", "-o", options, "-l", str(home / "log"))
    try:
        yield f"postgresql://postgres@/postgres?host={home}"
    finally:
        _run("pg_ctl", "stop", "-D", str(data), "-m", "immediate", "-w")
        if folder is None:
            shutil.rmtree(home)
