"""Running a coroutine, and ending it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time

import pytest

from envcensus.runtime import loop


async def _answer() -> int:
    await asyncio.sleep(0)
    return 42


async def _interrupted(number: int, seconds: float = 30) -> None:
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
    await asyncio.sleep(seconds)


@pytest.fixture(autouse=True)
def _handlers() -> object:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_result_is_returned() -> None:
    assert loop.run(_answer()) == 42


def test_it_runs_on_uvloop() -> None:
    async def kind() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert loop.run(kind()) == "uvloop"


def test_without_uvloop_it_runs_on_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop.run(_answer()) == 42


def test_errors_come_through() -> None:
    async def fail() -> None:
        raise ValueError("as it was")

    with pytest.raises(ValueError, match="as it was"):
        loop.run(fail())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_ends_it(number: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        loop.run(_interrupted(number))


def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert loop.run(_interrupted(signal.SIGHUP, 0.05)) is None
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_afterwards_a_second_signal_has_its_default_action() -> None:
    with pytest.raises(KeyboardInterrupt):
        loop.run(_interrupted(signal.SIGINT))
    assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL


def test_without_a_signal_the_handlers_are_as_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    loop.run(_answer())
    assert signal.getsignal(signal.SIGINT) is before


def test_tasks_get_to_clean_up() -> None:
    seen = []

    async def other() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            seen.append("other")

    async def main() -> None:
        task = asyncio.create_task(other())
        try:
            await _interrupted(signal.SIGINT)
        finally:
            seen.append("main")
            assert not task.done()

    with pytest.raises(KeyboardInterrupt):
        loop.run(main())
    assert seen == ["main", "other"]


def test_a_task_that_refuses_to_end_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "GRACE", 0.05)

    async def stubborn() -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            try:
                await asyncio.sleep(0.02)
            except asyncio.CancelledError:
                continue

    with pytest.raises(KeyboardInterrupt):
        loop.run(stubborn())


def test_the_deadline() -> None:
    with pytest.raises(TimeoutError, match=r"0\.05 seconds"):
        loop.run(asyncio.sleep(30), timeout=0.05)
    assert loop.run(_answer(), timeout=30) == 42


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.append(loop.run(_answer())))
    thread.start()
    thread.join()
    assert got == [42]
