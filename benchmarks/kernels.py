"""The micro benchmarks as a table: kernels beside packaging, medians, with the design's bars."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any, NamedTuple

from benchmarks.room import HERE


class Work(NamedTuple):
    """What one group of micro benchmarks stands for: how many units a round holds, and the bars of one unit."""

    units: int
    most: float | None = None  # nanoseconds
    factor: float | None = None  # times faster than packaging
    title: str = ""  # of one unit, where the group has several


CACHE_HIT = "200 answers from the cache"
WORK = {
    "parse five versions": Work(5, 60, 15, "parse a version"),
    "compare two versions, ten times": Work(10, 25, 4, "compare two versions"),
    "parse five requirements": Work(5, 400, 25, "parse a requirement"),
    "parse and sort 100,000 versions": Work(1, None, 30),
    "filter a project of 1,000 versions": Work(1, None, 50),
    "filter 1,000 parsed versions": Work(1),
    "parse a marker": Work(1),
    "evaluate a marker": Work(1),
    "parse a wheel's file name": Work(1),
    "rank a wheel's tags": Work(1),
    "settings": Work(1, 140),
    "four paths of an environment": Work(1, 517),
    CACHE_HIT: Work(200, title="a cache hit, to the newest version"),
}


def measure() -> list[dict[str, Any]]:
    """Run the micro benchmarks of this interpreter; one entry for each side of each group, in nanoseconds a unit."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "micro.json")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "--benchmark-enable"]
        command += [f"--benchmark-json={output}", os.path.join(HERE, "micro")]
        subprocess.run(command, check=True, cwd=os.path.dirname(HERE), stdout=sys.stderr)
        with open(output, encoding="utf-8") as file:
            found = json.load(file)["benchmarks"]
    return [
        {
            "group": entry["group"],
            "side": entry["param"] or "kernel",
            "nanoseconds": entry["stats"]["median"] * 1e9 / WORK[entry["group"]].units,
        }
        for entry in found
    ]


def table(entries: list[dict[str, Any]]) -> str:
    """The entries as Markdown, one row a group and side of ours."""
    lines = [
        "## Kernels",
        "",
        "One unit of work, from Python, medians of pytest-benchmark; call and loop included. A side marked memory has",
        "seen the text before; all others do the work anew each time.",
        "",
        "| work | ours | packaging | faster | bar | |",
        "|---|---|---|---|---|---|",
    ]
    for group, work in WORK.items():
        sides = {entry["side"]: entry["nanoseconds"] for entry in entries if entry["group"] == group}
        peer = sides.pop("packaging", None)
        for side, ours in sides.items():
            title = work.title or group
            label = title if side == "kernel" else f"{title} ({side.removeprefix('kernel, ')})"
            lines.append(_line(label, ours, peer, work if side == "kernel" else Work(work.units)))
    return "\n".join([*lines, "", "`python -m benchmarks kernels`", ""])


def _line(label: str, ours: float, peer: float | None, work: Work) -> str:
    faster = None if peer is None else peer / ours
    met = (work.most is None or ours <= work.most) and (work.factor is None or (faster or 0.0) >= work.factor)
    bars = [f"≤ {work.most:g} ns"] if work.most else []
    bars += [f"≥ {work.factor:g}×"] if work.factor else []
    verdict = ("met" if met else "**missed**") if bars else ""
    cells = [label, _time(ours), _time(peer), "–" if faster is None else f"{faster:.1f}×", ", ".join(bars), verdict]
    return "| " + " | ".join(cells) + " |"


def _time(nanoseconds: float | None) -> str:
    if nanoseconds is None:
        return "–"
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"
