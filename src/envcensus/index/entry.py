"""The small header of a cached page: what is needed to decide whether it may be used, without reading on.

Layout, little-endian: format 1 byte, outcome 1, validator count 1, files kept 1, note count 1, fetched
f64, expires f64, stale-until f64, local stamp 8 bytes, then for each validator three texts (index, etag,
last-modified), each with its length in 2 bytes, then the notes likewise. The packed page follows directly.
"""

from __future__ import annotations

import struct

from msgspec import Struct

FORMAT = 3
_HEAD = struct.Struct("<BBBBBddd8s")
_LENGTHS = struct.Struct("<HHH")
_LENGTH = struct.Struct("<H")
_OUTCOMES = ("found", "not-found")
MOST_VALIDATORS = 64
MOST_NOTES = 16
NO_STAMP = b"\0" * 8
_CLOCK_SKEW = 300.0  # seconds an answer may seem to come from the future before its freshness is not believed


class Validator(Struct, frozen=True, gc=False):
    """What lets one index say "not modified" (RFC 9110, 8.8). `index` is its address without credentials."""

    index: str
    etag: str = ""
    last_modified: str = ""


class Entry(Struct, frozen=True):
    """A cached answer's header. Times are seconds since the epoch."""

    outcome: str  # "found" or "not-found": failures are not kept
    fetched: float
    expires: float
    stale_until: float
    stamp: bytes = NO_STAMP  # state of the local sources, see `envcensus.index.places.Stamps`
    validators: tuple[Validator, ...] = ()
    files: bool = False  # whether the packed files are kept too
    notes: tuple[str, ...] = ()


def is_fresh(fetched: float, expires: float, *, now: float, max_age: float | None) -> bool:
    """Whether an answer may be used without asking again: until it expires, or `max_age` seconds long."""
    if fetched > now + _CLOCK_SKEW:
        return False
    return now < (expires if max_age is None else fetched + max_age)


def no_stand_in(entry: Entry) -> str:
    """Why the answer that is kept does not stand in for one that was not to be had: the end of a sentence."""
    if entry.stale_until < entry.expires + 1.0:  # the sums are not exact
        return "the index lets no older answer stand in for one (--offline shows it)"
    return "the answer in the cache is older than the index allows (--offline shows it)"


def pack_entry(entry: Entry) -> bytes:
    """The header's bytes; put the page's record behind them. Raises ValueError for what cannot be kept."""
    if entry.outcome not in _OUTCOMES:
        raise ValueError("only found and not-found are kept")
    kept = [v for v in entry.validators[:MOST_VALIDATORS] if v.etag or v.last_modified]
    notes = [note.encode("utf-8", "surrogateescape")[:1024] for note in entry.notes[:MOST_NOTES]]
    parts = [
        _HEAD.pack(
            FORMAT,
            _OUTCOMES.index(entry.outcome),
            len(kept),
            entry.files,
            len(notes),
            entry.fetched,
            entry.expires,
            entry.stale_until,
            entry.stamp,
        )
    ]
    for validator in kept:
        texts = [
            t.encode("utf-8", "surrogateescape") for t in (validator.index, validator.etag, validator.last_modified)
        ]
        # A validator too long to be kept is no loss: the page is then fetched whole.
        texts = [t if len(t) < 4096 else b"" for t in texts]
        parts.append(_LENGTHS.pack(*map(len, texts)))
        parts += texts
    for note in notes:
        parts += (_LENGTH.pack(len(note)), note)
    return b"".join(parts)


def glance(data: bytes | memoryview) -> tuple[bool, bool, bool, float, float, bytes, int]:
    """What decides whether a page may be used, without reading validators and notes: whether the project was found,
    whether its files are kept too, whether there are notes, when it was fetched, when it expires, the stamp, and where
    the record begins.

    Raises ValueError for anything unusable.
    """
    try:
        version, outcome, count, files, note_count, fetched, expires, _, stamp = _HEAD.unpack_from(data)
        offset = _HEAD.size
        for _ in range(count):
            index, etag, modified = _LENGTHS.unpack_from(data, offset)
            offset += _LENGTHS.size + index + etag + modified
        for _ in range(note_count):
            offset += _LENGTH.size + _LENGTH.unpack_from(data, offset)[0]
    except struct.error as error:
        raise ValueError("not a page entry") from error
    if version != FORMAT or outcome >= len(_OUTCOMES) or offset > len(data):
        raise ValueError("not a page entry")
    return _OUTCOMES[outcome] == "found", bool(files), bool(note_count), fetched, expires, stamp, offset


def unpack_entry(data: bytes | memoryview) -> tuple[Entry, int]:
    """The header and the offset at which the record begins. Raises ValueError for anything unusable."""
    try:
        version, outcome, count, files, note_count, fetched, expires, stale_until, stamp = _HEAD.unpack_from(data)
        offset = _HEAD.size
        if version != FORMAT:
            raise ValueError("another format")
        validators = []
        for _ in range(count):
            lengths = _LENGTHS.unpack_from(data, offset)
            offset += _LENGTHS.size
            texts = []
            for length in lengths:
                texts.append(bytes(data[offset : offset + length]).decode("utf-8", "surrogateescape"))
                offset += length
            validators.append(Validator(*texts))
        notes = []
        for _ in range(note_count):
            (length,) = _LENGTH.unpack_from(data, offset)
            offset += _LENGTH.size + length
            notes.append(bytes(data[offset - length : offset]).decode("utf-8", "replace"))
        if offset > len(data):
            raise ValueError("cut off")
        times = (fetched, expires, stale_until)
        entry = Entry(_OUTCOMES[outcome], *times, stamp, tuple(validators), bool(files), tuple(notes))
        return entry, offset
    except (struct.error, IndexError) as error:
        raise ValueError("not a page entry") from error
