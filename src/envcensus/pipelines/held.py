"""The listings of a run, to be gone through more than once in memory that does not grow with their number.

What an ordinary run finds stays in memory as it is. The rest goes, compressed, to a temporary file without a name;
where that cannot be written, the compressed bytes stay in memory.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from envcensus.errors import EnvcensusError
from envcensus.model.census import Survey, Surveys
from envcensus.model.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from io import FileIO

AS_IT_IS = 30_000  # distributions: 12 MB, and 19 MB when a finding is made for each
_BLOCK = 1 << 20  # bytes that are compressed together
_LEVEL = 1  # of isal's three

_ESCAPED = b"{"  # first byte of the other form; no listing in msgpack begins so


class _Place(msgspec.Struct, frozen=True, gc=False):
    """Where in the file a block is."""

    offset: int
    size: int


class Held:
    """Listings in the order in which they were added. Any number of iterations may go on at once."""

    def __init__(self, as_it_is: int | None = None) -> None:
        self._room = AS_IT_IS if as_it_is is None else as_it_is
        self._first: list[Listing] = []
        self._blocks: list[_Place | bytes] = []
        self._last: list[bytes] = []  # of the block that grows
        self._size = 0
        self._file: FileIO | None = None
        self._end = 0
        self._writable = True

    def add(self, listing: Listing) -> None:
        """Keep one more."""
        if self._room > 0:
            self._room -= len(listing.distributions)
            self._first.append(listing)
            return
        raw = _encoded(listing)
        self._last.append(raw)
        self._size += len(raw)
        if self._size >= _BLOCK:
            self._put_away()

    def __iter__(self) -> Iterator[Listing]:
        yield from self._first
        for block in self._blocks:
            yield from map(_decoded, self._read(block))
        yield from map(_decoded, self._last)

    def in_memory(self) -> Sequence[Listing]:
        """The first ones, as far as they are kept as they are: each iteration gives the same objects."""
        return self._first

    def surveys(self, make: Callable[[Listing], Survey | None]) -> tuple[Survey, ...] | Surveys:
        """What `make` says of each, None left out: made once where all fits into memory, else whenever it is asked for.

        Where it is made anew, `make` has to give the same again.
        """
        if self._blocks or self._last:
            return Surveys(lambda: (survey for listing in self if (survey := make(listing)) is not None))
        return tuple([survey for listing in self._first if (survey := make(listing)) is not None])

    def _put_away(self) -> None:
        from isal import isal_zlib

        block = isal_zlib.compress(msgspec.msgpack.encode(self._last), _LEVEL)
        self._last, self._size = [], 0
        self._blocks.append(self._written(block) if self._writable else block)

    def _written(self, block: bytes) -> _Place | bytes:
        """Where `block` is in the file; the block itself when there is no room for it, or no place for such a file."""
        try:
            file = self._file = self._file or self._opened()
            rest = memoryview(block)
            while rest:
                rest = rest[os.pwrite(file.fileno(), rest, self._end + len(block) - len(rest)) :]
        except OSError:
            self._writable = False
            return block
        place = _Place(self._end, len(block))
        self._end += len(block)
        return place

    def _opened(self) -> FileIO:
        import weakref
        from tempfile import TemporaryFile

        file = TemporaryFile(prefix="envcensus-", buffering=0)  # noqa: SIM115 - open as long as this is
        weakref.finalize(self, file.close)
        return file

    def _read(self, block: _Place | bytes) -> list[bytes]:
        from isal import isal_zlib

        try:
            if isinstance(block, _Place):
                assert self._file is not None
                block = _whole(self._file.fileno(), block)
            return msgspec.msgpack.decode(isal_zlib.decompress(block), type=list[bytes])
        except (OSError, isal_zlib.error, msgspec.MsgspecError) as error:  # type: ignore[misc]  # an instance in the stub
            said = getattr(error, "strerror", None) or "damaged"
            raise EnvcensusError(
                f"the temporary file cannot be read back: {said}", remedy="name another directory in TMPDIR"
            ) from error


def _whole(descriptor: int, place: _Place) -> bytes:
    offset, size = place.offset, place.size
    parts = []
    while size > 0 and (part := os.pread(descriptor, size, offset)):
        parts.append(part)
        offset += len(part)
        size -= len(part)
    return b"".join(parts)


def _encoded(listing: Listing) -> bytes:
    try:
        return msgspec.msgpack.encode(listing)
    except UnicodeEncodeError:  # bytes that are not UTF-8 in a path or a name: JSON can escape them
        import json

        return json.dumps(msgspec.to_builtins(listing)).encode()


def _decoded(raw: bytes) -> Listing:
    if raw.startswith(_ESCAPED):
        import json

        return msgspec.convert(json.loads(raw), Listing)
    return msgspec.msgpack.decode(raw, type=Listing)
