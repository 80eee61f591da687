"""Objects behind a URL that fsspec knows: each is put whole under a key that is never used again.

Supabase's S3 endpoint ignores conditions, keeps no versions and takes few characters in a key, so nothing here rests on
a condition, on a rename or on a list. A finished file is sent in parts of 5 MiB: what is opened for writing and left by
an exception would be published half (s3fs 2026.9), and a killed upload of parts is no object at all.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from etl_assets.access.files.elsewhere import reaching
from etl_assets.access.files.whole import HASH_BLOCK_BYTES, finish, open_private
from etl_assets.model.errors import SettingsError, ShelfRefused

PART_BYTES = 5 << 20  # the smallest that S3 takes
S3 = ("s3://", "s3a://")
PACKED = ".zst"


class Store:
    """The objects below one URL; `scratch` makes paths for what is packed or not yet unpacked."""

    def __init__(self, url: str, scratch: Callable[[str], Path]) -> None:
        """Opens nothing yet."""
        self._url, self._scratch = url.rstrip("/"), scratch

    def put(self, place: Path, key: str) -> None:
        """Sends a finished file; a key that ends in `.zst` has it packed.

        Raises:
            ShelfRefused: there is no such bucket, or it may not be written.
            Unavailable: the server does not answer.
        """
        packed = self._packed(place) if key.endswith(PACKED) else None
        try:
            with self._reaching(key) as (there, path):
                parts = {"chunksize": PART_BYTES, "max_concurrency": 1} if self._is_s3 else {}
                there.put_file(str(packed or place), path, **parts)
        finally:
            if packed is not None:
                packed.unlink(missing_ok=True)

    def get(self, key: str, place: Path) -> None:
        """Brings an object into a new file, unpacked.

        Raises:
            ShelfRefused: it is not there, or may not be read.
            Unavailable: the server does not answer.
        """
        with (
            self._reaching(key) as (there, path),
            there.open(path, "rb", block_size=PART_BYTES) as source,
            open_private(place) as file,
        ):
            if key.endswith(PACKED):
                _zstandard().ZstdDecompressor().copy_stream(source, file)
            else:
                shutil.copyfileobj(source, file, HASH_BLOCK_BYTES)
            finish(file)

    def delete(self, key: str) -> None:
        """Removes an object, where there is one."""
        with self._reaching(key) as (there, path):
            if there.exists(path):
                there.rm_file(path)

    def end_uploads(self, *, older_s: int) -> int:
        """Ends uploads that a kill left open, and that hold room without being an object; returns how many."""
        if not self._is_s3:
            return 0
        before, ended = datetime.now(timezone.utc) - timedelta(seconds=older_s), 0
        with self._reaching("") as (there, path):
            bucket, prefix, _ = there.split_path(path)
            for upload in there.list_multipart_uploads(bucket):
                if upload["Key"].startswith(prefix) and upload["Initiated"] <= before:
                    there.call_s3(
                        "abort_multipart_upload", Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    ended += 1
        return ended

    @property
    def _is_s3(self) -> bool:
        return self._url.startswith(S3)

    @contextmanager
    def _reaching(self, key: str) -> Iterator[tuple[Any, str]]:
        # One client for all that this process asks for: another each time costs 0.1 s.
        options: dict[str, Any] = {"skip_instance_cache": False, "use_listings_cache": False}
        if self._is_s3:
            endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
            options |= {"default_block_size": PART_BYTES, "max_concurrency": 1, "endpoint_url": endpoint}
        url = f"{self._url}/{key}" if key else f"{self._url}/"
        with reaching(url, subject="The shelf", setting="ETL_ARTIFACTS", fault=ShelfRefused, **options) as found:
            yield found

    def _packed(self, place: Path) -> Path:
        packed = self._scratch(f"packed{PACKED}")
        with place.open("rb") as source, open_private(packed) as file:
            _zstandard().ZstdCompressor().copy_stream(source, file, size=place.stat().st_size)
        return packed


def _zstandard() -> Any:
    try:
        import zstandard  # noqa: PLC0415 - only a shelf elsewhere needs it
    except ImportError:
        raise SettingsError("ETL_ARTIFACTS is a URL, which needs pip install 'etl-assets[remote]'") from None
    return zstandard
