"""Workers that die, parents that die, interrupts: nothing is lost in silence, and nothing stays behind."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest

from envcensus.runtime import metrics, signals
from envcensus.runtime.pool import Outcome, Pool, wait_for_one

HERE = os.path.dirname(__file__)
WAIT = futures.wait
DRIVER = os.path.join(HERE, "pool_driver.py")
WORKERS = os.path.join(HERE, "..", "unit", "runtime", "workers")
ROUNDS = int(os.environ.get("ENVCENSUS_FAULT_ROUNDS", "1"))

needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="needs /proc of Linux")


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(os.path.abspath(WORKERS))
    return importlib.import_module("pool_work")


@pytest.fixture
def pool() -> Iterator[Pool]:
    before = threading.active_count()
    with Pool(2) as pool:
        yield pool
    assert not multiprocessing.active_children()
    assert threading.active_count() <= before


def by_batch(outcomes: Iterator[Outcome[Any, Any]]) -> dict[Any, Outcome[Any, Any]]:
    collected = list(outcomes)
    found = {outcome.batch: outcome for outcome in collected}
    assert len(found) == len(collected), "each batch is reported once"
    return found


def test_a_worker_that_is_killed_costs_nothing_but_time(pool: Pool, work: Any, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    flag.touch()
    batches = [str(flag), *(f"/{number}" for number in range(20))]
    outcomes = by_batch(pool.map_batches(work.die_once, batches))
    assert sorted(outcomes) == sorted(batches)
    assert all(outcome.answer == batch for batch, outcome in outcomes.items())
    assert not flag.exists()


def test_a_batch_that_kills_its_worker_twice_is_left_out_and_reported(pool: Pool, work: Any) -> None:
    outcomes = by_batch(pool.map_batches(work.die_on_three, range(20)))
    assert sorted(outcomes) == list(range(20))
    assert outcomes[3] == Outcome(3, None, "its worker process died twice")
    assert all(outcome.answer == batch for batch, outcome in outcomes.items() if batch != 3)


def test_when_every_batch_kills_its_worker_all_are_reported(pool: Pool, work: Any) -> None:
    outcomes = by_batch(pool.map_batches(work.die, range(30)))
    assert sorted(outcomes) == list(range(30))
    assert {outcome.error for outcome in outcomes.values()} == {
        "its worker process died twice",
        "worker processes keep dying",
    }


def test_a_worker_that_is_stopped_counts_as_dead(pool: Pool, work: Any) -> None:
    list(pool.map_batches(work.who, range(8)))  # what they import takes longer than a stall on a busy machine
    outcomes = by_batch(pool.map_batches(work.stop_on_three, range(8), stall=4.0))
    assert sorted(outcomes) == list(range(8))
    assert outcomes[3].error == "its worker process died twice"
    assert all(outcome.answer == batch for batch, outcome in outcomes.items() if batch != 3)


@needs_proc
def test_a_stopped_worker_is_noticed_long_before_a_stall(
    pool: Pool, work: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("envcensus.runtime.pool._LOOK_SECONDS", 0.1)
    flag = tmp_path / "flag"
    flag.touch()
    batches = [str(flag), *(f"/{number}" for number in range(20))]
    outcomes = by_batch(pool.map_batches(work.stop_once, batches, stall=3600.0))  # beyond what a test may take
    assert sorted(outcomes) == sorted(batches)
    assert all(outcome.answer == batch for batch, outcome in outcomes.items())


@needs_proc
def test_workers_that_go_on_again_are_left_alone(pool: Pool, work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    list(pool.map_batches(work.who, range(8)))
    workers = list(pool._executor._processes)  # type: ignore[union-attr]
    looks: list[bool] = []

    def look() -> bool:
        looks.append(Pool.has_stopped(pool))
        if len(looks) == 3:
            send(workers, signal.SIGCONT)
        return looks[-1]

    monkeypatch.setattr("envcensus.runtime.pool._LOOK_SECONDS", 0.1)
    monkeypatch.setattr(pool, "has_stopped", look)
    send(workers, signal.SIGSTOP)
    assert {outcome.answer for outcome in pool.map_batches(work.who, range(8))} <= set(workers)
    assert looks[:3] == [True] * 3


def send(processes: list[int], number: int) -> None:
    for process in processes:
        os.kill(process, number)


@pytest.mark.parametrize("done", [True, False])
def test_an_interrupt_does_not_come_while_futures_are_locked(monkeypatch: pytest.MonkeyPatch, done: bool) -> None:
    """It would leave them so, and the executor's thread, and with it the end of the process, would wait for ever."""
    future: futures.Future[int] = futures.Future()
    if done:
        future.set_result(1)
    whole: list[bool] = []

    def wait(running: list[futures.Future[int]], timeout: float, return_when: str) -> Any:
        signals._interrupt()  # what a signal's handler does in the middle of this
        whole.append(True)
        return WAIT(running, timeout=timeout, return_when=return_when)

    monkeypatch.setattr("envcensus.runtime.pool.futures.wait", wait)
    with pytest.raises(KeyboardInterrupt):
        wait_for_one([future], 60.0)
    assert whole == [True]


def test_workers_that_never_start_are_done_without(tmp_path: Path) -> None:
    """The fork server hangs in an import, as it would on a file system that does."""
    (tmp_path / "hanging.py").write_text("import time\nwhile True:\n    time.sleep(1)\n")
    program = f"""
import importlib, os, sys, threading, time
sys.path.insert(0, {HERE!r})
from envcensus.runtime import pool
pool._READY_SECONDS = 0.2
task = importlib.import_module("pool_driver").nap
with pool.Pool(2, preload=["hanging"]) as running:
    for _ in range(2):
        [outcome] = running.map_batches(task, [0.0])
        print(outcome.answer == os.getpid(), running.reason, flush=True)
    while any(thread.name == "pool-start" for thread in threading.enumerate()):
        time.sleep(0.01)
"""
    # The fork server does not look where `sys.path` of its parent says, in all releases of Python.
    paths = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-c", program]
    environ = {**os.environ, "PYTHONPATH": paths}
    # Returns when nobody has its pipes open any more: the fork server is gone, too.
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90, env=environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "True no worker processes: none started within 0.2 seconds\n" * 2


def test_a_worker_that_does_not_end_is_killed(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something in it that cannot be ended, such as a library's thread; here it is stopped when all is done."""
    monkeypatch.setattr("envcensus.runtime.pool._CLOSE_SECONDS", 0.2)
    with Pool(2) as pool:
        pids = [int(str(outcome.answer)) for outcome in pool.map_batches(work.who, range(20))]
        os.kill(pids[0], signal.SIGSTOP)
    _assert_gone(pids)
    assert not multiprocessing.active_children()


@needs_proc
def test_workers_killed_at_any_moment(work: Any) -> None:
    seed = random.Random(6)
    for number in range(60 * ROUNDS):
        with Pool(2) as pool:
            over = threading.Event()
            killer = threading.Thread(target=_kill_some, args=(seed.random() * (0.5 if number < 5 else 0.03), over))
            killer.start()
            outcomes = by_batch(pool.map_batches(work.sleep, [seconds / 10_000 for seconds in range(60)]))
            over.set()
            killer.join()
        assert len(outcomes) == 60
        assert all(outcome.answer == batch for batch, outcome in outcomes.items())
        assert not multiprocessing.active_children()


def _kill_some(pause: float, over: threading.Event) -> None:
    """Kill one worker, once there is one."""
    over.wait(pause)
    while not over.is_set():
        if workers := multiprocessing.active_children():
            workers[-1].kill()
            return
        over.wait(0.005)


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_orphan_is_left(number: int) -> None:
    """Whatever ends the parent, at whatever moment: while workers start, while they work, while all is over."""
    seed = random.Random(int(number))
    for _ in range(4 * ROUNDS):
        command = [sys.executable, DRIVER, "0.02", "50"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(seed.random() * 0.7)
            family = metrics.family(process.pid)
            if number == signal.SIGINT:
                os.killpg(process.pid, number)  # as a terminal does it
            else:
                process.send_signal(number)
            output, errors = process.communicate(timeout=60)
        at_once = number == signal.SIGKILL or "done" in output  # nothing is left to be put in order
        assert process.returncode in (0, 130, *([-number] if at_once else [])), errors
        _assert_gone(family)
        if number != signal.SIGKILL:
            assert errors == ""


@needs_proc
def test_parents_killed_at_any_moment() -> None:
    """Four at a time, each in the middle of something else: their fork servers and workers end with them."""
    seed = random.Random(9)
    for _ in range(10 * ROUNDS):
        command = [sys.executable, DRIVER, "0.02", "50"]
        parents = [subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) for _ in range(4)]
        families: list[int] = []
        for process in parents:
            time.sleep(seed.random() * 0.3)
            families += metrics.family(process.pid)
            process.kill()
        for process in parents:
            process.communicate(timeout=60)
            assert process.returncode in (-signal.SIGKILL, 0)
        _assert_gone(families)


def _assert_gone(pids: list[int]) -> None:
    end = time.monotonic() + 60
    while left := [pid for pid in pids if _alive(pid)]:
        assert time.monotonic() < end, f"still there: {left}"
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_64_descriptors_are_enough() -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    command = [sys.executable, DRIVER, "0.01", "20"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("done 0\n")


def test_without_descriptors_the_work_is_done_here() -> None:
    program = f"""
import os, resource, runpy, sys
sys.argv[:] = [{DRIVER!r}, "0.001", "20"]
sys.path.insert(0, {HERE!r})
import envcensus.runtime.pool, envcensus.runtime.signals, pool_driver
import multiprocessing.popen_forkserver, multiprocessing.queues, multiprocessing.synchronize
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
held = []
try:
    while True:
        held.append(os.dup(2))
except OSError:
    for fd in held[:{{spare}}]:
        os.close(fd)
sys.exit(pool_driver.main())
"""
    for spare in (0, 2, 5, 9, 14):
        command = [sys.executable, "-c", program.format(spare=spare)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, ""), spare
        assert done.stdout.endswith("done 0\n")


def test_without_shared_memory_the_work_is_done_here() -> None:
    """/dev/shm read-only, in a mount namespace of its own: semaphores are not to be had."""
    script = 'mount -t tmpfs -o ro none /dev/shm && exec "$@"'
    unshare = ["unshare", "--mount", "sh", "-c", script, "sh"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespace to be had")
    command = [*unshare, sys.executable, DRIVER, "0.001", "20"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("done 0\n")
