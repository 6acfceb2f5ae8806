"""What it costs to start."""

from __future__ import annotations

from benchmarks.rows import Row, Side
from benchmarks.suites.common import ours

START = "Process start"
ROWS = (
    Row(
        "start",
        START,
        "start and end, nothing done",
        (
            Side("envcensus", lambda room: ours(room, "--version")),
            Side("python", lambda room: [[room.peers.path("python"), "-c", "pass"]]),
            Side("uv", lambda room: [[room.peers.path("uv"), "--version"]]),
            Side("pip", lambda room: [[room.peers.path("python"), "-m", "pip", "--version"]]),
        ),
        runs=15,
    ),
)
