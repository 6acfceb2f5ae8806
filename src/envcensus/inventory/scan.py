"""Scan many environments: the cache first, then threads over the kernel, results in the order asked for."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from envcensus.inventory.cache import ListingCache, ListingStore
from envcensus.inventory.reading import Reading, level_of, look_ahead, read_environment
from envcensus.model import paths
from envcensus.model.environment import Environment
from envcensus.model.listing import Listing
from envcensus.model.skipped import Problem, Skipped

if TYPE_CHECKING:
    from queue import SimpleQueue
    from threading import Lock, Thread

    from envcensus._kernels.scan import Directory

_AHEAD = 16  # environments a thread may be ahead of the consumer: bounds memory
_TOGETHER = 8  # environments a thread takes at a time, once each thread has had one
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
                yield _finish(waiting.popleft(), pool, known)
        while waiting:
            yield _finish(waiting.popleft(), pool, known)
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
            pool.send()  # what was changed before it need not wait for company
            return _listing(environment, reading, cached=True)
    return pool.submit(environment)


class _Batch:
    """A few environments that one thread reads at a time."""

    __slots__ = ("done", "environments", "failure", "outcomes", "started")

    def __init__(self, done: Lock | None) -> None:
        self.environments: list[Environment] = []
        self.outcomes: list[Reading | str] = []  # of each of them: a reading, or why there is none
        self.failure: BaseException | None = None
        self.started = 0
        self.done = done  # held until it is

    def run(self, level: int) -> None:
        self.started = time.time_ns()
        try:
            ahead = look_ahead(self.environments, level)
        except (ValueError, MemoryError):
            ahead = [{} for _ in self.environments]  # whatever it is, it is one environment's fault
        for environment, directories in zip(self.environments, ahead, strict=True):
            self.outcomes.append(_read(environment, level, directories))


def _read(environment: Environment, level: int, ahead: dict[str, Directory]) -> Reading | str:
    try:
        return read_environment(environment, level, ahead)
    except (OSError, ValueError, RecursionError) as error:
        # Nothing found on a disk may end the run over all the others.
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    except MemoryError:
        return "not enough memory to hold its metadata"


class _Job:
    """One environment of a batch."""

    __slots__ = ("batch", "number")

    def __init__(self, batch: _Batch, number: int) -> None:
        self.batch = batch
        self.number = number


class _Pool:
    """Plain threads, started with the first job: importing concurrent.futures costs more than many scans."""

    def __init__(self, count: int, level: int) -> None:
        self.count = count
        self.level = level
        self.threads: list[Thread] = []
        self.batches: SimpleQueue[_Batch | None] | None = None
        self.open: _Batch | None = None  # goes on growing
        self.sent = 0

    def submit(self, environment: Environment) -> _Job:
        """Have the environment read: at once where there is one thread, else when its batch is full or sent."""
        batch = self.open or self._begin()
        batch.environments.append(environment)
        job = _Job(batch, len(batch.environments) - 1)
        if self.count <= 1:
            batch.run(self.level)
        elif len(batch.environments) >= (1 if self.sent < 2 * self.count else _TOGETHER):
            self.send()
        else:
            self.open = batch
        return job

    def _begin(self) -> _Batch:
        if self.count <= 1:
            return _Batch(None)
        from queue import SimpleQueue
        from threading import Lock, Thread

        if self.batches is None:
            self.batches = SimpleQueue()
            for number in range(self.count):
                thread = Thread(target=self._work, args=(self.batches,), name=f"scan-{number}", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the system has no more
                    break
                self.threads.append(thread)
            if not self.threads:
                self.batches, self.count = None, 1
                return _Batch(None)
        done = Lock()
        done.acquire()
        self.open = _Batch(done)
        return self.open

    def send(self) -> None:
        """Let the open batch be read, if there is one."""
        if self.open is not None and self.batches is not None:
            self.batches.put(self.open)
            self.open = None
            self.sent += 1

    def _work(self, batches: SimpleQueue[_Batch | None]) -> None:
        while (batch := batches.get()) is not None:
            try:
                batch.run(self.level)
            except BaseException as error:  # a broken promise of ours: raised where the result is waited for
                batch.failure = error
            if batch.done is not None:
                batch.done.release()

    def wait(self, batch: _Batch) -> None:
        """Until the batch was read."""
        if batch is self.open:
            self.send()
        if batch.done is not None:
            with batch.done:
                pass

    def close(self) -> None:
        """Let the threads end after what they are at; jobs nobody waits for are dropped."""
        if self.batches is None or sys.is_finalizing():  # the interpreter has frozen them: they would never end
            return
        from queue import Empty

        while not self.batches.empty():
            try:
                self.batches.get_nowait()
            except Empty:
                break
        for _ in self.threads:
            self.batches.put(None)
        for thread in self.threads:
            thread.join()


def _is_pending(item: Listing | Skipped | _Job) -> bool:
    return isinstance(item, _Job) and item.batch.done is not None and item.batch.done.locked()


def _finish(item: Listing | Skipped | _Job, pool: _Pool, known: ListingCache | None) -> Listing | Skipped:
    if not isinstance(item, _Job):
        return item
    batch = item.batch
    pool.wait(batch)
    if batch.failure is not None:
        raise batch.failure
    environment = batch.environments[item.number]
    reading, batch.outcomes[item.number] = batch.outcomes[item.number], ""
    if isinstance(reading, str):
        return Skipped("environment", environment.path, reading)
    if not reading.distributions and reading.skipped and not os.path.isdir(environment.path):
        return Skipped("environment", environment.path, "deleted while it was looked at")
    if known is not None:
        known.put(environment, reading, batch.started)
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
