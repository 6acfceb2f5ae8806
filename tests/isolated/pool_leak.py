"""Run by itself: whether the pool gives back what it takes. Exits with 1 if it does not.

python tests/isolated/pool_leak.py [ROUNDS]
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from flat import rounds_wanted, watch  # type: ignore[import-not-found,unused-ignore]

from envcensus.runtime.pool import Pool

KEPT: list[threading.Timer] = []


def double(number: int) -> int:
    """Work."""
    return 2 * number


def die(number: int) -> int:
    """A batch that kills its worker."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def in_peace(i: int) -> None:
    """Start, work, end."""
    with Pool(2) as pool:
        assert sorted(o.answer or 0 for o in pool.map_batches(double, range(8))) == [2 * n for n in range(8)]


def with_a_death(i: int) -> None:
    """One batch kills its worker, twice: the others are answered."""
    with Pool(2) as pool:
        outcomes = list(pool.map_batches(die, range(6)))
    assert sum(bool(outcome.error) for outcome in outcomes) == 1


def given_up(i: int) -> None:
    """Left by an exception: the workers are killed."""
    try:
        with Pool(2) as pool:
            next(iter(pool.map_batches(double, range(8))))
            raise InterruptedError
    except InterruptedError:
        pass


def keep(i: int) -> None:
    """The deliberate leak: it has to show."""
    timer = threading.Timer(3600, print)
    timer.daemon = True
    timer.start()
    KEPT.append(timer)


if __name__ == "__main__":
    rounds = {"in peace": in_peace, "with a death": with_a_death, "given up": given_up}
    sys.exit(1 if watch(rounds | ({"keep": keep} if "--leak" in sys.argv else {}), rounds_wanted(30)) else 0)
