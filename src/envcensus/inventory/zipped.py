"""Distributions in a zip archive that a `.pth` file puts on `sys.path`: eggs, as `easy_install` left them.

The archive is anybody's: its directory is read by hand and in part, for the library's reader makes an object of each of
its entries, of which a small file may claim millions.
"""

from __future__ import annotations

import os
import stat
import struct
import zlib

import msgspec

from envcensus._kernels.scan import EMPTY, HEADER_LIMIT, MISSING, OVERSIZED, UNREADABLE
from envcensus.inventory.egg import parse_egg_requires
from envcensus.inventory.judge import judge
from envcensus.model.distribution import Distribution
from envcensus.model.skipped import Problem

_END = struct.Struct("<4s4H2LH")  # signature, disks, entries, size and offset of the directory, length of a comment
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_TAIL = 1 << 16  # bytes before the end record that a comment may fill
_DIRECTORY_LIMIT = 8 << 20  # bytes
_DISTRIBUTIONS_LIMIT = 1000


class _Place(msgspec.Struct, gc=False):
    method: int
    size: int  # compressed
    offset: int  # of the local header, from the start of the file


def read_archive(path: str, problems: list[Problem], *, requires: bool) -> list[Distribution]:
    """The distributions at the top of a zip archive, by normalized name, each once; nothing where it is none.

    As for pip, a wheel is not looked into. Flaws are appended to `problems`. `requires`: as for a scan.
    """
    if path.lower().endswith(".whl"):
        return []
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return []
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        problems.append(Problem("unreadable", path, os.strerror(error.errno or 0)))
        return []
    try:
        places = _places(descriptor, egg=path.lower().endswith(".egg"))
        found: dict[str, Distribution] = {}
        for entry in dict.fromkeys(name.partition("/")[0] for name in places):
            files = _Files(descriptor, places, entry)
            distribution = _distribution(f"{path}/{entry}", files, problems, requires=requires)
            if distribution is not None:
                found.setdefault(distribution.normalized, distribution)
    except OSError as error:
        problems.append(Problem("unreadable", path, os.strerror(error.errno or 0)))
        return []
    finally:
        os.close(descriptor)
    return [found[name] for name in sorted(found)]


class _Files:
    """The files of one entry."""

    def __init__(self, descriptor: int, places: dict[str, _Place], entry: str) -> None:
        self._descriptor = descriptor
        self._places = places
        self._entry = entry

    def find(self, *names: str) -> tuple[bool, bytes | None]:
        """Whether there is one of these, and what is in the first; None where it cannot be read."""
        for name in names:
            place = self._places.get(f"{self._entry}/{name}")
            if place is not None:
                return True, _content(self._descriptor, place)
        return False, None


def _places(descriptor: int, *, egg: bool) -> dict[str, _Place]:
    """Where the metadata files of its distributions are; empty where there are none or it is no archive."""
    size = os.fstat(descriptor).st_size
    start = max(size - _TAIL - _END.size, 0)
    tail = os.pread(descriptor, size - start, start)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        return {}
    _, _, _, _, _, length, offset, _ = _END.unpack_from(tail, at)
    if length > min(start + at, _DIRECTORY_LIMIT):
        return {}
    begin = start + at - length
    shift = begin - offset  # of what was put before the archive
    directory = os.pread(descriptor, length, begin)
    places: dict[str, _Place] = {}
    at = 0
    while at + _ENTRY.size <= len(directory) and len(places) < 2 * _DISTRIBUTIONS_LIMIT:
        fields = _ENTRY.unpack_from(directory, at)
        if fields[0] != b"PK\1\2":
            break
        name_length, extra_length, comment_length = fields[10:13]
        name = directory[at + _ENTRY.size : at + _ENTRY.size + name_length]
        at += _ENTRY.size + name_length + extra_length + comment_length
        entry, slash, file = name.partition(b"/")
        low = entry.lower()
        if (
            slash
            and file in (b"METADATA", b"PKG-INFO", b"requires.txt")
            and (low.endswith((b".dist-info", b".egg-info")) or (egg and low == b"egg-info"))
        ):
            places[name.decode("utf-8", "surrogateescape")] = _Place(fields[4], fields[8], fields[16] + shift)
    return places


def _distribution(path: str, files: _Files, problems: list[Problem], *, requires: bool) -> Distribution | None:
    from email.parser import HeaderParser

    present, raw = files.find("METADATA", "PKG-INFO")
    header = HeaderParser().parsestr((raw or b"").decode("utf-8", "surrogateescape"))
    name, version = (str(header.get(field, "")).strip() for field in ("Name", "Version"))
    if not present:
        flags = MISSING
    elif raw is None:
        flags = UNREADABLE
    elif len(raw) > HEADER_LIMIT:
        flags = OVERSIZED
    else:
        flags = 0 if name and version else EMPTY
    needs: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    if requires:
        needs, extras = (tuple(map(str, header.get_all(field, ()))) for field in ("Requires-Dist", "Provides-Extra"))
        raw = None if needs else files.find("requires.txt")[1]
        if raw is not None:
            needs, extras = parse_egg_requires(raw.decode("utf-8", "surrogateescape"))
    return judge(
        path,
        "dist-info" if path.lower().endswith(".dist-info") else "egg-info",
        flags,
        False,
        name or None,
        version or None,
        None,
        "",
        "",
        False,
        True,
        str(header.get("Requires-Python", "")).strip() if requires else "",
        needs,
        extras,
        requires_read=requires,
        problems=problems,
    )


def _content(descriptor: int, place: _Place) -> bytes | None:
    """A file of the archive, a little more than HEADER_LIMIT bytes of it at most; None where it is damaged or packed in
    a way of its own."""
    header = os.pread(descriptor, _LOCAL.size, place.offset) if place.offset >= 0 else b""
    if len(header) < _LOCAL.size or header[:4] != b"PK\3\4" or place.method not in (0, 8):
        return None
    fields = _LOCAL.unpack(header)
    packed = os.pread(descriptor, min(place.size, HEADER_LIMIT + 1), place.offset + _LOCAL.size + sum(fields[9:11]))
    if place.method == 0:
        return packed
    try:
        return zlib.decompressobj(-15).decompress(packed, HEADER_LIMIT + 1)
    except zlib.error:
        return None
