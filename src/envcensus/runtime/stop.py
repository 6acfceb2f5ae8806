"""Ending a run from another thread: at its next step, or at once where it waits for the network."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

_current: ContextVar[Stop | None] = ContextVar("envcensus_stop", default=None)


class Stopped(BaseException):
    """The run was asked to end. Like an interrupt, it passes by whoever handles errors."""


class Stop:
    """The wish that a run may end, which any thread may utter and the run looks at between its steps."""

    def __init__(self) -> None:
        self.requested = False
        self._loops: list[asyncio.AbstractEventLoop] = []

    def request(self) -> None:
        """End the run: from any thread, any number of times."""
        self.requested = True
        for loop in tuple(self._loops):
            self._wake(loop)

    def check(self) -> None:
        """Raise Stopped if the run is to end."""
        if self.requested:
            raise Stopped

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel what runs on `loop`, the run's own, as soon as the run is to end."""
        self._loops.append(loop)
        if self.requested:
            self._wake(loop)

    def forget(self, loop: asyncio.AbstractEventLoop) -> None:
        """Leave `loop` alone from now on: it is being closed. From the thread that it runs in."""
        if loop in self._loops:
            self._loops.remove(loop)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.call_soon_threadsafe(self._cancel, loop)
        except RuntimeError:
            pass  # closed meanwhile

    def _cancel(self, loop: asyncio.AbstractEventLoop) -> None:
        import asyncio

        if loop in self._loops:
            for task in asyncio.all_tasks(loop):
                task.cancel()


def current() -> Stop | None:
    """The stop of the run that this code is part of; None where nobody can stop it but by a signal."""
    return _current.get()


def under(stop: Stop) -> None:
    """Make `stop` that of everything that is done in this context from now on."""
    _current.set(stop)
