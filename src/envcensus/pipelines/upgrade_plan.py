"""A joint upgrade of one environment: the newest versions that fit together, found by the resolver.

The roots are what nothing else installed requires. Nothing is planned to be older than it is, where an answer exists
that allows it. What comes from elsewhere than an index (an editable, a direct reference, conda's own packages, what no
index knows) stays as it is, and its requirements hold.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from envcensus.analysis.graph import Graph, build_graph
from envcensus.errors import UsageError
from envcensus.index.core_metadata import core_metadata
from envcensus.model.census import Metrics
from envcensus.model.resolution import Conflict, Wanted
from envcensus.model.skipped import Skipped
from envcensus.model.upgrade import PlannedUpgrade, UpgradePlan
from envcensus.pipelines.buckets import Bucket
from envcensus.pipelines.collect import listings
from envcensus.pipelines.resolve import ResolveRequest, resolve
from envcensus.pipelines.targets import marker_environment, profile_of, tags_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envcensus.cache.store import NoStore, Store
    from envcensus.index.config import IndexConfig
    from envcensus.inventory import DiscoverOptions
    from envcensus.model.core_metadata import CoreMetadata
    from envcensus.model.distribution import Distribution
    from envcensus.model.listing import Listing


class PlanOptions(Struct, frozen=True, kw_only=True):
    """What bounds the plan; as in `ResolveRequest`."""

    constraints: tuple[Wanted, ...] = ()
    pre: bool = False
    uploaded_prior_to: float | None = None
    refresh: bool = False
    offline: bool = False
    max_age: float | None = None


def upgrade_plan(
    roots: Sequence[str],
    discovery: DiscoverOptions,
    config: IndexConfig,
    store: Store | NoStore,
    *,
    options: PlanOptions | None = None,
    metrics: Metrics | None = None,
    rescan: bool = False,
    progress: Callable[[Callable[[], str]], None] | None = None,
) -> UpgradePlan | Conflict:
    """The plan for the one environment below `roots`, or why there is none. Raises UsageError for none or several."""
    options = options or PlanOptions()
    metrics = metrics if metrics is not None else Metrics()
    now = time.time()
    listing, skipped = _only(listings(roots, discovery, store, rescan=rescan, requires=True, details=True, now=now))
    profile = profile_of(listing.environment)
    with Bucket(store, "profiles") as cache:
        tags = tuple(tags_of(profile, cache))
    markers = marker_environment(profile, listing.environment.platform)
    graph = build_graph(listing.distributions, markers)
    kept = {name for name, each in graph.nodes.items() if _from_elsewhere(each)}
    floors = True
    while True:
        request = ResolveRequest(
            requirements=tuple(Wanted(name, "what is installed") for name in _roots(graph)),
            constraints=(*options.constraints, *(_floors(graph, kept) if floors else ())),
            environment=markers,
            tags=tags,
            pre=options.pre,
            uploaded_prior_to=options.uploaded_prior_to,
            refresh=options.refresh,
            offline=options.offline,
            max_age=options.max_age,
            installed={name: _as_installed(graph.nodes[name]) for name in kept},
        )
        answer, solver = resolve(request, config, store, now=now, metrics=metrics, progress=progress)
        unknown = {name for name, page in solver.pages.items() if page is None and name in graph.nodes} - kept
        if unknown:
            kept |= unknown  # once more, with these as they are
            reasons = {row.where: row for row in answer.skipped if row.where in unknown}
            skipped = (*skipped, *reasons.values())
        elif isinstance(answer, Conflict):
            if not floors:
                return structs.replace(answer, skipped=(*skipped, *answer.skipped))
            floors = False  # what is installed may not fit together as it is: now something may become older
        else:
            planned = {pin.name: pin.version for pin in answer.pins}
            rows = _rows(graph, kept, planned)
            return UpgradePlan(
                environment=listing.environment.path,
                rows=rows,
                warnings=answer.warnings,
                skipped=(*skipped, *answer.skipped),
            )


def _only(found: Iterator[Listing | Skipped]) -> tuple[Listing, tuple[Skipped, ...]]:
    skipped: list[Skipped] = []
    environments: list[Listing] = []
    for item in found:
        if isinstance(item, Skipped):
            skipped.append(item)
        else:
            environments.append(item)
    if len(environments) != 1:
        count = "no environment was" if not environments else f"{len(environments)} environments were"
        raise UsageError(f"an upgrade is planned for one environment, and {count} found", remedy="name one as ROOT")
    return environments[0], tuple(skipped)


def _from_elsewhere(distribution: Distribution) -> bool:
    return distribution.editable or bool(distribution.direct_url) or distribution.installer == "conda"


def _roots(graph: Graph) -> list[str]:
    """What nothing else requires, and of circles that nothing outside requires the first by name."""
    roots = [name for name in sorted(graph.nodes) if graph.direct(name)]
    seen: set[str] = set()
    for name in [*roots, *sorted(graph.nodes)]:
        if name in seen:
            continue
        if name not in roots:
            roots.append(name)
        work = [name]
        while work:
            each = work.pop()
            if each not in seen:
                seen.add(each)
                work += [edge.requirement.normalized for edge in graph.needs.get(each, ())]
    return sorted(roots)


def _floors(graph: Graph, kept: set[str]) -> list[Wanted]:
    """Nothing older than it is."""
    floors = []
    for name, each in graph.nodes.items():
        if name not in kept:
            text = f"{name}>={each.version.partition('+')[0]}"
            if _readable(text):
                floors.append(Wanted(text, "what is installed"))
    return floors


def _readable(text: str) -> bool:
    from envcensus._kernels.requirement import Requirement

    try:
        Requirement(text)
    except ValueError:
        return False
    return True


def _as_installed(distribution: Distribution) -> CoreMetadata:
    return core_metadata(
        distribution.name,
        distribution.version,
        list(distribution.requires),
        extras=list(distribution.extras),
        requires_python="",
        metadata_version="2.4",
    )


def _rows(graph: Graph, kept: set[str], planned: dict[str, str]) -> tuple[PlannedUpgrade, ...]:
    rows = []
    for name in sorted({*graph.nodes, *planned}):
        each = graph.nodes.get(name)
        rows.append(
            PlannedUpgrade(
                name=name,
                installed="" if each is None else each.version,
                planned=planned.get(name, ""),
                kept=name in kept,
            )
        )
    return tuple(rows)
