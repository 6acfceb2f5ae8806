"""One member of a zip archive of which only parts are there. No socket here: what is missing is asked for.

`zipfile` does the reading; a file object that knows some ranges tells which it lacks.
"""

from __future__ import annotations

import io
import zipfile
from typing import IO, cast

from envcensus.index.metadata_text import MOST_METADATA, MetadataError, check_member, is_damage

TAIL = 32 * 1024  # of most wheels: directory, RECORD and METADATA, which lie at the end (recommended by the spec)
MOST_RANGE = 32 << 20  # a directory larger than this is not a wheel's


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


def read_wheel(parts: Parts | IO[bytes], filename: str) -> bytes:
    """The METADATA of a wheel, given in parts or whole.

    Raises Missing for bytes that are not there yet, MetadataError for a wheel that cannot be read.
    """
    try:
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
