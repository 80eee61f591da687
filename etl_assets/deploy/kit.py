"""Prints a kit into a folder: templates with a few words put in, and never over a file that says something else."""

import re
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from etl_assets.model.errors import SettingsError

# The room of templates that each kit takes, the image's own among them.
KITS = {
    "docker": ("docker",),
    "compose": ("compose", "docker"),
    "systemd": ("systemd",),
    "helm": ("helm", "docker"),
}
RENAMED = {"dockerignore": ".dockerignore"}
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
PUBLIC_FILE, PUBLIC_FOLDER = 0o644, 0o755  # no secret stands in any; containers read them under another user


def print_kit(kit: str, folder: Path, *, host: str = "localhost") -> list[Path]:
    """Writes the files of a kit and returns their paths; one that is there already and says the same stays.

    Args:
        kit: one of KITS.
        folder: is made if need be.
        host: under which browsers reach the UI, with a port where it is not 443.

    Raises:
        SettingsError: a file of that name says something else, or the host is none; nothing was written.
    """
    if HOST.fullmatch(host) is None:
        raise SettingsError("--host is a name such as etl.example.com, with a port where it is not 443")
    texts = render(kit, host=host)
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"{folder} is a file, not a folder")
    others = [name for name, text in texts.items() if (folder / name).exists() and _read(folder / name) != text]
    if others:
        raise SettingsError(
            f"{folder} holds files that say something else: {', '.join(sorted(others))}. Nothing was written: print "
            "into an empty folder, and compare"
        )
    folder.mkdir(mode=PUBLIC_FOLDER, parents=True, exist_ok=True)
    for name, text in texts.items():
        if not (folder / name).exists():
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(PUBLIC_FILE)
    return [folder / name for name in sorted(texts)]


def render(kit: str, *, host: str = "localhost") -> dict[str, str]:
    """The files of a kit, by name."""
    words = {"@PYTHON@": sys.executable, "@VERSION@": version("etl-assets"), "@HOST@": host}
    words["@NAME@"] = host.partition(":")[0]
    found: dict[str, str] = {}
    for room in reversed(KITS[kit]):  # the kit's own README takes the place of the image's
        for file in files("etl_assets.deploy").joinpath("templates", room).iterdir():
            text = file.read_text(encoding="utf-8")
            for mark, word in words.items():
                text = text.replace(mark, word)
            found[RENAMED.get(file.name, file.name)] = text
    return found


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
