"""What the cache's fault tests run in processes of their own: `python cache_driver.py ACTION DIRECTORY [NUMBER]`.

Processes are forked here and nowhere else: this program is small, has one thread, and opens no store before it forks.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable

from envcensus.cache import check, opening, rows, store
from envcensus.cache.store import Store, open_store

LIMIT = 4 << 20
NEVER = float("inf")
KEYS = [b"key-%d" % number for number in range(20)]


def opened(directory: str, size_limit: int = LIMIT) -> Store:
    found = open_store(directory, size_limit=size_limit)
    if not isinstance(found, Store):
        sys.exit(f"no store: {found.reason}")
    return found


def forked(action: Callable[..., object], *arguments: object) -> int:
    """The process id of a child that does one thing and ends."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        action(*arguments)
        code = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def check_here() -> None:
    """Verify in this process: a new interpreter for each of hundreds of rounds would take minutes."""
    opening.check_in_child = lambda home: check.structure(home) or check.contents(home)


def write_for_ever(directory: str, first: int, acknowledge: int) -> None:
    """Batches of one number under all keys; each number is acknowledged once it is stored."""
    found = opened(directory)
    number = first
    while True:
        value = b"%d" % number * (number % 700 + 1)
        if not found.put_many("pages", [(key, b"%d|" % number + value, NEVER) for key in KEYS]):
            sys.exit(f"not stored: {found.reason}")
        os.write(acknowledge, b"%d\n" % number)
        number += 1


def numbers(found: Store) -> set[int]:
    with found.reader() as reader:
        values = [reader.get("pages", key) for key in KEYS]
        return {int(bytes(value).partition(b"|")[0]) if value is not None else 0 for value in values}


def tell_numbers(directory: str, end: int) -> None:
    with opened(directory) as found:
        os.write(end, b" ".join(b"%d" % number for number in numbers(found)))


def kill_writers(directory: str, rounds: int) -> None:
    """Kill a writer at any moment: what was acknowledged is there, and no batch is there in part."""
    check_here()
    seed = random.Random(1)
    last = 0
    for _ in range(rounds):
        reading, writing = os.pipe()
        child = forked(write_for_ever, directory, last + 1, writing)
        os.close(writing)
        time.sleep(seed.random() * 0.02)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with open(reading, "rb") as acknowledged:
            last = max([last, *map(int, acknowledged.read().split())])

        reading, writing = os.pipe()
        looker = forked(tell_numbers, directory, writing)
        os.close(writing)
        assert os.waitstatus_to_exitcode(os.waitpid(looker, 0)[1]) == 0
        with open(reading, "rb") as seen:
            [number] = map(int, seen.read().split())
        assert number in (last, last + 1), (number, last)  # the last may be stored and not acknowledged
        last = number
    print(last, check.structure(directory + "/v1") or check.contents(directory + "/v1") or "sound")


def kill_readers(directory: str, rounds: int) -> None:
    """Readers that die inside of a transaction must not make the map full, nor use up the reader table."""
    check_here()
    with opened(directory) as found:
        assert found.put_many("pages", [(key, b"0|" + bytes(2000), NEVER) for key in KEYS])
    gate_r, gate_w = os.pipe()
    writer = forked(lambda: _write_until_closed(directory, gate_r, gate_w))
    os.close(gate_r)
    seed = random.Random(2)
    for _ in range(rounds):
        child = forked(lambda: _read_for_ever(directory))
        time.sleep(seed.random() * 0.01)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    os.close(gate_w)
    assert os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1]) == 0
    print(check.structure(directory + "/v1") or check.contents(directory + "/v1") or "sound")


def _write_until_closed(directory: str, gate: int, other_end: int) -> None:
    os.close(other_end)
    os.set_blocking(gate, False)
    with opened(directory, 1 << 20) as found:
        number = refused = 0
        while True:
            try:
                if not os.read(gate, 1):
                    break
            except BlockingIOError:
                pass
            number += 1
            refused += not found.put_many("pages", [(key, b"%d|" % number + bytes(2000), NEVER) for key in KEYS])
        # A living reader may keep the small map full for as long as it is not scheduled; a dead one must not.
        assert refused < number // 4, (refused, number)
        assert found.put_many("pages", [(b"last", b"", NEVER)]), found.reason


def _read_for_ever(directory: str) -> None:
    found = opened(directory, 1 << 20)
    while True:
        with found.reader() as reader:
            for key in KEYS:
                reader.get("pages", key)


def crowd(directory: str, rounds: int) -> None:
    """Eight processes at once on one cache with a small limit; some of them are killed."""
    check_here()
    seed = random.Random(3)
    children = [forked(_mingle, directory, name, rounds) for name in range(8)]
    time.sleep(0.3)
    victims = set(seed.sample(children, 2))
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    for child in children:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code == 0 or (child in victims and code == -signal.SIGKILL), code
    with opened(directory, LIMIT) as found:
        assert found.put_many("files", [(b"after", b"all", NEVER)]), found.reason
    print(check.structure(directory + "/v1") or check.contents(directory + "/v1") or "sound")


def _mingle(directory: str, name: int, rounds: int) -> None:
    seed = random.Random(name)
    wrong = hits = refused = 0
    for _ in range(3):
        with opened(directory, LIMIT) as found:
            for _ in range(rounds // 3):
                keys = [b"%d" % seed.randrange(400) for _ in range(8)]
                refused += not found.put_many("files", [(key, key * seed.choice((10, 1500)), NEVER) for key in keys])
                found.delete("files", keys[:1])
                with found.reader() as reader:
                    for key in (b"%d" % seed.randrange(400) for _ in range(20)):
                        value = reader.get("files", key)
                        if value is not None:
                            hits += 1
                            wrong += value not in (key * 10, key * 1500)
    assert hits
    assert not wrong
    # Seven others read: each may keep the pages of its moment from being used again, and the file is small.
    assert refused < rounds, refused


def flip(directory: str, rounds: int) -> None:
    """Flip bits anywhere: what is read is right or absent, a crash is over with the next run."""
    check_here()
    _fill(directory)
    path = directory + "/v1/data.mdb"
    with open(path, "rb") as file:
        good = file.read()
    seed = random.Random(4)
    crashed = 0
    for _ in range(rounds):
        bad = bytearray(good)
        for _ in range(seed.choice((1, 1, 8, 64))):
            bad[seed.randrange(len(bad))] ^= 1 << seed.randrange(8)
        crashed += _damage(directory, bytes(bad))
    print(f"crashed {crashed} of {rounds}")


def truncate(directory: str, rounds: int) -> None:
    """Cut the file anywhere: never a crash."""
    check_here()
    _fill(directory)
    with open(directory + "/v1/data.mdb", "rb") as file:
        good = file.read()
    seed = random.Random(5)
    sizes = [0, 1, 16, 100, 4095, 4096, 4200, 8191, 8192, len(good) - 1, len(good) - 4096]
    sizes += [seed.randrange(len(good)) for _ in range(max(rounds - len(sizes), 0))]
    for size in sizes:
        assert not _damage(directory, good[:size]), size
    print("never crashed")


def _fill(directory: str) -> None:
    def fill() -> None:
        with opened(directory) as found:
            assert found.put_many("pages", [(b"p%d" % n, b"p%d" % n * 300, NEVER) for n in range(200)])
            assert found.put_many("files", [(b"f%d" % n, b"f%d" % n * 4000, NEVER) for n in range(40)])

    assert os.waitstatus_to_exitcode(os.waitpid(forked(fill), 0)[1]) == 0


def _damage(directory: str, data: bytes) -> bool:
    """Run twice on a damaged file; whether the first run crashed. The second must not."""
    with open(directory + "/v1/data.mdb", "wb") as file:
        file.write(data)
    first, second = (os.waitstatus_to_exitcode(os.waitpid(forked(lambda: _use(directory)), 0)[1]) for _ in range(2))
    assert first == 0 or first in (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT), first
    assert second == 0, second
    return first != 0


def _use(directory: str) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # LMDB's last words
    with opened(directory) as found:
        with found.reader() as reader:
            for bucket, count, times in (("pages", 200, 300), ("files", 40, 4000)):
                for number in range(count):
                    key = b"%c%d" % (bucket[0].encode(), number)
                    value = reader.get(bucket, key)
                    assert value is None or value == key * times
        found.put_many("metadata", [(b"m%d" % n, bytes(500), NEVER) for n in range(30)])


def hold_writing(directory: str, _: int) -> None:
    """Stop for good in the middle of a write transaction."""
    with opened(directory) as found:

        def stop(batch: rows.Batch) -> int:
            batch.put(b"1half", b"half", 0.0, NEVER)
            print("stopped", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)
            return 1

        found.change(stop)
    print("went on", flush=True)


def hold_reading(directory: str, _: int) -> None:
    """Stop for good in the middle of a read transaction."""
    with opened(directory) as found, found.reader() as reader:
        reader.get("pages", KEYS[0])
        print("stopped", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)


def hold_readers(directory: str, count: int) -> None:
    """Take many slots of the reader table, and wait."""
    with opened(directory) as found:
        readers = [found.reader().__enter__() for _ in range(count)]
        print("holding", len(readers), flush=True)
        sys.stdin.read()


def hold_gate(directory: str, _: int) -> None:
    """Stop while the store is being replaced."""
    from envcensus.cache.locks import FileLock

    gate = FileLock(directory + "/lock")
    assert gate.acquire(1)
    print("stopped", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)


def use_once(directory: str, _: int) -> None:
    """One small run; what it says about the cache."""
    store.WRITE_DEADLINE = store.OPEN_DEADLINE = 0.3
    found = open_store(directory, size_limit=LIMIT)
    kept = found.put_many("pages", [(b"k", bytes(1000), NEVER)])
    with found.reader() as reader:
        there = reader.get("pages", b"k") is not None
    found.close()
    print(f"{type(found).__name__} kept={kept} found={there} reason={found.reason}")


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
