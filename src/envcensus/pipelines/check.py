"""Whether what is installed fits together, over many environments."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from envcensus.analysis.consistency import problems
from envcensus.analysis.graph import build_graph
from envcensus.model.census import Census, Metrics
from envcensus.model.skipped import Skipped
from envcensus.pipelines.collect import listings, unchecked
from envcensus.pipelines.held import Held
from envcensus.pipelines.stages import Stages
from envcensus.pipelines.targets import marker_environment, profile_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envcensus.analysis.graph import Graph
    from envcensus.cache.store import NoStore, Store
    from envcensus.inventory import DiscoverOptions
    from envcensus.model.census import Survey
    from envcensus.model.distribution import Distribution
    from envcensus.model.environment import Environment
    from envcensus.model.listing import Listing
    from envcensus.pipelines.progress import Progress


def check(
    roots: Sequence[str],
    discovery: DiscoverOptions,
    store: Store | NoStore,
    *,
    rescan: bool = False,
    progress: Progress | None = None,
) -> Census:
    """Everything below `roots`, each environment with its problems: missing and conflicting requirements,
    unsupported Pythons, and what the scan itself found wrong."""
    now = time.time()
    metrics = Metrics()
    clock = Stages(metrics)
    held = Held()
    skipped: list[Skipped] = []
    deciding = 0.0
    for item in listings(
        roots, discovery, store, rescan=rescan, requires=True, details=True, progress=progress, now=now
    ):
        if isinstance(item, Skipped):
            skipped.append(item)
            continue
        started = time.monotonic()
        held.add(_checked(item))
        deciding += time.monotonic() - started
        metrics.environments += 1
        metrics.distributions += len(item.distributions)
    surveys = held.surveys(unchecked)
    clock.end("scan")
    metrics.stages["scan"] -= deciding
    metrics.stages["decide"] = deciding
    return Census(surveys=surveys, skipped=tuple(skipped), metrics=metrics, generated=now)


def graph_of(survey: Survey) -> Graph:
    """The requirements in force in one environment."""
    return _graph(survey.environment, [finding.distribution for finding in survey.findings])


def _graph(environment: Environment, distributions: Sequence[Distribution]) -> Graph:
    return build_graph(distributions, marker_environment(profile_of(environment), environment.platform))


def _checked(listing: Listing) -> Listing:
    """The listing with what is wrong between its distributions: once, however many reports are written of it."""
    environment = listing.environment
    # The full version where it is known: "3.11" alone would fail requirements of a micro version.
    python = profile_of(environment).python if environment.python else ""
    found = problems(_graph(environment, listing.distributions), python)
    return msgspec.structs.replace(listing, problems=(*listing.problems, *found))
