"""Looking after a store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envcensus.cache import check, opening, rows, upkeep
from envcensus.cache.store import DEFAULT_SIZE, MINIMUM_SIZE, NoStore, Store, open_store
from envcensus.errors import CacheError

if TYPE_CHECKING:
    from .conftest import Clock, Opener

DAY = 86400.0


@pytest.fixture
def filled(opener: Opener, clock: Clock) -> Store:
    store = opener()
    store.put_many("pages", [(b"p%d" % n, bytes(1000), clock.now + DAY * (n % 2)) for n in range(100)])
    store.put_many("files", [(b"f%d" % n, bytes(10_000), float("inf")) for n in range(20)])
    store.close()
    return store


def found(store: Store | NoStore, bucket: str, key: bytes) -> bool:
    with store.reader() as reader:
        return reader.get(bucket, key) is not None


def test_info_counts_what_is_there(filled: Store, home: str, clock: Clock) -> None:
    info = upkeep.info(home, size_limit=DEFAULT_SIZE, clock=clock)
    assert info.exists
    assert info.directory == home
    assert info.buckets["pages"] == upkeep.BucketInfo(100, 100 * 1000 + 10 * 3 + 90 * 4, 50)
    assert info.buckets["files"].records == 20
    assert info.buckets["files"].expired == 0
    assert info.buckets["metadata"] == upkeep.BucketInfo()
    assert 0 < info.used <= info.file_size
    assert info.oldest_use is not None
    assert clock.now - DAY < info.oldest_use <= clock.now
    assert info.open_runs == 0
    assert (info.checked, info.damage) == (120, "")


def test_info_sees_a_flipped_bit_in_any_record(filled: Store, home: str, clock: Clock) -> None:
    """And leaves its mark behind, so that the next run that opens the store looks at all of it."""
    path = os.path.join(home, "v1", "data.mdb")
    with open(path, "r+b") as file:
        data = file.read()
        middle = data.index(bytes(10_000)) + 5000  # in the value of one of "files"
        file.seek(middle)
        file.write(b"\x01")
    info = upkeep.info(home, size_limit=DEFAULT_SIZE, clock=clock)
    assert info.damage == "a record does not match its checksum"
    again = upkeep.info(home, size_limit=DEFAULT_SIZE, clock=clock)
    assert (again.damage, again.buckets["pages"].records, list(again.other_sizes)) == ("", 0, ["v1.damaged"])


@pytest.mark.parametrize("row", [b"L1p7", b"L9p7", b"R\0\0\0\0001p7", b"T", b"1new"])
def test_info_sees_books_that_do_not_agree(filled: Store, home: str, clock: Clock, row: bytes) -> None:
    env = opening.open_environment(os.path.join(home, "v1"), DEFAULT_SIZE)
    with env.begin(write=True) as txn:
        if row in {b"L1p7", b"T"}:
            txn.put(row, b"damaged")
        else:
            txn.put(row, bytes(rows.LEDGER.size))
    env.close()
    assert upkeep.info(home, size_limit=DEFAULT_SIZE, clock=clock).damage


def test_info_looks_at_no_more_than_is_cheap(
    filled: Store, home: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_LOOKED_AT", 5000)
    info = upkeep.info(home, size_limit=DEFAULT_SIZE, clock=clock)
    assert (info.checked, info.damage) == (5, "")


def test_info_sees_other_runs(filled: Store, home: str, clock: Clock) -> None:
    os.close(os.open(os.path.join(home, "v1", "new-x"), os.O_CREAT))  # a mark that is not one yet
    info = upkeep.info(home, size_limit=DEFAULT_SIZE, clock=clock)
    assert info.open_runs == 0


def test_info_creates_nothing(home: str, clock: Clock) -> None:
    info = upkeep.info(home, size_limit=DEFAULT_SIZE, clock=clock)
    assert not info.exists
    assert not os.path.exists(home)


def test_prune_removes_what_has_expired_and_shrinks_the_file(filled: Store, home: str, clock: Clock) -> None:
    clock.now += 1
    before = os.path.getsize(os.path.join(home, "v1", "data.mdb"))
    removed, freed = upkeep.prune(home, size_limit=DEFAULT_SIZE, clock=clock)
    after = os.path.getsize(os.path.join(home, "v1", "data.mdb"))
    assert removed == 50
    assert after < before
    assert freed > 0
    assert check.contents(os.path.join(home, "v1")) == check.structure(os.path.join(home, "v1")) == ""
    with open_store(home, clock=clock) as store:
        assert not found(store, "pages", b"p0")
        assert found(store, "pages", b"p1")
        assert found(store, "files", b"f0")


def test_prune_removes_what_is_not_used(filled: Store, home: str, clock: Clock) -> None:
    clock.now += 10 * DAY
    with open_store(home, clock=clock) as store:
        assert found(store, "files", b"f3")
    removed, _ = upkeep.prune(home, size_limit=DEFAULT_SIZE, clock=clock, unused_for=5 * DAY)
    assert removed == 119
    with open_store(home, clock=clock) as store:
        assert found(store, "files", b"f3")


def test_prune_keeps_to_a_smaller_limit(filled: Store, home: str, clock: Clock) -> None:
    with open_store(home, clock=clock) as store:
        store.put_many("files", [(b"g%d" % n, bytes(50_000), float("inf")) for n in range(100)])
    upkeep.prune(home, size_limit=MINIMUM_SIZE, clock=clock)
    assert os.path.getsize(os.path.join(home, "v1", "data.mdb")) <= MINIMUM_SIZE


def test_prune_counts_also_what_went_to_make_room(filled: Store, home: str, clock: Clock) -> None:
    with open_store(home, clock=clock) as store:
        assert store.put_many("files", [(b"g%d" % n, bytes(50_000), float("inf")) for n in range(100)])
    before = upkeep.info(home, size_limit=DEFAULT_SIZE, clock=clock)
    removed, _ = upkeep.prune(home, size_limit=MINIMUM_SIZE, clock=clock)
    after = upkeep.info(home, size_limit=DEFAULT_SIZE, clock=clock)
    assert removed == sum(before.buckets[name].records - after.buckets[name].records for name in before.buckets) > 0


def test_prune_says_when_it_could_not_be_done(filled: Store, home: str, clock: Clock) -> None:
    path = os.path.join(home, "v1", "data.mdb")
    os.mkdir(os.path.join(home, "v0"))
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(data.replace(b"L1p", b"Q1p"))
    clock.now += DAY
    with pytest.raises(CacheError, match="cannot be written"):
        upkeep.prune(home, size_limit=DEFAULT_SIZE, clock=clock)
    assert not os.path.exists(os.path.join(home, "v0")), "what needs no room to go is gone"


def test_prune_creates_nothing(home: str, clock: Clock) -> None:
    assert upkeep.prune(home, size_limit=DEFAULT_SIZE, clock=clock) == (0, 0)
    assert not os.path.exists(home)
    os.mkdir(home, 0o700)
    assert upkeep.prune(home, size_limit=DEFAULT_SIZE, clock=clock) == (0, 0)
    assert not os.path.exists(os.path.join(home, "v1"))


def test_a_file_is_not_taken_for_an_absent_cache(home: str, clock: Clock) -> None:
    with open(home, "w", encoding="utf-8"):
        pass
    for action in (
        lambda: upkeep.info(home, size_limit=DEFAULT_SIZE, clock=clock),
        lambda: upkeep.prune(home, size_limit=DEFAULT_SIZE, clock=clock),
        lambda: upkeep.verify(home, size_limit=DEFAULT_SIZE),
        lambda: upkeep.clear(home),
        lambda: upkeep.exists(home),
    ):
        with pytest.raises(CacheError, match="not a directory"):
            action()


def test_prune_removes_other_versions_and_leftovers(filled: Store, home: str, clock: Clock) -> None:
    for name in ("v0", "v2.damaged", "v1.new-123", "v1.damaged", "v1x", "mine"):
        os.mkdir(os.path.join(home, name))
    upkeep.prune(home, size_limit=DEFAULT_SIZE, clock=clock)
    assert sorted(os.listdir(home)) == ["lock", "mine", "v1", "v1x"]


def test_a_store_in_use_is_not_replaced(opener: Opener, clock: Clock, home: str) -> None:
    store = opener()
    store.put_many("pages", [(b"k", b"v", clock.now + DAY)])
    inode = os.stat(os.path.join(home, "v1")).st_ino
    # Another process would have it open; within one, LMDB refuses to open the same file twice.
    mark = os.path.join(home, "v1", "run-0-0")
    store.close()
    os.close(os.open(mark, os.O_CREAT))
    upkeep._compact(os.path.join(home, "v1"), DEFAULT_SIZE)
    assert os.stat(os.path.join(home, "v1")).st_ino == inode


def test_clear_removes_what_is_ours_and_nothing_else(filled: Store, home: str, clock: Clock) -> None:
    os.mkdir(os.path.join(home, "v7"))
    with open(os.path.join(home, "precious"), "w", encoding="utf-8"):
        pass
    os.symlink(home, os.path.join(home, "v1", "link"))
    assert upkeep.clear(home) > 100_000
    assert sorted(os.listdir(home)) == ["lock", "precious"]
    with open_store(home, clock=clock) as store:
        assert not found(store, "pages", b"p1")
        assert store.put_many("pages", [(b"p1", b"v", clock.now)])


def test_clearing_nothing(home: str) -> None:
    assert upkeep.clear(home) == 0
    assert not os.path.exists(home)


def test_verify_finds_a_sound_store_sound(filled: Store, home: str) -> None:
    assert upkeep.verify(home, size_limit=DEFAULT_SIZE) == ""
    assert upkeep.verify(os.path.join(home, "missing"), size_limit=DEFAULT_SIZE) == ""


@pytest.mark.parametrize("pattern", [b"\xde\xc0\xef\xbe", b"1p77", b"L1p", b"L2f", b"VALUE", b"R\0\0"])
def test_verify_replaces_a_damaged_one(opener: Opener, home: str, clock: Clock, pattern: bytes) -> None:
    with opener() as store:
        store.put_many("pages", [(b"p%d" % n, b"VALUE" * 200, clock.now + n) for n in range(100)])
        store.put_many("files", [(b"f%d" % n, b"VALUE" * 2000, clock.now + n) for n in range(20)])
    path = os.path.join(home, "v1", "data.mdb")
    with open(path, "rb") as file:
        data = file.read()
    changed = data.replace(pattern, bytes([pattern[0] ^ 0x10]) + pattern[1:])
    assert changed != data
    with open(path, "wb") as file:
        file.write(changed)
    assert upkeep.verify(home, size_limit=DEFAULT_SIZE) != ""
    assert os.path.isdir(os.path.join(home, "v1.damaged"))
    assert upkeep.verify(home, size_limit=DEFAULT_SIZE) == ""
    with open_store(home, clock=clock) as store:
        assert isinstance(store, Store)


def test_what_is_not_ours_is_left_alone(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkdir(home, 0o700)
    os.mkdir(os.path.join(home, "v1"), 0o700)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    for action in (upkeep.clear, lambda root: upkeep.verify(root, size_limit=DEFAULT_SIZE)):
        with pytest.raises(CacheError, match="another user"):
            action(home)
    assert os.path.isdir(os.path.join(home, "v1"))
