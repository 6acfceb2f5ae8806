"""Which environments hold a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from envcensus._kernels.requirement import Requirement
from envcensus.errors import UsageError
from envcensus.model.census import Metrics
from envcensus.model.environment import owner_label
from envcensus.model.skipped import Skipped
from envcensus.pipelines.collect import listings
from envcensus.pipelines.stages import Stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envcensus.cache.store import NoStore, Store
    from envcensus.inventory import DiscoverOptions
    from envcensus.model.distribution import Distribution
    from envcensus.model.listing import Listing
    from envcensus.pipelines.progress import Progress


class Holding(Struct, frozen=True, gc=False, kw_only=True):
    """One copy of the project."""

    host: str
    environment: str
    kind: str
    python: str
    owner: str
    package: str
    version: str


def where(
    requirement: str,
    roots: Sequence[str],
    discovery: DiscoverOptions,
    store: Store | NoStore,
    *,
    rescan: bool = False,
    progress: Progress | None = None,
    metrics: Metrics | None = None,
) -> tuple[list[Holding], list[Skipped]]:
    """The installed distributions that satisfy `requirement` ("numpy<2"), and what could not be looked at.

    Pre-releases and local versions count as they are. A version that is not PEP 440 satisfies only a bare name.
    Raises UsageError for a requirement that cannot be read, or that has extras, a marker or a URL.
    """
    try:
        wanted = Requirement(requirement)
    except ValueError as error:
        raise UsageError(f"{requirement!r} is no requirement: {error}".splitlines()[0]) from None
    if wanted.url or wanted.marker or wanted.extras:
        raise UsageError(f"{requirement!r} says more than a name and versions", remedy="write it as in 'numpy<2'")
    metrics = metrics if metrics is not None else Metrics()
    clock = Stages(metrics)
    found: list[Holding] = []
    skipped: list[Skipped] = []
    for item in listings(roots, discovery, store, rescan=rescan, progress=progress):
        if isinstance(item, Skipped):
            skipped.append(item)
        else:
            metrics.environments += 1
            metrics.distributions += len(item.distributions)
            found.extend(_holding(item, each) for each in item.distributions if _satisfies(each, wanted))
    clock.end("scan")
    return found, skipped


def _satisfies(distribution: Distribution, wanted: Requirement) -> bool:
    if distribution.normalized != wanted.normalized:
        return False
    if not len(wanted.specifier):
        return True
    try:
        return wanted.specifier.contains(distribution.version, prereleases=True)
    except ValueError:
        return False


def _holding(listing: Listing, distribution: Distribution) -> Holding:
    environment = listing.environment
    return Holding(
        host=environment.host,
        environment=environment.path,
        kind=environment.kind,
        python=environment.python,
        owner=owner_label(environment.owner),
        package=distribution.name,
        version=distribution.version,
    )
