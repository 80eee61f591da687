"""The environment, read once."""

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from etl_assets.model.errors import SettingsError, SpecError
from etl_assets.spec.loader import load_spec
from etl_assets.spec.model import Spec

DEFAULT_SPEC = Path(__file__).parent / "migration.yaml"
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
PACKED = (".gz", ".zst", ".sql")
ELSEWHERE = "Only LEGACY_SQLITE, TARGET_DATABASE_URL and ETL_ARTIFACTS take URLs; other folders have to be mounted."
SHELVES = ("s3://", "s3a://", "gs://", "gcs://", "az://", "abfs://")  # what keeps objects, and not files that move
DEFAULT_LANES, MOST_LANES = 2, 32
ARTIFACTS, SCRATCH = "ETL_ARTIFACTS", "ETL_SCRATCH"
DEFAULT_ARTIFACTS = "~/.local/share/etl-assets"
SECRETS = (
    "LEGACY_SQLITE",
    "TARGET_DATABASE_URL",
    "ETL_DAGSTER_POSTGRES",
    "ETL_ALERTS",
    "ETL_HEARTBEAT",
    "ETL_DESK_DATABASE_URL",
    "ETL_DESK_TOKEN",
)  # each also as `<name>_FILE`


@dataclass(frozen=True)
class Settings:
    """Where everything is. `target_url` None means the embedded PostgreSQL; it is never shown.

    `artifacts` is a folder of this machine; where there is a `shelf_url`, what is finished is kept there too.
    """

    artifacts: Path
    spec_path: Path
    legacy_path: Path | None
    target_url: str | None
    dagster_home: Path
    corrections: Path | None = None
    claims: Path | None = None
    legacy_url: str | None = field(default=None, repr=False)
    lanes: int = DEFAULT_LANES
    shelf_url: str | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        """Paths only: the DSN may hold a password."""
        return f"Settings(artifacts={str(self.artifacts)!r}, spec={str(self.spec_path)!r}, embedded={self.is_embedded})"

    @property
    def is_embedded(self) -> bool:
        """True when the target is the private PostgreSQL under `artifacts`."""
        return self.target_url is None

    @property
    def demo_path(self) -> Path:
        """Where the demo's legacy database lies."""
        return self.artifacts / "demo" / "legacy.db"

    @property
    def demo_spec_path(self) -> Path:
        """Where the demo's spec lies, which is in force as long as the demo's database is."""
        return self.demo_path.with_name("migration.yaml")

    @property
    def corrections_path(self) -> Path:
        """The operator's corrections: ETL_CORRECTIONS, else `corrections.csv` among the artifacts; it may be absent."""
        return self.corrections or self.artifacts / "corrections.csv"

    @property
    def claims_path(self) -> Path:
        """Who may claim whom, by an operator's word: ETL_CLAIMS, else `claims.csv` among the artifacts, if there."""
        return self.claims or self.artifacts / "claims.csv"

    def legacy_file(self) -> Path:
        """The legacy database: LEGACY_SQLITE, else the demo's where there is one; of a URL, where nothing lies.

        Raises:
            SettingsError: neither is there.
        """
        if self.legacy_path is not None:
            return self.legacy_path
        if self.is_embedded and self.demo_path.exists():
            return self.demo_path
        raise SettingsError(
            "no legacy database: set LEGACY_SQLITE to its path, or run `etl-assets migrate --demo` once"
        )


def read_settings() -> Settings:
    """The settings that the environment holds now.

    Raises:
        SettingsError: a path is not usable.
    """
    shelf, artifacts = _shelf_url(), _artifacts()
    if artifacts.exists() and not artifacts.is_dir():
        raise SettingsError(f"{ARTIFACTS}={artifacts} is a file, not a folder")
    url, spec = _legacy_url(), _path("ETL_SPEC")
    found = Settings(
        artifacts=artifacts,
        spec_path=spec or DEFAULT_SPEC,
        legacy_path=artifacts / "source" / "legacy.db" if url else _path("LEGACY_SQLITE"),
        target_url=secret("TARGET_DATABASE_URL") or None,
        dagster_home=_path("DAGSTER_HOME") or artifacts / "dagster",
        corrections=_path("ETL_CORRECTIONS"),
        claims=_path("ETL_CLAIMS"),
        legacy_url=url,
        lanes=_lanes(),
        shelf_url=shelf,
    )
    is_demo = spec is None and found.is_embedded and found.legacy_path is None and found.demo_spec_path.exists()
    return replace(found, spec_path=found.demo_spec_path) if is_demo else found


def _shelf_url() -> str | None:
    """ETL_ARTIFACTS where it names objects elsewhere.

    Raises:
        SettingsError: it names what keeps none, or there is no target of the operator's own to say what lies there.
    """
    value = os.environ.get(ARTIFACTS, "")
    scheme = SCHEME.match(value)
    if scheme is None or scheme[0].lower() == "file://":
        return None
    if scheme[0].lower() not in SHELVES:
        raise SettingsError(f"{ARTIFACTS} is a {scheme[0]} URL; it takes a folder, or one of {', '.join(SHELVES)}")
    parts = urlsplit(value)
    if parts.username or parts.password or parts.query:
        raise SettingsError(f"{ARTIFACTS} holds credentials; give them in the environment, as {scheme[0]} knows them")
    if not parts.netloc:
        raise SettingsError(f"{ARTIFACTS} names no bucket: {scheme[0]}bucket/folder")
    if not secret("TARGET_DATABASE_URL"):
        raise SettingsError(
            f"{ARTIFACTS} is a URL, so TARGET_DATABASE_URL has to be set: the target says what lies there"
        )
    return value


def _artifacts() -> Path:
    """The artifact folder of this machine: ETL_ARTIFACTS, or ETL_SCRATCH where that is a URL."""
    here, default = _path(SCRATCH), _absolute(ARTIFACTS, DEFAULT_ARTIFACTS)
    return (here if _shelf_url() else _path(ARTIFACTS)) or default


def _lanes() -> int:
    """How many connections load a large wave side by side: ETL_LANES, at most half the target's cores."""
    value = os.environ.get("ETL_LANES", "")
    if not value:
        return DEFAULT_LANES
    if not value.isdecimal() or not 1 <= int(value) <= MOST_LANES:
        raise SettingsError(
            f"ETL_LANES={value} is no number from 1 to {MOST_LANES}; half the target's cores are a good one"
        )
    return int(value)


def absolute_settings() -> dict[str, str]:
    """The variables of ours that are set and name files, for a process that runs in another folder.

    Raises:
        SettingsError: a path is not usable.
    """
    files = (f"{name}_FILE" for name in SECRETS)
    names = [*files, SCRATCH, "ETL_SPEC", "DAGSTER_HOME", "ETL_CORRECTIONS", "ETL_CLAIMS"]
    found = {name: str(path) for name in names if (path := _path(name))}
    if os.environ.get(ARTIFACTS):
        found[ARTIFACTS] = _shelf_url() or str(_artifacts())
    if os.environ.get("LEGACY_SQLITE"):
        found["LEGACY_SQLITE"] = _legacy_url() or str(_path("LEGACY_SQLITE"))
    return found


def secret(name: str) -> str:
    """A variable's value, or what stands in the file that `<name>_FILE` names; empty where there is neither.

    Raises:
        SettingsError: both are set, or the file cannot be read.
    """
    value, file = os.environ.get(name) or "", os.environ.get(f"{name}_FILE") or ""
    if not file:
        return value
    if value:
        raise SettingsError(f"{name} and {name}_FILE are both set: unset one of them")
    try:
        return Path(file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        cause = getattr(error, "strerror", None) or type(error).__name__
        raise SettingsError(f"{name}_FILE={file} cannot be read ({cause})") from None


def adopt_dagster_url() -> str:
    """Puts ETL_DAGSTER_POSTGRES, or what its file says, where our dagster.yaml looks for it; empty when not set.

    It names psycopg2 from then on: dagster-postgres 0.29 cannot use what SQLAlchemy 2.1 takes a bare URL for.

    Raises:
        SettingsError: it is no URL of a Postgres, or its file cannot be read; it is not repeated.
    """
    url = secret("ETL_DAGSTER_POSTGRES")
    if not url:
        return ""
    scheme, mark, rest = url.partition("://")
    if scheme not in ("postgres", "postgresql", "postgresql+psycopg2") or not mark:
        raise SettingsError(
            "ETL_DAGSTER_POSTGRES is not the URL of a Postgres, postgresql://user:password@host/dagster"
        )
    os.environ["ETL_DAGSTER_URL"] = f"postgresql+psycopg2://{rest}"
    return os.environ["ETL_DAGSTER_URL"]


def with_legacy(settings: Settings, value: str) -> Settings:
    """The settings with another legacy database: a path or a URL, as LEGACY_SQLITE takes it.

    Raises:
        SettingsError: the path is not usable.
    """
    url = _url_of(value)
    return replace(settings, legacy_url=url, legacy_path=None if url else _local("LEGACY_SQLITE", value))


def _legacy_url() -> str | None:
    """LEGACY_SQLITE where it names what has to be brought first."""
    return _url_of(secret("LEGACY_SQLITE"))


def _url_of(value: str) -> str | None:
    """The URL of what has to be brought: it is one, or a packed file or a dump of this machine."""
    if SCHEME.match(value) and not value.startswith("file://"):
        return value
    return _local("LEGACY_SQLITE", value).as_uri() if value.lower().endswith(PACKED) else None


def _path(name: str) -> Path | None:
    value = secret(name) if name in SECRETS else os.environ.get(name)
    return _local(name, value) if value else None


def _local(name: str, value: str) -> Path:
    """The path that a variable names, as it is or as a file:// URL."""
    scheme = SCHEME.match(value)
    if scheme and scheme[0] != "file://":
        raise SettingsError(f"{name} is a {scheme[0]} URL; it takes a path of this machine. {ELSEWHERE}")
    return _absolute(name, unquote(urlsplit(value).path) if scheme else value)


def _absolute(name: str, value: str) -> Path:
    try:
        path = Path(value).expanduser().resolve()
        path.exists()
    except (
        RuntimeError,
        OSError,
    ) as error:  # a loop of links is the former before Python 3.13, too long a name the latter
        raise SettingsError(f"{name}={value} leads nowhere ({error.args[-1]}); check the path and its links") from None
    return path


def read_spec(path: Path) -> Spec:
    """The spec in a file.

    Raises:
        SpecError: the file cannot be read or is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror}; ETL_SPEC names the file", file=path.name) from None
    except UnicodeDecodeError:
        raise SpecError("is not UTF-8 text", file=path.name) from None
    return load_spec(text, file=path.name)
