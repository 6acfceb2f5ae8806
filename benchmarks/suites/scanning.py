"""Rows of scanning: names and versions of many environments."""

from __future__ import annotations

from benchmarks.room import HERE
from benchmarks.rows import Bar, Row, Side
from benchmarks.suites.common import (
    PIP_SAMPLE,
    empty,
    large,
    ours,
    pip_list,
    small,
    uv_list,
)

SAME = "C, the same reads"


def _lower_bound(name: str, fleet: str, mode: str = "same", threads: int = 1) -> Side:
    chosen = {"small": small, "large": large}[fleet]
    return Side(
        name,
        lambda room: [[room.lower_bound(), mode, str(threads)]],
        start=lambda room: [["/bin/true"]],
        stdin=lambda room: room.listed(fleet, chosen(room).sites),
    )


SCAN = "Scanning"
ROWS = (
    Row(
        "scan-200-fresh",
        SCAN,
        "names and versions of 200 environments × 100, nothing cached",
        (
            Side(
                "envcensus",
                lambda room: ours(room, "list", small(room).path, "--no-cache"),
                start=lambda room: ours(room, "list", empty(room), "--no-cache"),
            ),
            _lower_bound(SAME, "small"),
            _lower_bound("C, names and versions alone", "small", "head"),
            Side(
                "uv, its cache emptied",
                lambda room: uv_list(room, small(room), "uv-scan-cold"),
                forget=("uv-scan-cold",),
                jobs=2,
                note="a process for each environment, two at a time; reads directory names only",
            ),
            Side(
                "importlib.metadata",
                lambda room: [[room.peers.path("python"), f"{HERE}/importlib_list.py", *small(room).sites]],
                start=lambda room: [[room.peers.path("python"), f"{HERE}/importlib_list.py"]],
                note="one process for all",
                runs=3,
            ),
            Side(
                "pip",
                lambda room: pip_list(room, small(room).sites[:PIP_SAMPLE]),
                scale=200 / PIP_SAMPLE,
                runs=3,
                note=f"{PIP_SAMPLE} environments one after the other, times 20",
            ),
            Side(
                "pipdeptree",
                lambda room: [
                    [room.peers.path("pipdeptree"), "--all", "--path", site] for site in small(room).sites[:PIP_SAMPLE]
                ],
                scale=200 / PIP_SAMPLE,
                runs=3,
                allowed=(0, 1),
                note=f"{PIP_SAMPLE} environments one after the other, times 20; it reads the requirements too",
            ),
        ),
        (
            Bar("net cpu", 1.5, SAME),
            Bar("wall", 0.2, "pip"),
        ),
    ),
    Row(
        "scan-200-unchanged",
        SCAN,
        "the same, unchanged since the last run",
        (
            Side(
                "envcensus",
                lambda room: ours(room, "list", small(room).path, "--cache-dir", room.cache("scan-warm")),
                start=lambda room: ours(room, "list", empty(room), "--cache-dir", room.cache("scan-warm")),
            ),
            Side(
                "uv",
                lambda room: uv_list(room, small(room), "uv-scan-warm"),
                jobs=2,
                note="a process for each environment, two at a time, its interpreter cache warm",
            ),
        ),
        (Bar("wall", 0.1, "uv"),),
    ),
    Row(
        "scan-1000-fresh",
        SCAN,
        "names and versions of 1,000 environments × 150, nothing cached",
        (
            Side(
                "envcensus",
                lambda room: ours(room, "list", large(room).path, "--no-cache"),
                start=lambda room: ours(room, "list", empty(room), "--no-cache"),
            ),
            _lower_bound(SAME, "large"),
            _lower_bound("C, names and versions alone", "large", "head"),
        ),
        (Bar("net cpu", 1.5, SAME),),
        remark="Equal files share an inode, as installers with a store leave them",
    ),
    Row(
        "scan-1000-unchanged",
        SCAN,
        "the same, unchanged since the last run",
        (
            Side(
                "envcensus",
                lambda room: ours(room, "list", large(room).path, "--cache-dir", room.cache("scan-warm-large")),
            ),
            Side(
                "uv",
                lambda room: uv_list(room, large(room), "uv-scan-large")[:200],
                jobs=2,
                scale=5,
                runs=3,
                note="the first 200 environments, two at a time, times 5; interpreter cache warm",
            ),
        ),
        (Bar("wall", 0.1, "uv"),),
    ),
    Row(
        "scan-threads",
        SCAN,
        "1,000 environments × 150 on one CPU and on two",
        (
            Side(
                "envcensus, two CPUs",
                lambda room: [["taskset", "-c", "0,1", *ours(room, "list", large(room).path, "--no-cache")[0]]],
            ),
            Side(
                "envcensus, one CPU",
                lambda room: [["taskset", "-c", "0", *ours(room, "list", large(room).path, "--no-cache")[0]]],
            ),
            _lower_bound("C, two threads", "large", threads=2),
            _lower_bound("C, one thread", "large"),
        ),
        (Bar("wall", 0.75, "envcensus, one CPU", "envcensus, two CPUs"),),
    ),
)
