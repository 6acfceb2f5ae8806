"""Work in a thread of its own: for callers that keep their signals, their event loop and their patience to themselves.

Nothing of the process is changed: signal handlers are the main thread's affair, and an event loop that the work starts
belongs to its thread. So it may be called from any thread, also where an event loop is running.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Generic, TypeVar

from envcensus.errors import out_of_time
from envcensus.runtime import stop as stops

GRACE = 2.0  # seconds that a run has to end after it was asked to; its thread is left behind then

T = TypeVar("T")


class Aside(Generic[T]):
    """`work`, begun in a daemon thread. It ends early when `stop` is requested."""

    def __init__(self, work: Callable[[], T], stop: stops.Stop, done: Callable[[], object]) -> None:
        """`done` is called in the thread when the work has ended, however it did."""
        self._work = work
        self._stop = stop
        self._done = done
        self._value: list[T] = []
        self._error: BaseException | None = None
        context = copy_context()
        threading.Thread(target=context.run, args=(self._run,), name="envcensus", daemon=True).start()

    def _run(self) -> None:
        stops.under(self._stop)
        try:
            self._value.append(self._work())
        except BaseException as error:
            self._error = error
        finally:
            self._done()

    def result(self) -> T:
        """What the work gave, or raised. To be called once it has ended."""
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # no circle through this frame
        return self._value.pop()


def call(work: Callable[[], T], *, timeout: float | None = None) -> T:
    """The result of `work`, waited for. An exception that this thread meets while it waits ends the work, too.

    Raises OutOfTimeError after `timeout` seconds.
    """
    timeout = _waitable(timeout)
    stop, ended = stops.Stop(), threading.Event()
    run = Aside(work, stop, ended.set)
    try:
        if not ended.wait(timeout):
            raise out_of_time(timeout or 0)
    except BaseException:
        stop.request()
        ended.wait(GRACE)
        raise
    return run.result()


async def acall(
    work: Callable[[], T],
    *,
    timeout: float | None = None,  # noqa: ASYNC109 - the work has to be told when it is over
    stop: stops.Stop | None = None,
    grace: float | None = None,
) -> T:
    """The same without blocking the event loop. Cancelling the task that waits ends the work, too, or leaves it behind
    after `grace` seconds, GRACE where none are given."""
    import asyncio

    timeout = _waitable(timeout)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    stop = stop or stops.Stop()

    def done() -> None:
        try:
            loop.call_soon_threadsafe(ended.set)
        except RuntimeError:
            pass  # nobody waits any more: the loop is closed

    run = Aside(work, stop, done)
    try:
        try:
            async with asyncio.timeout(timeout):
                await ended.wait()
        except TimeoutError:
            raise out_of_time(timeout or 0) from None
    except BaseException:
        stop.request()
        try:
            async with asyncio.timeout(GRACE if grace is None else grace):
                await ended.wait()
        except TimeoutError:
            pass
        raise
    return run.result()


def _waitable(timeout: float | None) -> float | None:
    """`timeout`, None where it is longer than a thread can wait (infinity, most of all)."""
    return timeout if timeout is None or timeout <= threading.TIMEOUT_MAX else None
