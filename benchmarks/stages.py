"""Where the time of each pipeline goes: CPU beside a limit and by room, system calls, allocations. Writes STAGES.md.

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
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks import kept, measure
from benchmarks.room import HERE, Room
from benchmarks.suites.common import empty, small, thousand

RATE = 500  # samples a second
TRIES = 10  # of the profiler, for each of its runs
REPEATS = 3  # profiled runs of each pipeline, added up
RESULTS = os.path.join(HERE, "stages.json")
HEADER = f"""# Where the time goes

`python -m benchmarks stages`. CPU is user and system time of every process, medians of {REPEATS} runs in turn with what
it is put beside. By room: where the samples of py-spy fell ({RATE} Hz, {REPEATS} runs); kernels and libraries count for
the room that called them. System calls: strace. Memory that Python allocated: tracemalloc. The index answers after
50 ms. More words on it are in [docs/performance.md](../docs/performance.md).
"""
_OURS = re.compile(r"\((?:[^()]*/)?envcensus/(\w+)(?:/|\.py)[^()]*\)$")
_ALLOCATIONS = f"{HERE}/allocations.py"


def _cached(room: Room, *command: str) -> list[str]:
    return [*command, "-i", room.index.url, "--cache-dir", room.cache("stages")]


def _fresh(room: Room, *command: str) -> list[str]:
    return [*command, "-i", room.index.url, "--no-cache"]


class Beside(NamedTuple):
    """What a pipeline's CPU is put beside: the least that could do the same, or another tool that does it."""

    name: str
    command: Callable[[Room], list[str]]
    stdin: Callable[[Room], str] = lambda _: os.devnull


class Pipeline(NamedTuple):
    """A command of ours, what it is put beside, and what dominates."""

    command: Callable[[Room], list[str]]
    beside: Beside
    remark: str


def _python(room: Room) -> list[str]:
    return [room.peers.path("python"), "-c", "pass"]


def _bare(room: Room) -> list[str]:
    return [sys.executable, "-m", "benchmarks.bare_client", room.index.url, "128", "1000"]


def _uv_compile(cache: str) -> Callable[[Room], list[str]]:
    def command(room: Room) -> list[str]:
        options = ["--no-cache"] if not cache else ["--cache-dir", room.cache(cache)]
        base = [room.peers.path("uv"), "pip", "compile", "-q", *options]
        return [*base, "--index-url", room.index.url, _deep(room)]

    return command


def _ours(name: str) -> Beside:
    """Another pipeline."""
    return Beside(f"“{name}”", lambda room: [*room.ours, *PIPELINES[name].command(room)])


START = "start"
FRESH = "list, 200 × 100, fresh"
UNCHANGED = "list, 200 × 100, unchanged"
WARM = "outdated, 200 × 100, within the TTL"
C_READS = Beside(
    "the same reads in C",
    lambda room: [room.lower_bound(), "same", "1"],
    lambda room: room.listed("small", small(room).sites),
)
BARE = Beside("1,000 requests by the HTTP library alone", _bare)
PIPELINES: dict[str, Pipeline] = {
    START: Pipeline(
        lambda room: ["list", empty(room), "--no-cache"],
        Beside("Python itself", _python),
        "Imports: click, msgspec and our own small modules. Fewer of them is all that is left to gain.",
    ),
    FRESH: Pipeline(
        lambda room: ["list", small(room).path, "--no-cache"],
        C_READS,
        "Opening and reading a file for each distribution, in the kernel's walker and in the system: one and a half "
        "times the C program, whose reads are the limit, and the start.",
    ),
    UNCHANGED: Pipeline(
        lambda room: ["list", small(room).path, "--cache-dir", room.cache("stages")],
        _ours(START),
        "Beyond the start: a few stats for each environment, unpacking its listing, and rendering 20,000 rows.",
    ),
    "scan to a snapshot, 200 × 100": Pipeline(
        lambda room: ["scan", small(room).path, "--no-cache", "-o", _snapshot(room)],
        _ours(FRESH),
        "Four more files for each distribution are looked for or read, and requirements are taken out of its metadata; "
        "encoding and compressing come after.",
    ),
    "check, 200 × 100": Pipeline(
        lambda room: ["check", small(room).path, "--cache-dir", room.cache("stages")],
        _ours(UNCHANGED),
        "Evaluating requirements: each distinct list once, each edge in each environment.",
    ),
    "where, 200 × 100": Pipeline(
        lambda room: ["where", "packaging", small(room).path, "--cache-dir", room.cache("stages")],
        _ours(UNCHANGED),
        "The listings, as for `list`, and hardly anything to render.",
    ),
    "outdated, 1 × 1,000, cold": Pipeline(
        lambda room: _fresh(room, "outdated", thousand(room).path),
        BARE,
        "The import of the HTTP library and the system's sending, then inflating and packing pages. The bare loop uses "
        "the library's session, too.",
    ),
    "outdated, 1 × 1,000, revalidated": Pipeline(
        lambda room: [*_cached(room, "outdated", thousand(room).path), "--refresh"],
        BARE,
        "The HTTP library again: an answer without a body costs it nearly as much. (The bare loop reads the bodies.)",
    ),
    "outdated, 1 × 1,000, within the TTL": Pipeline(
        lambda room: _cached(room, "outdated", thousand(room).path),
        _ours(START),
        "The start; beyond it, look-ups in the cache, decisions and rows: some tens of microseconds a project.",
    ),
    WARM: Pipeline(
        lambda room: _cached(room, "outdated", small(room).path),
        _ours(UNCHANGED),
        "What has to be done for each row: who requires whom, the comparison, the text of the row.",
    ),
    "outdated as HTML, 200 × 100": Pipeline(
        lambda room: [*_cached(room, "outdated", small(room).path), "--format", "html"],
        _ours(WARM),
        "Importing the template engine, and cleaning each text of each row.",
    ),
    "resolve, 2,000 projects, cold": Pipeline(
        lambda room: _fresh(room, "resolve", "-r", _deep(room)),
        Beside("uv", _uv_compile("")),
        "The HTTP library, for each page and each metadata file; the search is the smaller part. The wall time is "
        "that of dependent round trips.",
    ),
    "resolve, 2,000 projects, within the TTL": Pipeline(
        lambda room: _cached(room, "resolve", "-r", _deep(room)),
        Beside("uv", _uv_compile("uv-stages")),
        "Reading requirements and the search: compiled, but for the feeding of what it asks for.",
    ),
}


def _snapshot(room: Room) -> str:
    return os.path.join(room.directory("output"), "snapshot.jsonl.gz")


def _deep(room: Room) -> str:
    from benchmarks.suites.resolution import deep_requirements

    return deep_requirements(room)


def profile(room: Room, name: str) -> dict[str, Any]:
    """One pipeline: its CPU and that of what it is put beside, its CPU by room, its system calls, its allocations."""
    pipeline = PIPELINES[name]
    arguments = pipeline.command(room)
    command = [*room.ours, *arguments]
    env = room.environment(ours=True)
    room.index.set(latency=50)
    _run(command, env)  # fills what the run needs to find
    return {
        "measured": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "load": round(os.getloadavg()[0], 1),
        "cpu": _side_by_side(room, command, pipeline.beside, env),
        "rooms": dict(_cpu(room, command, env)),
        "calls": dict(_calls(room, command, env)),
        "allocations": _allocations(room, arguments, env),
    }


def _side_by_side(room: Room, command: list[str], beside: Beside, env: dict[str, str]) -> list[float]:
    """Milliseconds of CPU, ours and the other's: medians of runs in turn, after one of each that does not count."""
    output, stdin = room.directory("output"), beside.stdin(room)
    other_env = env | {"PYTHONPATH": os.path.dirname(HERE)}
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(1 + REPEATS):
        mine = measure.run([command], room=output, env=env, allowed=(0, 4))
        other = measure.run([beside.command(room)], room=output, env=other_env, stdin=stdin, allowed=(0, 4))
        found[0].append(mine.cpu * 1000)
        found[1].append(other.cpu * 1000)
    return [round(measure.median(side[1:]), 1) for side in found]


def _run(command: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(command, env=env, check=False, capture_output=True, text=True)
    if done.returncode not in {0, 4}:
        raise SystemExit(f"{' '.join(command)}: {done.stderr[-400:]}")
    return done.stderr


def _cpu(room: Room, command: list[str], env: dict[str, str]) -> Counter[str]:
    """Samples by room."""
    found: Counter[str] = Counter()
    output = os.path.join(room.directory("output"), "stacks")
    spy = [room.peers.path("py-spy"), "record", "-f", "raw", "-r", str(RATE), "-o", output, "--nolineno", "--"]
    left = REPEATS
    for _ in range(REPEATS * TRIES):
        # A short run may be over before the profiler has found its interpreter: that run counts for nothing.
        if subprocess.run([*spy, *command], env=env, check=False, capture_output=True).returncode not in {0, 4}:
            continue
        with open(output, encoding="utf-8", errors="replace") as file:
            for line in file:
                stack, _, count = line.rpartition(" ")
                found[_room_of(stack.split(";"))] += int(count)
        left -= 1
        if not left:
            break
    return found


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


def keep(results: dict[str, Any]) -> None:
    """Keep what was measured, and render the page."""
    kept.save(RESULTS, results, os.path.join(HERE, "STAGES.md"), render(results))


def render(results: dict[str, Any]) -> str:
    """STAGES.md."""
    found = {name: results["pipelines"][name] for name in PIPELINES if name in results["pipelines"]}
    lines = [HEADER, "## CPU", "", "| pipeline | CPU | beside it | ratio | by room |", "|---|---|---|---|---|"]
    for name, row in found.items():
        mine, other = row["cpu"]
        rooms = Counter(row["rooms"])
        shares = ", ".join(f"{key} {100 * n / rooms.total():.0f} %" for key, n in rooms.most_common(6)) or "–"
        beside = f"{PIPELINES[name].beside.name}: {other:.0f} ms"
        lines.append(f"| {name} | {mine:.0f} ms | {beside} | {mine / other:.2f} | {shares} |")
    lines += ["", "What dominates, and how far it is from the limit:", ""]
    lines += [f"* {name}: {PIPELINES[name].remark}" for name in found]
    lines += ["", "## System calls and memory", ""]
    lines += [
        "| pipeline | system calls | most frequent | Python's memory, peak | at the end, by file |",
        "|---|---|---|---|---|",
    ]
    for name, row in found.items():
        calls = Counter(row["calls"])
        frequent = ", ".join(f"{key} {value:,}" for key, value in calls.most_common(3))
        held = ", ".join(f"`{where}` {mb} MB" for where, mb in row["allocations"]["held"][:4])
        lines.append(f"| {name} | {calls.total():,} | {frequent} | {row['allocations']['peak']:.1f} MB | {held} |")
    lines += ["", "## Machine and versions", "", "| | |", "|---|---|"]
    lines += [f"| {key} | {text} |" for key, text in results["machine"].items()]
    moments = sorted(row["measured"] for row in found.values())
    loads = [row["load"] for row in found.values() if "load" in row]
    busy = f", at load averages of {min(loads)} to {max(loads)}" if loads else ""
    lines += [f"| Measured | {moments[0]} to {moments[-1]}{busy} |", ""]
    return "\n".join(lines)
