"""Other runs that stand in the way: stopped, crowding the reader table, or with another size limit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from envcensus.cache import layout, store
from envcensus.cache.store import NoStore, Store, open_store

DRIVER = os.path.join(os.path.dirname(__file__), "cache_driver.py")
NEVER = float("inf")
LIMIT = 4 << 20


@pytest.fixture
def home() -> Iterator[str]:
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=shared) as directory:
        yield os.path.join(directory, "cache")


@pytest.fixture(autouse=True)
def _short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "OPEN_DEADLINE", 0.3)
    monkeypatch.setattr(store, "WRITE_DEADLINE", 0.3)


@contextmanager
def other(action: str, home: str, number: int = 0) -> Iterator[subprocess.Popen[str]]:
    """Another run, once it has come to the point; killed in the end."""
    command = [sys.executable, DRIVER, action, home, str(number)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def opened(home: str, size_limit: int = LIMIT) -> Store:
    found = open_store(home, size_limit=size_limit)
    assert isinstance(found, Store), found.reason
    return found


def get(found: Store | NoStore, key: bytes) -> memoryview | None:
    with found.reader() as reader:
        return reader.get("pages", key)


def test_a_stopped_writer_blocks_nobody_for_long(home: str) -> None:
    with opened(home) as before:
        before.put_many("pages", [(b"k", b"v", NEVER)])
    with other("hold_writing", home) as process:
        with opened(home) as found:
            assert get(found, b"k") is not None, "reading waits for nobody"
            assert get(found, b"half") is None
            assert not found.put_many("pages", [(b"l", b"v", NEVER)])
            assert found.reason == "another run is holding the cache's write lock"
            assert not found.put_many("pages", [(b"l", b"v", NEVER)]), "and it is not waited for again"
        process.send_signal(signal.SIGCONT)
        assert process.stdout is not None
        assert process.stdout.readline() == "went on\n"
    with opened(home) as found:
        assert get(found, b"half") is not None
        assert found.put_many("pages", [(b"l", b"v", NEVER)])


def test_a_writer_killed_while_stopped_leaves_nothing_half_done(home: str) -> None:
    with other("hold_writing", home):
        pass
    with opened(home) as found:
        assert get(found, b"half") is None
        assert found.put_many("pages", [(b"l", b"v", NEVER)])


def test_a_stopped_repair_is_not_waited_for(home: str) -> None:
    with opened(home):
        pass
    with other("hold_gate", home):
        found = open_store(home)
        assert isinstance(found, NoStore)
        assert "repairing or replacing" in found.reason
    with opened(home):
        pass


def test_a_stopped_reader_makes_the_map_full_and_its_death_frees_it(home: str) -> None:
    with opened(home) as found:
        with other("hold_reading", home):
            results = [_rewrite(found, number) for number in range(400)]
            assert results[0]
            assert not results[-1]
            assert "MDB_MAP_FULL" in found.reason
            assert get(found, b"0") is not None, "reading goes on"
        assert _rewrite(found, 1000), "a dead reader is found out"
        assert os.path.getsize(os.path.join(home, "v1", "data.mdb")) <= LIMIT


def _rewrite(found: Store, number: int) -> bool:
    return found.put_many("pages", [(b"%d" % n, b"%d" % number * 300, NEVER) for n in range(30)])


def test_a_full_reader_table_means_misses(home: str) -> None:
    with opened(home) as found:
        found.put_many("pages", [(b"k", b"v", NEVER)])
        with other("hold_readers", home, store.READERS):
            assert get(found, b"k") is None
            assert "MDB_READERS_FULL" in found.reason
            assert found.put_many("pages", [(b"l", b"v", NEVER)]), "writing needs no slot"
        assert get(found, b"k") is not None, "the dead give their slots back"


def test_a_run_with_a_larger_limit_is_followed(home: str) -> None:
    with opened(home, 1 << 20) as small:
        small.put_many("pages", [(b"k", b"v", NEVER)])
        _fill_elsewhere(home)
        assert get(small, b"big") is not None
        assert small.put_many("pages", [(b"l", b"v", NEVER)])
        assert small.reason == ""


def test_views_stay_valid_when_another_run_lets_the_map_grow(home: str) -> None:
    with opened(home, 1 << 20) as small:
        small.put_many("pages", [(b"k", b"value", NEVER)])
        with small.reader() as reader:
            value = reader.get("pages", b"k")
            _fill_elsewhere(home)
            assert not small.put_many("pages", [(b"l", b"v", NEVER)]), "the map cannot be replaced under a reader"
            assert get(small, b"k") is None, "nor can a second reader see the new state"
            assert bytes(value or b"") == b"value"
            assert reader.get("pages", b"k") is not None
        assert get(small, b"big") is not None
        assert small.put_many("pages", [(b"l", b"v", NEVER)])


def _fill_elsewhere(home: str) -> None:
    program = (
        "import sys; from envcensus.cache.store import open_store\n"
        "with open_store(sys.argv[1], size_limit=64 << 20) as s:\n"
        "    assert s.put_many('pages', [(b'%d' % n, bytes(100_000), 9e9) for n in range(100)])\n"
        "    assert s.put_many('pages', [(b'big', b'', 9e9)])"
    )
    subprocess.run([sys.executable, "-c", program, home], check=True)


def test_a_lowered_limit_is_kept_to_in_the_end(home: str) -> None:
    with opened(home, 64 << 20) as large:
        assert large.put_many("files", [(b"%d" % n, bytes(100_000), NEVER) for n in range(200)])
    for number in range(30):
        with opened(home, 2 << 20) as small:
            items = [(b"%d-%d" % (number, n), bytes(1000), NEVER) for n in range(20)]
            assert small.put_many("pages", items), small.reason
    with opened(home, 2 << 20) as small, small.reader() as reader:
        assert reader.get("files", b"0") is None
        assert reader.get("pages", b"29-19") is not None


def test_two_schema_versions_side_by_side(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(home) as one:
        monkeypatch.setattr(layout, "SCHEMA", "v2")
        with opened(home) as two:
            assert one.put_many("pages", [(b"k", b"one", NEVER)])
            assert two.put_many("pages", [(b"k", b"two", NEVER)])
            with one.reader() as first, two.reader() as second:
                values = first.get("pages", b"k"), second.get("pages", b"k")
                assert [bytes(value or b"") for value in values] == [b"one", b"two"]


def test_the_clock_jumps(home: str) -> None:
    now = 1_700_000_000.0
    found = open_store(home, size_limit=1 << 20, clock=lambda: now)
    assert isinstance(found, Store)
    with found:
        for jump in (0, 400 * 86400 * 365, -10_000_000_000, 1e18, -1e18, 0):
            now = 1_700_000_000.0 + jump
            for number in range(4):
                items = [(b"%d-%d" % (number, n), bytes(2000), now + 60) for n in range(60)]
                assert found.put_many("pages", items), found.reason
            assert get(found, b"3-59") is not None
            found.flush()
    subprocess.run([sys.executable, "-m", "lmdb", "verify", os.path.join(home, "v1")], check=True, capture_output=True)


def test_two_stores_in_one_process_do_not_share_a_file(home: str) -> None:
    with opened(home) as first:
        second = open_store(home)
        assert isinstance(second, NoStore)
        assert "already open" in second.reason
        assert first.put_many("pages", [(b"k", b"v", NEVER)])
