"""How long each stage of a run took."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envcensus.model.census import Metrics


class Stages:
    """A stop-watch that writes its laps, in seconds, into the metrics of a run."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._started = time.monotonic()

    def end(self, stage: str) -> None:
        """The stage that began at the previous end is over."""
        now = time.monotonic()
        self._metrics.stages[stage] = now - self._started
        self._started = now
