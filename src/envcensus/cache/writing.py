"""The writing half of an open store: one writer at a time, transactions of bounded size, and room where none is."""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import lmdb

from envcensus.cache import rows, store
from envcensus.cache.locks import FileLock

if TYPE_CHECKING:
    from envcensus.cache.store import Clock, Store

_CHUNK = 16 << 20  # bytes in one transaction
_ROWS = 1024  # … and rows


class Writer:
    """Writes for `opened`, and tells it what could not be kept. Its threads take turns, and so do other runs."""

    __slots__ = ("_clock", "_dropped", "_env", "_given_up", "_lock", "_opened", "_turn")

    def __init__(self, opened: Store, env: lmdb.Environment, clock: Clock) -> None:
        self._opened = opened
        self._env = env
        self._clock = clock
        self._turn = allocate_lock()
        self._lock = FileLock(os.path.join(opened.directory, "writer"))
        self._given_up = False
        self._dropped = False

    def close(self) -> None:
        """Let go of the writers' lock."""
        self._lock.close()

    def put_many(self, bucket: str, items: rows.Items) -> bool:
        """`Store.put_many`."""
        now = self._clock()
        with self._turn:
            if not self._locked(store.WRITE_DEADLINE):
                return False
            self._dropped = False
            try:
                self._env.reader_check()  # what killed runs were reading could not be reused: the file would grow
                return all(self._put(chunk, now) for chunk in self._chunks(bucket, items)) and not self._dropped
            finally:
                self._lock.release()

    def change(self, work: Callable[[rows.Batch], int], deadline: float) -> int:
        """What `work` answers, done in one write transaction; 0 when none is to be had within `deadline` seconds."""
        answer = 0

        def keep_answer(batch: rows.Batch) -> None:
            nonlocal answer
            answer = work(batch)

        with self._turn:
            if not self._locked(deadline):
                return 0
            try:
                return answer if self._change(keep_answer, self._clock()) else 0
            finally:
                self._lock.release()

    def _chunks(self, bucket: str, items: rows.Items) -> Iterator[list[rows.Row]]:
        """Transactions of bounded size. A row may change four pages: all the pages that one transaction changes are
        copies, and a small file must have room for them.
        """
        most_rows = max(min(_ROWS, self._opened.size_limit >> 17), 8)
        most_bytes = min(_CHUNK, self._opened.size_limit >> 3)
        chunk: list[rows.Row] = []
        size = 0
        for key, value, expires in items:
            if len(value) > most_bytes:
                self._dropped = True
                continue
            if chunk and (len(chunk) >= most_rows or size + len(value) > most_bytes):
                yield chunk
                chunk, size = [], 0
            chunk.append((rows.full_key(bucket, key), value, rows.sane_expiry(expires)))
            size += len(value)
        if chunk:
            yield chunk

    def _put(self, chunk: list[rows.Row], now: float) -> bool:
        need = sum(rows.cost_of(key, len(value)) for key, value, _ in chunk)
        limit = rows.share_of(self._opened.size_limit)

        def work(batch: rows.Batch) -> None:
            batch.evict(limit - need, now, 2 * len(chunk) + 64)
            for key, value, expires in chunk:
                batch.put(key, value, now, expires)

        return self._change(work, now, need)

    def _change(self, work: Callable[[rows.Batch], object], now: float, need: int = 0) -> bool:
        """One write transaction; when the map is full, once more after making room."""
        quantum = rows.quantum_of(now)

        def transaction() -> None:
            with self._begin_write() as txn:
                batch = rows.Batch(txn, quantum)
                work(batch)
                batch.finish()

        try:
            try:
                transaction()
            except lmdb.MapFullError:
                self._make_room(need, now)
                transaction()
            return True
        except (lmdb.MapFullError, lmdb.MapResizedError, lmdb.ReadersFullError, lmdb.DiskError, OSError) as error:
            self._opened.complain(f"the cache cannot be written: {error}")
        except lmdb.Error as error:
            self._opened.doubt(f"the cache cannot be written: {error}")
        return False

    def _make_room(self, need: int, now: float) -> None:
        """Give back what dead readers hold, then evict in transactions so small that they need next to no room."""
        self._env.reader_check()
        with self._env.begin() as txn:
            used = rows.pages_used(txn)
        target = min(used, rows.share_of(self._opened.size_limit)) - 4 * need - (self._opened.size_limit >> 3)
        for _ in range(64):
            with self._begin_write() as write:
                batch = rows.Batch(write, rows.quantum_of(now))
                removed = batch.evict(max(target, 0), now, 16)
                batch.finish()
            if not removed:
                break

    def _begin_write(self) -> lmdb.Transaction[bytes]:
        try:
            return self._env.begin(write=True)
        except lmdb.MapResizedError as error:
            self._opened.recover(error)
            return self._env.begin(write=True)

    def _locked(self, deadline: float) -> bool:
        """Take the writers' lock. A run that had to give up once writes no more: it would only wait again."""
        if self._given_up:
            return False
        try:
            if self._lock.acquire(deadline):
                return True
            reason = "another run is holding the cache's write lock"
        except OSError as error:
            reason = f"the cache cannot be written: {error.strerror or error}"
        if deadline >= store.WRITE_DEADLINE:
            self._given_up = True
            self._opened.complain(reason)
        return False
