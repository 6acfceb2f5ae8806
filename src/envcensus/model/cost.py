"""What one run of a command cost as a whole."""

from __future__ import annotations

from msgspec import Struct


class Cost(Struct, frozen=True, kw_only=True):
    """Of this process and all that it started. Times in seconds, sizes in bytes."""

    command: str
    exit_code: int
    ended: float  # seconds since the epoch
    seconds: float  # from the start of the process
    cpu_seconds: float
    peak_memory: int  # proportional set sizes, sampled
    disk_read: int
    disk_written: int
    cache_used: int | None = None  # in pages that hold records; None: no cache was in use
    cache_footprint: int = 0  # on disk
    cache_limit: int = 0
