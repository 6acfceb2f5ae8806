"""What `list` shows: installed distributions, selected as `pip list` selects them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from envcensus._kernels.names import canonicalize_name
from envcensus._kernels.version import Version
from envcensus.model.census import Census, Metrics, Stream, Survey, Surveys
from envcensus.model.finding import Unchecked
from envcensus.model.skipped import Skipped
from envcensus.pipelines.collect import listings, unchecked
from envcensus.pipelines.held import Held
from envcensus.pipelines.stages import Stages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envcensus.cache.store import NoStore, Store
    from envcensus.inventory import DiscoverOptions
    from envcensus.model.finding import Finding
    from envcensus.pipelines.progress import Progress


ListState = Literal["all", "outdated", "uptodate"]


class Selection(Struct, frozen=True, kw_only=True):
    """pip's own options. "outdated" and "uptodate" need findings that were compared with an index."""

    state: ListState = "all"
    editable: bool = False
    exclude_editable: bool = False
    not_required: bool = False  # needs distributions that were read with their requirements
    exclude: tuple[str, ...] = ()


_EVERYTHING = Selection()


def installed(
    roots: Sequence[str],
    discovery: DiscoverOptions,
    store: Store | NoStore,
    *,
    rescan: bool = False,
    requires: bool = False,
    details: bool = False,
    progress: Progress | None = None,
) -> Census:
    """List everything below `roots` without asking an index."""
    now = time.time()
    metrics = Metrics()
    clock = Stages(metrics)
    held = Held()
    skipped: list[Skipped] = []
    for item in listings(
        roots, discovery, store, rescan=rescan, requires=requires, details=details, progress=progress, now=now
    ):
        if isinstance(item, Skipped):
            skipped.append(item)
        else:
            held.add(item)
            metrics.environments += 1
            metrics.distributions += len(item.distributions)
    surveys = held.surveys(unchecked)
    clock.end("scan")
    return Census(surveys=surveys, skipped=tuple(skipped), metrics=metrics, generated=now)


def stream(
    roots: Sequence[str],
    discovery: DiscoverOptions,
    store: Store | NoStore,
    selection: Selection | None = None,
    *,
    rescan: bool = False,
    requires: bool = False,
    details: bool = False,
    progress: Progress | None = None,
) -> Stream:
    """The same, environment by environment as they are scanned, with the rows that `selection` keeps."""
    now = time.time()

    def items() -> Iterator[Survey | Skipped]:
        clock = Stages(run.metrics)
        for item in listings(
            roots, discovery, store, rescan=rescan, requires=requires, details=details, progress=progress, now=now
        ):
            if isinstance(item, Skipped):
                yield item
            else:
                survey = Survey(
                    environment=item.environment, findings=Unchecked(item.distributions), problems=item.problems
                )
                yield survey if selection is None else selected(survey, selection)
        clock.end("scan")

    run = Stream(items(), now, asked=False)
    return run


def select(census: Census, selection: Selection) -> Census:
    """The same census with the rows that `selection` keeps."""
    found = census.surveys
    if isinstance(found, Surveys):
        return msgspec.structs.replace(census, surveys=Surveys(lambda: (selected(each, selection) for each in found)))
    return msgspec.structs.replace(census, surveys=tuple([selected(each, selection) for each in found]))


def selected(survey: Survey, selection: Selection) -> Survey:
    """The survey with the rows that `selection` keeps."""
    if selection == _EVERYTHING:
        return survey
    dropped = {canonicalize_name(name) for name in selection.exclude}
    if selection.not_required:
        dropped |= _required(survey)
    wanted = _STATES[selection.state]
    findings = [
        finding
        for finding in survey.findings
        if finding.distribution.normalized not in dropped
        and (finding.distribution.editable or not selection.editable)
        and not (finding.distribution.editable and selection.exclude_editable)
        and wanted(finding)
    ]
    return msgspec.structs.replace(survey, findings=tuple(findings))


def _required(survey: Survey) -> set[str]:
    """Names that some distribution requires, extras aside, as pip has it."""
    from envcensus.analysis.graph import build_graph
    from envcensus.pipelines.targets import marker_environment, profile_of

    markers = marker_environment(profile_of(survey.environment), survey.environment.platform)
    graph = build_graph(survey.distributions, markers)
    return {name for name, edges in graph.needed_by.items() if any(not edge.extra for edge in edges)}


def _step(finding: Finding) -> int | None:
    """1 where the latest version is newer than the installed one, 0 where it is the same, None where there is no
    comparing them. pip compares editables too."""
    if finding.latest is None:
        return None
    try:
        before, after = Version(finding.distribution.version), Version(finding.latest.version)
    except ValueError:
        return None
    return (after > before) - (after < before)


_STATES: dict[str, Callable[[Finding], bool]] = {
    "all": lambda _: True,
    # A look-up that failed stays in the list: it must not read as "up to date".
    "outdated": lambda finding: finding.state == "failed" or _step(finding) == 1,
    "uptodate": lambda finding: finding.state == "failed" or _step(finding) == 0,
}
