"""Listings of earlier runs.

An entry is good as long as everything it depends on is what it was: each site directory, each `.pth` and `.egg-link`
file, each project they lead to with its metadata, and each distribution that something is wrong with, by device, inode,
modification and change time, and size. That costs a few `stat` calls per environment.

Installers add, remove or rename entries of the site directory, which changes its times. An edit of a sound METADATA
file in place, inside its dist-info directory, does not: it is seen by `--rescan` only. Looking at every METADATA as
well was measured and rejected: for 200 environments of 100 it takes 58 ms of CPU where the directories alone take 2,
and on a cold page cache it reads one inode per distribution instead of one per environment.

As in git's index, a time stamp that is too young proves nothing, since a later change may leave the same one: such a
listing is not stored.
"""

from __future__ import annotations

import os
from typing import Protocol

import msgspec

from envcensus._kernels.listing import pack, unpack
from envcensus._kernels.scan import unchanged
from envcensus.inventory.reading import Reading, Watch
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment
from envcensus.model.skipped import Problem

FORMAT = 5
# Time stamps advance in steps: a few milliseconds on Linux, up to two seconds on file systems of old.
RACY_NS = 2_000_000_000
_FLAWS = 1000  # an environment with more of them is read each time: each is looked at, which costs as much
_BATCH = 256  # entries that are stored together
_KEY_LIMIT = 400  # bytes; the store's keys are shorter than a path may be


class ListingStore(Protocol):
    """Where entries are kept; values are opaque. A store that fails returns None and drops what it is given."""

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        ...

    def put_many(self, items: list[tuple[bytes, bytes]]) -> None:
        """Store all items."""
        ...


class _Entry(msgspec.Struct, array_like=True, gc=False):
    format: int
    level: int
    path: str
    site_dirs: tuple[str, ...]
    watches: tuple[Watch, ...]
    folders: list[str]
    distributions: bytes  # packed
    problems: tuple[Problem, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Entry)


class ListingCache:
    """The listings of one level of detail, over a store."""

    def __init__(self, store: ListingStore, level: int) -> None:
        self.store = store
        self.level = level
        self.pending: list[tuple[bytes, bytes]] = []

    def get(self, environment: Environment) -> Reading | None:
        """The stored reading if nothing it depends on has changed."""
        raw = self.store.get(self._key(environment.path))
        if raw is None:
            return None
        try:
            entry = _decoder.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if (entry.format, entry.level, entry.path, entry.site_dirs) != (
            FORMAT,
            self.level,
            environment.path,
            environment.site_dirs,
        ):
            return None
        if not unchanged(entry.watches):
            return None
        try:
            distributions = unpack(entry.distributions, entry.folders, Distribution)
        except (ValueError, UnicodeDecodeError):
            return None
        return Reading(tuple(distributions), entry.problems, (), entry.watches)

    def put(self, environment: Environment, reading: Reading, started: int) -> None:
        """Store a reading that began at `started` (ns since the epoch), unless it is incomplete or too young.

        Nor where something could not be read: whether that is so next time, no time stamp tells.
        """
        if reading.skipped or len(reading.problems) > _FLAWS:
            return
        if any(problem.code == "unreadable" for problem in reading.problems):
            return
        if any(max(w[3], w[4]) > started - RACY_NS for w in reading.watches):
            return
        folders: list[str] = []
        packed = pack(reading.distributions, folders)
        entry = _Entry(
            FORMAT,
            self.level,
            environment.path,
            environment.site_dirs,
            reading.watches,
            folders,
            packed,
            reading.problems,
        )
        try:
            self.pending.append((self._key(environment.path), _encoder.encode(entry)))
        except UnicodeEncodeError:
            return  # undecodable bytes in a name: such an environment is read each time
        if len(self.pending) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Hand to the store what was not handed over yet."""
        if self.pending:
            pending, self.pending = self.pending, []
            self.store.put_many(pending)

    def _key(self, path: str) -> bytes:
        raw = os.fsencode(path)
        if len(raw) > _KEY_LIMIT:
            from hashlib import blake2b

            raw = raw[: _KEY_LIMIT - 32] + blake2b(raw, digest_size=32).digest()
        return b"%d:" % self.level + raw
