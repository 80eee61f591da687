"""The pages beside the README: `python -m etl_assets_tests.docs` makes the generated one, and the copies in `.github/`."""

from pathlib import Path

from etl_assets.commands.documents import ABOUT, GENERATED, document
from etl_assets.commands.troubleshooting import troubleshooting

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "etl_assets" / "docs"


def copy_of(name: str) -> Path:
    """Where GitHub shows a page."""
    return ROOT / ".github" / f"{name.upper()}.md"


if __name__ == "__main__":
    (SOURCES / f"{GENERATED}.md").write_text(troubleshooting(), encoding="utf-8")
    for page in ABOUT:
        copy_of(page).write_text(document(page), encoding="utf-8")
