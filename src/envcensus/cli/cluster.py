"""What `--cluster` does before a command begins."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from envcensus.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envcensus.model.skipped import Skipped
    from envcensus.pipelines.snapshot import Totals
    from envcensus.runtime.cluster import Cluster


@contextmanager
def scanned(
    address: str, timeout: float | None, expected: IO[bytes] | None, values: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Scan the hosts of the cluster at `address`; the values for a command that reports on them.

    Roots are paths on the hosts. What a host could not look at comes with the snapshot. `expected` names hosts that
    have to be there. Raises UsageError and EnvcensusError.
    """
    from envcensus.pipelines.cluster import temporary_snapshot
    from envcensus.runtime.cluster import Cluster

    if values.get("upgrade_plan"):
        raise UsageError("--upgrade-plan is for one environment of this host", remedy="run it there")
    given, values = values, values | {"paths": remote_roots(values)}  # before anything is connected to
    path = temporary_snapshot()
    try:
        with Cluster(address) as cluster:
            _scan(cluster, path, timeout, expected, values)
            changed = {"roots": (path,), "roots_from": None, "system": False, "shards": cluster.shards()}
            yield {**given, **changed, "remembered_as": (os.path.join("/cluster", address), *values["paths"])}
    finally:
        os.unlink(path)


def scan_to(
    address: str, path: str, timeout: float | None, expected: IO[bytes] | None, values: dict[str, Any]
) -> tuple[Totals, list[Skipped]]:
    """Scan the hosts of the cluster at `address` into a snapshot; its counts and what could not be looked at."""
    from envcensus.runtime.cluster import Cluster

    values = values | {"paths": remote_roots(values)}
    with Cluster(address) as cluster:
        return _scan(cluster, path, timeout, expected, values)


def _scan(
    cluster: Cluster, path: str, timeout: float | None, expected: IO[bytes] | None, values: dict[str, Any]
) -> tuple[Totals, list[Skipped]]:
    from envcensus.cli.options import discover_options
    from envcensus.cli.progress import terminal_progress
    from envcensus.cli.roots import read_roots
    from envcensus.pipelines.cluster import scan_cluster

    with terminal_progress(values.get("progress"), quiet=values.get("quiet", False)) as progress:
        return scan_cluster(
            cluster,
            path,
            values["paths"],
            discover_options(values),
            rescan=values.get("rescan", False),
            cached=not values.get("no_cache", False),
            timeout=timeout,
            expected=[] if expected is None else [name.strip() for name in read_roots(expected) if name.strip()],
            progress=progress,
        )


def remote_roots(values: dict[str, Any]) -> list[str]:
    """The roots as they are written. Raises UsageError for relative ones, which mean nothing on another host."""
    from envcensus.cli.roots import read_roots

    roots = [*values["roots"], *(read_roots(values["roots_from"]) if values["roots_from"] is not None else [])]
    if not roots and not values["system"]:
        raise UsageError("--cluster needs to be told where to look", remedy="name some roots, or --system")
    for root in roots:
        if not os.path.isabs(root):
            raise UsageError(f"{root} is relative, and hosts have no current directory", remedy="write a whole path")
    return roots
