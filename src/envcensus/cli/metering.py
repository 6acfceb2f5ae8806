"""`--stats` and `--metrics-file`: what a run costs. Nothing here is imported unless one of them is given."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from envcensus.cache.upkeep import usage
from envcensus.errors import EnvcensusError, ExitCode
from envcensus.model.census import Metrics
from envcensus.model.cost import Cost
from envcensus.runtime import metrics as measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envcensus.cache.store import NoStore, Store


class Meter:
    """Collects during a run what its end reports. Commands hand over what they know with `saw`."""

    def __init__(self, command: str) -> None:
        self.command = command
        self.metrics = Metrics()
        self.exit_code: int = ExitCode.FAILED
        self._store: Store | NoStore | None = None
        self._rendering_since: float | None = None

    def saw(self, metrics: Metrics, store: Store | NoStore | None) -> None:
        """The work is done and rendering begins."""
        self.metrics = metrics
        self._store = store
        self._rendering_since = time.monotonic()

    def close(self, peak_memory: int) -> Cost:
        """The totals; adds the stages that no pipeline knows to the metrics."""
        seconds = measured.age_of_this_process()
        stages = self.metrics.stages
        if self._rendering_since is not None:
            stages["render"] = time.monotonic() - self._rendering_since
        stages["other"] = max(seconds - sum(stages.values()), 0.0)
        read, written = measured.disk_traffic()
        cache = None if self._store is None else usage(self._store)
        return Cost(
            command=self.command,
            exit_code=int(self.exit_code),
            ended=time.time(),
            seconds=seconds,
            cpu_seconds=measured.cpu_seconds(),
            peak_memory=peak_memory,
            disk_read=read,
            disk_written=written,
            cache_used=cache[0] if cache else None,
            cache_footprint=cache[1] if cache else 0,
            cache_limit=getattr(self._store, "size_limit", 0),
        )


@contextmanager
def metered(command: str, *, stats: bool, metrics_file: str | None) -> Iterator[Meter]:
    """Measure the block, then print the block of --stats on standard error and write `metrics_file`.

    A run that fails is reported too, with its exit code: old figures would look like a run that went well.
    Raises EnvcensusError where the file cannot be written and the run itself went well.
    """
    meter = Meter(command)
    failed = True
    with measured.MemorySampler() as sampler:
        try:
            yield meter
            sys.stdout.flush()
            failed = False
        except KeyboardInterrupt:
            meter.exit_code = ExitCode.INTERRUPTED
            raise
        except EnvcensusError as error:
            meter.exit_code = error.exit_code
            raise
        except BrokenPipeError:
            meter.exit_code = ExitCode.COMPLETE
            raise
        finally:
            sampler.look()
            cost = meter.close(sampler.peak)
            _report(meter, cost, stats=stats, metrics_file=metrics_file, failed=failed)


def _report(meter: Meter, cost: Cost, *, stats: bool, metrics_file: str | None, failed: bool) -> None:
    from envcensus.report import cost as report

    if stats:
        print("".join(report.text(meter.metrics, cost)), end="", file=sys.stderr)
    if metrics_file is None:
        return
    from envcensus.runtime.atomic import write_whole

    try:
        write_whole(metrics_file, "".join(report.prometheus(meter.metrics, cost)).encode())
    except EnvcensusError as error:
        if not failed:
            raise
        print(f"envcensus: {error}", file=sys.stderr)
