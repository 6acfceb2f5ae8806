"""A problem's requirements as lines for its target.

Every function raises ValueError for what is no requirement; its text says where that stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envcensus.model.resolution import Wanted
    from envcensus.resolver.lines import Line, Lines
    from envcensus.resolver.problem import Problem


def wanted_lines(lines: Lines, wanted: Iterable[Wanted]) -> list[Line]:
    """Those that hold for the target."""
    return [line for item in wanted if (line := _line(lines, item)).base]


def by_name(lines: Lines, wanted: Iterable[Wanted]) -> dict[str, list[Line]]:
    """Normalized name → the lines on it that hold for the target."""
    grouped: dict[str, list[Line]] = {}
    for line in wanted_lines(lines, wanted):
        grouped.setdefault(line.name, []).append(line)
    return grouped


def overriding(lines: Lines, problem: Problem) -> dict[str, Line | None]:
    """Normalized name → what replaces the requirements on it; None where no override of it holds: nothing does."""
    found: dict[str, Line | None] = {}
    for item in problem.overrides:
        line = _line(lines, item)
        if line.base or line.name not in found:
            found[line.name] = line if line.base else None
    return found


def hashes(lines: Lines, problem: Problem) -> dict[str, frozenset[str]]:
    """Normalized name → the hashes ("sha256:…") that all requirements with hashes accept, as pip has it."""
    found: dict[str, frozenset[str]] = {}
    for item in (*problem.requirements, *problem.constraints):
        if item.hashes and (line := _line(lines, item)).base:
            known = found.get(line.name)
            found[line.name] = frozenset(item.hashes) if known is None else known & frozenset(item.hashes)
    return found


def _line(lines: Lines, item: Wanted) -> Line:
    line = lines.get(item.text)
    if line is None:
        raise ValueError(
            f"{item.origin}: not a requirement: {item.text}" if item.origin else f"not a requirement: {item.text}"
        )
    return line
