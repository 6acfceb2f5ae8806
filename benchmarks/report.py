"""RESULTS.md: criteria and bars first, then every row with all its sides, and the machine it was measured on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import kernels
from benchmarks.criteria import CRITERIA, Criterion, Figure
from benchmarks.measure import DISTURBED, median
from benchmarks.rows import Bar, Quantity, Row

HEADER = """# Results

Ratios are ours divided by the peer's, from medians of runs in alternation after a warm-up; smaller is better. Absolute
times belong to the machine named below. CPU is user and system time of every process that was started, workers and
orphans included. Memory is the proportional set size of all processes of a side together, sampled in a run of its own.
"Net" leaves out the start of the process, measured in turn by the same command with nothing to do. Every command runs
in a neutral environment: no settings of pip, uv or certificates, an empty home.

Reproduce everything with `python -m benchmarks run`, one row with the command beside it (see [README.md](README.md)).
"""
WIDTH = 40
GROWTH = Path(__file__).with_name("GROWTH.md")


def samples_of(side: dict[str, Any]) -> list[dict[str, Any]]:
    """The samples that count: undisturbed ones, or all where those are fewer than three."""
    found: list[dict[str, Any]] = side["samples"]
    quiet = [sample for sample in found if sample["others"] <= DISTURBED]
    return quiet if len(quiet) >= min(3, len(found)) else found


def value(side: dict[str, Any], quantity: Quantity) -> float:
    """The median of a quantity of a side, scaled to the whole work; nan where it was not measured."""
    samples, scale = samples_of(side), float(side["scale"])
    if quantity == "wall":
        return median(sample["wall"] for sample in samples) * scale
    if quantity == "cpu":
        return median(sample["user"] + sample["system"] for sample in samples) * scale
    if quantity == "net cpu":
        return value(side, "cpu") - median(sample["user"] + sample["system"] for sample in side["starts"])
    if quantity == "memory":
        pss = side.get("memory", {}).get("pss")
        return math.nan if pss is None else float(pss)
    return median(sample["requests"] for sample in samples) * scale


def measured(bar: Bar, row: dict[str, Any]) -> float:
    """The ratio or absolute value that a bar limits; nan where a side is missing."""
    sides = row["sides"]
    wanted = [bar.ours, bar.peer] if bar.peer else [bar.ours]
    if any(name not in sides or not sides[name]["samples"] for name in wanted):
        return math.nan
    ours = value(sides[bar.ours], bar.quantity)
    if not bar.peer:
        return ours
    peer = value(sides[bar.peer], bar.quantity)
    return ours / peer if peer > 0 else math.nan


def _factor(ratio: float) -> str:
    """A ratio, and from the other side where that reads better."""
    if math.isnan(ratio):
        return "not measured"
    return f"{ratio:.3f} ({1 / ratio:.0f}× less)" if 0 < ratio < 0.2 else f"{ratio:.2f}"


def _limit(bar: Bar) -> str:
    """What a bar allows: a share of the peer's, or an amount."""
    return f"≤ {bar.limit:.3g}× {bar.peer}" if bar.peer else f"≤ {_absolute(bar.quantity, bar.limit)}"


def _absolute(quantity: Quantity, number: float) -> str:
    if math.isnan(number):
        return "–"
    if quantity == "memory":
        return f"{number / 1e6:.1f} MB"
    if quantity == "requests":
        return f"{number:.0f}"
    return f"{number:.3f} s" if number < 10 else f"{number:.1f} s"


def criteria_table(criteria: Sequence[Criterion], results: dict[str, Any]) -> list[str]:
    """One line a figure or proof, missed ones included."""
    lines = ["| criterion | beside, or proved by | figure | |", "|---|---|---|---|"]
    for criterion in criteria:
        title = criterion.title
        for figure in criterion.figures:
            found = _figure(figure, results)
            times = bool(figure.peer)
            verdict = ""
            if figure is criterion.figures[0]:
                met = found >= criterion.goal if times else found <= criterion.goal
                verdict = "?" if math.isnan(found) else "met" if met else "**missed**"
            name = f"{figure.called or figure.peer}, " if times else ""
            shown = _times(found) if times else _absolute(figure.quantity, found)
            lines.append(f"| {title} | {name}[{figure.row}](#{figure.row}) | {shown} | {verdict} |")
            title = ""
        for proof in criterion.proofs:
            lines.append(f"| {title} | `{proof.command}` | {proof.what} | by test |")
            title = ""
    return lines


def _figure(figure: Figure, results: dict[str, Any]) -> float:
    """How many times the peer takes as much, or the quantity of ours; nan where it was not measured."""
    result = results["rows"].get(figure.row, {"sides": {}})
    found = measured(Bar(figure.quantity, 0, figure.peer, figure.ours), result)
    return 1 / found if figure.peer and found > 0 else found


def _times(factor: float) -> str:
    if math.isnan(factor):
        return "not measured"
    return f"{factor:.0f}×" if factor >= 10 else f"{factor:.1f}×"


def _cache_hit(results: dict[str, Any]) -> list[str]:
    """What a project costs whose answer is in the cache."""
    found = [entry["nanoseconds"] for entry in results.get("kernels", ()) if entry["group"] == kernels.CACHE_HIT]
    if not found:
        return []
    cost = f"{found[0] / 1000:.1f} µs"
    return ["", f"A project whose answer is in the cache costs {cost}, to its newest version ([kernels](#kernels))."]


def bars_table(rows: Sequence[Row], results: dict[str, Any]) -> list[str]:
    """One line a bar, missed ones included."""
    lines = ["| row | what | bar | measured | |", "|---|---|---|---|---|"]
    for row in rows:
        result = results["rows"].get(row.key, {"sides": {}})
        for bar in row.bars:
            found = measured(bar, result)
            shown = _factor(found) if bar.peer else _absolute(bar.quantity, found)
            verdict = "?" if math.isnan(found) else "met" if found <= bar.limit * 1.0001 else "**missed**"
            side = "" if bar.ours == "envcensus" else f" ({bar.ours.removeprefix('envcensus, ')})"
            what = f"{bar.quantity}: {row.title}{side}"
            lines.append(f"| [{row.key}](#{row.key}) | {what} | {_limit(bar)} | {shown} | {verdict} |")
    return lines


def side_table(row: Row, result: dict[str, Any]) -> list[str]:
    """Every side of a row, ratios to the first."""
    lines = [
        "| side | wall | × ours | CPU | × ours | net CPU | memory | requests | runs |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    ours = result["sides"][row.sides[0].name]
    for name, side in result["sides"].items():
        if not side["samples"]:
            lines.append(f"| {name} | failed: {side.get('failed', '')[:200]} | | | | | | | |".replace("\n", " "))
            continue
        cells = [name]
        for quantity in ("wall", "cpu"):
            here, first = value(side, quantity), value(ours, quantity) if ours["samples"] else math.nan
            cells += [_absolute(quantity, here), "–" if math.isnan(first) else f"{here / max(first, 1e-4):.2f}"]
        cells.append(_absolute("net cpu", value(side, "net cpu")) if side["starts"] else "–")
        cells.append(_absolute("memory", value(side, "memory")))
        cells.append(_absolute("requests", value(side, "requests")) if row.latency is not None else "–")
        cells.append(str(len(samples_of(side))))
        lines.append("| " + " | ".join(cells) + " |")
    notes = [f"{name}: {side['note']}" for name, side in result["sides"].items() if side["note"]]
    return [*lines, "", *([f"*{'; '.join(notes)}.*", ""] if notes else [])]


def chart(row: Row, result: dict[str, Any]) -> list[str]:
    """Wall and CPU as bars of text, on one scale."""
    shown = [(name, side) for name, side in result["sides"].items() if side["samples"]]
    if not shown:
        return []
    top = max(max(value(side, "wall"), value(side, "cpu")) for _, side in shown)
    width = max(len(name) for name, _ in shown)
    lines = ["```"]
    for name, side in shown:
        for label, quantity in (("wall", "wall"), ("CPU ", "cpu")):
            number = value(side, quantity)  # type: ignore[arg-type]  # the two words above
            bar = "█" * round(number / top * WIDTH) or "▏"
            lines.append(f"{name if label == 'wall' else '':{width}} {label} {bar:{WIDTH}} {number:9.3f} s")
    return [*lines, "```", ""]


def row_text(row: Row, result: dict[str, Any]) -> str:
    """One row as it stands in the page."""
    lines = [f"### {row.key}", "", f"{row.title}. {row.remark}".rstrip(), ""]
    lines += side_table(row, result)
    lines += chart(row, result)
    latency = f", {row.latency:g} ms latency" if row.latency else ""
    lines += [f"`python -m benchmarks run {row.key}` · {result['measured']}{latency}", ""]
    return "\n".join(lines)


def render(rows: Sequence[Row], results: dict[str, Any]) -> str:
    """The whole page."""
    lines = [HEADER, "## Success criteria", "", "How many times faster, wall time:", ""]
    lines += [*criteria_table(CRITERIA, results), *_cache_hit(results), ""]
    lines += ["## Bars", "", *bars_table(rows, results), ""]
    for group in dict.fromkeys(row.group for row in rows):
        found = [row for row in rows if row.group == group and row.key in results["rows"]]
        if found:
            lines += [f"## {group}", "", *(row_text(row, results["rows"][row.key]) for row in found)]
    if "kernels" in results:
        lines.append(kernels.table(results["kernels"]))
    lines += ["#" + GROWTH.read_text(encoding="utf-8")]
    lines += ["## Machine and versions", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in results.get("machine", {}).items()]
    return "\n".join([*lines, ""])
