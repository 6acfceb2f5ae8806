"""The door to the cache. Losing the cache never fails a run: what cannot be read is a miss, what cannot be written is
dropped, and `reason` says why in one line.
"""

from __future__ import annotations

import time
from _thread import allocate_lock
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING

import lmdb

from envcensus.cache import rows
from envcensus.cache.marks import Mark
from envcensus.errors import CacheError

if TYPE_CHECKING:
    from envcensus.cache.writing import Writer

__all__ = ["DEFAULT_SIZE", "MINIMUM_SIZE", "NoStore", "Reader", "Store", "open_store"]

DEFAULT_SIZE = 512 << 20  # bytes
MINIMUM_SIZE = 1 << 20

OPEN_DEADLINE = 5.0  # seconds to wait for another run that repairs or replaces the store
WRITE_DEADLINE = 2.0  # … for another run's write transaction
TOUCH_DEADLINE = 0.2  # … the same, for mere hints

READERS = 126  # LMDB's own default; its lock file is then two pages

Clock = Callable[[], float]


class Reader:
    """One read transaction. Outside of its `with` block, and without a store behind it, every look-up is a miss."""

    __slots__ = ("_quantum", "_store", "_touched", "_txn")

    def __init__(self, store: Store | None, quantum: int = 0) -> None:
        self._store = store
        self._quantum = quantum
        self._txn: lmdb.Transaction[memoryview] | None = None
        self._touched: set[bytes] = set()

    def __enter__(self) -> Reader:
        if self._store is not None:
            self._txn = self._store._begin_read()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        txn, self._txn = self._txn, None
        if txn is not None and self._store is not None:
            self._store._end_read(txn, self._touched)

    @property
    def transaction(self) -> lmdb.Transaction[memoryview] | None:
        """The transaction, for those who look at all rows."""
        return self._txn

    def get(self, bucket: str, key: bytes) -> memoryview | None:
        """The value stored under `key`, expired or not. None too for a record whose checksum is wrong.

        It is a view into the map: valid inside the transaction and not after it.
        """
        txn = self._txn
        if txn is None:
            return None
        full = rows.BUCKETS[bucket] + key if len(key) <= rows.LONGEST_KEY else rows.full_key(bucket, key)
        try:
            raw = txn.get(full)
        except lmdb.Error as error:
            self._doubt(f"the cache cannot be read: {error}")
            return None
        if raw is None:
            return None
        if not rows.is_intact(full, raw):
            self._doubt("the cache holds a damaged record")
            return None
        _, quantum, _, _ = rows.RECORD.unpack_from(raw)
        if quantum != self._quantum:
            self._touched.add(full)
        return raw[rows.RECORD.size :]

    def holds(self, bucket: str) -> bool:
        """Whether there is any record in the bucket."""
        if self._txn is None:
            return False
        prefix = rows.BUCKETS[bucket]
        try:
            with self._txn.cursor() as cursor:
                return cursor.set_range(prefix) and bytes(cursor.key()).startswith(prefix)
        except lmdb.Error as error:
            self._doubt(f"the cache cannot be read: {error}")
            return False

    def _doubt(self, reason: str) -> None:
        if self._store is not None:
            self._store.doubt(reason)


class NoStore:
    """No cache: every look-up is a miss, nothing is kept. `reason` is the line to show, once; it may be empty."""

    enabled = False
    directory = ""
    note = ""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def reader(self) -> Reader:
        """A reader that finds nothing."""
        return Reader(None)

    def put_many(self, bucket: str, items: rows.Items) -> bool:
        """Keep nothing; always False."""
        return False

    def delete(self, bucket: str, keys: Iterable[bytes]) -> int:
        """Remove nothing."""
        return 0

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> NoStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return


class Store:
    """An open store; see `open_store`. Use it from one process; writes are serialized between its threads.

    `reason` is empty until something could not be read or kept; `note` says when another directory is used.
    """

    enabled = True

    def __init__(
        self, env: lmdb.Environment, directory: str, size_limit: int, *, write: bool, clock: Clock, mark: Mark | None
    ) -> None:
        self.directory = directory
        self.size_limit = size_limit
        self.reason = ""
        self.note = ""
        self._env: lmdb.Environment | None = env
        self._write = write
        self._clock = clock
        self._writer: Writer | None = None
        self._mark = mark
        self._touched: set[bytes] = set()
        self._readers = 0
        self._counting = allocate_lock()

    # Reading

    def reader(self) -> Reader:
        """A context manager around one read transaction. Reading never writes and waits for nobody."""
        return Reader(self, rows.quantum_of(self._clock()))

    def _begin_read(self) -> lmdb.Transaction[memoryview] | None:
        if self._env is None:
            return None
        try:
            try:
                txn = self._env.begin(buffers=True)
            except (lmdb.MapResizedError, lmdb.ReadersFullError) as error:
                self.recover(error)
                txn = self._env.begin(buffers=True)
        except lmdb.Error as error:
            self.complain(f"the cache cannot be read: {error}")
            return None
        with self._counting:
            self._readers += 1
        return txn

    def _end_read(self, txn: lmdb.Transaction[memoryview], touched: set[bytes]) -> None:
        txn.abort()
        with self._counting:
            self._readers -= 1
            self._touched |= touched

    def recover(self, error: lmdb.Error) -> None:
        """Make a second attempt at beginning a transaction worth while; raises `error` when nothing can be done."""
        assert self._env is not None
        if isinstance(error, lmdb.ReadersFullError):
            if not self._env.reader_check():
                raise error
        elif self._readers:
            raise error  # mapping the file anew would pull the map from under the views that readers gave out
        else:
            self._env.set_mapsize(0)  # another run has a larger limit: adopt it

    def complain(self, reason: str) -> None:
        """Let `reason` be the line to show, if there is none yet."""
        self.reason = self.reason or reason

    def doubt(self, reason: str) -> None:
        """Something that was read cannot be right. The mark stays behind: the next run looks at the file in full."""
        self.complain(reason)
        if self._mark is not None:
            self._mark.keep()

    # Writing

    def put_many(self, bucket: str, items: rows.Items) -> bool:
        """Store `(key, value, expires)` rows, each batch of them in one transaction; whether all of them were kept."""
        writer = self._writing()
        return writer is not None and writer.put_many(bucket, items)

    def delete(self, bucket: str, keys: Iterable[bytes]) -> int:
        """Remove records; how many there were."""
        full = [rows.full_key(bucket, key) for key in keys]
        return self.change(lambda batch: sum([batch.remove(key) for key in full]))

    def change(self, work: Callable[[rows.Batch], int]) -> int:
        """What `work` answers, done in one write transaction; 0 when it cannot be had."""
        writer = self._writing()
        return 0 if writer is None else writer.change(work, WRITE_DEADLINE)

    def flush(self) -> None:
        """Note which records were used, if that is not noted yet. Done once per run, by `close`."""
        touched, self._touched = self._touched, set()
        if not touched or not self._write or self._env is None:
            return
        quantum = rows.quantum_of(self._clock())
        try:
            with self._env.begin() as txn:
                stale = [key for key in touched if rows.recency_of(txn, key) not in (None, quantum)]
        except lmdb.Error:
            return
        writer = self._writing() if stale else None
        if writer is not None:
            writer.change(lambda batch: batch.touch(sorted(stale)), TOUCH_DEADLINE)

    def _writing(self) -> Writer | None:
        """The writing half, made when there is something to write: a run that only reads does not import it."""
        if not self._write or self._env is None:
            return None
        with self._counting:
            if self._writer is None:
                from envcensus.cache.writing import Writer

                self._writer = Writer(self, self._env, self._clock)
            return self._writer

    def close(self) -> None:
        """Flush and close. Views from readers must not be used afterwards."""
        self.flush()
        env, self._env = self._env, None
        if env is not None:
            env.close()
        if self._writer is not None:
            self._writer.close()
        if self._mark is not None:
            self._mark.remove()
            self._mark = None

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(
    directory: str | None = None, *, size_limit: int = DEFAULT_SIZE, write: bool = True, clock: Clock = time.time
) -> Store | NoStore:
    """The store in `directory` (by default the user's cache directory), created if need be, of at most `size_limit`
    bytes on disk. With `write=False` an existing one is only read.

    Never fails: when the cache cannot be used, the answer is a `NoStore` with the reason.
    """
    from envcensus.cache import opening

    try:
        return opening.open_checked(directory, size_limit=size_limit, write=write, clock=clock)
    except CacheError as error:
        reason = error.message
    except OSError as error:
        reason = f"{error.filename or directory or 'the cache'}: {error.strerror or error}"
    except lmdb.Error as error:
        reason = str(error)
    return NoStore(f"no cache is used: {reason}")
