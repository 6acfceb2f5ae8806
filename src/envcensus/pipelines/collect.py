"""Roots to environments and listings: the first half of every report."""

from __future__ import annotations

import os
import time
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from envcensus.inventory import discover, scan
from envcensus.model.census import Stream, Survey
from envcensus.model.end_of_life import end_of_life_problem
from envcensus.model.finding import Finding
from envcensus.model.skipped import Skipped
from envcensus.pipelines.buckets import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envcensus.cache.store import NoStore, Store
    from envcensus.inventory import DiscoverOptions
    from envcensus.model.environment import Environment
    from envcensus.model.listing import Listing
    from envcensus.pipelines.progress import Progress


def environments(roots: Sequence[str], options: DiscoverOptions) -> Stream:
    """The environments below `roots`, without what is installed there."""
    places, files = _apart(roots)
    found = discover(places, options) if places or options.system or not files else ()
    read = (item if isinstance(item, Skipped) else item.environment for item in _from_snapshots(files, None))
    items = (
        item if isinstance(item, Skipped) else Survey(environment=item, findings=()) for item in chain(read, found)
    )
    return Stream(items, time.time())


def listings(
    roots: Sequence[str],
    options: DiscoverOptions,
    store: Store | NoStore,
    *,
    rescan: bool = False,
    requires: bool = False,
    details: bool = False,
    progress: Progress | None = None,
    now: float | None = None,
    begun: Callable[[], object] | None = None,
) -> Iterator[Listing | Skipped]:
    """Scan what is found below `roots`, in the order of discovery, unchanged environments from the cache.

    A root that is a snapshot is read instead, and comes first; its environments carry their host.

    `requires` and `details` are those of `envcensus.inventory.scan`. Memory does not grow with the number of
    environments; what a scan had to pass over comes as `Skipped` rows behind its listing. A Python that was past its
    end of life at `now` (seconds since the epoch; the present by default) is one of the listing's problems. `begun` is
    called once, when there is something to read and before it is.
    """
    today = time.strftime("%Y-%m-%d", time.gmtime(now))

    def found() -> Iterator[Environment | Skipped]:
        for count, item in enumerate(discover(places, options), 1):
            if count == 1 and begun is not None:
                begun()
            if progress is not None:
                progress.scanned(count)
            yield item

    places, files = _apart(roots)
    for read in _from_snapshots(files, progress):
        yield read if isinstance(read, Skipped) else _dated(read, today)
    if files and not places and not options.system:
        return
    with Bucket(store, "listings") as cache:
        kept = cache if store.enabled else None
        for item in scan(found(), requires=requires, details=details, cache=kept, rescan=rescan):
            if isinstance(item, Skipped):
                yield item
                continue
            yield _dated(item, today)
            yield from item.skipped


def _dated(listing: Listing, today: str) -> Listing:
    """The listing with what depends on the date of the run; the cache knows nothing of that."""
    problem = end_of_life_problem(listing.environment, today)
    if problem is None:
        return listing
    return msgspec.structs.replace(listing, problems=(problem, *listing.problems))


SNAPSHOTS = (".jsonl", ".jsonl.gz")


def is_snapshot(root: str) -> bool:
    """Whether `root` is a file that is called as snapshots are."""
    return root.endswith(SNAPSHOTS) and os.path.isfile(root)


def _apart(roots: Sequence[str]) -> tuple[list[str], list[str]]:
    """Directories to look into, and snapshots to read."""
    files = [root for root in roots if is_snapshot(root)]
    return [root for root in roots if root not in files], files


def _from_snapshots(files: Sequence[str], progress: Progress | None) -> Iterator[Listing | Skipped]:
    if not files:
        return
    from envcensus.inventory.snapshot import HostNames, read_snapshot

    names = HostNames()
    count = 0
    for file in files:
        for item in read_snapshot(file, names):
            count += 1
            if progress is not None:
                progress.scanned(count)
            yield item


def unchecked(listing: Listing) -> Survey:
    """A listing as a survey that asked no index."""
    findings = tuple([Finding(distribution=each, state="unchecked") for each in listing.distributions])
    return Survey(environment=listing.environment, findings=findings, problems=listing.problems)
