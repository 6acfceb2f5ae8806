"""Looking after the cache: what it holds, pruning, verifying and clearing it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import lmdb

from envcensus.cache import upkeep
from envcensus.cache.store import DEFAULT_SIZE
from envcensus.cache.upkeep import BucketInfo, StoreInfo
from envcensus.errors import CacheError
from envcensus.runtime.refusals import refusal

__all__ = ["DEFAULT_SIZE", "BucketInfo", "StoreInfo", "clear", "exists", "info", "prune", "verify"]

T = TypeVar("T")


def info(directory: str | None, *, size_limit: int = DEFAULT_SIZE) -> StoreInfo:
    """What the cache in `directory` (by default the user's) holds. Raises CacheError."""
    return _one_error(lambda: upkeep.info(directory, size_limit=size_limit, clock=time.time))


def prune(directory: str | None, *, size_limit: int = DEFAULT_SIZE, unused_for: float | None = None) -> tuple[int, int]:
    """Remove what has expired, or was not used for `unused_for` seconds, and what other versions left.

    The number of records removed and the bytes freed. Raises CacheError.
    """
    return _one_error(lambda: upkeep.prune(directory, size_limit=size_limit, clock=time.time, unused_for=unused_for))


def exists(directory: str | None) -> bool:
    """Whether there is a cache in `directory` (by default the user's). Raises CacheError."""
    return _one_error(lambda: upkeep.exists(directory))


def verify(directory: str | None, *, size_limit: int = DEFAULT_SIZE) -> str:
    """What is wrong with the data file, or nothing; a damaged one is replaced by an empty one. Raises CacheError."""
    return _one_error(lambda: upkeep.verify(directory, size_limit=size_limit))


def clear(directory: str | None) -> int:
    """Remove the cache; the bytes freed. Raises CacheError."""
    return _one_error(lambda: upkeep.clear(directory))


def _one_error(action: Callable[[], T]) -> T:
    """Here, where the cache is the matter itself, failing to use it is an error."""
    try:
        return action()
    except OSError as error:
        where = error.filename or "the cache"
        raise CacheError(f"{where}: {refusal(error)}") from error
    except lmdb.Error as error:
        raise CacheError(f"the cache cannot be used: {error}") from error
