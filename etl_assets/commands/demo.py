"""The demo: a legacy app with every kind of mess, most of whose users log in; on the embedded target alone."""

from collections.abc import Callable

from etl_assets.model.errors import SettingsError
from etl_assets.model.words import counted
from etl_assets.settings import Settings, read_settings, read_spec
from etl_assets.spec.model import Spec


def require_embedded(settings: Settings, what: str) -> None:
    """Raises unless the target is the embedded one.

    Raises:
        SettingsError: it is somebody's database, in which no account is made up.
    """
    if not settings.is_embedded:
        raise SettingsError(
            f"`{what}` makes accounts up, and only does so on the embedded target: unset TARGET_DATABASE_URL"
        )


def prepare_demo(settings: Settings, *, say: Callable[[str], None]) -> tuple[Settings, Spec]:
    """Writes the demo's legacy app where there is none yet, lets most of its users log in; returns what is in force."""
    from etl_assets.access.files.whole import private_folder  # noqa: PLC0415 - only the demo needs them
    from etl_assets.access.legacy.source import brought  # noqa: PLC0415
    from etl_assets.access.postgres.servers import target_url  # noqa: PLC0415
    from etl_assets.demo.accounts import first_day, legacy_addresses  # noqa: PLC0415
    from etl_assets.demo.legacy import write_demo  # noqa: PLC0415

    require_embedded(settings, "migrate --demo")
    if settings.legacy_path is None and not settings.demo_path.exists():
        private_folder(settings.demo_path.parent)
        write_demo(settings.demo_path, spec=settings.demo_spec_path)
        say(f"Wrote a demo legacy database: {settings.demo_path}")
    settings = read_settings()
    spec = read_spec(settings.spec_path)
    if spec.users is not None:
        with brought(settings) as legacy:
            log_ins = first_day(target_url(settings), legacy_addresses(legacy, spec.users))
        if log_ins.confirmed:
            say(f"{counted(log_ins.confirmed, 'user')} logged in and confirmed, {log_ins.unconfirmed:,} yet to do so.")
    return settings, spec
