"""Ask the configured indexes: plain data in, plain data out, for callers without an event loop.

`fetch_batch` takes a batch; `fetch_projects` gives the answers as they arrive; with an `IndexClient` questions can be
added while answers come in, as the resolver needs it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from envcensus.index.config import IndexConfig
from envcensus.index.credentials import origin_of, split_credentials
from envcensus.index.faults import RequestFailed
from envcensus.index.limits import Limits
from envcensus.index.metadata_question import MetadataFetched, MetadataWant
from envcensus.index.pages import PackPages, pack_pages
from envcensus.index.project_question import Fetched, Want
from envcensus.index.projects import ProjectClient
from envcensus.index.transport import Response, Tally, Transport
from envcensus.runtime import signals, stop
from envcensus.runtime.aside import acall

if TYPE_CHECKING:
    from envcensus.index.metadata import MetadataClient

__all__ = [
    "Fetched",
    "IndexClient",
    "MetadataFetched",
    "MetadataWant",
    "Want",
    "fetch_batch",
    "fetch_projects",
]

_DEPARTURE_SECONDS = 0.03  # in which a hundred connections can be opened and asked
_STEP_SECONDS = 0.05  # to start and stop the loop costs 0.1 ms: too much for each single answer

W = TypeVar("W")
A = TypeVar("A")
R = TypeVar("R")


async def in_parallel(ask: Callable[[W], Awaitable[A]], wants: Sequence[W], width: int) -> AsyncIterator[list[A]]:
    """The answers of `ask`, `width` questions at a time: what arrives within a twentieth of a second comes together.

    An exception of one ends all.
    """
    loop = asyncio.get_running_loop()
    waiting = iter(wants)
    left = len(wants)
    arrived: list[A] = []
    failures: list[BaseException] = []
    noticed = asyncio.Event()  # there is something to hand out

    async def work() -> None:
        try:
            for want in waiting:
                answer = await ask(want)  # `arrived` may be another list by then
                arrived.append(answer)
                if len(arrived) == left:
                    noticed.set()
                elif len(arrived) == 1:
                    loop.call_later(_STEP_SECONDS, noticed.set)
        except BaseException as error:
            failures.append(error)
            noticed.set()
            raise

    workers = [asyncio.create_task(work()) for _ in range(min(width, left))]
    try:
        while left:
            await noticed.wait()
            noticed.clear()
            if failures:
                raise failures[0]
            if arrived:  # else a timer of answers that are handed out already
                step, arrived = arrived, []
                left -= len(step)
                yield step
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


class IndexClient:
    """Keeps its event loop and its connections between calls. Use it as a context manager, from one thread."""

    def __init__(self, config: IndexConfig, limits: Limits | None = None, packer: PackPages = pack_pages) -> None:
        from envcensus.index.loop import Loop

        self._runner = asyncio.Runner(loop_factory=Loop)
        self._runner.get_loop()  # may fail, and not when there is a coroutine to run
        self._stop = stop.current()
        if self._stop is not None:
            self._stop.watch(self._runner.get_loop())
        self._transport = Transport(config, limits or Limits())
        self._projects = ProjectClient(self._transport, packer)
        self._metadata: MetadataClient | None = None
        self._width = config.concurrency * max(1, len({_host(url) for url in config.index_urls}))
        self._opened = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrived: asyncio.Queue[Fetched | MetadataFetched | Exception] = asyncio.Queue()

    def __enter__(self) -> IndexClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop what is under way, close the connections and the loop."""
        if self._stop is not None:
            self._stop.forget(self._runner.get_loop())
        try:
            if self._opened:
                self._run(self._shut())
        finally:
            try:
                self._runner.close()
            except OSError:
                pass  # uvloop, where a TLS connection has not ended yet: the system ends it

    def _run(self, main: Coroutine[Any, Any, R]) -> R:
        """The result of `main`. A signal cancels it, and KeyboardInterrupt comes from here and not from a task."""
        if threading.current_thread() is not threading.main_thread():
            return self._runner.run(main)
        interrupted = False
        task: asyncio.Task[Any] | None = None

        async def cancellable() -> R:
            nonlocal task
            task = asyncio.current_task()
            if interrupted:
                cancel_task()
            return await main

        def cancel_task() -> None:
            if task is not None:
                task.cancel()

        def cancel() -> None:
            nonlocal interrupted
            interrupted = True
            self._runner.get_loop().call_soon_threadsafe(cancel_task)

        try:
            with signals.told_to(cancel):
                return self._runner.run(cancellable())
        finally:
            if interrupted:
                raise KeyboardInterrupt

    async def _open(self) -> None:
        if not self._opened:
            await self._transport.__aenter__()
            self._opened = True

    async def _shut(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._transport.__aexit__(None, None, None)
        self._opened = False

    def fetch(self, wants: Sequence[Want], progress: Callable[[Fetched], None] | None = None) -> list[Fetched]:
        """One answer for each different name of `wants`, in their order; `progress` sees each as it arrives."""
        unique = _unique(wants)

        async def collect() -> dict[str, Fetched]:
            await self._open()
            answers: dict[str, Fetched] = {}
            async for arrived in in_parallel(self._projects.fetch, unique, self._width):
                for answer in arrived:
                    answers[answer.name] = answer
                    if progress is not None:
                        progress(answer)
            return answers

        answers = self._run(collect())
        return [answers[want.name] for want in unique]

    def stream(self, wants: Sequence[Want], meanwhile: Callable[[], None] | None = None) -> Iterator[Fetched]:
        """One answer for each different name of `wants`, as they arrive. Nothing moves while the caller works.

        `meanwhile` is called once the first requests have left: for work that is done before they are answered.
        """
        answers = in_parallel(self._projects.fetch, _unique(wants), self._width)

        async def step() -> list[Fetched]:
            return await anext(answers, [])

        async def start() -> asyncio.Task[list[Fetched]]:
            await self._open()
            first = asyncio.create_task(step())
            await asyncio.wait({first}, timeout=_DEPARTURE_SECONDS)
            return first

        async def begun(first: asyncio.Task[list[Fetched]]) -> list[Fetched]:
            return await first

        if meanwhile is None:
            self._run(self._open())
            arrived = self._run(step())
        else:
            first = self._run(start())
            meanwhile()
            arrived = self._run(begun(first))
        while arrived:
            yield from arrived
            arrived = self._run(step())

    def fetch_metadata(self, wants: Sequence[MetadataWant]) -> list[MetadataFetched]:
        """One answer for each of `wants`, in their order."""

        async def collect() -> dict[tuple[str, str], MetadataFetched]:
            await self._open()
            unique = list({(want.name, want.version): want for want in wants}.values())
            found = in_parallel(self._about_versions().fetch, unique, self._width)
            return {(answer.name, answer.version): answer async for arrived in found for answer in arrived}

        answers = self._run(collect())
        return [answers[want.name, want.version] for want in wants]

    def fetch_file(self, url: str, cap: int) -> bytes:
        """The body behind a URL, of at most `cap` bytes. Raises RequestFailed."""

        async def get() -> Response:
            await self._open()
            return await self._transport.get(url, {}, Tally(), cap=cap)

        response = self._run(get())
        if response.status != 200:
            raise RequestFailed(f"{origin_of(response.url)} answered {response.status}")
        return bytes(response.body)

    def _about_versions(self) -> MetadataClient:
        """Made when it is needed: it reads archives, and what it imports for that takes as long as a few requests."""
        if self._metadata is None:
            from envcensus.index.metadata import MetadataClient

            self._metadata = MetadataClient(self._transport)
        return self._metadata

    def aside(self, work: Callable[[], R]) -> R:
        """Do what blocks in a thread, while answers to what was submitted keep arriving.

        When the run is to end, `envcensus.runtime.stop.current()` says so in that thread, which is not waited for long.
        """
        return self._run(acall(work))

    def submit(self, wants: Sequence[Want | MetadataWant]) -> None:
        """Start asking; the answers come out of `collect`. The caller does not ask for the same thing twice."""

        async def start() -> None:
            await self._open()
            for want in wants:
                task = asyncio.create_task(self._answer(want))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            if self._metadata is None:  # who asks bit by bit will ask about versions, too: while the first answer comes
                asyncio.get_running_loop().call_later(_DEPARTURE_SECONDS, self._about_versions)

        self._run(start())

    async def _answer(self, want: Want | MetadataWant) -> None:
        try:
            if isinstance(want, Want):
                self._arrived.put_nowait(await self._projects.fetch(want))
            else:
                self._arrived.put_nowait(await self._about_versions().fetch(want))
        except Exception as error:
            self._arrived.put_nowait(error)

    def collect(self) -> list[Fetched | MetadataFetched]:
        """Wait for an answer to what was submitted, and return all that are there. Empty: nothing is under way."""

        async def first() -> Fetched | MetadataFetched | Exception:
            return await self._arrived.get()

        # A task is done before its callback takes it away, for which the loop may not have had the time.
        if self._arrived.empty() and all(task.done() for task in self._tasks):
            return []
        found = [self._run(first())]
        while not self._arrived.empty():
            found.append(self._arrived.get_nowait())
        answers = []
        for item in found:
            if isinstance(item, Exception):
                raise item
            answers.append(item)
        return answers


def _unique(wants: Sequence[Want]) -> list[Want]:
    """A project named twice is asked for once."""
    return list({want.name: want for want in wants}.values())


def _host(url: str) -> str:
    try:
        return str(origin_of(split_credentials(url)[0]))
    except ValueError:
        return ""


class _Kept(threading.local):
    """The client that this thread keeps: an event loop belongs to one thread."""

    def __init__(self) -> None:
        self.client: tuple[IndexConfig, Limits, IndexClient] | None = None


_kept = _Kept()


def fetch_batch(config: IndexConfig, wants: Sequence[Want], limits: Limits | None = None) -> list[Fetched]:
    """Ask for a batch in this process. Connections are kept for the next batch with the same configuration.

    A top-level function from plain data to plain data: what a pool worker runs.
    """
    return _client_for(config, limits or Limits()).fetch(wants)


def fetch_projects(
    config: IndexConfig,
    wants: Sequence[Want],
    limits: Limits | None = None,
    *,
    meanwhile: Callable[[], None] | None = None,
) -> Iterator[Fetched]:
    """The same, each answer as it arrives; `meanwhile` is that of `IndexClient.stream`."""
    yield from _client_for(config, limits or Limits()).stream(wants, meanwhile)


def _client_for(config: IndexConfig, limits: Limits) -> IndexClient:
    kept = _kept.client
    if kept is not None and kept[:2] == (config, limits):
        return kept[2]
    if kept is not None:
        close_kept()
    elif threading.current_thread() is threading.main_thread():
        import atexit

        atexit.register(_close_at_exit)
    client = IndexClient(config, limits)
    _kept.client = config, limits, client
    return client


def close_kept() -> None:
    """Close the connections that `fetch_batch` keeps for this thread: the last thing a thread does that used it."""
    kept, _kept.client = _kept.client, None
    if kept is not None:
        kept[2].close()


def _close_at_exit() -> None:
    try:
        close_kept()
    except RuntimeError:
        # To end the threads of its executor, a loop starts one more: not from Python 3.12 on, where all have ended by
        # now. The loop itself is closed all the same.
        pass
