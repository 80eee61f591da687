"""What lay on the disk of the demo's old server, and the spec that brings it along."""

import json
import random
from collections.abc import Iterable
from pathlib import Path

from etl_assets.settings import DEFAULT_SPEC

OLD_SERVER, NEW_STORAGE = "old-server", "new-storage"
WITHOUT, WITH = "path: text", "path: {type: text, file: artifacts}"
ENTRY = "files:\n  artifacts: {{from: {old}, to: {new}}}   # to a folder here; to a bucket of yours: s3://artifacts\n\n"
TABLES = "tables:\n"


def write_uploads(folder: Path, files: Iterable[tuple[str, int]]) -> None:
    """Writes each file, a path and a size in bytes, where the old server had it."""
    for path, size in files:
        place = folder / OLD_SERVER / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(random.Random(path).randbytes(size))


def demo_spec(folder: Path) -> str:
    """The spec that comes with this package, with the files of `artifacts`: their rows take the new keys."""
    old, new = (json.dumps(str(folder / name)) for name in (OLD_SERVER, NEW_STORAGE))
    text = DEFAULT_SPEC.read_text(encoding="utf-8").replace(WITHOUT, WITH)
    return text.replace(TABLES, ENTRY.format(old=old, new=new) + TABLES, 1)
