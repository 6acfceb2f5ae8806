"""Look at a whole data file. Run in a process of its own: LMDB trusts its file, and a damaged one may crash it."""

from __future__ import annotations

import sys

import lmdb

from envcensus.cache import opening, rows


def main(home: str) -> None:
    """Verify the environment in `home`: exit code 0 when it is good, 1 with a line on stderr when it is not."""
    problem = structure(home) or contents(home)
    if problem:
        print(problem, file=sys.stderr)
        raise SystemExit(1)


def structure(home: str) -> str:
    """What is wrong with the pages, found without LMDB where this py-lmdb has a verifier; or nothing."""
    try:
        from lmdb import verify
    except ImportError:
        return ""
    try:
        problems: list[str] = verify.verify(home)  # type: ignore[no-untyped-call]
    except (verify.VerifyError, ValueError, IndexError, MemoryError, RecursionError) as error:
        return str(error) or type(error).__name__
    return problems[0] if problems else ""


def contents(home: str) -> str:
    """What is wrong with the rows: checksums, indexes and totals that disagree; or nothing."""
    env = opening.open_environment(home, 1 << 20, readonly=True)
    try:
        with env.begin(buffers=True) as txn:
            return _rows(txn)
    finally:
        env.close()


def _rows(txn: lmdb.Transaction[memoryview]) -> str:
    buckets = set(rows.BUCKETS.values())
    records = used = ledgers = expiries = recencies = indexed = 0
    for view, raw in txn.cursor():
        key = bytes(view)
        kind = key[:1]
        if kind in buckets:
            records += 1
            if not rows.is_intact(key, raw):
                return f"the checksum of record {key!r} is wrong"
        elif kind == b"L":
            if len(raw) != rows.LEDGER.size:
                return f"ledger row {key!r} has the wrong size"
            quantum, size, expires = rows.LEDGER.unpack(raw)
            ledgers += 1
            used += size
            if txn.get(key[1:]) is None or txn.get(rows.recency_key(quantum) + key[1:]) is None:
                return f"ledger row {key!r} has no record or no recency"
            if expires < rows.NEVER:
                indexed += 1
                if txn.get(rows.expiry_key(expires) + key[1:]) is None:
                    return f"ledger row {key!r} has no expiry"
        elif kind == b"E":
            expiries += 1
        elif kind == b"R":
            recencies += 1
        elif key != b"T":
            return f"an unknown row {key!r}"
    if not records == ledgers == recencies or expiries != indexed or (used, records) != rows.read_totals(txn):
        return "records, indexes and totals do not agree"
    return ""
