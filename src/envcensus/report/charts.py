"""The numbers behind the charts of the HTML report, in percent: the template only draws them."""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Sequence

from msgspec import Struct

from envcensus.model.census import Census, Survey
from envcensus.model.changes import TrendPoint
from envcensus.model.display import neutral
from envcensus.report import totals
from envcensus.report.totals import SEVERITIES, Totals

MOST_ENVIRONMENTS = 10  # bars that fit a screen
AGES = (  # upper bound in days, label
    (30.0, "< 1 mo."),
    (91.0, "1–3 mo."),
    (182.0, "3–6 mo."),
    (365.0, "6–12 mo."),
    (730.0, "1–2 years"),
    (1095.0, "2–3 years"),
    (float("inf"), "> 3 years"),
)


class Part(Struct, gc=False):
    """A segment of a stacked bar: `start` and `size` in percent of the whole scale."""

    style: str
    label: str
    count: int
    start: float
    size: float


class Bar(Struct):
    """A stacked bar; `key` is what a link to it holds."""

    label: str
    title: str
    key: str
    count: int
    parts: list[Part]


class Bars(Struct):
    """A chart; `left_out` bars did not fit."""

    bars: list[Bar]
    left_out: int = 0


class Line(Struct):
    """A trend line: points as an SVG polyline wants them in a box of 100 by 100, and what stands beside it."""

    points: str
    area: str
    first: str
    last: str
    highest: int
    final: int
    change: int


def stack(counts: Sequence[tuple[str, str, int]], scale: int) -> list[Part]:
    """Segments one after the other for (style, label, count); `scale` is what makes 100 percent."""
    parts, start = [], 0.0
    for name, label, count in counts:
        if count:
            size = 100 * count / max(scale, 1)
            parts.append(Part(name, label, count, round(start, 3), round(size, 3)))
            start += size
    return parts


def states(sums: Totals) -> list[Part]:
    """All packages by state, the outdated ones by severity."""
    counts = [("current", "up to date", sums.current)]
    counts += [(severity, severity, sums.severity.get(severity, 0)) for severity in reversed(SEVERITIES)]
    counts += [("neutral", "not comparable", sums.not_comparable), ("neutral", "not found", sums.not_found)]
    counts += [("neutral", "ignored by policy", sums.ignored), ("neutral", "not looked up", sums.unchecked)]
    counts += [("failed", "could not be looked up", sums.failed)]
    return stack(counts, sums.packages)


def environments(census: Census) -> Bars:
    """The environments with the most outdated packages, by severity."""
    counted = [(totals.of_survey(survey), survey) for survey in census.surveys]
    behind = [(counts, survey) for counts, survey in counted if counts.outdated]
    most = heapq.nlargest(MOST_ENVIRONMENTS, behind, key=_weight)
    prefix = _common([survey.environment.path for _, survey in most])
    scale = max((counts.outdated for counts, _ in most), default=1)
    bars = []
    for counts, survey in most:
        path, host = survey.environment.path, survey.environment.host
        label = (f"{host}: " if host else "") + path[len(prefix) :]
        by_severity = [(s, s, counts.severity.get(s, 0)) for s in SEVERITIES]
        bars.append(Bar(neutral(label), neutral(path), key(survey), counts.outdated, stack(by_severity, scale)))
    return Bars(bars, len(behind) - len(bars))


def key(survey: Survey) -> str:
    """What names an environment in a link."""
    host = survey.environment.host
    return neutral(f"{host}:{survey.environment.path}" if host else survey.environment.path)


def _weight(item: tuple[Totals, Survey]) -> tuple[int, int]:
    counts, _ = item
    return counts.outdated, counts.severity.get("major", 0)


def _common(paths: list[str]) -> str:
    """The directory all `paths` are in, with its slash; empty where that would leave nothing of one of them."""
    if len(paths) < 2 or not all(path.startswith("/") for path in paths):
        return ""
    prefix = os.path.commonpath([os.path.dirname(path) for path in paths])
    return prefix.rstrip("/") + "/" if prefix != "/" else ""


def ages(census: Census) -> Bars:
    """Outdated packages by the age of the installed version, and by severity."""
    table = [dict.fromkeys(SEVERITIES, 0) for _ in AGES]
    unknown = 0
    for survey in census.surveys:
        for finding in survey.findings:
            if finding.state != "outdated" or not totals.active(finding):
                continue
            if finding.age_days is None:
                unknown += 1
                continue
            slot = next(number for number, (limit, _) in enumerate(AGES) if not finding.age_days >= limit)
            table[slot][finding.severity or "other"] += 1
    scale = max((sum(counts.values()) for counts in table), default=1)
    bars = []
    for (_, label), counts in zip(AGES, table, strict=True):
        by_severity = [(s, s, counts[s]) for s in reversed(SEVERITIES)]
        bars.append(Bar(label, label, "", sum(counts.values()), stack(by_severity, scale)))
    return Bars(bars if any(bar.count for bar in bars) else [], unknown)


def trend(points: Sequence[TrendPoint]) -> Line | None:
    """Outdated packages over time; None for fewer than two points."""
    if len(points) < 2:
        return None
    ordered = sorted(points, key=lambda point: point.time)
    begin, end = ordered[0].time, ordered[-1].time
    highest = max(1, *(point.outdated for point in ordered))
    places = [
        (100 * (point.time - begin) / max(end - begin, 1.0), 100 - 92 * point.outdated / highest) for point in ordered
    ]
    line = " ".join(f"{x:.2f},{y:.2f}" for x, y in places)
    return Line(
        points=line,
        area=f"0,100 {line} 100,100",
        first=_day(begin),
        last=_day(end),
        highest=highest,
        final=ordered[-1].outdated,
        change=ordered[-1].outdated - ordered[0].outdated,
    )


def _day(seconds: float) -> str:
    return time.strftime("%d %b %Y", time.gmtime(seconds)).lstrip("0")
