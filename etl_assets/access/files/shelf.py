"""Where finished artifacts are kept: in the artifact folder itself, unless a shelf elsewhere is named."""

from pathlib import Path

from etl_assets.access.files.whole import private_folder


class Shelf:
    """The artifact folder as it is: a file is kept where it lies, and there is nothing to bring."""

    def __init__(self, root: Path) -> None:
        """`root` is the artifact folder of this machine, and exists."""
        self.root = root

    def place(self, part: Path, path: Path) -> None:
        """Puts a finished file under its name, in the place of what was there."""
        private_folder(path.parent)
        part.replace(path)

    def bring(self, path: Path) -> Path | None:
        """The file as it was placed last, on this machine; None where there is none."""
        return path if path.exists() else None

    def remove(self, path: Path) -> None:
        """Takes a file away, where there is one."""
        path.unlink(missing_ok=True)

    def files(self, folder: Path) -> set[Path]:
        """The paths of everything below a folder, brought or not."""
        return {path for path in folder.rglob("*") if path.is_file()}

    def folders(self, above: Path) -> set[str]:
        """The names of the folders in a folder, brought or not; nothing below them is looked at."""
        return {path.name for path in above.glob("*/")}

    def tidy(self) -> None:
        """Removes from this machine what is no longer what was placed last."""
        return

    def sweep(self, *, older_s: int) -> int:
        """Removes from elsewhere what nothing names and what is so many seconds old; returns how many."""
        return 0
