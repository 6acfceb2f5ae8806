"""One member of a zip archive of which only parts are there. No socket here: what is missing is asked for.

`zipfile` does the reading; a file object that knows some ranges tells which it lacks.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from typing import IO, cast

from envcensus.index.metadata_text import MOST_METADATA, MetadataError, check_member, is_damage

TAIL = 32 * 1024  # of most wheels: directory, RECORD and METADATA, which lie at the end (recommended by the spec)
MOST_RANGE = 32 << 20  # a directory larger than this is not a wheel's
_SOUGHT = b".dist-info/METADATA"
_END_MAGIC, _ENTRY_MAGIC = b"PK\5\6", b"PK\1\2"
_LARGE = TAIL  # bytes of a directory
# APPNOTE.TXT, 4.3.16: the end of the directory, and 4.3.12: an entry of it up to the lengths of what follows.
_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<28x3H12x")


class Missing(Exception):
    """Bytes [start, end) are needed."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__(f"bytes {start} to {end}")
        self.start = start
        self.end = end


class Parts:
    """A file of `size` bytes of which some ranges are known. Reading another one raises Missing."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._at = 0
        self._known: list[tuple[int, bytes]] = []

    def add(self, start: int, data: bytes) -> None:
        """Make a range known."""
        self._known.append((start, data))

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("before the start")
        self._at = base + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        end = self._size if size is None or size < 0 else min(self._size, self._at + size)
        if end <= self._at:
            return b""
        for start, data in self._known:
            if start <= self._at and end <= start + len(data):
                found = data[self._at - start : end - start]
                self._at = end
                return found
        raise Missing(self._at, end)

    def slim(self, member: bytes) -> None:
        """Keep of a large directory what may be the metadata, for which its end will do where `member` is in it.

        Where a wheel has 16,000 members, that is 2.5 MB to fetch, and `zipfile` takes half a second and 10 MB for each
        look at them. What is not as expected is left to `zipfile`. Raises Missing.
        """
        self.seek(max(self._size - _END.size, 0))
        end = self.read()
        if len(end) < _END.size:
            return
        magic, disk, first_disk, _, _, length, start, comment = _END.unpack(end)
        place = self._size - _END.size - length
        if magic != _END_MAGIC or disk or first_disk or comment or length < _LARGE or start != place:
            return
        self.seek(place)
        try:
            kept = list(_metadata_entries(self.read(length)))
        except Missing:
            known = next(data for at, data in self._known if at + len(data) == self._size)
            kept = _at_the_end(known[: -_END.size], member)
            if not kept:
                raise
        tail = b"".join(kept)
        tail += _END.pack(_END_MAGIC, 0, 0, len(kept), len(kept), len(tail), place, 0)
        self._known = [(at, data[: max(place - at, 0)]) for at, data in self._known]
        self._known.append((place, tail))
        self._size = place + len(tail)


def _at_the_end(directory: bytes, member: bytes) -> list[bytes]:
    """What may be the metadata in the end of a directory; nothing where `member` itself is not in it.

    An earlier member of that name would be overwritten by this one when the wheel is unpacked.
    """
    at = directory.rfind(member) - _ENTRY.size
    if at < 0 or _ENTRY.unpack_from(directory, at)[0] != len(member):
        return []
    try:
        return list(_metadata_entries(directory[at:]))
    except zipfile.BadZipFile:  # not the name of an entry, after all
        return []


def _metadata_entries(directory: bytes) -> Iterator[bytes]:
    """The entries of a directory whose names end like that of a wheel's METADATA."""
    at = 0
    while at < len(directory):
        if not directory.startswith(_ENTRY_MAGIC, at) or len(directory) - at < _ENTRY.size:
            raise zipfile.BadZipFile("no entry of a directory")
        name, extra, comment = _ENTRY.unpack_from(directory, at)
        end = at + _ENTRY.size + name + extra + comment
        if end > len(directory):
            raise zipfile.BadZipFile("no end of a directory")
        if directory.endswith(_SOUGHT, at, at + _ENTRY.size + name):
            yield directory[at:end]
        at = end


def read_wheel(parts: Parts | IO[bytes], filename: str) -> bytes:
    """The METADATA of a wheel, given in parts or whole.

    Raises Missing for bytes that are not there yet, MetadataError for a wheel that cannot be read.
    """
    try:
        if isinstance(parts, Parts):
            parts.slim("-".join(filename.split("-")[:2]).encode() + _SOUGHT)
        with zipfile.ZipFile(cast(IO[bytes], parts)) as archive:
            member = check_member(archive.infolist(), filename)
            if isinstance(parts, Parts):
                _want_whole(parts, member)
            with archive.open(member) as file:
                found = file.read(MOST_METADATA + 1)
    except Missing as missing:
        if missing.end - missing.start > MOST_RANGE:
            raise MetadataError("the wheel's directory is too large") from None
        raise
    except Exception as error:
        if not is_damage(error):
            raise
        raise MetadataError("the wheel is no valid zip archive") from None
    if len(found) > MOST_METADATA:
        raise MetadataError("the wheel's metadata is too large")
    return found


def _want_whole(parts: Parts, member: zipfile.ZipInfo) -> None:
    """Ask for a member in one piece: its local header (names and extra field of unknown length) and its data."""
    start = member.header_offset
    position = parts.tell()
    parts.seek(start)
    try:
        parts.read(30 + len(member.filename) + member.compress_size)
    except Missing as missing:
        raise Missing(missing.start, missing.end + 512) from None
    finally:
        parts.seek(position)
