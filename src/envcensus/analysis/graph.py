"""Who requires whom among the distributions installed in one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from envcensus._kernels.requirement import MarkerEnvironment, Requirement, holding, leading_names, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from envcensus.model.distribution import Distribution


_MOST_LINES = 50_000  # distributions whose requirements are remembered


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
        return is_direct(name, self.needed_by.get(name, ()))


def is_direct(name: str, edges: Sequence[Edge]) -> bool:
    """Whether none of `edges`, which reach `name`, comes from another distribution."""
    for edge in edges:  # noqa: SIM110  # asked for every row: a generator takes longer
        if edge.requirer.normalized != name:
            return False
    return True


class Lines:
    """Requires-Dist lines as one marker environment (PEP 508) reads them: once, however many environments hold them."""

    def __init__(self, markers: Mapping[str, str]) -> None:
        self.environment = MarkerEnvironment(markers)
        self._read: dict[tuple[str, ...], tuple[tuple[Requirement, ...], tuple[str, ...]]] = {}
        self._named: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._one: dict[str, Requirement | None] = {}

    def read(self, lines: tuple[str, ...]) -> tuple[tuple[Requirement, ...], tuple[str, ...]]:
        """The requirements that hold without any extra, and the lines that PEP 508 does not allow."""
        found = self._read.get(lines)
        if found is None:
            invalid: list[str] = []
            parsed = _parse(lines, invalid, for_extras=False)
            kept = [each for each in parsed if each.marker is None or each.marker.evaluate(self.environment, "")]
            if len(self._read) >= _MOST_LINES:
                self._read.clear()
            found = self._read[lines] = (tuple(kept), tuple(invalid))
        return found

    def holding(self, lines: tuple[str, ...], installed: dict[str, Distribution]) -> list[tuple[str, Requirement]]:
        """Those that hold without any extra and name a key of `installed`, behind it. The others are not read."""
        named = self._named.get(lines)
        if named is None:
            if len(self._named) >= _MOST_LINES:
                self._named.clear()
            named = self._named[lines] = leading_names(lines)
        return holding(lines, named, installed, self.environment, self._one)


def build_graph(distributions: Sequence[Distribution], markers: Mapping[str, str] | Lines) -> Graph:
    """The graph of `distributions` under the marker environment `markers` (PEP 508). For many environments that have
    it in common, pass the same `Lines`.

    Extras count where an installed distribution asks for them (``requests[socks]``): what an operator once typed on
    a command line is not recorded anywhere.
    """
    lines = markers if isinstance(markers, Lines) else Lines(markers)
    nodes: dict[str, Distribution] = {}
    for distribution in distributions:
        nodes.setdefault(distribution.normalized, distribution)
    graph = Graph(nodes, {name: [] for name in nodes}, {}, [])
    asked: dict[str, set[str]] = {}
    for distribution in nodes.values():
        requirements, invalid = lines.read(distribution.requires)
        for requirement in requirements:
            _join(graph, Edge(distribution, requirement), asked)
        graph.invalid.extend([(distribution, line) for line in invalid])
    _join_extras(graph, asked, lines.environment)
    return graph


def requirers(distributions: Sequence[Distribution], lines: Lines) -> Graph:
    """The part of the graph that says which installed distributions require which: `needed_by` of what is installed.

    `needs` and `invalid` stay empty. Most lines of most environments are about what is not there, and are not read.
    """
    nodes: dict[str, Distribution] = {}
    for distribution in distributions:
        nodes.setdefault(distribution.normalized, distribution)
    needed_by: dict[str, list[Edge]] = {}
    graph = Graph(nodes, {}, needed_by, [])
    asked: dict[str, set[str]] = {}
    for distribution in nodes.values():
        requires = distribution.requires
        if not requires:
            continue
        for name, requirement in lines.holding(requires, nodes):
            if (edges := needed_by.get(name)) is None:
                edges = needed_by[name] = []
            edges.append(Edge(distribution, requirement))
            if requirement.extras:
                asked.setdefault(name, set()).update(requirement.normalized_extras)
    _join_extras(graph, asked, lines.environment)
    return graph


def _join_extras(graph: Graph, asked: dict[str, set[str]], environment: MarkerEnvironment) -> None:
    """Add what the extras that are asked for bring in, which may ask for more of them."""
    done: set[tuple[str, str]] = set()
    parsed: dict[str, list[Requirement]] = {}
    while asked:
        name, extras = asked.popitem()
        if name not in parsed:
            invalid: list[str] = []
            parsed[name] = list(_parse(graph.nodes[name].requires, invalid, for_extras=True))
            graph.invalid.extend([(graph.nodes[name], line) for line in invalid])
        for extra in extras:
            if (name, extra) in done:
                continue
            done.add((name, extra))
            for requirement in parsed[name]:
                marker = requirement.marker
                if marker is not None and marker.evaluate(environment, extra) and not marker.evaluate(environment, ""):
                    _join(graph, Edge(graph.nodes[name], requirement, extra), asked)


def _join(graph: Graph, edge: Edge, asked: dict[str, set[str]]) -> None:
    requirement = edge.requirement
    name = requirement.normalized
    graph.needs.setdefault(edge.requirer.normalized, []).append(edge)
    if (edges := graph.needed_by.get(name)) is None:
        graph.needed_by[name] = [edge]
    else:
        edges.append(edge)
    if requirement.extras and name in graph.nodes:
        asked.setdefault(name, set()).update(requirement.normalized_extras)


def _parse(lines: Iterable[str], invalid: list[str], *, for_extras: bool) -> Iterator[Requirement]:
    """The requirements of a distribution; those that hold only with some extra, most of them, just `for_extras`."""
    for line in lines:
        only_with_extra = "extra ==" in line and " or " not in line
        if only_with_extra and not for_extras:
            continue
        try:
            yield parse(line)
        except ValueError:
            if only_with_extra or not for_extras:  # said once
                invalid.append(line)
