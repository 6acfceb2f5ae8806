"""Rows of the main job: what is outdated."""

from __future__ import annotations

from benchmarks.rows import Bar, Row, Side
from benchmarks.suites.common import (
    outdated,
    pip_list,
    small,
    thousand,
    uv_outdated,
)

OUTDATED = "Outdated"
UV_WARM = "uv revalidates every project on every run"
outdated_rows = (
    Row(
        "outdated-1000-cold",
        OUTDATED,
        "outdated among 1,000 packages, nothing cached",
        (
            Side(
                "envcensus",
                lambda room: outdated(room, thousand(room), "--cache-dir", room.cache("cold")),
                forget=("cold",),
            ),
            Side("uv", lambda room: uv_outdated(room, thousand(room), "uv-cold"), forget=("uv-cold",)),
            Side(
                "pip",
                lambda room: pip_list(
                    room, thousand(room).sites, "--outdated", "--no-cache-dir", "--index-url", room.index.url
                ),
                runs=1,
                note="one run",
            ),
            Side(
                "envcensus, one connection",
                lambda room: outdated(room, thousand(room), "--no-cache", "--concurrency", "1"),
                runs=1,
                note="our own, one run with one connection and no cache",
            ),
        ),
        (
            Bar("wall", 0.6, "uv"),
            Bar("cpu", 0.6, "uv"),
            Bar("wall", 0.02, "pip"),
            Bar("memory", 50e6),
            Bar("requests", 1000),
        ),
        latency=50,
        memory=True,
    ),
    Row(
        "outdated-1000-cold-50",
        OUTDATED,
        "the same at 50 connections, as many as uv opens",
        (
            Side(
                "envcensus",
                lambda room: outdated(room, thousand(room), "--cache-dir", room.cache("cold"), "--concurrency", "50"),
                forget=("cold",),
            ),
            Side("uv", lambda room: uv_outdated(room, thousand(room), "uv-cold"), forget=("uv-cold",)),
        ),
        (Bar("wall", 0.8, "uv"),),
        latency=50,
    ),
    Row(
        "outdated-1000-workers",
        OUTDATED,
        "the same with two processes that fetch beside ours",
        (
            Side(
                "envcensus, two workers",
                lambda room: outdated(room, thousand(room), "--cache-dir", room.cache("cold"), "--workers", "2"),
                forget=("cold",),
            ),
            Side(
                "envcensus, alone",
                lambda room: outdated(room, thousand(room), "--cache-dir", room.cache("cold"), "--workers", "0"),
                forget=("cold",),
            ),
        ),
        (Bar("memory", 90e6, ours="envcensus, two workers"),),
        latency=50,
        memory=True,
        runs=3,
    ),
    Row(
        "outdated-1000-warm",
        OUTDATED,
        "the same again, within the TTL",
        (
            Side("envcensus", lambda room: outdated(room, thousand(room), "--cache-dir", room.cache("warm"))),
            Side("uv", lambda room: uv_outdated(room, thousand(room), "uv-warm"), note=UV_WARM),
        ),
        (Bar("wall", 0.1, "uv"), Bar("requests", 0)),
        latency=50,
        memory=True,
    ),
    Row(
        "outdated-1000-revalidate",
        OUTDATED,
        "the same again, every page revalidated",
        (
            Side(
                "envcensus",
                lambda room: outdated(room, thousand(room), "--cache-dir", room.cache("warm"), "--refresh"),
            ),
            Side("uv", lambda room: uv_outdated(room, thousand(room), "uv-warm"), note=UV_WARM),
        ),
        (Bar("wall", 0.8, "uv"),),
        latency=50,
    ),
    Row(
        "outdated-200-cold",
        OUTDATED,
        "outdated over 200 environments × 100, nothing cached",
        (
            Side(
                "envcensus",
                lambda room: outdated(room, small(room), "--cache-dir", room.cache("cold")),
                forget=("cold",),
            ),
            Side(
                "uv",
                lambda room: uv_outdated(room, small(room), "uv-cold"),
                forget=("uv-cold",),
                runs=3,
                note="a process for each environment, one after the other, with one cache for all",
            ),
            Side(
                "uv, two at a time",
                lambda room: uv_outdated(room, small(room), "uv-cold"),
                forget=("uv-cold",),
                runs=3,
                jobs=2,
            ),
        ),
        (Bar("wall", 0.1, "uv"), Bar("wall", 0.1, "uv, two at a time")),
        latency=50,
        runs=5,
    ),
    Row(
        "outdated-200-warm",
        OUTDATED,
        "the same again, within the TTL",
        (
            Side("envcensus", lambda room: outdated(room, small(room), "--cache-dir", room.cache("warm"))),
            Side(
                "uv",
                lambda room: uv_outdated(room, small(room), "uv-warm"),
                runs=3,
                note="a process for each environment, one after the other; " + UV_WARM,
            ),
            Side("uv, two at a time", lambda room: uv_outdated(room, small(room), "uv-warm"), runs=3, jobs=2),
        ),
        (Bar("wall", 0.025, "uv"), Bar("wall", 0.025, "uv, two at a time"), Bar("requests", 0)),
        latency=50,
        runs=5,
    ),
)


def _network(key: str, title: str, latency: float, jitter: float = 0, errors: float = 0) -> Row:
    return Row(
        key,
        OUTDATED,
        title,
        (
            Side(
                "envcensus",
                lambda room: outdated(room, thousand(room), "--cache-dir", room.cache("cold")),
                forget=("cold",),
            ),
            Side("uv", lambda room: uv_outdated(room, thousand(room), "uv-cold"), forget=("uv-cold",)),
        ),
        latency=latency,
        jitter=jitter,
        errors=errors,
        runs=5,
    )


network_rows = (
    _network("outdated-0ms", "outdated among 1,000 packages, nothing cached, an index without latency", 0),
    _network("outdated-200ms", "the same, a far index", 200),
    _network("outdated-faulty", "the same, 50 ± 30 ms, one answer in twenty is a 503", 50, 30, 0.05),
)

ROWS = (*outdated_rows, *network_rows)
