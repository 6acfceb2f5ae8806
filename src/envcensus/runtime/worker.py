"""What every worker process does before its first batch."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait


def begin() -> None:
    """Leave interrupts to the parent, and end with it, even when it is killed.

    A worker that waits for its next batch would not notice: the other workers hold the queue's far end open too.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), name="parent-watch", daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def ready() -> None:
    """A batch of nothing: the worker that answers it has started."""
