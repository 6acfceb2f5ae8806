"""Write what a scan finds as a snapshot, to be reported on elsewhere or later."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, BinaryIO, cast

from msgspec import Struct

from envcensus import __version__
from envcensus.model import snapshot
from envcensus.model.census import Metrics
from envcensus.model.skipped import Skipped
from envcensus.pipelines.buckets import Bucket
from envcensus.pipelines.collect import listings
from envcensus.pipelines.targets import this_platform
from envcensus.runtime.atomic import open_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envcensus.cache.store import NoStore, Store
    from envcensus.inventory import DiscoverOptions
    from envcensus.model.listing import Listing
    from envcensus.pipelines.progress import Progress
    from envcensus.pipelines.targets import TagCache

_DATED = {"end-of-life"}  # depends on the date of the report, which finds it again
_LEVEL = 1  # of isal's three: 5 % larger than the best, in half the time


class Totals(Struct, kw_only=True):
    """What went into a snapshot."""

    hosts: int = 0
    environments: int = 0
    distributions: int = 0
    skipped: int = 0

    def metrics(self) -> Metrics:
        """The same for `--stats`."""
        return Metrics(environments=self.environments, distributions=self.distributions)


class Writer:
    """A snapshot under way, record by record."""

    def __init__(self, file: BinaryIO) -> None:
        self.totals = Totals()
        self._file = file

    def begin(self, now: float) -> None:
        """The header."""
        self._put(snapshot.Header(format=snapshot.FORMAT, writer=f"envcensus {__version__}", written=now))

    def host(self, host: snapshot.Host) -> None:
        """What follows was found on `host`."""
        self.totals.hosts += 1
        self._put(host)

    def listing(self, found: Listing) -> None:
        """One environment."""
        self.totals.environments += 1
        self.totals.distributions += len(found.distributions)
        self._put(
            snapshot.Found(
                environment=found.environment,
                distributions=found.distributions,
                problems=tuple([each for each in found.problems if each.code not in _DATED]),
            )
        )

    def skipped(self, row: Skipped) -> None:
        """Something that could not be looked at."""
        self.totals.skipped += 1
        self._put(snapshot.NotSeen(skipped=row))

    def end(self) -> None:
        """The trailer."""
        totals = self.totals
        self._put(
            snapshot.Trailer(
                hosts=totals.hosts,
                environments=totals.environments,
                distributions=totals.distributions,
                skipped=totals.skipped,
            )
        )

    def _put(self, record: snapshot.Record) -> None:
        self._file.write(snapshot.encode(record))


@contextmanager
def writing(path: str, now: float) -> Iterator[Writer]:
    """A snapshot that appears at `path` when the block ends well; compressed where its name ends in .gz."""
    with (
        open_whole(path) as file,
        packed(file) if path.endswith(".gz") else nullcontext(file) as stream,
        _framed(stream, now) as writer,
    ):
        yield writer


@contextmanager
def _framed(file: BinaryIO, now: float) -> Iterator[Writer]:
    """What is written in the block, between header and trailer; without the trailer where the block fails."""
    writer = Writer(file)
    writer.begin(now)
    yield writer
    writer.end()


def packed(file: BinaryIO) -> AbstractContextManager[BinaryIO]:
    """What is written to it goes to `file` compressed."""
    from isal import igzip

    stream = igzip.IGzipFile("", "wb", _LEVEL, file, mtime=0)  # type: ignore[no-untyped-call]
    return cast("BinaryIO", stream)


def take_snapshot(
    path: str,
    roots: Sequence[str],
    discovery: DiscoverOptions,
    store: Store | NoStore,
    *,
    name: str = "",
    rescan: bool = False,
    progress: Progress | None = None,
) -> tuple[Totals, list[Skipped]]:
    """Scan everything below `roots` into a snapshot of this host, called `name` or as it calls itself; what went into
    it, and what could not be looked at."""
    with writing(path, time.time()) as writer:
        skipped = _scan(writer, roots, discovery, store, name=name, rescan=rescan, progress=progress)
        return writer.totals, skipped


def take_into(
    file: BinaryIO,
    roots: Sequence[str],
    discovery: DiscoverOptions,
    store: Store | NoStore,
    *,
    name: str = "",
    rescan: bool = False,
) -> None:
    """The same into an open file, uncompressed."""
    with _framed(file, time.time()) as writer:
        _scan(writer, roots, discovery, store, name=name, rescan=rescan, progress=None)


def _scan(
    writer: Writer,
    roots: Sequence[str],
    discovery: DiscoverOptions,
    store: Store | NoStore,
    *,
    name: str,
    rescan: bool,
    progress: Progress | None,
) -> list[Skipped]:
    """Write this host's part, and say what could not be looked at."""
    with Bucket(store, "profiles") as cache:
        writer.host(this_host(roots, name, cache))
    skipped = []
    for item in listings(roots, discovery, store, rescan=rescan, requires=True, details=True, progress=progress):
        if isinstance(item, Skipped):
            skipped.append(item)
            writer.skipped(item)
        else:
            writer.listing(item)
    return skipped


def this_host(roots: Sequence[str], name: str = "", cache: TagCache | None = None) -> snapshot.Host:
    """The record of this host."""
    return snapshot.Host(
        name=name or os.uname().nodename,
        id=_identity(),
        scanned=time.time(),
        roots=tuple(roots),
        requires=True,
        details=True,
        platform=this_platform(cache),
    )


def _identity() -> str:
    """From the machine's own, which machine-id(5) asks to keep confidential; empty where there is none."""
    try:
        with open("/etc/machine-id", "rb") as file:
            own = file.read(64).strip()
    except OSError:
        return ""
    return hmac.new(own, b"envcensus snapshot", hashlib.sha256).hexdigest()[:32] if own else ""
