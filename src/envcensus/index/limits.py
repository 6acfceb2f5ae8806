"""Bounds of one request: whatever a server does, an answer or a reason comes in time."""

from __future__ import annotations

from msgspec import Struct

MIB = 1 << 20


class Limits(Struct, frozen=True, kw_only=True):
    """Seconds and bytes. The pause between two bytes is bounded by `IndexConfig.timeout`."""

    connect: float = 10.0  # name resolution, TCP and TLS together
    total: float = 120.0  # one project or file with all its redirects and retries, from its first attempt on
    min_rate: float = 2000.0  # bytes per second a body must come with on average, once `grace` seconds have gone
    grace: float = 10.0
    max_body: int = 100 * MIB  # decoded; the largest real pages have some 40 MiB
    max_file: int = 300 * MIB  # of a wheel or sdist that has to be read whole, in memory
    small_body: int = 4 * MIB  # larger bodies are read a few at a time, so that a hundred of them fit into memory
    large_bodies: int = 2
