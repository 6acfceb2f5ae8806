"""One open store for all threads of a process that use the same directory at the same time.

LMDB cannot open the same files twice in a process; the last one to leave closes them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from envcensus.cache import layout
from envcensus.cache.store import DEFAULT_SIZE, NoStore, Store, open_store

_lock = Lock()
_open: dict[tuple[int, str], list[Store | NoStore]] = {}  # (process, directory) → the store, once for each user


@contextmanager
def shared_store(directory: str | None = None, *, size_limit: int = DEFAULT_SIZE) -> Iterator[Store | NoStore]:
    """The store in `directory`, as `open_store` gives it; while others have it open, theirs, with their limit."""
    key = os.getpid(), os.path.realpath(directory or layout.default_directory())
    with _lock:
        users = _open.setdefault(key, [])
        store = users[0] if users else open_store(directory, size_limit=size_limit)
        users.append(store)
    try:
        yield store
    finally:
        with _lock:
            users.pop()
            if not users:
                del _open[key]
                store.close()
