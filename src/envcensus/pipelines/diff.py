"""Compare two censuses: snapshots, directories, or one of each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from envcensus.analysis.diff import differences
from envcensus.model.skipped import Skipped
from envcensus.pipelines.collect import listings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envcensus.analysis.diff import Difference
    from envcensus.cache.store import NoStore, Store
    from envcensus.inventory import DiscoverOptions
    from envcensus.model.listing import Listing
    from envcensus.pipelines.progress import Progress


def diff(
    old: str,
    new: str,
    discovery: DiscoverOptions,
    store: Store | NoStore,
    *,
    rescan: bool = False,
    progress: Progress | None = None,
) -> tuple[list[Difference], list[Skipped]]:
    """What changed from `old` to `new`, and what could not be looked at on either side.

    What is found in a directory is on this host, under the name that `scan` gives it.
    """
    skipped: list[Skipped] = []
    here = os.uname().nodename

    def side(root: str) -> Iterator[Listing]:
        for item in listings([root], discovery, store, rescan=rescan, progress=progress):
            if isinstance(item, Skipped):
                skipped.append(item)
            elif item.environment.host:
                yield item
            else:
                yield msgspec.structs.replace(item, environment=msgspec.structs.replace(item.environment, host=here))

    return list(differences(side(old), side(new))), skipped
