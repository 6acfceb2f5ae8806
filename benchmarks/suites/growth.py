"""Rows that show how cost grows."""

from __future__ import annotations

from benchmarks.rows import Bar, Row, Side
from benchmarks.suites.common import outdated

GROWTH = "Growth"


def _grown(envs: int) -> Side:
    return Side(
        f"envcensus, {envs} environments",
        lambda room: outdated(
            room,
            room.fleet(envs, 100, distinct=20, hardlink=True, modules=False),
            "--cache-dir",
            room.cache("grown"),
        ),
        forget=("grown",),
    )


ROWS = (
    Row(
        "growth",
        GROWTH,
        "outdated, nothing cached: ten and a hundred times the environments, the same projects",
        (_grown(20), _grown(200), _grown(2000)),
        (
            Bar("requests", 1.2, "envcensus, 20 environments", "envcensus, 200 environments"),
            Bar("cpu", 10, "envcensus, 200 environments", "envcensus, 2000 environments"),
            Bar("memory", 1.5, "envcensus, 200 environments", "envcensus, 2000 environments"),
        ),
        latency=50,
        memory=True,
        runs=5,
    ),
)
