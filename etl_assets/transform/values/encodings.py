"""Bytes that the operator says how to read: text in another encoding, and bytes that were written as text.

SQLite's text is UTF-8 by contract, so only odd cells come here, one by one; the usual ones are never touched.
"""

import base64
import binascii

import polars as pl


def decoded(cells: pl.Series, *, codec: str) -> pl.Series:
    """Text of a series of hex strings (undecodable TEXT and BLOBs), NULL where the codec does not know the bytes."""
    return pl.Series(cells.name, [_decode(cell, codec) for cell in cells], dtype=pl.String)


def _decode(cell: str | None, codec: str) -> str | None:
    if cell is None:
        return None
    try:
        return bytes.fromhex(cell).decode(codec)
    except (UnicodeDecodeError, ValueError):
        return None


def from_base64(cells: pl.Series) -> pl.Series:
    """Lower-case hex of a series of base64 texts, NULL where one is not base64 to the letter (RFC 4648, padded)."""
    return pl.Series(cells.name, [_unpack(cell) for cell in cells], dtype=pl.String)


def _unpack(cell: str | None) -> str | None:
    if cell is None:
        return None
    try:
        return base64.b64decode(cell, validate=True).hex()
    except (binascii.Error, ValueError):
        return None
