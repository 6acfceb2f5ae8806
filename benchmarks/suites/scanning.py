"""Rows of scanning: names and versions of many environments."""

from __future__ import annotations

from benchmarks.rows import Bar, Row, Side
from benchmarks.suites.common import (
    PIP_SAMPLE,
    empty,
    importlib_list,
    large,
    one_cpu,
    one_of_small,
    ours,
    pip_list,
    pipdeptree,
    small,
    uv_list,
)

SAME = "C, the same reads"
SEQUENTIAL = "envcensus, one CPU"  # one thread at a time, nothing cached


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
        "list-one",
        SCAN,
        "what is installed in one environment of 100",
        (
            Side(
                "envcensus",
                lambda room: ours(room, "list", one_of_small(room).path, "--cache-dir", room.cache("list-one")),
                note="unchanged since the last run",
            ),
            Side(
                SEQUENTIAL,
                lambda room: one_cpu(ours(room, "list", one_of_small(room).path, "--no-cache")),
                note="nothing cached",
            ),
            Side(
                "uv", lambda room: uv_list(room, one_of_small(room), "uv-list-one"), note="its interpreter cache warm"
            ),
            Side("pip", lambda room: pip_list(room, one_of_small(room).sites)),
            Side(
                "pipdeptree",
                lambda room: pipdeptree(room, one_of_small(room).sites),
                allowed=(0, 1),
                note="compiled; it reads the requirements too",
            ),
        ),
        (Bar("wall", 1 / 3, "pip"), Bar("wall", 1 / 3, "pip", SEQUENTIAL)),
    ),
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
            Side(SEQUENTIAL, lambda room: one_cpu(ours(room, "list", small(room).path, "--no-cache"))),
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
                lambda room: importlib_list(room, small(room).sites),
                start=lambda room: importlib_list(room, []),
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
                lambda room: pipdeptree(room, small(room).sites[:PIP_SAMPLE]),
                scale=200 / PIP_SAMPLE,
                runs=3,
                allowed=(0, 1),
                note=f"{PIP_SAMPLE} environments one after the other, times 20; compiled; reads the requirements too",
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
            Side(
                "uv, its cache emptied",
                lambda room: uv_list(room, large(room), "uv-scan-cold")[:50],
                forget=("uv-scan-cold",),
                jobs=2,
                scale=20,
                runs=3,
                note="the first 50 environments, two at a time, times 20; reads directory names only",
            ),
            Side(
                "importlib.metadata",
                lambda room: importlib_list(room, large(room).sites[:100]),
                scale=10,
                runs=1,
                note="one process for the first 100 environments, times 10",
            ),
            Side(
                "pip",
                lambda room: pip_list(room, large(room).sites[:PIP_SAMPLE]),
                scale=1000 / PIP_SAMPLE,
                runs=1,
                note=f"{PIP_SAMPLE} environments one after the other, times 100",
            ),
        ),
        (Bar("net cpu", 1.5, SAME), Bar("wall", 0.2, "pip")),
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
                SEQUENTIAL,
                lambda room: one_cpu(ours(room, "list", large(room).path, "--no-cache")),
            ),
            _lower_bound("C, two threads", "large", threads=2),
            _lower_bound("C, one thread", "large"),
        ),
        (Bar("wall", 0.75, SEQUENTIAL, "envcensus, two CPUs"),),
    ),
)
