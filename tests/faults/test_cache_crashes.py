"""Runs that are killed, files that are damaged, many runs at once: the store comes through, or starts anew.

ENVCENSUS_FAULT_ROUNDS multiplies the rounds for a longer soak.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import pytest

from envcensus.cache import opening
from envcensus.cache.store import Store, open_store

DRIVER = os.path.join(os.path.dirname(__file__), "cache_driver.py")
ROUNDS = int(os.environ.get("ENVCENSUS_FAULT_ROUNDS", "1"))


@pytest.fixture
def home() -> Iterator[str]:
    """A cache directory in memory where that can be had: hundreds of rounds need no disk."""
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=shared) as directory:
        yield os.path.join(directory, "cache")


def drive(action: str, home: str, rounds: int) -> str:
    command = [sys.executable, DRIVER, action, home, str(rounds * ROUNDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120 * ROUNDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_writers_killed_at_any_moment(home: str) -> None:
    last, verdict = drive("kill_writers", home, 200).split()
    assert verdict == "sound"
    assert int(last) > 0, "the rounds stored something"


def test_readers_killed_at_any_moment(home: str) -> None:
    assert drive("kill_readers", home, 150) == "sound"


def test_eight_runs_at_once(home: str) -> None:
    assert drive("crowd", home, 120) == "sound"


def test_flipped_bits(home: str) -> None:
    crashed, _, rounds = drive("flip", home, 60).removeprefix("crashed ").split()
    assert int(crashed) <= int(rounds) // 10


def test_truncated_files(home: str) -> None:
    assert drive("truncate", home, 40) == "never crashed"


def test_a_run_that_was_killed_has_the_file_verified_in_a_process_of_its_own(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    check_in_child = opening.check_in_child

    def noted(path: str) -> str:
        checked.append(path)
        return check_in_child(path)

    monkeypatch.setattr(opening, "check_in_child", noted)
    command = [sys.executable, DRIVER, "hold_readers", home, "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with open_store(home) as store:
            assert isinstance(store, Store)
            assert not checked, "a run that lives is no reason"
        process.kill()
    with open_store(home) as store:
        assert isinstance(store, Store)
    assert len(checked) == 1
    with open_store(home):
        assert len(checked) == 1, "once is enough"


@pytest.mark.parametrize("name", ["data.mdb", "lock.mdb"])
def test_a_missing_file(home: str, name: str) -> None:
    with open_store(home) as store:
        assert store.put_many("pages", [(b"k", b"v", 0.0)])
    os.unlink(os.path.join(home, "v1", name))
    with open_store(home) as store:
        assert store.put_many("pages", [(b"k", b"v", 0.0)]), store.reason


def test_the_other_data_format_is_set_aside(home: str) -> None:
    import lmdb

    if lmdb.__version__ < "3":
        pytest.skip("before release 3 py-lmdb had one format")
    with open_store(home):
        pass
    data = os.path.join(home, "v1", "data.mdb")
    os.unlink(data)
    lmdb.open(os.path.join(home, "v1"), lib_version=1).close()
    with open_store(home) as store:
        assert store.put_many("pages", [(b"k", b"v", 0.0)]), store.reason
    assert os.path.exists(os.path.join(home, "v1.damaged", "data.mdb"))


@pytest.mark.parametrize("flags", [b"\xff\xff", b"\x00\x80", b"\x04\x00", b"\x08\x00", b"\x02\x00"])
def test_a_database_of_another_kind_is_replaced_by_the_second_run(home: str, flags: bytes) -> None:
    with open_store(home) as store:
        assert store.put_many("pages", [(b"k", b"v", 0.0)])
    with open(os.path.join(home, "v1", "data.mdb"), "r+b") as file:
        for page in (0, 4096):
            file.seek(page + 16 + 24 + 48 + 4)  # the flags of the main database
            file.write(flags)
    with open_store(home) as store:
        store.put_many("pages", [(b"k%d" % n, b"v" * 300, 0.0) for n in range(30)])
    with open_store(home) as store:
        assert store.put_many("pages", [(b"k", b"v", 0.0)]), store.reason


def test_only_the_last_damaged_one_is_kept(home: str) -> None:
    for number in range(3):
        with open_store(home):
            pass
        with open(os.path.join(home, "v1", "data.mdb"), "wb") as file:
            file.write(b"%d" % number)
    with open_store(home):
        pass
    assert sorted(os.listdir(home)) == ["lock", "v1", "v1.damaged"]
    with open(os.path.join(home, "v1.damaged", "data.mdb"), "rb") as file:
        assert file.read() == b"2"


def test_a_damaged_record_is_a_miss_and_the_next_run_repairs(home: str) -> None:
    with open_store(home) as store:
        store.put_many("pages", [(b"k", b"VALUE" * 100, 9e9), (b"l", b"v", 9e9)])
    path = os.path.join(home, "v1", "data.mdb")
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(data.replace(b"VALUE" * 100, b"VALUE" * 99 + b"WRONG"))
    with open_store(home) as store, store.reader() as reader:
        assert reader.get("pages", b"k") is None
        assert reader.get("pages", b"l") is not None
        assert store.reason == "the cache holds a damaged record"
    with open_store(home) as store:
        assert store.reason == ""
        assert store.put_many("pages", [(b"k", b"v", 9e9)])
    assert os.path.exists(os.path.join(home, "v1.damaged"))
