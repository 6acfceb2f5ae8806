"""Where the time of each pipeline goes: CPU by room, system calls, allocations. Writes STAGES.md.

python -m benchmarks stages [PIPELINE…]

CPU: py-spy (installed beside the peers) samples the process; a sample belongs to the innermost frame of ours, or to
`imports` when it was taken inside an import. System calls: strace. Allocations: tracemalloc in a run of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from benchmarks.room import HERE, Room
from benchmarks.suites.common import empty, small, thousand

RATE = 500  # samples a second
REPEATS = 5  # profiled runs of each pipeline, added up
_OURS = re.compile(r"\((?:[^()]*/)?envcensus/(\w+)(?:/|\.py)[^()]*\)$")
_ALLOCATIONS = f"{HERE}/allocations.py"


def _cached(room: Room, *command: str) -> list[str]:
    return [*command, "-i", room.index.url, "--cache-dir", room.cache("stages")]


def _fresh(room: Room, *command: str) -> list[str]:
    return [*command, "-i", room.index.url, "--no-cache"]


PIPELINES: dict[str, Callable[[Room], list[str]]] = {
    "start": lambda room: ["list", empty(room), "--no-cache"],
    "list, 200 × 100, fresh": lambda room: ["list", small(room).path, "--no-cache"],
    "list, 200 × 100, unchanged": lambda room: ["list", small(room).path, "--cache-dir", room.cache("stages")],
    "scan to a snapshot, 200 × 100": lambda room: ["scan", small(room).path, "--no-cache", "-o", _snapshot(room)],
    "check, 200 × 100": lambda room: ["check", small(room).path, "--cache-dir", room.cache("stages")],
    "where, 200 × 100": lambda room: ["where", "packaging", small(room).path, "--cache-dir", room.cache("stages")],
    "outdated, 1 × 1,000, cold": lambda room: _fresh(room, "outdated", thousand(room).path),
    "outdated, 1 × 1,000, revalidated": lambda room: [*_cached(room, "outdated", thousand(room).path), "--refresh"],
    "outdated, 1 × 1,000, within the TTL": lambda room: _cached(room, "outdated", thousand(room).path),
    "outdated, 200 × 100, within the TTL": lambda room: _cached(room, "outdated", small(room).path),
    "outdated as HTML, 200 × 100": lambda room: [*_cached(room, "outdated", small(room).path), "--format", "html"],
    "resolve, 2,000 projects, cold": lambda room: _fresh(room, "resolve", "-r", _deep(room)),
    "resolve, 2,000 projects, within the TTL": lambda room: _cached(room, "resolve", "-r", _deep(room)),
}


def _snapshot(room: Room) -> str:
    return os.path.join(room.directory("output"), "snapshot.jsonl.gz")


def _deep(room: Room) -> str:
    from benchmarks.suites.resolution import deep_requirements

    return deep_requirements(room)


def measure(room: Room, name: str) -> dict[str, Any]:
    """One pipeline: its CPU by room, its system calls, its allocations."""
    command = [*room.ours, *PIPELINES[name](room)]
    env = room.environment(ours=True)
    room.index.set(latency=50)
    _run(command, env)  # fills what the run needs to find
    return {
        "rooms": dict(_cpu(room, command, env)),
        "calls": dict(_calls(room, command, env)),
        "allocations": _allocations(room, PIPELINES[name](room), env),
    }


def _run(command: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(command, env=env, check=False, capture_output=True, text=True)
    if done.returncode not in {0, 4}:
        raise SystemExit(f"{' '.join(command)}: {done.stderr[-400:]}")
    return done.stderr


def _cpu(room: Room, command: list[str], env: dict[str, str]) -> Counter[str]:
    """Milliseconds of CPU by room, of one run."""
    found: Counter[str] = Counter()
    output = os.path.join(room.directory("output"), "stacks")
    for _ in range(REPEATS):
        spy = [room.peers.path("py-spy"), "record", "-f", "raw", "-r", str(RATE), "-o", output, "--nolineno", "--"]
        _run([*spy, *command], env)
        with open(output, encoding="utf-8", errors="replace") as file:
            for line in file:
                stack, _, count = line.rpartition(" ")
                found[_room_of(stack.split(";"))] += int(count)
    return Counter({key: round(count * 1000 / RATE / REPEATS) for key, count in found.items()})


def _room_of(stack: list[str]) -> str:
    """The room a sample was taken in."""
    for frame in reversed(stack):
        if "importlib._bootstrap" in frame:
            return "imports"
        if match := _OURS.search(frame):
            return match[1] if match[1] != "runtime" else "runtime (event loop, HTTP client)"
    return "interpreter"


def _calls(room: Room, command: list[str], env: dict[str, str]) -> Counter[str]:
    """System calls by name, of one run."""
    strace = shutil.which("strace")
    if strace is None:
        return Counter()
    output = os.path.join(room.directory("output"), "calls")
    _run([strace, "-f", "-c", "-U", "name,calls", "-o", output, *command], env)
    found: Counter[str] = Counter()
    with open(output, encoding="utf-8") as file:
        for line in file:
            fields = line.split()
            if len(fields) == 2 and fields[1].isdigit() and fields[0] != "total":
                found[fields[0]] += int(fields[1])
    return found


def _allocations(room: Room, arguments: list[str], env: dict[str, str]) -> dict[str, Any]:
    """Peak of Python's own allocations in MB, and who holds most at the end."""
    output = os.path.join(room.directory("output"), "allocations")
    python = sys.executable if room.ours[0].endswith("envcensus") else room.ours[0]
    _run([python, _ALLOCATIONS, output, *arguments], env)
    with open(output, encoding="utf-8") as file:
        peak, *held = file.read().splitlines()
    return {"peak": float(peak), "held": [line.split("\t") for line in held]}


def render(results: dict[str, Any]) -> str:
    """STAGES.md."""
    lines = [
        "# Where the time goes",
        "",
        "`python -m benchmarks stages`: CPU by the room of the house that it was spent in (kernels and libraries count",
        "for the room that called them), system calls, and memory that Python allocated. Each from runs of its own:",
        f"py-spy at {RATE} Hz, {REPEATS} runs; strace; tracemalloc. What this says is put into sentences in",
        "[docs/performance.md](../docs/performance.md).",
        "",
        "| pipeline | CPU ms | by room | system calls | most frequent | Python's memory, peak |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in results.items():
        rooms = Counter(row["rooms"])
        total = sum(rooms.values())
        shares = ", ".join(f"{key} {100 * value / total:.0f} %" for key, value in rooms.most_common(6) if value)
        calls = Counter(row["calls"])
        frequent = ", ".join(f"{key} {value:,}" for key, value in calls.most_common(3))
        peak = row["allocations"]["peak"]
        lines.append(f"| {name} | {total} | {shares} | {sum(calls.values()):,} | {frequent} | {peak:.1f} MB |")
    lines += ["", "Python's memory at the end, by the file that allocated it:", ""]
    for name, row in results.items():
        held = ", ".join(f"`{where}` {mb} MB" for where, mb in row["allocations"]["held"][:4])
        lines.append(f"* {name}: {held}")
    return "\n".join(lines) + "\n"
