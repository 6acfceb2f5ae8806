"""What signals do to a run: the first one ends everything in order, a second one at once."""

from __future__ import annotations

import os
import signal
import time
from _thread import start_new_thread
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from envcensus.errors import out_of_time

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN = 0.01  # seconds until a signal that came at a bad moment comes again
_loops: list[Callable[[], None]] = []  # what ends the event loop that the main thread is in


def install() -> None:
    """Make SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread, once; call it there.

    Temporary files, marks and workers are then cleaned up on the way out. The next signal finds the default action and
    ends the process where it stands. A signal that is ignored stays so (`nohup`, background jobs of a script). SIGPIPE
    stays ignored, as Python has it: a closed pipe is a BrokenPipeError, which the command line turns into a quiet end.
    """
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    if _would_be_lost(frame):
        start_new_thread(_send_again, (number,))
        return
    relent()
    _interrupt()


def _interrupt() -> None:
    """Raise KeyboardInterrupt, but not inside an event loop: a task that ends so is printed with a traceback."""
    if _loops:
        _loops[-1]()
    else:
        raise KeyboardInterrupt


@contextmanager
def told_to(cancel: Callable[[], None]) -> Iterator[None]:
    """Have a signal that comes during the block call `cancel` instead of raising KeyboardInterrupt where it likes."""
    _loops.append(cancel)
    try:
        yield
    finally:
        _loops.pop()


def _would_be_lost(frame: FrameType | None) -> bool:
    """Whether an exception would be printed and forgotten here: in a callback by which the import system forgets its
    locks. The signal has to come again then, when that is over."""
    return frame is not None and frame.f_code.co_filename.startswith("<frozen importlib")


def _send_again(number: int) -> None:
    time.sleep(_AGAIN)
    os.kill(os.getpid(), number)


def relent() -> None:
    """From now on, a further signal ends the process at once."""
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def out_of_time_after(seconds: float) -> Iterator[None]:
    """End the block as an interrupt would when it takes longer than `seconds`. For the main thread; not nested.

    Raises OutOfTimeError when the time was over.
    """
    over = False

    def end(_number: int, frame: FrameType | None) -> None:
        nonlocal over
        if _would_be_lost(frame):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)  # which the end of the block takes back
            return
        over = True
        _interrupt()

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except KeyboardInterrupt:
        if not over:
            raise
        raise out_of_time(seconds) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
