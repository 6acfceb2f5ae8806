"""Scan many environments: the cache first, then threads over the kernel, results in the order asked for."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from envcensus.inventory.cache import ListingCache, ListingStore
from envcensus.inventory.reading import Reading, level_of, read_environment
from envcensus.model import paths
from envcensus.model.environment import Environment
from envcensus.model.listing import Listing
from envcensus.model.skipped import Problem, Skipped

if TYPE_CHECKING:
    from queue import SimpleQueue
    from threading import Event, Thread

_AHEAD = 16  # environments a thread may be ahead of the consumer: bounds memory
MAX_THREADS = 8


def scan(
    environments: Iterable[Environment | Skipped],
    *,
    threads: int | None = None,
    requires: bool = False,
    details: bool = False,
    cache: ListingStore | None = None,
    rescan: bool = False,
) -> Iterator[Listing | Skipped]:
    """List what is installed in each environment, in the order given. Memory does not grow with their number.

    Args:
        environments: as `discover` gives them; what it skipped is passed on in its place.
        threads: how many read at a time; by default as many as there are processors, at most MAX_THREADS.
        requires: also read Requires-Python, Requires-Dist and Provides-Extra.
        details: also read INSTALLER, REQUESTED and whether there is a RECORD.
        cache: store of listings of earlier runs; an unchanged environment is not read again.
        rescan: ignore what is stored, and store anew.

    Yields:
        A `Listing` for each environment that is there, a `Skipped` for each that is not.
    """
    level = level_of(details=details, requires=requires)
    known = ListingCache(cache, level) if cache is not None else None
    count = threads or min(os.process_cpu_count() if hasattr(os, "process_cpu_count") else _processors(), MAX_THREADS)
    pool = _Pool(count, level)
    # What is not ready yet: a finished result, or a job some thread works on.
    waiting: deque[Listing | Skipped | _Job] = deque()
    try:
        for environment in environments:
            waiting.append(_lookup(environment, known, rescan, pool))
            while waiting and (len(waiting) > _AHEAD * count or not _is_pending(waiting[0])):
                yield _finish(waiting.popleft(), known)
        while waiting:
            yield _finish(waiting.popleft(), known)
    finally:
        pool.close()
        if known is not None:
            known.flush()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _lookup(
    environment: Environment | Skipped, known: ListingCache | None, rescan: bool, pool: _Pool
) -> Listing | Skipped | _Job:
    if isinstance(environment, Skipped):
        return environment
    if known is not None and not rescan:
        reading = known.get(environment)
        if reading is not None:
            return _listing(environment, reading, cached=True)
    return pool.submit(environment)


class _Job:
    """One environment that a thread reads."""

    __slots__ = ("done", "environment", "error", "failure", "reading", "started")

    def __init__(self, environment: Environment, done: Event | None) -> None:
        self.environment = environment
        self.done = done
        self.reading: Reading | None = None
        self.error = ""
        self.failure: BaseException | None = None
        self.started = 0

    def run(self, level: int) -> None:
        self.started = time.time_ns()
        try:
            self.reading = read_environment(self.environment, level)
        except (OSError, ValueError, RecursionError) as error:
            # Nothing found on a disk may end the run over all the others.
            self.error = getattr(error, "strerror", None) or str(error) or type(error).__name__
        except MemoryError:
            self.error = "not enough memory to hold its metadata"


class _Pool:
    """Plain threads, started with the first job: importing concurrent.futures costs more than many scans."""

    def __init__(self, count: int, level: int) -> None:
        self.count = count
        self.level = level
        self.threads: list[Thread] = []
        self.jobs: SimpleQueue[_Job | None] | None = None

    def submit(self, environment: Environment) -> _Job:
        if self.count <= 1:
            job = _Job(environment, None)
            job.run(self.level)
            return job
        from queue import SimpleQueue
        from threading import Event, Thread

        if self.jobs is None:
            self.jobs = SimpleQueue()
            for number in range(self.count):
                thread = Thread(target=self._work, args=(self.jobs,), name=f"scan-{number}", daemon=True)
                self.threads.append(thread)
                thread.start()
        job = _Job(environment, Event())
        self.jobs.put(job)
        return job

    def _work(self, jobs: SimpleQueue[_Job | None]) -> None:
        while (job := jobs.get()) is not None:
            try:
                job.run(self.level)
            except BaseException as error:  # a broken promise of ours: raised where the result is waited for
                job.failure = error
            if job.done is not None:
                job.done.set()

    def close(self) -> None:
        """Let the threads end after what they are at; jobs nobody waits for are dropped."""
        if self.jobs is None:
            return
        from queue import Empty

        while not self.jobs.empty():
            try:
                self.jobs.get_nowait()
            except Empty:
                break
        for _ in self.threads:
            self.jobs.put(None)
        for thread in self.threads:
            thread.join()


def _is_pending(item: Listing | Skipped | _Job) -> bool:
    return isinstance(item, _Job) and item.done is not None and not item.done.is_set()


def _finish(item: Listing | Skipped | _Job, known: ListingCache | None) -> Listing | Skipped:
    if not isinstance(item, _Job):
        return item
    if item.done is not None:
        item.done.wait()
    if item.failure is not None:
        raise item.failure
    environment = item.environment
    reading = item.reading
    if reading is None:
        return Skipped("environment", environment.path, item.error)
    if not reading.distributions and reading.skipped and not os.path.isdir(environment.path):
        return Skipped("environment", environment.path, "deleted while it was looked at")
    if known is not None:
        known.put(environment, reading, item.started)
    return _listing(environment, reading, cached=False)


def _listing(environment: Environment, reading: Reading, *, cached: bool) -> Listing:
    return Listing(
        environment=environment,
        distributions=reading.distributions,
        problems=_environment_problems(environment) + reading.problems,
        skipped=reading.skipped,
        cached=cached,
    )


def _environment_problems(environment: Environment) -> tuple[Problem, ...]:
    """Flaws of the environment itself. They depend on what lies outside it, so they are never cached."""
    if environment.kind == "conda" and not environment.python:
        return ()  # conda keeps other things than Pythons too
    if not environment.site_dirs:
        return (Problem("no-site-packages", environment.path),)
    if environment.base:
        try:
            os.stat(paths.program(environment.path, "python"))
        except FileNotFoundError:
            return (Problem("no-base", environment.path, environment.base),)
        except OSError:
            pass  # it may well be there: where it lies is not for us to see
    return ()
