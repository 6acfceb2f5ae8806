"""Functions for the workers in the tests of the pool: a module that they can import by its name."""

from __future__ import annotations

import os
import signal
import time


def double(batch: list[int]) -> list[int]:
    """Twice each number."""
    return [2 * number for number in batch]


def who(_: int) -> int:
    """The worker's process id."""
    time.sleep(0.02)
    return os.getpid()


def blocked(_: int) -> bool:
    """Whether SIGINT is held back or ignored."""
    held = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    return held or signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def fail_on_three(number: int) -> int:
    """An ordinary error."""
    if number == 3:
        raise ValueError("three\nis not allowed")
    return number


def die_on_three(number: int) -> int:
    """A batch that kills its worker each time."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die(number: int) -> int:
    """Every batch kills its worker."""
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_once(flag: str) -> str:
    """A worker that is killed through no fault of its batch."""
    if flag and os.path.exists(flag):
        os.unlink(flag)
        os.kill(os.getpid(), signal.SIGKILL)
    return flag


def stop_on_three(number: int) -> int:
    """A worker that is stopped and never goes on."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGSTOP)
    return number


def sleep(seconds: float) -> float:
    """A long batch."""
    time.sleep(seconds)
    return seconds


def stop_once(flag: str) -> str:
    """A worker that is stopped through no fault of its batch, and never goes on."""
    if flag and os.path.exists(flag):
        os.unlink(flag)
        os.kill(os.getpid(), signal.SIGSTOP)
    return flag
