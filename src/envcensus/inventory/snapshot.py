"""Read snapshots: files of any origin, in memory that one line bounds."""

from __future__ import annotations

import os
import stat
from io import FileIO
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from envcensus.inventory.direct_url import without_credentials
from envcensus.model import snapshot
from envcensus.model.listing import Listing
from envcensus.model.skipped import Skipped
from envcensus.model.snapshot import SnapshotError
from envcensus.runtime.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envcensus.model.distribution import Distribution
    from envcensus.model.snapshot import Host, Record

_CHUNK = 1 << 20
_OF_NO_HOST = {"snapshot", "host"}  # rows that do not belong to the host whose part they stand in
# Lines that repeat each other entirely compress to a hundredth and a quarter, since a match of 258 bytes costs 16 bits
# at their distance; only runs of a single byte get near deflate's limit of 1,032.
_RATIO = 500
_RATIO_FROM = 64 << 20  # bytes from which on the ratio counts
_DAMAGED = "cut off, or damaged compression"


class HostNames:
    """Names for hosts under which no two are confused: the second of a name gets a part of its identity."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def of(self, host: Host) -> str:
        """The name of `host` in this run."""
        if self._ids.setdefault(host.name, host.id) == host.id:
            return host.name
        return f"{host.name}#{host.id[:8]}"


class Section(Struct, frozen=True):
    """A host's part of a snapshot begins."""

    host: Host


def read_snapshot(path: str, names: HostNames | None = None) -> Iterator[Listing | Skipped]:
    """The listings of a snapshot, and what was skipped when it was made.

    What is wrong with the file is one row more, at the place where it was noticed: `Skipped("snapshot", path, …)`.
    """
    names = names or HostNames()
    name, platform = "", None
    for item in read_sections(path):
        if isinstance(item, Section):
            name, platform = names.of(item.host), item.host.platform
        elif isinstance(item, Listing):
            environment = msgspec.structs.replace(item.environment, host=name, platform=platform)
            yield msgspec.structs.replace(item, environment=environment)
        elif name and item.what not in _OF_NO_HOST:
            yield Skipped(item.what, f"{name}:{item.where}", item.reason)
        else:
            yield item


def read_sections(path: str, unknown: dict[str, int] | None = None) -> Iterator[Section | Listing | Skipped]:
    """The same as it is in the file: each host's part is announced, and environments do not carry the host.

    `unknown` counts, by the version of the file, the records of later versions that were passed over.
    """
    passed_over: list[None] = []
    try:
        records = _records(path, passed_over)
        version = snapshot.check_header(_first(records)).version
        yield from _sections(records)
        if unknown is not None and version != snapshot.VERSION:
            unknown[version] = unknown.get(version, 0) + len(passed_over)
    except SnapshotError as error:
        yield Skipped("snapshot", path, str(error))
    except EOFError:
        yield Skipped("snapshot", path, _DAMAGED)
    except OSError as error:
        yield Skipped("snapshot", path, refusal(error))


def _first(records: Iterator[Record]) -> Record | None:
    """The first record; None for a file that begins otherwise: what else is wrong with its first line helps nobody."""
    try:
        return next(records, None)
    except snapshot.UnreadableLineError:
        return None


def _sections(records: Iterator[Record]) -> Iterator[Section | Listing | Skipped]:
    hosts = environments = distributions = skipped = 0
    for record in records:
        match record:
            case snapshot.Found():
                environments += 1
                distributions += len(record.distributions)
                installed = record.distributions
                if any(each.direct_url for each in installed):
                    installed = _without_credentials(installed)
                yield Listing(environment=record.environment, distributions=installed, problems=record.problems)
            case snapshot.Host():
                hosts += 1
                yield Section(record)
            case snapshot.NotSeen():
                skipped += 1
                yield record.skipped
            case snapshot.Trailer():
                counted = (hosts, environments, distributions, skipped)
                if counted != (record.hosts, record.environments, record.distributions, record.skipped):
                    raise SnapshotError("its counts do not agree with its contents")
                if next(records, None) is not None:
                    raise SnapshotError("goes on behind its end")
                return
            case _:
                raise SnapshotError("a second header")
    raise SnapshotError("cut off: it has no trailer")


def _without_credentials(installed: tuple[Distribution, ...]) -> tuple[Distribution, ...]:
    """As a scan of ours leaves them; who wrote the file may have left a password in an address."""
    return tuple([msgspec.structs.replace(each, direct_url=without_credentials(each.direct_url)) for each in installed])


def _records(path: str, passed_over: list[None]) -> Iterator[Record]:
    for line in _lines(path):
        record = snapshot.decode(line)
        if record is not None:
            yield record
        else:
            passed_over.append(None)


def _lines(path: str) -> Iterator[bytes]:
    """The lines of a file, decompressed where its first bytes say so, whatever it is called."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb", buffering=0) as raw:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SnapshotError("not a regular file")
        compressed = os.pread(descriptor, 2, 0) == b"\x1f\x8b"
        yield from _split(_inflate(raw) if compressed else iter(lambda: raw.read(_CHUNK), b""))


def _inflate(raw: FileIO) -> Iterator[bytes]:
    from isal import igzip, isal_zlib

    total = 0
    try:
        with igzip.IGzipFile(fileobj=raw, mode="rb") as file:  # type: ignore[no-untyped-call]
            while chunk := file.read(_CHUNK):
                total += len(chunk)
                if total > _RATIO_FROM and total > _RATIO * max(raw.tell(), 1):
                    raise SnapshotError(f"expands to more than {_RATIO} times its size")
                yield chunk
    except isal_zlib.error:  # type: ignore[misc]  # the stub declares it as an instance
        raise SnapshotError(_DAMAGED) from None


def _split(chunks: Iterator[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []  # of a line that goes on
    size = 0
    for chunk in chunks:
        first, *rest = chunk.split(b"\n")
        held.append(first)
        size += len(first)
        if size > snapshot.LINE_LIMIT:
            raise SnapshotError(f"a line of more than {snapshot.LINE_LIMIT >> 20} MiB")
        if rest:
            yield b"".join(held)
            *whole, last = rest
            yield from whole
            held, size = [last], len(last)
    if size:
        raise SnapshotError("cut off in the middle of a line")
