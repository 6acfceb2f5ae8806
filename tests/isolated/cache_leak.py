"""Run by itself: whether the store gives back what it takes. Exits with 1 if it does not.

python tests/isolated/cache_leak.py [ROUNDS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flat import rounds_wanted, watch  # type: ignore[import-not-found,unused-ignore]

from envcensus.cache.store import NoStore, Store, open_store

ROWS = 200
DIRECTORY = tempfile.TemporaryDirectory(prefix="envcensus-leak-")
KEPT: list[object] = []


@contextmanager
def store() -> Iterator[Store | NoStore]:
    """The store of this run."""
    opened = open_store(DIRECTORY.name, size_limit=16 << 20)
    try:
        yield opened
    finally:
        opened.close()


def fill(opened: Store | NoStore, i: int) -> None:
    """Write rows, the same keys each time."""
    value, expires = bytes([i % 251]) * 2000, time.time() + 3600
    assert opened.put_many("pages", [(f"key-{n}".encode(), value, expires) for n in range(ROWS)])


def whole_run(i: int) -> None:
    """Open, write, read, close."""
    with store() as opened:
        fill(opened, i)
        with opened.reader() as reader:
            assert all(reader.get("pages", f"key-{n}".encode()) is not None for n in range(ROWS))


def reading(i: int) -> None:
    """Open and read only: what a warm run does."""
    with store() as opened, opened.reader() as reader:
        assert reader.get("pages", b"key-1") is not None
        assert reader.get("pages", b"absent") is None


def keep(i: int) -> None:
    """The deliberate leak: it has to show."""
    KEPT.append(open("/dev/null", "rb"))  # noqa: SIM115


if __name__ == "__main__":
    rounds = {"whole run": whole_run, "reading": reading} | ({"keep": keep} if "--leak" in sys.argv else {})
    sys.exit(1 if watch(rounds, rounds_wanted(300)) else 0)
