"""What the leak scripts of cache and pool share: run something over and over, and watch what it holds."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable

MARGIN = 2 << 20  # bytes that allocator and page cache may vary by, over the whole watch


def children(pid: int) -> list[int]:
    """All descendants of a process."""
    found: list[int] = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
            found += map(int, file.read().split())
    return found + [below for child in list(found) for below in children(child)]


def held() -> tuple[int, int, int, int]:
    """Descriptors, threads, descendants, and private memory in bytes of this process."""
    gc.collect()
    private = 0
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Private_Dirty:"):
                private = int(line.split()[1]) * 1024
    return len(os.listdir("/proc/self/fd")), threading.active_count(), len(children(os.getpid())), private


def settled() -> tuple[int, int, int, int]:
    """What is held once that no longer changes: a server in this process notices later that its clients are gone."""
    found = held()
    for _ in range(100):
        time.sleep(0.1)
        before, found = found, held()
        if found[:3] == before[:3]:
            break
    return found


def watch(rounds: dict[str, Callable[[int], None]], count: int, margin: int = MARGIN) -> int:
    """Run each of `rounds` so often; the number of those after which more was held than before."""
    bad = 0
    for name, function in rounds.items():
        for i in range(max(count // 3, 2)):  # until caches and free lists are full
            function(i)
        before = settled()
        for i in range(count):
            function(i)
        after = settled()
        grown = after[:3] != before[:3] or after[3] - before[3] > margin
        bad += grown
        print(f"{name}: {before} -> {after} {'GROWN' if grown else 'flat'}")
    return bad


def rounds_wanted(default: int) -> int:
    """How often: the first argument."""
    return int(sys.argv[1]) if len(sys.argv) > 1 else default
