"""The functions of `envcensus` for callers that run an event loop, which they do not block.

The work is done in a thread of its own. Cancelling the task that awaits it, or leaving the loop over results early,
ends the work, too.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from envcensus.api import inventory as _inventory
from envcensus.api.outdated import outdated as _outdated
from envcensus.api.resolve import resolve as _resolve
from envcensus.api.results import Results

if TYPE_CHECKING:
    from types import TracebackType

    from envcensus.model.skipped import Skipped

__all__ = ["AsyncResults", "check", "discover", "outdated", "resolve", "scan"]

_STEP_SECONDS = 0.05  # what is found within that comes together: a change of threads for each would take longer
_MOST = 100

P = ParamSpec("P")
T = TypeVar("T")


def __dir__() -> list[str]:
    return __all__


class AsyncResults(AsyncIterator[T], Generic[T]):
    """`envcensus.Results` to be read with `async for`, by one task.

    To stop early, leave the loop and `await aclose()`, or use it in an `async with` block.
    """

    def __init__(self, begin: Callable[[], Results[T]]) -> None:
        from envcensus.runtime.stop import Stop

        self._begin = begin
        self._results: Results[T] | None = None
        self._ready: list[T] = []
        self._stop = Stop()
        self._closed = False

    @property
    def skipped(self) -> list[Skipped]:
        """What could not be looked at; complete when the iterator has ended."""
        return [] if self._results is None else self._results.skipped

    @property
    def complete(self) -> bool:
        """Whether the iterator has ended and everything could be looked at."""
        return self._results is not None and not self._ready and self._results.complete

    def __aiter__(self) -> AsyncResults[T]:
        return self

    async def __anext__(self) -> T:
        from envcensus.runtime.aside import acall

        if not self._ready and not self._closed:
            try:
                self._ready = await acall(self._several, stop=self._stop)
            except BaseException:
                self._closed = True  # the thread closes what it has open
                raise
            self._ready.reverse()
        if not self._ready:
            await self.aclose()
            raise StopAsyncIteration
        return self._ready.pop()

    def _several(self) -> list[T]:
        """In the thread: what is found within a moment; nothing at the end."""
        if self._results is None:
            self._results = self._begin()
        found: list[T] = []
        end = time.monotonic() + _STEP_SECONDS
        try:
            for item in self._results:
                self._stop.check()
                found.append(item)
                if len(found) >= _MOST or time.monotonic() >= end:
                    break
        except BaseException:
            self._results.close()
            raise
        return found

    async def aclose(self) -> None:
        """Stop looking, and let go of the cache. May be called more than once."""
        from envcensus.runtime.aside import acall

        if not self._closed and self._results is not None:
            await acall(self._results.close)
        self._closed = True
        self._ready.clear()

    async def __aenter__(self) -> AsyncResults[T]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<AsyncResults, {len(self.skipped)} skipped>"


def _awaitable(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    @wraps(function)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        from envcensus.runtime.aside import acall

        timeout = kwargs.get("timeout")
        if timeout is not None and not isinstance(timeout, int | float):
            raise TypeError("timeout is a number of seconds")
        return await acall(partial(function, *args, **kwargs), timeout=timeout)

    call.__module__ = __name__
    return call


def _streaming(function: Callable[P, Results[T]]) -> Callable[P, AsyncResults[T]]:
    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> AsyncResults[T]:
        return AsyncResults(partial(function, *args, **kwargs))

    call.__module__ = __name__
    return call


discover = _streaming(_inventory.discover)
scan = _streaming(_inventory.scan)
check = _awaitable(_inventory.check)
outdated = _awaitable(_outdated)
resolve = _awaitable(_resolve)
