"""The store as its callers see it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import lmdb
import pytest

from envcensus.cache import check, opening, rows
from envcensus.cache.store import MINIMUM_SIZE, NoStore, Store, open_store

if TYPE_CHECKING:
    from .conftest import Clock, Opener

DAY = 86400.0


def value_of(store: Store | NoStore, bucket: str, key: bytes) -> bytes | None:
    with store.reader() as reader:
        found = reader.get(bucket, key)
        return None if found is None else bytes(found)


def test_what_is_put_is_found_again(opener: Opener, clock: Clock) -> None:
    store = opener()
    assert store.put_many("pages", [(b"flask", b"record", clock.now + 60)])
    with store.reader() as reader:
        assert bytes(reader.get("pages", b"flask") or b"") == b"record"
        assert reader.get("pages", b"django") is None
        assert reader.get("files", b"flask") is None, "buckets are apart"


def test_a_bucket_holds_something_or_not(opener: Opener, clock: Clock) -> None:
    store = opener()
    with store.reader() as reader:
        assert not reader.holds("pages")
    assert store.put_many("pages", [(b"flask", b"record", clock.now - 1)])
    with store.reader() as reader:
        assert reader.holds("pages"), "expired records count"
        assert not any(reader.holds(other) for other in rows.BUCKETS if other != "pages")
    with NoStore("").reader() as reader:
        assert not reader.holds("pages")


def test_it_is_still_there_in_the_next_run(opener: Opener, clock: Clock) -> None:
    store = opener()
    store.put_many("metadata", [(b"k", b"v" * 5000, clock.now + 60)])
    store.close()
    assert value_of(opener(), "metadata", b"k") == b"v" * 5000


def test_a_later_put_replaces(opener: Opener, clock: Clock) -> None:
    store = opener()
    store.put_many("pages", [(b"k", b"old", clock.now + 60)])
    clock.now += 2 * DAY
    store.put_many("pages", [(b"k", b"new and longer", clock.now + 90)])
    assert value_of(store, "pages", b"k") == b"new and longer"
    assert check.contents(_closed(store)) == ""


def test_expired_records_are_found(opener: Opener, clock: Clock) -> None:
    store = opener()
    store.put_many("pages", [(b"k", b"v", clock.now + 60)])
    clock.now += 61
    assert value_of(store, "pages", b"k") == b"v"


@pytest.mark.parametrize("expires", [float("nan"), -5.0, float("inf"), 1e300])
def test_odd_expiry_times_are_kept_in_range(opener: Opener, expires: float) -> None:
    store = opener()
    assert store.put_many("pages", [(b"k", b"v", expires)])
    assert value_of(store, "pages", b"k") == b"v"
    assert check.contents(_closed(store)) == ""


def test_keys_of_any_length(opener: Opener, clock: Clock) -> None:
    store = opener()
    keys = [b"x" * n for n in (0, 1, 499, 500, 501, 511, 4096)]
    assert store.put_many("listings", [(key, b"%d" % len(key), clock.now + 1) for key in keys])
    assert [value_of(store, "listings", key) for key in keys] == [b"%d" % len(key) for key in keys]
    assert store.delete("listings", keys) == len(keys)
    assert [value_of(store, "listings", key) for key in keys] == [None] * len(keys)
    assert check.contents(_closed(store)) == ""


def test_values_of_many_sizes(opener: Opener, clock: Clock) -> None:
    store = opener()
    values = {b"%d" % size: os.urandom(size) for size in (0, 1, 2000, 2010, 2038, 4096, 100_000, 3_000_000)}
    assert store.put_many("files", [(key, value, clock.now + 1) for key, value in values.items()])
    with store.reader() as reader:
        for key, value in values.items():
            assert bytes(reader.get("files", key) or b"") == value


def test_a_value_too_large_for_the_limit_is_left_out(opener: Opener, clock: Clock) -> None:
    store = opener(size_limit=MINIMUM_SIZE)
    assert not store.put_many("files", [(b"a", b"x", clock.now), (b"huge", bytes(1 << 20), clock.now)])
    assert value_of(store, "files", b"a") == b"x"
    assert value_of(store, "files", b"huge") is None
    assert store.put_many("files", [(b"b", b"x", clock.now)]), "and later ones are kept again"


def test_a_reader_sees_one_state(opener: Opener, clock: Clock) -> None:
    store = opener()
    store.put_many("pages", [(b"k", b"one", clock.now)])
    with store.reader() as reader:
        store.put_many("pages", [(b"k", b"two", clock.now), (b"l", b"new", clock.now)])
        assert bytes(reader.get("pages", b"k") or b"") == b"one"
        assert reader.get("pages", b"l") is None
    assert value_of(store, "pages", b"k") == b"two"


def test_outside_of_its_block_a_reader_misses(opener: Opener, clock: Clock) -> None:
    store = opener()
    store.put_many("pages", [(b"k", b"v", clock.now)])
    reader = store.reader()
    assert reader.get("pages", b"k") is None
    with reader:
        assert reader.get("pages", b"k") is not None
    assert reader.get("pages", b"k") is None


def test_after_close_everything_is_a_miss(opener: Opener, clock: Clock) -> None:
    store = opener()
    store.put_many("pages", [(b"k", b"v", clock.now)])
    store.close()
    assert value_of(store, "pages", b"k") is None
    assert not store.put_many("pages", [(b"k", b"v", clock.now)])
    assert store.delete("pages", [b"k"]) == 0
    store.close()


def test_reading_writes_nothing(opener: Opener, clock: Clock, home: str) -> None:
    store = opener()
    store.put_many("pages", [(b"k", b"v", clock.now + DAY)])
    store.close()
    before = _data(home)
    clock.now += 3600
    with opener() as again:
        assert value_of(again, "pages", b"k") == b"v"
    assert _data(home) == before


def test_use_is_noted_once_per_quantum(opener: Opener, clock: Clock, home: str) -> None:
    store = opener()
    store.put_many("pages", [(b"k", b"v", clock.now + 30 * DAY)])
    store.close()
    clock.now += 2 * DAY
    with opener() as second:
        value_of(second, "pages", b"k")
    touched = _data(home)
    with opener() as third:
        value_of(third, "pages", b"k")
    assert _data(home) == touched, "noted already"
    assert check.contents(os.path.join(home, "v1")) == ""


def test_the_least_recently_used_go_first(opener: Opener, clock: Clock) -> None:
    store = opener(size_limit=MINIMUM_SIZE)
    never = float("inf")
    store.put_many("pages", [(b"used", bytes(1000), never), (b"unused", bytes(1000), never)])
    clock.now += 2 * DAY
    assert value_of(store, "pages", b"used") is not None
    store.flush()
    for number in range(600):
        assert store.put_many("pages", [(b"n%d" % number, bytes(1000), never)])
        if value_of(store, "pages", b"unused") is None:
            break
    assert value_of(store, "pages", b"unused") is None
    assert value_of(store, "pages", b"used") is not None
    assert check.contents(_closed(store)) == ""


def test_expired_ones_go_before_those(opener: Opener, clock: Clock) -> None:
    store = opener(size_limit=MINIMUM_SIZE)
    store.put_many("pages", [(b"old", bytes(1000), float("inf"))])
    clock.now += 2 * DAY
    store.put_many("pages", [(b"expired%d" % n, bytes(1000), clock.now + 1) for n in range(50)])
    clock.now += 10
    for number in range(600):
        assert store.put_many("pages", [(b"n%d" % number, bytes(1000), float("inf"))])
        if value_of(store, "pages", b"expired0") is None:
            break
    assert value_of(store, "pages", b"expired0") is None
    assert value_of(store, "pages", b"old") is not None


@pytest.mark.parametrize(("size", "rounds"), [(100, 40), (1400, 40), (30_000, 10)])
def test_the_file_never_outgrows_the_limit(opener: Opener, clock: Clock, home: str, size: int, rounds: int) -> None:
    limit = 4 << 20
    store = opener(size_limit=limit)
    for number in range(rounds):
        clock.now += 3600
        items = [(b"%d-%d" % (number, n), os.urandom(size), clock.now + 2 * DAY) for n in range(100)]
        assert store.put_many("files", items), store.reason
    assert os.path.getsize(os.path.join(home, "v1", "data.mdb")) <= limit
    assert value_of(store, "files", b"%d-99" % (rounds - 1)) is not None
    assert value_of(store, "files", b"0-0") is None or size == 100
    assert check.contents(_closed(store)) == ""


def test_totals_count_every_record_once(opener: Opener, clock: Clock) -> None:
    store = opener()
    store.put_many("pages", [(b"a", b"1" * 10, clock.now), (b"b", b"2" * 5000, clock.now)])
    store.put_many("pages", [(b"a", b"1" * 99, clock.now + 7)])
    store.delete("pages", [b"b", b"missing"])
    env = opening.open_environment(_closed(store), 1 << 20, readonly=True)
    with env, env.begin() as txn:
        assert rows.read_totals(txn) == (len(b"1a") + 99, 1)


def test_threads_may_write_at_once(opener: Opener, clock: Clock) -> None:
    store = opener()

    def write(name: int) -> None:
        for number in range(10):
            assert store.put_many("pages", [(b"%d-%d" % (name, number), b"v", clock.now)])

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    env = opening.open_environment(_closed(store), 1 << 20, readonly=True)
    with env, env.begin() as txn:
        assert rows.read_totals(txn)[1] == 40


def test_without_writing_an_absent_cache_is_no_news(home: str) -> None:
    store = open_store(home, write=False)
    assert isinstance(store, NoStore)
    assert store.reason == ""
    assert not os.path.exists(home)


def test_without_writing_nothing_is_kept(opener: Opener, clock: Clock) -> None:
    with opener() as store:
        store.put_many("pages", [(b"k", b"v", clock.now)])
    reading = opener(write=False)
    assert value_of(reading, "pages", b"k") == b"v"
    assert not reading.put_many("pages", [(b"l", b"v", clock.now)])
    assert reading.delete("pages", [b"k"]) == 0


def test_no_store_answers_like_one() -> None:
    store = NoStore("why")
    with store as same, same.reader() as reader:
        assert reader.get("pages", b"k") is None
    assert not store.put_many("pages", [(b"k", b"v", 0.0)])
    assert store.delete("pages", [b"k"]) == 0
    store.flush()
    store.close()
    assert (store.enabled, store.reason) == (False, "why")


def test_the_directory_is_private(opener: Opener, home: str) -> None:
    opener().close()
    for path in (home, os.path.join(home, "v1")):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
    for name in os.listdir(os.path.join(home, "v1")):
        assert stat.S_IMODE(os.stat(os.path.join(home, "v1", name)).st_mode) == 0o600


def test_the_data_format_is_pinned(opener: Opener, home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMDB_DEFAULT_LIB_VERSION", "1")
    opener().close()
    with open(os.path.join(home, "v1", "data.mdb"), "rb") as file:
        head = file.read(24)
    assert int.from_bytes(head[20:24], sys.byteorder) == 1


def test_no_mark_is_left(opener: Opener, home: str) -> None:
    store = opener()
    assert any(name.startswith("run-") for name in os.listdir(os.path.join(home, "v1")))
    store.close()
    assert sorted(os.listdir(os.path.join(home, "v1"))) == ["data.mdb", "lock.mdb"]


def test_importing_it_is_light() -> None:
    heavy = "aiohttp asyncio uvloop rich jinja2 subprocess shutil hashlib ctypes platformdirs tempfile dataclasses"
    program = "import envcensus.cache.store, envcensus.cache.opening"
    report = f"print([m for m in {heavy!r}.split() if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {program}; {report}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(lmdb.__version__ < "3", reason="before release 3 py-lmdb had one format")
def test_lmdb_is_what_the_tests_think() -> None:
    assert lmdb.version(lib_version=0)[0] == 0


def _closed(store: Store) -> str:
    store.close()
    return store.directory


def _data(home: str) -> bytes:
    with open(os.path.join(home, "v1", "data.mdb"), "rb") as file:
        return file.read()
