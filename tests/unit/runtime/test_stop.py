"""Ending a run from another thread."""

from __future__ import annotations

import asyncio
import threading
from contextvars import copy_context
from pathlib import Path

import pytest

from envcensus.inventory import discover
from envcensus.runtime import aside, stop


def test_a_walk_ends_between_two_directories(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    asked = stop.Stop()

    def walk() -> None:
        stop.under(asked)
        assert list(discover([str(tmp_path)])) == []
        asked.request()
        list(discover([str(tmp_path)]))

    with pytest.raises(stop.Stopped):
        copy_context().run(walk)
    assert stop.current() is None, "elsewhere nothing has changed"


def test_a_loop_that_waits_is_woken() -> None:
    asked = stop.Stop()
    loop = asyncio.new_event_loop()
    asked.watch(loop)
    timer = threading.Timer(0.05, asked.request)
    timer.start()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(asyncio.sleep(60))
    asked.forget(loop)
    asked.request()
    loop.run_until_complete(asyncio.sleep(0))  # left alone from now on
    loop.close()
    asked.request()
    timer.join()


def test_a_loop_of_a_run_that_is_to_end_does_nothing() -> None:
    asked = stop.Stop()
    asked.request()
    loop = asyncio.new_event_loop()
    asked.watch(loop)
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(asyncio.sleep(60))
    loop.close()


def test_work_that_does_not_listen_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "GRACE", 0.05)
    free = threading.Event()
    with pytest.raises(TimeoutError):
        aside.call(free.wait, timeout=0.05)
    free.set()


def test_what_the_work_raises_reaches_the_caller() -> None:
    def fail() -> None:
        raise LookupError("why")

    with pytest.raises(LookupError, match="why"):
        aside.call(fail)
    with pytest.raises(LookupError, match="why"):
        asyncio.run(aside.acall(fail))
    assert aside.call(threading.current_thread) is not threading.current_thread()
