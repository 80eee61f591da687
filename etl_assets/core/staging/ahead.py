"""Two hands for a stream: the next batch is made while the last one is used."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Batch = TypeVar("Batch")
_END = object()


def one_ahead(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yields the batches in their order; a thread makes the next one, and never more than that one.

    It pays where making a batch and using it leave the interpreter: polars makes them, and Postgres takes them in.
    What the batches raise is raised here. They must not be bound to a thread, as a connection to SQLite is.
    """
    coming = iter(batches)
    with ThreadPoolExecutor(1, thread_name_prefix="one-ahead") as hand:
        made = hand.submit(next, coming, _END)
        while (batch := made.result()) is not _END:
            made = hand.submit(next, coming, _END)
            yield batch  # type: ignore[misc]
