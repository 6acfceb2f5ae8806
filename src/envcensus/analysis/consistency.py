"""Whether what is installed fits together: the questions `pip check` asks, over many environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envcensus._kernels.specifier import SpecifierSet
from envcensus.model.skipped import Problem

if TYPE_CHECKING:
    from envcensus.analysis.graph import Graph


def problems(graph: Graph, python: str) -> list[Problem]:
    """Missing and conflicting requirements, and distributions that do not support `python` (full version).

    The sentences are pip's own, so that scripts which read `pip check` find what they know.
    """
    found = []
    for name in sorted(graph.nodes):
        distribution = graph.nodes[name]
        who = f"{name} {distribution.version}"
        for edge in graph.needs[name]:
            requirement = edge.requirement
            installed = graph.nodes.get(requirement.normalized)
            if installed is None:
                found.append(
                    Problem(
                        "missing",
                        distribution.path,
                        f"{who} requires {requirement.normalized}, which is not installed.",
                    )
                )
            elif not requirement.specifier.contains(installed.version, prereleases=True):
                have = f"{installed.name} {installed.version}"
                found.append(
                    Problem("conflict", distribution.path, f"{who} has requirement {requirement}, but you have {have}.")
                )
        if python and distribution.requires_python and not _supports(distribution.requires_python, python):
            detail = f"{who} requires Python {distribution.requires_python}, but this is Python {python}."
            found.append(Problem("unsupported-python", distribution.path, detail))
    found.extend(
        Problem("invalid-requirement", distribution.path, f"{distribution.normalized} {distribution.version}: {line}")
        for distribution, line in graph.invalid
    )
    return found


def _supports(requires_python: str, python: str) -> bool:
    """Whether `python` satisfies Requires-Python; one that cannot be read excludes nothing, as in pip."""
    try:
        return bool(SpecifierSet(requires_python).contains(python, prereleases=True))
    except ValueError:
        return True
