"""A CSV that an operator writes by hand: its lines with their numbers."""

import csv
import hashlib
import io
from pathlib import Path

from etl_assets.model.errors import CorrectionsError


def read_lines(path: Path, header: tuple[str, ...]) -> tuple[str, list[tuple[int, list[str]]]]:
    """An operator's CSV: its sha256, and its lines with their numbers, each with as many cells as the header.

    Raises:
        CorrectionsError: it is no CSV, or of another shape.
    """
    try:
        content = path.read_bytes()
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorrectionsError(path.name, 1, f"cannot be read as UTF-8 CSV ({type(error).__name__})") from None
    if not lines or tuple(name.strip() for name in lines[0]) != header:
        raise CorrectionsError(path.name, 1, f"the first line must be {','.join(header)}")
    numbered = [(number, line) for number, line in enumerate(lines[1:], start=2) if line]
    for number, line in numbered:
        if len(line) != len(header):
            raise CorrectionsError(path.name, number, f"has {len(line)} cells instead of {len(header)}")
    return hashlib.sha256(content).hexdigest(), numbered
