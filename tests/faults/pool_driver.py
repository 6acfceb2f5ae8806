"""What the pool's fault tests run in a process of its own: `python pool_driver.py SECONDS BATCHES`.

It names its workers' process ids, one a line, works, and ends with the code of the command line.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import time


def nap(seconds: float) -> int:
    """A batch; the worker's process id."""
    time.sleep(seconds)
    return os.getpid()


def main() -> int:
    """Map naps over two workers."""
    from envcensus.runtime import signals
    from envcensus.runtime.pool import Pool

    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    task = importlib.import_module("pool_driver").nap  # by a name that the workers can import
    signals.install()
    try:
        with Pool(2) as pool:
            pool.start()
            print("started", flush=True)
            seen: set[int | None] = set()
            for outcome in pool.map_batches(task, [float(sys.argv[1])] * int(sys.argv[2])):
                if outcome.error:
                    print(outcome.error, flush=True)
                elif outcome.answer not in seen:
                    seen.add(outcome.answer)
                    print(outcome.answer, flush=True)
        print("done", len(multiprocessing.active_children()), flush=True)
        signals.relent()
        return 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
