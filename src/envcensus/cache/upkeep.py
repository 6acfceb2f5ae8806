"""Looking after a store: what it holds, and pruning, verifying and clearing it."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import lmdb
from msgspec import Struct

from envcensus.cache import datafile, layout, marks, opening, rows, store
from envcensus.cache.locks import FileLock
from envcensus.errors import CacheError

# What may lie in the cache's directory and is ours to remove: environments of all schema versions, and leftovers.
_OURS = re.compile(r"v[0-9]+(\.damaged|\.new-[0-9]+|\.old-[0-9]+)?\Z")
_BATCH = 512  # rows removed in one transaction
_LOOKED_AT = 64 << 20  # bytes of records that `info` compares with their checksums


class BucketInfo(Struct, frozen=True):
    """Number of records of a bucket and the bytes of their keys and values; how many of them have expired."""

    records: int = 0
    bytes: int = 0
    expired: int = 0


class StoreInfo(Struct, frozen=True, kw_only=True):
    """What a cache directory holds. Sizes in bytes, times in seconds since the epoch."""

    directory: str
    schema: str
    exists: bool
    note: str = ""
    size_limit: int = 0
    file_size: int = 0  # on disk
    used: int = 0  # in pages that hold records
    oldest_use: float | None = None  # to the day
    open_runs: int = 0  # this one excluded
    checked: int = 0  # records that were compared with their checksums: all, or as many as that is cheap for
    damage: str = ""  # what is wrong with the data file, as far as was looked
    other_sizes: dict[str, int] = {}  # of other schema versions, and of what was set aside
    buckets: dict[str, BucketInfo] = {}


def info(directory: str | None, *, size_limit: int, clock: store.Clock) -> StoreInfo:
    """What the cache in `directory` holds; nothing is created. Raises CacheError, OSError, lmdb.Error."""
    root, note = _root(directory)
    home = os.path.join(root, layout.SCHEMA)
    if not os.path.lexists(home):
        others = _others(root) if _there(root) else {}
        return StoreInfo(directory=root, schema=layout.SCHEMA, exists=False, note=note, other_sizes=others)
    opened = opening.open_checked(directory, size_limit=size_limit, write=True, clock=clock)
    with opened:
        counted = _count(opened, clock())
        if counted.damage and isinstance(opened, store.Store):
            opened.doubt(counted.damage)
        return StoreInfo(
            directory=root,
            schema=layout.SCHEMA,
            exists=True,
            note=note,
            size_limit=size_limit,
            file_size=_size(home),
            used=counted.used,
            oldest_use=counted.oldest,
            open_runs=marks.count(home) - 1,
            other_sizes=_others(root),
            buckets=counted.buckets,
            checked=counted.checked,
            damage=counted.damage,
        )


def usage(opened: store.Store | store.NoStore) -> tuple[int, int] | None:
    """Bytes in pages that hold records, and bytes on disk, of a store that was closed; None without one."""
    if not isinstance(opened, store.Store):
        return None
    again = store.open_store(os.path.dirname(opened.directory), size_limit=opened.size_limit, write=False)
    with again, again.reader() as reader:
        used = rows.pages_used(reader.transaction) if reader.transaction is not None else 0
    return used, _size(opened.directory)


def prune(
    directory: str | None, *, size_limit: int, clock: store.Clock, unused_for: float | None = None
) -> tuple[int, int]:
    """Remove what has expired, what was not used for `unused_for` seconds, other schema versions and leftovers; bring
    the rest under `size_limit` and write it anew without gaps. Records removed, bytes freed on disk.

    Raises CacheError, OSError, lmdb.Error.
    """
    root, _ = _root(directory)
    if not _there(root):
        return 0, 0
    home = os.path.join(root, layout.SCHEMA)
    before = sum(_others(root).values()) + _size(home)
    with _exclusive(root):
        for name in _others(root):  # first: on a full disk the rest needs the room
            _remove_tree(os.path.join(root, name))
    removed = 0
    if os.path.lexists(home):
        with opening.open_checked(directory, size_limit=size_limit, write=True, clock=clock) as opened:
            if isinstance(opened, store.Store):
                removed = _remove_some(opened, clock(), unused_for)
        with _exclusive(root):
            _compact(home, size_limit)
    return removed, max(before - sum(_others(root).values()) - _size(home), 0)


def _remove_some(opened: store.Store, now: float, unused_for: float | None) -> int:
    """What `prune` removes of the records; how many. Raises CacheError when it cannot be done in full."""
    before = _records(opened)
    oldest = None if unused_for is None else rows.quantum_of(now - unused_for)
    _repeat(opened, lambda batch: batch.remove_expired(now, oldest, _BATCH))
    _repeat(opened, lambda batch: batch.evict(rows.share_of(opened.size_limit), now, _BATCH))
    if opened.reason:
        raise CacheError(opened.reason, remedy="`envcensus cache clear` needs neither room nor a sound cache")
    return max(before - _records(opened), 0)  # counted, because room may have been made on the way


def _records(opened: store.Store) -> int:
    with opened.reader() as reader:
        return 0 if reader.transaction is None else rows.read_totals(reader.transaction)[1]


def exists(directory: str | None) -> bool:
    """Whether there is a cache of this version in `directory`. Raises CacheError."""
    root, _ = _root(directory)
    return _there(root) and os.path.lexists(os.path.join(root, layout.SCHEMA))


def verify(directory: str | None, *, size_limit: int) -> str:
    """Look at the whole data file in a process of its own. What is wrong with it, or nothing.

    A damaged one is set aside and replaced by an empty one. Raises CacheError, OSError, lmdb.Error.
    """
    root, _ = _root(directory)
    home = os.path.join(root, layout.SCHEMA)
    if not _there(root) or not os.path.lexists(home):
        return ""
    layout.check_directory(root)
    with _exclusive(root):
        layout.check_directory(home)
        problem = opening.problem_of(home)
        if problem:
            opening.set_aside(home)
            opening.create(home, size_limit)
        else:
            marks.forget(home)
    return problem


def clear(directory: str | None) -> int:
    """Remove all that is ours in the cache's directory; bytes freed. Raises CacheError, OSError."""
    root, _ = _root(directory)
    if not _there(root):
        return 0
    layout.check_directory(root)
    with _exclusive(root):
        freed = 0
        for name in _names(root):
            freed += _size(os.path.join(root, name))
            _remove_tree(os.path.join(root, name))
    return freed


def _root(directory: str | None) -> tuple[str, str]:
    return layout.settle(os.path.abspath(directory) if directory else layout.default_directory())


def _there(root: str) -> bool:
    """Whether there is a directory at `root`. Raises CacheError for anything else, OSError where it cannot be seen."""
    try:
        os.lstat(root)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not os.path.isdir(root):
        raise CacheError(f"{root} is not a directory")
    return True


@contextmanager
def _exclusive(root: str) -> Iterator[None]:
    """Keep other runs from opening the store meanwhile. Raises CacheError when they do not let us in."""
    gate = FileLock(os.path.join(root, "lock"))
    try:
        if not gate.acquire(store.OPEN_DEADLINE):
            raise CacheError(f"another run is using {root}")
        yield
    finally:
        gate.close()


def _names(root: str) -> list[str]:
    return sorted(name for name in os.listdir(root) if _OURS.match(name))


def _others(root: str) -> dict[str, int]:
    """Environments beside the current one and their sizes."""
    return {name: _size(os.path.join(root, name)) for name in _names(root) if name != layout.SCHEMA}


def _size(home: str) -> int:
    """Bytes on disk of an environment's files."""
    try:
        with os.scandir(home) as entries:
            return sum(entry.stat(follow_symlinks=False).st_blocks * 512 for entry in entries)
    except OSError:
        return 0


def _remove_tree(path: str) -> None:
    from shutil import rmtree

    if os.path.lexists(path):
        rmtree(path)  # does not follow links, not even planted ones


class _Counted(Struct):
    """What `info` finds in the data file."""

    buckets: dict[str, BucketInfo]
    oldest: float | None = None
    used: int = 0
    checked: int = 0
    damage: str = ""


def _count(opened: store.Store | store.NoStore, now: float) -> _Counted:
    """Go through the ledger, see whether it agrees with the rest, and look at as many records as that is cheap for."""
    with opened.reader() as reader:
        txn = reader.transaction
        if txn is None:
            raise CacheError(opened.reason or "the cache cannot be read")
        found = _Counted(dict.fromkeys(rows.BUCKETS, BucketInfo()))
        try:
            _read_ledger(txn, now, found)
            _look_at_records(txn, found)
        except (lmdb.Error, struct.error, KeyError) as error:
            found.damage = f"a row cannot be read ({type(error).__name__})"
        return found


def _read_ledger(txn: rows.AnyTransaction, now: float, found: _Counted) -> None:
    names = {ord(byte): name for name, byte in rows.BUCKETS.items()}
    counts = {name: [0, 0, 0] for name in rows.BUCKETS}
    oldest: int | None = None
    indexed = 0
    for bucket, (quantum, size, expires) in rows.ledger(txn):
        count = counts[names[bucket]]
        count[0] += 1
        count[1] += size
        count[2] += expires <= now
        indexed += expires < rows.NEVER
        oldest = quantum if oldest is None else min(oldest, quantum)
    found.buckets = {name: BucketInfo(*count) for name, count in counts.items()}
    found.oldest = oldest and oldest * rows.QUANTUM
    found.used = rows.pages_used(txn)
    records = sum(count[0] for count in counts.values())
    sizes = sum(count[1] for count in counts.values())
    # Each record has a row in the ledger and one in the index of recency; the totals are one more.
    if rows.read_totals(txn) != (sizes, records) or txn.stat()["entries"] != 3 * records + indexed + 1:
        found.damage = "records, indexes and totals do not agree"


def _look_at_records(txn: rows.AnyTransaction, found: _Counted) -> None:
    left = _LOOKED_AT
    for prefix in rows.BUCKETS.values():
        with txn.cursor() as cursor:
            there = cursor.set_range(prefix)
            while there and left > 0 and not found.damage:
                key, raw = bytes(cursor.key()), cursor.value()
                if key[:1] != prefix:
                    break
                if not rows.is_intact(key, raw):
                    found.damage = "a record does not match its checksum"
                found.checked += 1
                left -= len(raw)
                there = cursor.next()


def _repeat(opened: store.Store, step: Callable[[rows.Batch], int]) -> None:
    """Repeat a step, each time in a transaction of its own, until there is nothing left for it to remove."""
    while opened.change(step):
        pass


def _compact(home: str, size_limit: int) -> None:
    """Write the data file anew without free pages, where that is worth it, and put it in place of the old one.

    Runs that have the old one open go on with it; what they write is lost, as the cache may be.
    """
    if not os.path.lexists(home) or marks.count(home):
        return
    fresh, old = f"{home}.new-{os.getpid()}", f"{home}.old-{os.getpid()}"
    env = opening.open_environment(home, size_limit)
    try:
        opening.create(fresh, size_limit)
        os.unlink(os.path.join(fresh, datafile.DATA))
        env.copy(fresh, compact=True)
        os.chmod(os.path.join(fresh, datafile.DATA), 0o600)
    except (OSError, lmdb.Error):
        _remove_tree(fresh)
        return  # no room for a copy: the free pages are used again all the same
    finally:
        env.close()
    os.rename(home, old)
    os.rename(fresh, home)
    _remove_tree(old)
