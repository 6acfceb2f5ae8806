"""Work on many hosts: a Dask cluster that somebody else runs, seen as executors (concurrent.futures)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from envcensus.errors import EnvcensusError, UsageError
from envcensus.runtime.pool import Outcome, wait_for_one

if TYPE_CHECKING:
    from types import TracebackType

Task = TypeVar("Task")
Answer = TypeVar("Answer")
Batch = TypeVar("Batch")

_ANSWER_SECONDS = 15.0  # for a question to a scheduler that we are connected to
_LOOK_SECONDS = 1.0  # how often the workers are counted
_GRACE_SECONDS = 10.0  # a host without workers for so long is lost: a nanny needs a few to start another
_RETRIES = 2


class HostOutcome(Struct, Generic[Answer], frozen=True):
    """What a host said, or why it said nothing, in one line."""

    host: str  # its address
    answer: Answer | None = None
    error: str = ""


class _SchedulerFile(Struct):
    address: str


class Cluster:
    """A connection to a scheduler. Use it as a context manager, from one thread."""

    def __init__(self, address: str) -> None:
        """Connect to "tcp://…", "tls://…" or what a scheduler file says.

        Certificates for TLS are taken from Dask's own configuration (`distributed.comm.tls`), and so is how long to try
        (`distributed.comm.timeouts.connect`). Raises UsageError for an address of another kind or where Dask is not
        installed, EnvcensusError where nothing answers.
        """
        try:
            import dask
            import distributed
        except ImportError:
            raise UsageError("--cluster needs Dask", remedy="install envcensus[dask]") from None
        silence("distributed")  # what matters is said by us, in one line
        library: Any = distributed  # of which some is typed
        place = address if "://" in address else _of_scheduler_file(address)
        if not place.startswith(("tcp://", "tls://")):
            raise UsageError(f"{place} is no address of a scheduler", remedy="write tcp://HOST:PORT or tls://HOST:PORT")
        seconds: float = dask.utils.parse_timedelta(dask.config.get("distributed.comm.timeouts.connect"))
        try:
            security = library.Security()
            _check_security(place, security)
            self._client = _within(
                2 * seconds, library.Client, address=place, timeout=seconds, set_as_default=False, security=security
            )
        except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
            said = _line(error)
            raise EnvcensusError(
                f"no cluster at {address}: {said}",
                remedy="check the certificates in Dask's configuration" if "TLS" in said or "SSL" in said else "",
            ) from None

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close(timeout=5)

    def hosts(self) -> dict[str, list[str]]:
        """The workers' addresses by that of their host. Raises EnvcensusError."""
        found: dict[str, list[str]] = {}
        for worker in sorted(self._workers()):
            host = worker.partition("://")[2].rpartition(":")[0]
            found.setdefault(host, []).append(worker)
        return found

    def on_each_host(
        self,
        function: Callable[[Task], Answer],
        tasks: dict[str, Task],
        *,
        timeout: float | None = None,
    ) -> Iterator[HostOutcome[Answer]]:
        """Run `function` once on each host of `tasks`, and give the outcomes as they arrive.

        Any of a host's workers may do it. When one is lost, another of the same host does it again; a host that has
        none left, or that takes more than `timeout` seconds, is an error.
        """
        workers = self.hosts() if tasks else {}
        running: dict[futures.Future[Answer], str] = {}
        for host, task in tasks.items():
            if host not in workers:
                yield HostOutcome(host, None, "has no worker any more")
                continue
            executor = self._client.get_executor(
                workers=[host], allow_other_workers=False, pure=False, retries=_RETRIES
            )
            running[executor.submit(function, task)] = host
        deadline = None if timeout is None else time.monotonic() + timeout
        seen = dict.fromkeys(running.values(), time.monotonic())
        try:
            while running:
                done = wait_for_one(running, _LOOK_SECONDS)
                for future in done:
                    yield _host_outcome(running.pop(future), future)
                if done:
                    continue
                now = time.monotonic()
                present = self._present()
                for future, host in list(running.items()):
                    if host in present:
                        seen[host] = now
                    error = ""
                    if now - seen[host] > _GRACE_SECONDS:
                        error = "lost: its workers are gone"
                    elif deadline is not None and now > deadline:
                        error = f"no answer within {timeout:g} seconds"
                    if error:
                        del running[future]
                        future.cancel()
                        yield HostOutcome(host, None, error)
        finally:
            for future in running:
                future.cancel()

    def shards(self) -> Shards | None:
        """The whole cluster as a pool; None when it does not answer any more."""
        try:
            return Shards(self._client, max(sum(self._workers().values()), 1))
        except EnvcensusError:
            return None

    def _present(self) -> set[str]:
        """Hosts that have workers now; none when the scheduler does not answer."""
        try:
            return set(self.hosts())
        except EnvcensusError:
            return set()

    def _workers(self) -> dict[str, int]:
        """The threads of each worker. Raises EnvcensusError."""
        try:
            found: dict[str, int] = self._client.sync(self._client.scheduler.ncores, callback_timeout=_ANSWER_SECONDS)
        except Exception as error:  # of many kinds, none of them ours to know
            raise EnvcensusError(f"the cluster does not answer: {_line(error)}") from None
        return found


class Shards:
    """What `envcensus.runtime.pool.Pool` does, on all workers of a cluster; `workers` is how many threads they have."""

    def __init__(self, client: Any, workers: int) -> None:
        self.workers = workers
        self._client = client

    def map_batches(
        self, function: Callable[[Batch], Answer], batches: Iterable[Batch], *, at_once: int, stall: float
    ) -> Iterator[Outcome[Batch, Answer]]:
        """Outcomes as they arrive, of at most `at_once` batches at a time.

        The scheduler gives the batch of a worker that it loses to another one. When nothing gets done for `stall`
        seconds, what is left is given up: a worker may hold its batch for ever, and there may be no worker any more.
        """
        executor = self._client.get_executor(pure=False, retries=_RETRIES)
        source = iter(batches)
        running: dict[futures.Future[Answer], Batch] = {}
        try:
            while True:
                for batch in islice(source, at_once - len(running)):
                    running[executor.submit(function, batch)] = batch
                if not running:
                    return
                done = wait_for_one(running, stall)
                for future in done:
                    found = _host_outcome("", future)
                    yield Outcome(running.pop(future), found.answer, found.error)
                if not done:
                    for batch in (*running.values(), *source):
                        yield Outcome(batch, None, f"no worker answered within {stall:g} seconds")
                    return
        finally:
            for future in running:
                future.cancel()


def _host_outcome(host: str, future: futures.Future[Answer]) -> HostOutcome[Answer]:
    if future.cancelled():
        return HostOutcome(host, None, "lost: the scheduler gave it up")
    error = future.exception()
    if error is None:
        return HostOutcome(host, future.result())
    if isinstance(error, ModuleNotFoundError):
        return HostOutcome(host, None, f"{error.name or 'something'} is not installed there")
    if type(error).__name__ == "KilledWorker":
        return HostOutcome(host, None, "its workers died again and again")
    return HostOutcome(host, None, _line(error))


def _of_scheduler_file(path: str) -> str:
    """The address in a file that `dask scheduler --scheduler-file` wrote. Raises UsageError."""
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.read(), type=_SchedulerFile).address
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        raise UsageError(f"{path} is no scheduler file", remedy="or write tcp://HOST:PORT, tls://HOST:PORT") from None


def _check_security(address: str, security: Any) -> None:
    """Find what is missing before Dask does: its client leaves a traceback behind. Raises EnvcensusError, OSError."""
    if address.startswith("tls://"):
        if security.get_connection_args("client").get("ssl_context") is None:
            raise EnvcensusError(
                f"no cluster at {address}: there are no certificates for TLS",
                remedy="name them in Dask's configuration, distributed.comm.tls",
            )
    elif security.require_encryption:
        raise EnvcensusError(
            f"no cluster at {address}: Dask's configuration requires encryption", remedy="write tls://HOST:PORT"
        )


def silence(library: str) -> None:
    """Have no logger of `library` say less than a critical error: Dask gives some of them levels of their own."""
    for name in [library, *logging.root.manager.loggerDict]:
        if name == library or name.startswith(f"{library}."):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _within(seconds: float, make: Callable[..., Answer], **arguments: Any) -> Answer:
    """What `make` gives. Dask's own time-out does not cover a scheduler that accepts and never answers.

    Raises TimeoutError, and what `make` raises.
    """
    future: futures.Future[Answer] = futures.Future()

    def run() -> None:
        try:
            future.set_result(make(**arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="connect", daemon=True).start()
    try:
        return future.result(seconds)
    except futures.TimeoutError:
        raise TimeoutError(f"no answer within {seconds:g} seconds") from None


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
