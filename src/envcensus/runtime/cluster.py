"""Work on many hosts: a Dask cluster that somebody else runs, seen as executors (concurrent.futures)."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from envcensus.errors import EnvcensusError, UsageError
from envcensus.runtime.pool import Outcome

if TYPE_CHECKING:
    from types import TracebackType

Task = TypeVar("Task")
Answer = TypeVar("Answer")
Batch = TypeVar("Batch")

_CONNECT_SECONDS = 15.0
_LOOK_SECONDS = 1.0  # how often the workers are counted
_GRACE_SECONDS = 10.0  # a host without workers for so long is lost: a nanny needs a few to start another
_RETRIES = 2


class HostOutcome(Struct, Generic[Answer], frozen=True):
    """What a host said, or why it said nothing, in one line."""

    host: str  # its address
    answer: Answer | None = None
    error: str = ""


class Cluster:
    """A connection to a scheduler. Use it as a context manager, from one thread."""

    def __init__(self, address: str) -> None:
        """Connect to "tcp://…", "tls://…" or what a scheduler file says.

        Certificates for TLS are taken from Dask's own configuration (`distributed.comm.tls`). Raises UsageError for
        an address of another kind or where Dask is not installed, EnvcensusError where nothing answers.
        """
        try:
            import distributed
        except ImportError:
            raise UsageError("--cluster needs Dask", remedy="install envcensus[dask]") from None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is said by us, in one line
        library: Any = distributed  # of which some is typed
        more: dict[str, Any] = {}
        if "://" not in address:
            if not os.path.isfile(address):
                raise UsageError(f"{address} is no scheduler file", remedy="or write tcp://HOST:PORT, tls://HOST:PORT")
            more["scheduler_file"] = address
        elif not address.startswith(("tcp://", "tls://")):
            raise UsageError(
                f"{address} is no address of a scheduler", remedy="write tcp://HOST:PORT or tls://HOST:PORT"
            )
        try:
            self._client = _within(
                2 * _CONNECT_SECONDS,
                library.Client,
                address=None if more else address,
                timeout=_CONNECT_SECONDS,
                set_as_default=False,
                security=library.Security(),
                **more,
            )
        except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
            raise EnvcensusError(f"no cluster at {address}: {_line(error)}") from None
        self.secure = str(self._client.scheduler.address).startswith("tls://")

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
        workers = self.hosts()
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
                done, _ = futures.wait(running, timeout=_LOOK_SECONDS, return_when=futures.FIRST_COMPLETED)
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

    def shards(self) -> Shards:
        """The whole cluster as a pool."""
        return Shards(self._client, max(len(self._workers()), 1), self.secure)

    def _present(self) -> set[str]:
        """Hosts that have workers now; none when the scheduler does not answer."""
        try:
            return set(self.hosts())
        except EnvcensusError:
            return set()

    def _workers(self) -> dict[str, int]:
        try:
            found: dict[str, int] = self._client.sync(self._client.scheduler.ncores, callback_timeout=_CONNECT_SECONDS)
        except Exception as error:  # of many kinds, none of them ours to know
            raise EnvcensusError(f"the cluster does not answer: {_line(error)}") from None
        return found


class Shards:
    """The part of `envcensus.runtime.pool.Pool` that look-ups use, on all workers of a cluster."""

    def __init__(self, client: Any, workers: int, secure: bool) -> None:
        self.workers = workers
        self.secure = secure
        self._client = client

    def map_batches(
        self, function: Callable[[Batch], Answer], batches: Iterable[Batch]
    ) -> Iterator[Outcome[Batch, Answer]]:
        """Outcomes as they arrive. The scheduler gives the batch of a worker that it loses to another one."""
        executor = self._client.get_executor(pure=False, retries=_RETRIES)
        running: dict[futures.Future[Answer], Batch] = {executor.submit(function, batch): batch for batch in batches}
        try:
            while running:
                done, _ = futures.wait(running, return_when=futures.FIRST_COMPLETED)
                for future in done:
                    found = _host_outcome("", future)
                    yield Outcome(running.pop(future), found.answer, found.error)
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
