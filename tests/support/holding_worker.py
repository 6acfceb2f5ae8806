"""Loaded by a worker (`dask worker --preload`): a share waits while the file $HOLD exists, and says so in $HOLD.begun.

So a test knows that a worker is in the middle of its work, and not merely started or done. $HOLDS says what waits:
"scan" or "look-ups". What else a worker is given goes into the file $GIVEN, where there is one: all of its bytes.
"""

from __future__ import annotations

import functools
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from envcensus.pipelines import cluster, shards

T = TypeVar("T")
A = TypeVar("A")


def _holding(function: Callable[[T], A], what: str) -> Callable[[T], A]:
    @functools.wraps(function)  # pickled by its name, as the function itself
    def wait(share: T) -> A:
        if given := os.environ.get("GIVEN"):
            with Path(given).open("ab") as file:
                file.write(what.encode() + b" " + pickle.dumps(share) + b"\n")
        hold = Path(os.environ["HOLD"])
        while os.environ["HOLDS"] == what and hold.exists():
            hold.with_name(hold.name + ".begun").touch()
            time.sleep(0.05)
        return function(share)

    return wait


if not hasattr(cluster.scan_share, "__wrapped__"):  # Dask may load this more than once
    cluster.scan_share = _holding(cluster.scan_share, "scan")  # type: ignore[assignment]
    shards.fetch_share = _holding(shards.fetch_share, "look-ups")  # type: ignore[assignment]
