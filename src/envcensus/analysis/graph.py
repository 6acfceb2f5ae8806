"""Who requires whom among the distributions installed in one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from envcensus._kernels.requirement import MarkerEnvironment, Requirement, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envcensus.model.distribution import Distribution


class Edge(Struct, frozen=True, gc=False):
    """`requirer` requires `requirement` in this environment; `extra` is the extra that asks for it, or empty."""

    requirer: Distribution
    requirement: Requirement
    extra: str = ""


class Graph(Struct, frozen=True):
    """The requirements in force between the distributions of one environment.

    `nodes` are the distributions by normalized name. `needs` holds the edges that leave a name, `needed_by` those that
    reach it. `invalid` lists Requires-Dist lines that PEP 508 does not allow, with their distribution.
    """

    nodes: dict[str, Distribution]
    needs: dict[str, list[Edge]]
    needed_by: dict[str, list[Edge]]
    invalid: list[tuple[Distribution, str]]

    def direct(self, name: str) -> bool:
        """Whether no other installed distribution requires `name`."""
        return not any(edge.requirer.normalized != name for edge in self.needed_by.get(name, ()))


def build_graph(distributions: Sequence[Distribution], markers: Mapping[str, str]) -> Graph:
    """The graph of `distributions` under the marker environment `markers` (PEP 508).

    Extras count where an installed distribution asks for them (``requests[socks]``): what an operator once typed on
    a command line is not recorded anywhere.
    """
    environment = MarkerEnvironment(markers)
    nodes: dict[str, Distribution] = {}
    for distribution in distributions:
        nodes.setdefault(distribution.normalized, distribution)
    graph = Graph(nodes, {name: [] for name in nodes}, {}, [])
    asked: dict[str, set[str]] = {}
    for distribution in nodes.values():
        for requirement in _parse(distribution, graph.invalid, for_extras=False):
            if requirement.marker is None or requirement.marker.evaluate(environment, ""):
                _join(graph, Edge(distribution, requirement), asked)
    _join_extras(graph, asked, environment)
    return graph


def _join_extras(graph: Graph, asked: dict[str, set[str]], environment: MarkerEnvironment) -> None:
    """Add what the extras that are asked for bring in, which may ask for more of them."""
    done: set[tuple[str, str]] = set()
    parsed: dict[str, list[Requirement]] = {}
    while asked:
        name, extras = asked.popitem()
        if name not in parsed:
            parsed[name] = list(_parse(graph.nodes[name], graph.invalid, for_extras=True))
        for extra in extras:
            if (name, extra) in done:
                continue
            done.add((name, extra))
            for requirement in parsed[name]:
                marker = requirement.marker
                if marker is not None and marker.evaluate(environment, extra) and not marker.evaluate(environment, ""):
                    _join(graph, Edge(graph.nodes[name], requirement, extra), asked)


def _join(graph: Graph, edge: Edge, asked: dict[str, set[str]]) -> None:
    name = edge.requirement.normalized
    graph.needs[edge.requirer.normalized].append(edge)
    graph.needed_by.setdefault(name, []).append(edge)
    if edge.requirement.extras and name in graph.nodes:
        asked.setdefault(name, set()).update(edge.requirement.normalized_extras)


def _parse(
    distribution: Distribution, invalid: list[tuple[Distribution, str]], *, for_extras: bool
) -> Iterator[Requirement]:
    """The requirements of a distribution; those that hold only with some extra, most of them, just `for_extras`."""
    for line in distribution.requires:
        only_with_extra = "extra ==" in line and " or " not in line
        if only_with_extra and not for_extras:
            continue
        try:
            yield parse(line)
        except ValueError:
            if only_with_extra or not for_extras:  # said once
                invalid.append((distribution, line))
