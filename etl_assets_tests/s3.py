"""An S3 server on loopback: moto's, as it is, or one that ignores conditions as Supabase's endpoint does."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import fsspec
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE")
WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "CANARY_KEY", "AWS_DEFAULT_REGION": "us-east-1"}


def _without_conditions(app: WSGI) -> WSGI:
    def ignoring(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        return app({name: value for name, value in environ.items() if name not in CONDITIONS}, start)

    return ignoring


@contextmanager
def s3_server(patch: pytest.MonkeyPatch, *buckets: str, ignores_conditions: bool = False) -> Iterator[Any]:
    """The file system of a server that has these buckets; the environment names the server and its credentials."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it tells of each request otherwise
    app: WSGI = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, _without_conditions(app) if ignores_conditions else app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name, value in {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", **CREDENTIALS}.items():
        patch.setenv(name, value)
    there = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    for bucket in buckets:
        there.mkdir(bucket)
    try:
        yield there
    finally:
        for bucket in buckets:
            there.rm(bucket, recursive=True)
        server.shutdown()
        thread.join()
        server.server_close()
