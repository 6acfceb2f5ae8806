"""One bucket of the store as a plain mapping from bytes to bytes, written once at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from envcensus.cache.store import NoStore, Reader, Store

_FOREVER = float(1 << 41)  # never expires: eviction alone removes it


class Bucket:
    """Reads in one transaction, from entering the `with` block to leaving it; what is put is written on leaving."""

    def __init__(self, store: Store | NoStore, name: str) -> None:
        self._store = store
        self._name = name
        self._reader: Reader = store.reader()
        self._fresh: dict[bytes, bytes] = {}

    def __enter__(self) -> Bucket:
        self._reader.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.__exit__(kind, error, trace)
        if self._fresh:
            self._store.put_many(self._name, [(key, value, _FOREVER) for key, value in self._fresh.items()])

    def get(self, key: bytes) -> bytes | None:
        """The value stored under `key`, None where there is none."""
        if key in self._fresh:
            return self._fresh[key]
        found = self._reader.get(self._name, key)
        return None if found is None else bytes(found.value)

    def put(self, key: bytes, value: bytes) -> None:
        """Keep `value` under `key`."""
        self._fresh[key] = value

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep each value under its key."""
        self._fresh.update(items)
