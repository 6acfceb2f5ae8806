"""Write reports while the run goes on, environment by environment: memory does not grow with their number."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING

from envcensus.cli import deliver
from envcensus.report import formats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import IO

    from envcensus.model.census import Stream, Survey
    from envcensus.report.options import RenderOptions

    Render = Callable[[str, Stream, RenderOptions], Iterable[str]]

_SPOOL = 1 << 20  # bytes of a report nobody may ask for that are kept in memory; the rest goes to a temporary file


def possible(format_: str, outputs: Sequence[str]) -> bool:
    """Whether every format that was asked for can be written piece by piece."""
    return all(formats.FORMATS[name].streams for name in (format_, *map(formats.for_file, outputs)))


def on_terminal() -> bool:
    """Whether the report itself appears on a terminal as it grows: progress beside it would only disturb."""
    return sys.stdout.isatty()


def to_all(
    run: Stream, render: Render, format_: str, outputs: Sequence[str], options: RenderOptions, *, quiet: bool
) -> None:
    """Write `run` to standard output in `format_` and to each of `outputs` in the format of its suffix, all in step.

    Files take their places when the run has ended. When quiet, standard output gets its report only then, and only if
    something is wrong. Raises EnvcensusError where a file cannot be written.
    """
    run.surveys = _and_memory(run.surveys, run)
    first, *others = run.split(1 + len(outputs))
    with ExitStack() as files:
        spool = files.enter_context(_spool()) if quiet else None
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        sinks: list[Callable[[str], object]] = [sys.stdout.write if spool is None else spool.write]
        pieces = [iter(render(format_, first, options))]
        for path, copy in zip(outputs, others, strict=True):
            sinks.append(files.enter_context(_file(path)))
            pieces.append(iter(render(formats.for_file(path), copy, deliver.for_files(options))))
        for row in zip_longest(*pieces, fillvalue=""):
            for write, piece in zip(sinks, row, strict=True):
                write(piece)
        if spool is not None and (run.problems or not run.complete):
            spool.seek(0)
            sys.stdout.writelines(spool)


def _and_memory(surveys: Iterator[Survey], run: Stream) -> Iterator[Survey]:
    """The surveys; when they have ended, the figures of the run are complete before its last lines are written."""
    from envcensus.runtime.metrics import peak_of_this_process

    yield from surveys
    run.metrics.peak_memory = peak_of_this_process()


@contextmanager
def _file(path: str) -> Iterator[Callable[[str], object]]:
    """What writes to the file at `path`. Where its disk is full, what goes elsewhere goes on, and it is said at the
    end."""
    from envcensus.runtime.atomic import open_whole

    with open_whole(path) as file:
        failed: list[OSError] = []

        def write(piece: str) -> None:
            if not failed:
                try:
                    file.write(piece.encode("utf-8", "backslashreplace"))
                except BrokenPipeError:
                    raise
                except OSError as error:
                    failed.append(error)

        yield write
        if failed:
            raise failed[0]


def _spool() -> IO[str]:
    from tempfile import SpooledTemporaryFile

    return SpooledTemporaryFile(_SPOOL, mode="w+", encoding="utf-8", errors="backslashreplace")
