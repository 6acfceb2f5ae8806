"""What a search for versions shows while it lasts, and says when it is stopped."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class _Progress:
    """What the solver is doing: one line on a terminal, rewritten a few times a second."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._next = 0.0
        self._drawn = False
        self.state: Callable[[], str] | None = None

    def __call__(self, state: Callable[[], str]) -> None:
        self.state = state
        if not self._shown:
            return
        import time

        now = time.monotonic()
        if self._next == 0.0:
            self._next = now + 0.5  # a quick run shows nothing
        elif now >= self._next:
            self._next = now + 0.1
            self._drawn = True
            click.echo(f"\r\x1b[K{_fitting(state())}", nl=False, err=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            click.echo("\r\x1b[K", nl=False, err=True)
            self._drawn = False


@contextmanager
def solving(values: Mapping[str, Any]) -> Iterator[Callable[[Callable[[], str]], None]]:
    """Give a search the progress that `values` ask for; where it is interrupted or out of time, say how far it came."""
    steerable = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    shown = steerable and not values["quiet"] if values["progress"] is None else values["progress"]
    progress = _Progress(shown=shown)
    try:
        yield progress
    except KeyboardInterrupt:
        progress.clear()
        if progress.state is not None:
            click.echo(f"envcensus: stopped {plain(progress.state())}", err=True)
        raise
    finally:
        progress.clear()


def _fitting(text: str) -> str:
    """As much as fits into one line of the terminal: a wrapped line cannot be rewritten."""
    import shutil

    line = plain(text)
    width = shutil.get_terminal_size().columns - 1
    return line if len(line) <= width else line[: max(width - 1, 1)] + "…"


def plain(text: str) -> str:
    """What came from elsewhere, for a terminal: without secrets and control characters."""
    from envcensus.model.display import neutral
    from envcensus.model.redact import redact

    return neutral(redact(text))
