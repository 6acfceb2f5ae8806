"""Rows of the data file: records, and the indexes that are kept in step with them in the same transaction.

Everything lies in LMDB's main database, told apart by the first byte of the key. Named databases would need a write
transaction to be opened in py-lmdb, and that waits for ever for a writer that was stopped.

    bucket KEY              crc32 of the key and all that follows, recency, stored, expires, value
    L bucket KEY            the ledger: recency, size of key and value in bytes, expires
    E expires bucket KEY    expiry index (big-endian whole seconds); not for what never expires
    R recency bucket KEY    recency index (big-endian)
    T                       totals: size of keys and values in bytes, number of records

Recency is a coarse quantum of time, so that a record that is read often is touched once per quantum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import TYPE_CHECKING
from zlib import crc32

import lmdb

if TYPE_CHECKING:
    AnyTransaction = lmdb.Transaction[bytes] | lmdb.Transaction[memoryview]

BUCKETS = {"pages": b"1", "files": b"2", "metadata": b"3", "listings": b"4", "profiles": b"5"}
QUANTUM = 86400.0  # seconds
NEVER = 1 << 40  # seconds since the epoch; later means never

RECORD = Struct("<IIdd")
LEDGER = Struct("<IId")
TOTALS = Struct("<QQ")
_EXPIRY = Struct(">cQ")
_RECENCY = Struct(">cI")

LONGEST_KEY = 500  # LMDB allows 511 bytes; the expiry index needs nine for itself, the bucket one
_PAGE = 4096
_IN_LEAF = 2038  # larger nodes go to pages of their own (mdb.c: me_nodemax)

Key = bytes  # bucket byte and key
Row = tuple[Key, bytes, float]  # … value, expires
Items = Iterable[tuple[bytes, bytes, float]]  # key as the caller has it, value, expires


def full_key(bucket: str, key: bytes) -> Key:
    """The key of a record. Keys of any length are taken: of a long one, its beginning and a digest are used."""
    if len(key) > LONGEST_KEY:
        from hashlib import blake2b

        key = key[: LONGEST_KEY - 32] + blake2b(key, digest_size=32).digest()
    return BUCKETS[bucket] + key


def quantum_of(now: float) -> int:
    """The quantum that `now` lies in; clocks before 1970 or far in the future are brought into range."""
    return int(min(max(now, 0.0) // QUANTUM, 0xFFFFFFFF))


def cost_of(key: Key, size: int) -> int:
    """Bytes that storing a record of `size` bytes may take in the file, about: an upper estimate.

    Leaf pages are two thirds full on average, and half full where only two or three records fit.
    """
    node = 8 + len(key)
    index = 3 * (16 + len(key)) + LEDGER.size
    pages = overflow_pages(key, len(key) + size)
    if not pages:
        node += RECORD.size + size
    return (node + index) * 2 + pages * _PAGE


def overflow_pages(key: Key, size: int) -> int:
    """Pages of its own that a record needs whose key and value together have `size` bytes."""
    if 8 + RECORD.size + size <= _IN_LEAF:
        return 0
    return -(-(16 + RECORD.size + size - len(key)) // _PAGE)


def pages_used(txn: AnyTransaction) -> int:
    """Bytes in all pages that hold rows, as LMDB itself counts them inside the transaction."""
    stat = txn.stat()
    return stat["psize"] * (stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"])


def is_intact(key: Key, raw: bytes | memoryview) -> bool:
    """Whether a stored record is the one that was written under its key."""
    return len(raw) >= RECORD.size and crc32(raw[4:], crc32(key)) == int.from_bytes(raw[:4], "little")


def pack_record(key: Key, value: bytes, stored: float, expires: float, quantum: int) -> bytes:
    """The stored form of a value."""
    body = RECORD.pack(0, quantum, stored, expires)[4:] + value
    return crc32(body, crc32(key)).to_bytes(4, "little") + body


def read_totals(txn: AnyTransaction) -> tuple[int, int]:
    """Size of keys and values in bytes, and number, of all records."""
    raw = txn.get(b"T")
    if raw is None or len(raw) != TOTALS.size:
        return 0, 0
    used, count = TOTALS.unpack(raw)
    return used, count


class Batch:
    """Changes inside one write transaction. `finish` writes the totals."""

    __slots__ = ("count", "quantum", "txn", "used")

    def __init__(self, txn: lmdb.Transaction[bytes], quantum: int) -> None:
        self.txn = txn
        self.quantum = quantum
        self.used, self.count = read_totals(txn)

    def put(self, key: Key, value: bytes, stored: float, expires: float) -> None:
        """Store one record, replacing another."""
        txn, quantum = self.txn, self.quantum
        size = len(key) + len(value)
        ledger = b"L" + key
        old = txn.get(ledger)
        if old is not None:
            old_quantum, old_size, old_expires = LEDGER.unpack(old)
            self.used -= old_size
            self.count -= 1
            if overflow_pages(key, old_size) > overflow_pages(key, size):
                # LMDB would keep the pages that the larger value had; py-lmdb's verifier takes that for damage.
                txn.delete(key)
            if old_quantum != quantum:
                txn.delete(recency_key(old_quantum) + key)
            if old_expires != expires and old_expires < NEVER:
                txn.delete(expiry_key(old_expires) + key)
        txn.put(key, pack_record(key, value, stored, expires, quantum))
        txn.put(ledger, LEDGER.pack(quantum, size, expires))
        txn.put(recency_key(quantum) + key, b"")
        if expires < NEVER:
            txn.put(expiry_key(expires) + key, b"")
        self.used += size
        self.count += 1

    def touch(self, keys: Iterable[Key]) -> int:
        """Note that records were used in this quantum; how many there were of which that was not noted yet."""
        count = 0
        for key in keys:
            old = self.txn.get(b"L" + key)
            if old is None:
                continue
            quantum, size, expires = LEDGER.unpack(old)
            if quantum != self.quantum:
                self.txn.delete(recency_key(quantum) + key)
                self.txn.put(recency_key(self.quantum) + key, b"")
                self.txn.put(b"L" + key, LEDGER.pack(self.quantum, size, expires))
                count += 1
        return count

    def remove(self, key: Key) -> bool:
        """Remove one record; whether it was there."""
        old = self.txn.pop(b"L" + key)
        if old is None:
            return False
        quantum, size, expires = LEDGER.unpack(old)
        self.txn.delete(key)
        self.txn.delete(recency_key(quantum) + key)
        if expires < NEVER:
            self.txn.delete(expiry_key(expires) + key)
        self.used -= size
        self.count -= 1
        return True

    def evict(self, limit: int, now: float, rows: int) -> int:
        """Remove up to `rows` records until they take up at most `limit` bytes: expired ones first, then those that
        were not used for longest. The number removed. Raises lmdb.CorruptedError.
        """
        removed = 0
        ends = ((b"E", expiry_key(sane_expiry(now)), 9), (b"R", b"S", 5))
        for start, end, skip in ends:
            while removed < rows and pages_used(self.txn) > limit:
                # Few at a time: sizes differ, and no more is to go than has to.
                keys = _index_keys(self.txn, start, end, skip, min(rows - removed, 16))
                if not keys:
                    break
                for key in keys:
                    if not self.remove(key):
                        raise lmdb.CorruptedError("an index row without a record")
                    removed += 1
        return removed

    def remove_expired(self, now: float, oldest: int | None, rows: int) -> int:
        """Remove up to `rows` records that expired before `now`, or were last used before the quantum `oldest`.

        The number removed. Raises lmdb.CorruptedError.
        """
        keys = _index_keys(self.txn, b"E", expiry_key(sane_expiry(now)), 9, rows)
        if oldest is not None and len(keys) < rows:
            keys += _index_keys(self.txn, b"R", recency_key(oldest), 5, rows - len(keys))
        keys = list(dict.fromkeys(keys))
        if not all(self.remove(key) for key in keys):
            raise lmdb.CorruptedError("an index row without a record")
        return len(keys)

    def finish(self) -> None:
        """Write the totals: the last thing before the commit."""
        self.txn.put(b"T", TOTALS.pack(max(self.used, 0), max(self.count, 0)))


def recency_key(quantum: int) -> bytes:
    """The beginning of a key in the recency index."""
    return _RECENCY.pack(b"R", quantum)


def expiry_key(expires: float) -> bytes:
    """The beginning of a key in the expiry index."""
    return _EXPIRY.pack(b"E", int(expires))


def _index_keys(txn: lmdb.Transaction[bytes], start: bytes, end: bytes, skip: int, limit: int) -> list[Key]:
    keys: list[Key] = []
    with txn.cursor() as cursor:
        if cursor.set_range(start):
            for key in cursor.iternext(keys=True, values=False):
                if key >= end or len(keys) >= limit:
                    break
                keys.append(key[skip:])
    return keys


def sane_expiry(expires: float) -> float:
    """`expires` in the range the index can hold; what is not a number has expired."""
    return min(max(expires, 0.0), float(NEVER)) if expires == expires else 0.0  # noqa: PLR0124 - NaN


def ledger(txn: AnyTransaction) -> Iterator[tuple[int, tuple[int, int, float]]]:
    """The bucket's byte, and recency, size and expiry, of every record."""
    with txn.cursor() as cursor:
        if cursor.set_range(b"L"):
            for key, raw in cursor:
                if key[0] != ord("L"):
                    break
                quantum, size, expires = LEDGER.unpack(raw)
                yield key[1], (quantum, size, expires)


def recency_of(txn: AnyTransaction, key: Key) -> int | None:
    """The quantum in which a record was last used, as far as is noted; None when there is no such record."""
    raw = txn.get(b"L" + key)
    return LEDGER.unpack(raw)[0] if raw is not None else None


def share_of(size_limit: int) -> int:
    """The part of the size limit that records may take up. The rest is for copies: a transaction changes no page in
    place, and the pages it replaces come free only for the one after it.
    """
    return size_limit - (size_limit >> 2)
