"""Who requires whom among the distributions installed in one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from envcensus._kernels.requirement import MarkerEnvironment, Requirement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envcensus.model.distribution import Distribution


class Edge(Struct, frozen=True):
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
        return all(edge.requirer.normalized == name for edge in self.needed_by.get(name, ()))


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
    by_extra = {name: _by_extra(nodes[name], environment, graph.invalid) for name in nodes}
    done: set[tuple[str, str]] = set()
    todo = [(name, "") for name in nodes]
    while todo:
        name, extra = todo.pop()
        if (name, extra) in done:
            continue
        done.add((name, extra))
        for requirement in by_extra[name].get(extra, ()):
            edge = Edge(nodes[name], requirement, extra)
            graph.needs[name].append(edge)
            graph.needed_by.setdefault(requirement.normalized, []).append(edge)
            if requirement.normalized in nodes:
                todo.extend((requirement.normalized, wanted) for wanted in requirement.normalized_extras)
    return graph


def _by_extra(
    distribution: Distribution, environment: MarkerEnvironment, invalid: list[tuple[Distribution, str]]
) -> dict[str, list[Requirement]]:
    """The requirements of a distribution by the extra that brings them in, "" where none is needed."""
    found: dict[str, list[Requirement]] = {}
    for line in distribution.requires:
        try:
            requirement = Requirement(line)
        except ValueError:
            invalid.append((distribution, line))
            continue
        always, extras = (True, ()) if requirement.marker is None else requirement.marker.activation(environment)
        for extra in ("",) if always else extras:
            found.setdefault(extra, []).append(requirement)
    return found
