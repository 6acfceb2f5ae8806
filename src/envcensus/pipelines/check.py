"""Whether what is installed fits together, over many environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from envcensus.analysis.consistency import problems
from envcensus.analysis.graph import build_graph
from envcensus.model.census import Census, Survey
from envcensus.pipelines.installed import installed
from envcensus.pipelines.stages import Stages
from envcensus.pipelines.targets import marker_environment, profile_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envcensus.analysis.graph import Graph
    from envcensus.cache.store import NoStore, Store
    from envcensus.inventory import DiscoverOptions
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
    census = installed(roots, discovery, store, rescan=rescan, requires=True, details=True, progress=progress)
    clock = Stages(census.metrics)
    surveys = tuple([_checked(survey) for survey in census.surveys])
    clock.end("decide")
    return msgspec.structs.replace(census, surveys=surveys)


def graph_of(survey: Survey) -> Graph:
    """The requirements in force in one environment."""
    markers = marker_environment(profile_of(survey.environment), survey.environment.platform)
    return build_graph([finding.distribution for finding in survey.findings], markers)


def _checked(survey: Survey) -> Survey:
    # The full version where it is known: "3.11" alone would fail requirements of a micro version.
    python = profile_of(survey.environment).python if survey.environment.python else ""
    found = problems(graph_of(survey), python)
    return msgspec.structs.replace(survey, problems=(*survey.problems, *found))
