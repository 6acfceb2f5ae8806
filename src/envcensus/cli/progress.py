"""Progress on a terminal: one line on standard error, drawn with rich, imported only when work takes long."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_PATIENCE = 0.5  # seconds without any drawing: a quick run shows nothing and imports nothing


class TerminalProgress:
    """A `pipelines.progress.Progress` that draws. Use it as a context manager."""

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._started = time.monotonic()
        self._bars: Bars | None = None
        self._scan: TaskID | None = None
        self._index: TaskID | None = None

    def __enter__(self) -> TerminalProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def scanned(self, environments: int) -> None:
        """So many environments were found so far."""
        if (bars := self._drawn()) is None:
            return
        if self._scan is None:
            self._scan = bars.add_task("environments", total=None)
        bars.update(self._scan, completed=environments)

    def asked(self, done: int, total: int) -> None:
        """So many of so many projects have an answer."""
        if (bars := self._drawn()) is None:
            return
        if self._index is None:
            self._index = bars.add_task("projects", total=total)
        bars.update(self._index, completed=done)

    def _drawn(self) -> Bars | None:
        if self._silent:
            return None
        if self._bars is None and time.monotonic() - self._started > _PATIENCE:
            self._bars = _bars()
            self._bars.start()
        return self._bars


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("" if task.speed is None else f"{task.speed:.0f}/s")

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def terminal_progress(wanted: bool | None, *, quiet: bool) -> TerminalProgress:
    """Progress where it is wanted: by default where standard error is a terminal, and never when quiet."""
    show = sys.stderr.isatty() if wanted is None else wanted
    return TerminalProgress(silent=quiet or not show)
