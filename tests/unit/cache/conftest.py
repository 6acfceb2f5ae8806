"""A store in a temporary directory, with a clock that stands still until it is told."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator

import pytest

from envcensus.cache.store import DEFAULT_SIZE, Store, open_store

Opener = Callable[..., Store]


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def home() -> Iterator[str]:
    """A cache directory in memory where that can be had: each transaction would wait for the disk."""
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=shared) as directory:
        yield os.path.join(directory, "cache")


@pytest.fixture
def opener(home: str, clock: Clock) -> Iterator[Opener]:
    """Opens the store; what a test leaves open is closed."""
    opened: list[Store] = []

    def open_it(*, size_limit: int = DEFAULT_SIZE, write: bool = True) -> Store:
        store = open_store(home, size_limit=size_limit, write=write, clock=clock)
        assert isinstance(store, Store), store.reason
        opened.append(store)
        return store

    yield open_it
    for store in opened:
        store.close()
