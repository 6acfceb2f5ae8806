"""One bucket of the store as a plain mapping from bytes to bytes, written at the end of a run, or in large batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from envcensus.cache.store import NoStore, Reader, Store

_BATCH = 8 << 20  # bytes that wait to be written
_FOREVER = float(1 << 41)  # never expires: eviction alone removes it


class Bucket:
    """Reads in one transaction, from entering the `with` block to leaving it; what is put is written on leaving.

    Where that is much it is written on the way, and reading goes on in a new transaction: neither memory nor the file
    grows with what a long run has seen.
    """

    def __init__(self, store: Store | NoStore, name: str) -> None:
        self._store = store
        self._name = name
        self._reader: Reader = store.reader()
        self._fresh: dict[bytes, bytes] = {}
        self._size = 0

    def __enter__(self) -> Bucket:
        self._reader.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.__exit__(kind, error, trace)
        self._write()

    def _write(self) -> None:
        if self._fresh:
            fresh, self._fresh, self._size = self._fresh, {}, 0
            self._store.put_many(self._name, [(key, value, _FOREVER) for key, value in fresh.items()])

    def get(self, key: bytes) -> bytes | None:
        """The value stored under `key`, None where there is none."""
        if key in self._fresh:
            return self._fresh[key]
        found = self._reader.get(self._name, key)
        return None if found is None else bytes(found)

    def put(self, key: bytes, value: bytes) -> None:
        """Keep `value` under `key`."""
        self.put_many([(key, value)])

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep each value under its key."""
        for key, value in items:
            self._fresh[key] = value
            self._size += len(key) + len(value)
        if self._size >= _BATCH:
            self._reader.__exit__(None, None, None)
            self._write()
            self._reader.__enter__()
