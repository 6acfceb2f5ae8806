"""Run one coroutine on an event loop of its own."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from envcensus.runtime import signals

GRACE = 2.0  # seconds that tasks have to end after they were cancelled

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T], *, timeout: float | None = None) -> T:
    """The result of `main`, run on uvloop (on asyncio's own loop where there is none).

    One SIGINT, SIGTERM or SIGHUP cancels `main` and every other task, and KeyboardInterrupt is raised: within `GRACE`
    seconds, even if a task refuses to end. Raises TimeoutError in the same way when `timeout` seconds are over.
    """
    loop = _new_loop()
    try:
        asyncio.set_event_loop(loop)
        task = loop.create_task(main)
        ending = _Ending(loop, task)
        if timeout is not None:
            loop.call_later(timeout, ending.begin, TimeoutError(f"not done after {timeout:g} seconds"))
        task.add_done_callback(lambda _: loop.stop())
        with ending:
            loop.run_forever()
        if ending.reason is not None:
            raise ending.reason
        return task.result()
    finally:
        try:
            _cancel_rest(loop)
        finally:
            asyncio.set_event_loop(None)
            loop.close()


class _Ending:
    """Ends the main task before it is done: because of a signal or a deadline."""

    def __init__(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
        self.reason: BaseException | None = None
        self._loop = loop
        self._task = task
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> None:
        """Take over the signals, where that is possible: in the main thread. Ignored ones stay ignored."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            previous = signal.getsignal(number)
            if previous is not signal.SIG_IGN:
                self._previous[number] = previous
                self._loop.add_signal_handler(number, self.begin, KeyboardInterrupt())

    def __exit__(self, *_: object) -> None:
        for number, previous in self._previous.items():
            self._loop.remove_signal_handler(number)
            signal.signal(number, previous)
        if isinstance(self.reason, KeyboardInterrupt):
            signals.relent()

    def begin(self, reason: BaseException) -> None:
        """Cancel the task, once, and leave it behind when it does not listen."""
        if self.reason is None:
            self.reason = reason
            self._task.cancel()
            self._loop.call_later(GRACE, self._loop.stop)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _cancel_rest(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what still runs and wait for it, but not for ever. Threads of the loop's executor are not waited for."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=GRACE))
        for task in tasks:
            if task.done() and not task.cancelled():
                task.exception()
    loop.run_until_complete(loop.shutdown_asyncgens())
