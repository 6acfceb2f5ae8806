"""The options a run has in force."""

from __future__ import annotations

from msgspec import Struct


class Settings(Struct, frozen=True, gc=False):
    """What a run needs to know, resolved from configuration files, the environment and the command line.

    The ends of a range are checked where a value is read, not here: a run makes one of these, tests make many.
    """

    index_urls: tuple[str, ...] = ()  # in order; may carry credentials: never to be shown as they are
    cache_dir: str = ""  # empty: no cache
    ttl: float = 600.0  # seconds an index page counts as fresh
    concurrency: int = 100  # connections at once
    pre: bool = False  # accept pre-releases
    offline: bool = False  # use only what the cache holds
    timeout: float = 15.0  # seconds one request may take
