"""The installed dependency tree, and its reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from envcensus.analysis.graph import Graph

_DEEPEST = 200


class Branch(Struct, frozen=True):
    """One node of a printed tree.

    `version` is empty where the requirement is not installed; `repeated` marks a project whose branches were shown
    above, `cycle` one that is its own ancestor: in both cases `branches` is empty.
    """

    name: str
    version: str
    specifier: str = ""
    branches: tuple[Branch, ...] = ()
    repeated: bool = False
    cycle: bool = False


def forest(graph: Graph) -> list[Branch]:
    """The trees of all distributions that no other one requires; cycles without an entrance come last."""

    def needs(name: str) -> dict[str, str]:
        return {edge.requirement.normalized: str(edge.requirement.specifier) for edge in graph.needs.get(name, ())}

    shown: set[str] = set()
    trees = [_grow(graph, name, "", (), shown, needs) for name in sorted(graph.nodes) if graph.direct(name)]
    trees.extend(_grow(graph, name, "", (), shown, needs) for name in sorted(graph.nodes) if name not in shown)
    return trees


def why(graph: Graph, name: str) -> Branch:
    """Who requires `name` (normalized), and who requires those, up to what nobody requires."""

    def requirers(name: str) -> dict[str, str]:
        edges = graph.needed_by.get(name, ())
        return {edge.requirer.normalized: str(edge.requirement.specifier) for edge in edges}

    return _grow(graph, name, "", (), set(), requirers)


def _grow(  # noqa: PLR0917 - recursive: every argument changes or is needed
    graph: Graph,
    name: str,
    specifier: str,
    above: tuple[str, ...],
    shown: set[str],
    neighbours: Callable[[str], dict[str, str]],
) -> Branch:
    installed = graph.nodes.get(name)
    version = installed.version if installed else ""
    label = installed.name if installed else name
    if name in above:
        return Branch(label, version, specifier, cycle=True)
    below = neighbours(name)
    # Metadata is not trusted: a chain of thousands of requirements must not exhaust the stack.
    if below and (name in shown or len(above) >= _DEEPEST):
        return Branch(label, version, specifier, repeated=True)
    shown.add(name)
    branches = [_grow(graph, other, below[other], (*above, name), shown, neighbours) for other in sorted(below)]
    return Branch(label, version, specifier, tuple(branches))
