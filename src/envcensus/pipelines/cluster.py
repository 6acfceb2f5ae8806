"""Scan the hosts of a cluster into one snapshot: each host its own part, written as it arrives."""

from __future__ import annotations

import io
import os
import tempfile
import time
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from envcensus import __version__
from envcensus.cache.store import NoStore, open_store
from envcensus.inventory.discover import DiscoverOptions
from envcensus.inventory.snapshot import Section, read_sections
from envcensus.model.skipped import Skipped
from envcensus.pipelines.snapshot import packed, take_into, this_host, writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envcensus.pipelines.progress import Progress
    from envcensus.pipelines.snapshot import Totals, Writer
    from envcensus.runtime.cluster import Cluster

_GREETING_SECONDS = 60.0


class Greeting(Struct, frozen=True):
    """What a host says of itself before anything is scanned."""

    name: str
    id: str
    version: str


class Share(Struct, frozen=True):
    """What one host has to do."""

    name: str
    roots: tuple[str, ...]
    discovery: DiscoverOptions
    rescan: bool
    cached: bool


def scan_cluster(
    cluster: Cluster,
    path: str,
    roots: Sequence[str],
    discovery: DiscoverOptions,
    *,
    rescan: bool = False,
    cached: bool = True,
    timeout: float | None = None,
    expected: Sequence[str] = (),
    progress: Progress | None = None,
) -> tuple[Totals, list[Skipped]]:
    """Scan everything below `roots` on each host of `cluster` into the snapshot `path`.

    A host that is lost, takes more than `timeout` seconds or has another version of envcensus is a row of the snapshot,
    and of the second value; so is one of `expected` (names or addresses) that has no worker. `cached` lets hosts use
    the caches of the users that their workers run as.
    """
    hosts = cluster.hosts()
    skipped: list[Skipped] = []
    names: dict[str, Greeting] = {}
    patience = _GREETING_SECONDS if timeout is None else min(timeout, _GREETING_SECONDS)
    for greeting in cluster.on_each_host(greet, dict.fromkeys(hosts, ""), timeout=patience):
        if greeting.answer is None:
            skipped.append(Skipped("host", greeting.host, greeting.error))
        elif greeting.answer.version != __version__:
            reason = f"has envcensus {greeting.answer.version}, and this is {__version__}"
            skipped.append(Skipped("host", greeting.host, reason))
        else:
            names[greeting.host] = greeting.answer
    called = _distinct(names)
    known = {*hosts, *called.values(), *(greeting.name for greeting in names.values())}
    skipped += [Skipped("host", name, "has no worker in the cluster") for name in expected if name not in known]
    shares = {host: Share(name, tuple(roots), discovery, rescan, cached) for host, name in called.items()}
    with writing(path, time.time()) as writer:
        for row in skipped:
            writer.skipped(row)
        for outcome in cluster.on_each_host(scan_share, shares, timeout=timeout):
            if outcome.answer is None:
                found = [Skipped("host", shares[outcome.host].name, outcome.error)]
                writer.skipped(found[0])
            else:
                found = list(_append(writer, outcome.answer, shares[outcome.host].name))
            skipped += found
            if progress is not None:
                progress.scanned(writer.totals.environments)
        return writer.totals, skipped


def greet(_: str) -> Greeting:
    """What a worker says of its host."""
    host = this_host(())
    return Greeting(host.name, host.id, __version__)


def scan_share(share: Share) -> bytes:
    """What a worker does: the snapshot of its host, compressed."""
    buffer = io.BytesIO()
    store = open_store(None) if share.cached else NoStore("")
    with store, packed(buffer) as file:
        take_into(file, share.roots, share.discovery, store, name=share.name, rescan=share.rescan)
    return buffer.getvalue()


def _distinct(names: dict[str, Greeting]) -> dict[str, str]:
    """A name for each address: as the host calls itself, with its address where others call themselves the same."""
    calls = [greeting.name for greeting in names.values()]
    return {
        host: greeting.name if calls.count(greeting.name) == 1 else f"{greeting.name}@{host}"
        for host, greeting in names.items()
    }


def _append(writer: Writer, answer: bytes, name: str) -> Iterator[Skipped]:
    """Write the snapshot of the host `name` behind the others; it is read with the care that files from elsewhere get,
    and may not speak for another host."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl.gz") as file:
        file.write(answer)
        file.flush()
        for item in read_sections(file.name):
            if isinstance(item, Section):
                writer.host(msgspec.structs.replace(item.host, name=name))
            elif isinstance(item, Skipped):
                damaged = item.where == file.name
                writer.skipped(msgspec.structs.replace(item, where=name) if damaged else item)
                yield msgspec.structs.replace(item, where=name if damaged else f"{name}:{item.where}")
            else:
                writer.listing(item)


def temporary_snapshot() -> str:
    """The name of a new, empty file that only we can read."""
    descriptor, path = tempfile.mkstemp(prefix="envcensus-", suffix=".jsonl.gz")
    os.close(descriptor)
    return path
