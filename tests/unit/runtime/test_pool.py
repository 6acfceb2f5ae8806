"""The pool of workers in fair weather; its faults are in tests/faults."""

from __future__ import annotations

import importlib
import multiprocessing
import multiprocessing.synchronize
import os
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from envcensus.runtime.pool import Outcome, Pool, workers_for

WORKERS = os.path.join(os.path.dirname(__file__), "workers")


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(WORKERS)  # workers get the parent's sys.path
    return importlib.import_module("pool_work")


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool(2) as pool:
        yield pool
    assert not multiprocessing.active_children()


def test_every_batch_gets_its_answer(pool: Pool, work: Any) -> None:
    batches = [[n, n + 1] for n in range(40)]
    outcomes = list(pool.map_batches(work.double, batches))
    assert sorted(outcome.batch for outcome in outcomes) == batches
    assert all(outcome.answer == [2 * n for n in outcome.batch] and not outcome.error for outcome in outcomes)


def test_work_is_done_elsewhere_and_shared(pool: Pool, work: Any) -> None:
    pids = {outcome.answer for outcome in pool.map_batches(work.who, range(20))}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_batches_are_drawn_as_they_are_needed(pool: Pool, work: Any) -> None:
    drawn = 0

    def batches() -> Iterator[list[int]]:
        nonlocal drawn
        while True:
            drawn += 1
            yield [drawn]

    for count, _ in enumerate(pool.map_batches(work.double, batches())):
        assert drawn <= count + 5, "two for each worker are under way"
        if count == 30:
            break


def test_an_exception_is_the_error_of_its_batch(pool: Pool, work: Any) -> None:
    outcomes = {outcome.batch: outcome for outcome in pool.map_batches(work.fail_on_three, range(6))}
    assert outcomes[3] == Outcome(3, None, "ValueError: three is not allowed")
    assert [outcomes[n].answer for n in (0, 1, 2, 4, 5)] == [0, 1, 2, 4, 5]


def test_what_does_not_pickle_is_the_error_of_its_batch(pool: Pool) -> None:
    [outcome] = pool.map_batches(str, [threading.Lock()])
    assert "pickle" in outcome.error


def test_it_can_be_used_again(pool: Pool, work: Any) -> None:
    pool.start()
    assert [o.answer for o in pool.map_batches(work.double, [[1]])] == [[2]]
    assert [o.answer for o in pool.map_batches(work.double, [])] == []
    assert [o.answer for o in pool.map_batches(work.double, [[2]])] == [[4]]


def test_interrupts_are_left_to_the_parent(pool: Pool, work: Any) -> None:
    assert {outcome.answer for outcome in pool.map_batches(work.blocked, range(8))} == {True}


def test_without_workers_all_is_done_here(work: Any) -> None:
    with Pool(0) as pool:
        assert {outcome.answer for outcome in pool.map_batches(work.who, range(3))} == {os.getpid()}
        outcomes = {outcome.batch: outcome.error for outcome in pool.map_batches(work.fail_on_three, range(5))}
    assert outcomes == {0: "", 1: "", 2: "", 3: "ValueError: three is not allowed", 4: ""}


def test_without_semaphores_all_is_done_here(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(38, "Function not implemented")  # what a machine without /dev/shm answers

    monkeypatch.setattr(multiprocessing.synchronize.SemLock, "__init__", refuse)
    with Pool(2) as pool:
        assert {outcome.answer for outcome in pool.map_batches(work.who, range(3))} == {os.getpid()}
    assert "Function not implemented" in pool.reason


def test_leaving_by_an_exception_does_not_wait(work: Any) -> None:
    def interrupted() -> None:
        with Pool(2) as pool:
            next(pool.map_batches(work.sleep, [0, 600, 600]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not multiprocessing.active_children()


def test_a_pool_that_was_never_used_starts_nothing() -> None:
    with Pool(2):
        pass
    assert not multiprocessing.active_children()


def test_outcomes_pickle() -> None:
    outcome: Outcome[int, str] = Outcome(1, "x")
    assert pickle.loads(pickle.dumps(outcome)) == outcome


@pytest.mark.parametrize(
    ("names", "cores", "latency", "workers"),
    [
        (100, 64, 0.0, 0),
        (2_999, 64, 0.0, 0),  # not two shares
        (100_000, 1, 0.0, 0),
        (1_000_000, 2, 1.0, 0),  # bound by latency
        (1_000_000, 64, 0.0, 8),
        (100_000, 2, 0.01, 2),
        (6_000, 4, 0.01, 3),  # a fourth costs more than it saves
        (20_000, 8, 0.05, 0),  # 100 connections at 50 ms bring no more than one core can take
    ],
)
def test_the_sizing_rule(names: int, cores: int, latency: float, workers: int) -> None:
    assert workers_for(names, cores, latency=latency) == workers


def test_workers_can_be_added_while_an_executor_looks_through_them() -> None:
    with Pool(1) as pool:
        pool.start()
        pool._settle(60)
        assert pool._executor is not None
        processes = pool._executor._processes
        assert processes
        for number, _ in enumerate(processes.values()):
            processes[-1 - number] = next(iter(processes.values()))
        for number in [key for key in processes if key < 0]:
            del processes[number]
