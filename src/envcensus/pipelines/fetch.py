"""Ask the indexes, in this process or in a pool of workers, whichever is quicker for so many projects."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from envcensus.index.limits import Limits
from envcensus.index.project_question import Fetched, Want
from envcensus.runtime import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envcensus.index.config import IndexConfig
    from envcensus.runtime.pool import Pool

_SHARES = 4  # batches for each worker: they even out what is slow, and stay large enough to be worth sending
_LARGEST = 500
# What workers need, once for all of them: what each imports by itself is a few megabytes each.
_PRELOADED = ("uvloop", "envcensus._kernels.pagepack", "envcensus.index.client", "envcensus.pipelines.fetch")


def start_pool(names: int, workers: int | None, concurrency: int) -> Pool | None:
    """A pool that begins to start, if looking up `names` projects is worth it; `workers` overrides the rule."""
    from envcensus.runtime.pool import Pool, workers_for

    count = workers_for(names, os.cpu_count() or 1, connections=concurrency) if workers is None else workers
    if not count:
        return None
    pool = Pool(count, preload=_PRELOADED)
    pool.start()
    return pool


def fetch(
    config: IndexConfig,
    wants: Sequence[Want],
    pool: Pool | None,
    meanwhile: Callable[[], None] | None = None,
) -> Iterator[Fetched]:
    """One answer for each of `wants`, as they arrive. A batch that no worker survives is an answer too: a failure.

    `meanwhile` is called once: as soon as the first requests left, or while the workers start. Raises EnvcensusError
    where a limit of this process leaves too little to ask anybody.
    """
    config = within_limits(config)
    if pool is None:
        from envcensus.index.client import fetch_projects

        yield from fetch_projects(config, wants, meanwhile=meanwhile)
        return
    if meanwhile is not None:
        meanwhile()
    each = msgspec.structs.replace(config, concurrency=max(config.concurrency // pool.workers, 1))
    size = min(max(len(wants) // (pool.workers * _SHARES), 1), _LARGEST)
    batches = [(each, list(wants[start : start + size])) for start in range(0, len(wants), size)]
    for outcome in pool.map_batches(_fetch_share, batches, stall=_longest(each, size)):
        if outcome.answer is not None:
            yield from outcome.answer
        else:
            for want in outcome.batch[1]:
                yield Fetched(name=want.name, outcome="failed", reason=outcome.error)


def within_limits(config: IndexConfig) -> IndexConfig:
    """`config` with as many connections as this process may have. Raises EnvcensusError where that is none, and where
    it may not have the memory."""
    limits.require_room_for_requests()
    possible = limits.connections(config.concurrency, max(len(config.index_urls), 1))
    return config if possible == config.concurrency else msgspec.structs.replace(config, concurrency=possible)


def _longest(config: IndexConfig, size: int) -> float:
    """Seconds that a worker can take for a share of `size` projects: what takes longer is stuck, and not slow.

    So many as it has connections are asked for at a time, each index at most twice, and the bounds of a request hold.
    """
    turns = -(-size // config.concurrency) + 1
    return turns * Limits().total * (2 * len(config.index_urls) + len(config.find_links) + 1)


def _fetch_share(batch: tuple[IndexConfig, list[Want]]) -> list[Fetched]:
    """What a worker does."""
    from envcensus.index.client import fetch_batch  # what makes requests is not for the parent to hold in memory

    config, wants = batch
    return fetch_batch(config, wants)
