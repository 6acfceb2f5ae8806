"""A pool of worker processes for work that one core cannot keep up with."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent import futures
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Generic, TypeVar

from msgspec import Struct

from envcensus.runtime import signals, stop, worker

# What the rule reckons with, measured on 2 cores with the benchmarks' pages: `python -m benchmarks run
# outdated-1000-workers` shows what two workers cost where they do not pay.
PAGE_SECONDS = 0.0005
START_SECONDS = 0.2  # for each worker
SMALLEST_SHARE = 1500  # names a worker has to have to be worth its memory
MOST_WORKERS = 8

_GIVE_UP = 3  # batches that killed their workers: then it is not the batches
_KILL_SECONDS = 5.0
_CLOSE_SECONDS = 10.0  # that workers have to end when there is nothing left for them to do
_READY_SECONDS = 60.0  # that they have to start
_STEP_SECONDS = 0.2  # between looks at whether the run is to end
_LOOK_SECONDS = 1.0  # between looks at whether a worker was stopped
_STOPPED_LOOKS = 5  # that find one stopped before it counts as dead: after Control-Z and `fg` some wake up earlier

Batch = TypeVar("Batch")
Answer = TypeVar("Answer")


class Outcome(Struct, Generic[Batch, Answer], frozen=True):
    """What became of one batch: an answer, or an error in one line."""

    batch: Batch
    answer: Answer | None = None
    error: str = ""


def workers_for(names: int, cores: int, *, latency: float = 0.03, connections: int = 100) -> int:
    """How many workers pay for looking up `names` projects; 0 when the parent is better alone.

    The rule: each worker gets at least 1,500 names, and parsing, shared by the cores, has to be the bottleneck. It is
    not while the requests themselves take longer than the parent's CPU does: `names` round trips of `latency`
    seconds over `connections`. And the saving has to be more than twice what starting the workers costs; of several
    numbers of workers for which it is, the one that saves most is taken.
    """
    waiting = names * latency / max(connections, 1)
    alone = max(names * PAGE_SECONDS, waiting)

    def gain(workers: int) -> float:
        return alone - max(names * PAGE_SECONDS / workers, waiting) - 2 * START_SECONDS * workers

    most = min(cores, names // SMALLEST_SHARE, MOST_WORKERS)
    best = max(range(2, most + 1), key=gain, default=0)
    return best if best and gain(best) > 0 else 0


class Pool:
    """Worker processes, started by `forkserver` on Linux and by `spawn` elsewhere, never by `fork`.

    Where processes or semaphores are not to be had (no /dev/shm), everything is done in this process and `reason` says
    why. Leave the `with` block by an exception, and the workers are killed; none outlives this process anyway.
    """

    def __init__(self, workers: int, *, preload: Sequence[str] = ()) -> None:
        """`preload` names modules that the workers need: they are imported once, before the workers are forked."""
        self.workers = workers
        self.reason = ""
        self._preload = ["envcensus.runtime.quiet", *preload]
        self._executor: ProcessPoolExecutor | None = None
        self._ready: threading.Event | None = None  # set when the workers were started, or could not be
        self._late = False  # not in time: what still comes is not used
        self._building = threading.Lock()

    def start(self) -> None:
        """Start the workers in the background, so that they import while this process does something else."""
        if self.workers and self._ready is None:
            with _held(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as mask:
                ready = threading.Event()
                build = threading.Thread(target=self._first_build, args=(ready, mask), name="pool-start", daemon=True)
                try:
                    build.start()
                except RuntimeError as error:  # the system has no more threads
                    self.reason = f"no worker processes: {error}"
                    return
                self._ready = ready

    def map_batches(
        self, function: Callable[[Batch], Answer], batches: Iterable[Batch], *, stall: float | None = None
    ) -> Iterator[Outcome[Batch, Answer]]:
        """Outcomes as they arrive, in no particular order. `function` and what it takes and gives must pickle.

        When a worker dies, the pool is built anew, and the batches that were under way are tried once more, one at a
        time: one that does it again is reported and left out. `stall` seconds in which no batch gets done count as a
        death, and so do a few in which a worker is stopped besides. An exception of `function` is its batch's error.
        """
        self.start()
        self._settle(_READY_SECONDS)
        return _Mapping(self, function, iter(batches), stall).outcomes()

    def submit(self, function: Callable[[Batch], Answer], batch: Batch) -> futures.Future[Answer] | None:
        """Hand a batch to a worker; None when there are no workers. Raises BrokenProcessPool."""
        if self._executor is None:
            return None
        with _held(signal.SIGINT):  # this may start another worker
            return self._executor.submit(function, batch)

    def has_stopped(self) -> bool:
        """Whether a worker was stopped (SIGSTOP, a debugger) and so gets nothing done. False where nobody knows."""
        processes = self._executor._processes if self._executor is not None else None
        return any(map(_is_stopped, list(processes or ())))

    def rebuild(self) -> None:
        """Replace all workers."""
        self.kill()
        self._executor = self._build()

    def kill(self) -> None:
        """End all workers at once, whatever they do."""
        self._settle(min(_KILL_SECONDS, _READY_SECONDS))
        executor, self._executor = self._executor, None
        if executor is not None:
            _kill(executor)

    def close(self) -> None:
        """Let the workers end, and wait for it; kill those that do not."""
        self._settle(_READY_SECONDS)
        executor, self._executor = self._executor, None
        if executor is None:
            return
        processes = list((executor._processes or {}).values())
        manager: Any = executor._executor_manager_thread
        executor.shutdown(wait=False, cancel_futures=True)
        if manager is None:
            return
        ended = False
        try:
            manager.join(_CLOSE_SECONDS)
            ended = not manager.is_alive()
        finally:
            if not ended:
                _end(processes, manager)

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.kill()

    def _settle(self, seconds: float) -> None:
        """Wait until the workers were started. A fork server that does not get on is killed: there is no pool."""
        # Not Thread.join(): interrupted once, it takes a running thread for one that ended (before Python 3.13).
        if self._ready is None or self._late or self._ready.wait(seconds):
            return
        with self._building:
            self._late = not self._ready.is_set()
        if self._late:
            self.reason = f"no worker processes: none started within {seconds:g} seconds"
            _kill_fork_server()

    def _first_build(self, ready: threading.Event, mask: set[int]) -> None:
        executor = None
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            executor = self._build()
        finally:
            with self._building:
                late = self._late
                if not late:
                    self._executor = executor
                ready.set()
        if late and executor is not None:
            _kill(executor)

    def _build(self) -> ProcessPoolExecutor | None:
        try:
            context = multiprocessing.get_context("forkserver" if sys.platform.startswith("linux") else "spawn")
            context.set_forkserver_preload(self._preload)
            executor = ProcessPoolExecutor(self.workers, mp_context=context, initializer=worker.begin)
            executor._processes = _Processes()
        except (OSError, ImportError, NotImplementedError) as error:
            self.reason = self.reason or f"no worker processes: {error}"
            return None
        try:
            with _held(signal.SIGINT):
                for _ in range(self.workers):
                    executor.submit(worker.ready)
        except (OSError, EOFError, RuntimeError) as error:  # a pool that broke, a thread that cannot be had
            self.reason = self.reason or f"no worker processes: {error}"
            _kill(executor)
            return None
        return executor


def _is_stopped(pid: int) -> bool:
    """What Linux says about a process, in the field behind its name (proc_pid_stat(5))."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"T", b"t")
    except (OSError, IndexError):
        return False


class _Processes(dict[int, Any]):
    """An executor's workers. Its thread looks through them while another adds some, and would end in a traceback."""

    def values(self) -> Any:
        return list(super().values())


def _kill_fork_server() -> None:
    """It would outlive this process, and keep open what our output goes to. Who needs one starts another."""
    from multiprocessing import forkserver

    server: Any = getattr(forkserver, "_forkserver", None)
    if pid := getattr(server, "_forkserver_pid", None):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _kill(executor: ProcessPoolExecutor) -> None:
    """End an executor's workers at once. Python 3.14 has a method for it, which does not wait."""
    processes = list((executor._processes or {}).values())
    manager: Any = executor._executor_manager_thread
    executor.shutdown(wait=False, cancel_futures=True)
    _end(processes, manager)


def _end(processes: Iterable[Any], manager: Any) -> None:
    for process in processes:
        process.kill()
    for process in processes:
        process.join(_KILL_SECONDS)
    if manager is not None:
        manager.join(_KILL_SECONDS)  # or the end of the interpreter would wake it while it closes its pipe


class _Mapping(Generic[Batch, Answer]):
    """One call of `map_batches`."""

    def __init__(
        self, pool: Pool, function: Callable[[Batch], Answer], source: Iterator[Batch], stall: float | None
    ) -> None:
        self._pool = pool
        self._function = function
        self._source = source
        self._stall = stall
        self._suspects: list[Batch] = []  # were under way when a worker died

    def outcomes(self) -> Iterator[Outcome[Batch, Answer]]:
        deaths = 0
        while True:
            yield from self._together()
            if not self._suspects:
                return
            suspects, self._suspects = self._suspects, []
            self._pool.rebuild()
            for batch in suspects:
                if deaths == _GIVE_UP:
                    yield Outcome(batch, None, "worker processes keep dying")
                    continue
                outcome = self._alone(batch)
                if outcome is None:
                    outcome = Outcome(batch, None, "its worker process died twice")
                    deaths += 1
                    self._pool.rebuild()
                yield outcome
            if deaths == _GIVE_UP:
                for batch in self._source:
                    yield Outcome(batch, None, "worker processes keep dying")
                return

    def _together(self) -> Iterator[Outcome[Batch, Answer]]:
        """Outcomes until there are no more batches or a worker dies."""
        running: dict[futures.Future[Answer], Batch] = {}
        try:
            while True:
                while len(running) < 2 * max(self._pool.workers, 1):
                    batch = next(self._source, _END)
                    if isinstance(batch, _End):
                        break
                    future = self._submit(batch)
                    if future is None:
                        yield self._here(batch)
                    else:
                        running[future] = batch
                if not running:
                    return
                done = wait_for_one(running, self._stall, self._pool.has_stopped)
                good = [future for future in done if not _died(future)]
                for future in good:
                    yield _outcome(running.pop(future), future)
                if len(good) < len(done) or not done:
                    raise _WorkerDied
        except _WorkerDied:
            self._suspects += running.values()

    def _alone(self, batch: Batch) -> Outcome[Batch, Answer] | None:
        """The outcome of a batch that nothing runs beside, None when a worker died of it."""
        try:
            future = self._submit(batch)
        except _WorkerDied:
            self._suspects.clear()
            return None
        if future is None:  # no pool was to be had again, and this process is not put at risk
            return Outcome(batch, None, "its worker process died")
        done = wait_for_one([future], self._stall, self._pool.has_stopped)
        return None if not done or _died(future) else _outcome(batch, future)

    def _submit(self, batch: Batch) -> futures.Future[Answer] | None:
        try:
            return self._pool.submit(self._function, batch)
        except (RuntimeError, OSError, EOFError):
            self._suspects.append(batch)
            raise _WorkerDied from None

    def _here(self, batch: Batch) -> Outcome[Batch, Answer]:
        try:
            return Outcome(batch, self._function(batch))
        except Exception as error:
            return Outcome(batch, None, _line(error))


class _WorkerDied(Exception):
    """The pool is broken, or makes no progress."""


class _End:
    """Marks the end of the batches, which may hold anything."""


_END = _End()


def wait_for_one(
    running: Collection[futures.Future[Answer]], stall: float | None, has_stopped: Callable[[], bool] = bool
) -> set[futures.Future[Answer]]:
    """Those that are done, as soon as one is; none after `stall` seconds, or where `has_stopped` keeps saying so.

    Raises Stopped where the run is to end.
    """
    asked = stop.current()
    now = time.monotonic()
    end = None if stall is None else now + stall
    look, stopped = now + _LOOK_SECONDS, 0
    with _interrupted_in_between() as check:
        while True:
            check()
            if asked is not None:
                asked.check()
            left = _STEP_SECONDS if end is None else min(_STEP_SECONDS, max(end - now, 0.0))
            done = futures.wait(running, timeout=left, return_when=futures.FIRST_COMPLETED).done
            now = time.monotonic()
            if done or (end is not None and now >= end):
                return done
            if now >= look:
                look, stopped = now + _LOOK_SECONDS, stopped + 1 if has_stopped() else 0
                if stopped == _STOPPED_LOOKS:
                    return set()


@contextmanager
def _interrupted_in_between() -> Iterator[Callable[[], None]]:
    """Have a signal raise KeyboardInterrupt in what this gives, or at the end of the block, and nowhere else in it.

    An exception in the middle of `futures.wait` leaves futures locked. The executor's thread waits for them then, and
    the end of the interpreter for that thread: for ever.
    """
    interrupted = False

    def note() -> None:
        nonlocal interrupted
        interrupted = True

    def check() -> None:
        if interrupted:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield check
        return
    try:
        with signals.told_to(note):
            yield check
    finally:
        check()


def _died(future: futures.Future[Any]) -> bool:
    return future.cancelled() or isinstance(future.exception(), BrokenProcessPool)


def _outcome(batch: Batch, future: futures.Future[Answer]) -> Outcome[Batch, Answer]:
    error = future.exception()
    return Outcome(batch, future.result()) if error is None else Outcome(batch, None, _line(error))


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


@contextmanager
def _held(*numbers: int) -> Iterator[set[int]]:
    """Hold signals back in this thread, and for good in the processes that it starts meanwhile; the mask as it was.

    For SIGINT that is the point. Control-C reaches a whole process group, and the parent alone decides what becomes of
    it: an interrupt while the fork server imports would end in a traceback on the terminal.
    """
    before = {int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, numbers)}
    try:
        yield before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
